/* What the files that answer queries share. Inside hub/core only. */
#ifndef CORE_QUERY_H
#define CORE_QUERY_H

#include "core/state.h"
#include "json.h"

struct query {
    struct core *core;
    const struct json *args;
    struct json *answer;
};

typedef enum err query_fn(struct query *q);

/* Hex argument of exactly len bytes. */
bool query_hex(const struct query *q, const char *name, uint8_t *out, size_t len);

/* The error object, with a detail for people. */
void query_error(struct query *q, enum err err, const char *detail);
/* Print the answer and close it. ERR_TOO_LARGE. */
MUST_USE enum err query_finish(struct query *q, struct writer *answer);

/* A piece of a file of evidence from offset on, which is not beyond its end; and its length. */
void query_put_piece(struct query *q, struct span file, uint64_t offset);

/* query_ledger.c */
const char *query_obligation_word(uint32_t state);
const char *query_order_word(uint32_t state);
void query_put_obligation(const struct core *core, struct json *row, const struct obligation *o);
query_fn query_order, query_orders, query_obligations, query_restrictions;

/* query_message.c */
query_fn query_trace, query_explain;

/* query_case.c, query_custody.c */
query_fn query_case, query_cases, query_case_graph, query_custody;

/* query_evidence.c, _leaves.c, _keys.c: what an evidence bundle is made of. */
query_fn query_evidence, query_evidence_leaves, query_evidence_consistency, query_evidence_frame,
    query_evidence_document;
query_fn query_evidence_member, query_evidence_revocations, query_evidence_registrar;

/* redecide.c: decisions made again. */
query_fn query_redecide, query_evidence_reads;
/* The document that was judged, in core->plain. ERR_ERASED. */
MUST_USE enum err redecide_facts(struct core *core, const struct decision_row *row,
                                 struct span *lsd1);

/* trial.c: what an order would do. */
query_fn query_rule_try;

/* query_spread.c: into the answer, how fresh the list is ("lists"), the documents of an order. */
MUST_USE enum err query_put_lists(struct query *q);
MUST_USE enum err query_put_versions(struct query *q, const uint8_t order[static STORE_ID_LEN],
                                     uint32_t newest);
/* How far the order is at each hub that has said so, and at this one ("hubs"). */
MUST_USE enum err query_put_tallies(struct query *q, const uint8_t order[static STORE_ID_LEN]);

/* query_keys.c: what a key was good for, and what was done with one since it is doubted. */
query_fn query_key_history, query_revocation_effects;
/* The first leaf that is not before that moment. */
MUST_USE enum err query_leaf_at(struct core *core, uint64_t from_ms, uint64_t *out);

/* rekey.c: the storage and token keys, and how far the job is. */
query_fn query_rekey;

/* query_log.c: the newest checkpoint, its witnesses, and entries of the log. */
query_fn query_checkpoint, query_leaves;

/* query_admin.c: what was done to the hub itself, out of the log; how far the log was read again.
 */
query_fn query_admin, query_scrub;

/* query_links.c: the tree of hubs. */
query_fn query_topology;
query_fn query_volume;

/* query_waiting.c: what is held or parked. */
query_fn query_held, query_parked;

#endif
