/*
 * rulebook - one rule from its trigger to the last lift: who imposes, who owes what until when,
 * which messages meet a gate meanwhile, and that nothing is left after the end. What is expected
 * stands in the tables of the scenarios, written from the law (domain B.3 to B.8); the engine is
 * asked only for what it did.
 *
 * The world of the rules: sixteen members of one city, its province, and another province.
 * Subjects and persons are those of naive.h: 0 is the one that the document is about, 1 is clean.
 */
#ifndef TESTS_RULEBOOK_H
#define TESTS_RULEBOOK_H

#include "scenario/ledgerbook.h"
#include "scenario/papers.h"

/* Guangdong and its city Chaozhou; Shanghai; the nation. */
#define GD_MARKET  "market.440000 market.445100 "
#define GD_MPA     "drug.440000 " GD_MARKET
#define GD_HEALTH  "health.440000 health.445100 "
#define GD_HSA     "insurance.440000 insurance.445100 "
#define GD_TENDER  "procurement.440000 procurement.445100 "
#define N_MARKET   "market.310000 " GD_MARKET
#define N_MPA      "market.310000 " GD_MPA
#define N_HEALTH   GD_HEALTH
#define N_HSA      GD_HSA
#define N_TENDER   "procurement.310000 " GD_TENDER
#define CREDIT_ONE "credit.445100 "
#define COURT_ONE  "court.440000 "
#define FUNDS_ONE  "finance.445100 "
#define EVERY_MEMBER                                                                               \
    N_MPA N_HEALTH N_HSA N_TENDER CREDIT_ONE COURT_ONE FUNDS_ONE "police.445100 "                  \
                                                                 "procuratorate.445100 "

enum { RULEBOOK_MEMBERS = 16, RULEBOOK_LINES_MAX = 20 };

enum force { MUST = 1, CONSIDER, NOTIFY };

/* One measure as the law has it. */
struct owed_line {
    const char *measure; /* NULL ends the table */
    unsigned on;         /* 0 the subject, n the n-th person */
    enum force force;
    const char *who;   /* members, each followed by a blank */
    const char *until; /* last day; "": for life */
    bool province;     /* holds in the issuer's province only */
};

struct play {
    const char *name; /* the sentence that the play states */
    const char *rule; /* that leads */
    const char *issuer;
    const char *list;
    const char *trigger;
    const char *basis[2];
    const char *kind;    /* of the subject; NULL: enterprise */
    const char *persons; /* one letter each, see rulebook.c; NULL: none */
    const char *decided; /* NULL: today, 2026-04-01 */
    const char *max;     /* "": for life */
    const char *repair;  /* NULL: never */
    bool ordinary;       /* class 一般 instead of 严重 */
    uint32_t refused;    /* it never begins: the code of its refusal */
    struct owed_line line[RULEBOOK_LINES_MAX];
};

/* The head of a play: the sentence, the rule that leads, who imposes it on which list for what, and
 * the articles. */
#define PLAY(words, leads, from, on, cause, ...)                                                   \
    .name = words, .rule = leads, .issuer = from, .list = on, .trigger = cause,                    \
    .basis = {__VA_ARGS__}

/* Lines that many rules share. */
/* clang-format off */
#define NO_ENTRY(until)          {"M01", 0, MUST, N_MPA, until, false}
/* A practice ban of somebody named, by the drug regulators (B.7). */
#define BANNED(n, until)         {"M02", n, MUST, N_MPA, until, false}
#define TWO_BANNED(until)        BANNED(1, until), BANNED(2, until)
#define FOUR_BANNED(until)       TWO_BANNED(until), BANNED(3, until), BANNED(4, until)
/* Company Law 178(4), Registration Regulation 12: the head who is personally responsible. */
#define NO_POST(n, until)        {"M03", n, MUST, N_MARKET, until, false}
#define REVOKED(n, until)        {"M06", n, MUST, N_HEALTH, until, false}
#define NOT_INSURED(until)       {"M07", 0, MUST, N_HSA, until, false}
#define PUBLISHED(issuer, until) {"M27", 0, MUST, issuer " ", until, false}
/* Order 44 art. 15: what every entry of the list of serious dishonesty brings for its three years
 * (B.3); the departments that only consider answer as well. */
