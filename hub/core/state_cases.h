/*
 * state_cases - what the files of the core share about cases and reporters: steps, clocks,
 * documents outside of cases, and acts of two officials that a document carries.
 *
 *   document ──> cases_judge ──> cases_take ──> case_clocks_take      time ──> case_clocks_step
 *            └─> cases_flow  ──────────────────────^
 *
 * Guarantees:
 *   1. Judging reads only; what an accepted step changes is in the transaction of its acceptance.
 *   2. A step has one number at every hub, and no later step is undone by an earlier one that
 *      comes after it. Of several documents of one number the same one stands at every hub: of
 *      those that the state before allows the one accepted first, then the one with the lower
 *      hash. The others are kept without effect, what was built on them is judged again, and both
 *      senders are told.
 *   3. A hub that a case reaches later is given the steps before. Up to the last step that went
 *      between two hubs their cards are the same, in whatever order what came by, whatever ended on
 *      its way and whoever else got none of it (tests/model/meet.pml).
 *   4. Each percent of each term is warned of once, by the home hub of who must act; who waits
 *      hears from its own, if that holds the case, else from that one.
 *
 * A part of state.h, which includes it; nobody else does. Thread rule: the core's. Domain C.
 */
#ifndef CORE_STATE_CASES_H
#define CORE_STATE_CASES_H

#include "core/state.h"

/* ---- case_read.c ---- */
/* Is the document a step of a case? */
bool cases_apply(const struct incoming *in);
/* Does it name its case by a whole id? */
bool cases_named(const struct incoming *in);
/* What it says of the step. */
lianshu_CaseClock cases_read(const struct core *core, const struct incoming *in);
/* What the document itself says of the step: all but its number, seq and the state after it. */
struct casefile_step cases_step_of(const struct core *core, const struct incoming *in);
/* The row of the table that this step is about, from whatever state; NULL: there is none. */
const struct rule_step *cases_row_of(const struct core *core, const struct casefile_step *step);

/* ---- cases.c ---- */
enum { CASE_PARTIES_MAX = 32, CASE_STEPS_MAX = 256 };
/* Who opened a case and who has acted in it, each once. */
struct case_parties {
    char member[CASE_PARTIES_MAX][STORE_MEMBER_MAX + 1];
    size_t count;
};
/* Is it a step of the case table, by who may take it? Sets out->case_step. Reads only. */
MUST_USE enum err cases_judge(struct core *core, const struct incoming *in, struct judgement *out);
MUST_USE enum err cases_take(struct core *core, const struct incoming *in,
                             const struct judgement *judged, uint64_t seq);
/* ERR_QUOTA: more than CASE_PARTIES_MAX. */
MUST_USE enum err cases_parties(struct core *core, const struct casefile *row,
                                struct case_parties *out);
bool cases_party(const struct case_parties *parties, const char *member);
/* When the hub took it at which it came first: every hub counts from there. */
uint64_t cases_moment(const struct core *core, const struct incoming *in);
/* Did a document of the case go to the member? */
MUST_USE enum err cases_copied(struct core *core, const struct casefile *row, const char *member,
                               bool *got);
/* Keep whom the step went to, and which files went with it: roots and sizes, no more is seen. */
MUST_USE enum err cases_custody(struct core *core, const struct incoming *in,
                                const uint8_t id[static STORE_ID_LEN], uint64_t seq);
/* By the table alone, from that state. Reads only. */
MUST_USE enum err cases_judge_from(struct core *core, const struct incoming *in, const char *state,
                                   struct judgement *out);
/* Of a document that was taken here as a step: its number, and when it got it; else nothing is
 * changed. ERR_NOT_FOUND: it is a paper of a case and none of its steps. */
MUST_USE enum err cases_said_then(struct core *core, const struct incoming *in, uint64_t *number,
                                  uint64_t *taken_ms);
/* A refused document that lost to another one of its number is kept beside that; one that another
 * hub has taken and only rules here refuse is taken. */
MUST_USE enum err cases_refused(struct core *core, const struct incoming *in,
                                const struct judgement *judged, uint64_t seq);
/* Where the case stands after the step; what came late moves it no more. */
void cases_move(struct core *core, const struct case_result *result, struct casefile *row,
                struct casefile_step *step);

