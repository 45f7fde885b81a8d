/*
 * ledger - what the files of the core share about orders and what follows from them: orders, their
 * plans, restrictions, obligations, terms, redress, relations, notices.
 *
 *   orders.c       orders, their changes, the clock      plans.c      what an order causes
 *   justify.c      restrictions follow orders            expansion.c  obligations follow orders
 *   obligations.c  the ledger, answers                   lifts.c      the end of an obligation
 *   warnings.c     terms and their warnings              backfill.c   members enrolled later
 *   requests.c     repair, objection, evidence           relations.c  who holds which role when
 *   consequences.c documents that are no orders          tell.c       what the hub says itself
 *   replan.c       the record of a plan made again       workdays.c   how far the calendar goes
 *   due.c          what comes due by the clock
 *
 * Guarantees:
 *   1. Obligations and restrictions are aligned with the newest state of their order, in bounded
 *      steps; after a kill the work goes on where it stopped, nothing twice, nothing missing.
 *   2. What two states of an order have in common stays as it is; what ends is lifted by whoever
 *      may have its notice.
 *   3. Each percent of each term is warned of once.
 *
 * The last part of state.h, which includes it; nobody else does.
 */
#ifndef CORE_LEDGER_H
#define CORE_LEDGER_H

struct json;

/* ---- orders.c ---- */
/* The basis codes of a duty, separated by spaces, as the store keeps them. */
void orders_basis(const struct duty *duty, char out[static STORE_BASIS_MAX + 1]);
/* The leaf that the order is in this state, made by that member ("": the clock). */
MUST_USE enum err orders_state_leaf(struct core *core, const struct order_row *row, const char *by,
                                    uint64_t *seq);
MUST_USE enum err orders_impose(struct core *core, struct incoming *in,
                                const struct judgement *judged, uint64_t seq);
MUST_USE enum err orders_change(struct core *core, struct incoming *in,
                                const struct judgement *judged);
/* An order of no list: what a document of another kind causes; and its end. */
MUST_USE enum err orders_begin(struct core *core, struct order_row *row, struct span lsd1,
                               const struct decision *plan, const lianshu_SanctionOrder *who);
MUST_USE enum err orders_end(struct core *core, struct order_row *row);
/* One bounded step of what time alone does to orders: begin, end of a measure, end. */
MUST_USE enum err orders_clock(struct core *core, bool *more);
/* A relation of this subject was put: its orders are looked at again by the clock. */
MUST_USE enum err orders_relations_changed(struct core *core,
                                           const uint8_t subject[static STORE_TOKEN_LEN]);
/* What stands for the subject (index 0) or a person of a facts body: names_look as of now. */
MUST_USE enum err orders_token(struct core *core, const lianshu_Subject *subject,
                               const lianshu_Person *persons, size_t person_count, uint32_t index,
                               uint8_t token[static STORE_TOKEN_LEN]);
/* names_give for all whom the document names; subject may be NULL. */
MUST_USE enum err orders_name(struct core *core, const struct incoming *in);

/* ---- plans.c ---- */
/* The signed document of a row, opened from rest into *lsd1, decoded into core->stored and its
 * body, unless it is NULL, into *body. */
MUST_USE enum err plans_unseal(struct core *core, const struct order_row *row, struct writer *lsd1,
                               const pb_msgdesc_t *desc, void *body);
/* Load core->plan, plan_body and plan_token: what this version of the order was decided to cause.
 * ERR_REEXECUTION: the rules no longer explain it. */
MUST_USE enum err plans_load(struct core *core, const uint8_t id[static STORE_ID_LEN],
                             uint32_t version);
/* The same with relations as of another size. */
MUST_USE enum err plans_known(struct core *core, const struct order_row *row, uint64_t known);
/* Only core->plan_body, without what the order causes, and the signed document that the version
 * rested on as of a size into *lsd1. */
MUST_USE enum err plans_order(struct core *core, const uint8_t id[static STORE_ID_LEN],
                              uint32_t version, uint64_t as_of, struct writer *lsd1);
/* The decision that was just made is the plan. */
MUST_USE enum err plans_take(struct core *core, const struct order_row *row,
                             const struct decision *plan, const lianshu_SanctionOrder *body);
/* Two plans of one order are equal when their hashes are. */
void plans_hash(const struct core *core, uint8_t out[static HASH_LEN]);

/* ---- justify.c ---- */
/* The live justifications of the order become those of core->plan; stands false: none. */
MUST_USE enum err justify_align(struct core *core, const struct order_row *order, bool stands);

/* ---- expansion.c ---- */
/* A new state of an order: what is little is aligned at once, the rest in steps. core->plan is the
 * order's when it stands. */
