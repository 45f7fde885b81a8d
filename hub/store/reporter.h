/*
 * reporter - which one unit knows who stands behind a reporter's pseudonym, and who has asked it.
 *
 *   reporter_put        one holder a pseudonym
 *   reporter_ask_put    a request of a member to the holder: open -- reporter_ask_told --> told
 *
 * Guarantees:
 *   1. A pseudonym has one holder for ever: another one is ERR_EXISTS.
 *   2. A request is told once: reporter_ask_told of a told one is ERR_NOT_FOUND.
 *   3. Nothing of a person: pseudonyms, members, ids of messages and places in the log only.
 *
 * Thread rule: that of the db. PROTOCOL: reporters.
 */
#ifndef STORE_REPORTER_H
#define STORE_REPORTER_H

#include "store/db.h"
#include "store/ids.h"

struct reporters;

struct reporter {
    uint8_t pseudonym[STORE_ID_LEN];
    char holder[STORE_MEMBER_MAX + 1];
    uint64_t seq; /* log leaf of its acceptance */
};

struct reporter_ask {
    char asker[STORE_MEMBER_MAX + 1];
    uint8_t message_id[STORE_ID_LEN];
    uint8_t pseudonym[STORE_ID_LEN];
    uint64_t told_seq; /* log leaf of the act of two officials; 0: open */
};

MUST_USE enum err reporters_open(struct reporters **out, struct db *db, struct fault *f);
void reporters_close(struct reporters **r);

MUST_USE enum err reporter_put(struct reporters *r, const struct reporter *row);
MUST_USE enum err reporter_get(struct reporters *r, const uint8_t pseudonym[static STORE_ID_LEN],
                               struct reporter *out);
MUST_USE enum err reporter_ask_put(struct reporters *r, const struct reporter_ask *row);
MUST_USE enum err reporter_ask_get(struct reporters *r, const char *asker,
                                   const uint8_t message_id[static STORE_ID_LEN],
                                   struct reporter_ask *out);
MUST_USE enum err reporter_ask_told(struct reporters *r, const struct reporter_ask *row);

#endif
