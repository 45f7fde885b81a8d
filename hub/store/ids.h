/*
 * ids - lengths of what the tables hold, and a member's name as a value.
 *
 * The same bounds stand in schemas/sql/hub-001.sql as CHECKs and in the .options files.
 * Thread rule: plain values.
 */
#ifndef STORE_IDS_H
#define STORE_IDS_H

#include "base/err.h"
#include "base/span.h"

enum {
    STORE_ID_LEN = 16,     /* message, document, order, case, obligation id; conversation */
    STORE_TOKEN_LEN = 16,  /* subject token */
    STORE_HASH_LEN = 32,   /* SHA-256 */
    STORE_MEMBER_MAX = 40, /* "procuratorate-abcdefgh.445100" */
    STORE_CODE_MAX = 32,   /* list, trigger, rule, transition, outcome codes */
    STORE_MEASURE_MAX = 8,
    STORE_BASIS_MAX = 512, /* basis codes, separated by spaces */
    STORE_REGION_LEN = 6,
    STORE_SEALED_MAX = 96 * 1024, /* one sealed blob */
    STORE_FRAME_MAX = 1024 * 1024 + 64 * 1024,
};

#define STORE_NEVER ((uint64_t)INT64_MAX) /* a moment that does not come; largest value stored */

/* What stands in the place of a value that was erased after its retention (retain.h). */
static inline bool store_is_erased(struct span value)
{
    return value.len == 1 && value.data[0] == 0;
}

#endif