#define LISTED(issuer, until)                                                                      \
    {"M22", 0, MUST, EVERY_MEMBER, until, false},                                                  \
    {"M23", 0, MUST, N_HEALTH N_MPA, until, false},                                                \
    PUBLISHED(issuer, until)
/* clang-format on */

int rulebook_setup(void **state);
extern const char *const rulebook_members[RULEBOOK_MEMBERS];

/* The whole play; then nothing is left of it. */
void rulebook_play(struct world *w, const struct play *play);
/* One test for each play. */
enum { RULEBOOK_PLAYS_MAX = 64 };
int rulebook_run(const char *name, const struct play *plays, size_t count);

/* ---- pieces, for what is no order ---- */

void rulebook_subject(const char *kind, size_t i, char out[static 256]); /* JSON */
/* The i-th person, by letter of its role: JSON. */
void rulebook_person(char letter, size_t i, char out[static 160]);
void rulebook_date(const struct world *w, char out[static 16]); /* today */
uint32_t rulebook_number(const char *date);                     /* yyyymmdd */
/* The last day of that line was before today. */
bool rulebook_over(const struct owed_line *line, uint32_t today);

/* An order from this member on that basis; what it says of the subject to the hub, as the JSON
 * members behind it. The code of the receipt. */
uint32_t rulebook_order(struct world *w, const char *from, const struct paper *paper,
                        const char *basis, const char *basis_too);
/* A larger fine of subject 0 by the market of 445100 (R10: M27, owed by itself): what the paper
 * does not say is FINE_ID, decided today, and a number of its own. */
uint32_t rulebook_fine(struct world *w, struct paper paper);
/* Each obligation that was told and not answered, so many, is to be answered until 24:00 of that
 * day. */
void rulebook_assert_due(struct world *w, uint32_t last, size_t count);
/* A change of the order about subject 0, decided on that date (NULL: today). */
uint32_t rulebook_change(struct world *w, const char *from, const char *type, const char *order_id,
                         uint32_t version, const char *decided);
__attribute__((format(printf, 4, 5))) uint32_t
rulebook_says(struct world *w, const char *from, const char *type, const char *format, ...);

/* From procuratorate to police (or another member): the code of the last receipt, or the advisory
 * of what arrived (0: none). The message names `measure` as its ground when it is not 0. */
uint32_t rulebook_send(struct world *w, const char *type, const char *facts, const char *to);
/* Was this measure among the grounds of that message? */
bool rulebook_named(struct world *w, const char *measure);
/* Everything that stands against the subject (index 0) or persons is exactly what these lines say
 * on this day. */
void rulebook_assert_restricted(struct world *w, const struct play *play, bool any);
/* Every measure meets its gate, or none does. */
void rulebook_assert_gates(struct world *w, const struct play *play, bool any);
/* Everybody owes what the lines say today, and nobody anything else. What nobody has is not
 * counted here. */
void rulebook_assert_owed(struct world *w, const struct play *play);
/* All notices of a stage are obeyed; how many. */
size_t rulebook_obey(struct world *w, lianshu_NoticeStage stage);
/* It is ten o'clock of that day. */
void rulebook_on(struct world *w, uint32_t day);
/* Let time pass to the first moment of the day after that one, less some. */
void rulebook_until(struct world *w, const char *date, uint64_t less_ms);
/* Nothing is in force, owed or undelivered. */
void rulebook_assert_nothing_left(struct world *w);
/* Of all members exactly these (each followed by a blank) have an alert (hub.notice) of the rule.
 */
void rulebook_assert_told(struct world *w, const char *rule, const char *who);
/* Inboxes and receipts of everybody are empty. */
void rulebook_put_away(struct world *w);

#endif
