/*
 * day - one day of a city, played against running processes: what the stories share.
 *
 * The stories (story_*.c) put files into departments' directories, wait until something is
 * true, and tell it. They never sleep: day_wait looks again when a directory changed, a process
 * ended, or the hub's database moved.
 *
 * Guarantees:
 *   1. day_wait ends when its condition holds, or after DAY_PATIENCE_MS, or when a process ended
 *      that nobody told to end; the last two are failures: they are told, the stories end, and
 *      everything is stopped.
 *   2. With kills planned, each step kills its share at random moments and restarts the victim
 *      at once; a step does not end before its kills are done.
 *
 * Thread rule: one thread.
 */
#ifndef DAY_DAY_H
#define DAY_DAY_H

#include "adapters/sdk/sdk_mirror.h"
#include "day/city.h"
#include "day/desk.h"
#include "day/stage.h"
#include "day/tell.h"

struct json;

enum {
    DAY_PATIENCE_MS = 60000,
    DAY_SEED = 445100,
    DAY_ID_TEXT_MAX = 65,
    DAY_STEPS = 18, /* of a whole day: kills are spread evenly over all of them */
};

#define DAY_ORDER_FILE       "order.json"
#define DAY_ORDER_NUMBER     "潮市监罚演示1号"
#define DAY_APPOINTMENT_FILE "任职-1.json"

#define DAY_UNKNOWN UINT64_MAX

enum { MARKET, HEALTH, INSURANCE, POLICE, PROCURATORATE, DESK_COUNT };

struct day_options {
    const char *dir; /* made by deploy/setup */
    const char *bin; /* the programs */
    uint64_t seed;
    unsigned kills; /* of random processes at random moments */
    bool keep;
    const char *json;
};

struct day {
    const struct day_options *options;
    struct tell tell;
    struct city city;
    struct stage stage;
    struct desk desks[DESK_COUNT];
    int notify;      /* inotify */
    int children;    /* signalfd of SIGCHLD */
    int interrupts;  /* signalfd of SIGINT and SIGTERM */
    bool broken;     /* going on makes no sense */
    uint64_t random; /* state of the kill plan */
    unsigned kills_done;
    unsigned steps_done;
    unsigned step_kills;  /* still to do in this step */
    uint64_t kill_due_ms; /* 0: none armed */
    uint64_t order_ms;    /* when the order was put in, and the last of it was executed */
    uint64_t executed_ms;
    uint64_t city_messages;
    unsigned gate_refusals;
    unsigned attacks_refused;
    char case_id[DAY_ID_TEXT_MAX];
    char endpoint[64]; /* of the hub */
};

MUST_USE enum err day_open(struct day *d, const struct day_options *options, struct fault *f);
void day_close(struct day *d);

/* A step of the story; plans its kills. */
void day_step(struct day *d, const char *zh, const char *en);

typedef bool day_condition(struct day *d, void *ctx);
/* False, and told with these words, when it does not come to hold. */
bool day_wait(struct day *d, day_condition *holds, void *ctx, const char *zh, const char *en);

/* Start a process and wait until it is ready; stop one and wait until it has ended. */
bool day_start(struct day *d, const char *name);
bool day_stop(struct day *d, const char *name);

/* Run `lianshu ARGUMENTS… --control SOCKET --json` with `input` on its standard input, and parse
 * what it says. NULL when it refuses. The caller's. */
struct json *day_ask(struct day *d, const char *const *arguments, const char *input);
/* A number of `lianshu status`, by path "obligations.executed"; DAY_UNKNOWN when the hub does
 * not answer or the number is absent. */
uint64_t day_status(struct day *d, const char *path);

/* The same, told in the table: waits until the hub answers. */
uint64_t day_number(struct day *d, const char *path);
/* Wait until every process that is not stopped on purpose is ready. */
bool day_settle(struct day *d);

/* The wholesaler that is punished, and one that is not. */
const struct company *day_punished(const struct day *d);
const struct company *day_clean(const struct day *d);
const char *day_endpoint(struct day *d);

/* What several stories do. day_put takes the record. */
bool day_put(struct day *d, int office, const char *name, struct json *record);
bool day_put_reports(struct day *d, int office, const char *const *names);
bool day_wait_arrival(struct day *d, int office, const char *folder, size_t count);
void day_appoint(struct day *d);
void day_check_credit(struct day *d, const struct company *c, const char *file, bool clean);
/* Until the insurance's local mirror says so of the company. */
void day_check_mirror(struct day *d, const struct company *c, enum sdk_mirror_verdict wanted);

/* The stories, in the order they are played. */
void story_open_offices(struct day *d);
void story_city(struct day *d);
void story_order(struct day *d);
void story_gate(struct day *d);
void story_case(struct day *d);
void story_faults(struct day *d);
void story_attacks(struct day *d);
void story_repair(struct day *d);
void story_balance(struct day *d);

#endif