MUST_USE enum err expansion_begin(struct core *core, const struct order_row *order);
/* One bounded step of aligning obligations with orders. *more: there is more to do. */
MUST_USE enum err expansion_step(struct core *core, bool *more);
/* Is the last day over? */
bool expansion_over(uint32_t end_date, uint32_t today);
/* The member of this hub that owes the duty of this issuer's order, by its place in the registry,
 * from this place on; SIZE_MAX: no more. */
size_t expansion_owner(const struct core *core, const struct duty *duty, const char *issuer,
                       size_t from);
/* Those departments of the duty that have a member where it is owed, as bits. */
uint32_t expansion_present(const struct core *core, const struct duty *duty);

/* ---- replan.c ---- */
/* Leave a record of the plan of this state of the order, which relations as of its known_seq, or a
 * member ("": none) that was enrolled later, made again; it becomes the order's decision. Uses
 * core->in, core->judged and core->frame. */
MUST_USE enum err replan_record(struct core *core, struct order_row *order, const char *member);

/* Keep that record; its document is kept with the order. apply.c */
MUST_USE enum err apply_record_again(struct core *core, const struct incoming *in,
                                     const lianshu_DecisionRecord *record, uint64_t *seq);

/* ---- consequences.c ---- */
/* Of an accepted document: obligations, ends of earlier ones, notices. */
MUST_USE enum err consequences_take(struct core *core, const struct incoming *in,
                                    const struct judgement *judged);
/* Does one of its rules hold the document? What that rule causes begins with the hold. */
bool consequences_hold(const struct judgement *judged);
/* Officials let it go: what the rule held against it is over, and is not taken again. */
MUST_USE enum err consequences_release(struct core *core, const struct incoming *in,
                                       struct judgement *judged);
/* Only the notices: of a refused document. */
MUST_USE enum err consequences_tell(struct core *core, const struct incoming *in,
                                    const struct judgement *judged);
/* What these rules made of earlier documents about the subject is over. */
MUST_USE enum err consequences_end(struct core *core, const uint8_t subject[static STORE_TOKEN_LEN],
                                   const char *const *rules, uint32_t rule_count, const char *by,
                                   const uint8_t document[static HASH_LEN]);
/* The plan of such a document, whose D is core->stored; for plans.c. */
MUST_USE enum err consequences_plan(struct core *core, const struct order_row *text,
                                    uint64_t log_size, uint64_t now_ms, uint64_t known);

/* ---- tell.c ---- */
/* A notice of the hub. A member without a usable key is counted, not fatal. */
MUST_USE enum err tell_notice(struct core *core, const char *recipient,
                              const lianshu_HubNotice *body);
void tell_order(lianshu_HubNotice *body, const uint8_t order_id[static STORE_ID_LEN]);
/* A message was refused because of these orders: kept, so that its sender hears of an annulment. */
MUST_USE enum err tell_refusal(struct core *core, const char *sender,
                               const uint8_t env_id[static HASH_LEN], const lianshu_Ground *grounds,
                               size_t ground_count);
MUST_USE enum err tell_annulled(struct core *core, const uint8_t order_id[static STORE_ID_LEN]);
/* One bounded step of telling. */
MUST_USE enum err tell_step(struct core *core, bool *more);

/* ---- requests.c ---- */
/* Repair, objection, evidence: is this type one of theirs? */
bool requests_apply(uint32_t type);
/* Reads only. */
MUST_USE enum err requests_judge(struct core *core, const struct incoming *in,
                                 struct judgement *out);
/* An accepted one; seq is of its acceptance. */
MUST_USE enum err requests_take(struct core *core, const struct incoming *in, uint64_t seq);
/* The order was lifted or annulled: nobody waits for that any more. */
MUST_USE enum err requests_order_over(struct core *core, const struct incoming *in,
                                      const uint8_t order_id[static STORE_ID_LEN]);
/* Evidence is on its way to a member: the request that it answers is closed. */
MUST_USE enum err requests_supplied(struct core *core, const struct incoming *in);
/* Is the order shown as one under objection, as the local law says? */
MUST_USE enum err requests_shown(struct core *core, const uint8_t order_id[static STORE_ID_LEN],
                                 bool *shown);

/* ---- doubt.c ---- */
enum {
    DOUBT_JOBS_MAX = 4,  /* keys at a time */
    DOUBT_LEAVES = 4096, /* that one step looks at … */
    DOUBT_ORDERS = 32,   /* … and orders among them, about */
};
/* In a batch: every order that stands and that this revoked key of the member made or changed since
 * it is doubted is to be reviewed, by steps from the next tick on; one that is under way begins
 * anew. ERR_KID_UNKNOWN: no revoked key of the member. ERR_BUSY: DOUBT_JOBS_MAX are under way. */
MUST_USE enum err doubt_begin(struct core *core, const char *member,
                              const uint8_t kid[static KID_LEN]);
