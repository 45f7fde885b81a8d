/* nation - a hub whose registry holds the same four departments of every region of the table, and
 * a hub loop around the core with the worker that syncs and signs beside it, as hub/net/loop.c has
 * it. Members are those of the simulated world; the time is the machine's. Thread rule: one thread
 * beside the worker. */
#ifndef BENCH_NATION_H
#define BENCH_NATION_H

#include "bench/post.h"
#include "bench/rounds.h"

enum {
    NATION_DEPARTMENTS = 4,
    NATION_FLOW_MAX = 8192,
    NATION_FEED_MAX = 16384,
    NATION_BACK_MAX = 1024
};

/* Other messages, from health to the procuratorate, each due at its moment. */
struct flow {
    size_t count, sent, taken;
    size_t bytes; /* of all frames: made before, and no memory of the hub */
    bool stopped;
    uint64_t next_ns, gap_ns;
    struct flow_message {
        uint8_t *frame; /* owns */
        size_t len;
        struct got id;
        uint64_t due_ns, took_ns; /* when it should have been sent; due → delivered */
    } message[NATION_FLOW_MAX];
};

/* Frames of the market that are given to the hub as fast as it takes them. */
struct feed {
    size_t count, sent;
    struct {
        uint8_t *bytes; /* owns */
        size_t len;
    } frame[NATION_FEED_MAX];
};

/* What members answer with in one turn: receipts of one member in one frame, acknowledgements. */
struct back {
    struct site *site; /* whose receipts gather; NULL: nobody's */
    size_t got_count;
    struct got got[POST_MAX];
    size_t count;
    struct {
        uint32_t peer;
        uint8_t *bytes; /* owns */
        size_t len;
    } frame[NATION_BACK_MAX];
};

struct nation {
    struct world *w;
    struct lander *lander;
    struct core_flight *flight;
    bool ticked;
    uint64_t began_ns, began_ms;
    uint64_t members_ns; /* spent on being a member, which is done elsewhere in service */
    uint64_t landed;     /* log entries on disk and under the signed head */
    uint64_t turns;
    uint64_t turn_max_ns; /* processor time of the longest turn of the hub */
    uint64_t rss_kib;     /* highest, without the flow's frames */
    uint64_t notices;     /* that members were given */
    struct flow flow;
    struct feed feed;
    struct back back;
};

/* Obligations of an order that every member of the nation owes. */
size_t nation_members(const struct nation *n);
struct nation *nation_open(const uint8_t seed[static ENTROPY_SEED_LEN]);
void nation_close(struct nation *n);
/* The shipped rule set, but that a penalty's publication is owed by all four departments. */
struct ruleset *nation_rules(struct world *w);
/* Prepare so many other messages; they flow from now on. */
void nation_flow(struct nation *n, size_t count, unsigned per_s);
/* Keep this envelope of the market for the hub; an empty feed begins anew. */
void nation_feed(struct nation *n, struct span frame);
/* One turn of the loop. */
void nation_turn(struct nation *n);
/* Turn until everything given is durable and nothing is to be done. */
void nation_rest(struct nation *n);

#endif
