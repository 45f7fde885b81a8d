/*
 * world - the real core with everything around it simulated: members that seal and open, a
 * signer, a clock that is a number, randomness from a seed. No socket, no process, no sleep.
 *
 * A scenario reads as sentences: someone sends, time passes, the hub turns, someone has.
 * Every envelope that reaches a member is verified and opened as an adapter would.
 */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H

#include "t.h"

#include "core/core.h"
#include "json.h"
#include "keys/envelope.h"
#include "keys/keyfile.h"
#include "keys/log_readers.h"
#include "keys/receipt.h"
#include "keys/topology.h"
#include "policy/retention.h"
#include "policy/rulearchive.h"
#include "policy/ruleset.h"
#include "policy/volume.h"
#include "store/store.h"

/* 2026-04-01, 02:00 UTC, under the rules in force then */
#define WORLD_START_MS ((UINT64_C(20544) * 24 + 2) * 3600 * 1000)

enum {
    WORLD_MEMBERS = 6, /* hub, market, health, insurance, police, procuratorate */
    WORLD_LATER = 16,  /* not enrolled at first: see world_enrol */
    /* and a second adapter of one of them */
    WORLD_SITES = WORLD_MEMBERS + 1 + WORLD_LATER,
    WORLD_INBOX_MAX = 512,
    WORLD_LINES_MAX = 64,
    WORLD_RECEIPTS_MAX = 4096,
    WORLD_FACTS_MAX = 32 << 10,
};

struct got { /* an envelope that reached a member */
    uint32_t type;
    uint8_t env_id[HASH_LEN];
    uint8_t message_id[16];
    char sender[41];
    uint64_t number;
    size_t advisory_count;
    lianshu_Ground advisory[4];
    uint64_t seen; /* how often it came */
    bool receipted;
    size_t tombstone_count;
    lianshu_Tombstone tombstone[4]; /* the first ones of its last statement */
    size_t parts_open;              /* parts that were here for this reader */
    uint64_t accepted_ms;
    size_t hop_count; /* hubs passed, as its last statement names them */
    char hop[8][41];
    size_t facts_len;
    uint8_t *facts; /* owns: body of the facts document */
};

struct line { /* a conversation as its recipient counts it */
    uint8_t conversation[16];
    uint64_t last;
};

struct site { /* a member and what its one adapter knows */
    const char *id;
    bool partial; /* it shares the member's queue: its numbers have gaps */
    size_t line_count;
    struct line lines[WORLD_LINES_MAX];
    struct keyring *keys;
    uint32_t peer;
    bool connected;
    bool silent; /* takes envelopes without receipting them */
    bool keeps_no_mirror;
    uint64_t stream; /* highest receipt number stored */
    size_t receipt_count;
    lianshu_Receipt receipts[WORLD_RECEIPTS_MAX];
    size_t got_count;
    struct got got[WORLD_INBOX_MAX];
    uint32_t last_busy_code;
    size_t busy_count;
    size_t amendments_seen; /* documents of registry amendments that it was told */
    uint8_t wanted_root[HASH_LEN];
    uint64_t wanted_first;
    uint64_t chunks_seen;
};

struct world;
/* A frame of the hub to a peer that is no site of its world; false: nobody knows that peer. */
typedef bool world_carry_fn(void *ctx, struct world *w, uint32_t peer, struct span frame);