/* One step, in one transaction with where it stands: killed at any moment it goes on from its last
 * commit. */
MUST_USE enum err doubt_step(struct core *core, bool *more);
/* What is under way, for people: how many; and of this key, if it is one of them, how far. */
MUST_USE enum err doubt_running(struct core *core, uint64_t *count);
MUST_USE enum err doubt_tell(struct core *core, const uint8_t kid[static KID_LEN],
                             struct json *answer);
/* The review of an order because of that key. ERR_NOT_FOUND: there is none. */
MUST_USE enum err doubt_review(struct core *core, const uint8_t kid[static KID_LEN],
                               const uint8_t order[static STORE_ID_LEN], struct request *out);

/* ---- redress.c ---- */
/* A new request (kind, ids and asker are set): its first term runs, and it is stored. */
MUST_USE enum err redress_begin(struct core *core, const struct incoming *in, struct request *row,
                                const struct order_row *order);
/* A review that two officials of the hub want (kind, ids, seq and asker are set): as an objection
 * that has been received, and marked whatever the region's law says of objections; stored. */
MUST_USE enum err redress_doubt(struct core *core, struct request *row,
                                const struct order_row *order);
/* What is expected after the decision on one of that kind: the end of the order; stored. */
MUST_USE enum err redress_expect_end(struct core *core, struct request *row, enum request_kind of);
/* It is received: the term to decide runs. */
MUST_USE enum err redress_receive(struct core *core, struct request *row);
/* OK; ERR_REQUEST: the law knows no longer term, or it runs already; ERR_TERM: too late. */
MUST_USE enum err redress_may_extend(const struct core *core, const struct request *row);
MUST_USE enum err redress_extend(struct core *core, struct request *row);
/* One bounded step of reminding who must act. */
MUST_USE enum err redress_step(struct core *core, bool *more);

/* ---- relations.c ---- */
/* What an accepted document says of roles. */
MUST_USE enum err relations_take(struct core *core, const struct incoming *in, uint64_t seq);

/* ---- backfill.c ---- */
/* Take note of the members of core->opt.registry; a batch is open. */
MUST_USE enum err backfill_note(struct core *core);
/* One bounded step of making what orders in force would have caused for new members. */
MUST_USE enum err backfill_step(struct core *core, bool *more);

/* ---- lifts.c ---- */
/* It is owed no more, because of `cause` (enum order_state): lifted by whoever may have the notice,
 * else cancelled. */
MUST_USE enum err lifts_end(struct core *core, struct obligation *row, uint32_t cause);

/* ---- warnings.c ---- */
/* What was left of a term at stayed_ms, in the term's own unit, from from_ms on: its end, and the
 * days and the moment that give it; of hours the end alone. */
MUST_USE enum err warnings_rest(const struct core *core, const struct term *term, uint64_t due_ms,
                                uint64_t stayed_ms, uint64_t from_ms, struct due_memo *out);
/* The next percent of a term after this one; 0: none. Is the superior told at that percent? */
uint32_t warnings_after(const struct core *core, uint32_t warned);
bool warnings_escalate(const struct core *core, uint32_t percent);
/* When a term from..due is warned of next; 0: never. */
uint64_t warnings_moment(const struct core *core, uint64_t from_ms, uint64_t due_ms,
                         uint32_t warned);
/* The same over the terms that run in the obligation's state. */
uint64_t warnings_next(const struct core *core, const struct obligation *row);
/* How long the term that is overdue most is over; 0: none is. */
uint64_t warnings_overdue_ms(const struct obligation *row, uint64_t now_ms);
/* Its state has changed: other terms run now. Writes them when they differ. */
MUST_USE enum err warnings_schedule(struct core *core, struct obligation *row);
/* The terms of a new obligation from row->begun_ms on; stayed: the one of the episode before that a
 * stay ended, or zeros. */
MUST_USE enum err warnings_terms(struct core *core, const struct duty *duty,
                                 const struct obligation *stayed, struct obligation *row);
/* The percent of what was said that is true of a term from..due by now. */
uint32_t warnings_still(const struct core *core, uint64_t from_ms, uint64_t due_ms, uint32_t said);
/* Its terms have other ends: what was said of the shorter ones and is not true of these is said
 * again in its time. */
void warnings_anew(const struct core *core, struct obligation *row);
/* The term to undo, from row->ended_ms on. */
MUST_USE enum err warnings_lift_term(const struct core *core, uint32_t cause,
                                     struct obligation *row);
/* The same department of the nearest region above that has one; "": none. */
void warnings_superior(const struct core *core, const char *member,
                       char out[static STORE_MEMBER_MAX + 1]);
/* One bounded step of warning. */
MUST_USE enum err warnings_step(struct core *core, bool *more);

