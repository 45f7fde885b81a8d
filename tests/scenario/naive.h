/*
 * naive - the joint-punishment model as a reader of the law would keep it on paper, against which
 * the engine is checked. Written from the articles, and knowing nothing of the
 * engine: no rule file, no header of the hub, its own calendar and its own check digits.
 *
 * An order is a line on the paper. Nothing is ever derived and kept: what is in force on a day is
 * found by reading all lines again.
 *
 * Dates are yyyymmdd.
 */
#ifndef TESTS_NAIVE_H
#define TESTS_NAIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    NAIVE_SUBJECTS = 4,
    NAIVE_PERSONS = 4,
    NAIVE_ORDERS_MAX = 64,
    NAIVE_FOUND_MAX = 128,
    NAIVE_ID_LEN = 18,
};

enum naive_kind {
    NAIVE_FAKE_DRUGS,      /* 药品管理法 116, 118: R01 */
    NAIVE_LICENCE_REVOKED, /* 公司法 178(4): R07 */
    NAIVE_HEAVY_PENALTY,   /* 总局令第44号 6: R09 */
    NAIVE_LARGER_FINE,     /* 行政处罚法 48: R10 */
    NAIVE_KINDS,
};

enum naive_state { NAIVE_STANDS = 0, NAIVE_STAYED, NAIVE_LIFTED, NAIVE_ANNULLED };

enum naive_change {
    NAIVE_LIFT,
    NAIVE_ANNUL,
    NAIVE_SUSPEND,
    NAIVE_RESUME,
    NAIVE_RESTORE,
    NAIVE_CHANGES
};

struct naive_order {
    uint32_t number; /* names the order; its id is made of it */
    uint32_t act;    /* number of the decision */
    enum naive_kind kind;
    size_t subject;
    size_t head;    /* legal representative, personally responsible */
    size_t manager; /* directly responsible */
    uint32_t decided;
    uint32_t start;
    uint32_t repair;  /* 0: no early repair */
    uint32_t until;   /* of the entry */
    uint32_t changed; /* when something was last decided about it */
    enum naive_state state;
    bool by_court; /* who brought it there */
    uint32_t version;
};

struct naive {
    bool tender; /* a procurement body of the city has joined the other six */
    size_t count;
    struct naive_order order[NAIVE_ORDERS_MAX];
};

/* What stands against somebody on a day. */
struct naive_found {
    char measure[4];
    uint32_t order; /* number */
    uint32_t until; /* 0: for life */
};

/* The i-th enterprise and person: invented, with right check digits. */
void naive_subject_id(size_t i, char out[NAIVE_ID_LEN + 1]);
void naive_person_id(size_t i, char out[NAIVE_ID_LEN + 1]);

uint32_t naive_day(uint64_t now_ms); /* in UTC+08:00 */
uint32_t naive_plus(uint32_t date, int years, int months, int days);

/* Would the order be taken today? If so it is written down. */
bool naive_impose(struct naive *n, const struct naive_order *order, uint32_t today);
/* Would this corrected text of an order be taken today, as its next version? If so it stands in
 * place of the one before. */
bool naive_correct(struct naive *n, const struct naive_order *text, uint32_t today);
/* Would this change by a court, or else by who imposed it, numbered so and decided then, be taken
 * today? If so it is made. */
bool naive_change(struct naive *n, bool court, uint32_t number, enum naive_change change,
                  uint32_t version, uint32_t decided, uint32_t today);

struct naive_order *naive_find(struct naive *n, uint32_t number);
bool naive_over(const struct naive_order *o, uint32_t today); /* by change or by the clock */

/* Everything in force against the i-th subject or person, sorted. */
size_t naive_against_subject(const struct naive *n, size_t i, uint32_t today,
                             struct naive_found out[NAIVE_FOUND_MAX]);
size_t naive_against_person(const struct naive *n, size_t i, uint32_t today,
                            struct naive_found out[NAIVE_FOUND_MAX]);

/* How many members of a city with one of each of market, health, insurance, police and
 * procuratorate, and perhaps procurement, owe something by an order of this kind. */
size_t naive_owed(const struct naive *n, enum naive_kind kind);

#endif