struct world {
    char dir[64];
    char ids[WORLD_MEMBERS][41]; /* of its hub and of the members of its hub's region */
    const struct link *links;    /* of the hub, from its next start on; see realm.h */
    size_t link_count;
    const struct region_groups *groups;
    world_carry_fn *carry; /* NULL: nobody does */
    void *carry_ctx;
    uint64_t now_ms;
    struct entropy_replay replay;
    struct entropy entropy;
    struct site sites[WORLD_SITES];
    struct keyring *signer;
    struct keyring *root;         /* of the registry, and its registrar's */
    struct keyring *officials[2]; /* of the hub's member */
    uint8_t restored[2048];       /* what the signer of a restored log hands to the hub … */
    size_t restored_len;
    uint64_t copy_size;      /* … while it has signed so much */
    uint32_t roles[2];       /* of these officials; 0: operator, security officer */
    const char *desk_member; /* whose officials these are: see world_desk */
    struct keyring *desk[2];
    struct registry *registry;
    struct anchor anchor; /* of the registry */
    /* Lent by the lawbook; other bounds of volume are the world's own. */
    const struct ruleset *rules;
    struct rulearchive *archive; /* of the test; NULL: none */
    const struct retention *retention;
    struct volume *volume;
    const struct calendar *calendar;
    const struct regions *regions;
    struct store *store;
    struct core *core;
    struct verifier *verifier;
    struct opener *openers[WORLD_SITES];
    struct envelope_batch *batch;
    struct merkle_frontier log; /* of the simulated signer */
    unsigned logs_lost;         /* how often the hub began a new one */
    struct log_reader reader;
    struct log_readers *others; /* logs of other hubs */
    unsigned years;             /* that registry and keys are valid; 0: one */
    bool wide;                  /* everybody may send and receive every type, from everywhere */
    const char *sealless;       /* this member's sealing key has expired; NULL: nobody's */
    bool mirrors;               /* health and police may be sent the mirror of restrictions */
    bool may_die;               /* a FATAL error ends the hub, and it is started again */
    bool overlaps; /* turns are the loop's: a batch is in flight while the next one is filled */
    bool idles;    /* whenever it comes to rest, what the loop does then is done */
    uint32_t checkpoint_pages;   /* of the store, from the next world_restart on; 0: standard */
    uint32_t fresh_window;       /* the same */
    void (*restarts_from)(void); /* called when nobody has the store open; NULL: nothing */
    struct core_flight *flight;  /* NULL: none */
    bool dead;
    unsigned restarts;
    enum err sign_fails;        /* what the signer answers instead */
    struct core_options limits; /* of the core, from the next world_restart on; 0: standard */
    struct sha256 transcript;   /* of every output, for replay */
    uint8_t frame[FRAME_MAX];
    size_t frame_len;
};

/* One envelope as a sentence. */
struct mail {
    const char *from;
    const char *type; /* catalogue's name */
    const char *to[4];
    const char *facts;  /* JSON of the facts body; NULL: none */
    const char *sealed; /* JSON of the sealed body; NULL: none */
    const char *basis[4];
    const char *with[3];      /* who issue the documents too */
    const char *signers[4];   /* who sign them, in this order; none: all issuers in theirs */
    const char *conversation; /* 32 hex digits or NULL */
    uint64_t sequence;
    uint64_t created_ms; /* 0: now */
    uint64_t expires_ms; /* 0: an hour from created (or as the class allows) */
    uint64_t not_before_ms;
    const uint8_t *message_id;        /* NULL: a new one */
    const lianshu_ManifestFile *file; /* one attachment; NULL: none */
};

struct sent { /* an envelope as its sender knows it */
    uint8_t env_id[HASH_LEN];
    uint8_t id[16]; /* of the message */
};

/* From now on everybody may send and receive every type. */
void world_widen(struct world *w);
/* Any "department.region" is a member from now on, in a wide world, and connected. The text is
 * borrowed for as long as the world lives. */
void world_enrol(struct world *w, const char *member);
/* These at once, and a registry and keys that are valid for so many years. */
void world_enrol_all(struct world *w, const char *const *members, size_t count, unsigned years);

/* The sealing key of this member has expired; NULL: everybody has a valid one again. */
void world_sealless(struct world *w, const char *member);

/* From now on these are the roles of the hub's two officials. */
void world_roles(struct world *w, uint32_t first, uint32_t second);
/* From now on this member has two officials of its own: w->desk. */
void world_desk(struct world *w, const char *member);
/* From now on health and police have the grant to receive mirror.update. */
void world_grant_mirrors(struct world *w);

