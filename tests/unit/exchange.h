/*
 * exchange - adapters and a hub made of paper: frames are carried by hand, so that every promise
 * can be tested with verdicts, order, loss and repetition as the test wants them. No socket, no
 * clock.
 */
#ifndef TESTS_UNIT_EXCHANGE_H
#define TESTS_UNIT_EXCHANGE_H

#include "adapters/sdk/inner.h"
#include "folder.h"
#include "keys/registrar.h"
#include "realm.h"

enum {
    EXCHANGE_FRAMES = 1024,
    EXCHANGE_LEAVES = 4096,
    EXCHANGE_PATH = 256,
    EXCHANGE_KEPT = 8,
};

struct exchange {
    char dir[FOLDER_MAX];
    struct realm *realm;
    merkle_hash leaves[EXCHANGE_LEAVES];
    uint64_t leaf_count;
    uint32_t logs_lost; /* how often the hub lost its disk: with leaf_count 0 a new log begins */
    uint64_t now_ms;
    /* frames that an adapter gave last */
    uint8_t *frame[EXCHANGE_FRAMES];
    size_t frame_len[EXCHANGE_FRAMES];
    size_t frame_count; /* bundles opened */
    size_t part_count;  /* as they went: a bundle is one */
    /* frames that a test keeps for later */
    uint8_t *kept[EXCHANGE_KEPT];
    size_t kept_len[EXCHANGE_KEPT];
    size_t kept_count;
    /* hubs that a delivery has passed, as its statement says */
    const char *hops[4];
    size_t hop_count;
};

struct exchange *exchange_open(uint8_t seed);
/* The same below a folder (NULL: folder.h's): in memory, where a long run is not about the disk. */
struct exchange *exchange_open_in(uint8_t seed, const char *folder);
void exchange_close(struct exchange **e);

/* "<dir>/<name>", in static memory that the next call reuses. */
const char *exchange_path(const struct exchange *e, const char *name);

/* The adapter of a member; opening it again is a restart. */
struct sdk *exchange_sdk(struct exchange *e, const char *member, const struct sdk_handler *handler);
/* The key file of a member anew, from its ring in the realm. */
void exchange_keys(struct exchange *e, const char *member);
/* Another adapter of the same member, with a state of its own, that knows it is not alone. */
struct sdk *exchange_second(struct exchange *e, const char *member,
                            const struct sdk_handler *handler);
/* Configuration for it; texts live in static memory. */
struct sdk_config exchange_config(struct exchange *e, const char *member);

/* Hello and welcome. */
void exchange_connect(struct exchange *e, struct sdk *s);
/* Collect what it wants to send now; answers the number of frames. */
size_t exchange_pull(struct exchange *e, struct sdk *s);
struct span exchange_frame(const struct exchange *e, size_t i);
/* The first frame of that kind among those pulled; empty when there is none. */
struct span exchange_find(const struct exchange *e, enum frame_kind kind);

/* A copy of that frame; the i-th that was kept. */
void exchange_keep(struct exchange *e, struct span frame);
struct span exchange_kept(const struct exchange *e, size_t i);
/* Collect what it wants to send: how many receipts, and the last of them (NULL: of no interest). */
size_t exchange_receipts(struct exchange *e, struct sdk *s, lianshu_Receipt *last);

/* Give it a frame and commit. */
void exchange_give(struct exchange *e, struct sdk *s, struct span frame);
/* The hub tells an adapter what its registry is amended by. */
void exchange_amend(struct exchange *e, struct sdk *s, struct span lsd1);
/* A document of an office of the realm, as of now; lent until the next call. */
struct span exchange_office(struct exchange *e, struct office_paper paper,
                            const struct office_signers *by);

/* A hub's receipt about an envelope (LSE1), number in the sender's stream (0: outside), to its
 * adapter. */
void exchange_verdict(struct exchange *e, struct sdk *sender, struct span envelope,
                      lianshu_ReceiptKind kind, enum err code, uint64_t number);
/* The same as bytes, for tests that spoil it. */
size_t exchange_verdict_frame(struct exchange *e, struct span envelope, lianshu_ReceiptKind kind,
                              enum err code, const char *about, uint64_t number, uint8_t *out,
                              size_t cap);
/* Pass on a member's receipts (LSR1) as the hub does, from number on. */
void exchange_relay(struct exchange *e, struct sdk *sender, struct span receipts, uint64_t number);

/* Deliver an envelope under a delivery number; `gap` != 0 adds a tombstone for it. */
void exchange_deliver(struct exchange *e, struct sdk *reader, struct span envelope, uint64_t number,
                      uint64_t gap);
/* Statement and envelope as one bundle, not given to anybody. */
size_t exchange_delivery(struct exchange *e, const char *reader, struct span envelope,
                         uint64_t number, uint64_t gap, uint8_t *out, size_t cap);

/* Canonical facts of an honour for a clean enterprise. */
struct span exchange_honour(const char *title);

#endif