/* ---- case_history.c ---- */
/* What a hub that joins the case will be given of this step. Uses core->frame. */
MUST_USE enum err case_history_keep(struct core *core, const struct incoming *in,
                                    const struct casefile_step *step);
/* A step as it is kept, to another hub; what is not kept is not sent. Uses core->spread->facts. */
MUST_USE enum err case_history_send(struct core *core, const struct casefile_step *step,
                                    const char *hub);
/* As it is kept, into core->spread->facts; ERR_NOT_FOUND: it is not. */
MUST_USE enum err case_history_read(struct core *core, const struct casefile_step *step);
/* A step that another hub shows, in a relay.facts: what it is refused for. Sets spread->in, todo,
 * contested, ahead, judged. Reads only. */
MUST_USE enum err case_history_judge(struct core *core, const struct incoming *in);
/* Keep spread->in as a step; with the last one missing the case is settled. One that is known is a
 * question for those before it. */
MUST_USE enum err case_history_take(struct core *core, const struct incoming *in, uint64_t seq);
/* Is no number of the case missing, and each kept so that it can be handed on? */
MUST_USE enum err case_whole(struct core *core, const struct casefile *row, bool *whole);
/* The standing step with that number; ERR_NOT_FOUND: this hub knows none. */
MUST_USE enum err case_history_step(struct core *core, const uint8_t id[static STORE_ID_LEN],
                                    uint64_t number, struct casefile_step *out);
/* A step as it was kept, into spread->in; ERR_NOT_FOUND: it was not. */
MUST_USE enum err case_history_open(struct core *core, const struct casefile_step *step);

/* ---- case_share.c ---- */
/* Was a step of it taken by a member of that hub, or did one go to one, by what is known here? */
MUST_USE enum err case_share_holds(struct core *core, const uint8_t id[static STORE_ID_LEN],
                                   const char *hub, bool *yes);
/* The highest number of a step that went from this hub to that one, or from there to here; 0: none
 * did. */
MUST_USE enum err case_share_most(struct core *core, const uint8_t id[static STORE_ID_LEN],
                                  const char *hub, uint64_t *most);
/* The document is kept: each hub that shares the case up to its number is shown it, unless it went
 * there, and one that shares more of it now what is new of that. giver: the hub that showed it, or
 * "". */
MUST_USE enum err case_share_kept(struct core *core, const struct casefile_step *step,
                                  const char *giver);
/* The step before it is not known: the hub that took it is asked. */
MUST_USE enum err case_share_ask(struct core *core, const struct casefile_step *step);
/* That hub asks with a step that was taken here: it is given what it should have had before, and of
 * the rest what went there and may have ended on its way. */
MUST_USE enum err case_share_answer(struct core *core, const struct casefile_step *step,
                                    const char *hub);
/* The message ended on its way to that member: if it was a step, his hub is shown it, and what they
 * share again, as without it that was refused there. */
MUST_USE enum err case_share_ended(struct core *core, const struct message_row *message,
                                   const char *member);

/* ---- case_receipts.c ---- */
/* What its recipients signed, as far as this hub knows, into facts->receipts. */
MUST_USE enum err case_receipts_collect(struct core *core, const struct casefile_step *step,
                                        lianshu_RelayFacts *facts);
/* Those that another hub gave and that hold by themselves, into doc->receipts (spread->receipts);
 * what does not hold is left out, for the step stands without it. */
void case_receipts_check(struct core *core, const lianshu_RelayFacts *facts, struct incoming *doc);
/* Those that are kept with a step, newest first, borrowed from spread->facts; ERR_NOT_FOUND: none.
 */
MUST_USE enum err case_receipts_open(struct core *core, const struct casefile_step *step,
                                     struct frame_receipts *out);

/* ---- case_settle.c ---- */
/* When all steps are here: state and clocks are made again from them in order. Nobody is told;
 * *changes grows by what has no effect any more. */
struct case_changes;
MUST_USE enum err case_settle(struct core *core, const uint8_t id[static STORE_ID_LEN],
                              struct case_changes *changes, bool *whole);

