/* What the files that judge messages, ask gates and end what waits share: part of state.h, which
 * includes it. */
#ifndef CORE_STATE_GATES_H
#define CORE_STATE_GATES_H

#include "core/state.h"

#include "policy/hearing.h"

/* ---- evaluate.c ---- */
/* A hearing (hearing.h) of this hub: by these rules, the rows of this view, as of that moment and
 * log size. */
struct hearing evaluate_hearing(const struct core *core, const struct ruleset *rules,
                                const struct view *view, uint64_t now_ms, uint64_t log_size);
struct matter evaluate_matter(const struct incoming *in);
/* The gate for all its destinations, whose strictest answer counts. */
MUST_USE enum err evaluate_gates(struct core *core, const struct hearing *h,
                                 const struct incoming *in, struct verdict *out,
                                 lianshu_DecisionRecord *record);
/* What a record says was decided about a document, by these rules and the rows of then, into the
 * room of core->judged; *again may be its record. */
struct redecision {
    const struct ruleset *rules;
    const struct incoming *in;
    const lianshu_DecisionRecord *record;
    struct view_notes *notes; /* may be NULL */
};
MUST_USE enum err evaluate_again(struct core *core, const struct redecision *what,
                                 lianshu_DecisionRecord *again);
/* A facts document, or a facts body, that is not on its way; no signature is looked at. lsd1 is
 * borrowed as long as *in. */
MUST_USE enum err evaluate_open(struct incoming *in, struct span lsd1);
MUST_USE enum err evaluate_body(struct incoming *in, uint32_t type, struct span body);

/* ---- preview.c ---- */
/* May the sender ask about such a document? Reads only. */
MUST_USE enum err preview_judge(struct core *core, const struct incoming *in,
                                struct judgement *out);
MUST_USE enum err preview_answer(struct core *core, const struct incoming *in);

/* ---- copies.c ---- */
/* Tell the authority that listed, and the departments named, what a gate found. Uses core->plain.
 */
/* The members of one department (a bit) of exactly that region, or of the next above that has one;
 * borrowed from the registry. */
size_t copies_nearest(const struct core *core, uint32_t department, const char *where,
                      const char **member, size_t cap);
/* 445102 -> 445100 -> 440000 -> 000000; false: there is nothing above. */
bool copies_step_up(char region[static REGION_LEN + 1]);
MUST_USE enum err copies_send(struct core *core, const struct incoming *in,
                              const struct verdict *verdict);

/* ---- gates.c ---- */
MUST_USE enum err gates_open(struct core *core);
void gates_close(struct core *core);
/* A restriction against this token has begun or ended, or a relation of this subject: what waits
 * and may be concerned is decided again before it goes. */
void gates_changed(struct core *core, const uint8_t token[static STORE_TOKEN_LEN]);
/* Might the gate answer differently now? Costs two comparisons when nothing has changed. */
MUST_USE enum err gates_stale(struct core *core, const struct queue_row *row, bool *stale);
/* A bounded step over what is held, after a change. */
MUST_USE enum err gates_step(struct core *core);

/* ---- regate.c ---- */
/* Ask the gate again about a row that waits or is held, and do what it says now. */
MUST_USE enum err regate(struct core *core, const struct queue_row *row);

/* ---- holds.c ---- */
/* The hold's own end and what follows, into the reference of a row. */
void holds_note(struct queue_row *row, const struct verdict *verdict);
/* When the hub itself decides; STORE_NEVER. */
uint64_t holds_due_ms(const struct queue_row *row);
/* A row that was on its way is set aside. */
MUST_USE enum err holds_begin(struct core *core, const struct queue_row *row,
                              const struct message_row *message, const struct verdict *verdict);
/* The whole held message goes on its way, with its effects, or back to its sender. REJECT: it can
 * only go back. */
struct hold_end {
    bool release;
    enum err code;
    const struct verdict *newer; /* what a gate says now; NULL: what it said then */
    uint64_t case_step;          /* set by holds_end: the number of a step that begins now */
};
MUST_USE enum err holds_end(struct core *core, const struct queue_row *row,
                            const struct message_row *message, const struct hold_end *what);
/* Its deadline has passed. */
MUST_USE enum err holds_overdue(struct core *core, const struct queue_row *row);
/* One row, held or parked: back to its sender (`code` OK: as it was set aside), or on its way; told
 * is the leaf that says so. newer: as above. */
MUST_USE enum err holds_return_row(struct core *core, const struct queue_row *row, enum err code,
                                   const struct verdict *newer);
MUST_USE enum err holds_release_row(struct core *core, const struct queue_row *row, uint64_t told,
                                    const struct verdict *newer);
/* Did officials, or its deadline, decide on a hold of this row? */
bool holds_decided(const struct queue_row *row);
MUST_USE enum err holds_tell_released(struct core *core, const struct message_row *message,
                                      const char *about, enum err code, uint64_t *told);

/* ---- judge.c ---- */
MUST_USE enum err judge(struct core *core, struct incoming *in, struct judgement *out);
/* Nothing was judged, nothing stands against it. */
void judge_none(struct judgement *out);
/* A document that another hub has taken from its issuer: by the rules alone; what a gate would say
 * of it was said there. */
MUST_USE enum err judge_spread(struct core *core, struct incoming *in, struct judgement *out);
/* What may hold or refuse it, about a message that was judged before. */
MUST_USE enum err judge_again(struct core *core, struct incoming *in, struct judgement *out);
/* What its rules, and its case, make of it now that it is released; REJECT: they refuse it. Of what
 * another hub handed on the case has judged. */
MUST_USE enum err judge_released(struct core *core, struct incoming *in, bool relayed,
                                 struct judgement *out);

/* ---- ending.c ---- */
/* What the hub declares about an envelope that waits for a recipient. */
struct ending {
    lianshu_ReceiptKind kind;
    enum err code;
    const lianshu_Ground *grounds;
    size_t ground_count;
};
MUST_USE enum err ending_close(struct core *core, const struct queue_row *row,
                               const struct ending *what);
MUST_USE enum err ending_park(struct core *core, const struct queue_row *row, enum err code);
MUST_USE enum err ending_warn(struct core *core, const struct queue_row *row);

/* ---- prepare.c ---- */
/* Must this claimed row be changed before it can go? */
MUST_USE enum err prepare_needed(struct core *core, const struct queue_row *row, bool *needed);
/* Keep it for prepare_rows; false, and given back, when there are enough. */
bool prepare_add(struct core *core, const struct queue_row *row);
MUST_USE enum err prepare_rows(struct core *core);

/* ---- withdraw.c ---- */
/* May it be taken back? Reads only. */
MUST_USE enum err withdraw_judge(struct core *core, const struct incoming *in,
                                 struct judgement *out);
MUST_USE enum err withdraw_apply(struct core *core, const struct incoming *in);

#endif