int world_setup(void **state);
int world_teardown(void **state);
struct world *world_new(const uint8_t seed[static ENTROPY_SEED_LEN]);
void world_free(struct world *w);

struct site *world_site(struct world *w, const char *member);

/* Make the envelope; it lies in w->frame. env_id and message id out (may be NULL). */
void world_make(struct world *w, const struct mail *mail, uint8_t env_id[HASH_LEN],
                uint8_t message_id[16]);
/* Seal and sign a header with its parts as an adapter does; the envelope lies in w->frame. NULL:
 * its own key. */
void world_seal(struct world *w, const char *from, const struct key *key, lianshu_Header *h,
                const struct span *parts, uint8_t env_id[HASH_LEN]);
/* Give the bytes in w->frame to the hub from this member's adapter, without a commit. */
void world_push(struct world *w, const char *from);
/* Make, push, turn; again, as an adapter does, until there is a receipt or a refusal. */
void world_send(struct world *w, const struct mail *mail, uint8_t env_id[HASH_LEN]);
/* The same once, whatever the answer. */
struct sent world_post(struct world *w, const struct mail *mail);
/* Let what is in flight land. */
void world_land(struct world *w);
/* Commit, tick, deliver and take receipts until nothing moves any more at this time. */
void world_turn(struct world *w);
void world_pass(struct world *w, uint64_t ms);
/* Let time pass until nothing is undelivered and no restart is due. */
void world_settle(struct world *w);
/* Members take what the hub says now; how many frames that was. */
size_t world_take_outputs(struct world *w);
/* Give a frame to the hub; notes its death. */
void world_give(struct world *w, uint32_t peer, struct span frame);
void world_hello(struct world *w, const char *member);
void world_leave(struct world *w, const char *member);
/* It has dealt with what it received: inbox and receipts are empty, its numbers go on. */
void world_put_away(struct world *w, const char *member);
/* What it received is lost to it, as by a restored disk. */
void world_forget(struct world *w, const char *member);
/* Another adapter of this member says hello and takes part from now on. */
struct site *world_second(struct world *w, const char *member);
/* The hub starts anew with other limits. */
void world_limit(struct world *w, const struct core_options *limits);
/* A receipt `delivered` of this member for that envelope. */
void world_push_receipt(struct world *w, const char *member, const struct got *got);
/* One of another kind. */
void world_say(struct world *w, const char *member, const struct got *got, lianshu_ReceiptKind kind,
               uint32_t code);
/* How many receipts of a kind about an envelope its sender holds. */
size_t world_heard(struct world *w, const char *sender, const uint8_t env_id[static HASH_LEN],
                   lianshu_ReceiptKind kind);
/* As world_restart, but a refusal to start is the answer; on one the core is gone. */
enum err world_try_restart(struct world *w);
/* End without a commit, as a killed process does, and start again. */
void world_restart(struct world *w);

/* The kind of the last receipt about an envelope that its sender holds; NONE: none. */
lianshu_ReceiptKind world_verdict(struct world *w, const char *sender,
                                  const uint8_t env_id[static HASH_LEN]);
uint32_t world_code(struct world *w, const char *sender, const uint8_t env_id[static HASH_LEN]);
const lianshu_Receipt *world_receipt(struct world *w, const char *sender,
                                     const uint8_t env_id[static HASH_LEN]);
/* Envelopes of that type that a member has. */
size_t world_has(struct world *w, const char *member, const char *type);
struct got *world_got(struct world *w, const char *member, const char *type, size_t index);

/* What the hub answers to a query; it answers. For the caller to close. */
struct json *world_ask(struct world *w, const char *request);
/* A number of core_query's status answer: "restrictions", "obligations.executed". It is there; a
 * counter that never counted is 0. */
uint64_t world_status(struct world *w, const char *path);

#endif