/* ---- due.c ---- */
/* Rows of one kind that come due, each looked at in its turn. */
struct due_kind {
    size_t step; /* rows of one transaction */
    /* The first that is due by now; ERR_NOT_FOUND: none is. */
    enum err (*next)(struct core *core, void *row);
    /* When the first of all is due. */
    enum err (*first)(struct core *core, uint64_t *due_ms);
    /* It is not due any more, or later. */
    enum err (*look)(struct core *core, void *row);
};
/* One bounded step; row is room for one. */
MUST_USE enum err due_step(struct core *core, const struct due_kind *kind, void *row, bool *more);

/* ---- recount.c ---- */
/* Terms that run are counted anew when the calendar is another one than they were counted by: days
 * of a year that was not announced when they began. None is made shorter: whoever was told an end
 * may rely on it. Decisions are not made again by it: what a record says has no working days in it.
 */
/* Which calendar it is; inside a batch, at the start and when rules or calendar are others. */
MUST_USE enum err recount_note(struct core *core);
/* One bounded step; after a restart it begins anew, and counts what was counted to no other end. */
MUST_USE enum err recount_step(struct core *core, bool *more);
/* One that is to be looked at before its turn. */
MUST_USE enum err recount_obligation(struct core *core, struct obligation *row);
MUST_USE enum err recount_request(struct core *core, struct request *row);

/* ---- workdays.c ---- */
/* Once a day, and when rules or calendar are others: does the calendar reach as far as the terms
 * that begin now? Logged when it does not. */
MUST_USE enum err workdays_step(struct core *core, bool *more);
/* The same, into the answer of status. */
void workdays_tell(const struct core *core, struct json *answer);

/* ---- obligations.c ---- */
/* One obligation to be made: a duty of core->plan, and who owes it. */
struct owed {
    const struct order_row *order;
    uint32_t duty;
    const char *member;  /* "": nobody has it … */
    uint32_t department; /* … of this department */
    uint64_t from_ms;    /* its terms run from here */
};
/* Make it, with its notice, unless it is owed already. */
MUST_USE enum err obligations_make(struct core *core, const struct owed *what);
void obligations_id(const struct obligation *row, uint8_t out[static STORE_ID_LEN]);
/* The one of the episode before, when a stay ended it; its id is zeros otherwise. */
MUST_USE enum err obligations_stayed(struct core *core, const struct obligation *row,
                                     struct obligation *stayed);
/* Its terms were counted anew: kept, with a leaf that says their ends. */
MUST_USE enum err obligations_recounted(struct core *core, const struct obligation *row);
/* Neither cancelled nor being undone or undone. */
bool obligations_live(const struct obligation *row);
MUST_USE enum err obligations_answer(struct core *core, const struct incoming *in,
                                     const struct judgement *judged);
MUST_USE enum err obligations_executed(struct core *core, const struct incoming *in,
                                       const struct judgement *judged);
/* The member has the notice, or cannot use it. */
MUST_USE enum err obligations_delivered(struct core *core, const struct queue_row *row);
/* Move the state, with its leaf and its clocks. */
MUST_USE enum err obligations_move(struct core *core, struct obligation *row, uint32_t to,
                                   uint32_t cause, struct span sealed, const char *by,
                                   const uint8_t *document);
/* The same for one that the hub itself ends, now; lift_due_ms and warned are those of the row. */
MUST_USE enum err obligations_end(struct core *core, struct obligation *row, uint32_t to,
                                  uint32_t cause);

/* ---- notices.c ---- */
/* Queue the notice of an obligation that is stored with this notice_seq; seq is a leaf of its own.
 */
MUST_USE enum err notices_put(struct core *core, const struct obligation *row, uint64_t seq,
                              enum queue_form form);
/* The same, and store it. */
MUST_USE enum err notices_queue(struct core *core, const struct obligation *row, uint64_t seq,
                                enum queue_form form);
/* A row whose envelope is made when it is leased. */
static inline bool notices_is(const struct queue_row *row)
{
    return row->form == FORM_IMPOSE || row->form == FORM_LIFT;
}
/* A notice that was queued and not sealed yet has no message id. */
bool notices_sealed(const uint8_t message_id[static STORE_ID_LEN]);
/* Notices of one transaction, sealed together: notices_begin -> notices_add* -> notices_seal. The
 * rows added are borrowed until then. What cannot be sealed now (no valid key, a document that was
 * erased) is put off, with its code; it is never dropped and holds up nobody else. ERR_BUSY: no
 * room, seal first. */
void notices_begin(struct core *core);
MUST_USE enum err notices_add(struct core *core, const struct queue_row *queued);
MUST_USE enum err notices_seal(struct core *core);
/* Its envelope has come to its end undelivered: another one takes its place. */
MUST_USE enum err notices_renew(struct core *core, const struct queue_row *queued);

#endif