/* ---- case_split.c ---- */
enum { CASE_CHANGES_MAX = 32 /* of one settling that are told */ };
/* Documents that have no effect any more. */
struct case_changes {
    size_t count;
    struct case_change_of {
        uint64_t number;
        uint8_t document[HASH_LEN];
        bool stood; /* it had effect here before */
    } change[CASE_CHANGES_MAX];
};
/* The place of a document that has a number already. Reads only. */
MUST_USE enum err case_split_judge(struct core *core, const struct casefile_step *step,
                                   enum case_place *place);
/* The next step is none that the state allows. Was it built on a document that lost? */
MUST_USE enum err case_split_void(struct core *core, const struct casefile *row,
                                  enum case_place *place);
/* Keep one that is CASE_WINS, CASE_LOSES or CASE_VOID, settle the case and tell members. */
MUST_USE enum err case_split_take(struct core *core, const struct incoming *in, uint64_t number,
                                  uint64_t seq);
/* Which one stands, when that was the state before; ERR_NOT_FOUND: the number has none. */
MUST_USE enum err case_split_choose(struct core *core, const uint8_t id[static STORE_ID_LEN],
                                    uint64_t number, const char *state,
                                    struct casefile_step *stands, struct case_changes *changes);
void case_split_note(struct case_changes *changes, const struct casefile_step *step, bool stood);
MUST_USE enum err case_split_tell(struct core *core, const uint8_t id[static STORE_ID_LEN],
                                  const struct case_changes *changes);

/* ---- case_notices.c ---- */
/* A final result names a trigger of the rules: who may list hears of it, from the hub that judged
 * the step. */
MUST_USE enum err cases_evaluate(struct core *core, const struct incoming *in,
                                 const struct casefile *row);

/* ---- reporters.c ---- */
/* Who reports: is this type one of theirs? */
bool reporters_apply(uint32_t type);
/* Reads only. */
MUST_USE enum err reporters_judge(struct core *core, const struct incoming *in,
                                  struct judgement *out);
MUST_USE enum err reporters_take(struct core *core, const struct incoming *in, uint64_t seq);

/* ---- acts.c ---- */
/* An act that two officials of a member signed, carried by a document of that member. */
struct act_about {
    struct span lsd1;
    lianshu_OfficialVerb verb;
    const char *member;    /* whose officials */
    const char *recipient; /* what the act must say */
    const char *sender;
    const uint8_t *message_id;
};
/* Does it stand? Reads only. */
MUST_USE enum err acts_judge(struct core *core, const struct act_about *what, enum err *refusal);
/* Keep it: its leaf, with the signed act beside it. It was judged in this transaction. */
MUST_USE enum err acts_keep(struct core *core, const struct act_about *what, uint64_t *leaf);

/* ---- case_flows.c ---- */
/* The clocks that an accepted document of another type starts or stops in its conversation. */
MUST_USE enum err cases_flow(struct core *core, const struct incoming *in, uint64_t seq);
/* Who owes what is due next in it. */
MUST_USE enum err cases_flow_owner(struct core *core, struct casefile *row);

/* ---- case_clocks.c ---- */
struct case_change {
    const struct incoming *in;
    const struct casefile *row; /* as it stands now */
    const struct case_result *result;
    char owner_before[STORE_MEMBER_MAX + 1];
    uint64_t event_ms;
    bool past; /* others have said what there was to say until now */
};
MUST_USE enum err case_clocks_take(struct core *core, const struct case_change *change);
/* When its owner is reminded of it next; 0: never. */
uint64_t case_clocks_moment(const struct core *core, const struct casefile_clock *clock,
                            const struct rule_clock *rule);
/* One bounded step of reminding, and of telling that a term is over. */
MUST_USE enum err case_clocks_step(struct core *core, bool *more);

/* ---- case_recount.c ---- */
/* Its clocks by the calendar in use. One that was stopped is counted, too: by its end is seen
 * whether it was kept, and what extends it runs on from there. */
MUST_USE enum err case_recount(struct core *core, struct casefile *row);
/* All of the case, because one of its clocks is to be looked at before its turn; *clock as it
 * stands then. */
MUST_USE enum err case_recount_clock(struct core *core, struct casefile_clock *clock);

#endif
