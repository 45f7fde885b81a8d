/*
 * catalogue - the document types: one const row each. PROTOCOL.md 6 prints the table; a test
 * compares them.
 *
 * A document in the facts part of an envelope has the envelope's type and the row's `facts`
 * body; one in a sealed part has the envelope's type and the row's `sealed` body; one in a
 * manifest part has TYPE_MANIFEST. Types with an `alone` body travel in files, not in parts.
 *
 * Guarantees:
 *   1. Numbers and names are unique, and find the same row.
 *   2. A gated type requires facts; a type requires facts exactly when it has a facts body.
 *   3. facts_subject and facts_persons answer for every facts body: fields 1 and 2.
 *   4. Every number fits the bit set of a grant.
 *
 * Thread rule: const tables.
 */
#ifndef SCHEMAS_CATALOGUE_H
#define SCHEMAS_CATALOGUE_H

#include "base/err.h"

#include "document.pb.h"
#include "subject.pb.h"
#include "wire.pb.h"

enum {
    TYPE_GATED = 1 << 0,       /* asked of the gate on its way; needs facts */
    TYPE_RELAYABLE = 1 << 1,   /* the envelope's sender need not be an issuer */
    TYPE_FACTS = 1 << 2,       /* a facts part is required */
    TYPE_ATTACHMENTS = 1 << 3, /* attachments allowed */
    TYPE_BY_HUB = 1 << 4,      /* only a hub issues it */
    TYPE_TO_HUB = 1 << 5,      /* read by the hub itself; destination hub alone is usual */
    TYPE_RULES = 1 << 6,       /* the rules decide on it: an order or a change of one */
    TYPE_CASE = 1 << 7,        /* facts are a case clock */
    TYPE_PART_ONLY = 1 << 8,   /* a document inside an envelope of another type */
    TYPE_SPREAD = 1 << 9,      /* its facts go to every hub */
    TYPE_HUB_ONLY = 1 << 10,   /* from hub to hub */
    TYPE_JOINT = 1 << 11,      /* two members at least issue it */
    TYPE_OFFICIALS = 1 << 12,  /* a member may issue it several times, each with another key */
};

enum { GRANT_TYPES_LEN = sizeof((lianshu_Grant *)0)->types };

/* Which waits for which: a lower lane goes first. */
enum lane { LANE_REPAIR, LANE_ORDER, LANE_NORMAL, LANE_BULK, LANE_COUNT };

struct document_type {
    uint32_t number;
    const char *name; /* "sanction.order" */
    const char *zh;
    const char *en;
    const pb_msgdesc_t *facts;  /* NULL: no facts part */
    const pb_msgdesc_t *sealed; /* NULL: no sealed part */
    const pb_msgdesc_t *alone;
    unsigned flags;
    enum lane lane;
    uint64_t life_ms; /* longest from created to expires */
};

const struct document_type *type_find(uint32_t number);     /* NULL: unknown */
const struct document_type *type_by_name(const char *name); /* NULL: unknown */
const struct document_type *type_at(size_t i);              /* by number; NULL beyond the end */

/* The types that a grant names. */
bool grant_names(const uint8_t set[static GRANT_TYPES_LEN], uint32_t number);
void grant_add(uint8_t set[static GRANT_TYPES_LEN], uint32_t number); /* of the catalogue */

/* "accepted", "已受理", "accepted: on disk and decided" */
const char *receipt_kind_name(lianshu_ReceiptKind kind); /* "unknown" outside */
const char *receipt_kind_zh(lianshu_ReceiptKind kind);
const char *receipt_kind_en(lianshu_ReceiptKind kind);
bool receipt_kind_final(lianshu_ReceiptKind kind); /* the sender may let its frame go */
bool receipt_kind_by_hub(lianshu_ReceiptKind kind);

/* Fields 1 and 2 of any facts body. NULL when the body has none. */
const lianshu_Subject *facts_subject(const pb_msgdesc_t *desc, const void *msg);
const lianshu_Person *facts_persons(const pb_msgdesc_t *desc, const void *msg, size_t *count);

#endif
