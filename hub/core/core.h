/*
 * core - the broker as a state machine: frames, time and faults in; frames, rows and log
 * leaves out. No socket, no clock, no randomness: all three are arguments.
 *
 *   core_frame* ──> open batch ──core_write──> in flight ──core_land, core_landed──> landed
 *   core_tick   ──>                                                                    |
 *                                                           core_output* <──core_speak─+
 *
 * While one batch is in flight, that is on its way to the disk and to the log's signature, the
 * next one is open and filled. core_commit is all of it at once.
 *
 * An envelope on its way through (PROTOCOL, "Order of checks"):
 *   bounds > canonical header > connection carries this sender > known already? > suite,
 *   realm, key > time > bucket > signature > rights > facts > decide > row, leaf, receipt
 *
 * Guarantees, in the order they matter:
 *   1. No output exists before the transaction that justifies it is on disk and its log head is
 *      signed. core_speak speaks of leaves below the signed head only; what a peer may forget
 *      because we have it is acknowledged only once its batch has landed. core_output yields
 *      nothing between core_frame and core_speak.
 *   2. Every message runs in a savepoint: a refused one leaves its receipt and its leaf
 *      and nothing else.
 *   3. (sender, message id) takes effect at most once; the same envelope again is answered
 *      with the stored receipt, another one under that id is kept as equivocation.
 *   4. Only facts parts are opened, and nothing of them is stored in clear.
 *   5. A recipient is sent an envelope again and again, with back-off, until its own receipt
 *      arrives; per conversation in the order of delivery numbers.
 *   6. A restriction is in force exactly while an order justifies it; every obligation
 *      that an order causes reaches its member as a notice that embeds the signed order.
 *   7. Refusals before a signature is verified change nothing but a counter, written as one
 *      leaf per peer and second.
 *   8. The same inputs in the same order give the same bytes.
 *
 * Errors: core_frame never fails for what a peer sends; it returns only FATAL and INTERNAL
 * errors, after which the process must end. RETRY errors of the disk turn into `busy`. A sync that
 * fails is FATAL (ERR_FSYNC): what is on disk then only the next start can tell.
 *
 * Ownership: the core borrows everything in core_options for its whole life; frames are
 * borrowed for the call; outputs are borrowed until a call on the core that is not core_output.
 * Thread rule: one thread, the one that opened it; core_land in any one.
 */
#ifndef CORE_CORE_H
#define CORE_CORE_H

#include "base/err.h"
#include "base/span.h"
#include "keys/hash.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    CORE_PEER_MAX = 1024,            /* adapters known at once */
    CORE_USER_ID_MAX = 64,           /* "<member>/<16 hex>" with NUL */
    CORE_BATCH_MAX = 1024,           /* envelopes and receipts between two commits */
    CORE_OUTPUT_BYTES = 8 << 20,     /* outputs of one commit */
    CORE_QUERY_BYTES = 1 << 20,      /* answer of one query */
    CORE_EVIDENCE_PIECE = 384 << 10, /* of a file of evidence, in one answer */
    CORE_EVIDENCE_READS = 3 << 20,   /* that one decision read, told as evidence */
    CORE_ENVELOPE_LEAVES_MAX = 64,   /* log leaves that one envelope may cause */
};

struct calendar;
struct core;
struct entropy;
struct keyring;
struct link;
struct region_groups;
struct regions;
struct registry;
struct retention;
struct twice;
struct volume;
struct rulearchive;
struct ruleset;
struct store;

/* Have the log signed: the n leaves follow the tree of old_size. Writes the checkpoint text.
 * Any error ends the process: without a signature there are no receipts. Called by core_land. */
typedef enum err core_sign_fn(void *ctx, uint64_t old_size, const uint8_t (*leaves)[32],
                              size_t leaf_count, struct writer *checkpoint);

/* Size and root of the last head that was signed, for the check at start. */
typedef enum err core_head_fn(void *ctx, uint64_t *size, uint8_t root[static 32],
                              struct writer *statement);

/* The witnesses of our log (cosigning.h). */
struct core_witness {
    unsigned needed;    /* cosignatures; 0: none is needed */
    uint64_t every_ms;  /* from one round of asking to the next; 0: 20,000 */
    uint64_t within_ms; /* so long a checkpoint may lack them before it is an alarm; 0: 60,000 */
    uint64_t start_wait_ms; /* so long the start waits for them; 0: 30,000 */
};

/* What runs here, for the log. */
struct core_measured {
    uint8_t program[32]; /* SHA-256 of its file */
    uint8_t config[32];
    enum err unlisted; /* why it does not count as released; OK: it does, or nobody asks */
};

struct core_options {
    const char *realm;
    const char *member; /* hub.445100 */
    struct store *store;
    struct registry *registry;  /* amendments are applied to it */
    const struct keyring *keys; /* seal, sign, storage and token key of the hub */
    const struct ruleset *rules;
    struct rulearchive *archive;       /* sets of the past, to decide again; NULL: none */
    const struct retention *retention; /* NULL: nothing is ever erased */
    const struct volume *volume;       /* NULL: nobody's volume is looked at */
    const struct calendar *calendar;
    const struct regions *regions;
    const struct entropy *entropy;
    const struct link *links; /* keys/topology.h: both sides name each other; none: not federated */
    size_t link_count;
    const struct region_groups *groups; /* NULL: none */
    core_sign_fn *sign;
    core_head_fn *head;
    void *sign_ctx;                       /* of both */
    const struct core_measured *measured; /* as it is at each start and reload; NULL: not told */
    uint64_t scrub_ms; /* the whole log is read again within that time; 0: a day */
    struct core_witness witness;
    uint32_t lease_ms;     /* 0: 30,000 */
    uint32_t backoff_ms;   /* first redelivery; 0: 1,000; doubles to 300,000 */
    uint32_t rate_per_s;   /* envelopes per peer and second before `busy`; 0: 20,000 */
    uint32_t rekey_rows;   /* of one step when storage and token keys are replaced; 0: 64 */
    uint32_t doubt_leaves; /* looked at in one step of a review of a revoked key; 0: 4,096 */
    uint32_t reads_max;   /* bytes that a decision may have read to be told as evidence; 0: 3 MiB */
    uint32_t piece_bytes; /* of a file of evidence in one answer; 0: 384 KiB */
    uint32_t attempts_max; /* deliveries in vain before an envelope is parked; 0: 20 */
    /* What one member may have undelivered, as a sender (E704) and as a recipient (E702); beyond
     * it new envelopes are answered `busy`, but an eighth more is kept for lane repair. */
    uint64_t sender_rows_max;   /* 0: 2,000,000 */
    uint64_t sender_bytes_max;  /* 0: 8 GiB */
    uint64_t backlog_rows_max;  /* 0: 4,000,000 */
    uint64_t backlog_bytes_max; /* 0: 16 GiB */
};

struct core_output {
    uint32_t peer;
    struct span frame;
};

/* Checks the log against its signed head (E802, E803, E804) and continues where the database
 * stopped. */
MUST_USE enum err core_open(struct core **out, const struct core_options *options, uint64_t now_ms,
                            struct fault *fault);
void core_close(struct core **core);

/* Use another registry from now on, with what the old one was amended by; it is borrowed, the old
 * one is not needed any more. One that would lose an amendment (REJECT) is not used. Between turns
 * only; commit afterwards. */
MUST_USE enum err core_registry(struct core *core, struct registry *registry);

/* Judge by another rule set, erase and count by other tables, terms by another calendar, from now
 * on; all are borrowed. Between turns only; commit afterwards. */
MUST_USE enum err core_rules(struct core *core, const struct ruleset *rules,
                             const struct retention *retention, const struct volume *volume,
                             const struct calendar *calendar);

/* Rules that the next query may try (rule.try, rule.replay); NULL: those in use. Borrowed until the
 * next call; nothing else is judged by them. */
void core_trial(struct core *core, const struct ruleset *rules);

/* The number of an authenticated adapter; stable until core_close. ERR_BUSY when full. */
MUST_USE enum err core_peer(struct core *core, const char *user_id, uint32_t *peer);

/* May the key of this User-Id make one more connection? ERR_BUSY: it has made too many, or there
 * are too many peers. */
MUST_USE enum err core_admits(struct core *core, const char *user_id, uint64_t now_ms);

/* One frame from a peer. Joins the open transaction, beginning it if need be. */
MUST_USE enum err core_frame(struct core *core, uint32_t peer, struct span frame, uint64_t now_ms);

/* True once the open batch is full: commit before the next frame. */
bool core_full(const struct core *core);

/* True while the open batch may wait for more although core_speak is called before core_write: it
 * is not full, nothing in it failed, and it has nothing to say itself. */
bool core_may_wait(const struct core *core);

/* What time alone causes: redelivery, expiry, deadlines, expansion of orders. */
MUST_USE enum err core_tick(struct core *core, uint64_t now_ms);

/* A batch in flight. The core fills it; then it is whose who lands it, until core_landed. */
struct core_flight;

/* Commit what is open, without waiting for the disk. *flight: what must land before it is spoken
 * of; NULL when there was nothing to write. Not while another one is in flight (ERR_INTERNAL). */
MUST_USE enum err core_write(struct core *core, uint64_t now_ms, struct core_flight **flight);
/* Force it to disk, then have its leaves signed; waits for both. Uses nothing but the flight,
 * store_sync and core_options.sign, so another thread may do it while the core goes on. */
void core_land(struct core_flight *flight);
/* Leaves that it has signed: how much a batch held. */
size_t core_flight_leaves(const struct core_flight *flight);
/* After core_land: what became of it; its errors end the process. *flight: to be landed again, its
 * leaves were more than one request takes; NULL when all of it has landed. */
MUST_USE enum err core_landed(struct core *core, struct core_flight **flight);
/* Prepare outputs: of what has landed, nothing else. */
MUST_USE enum err core_speak(struct core *core, uint64_t now_ms);

/* Write, land, speak: when nothing is in flight (ERR_INTERNAL). */
MUST_USE enum err core_commit(struct core *core, uint64_t now_ms);

/* Next output; false when there is none (left). */
bool core_output(struct core *core, struct core_output *out);

/* The peer's connection ended: what it holds is due again, and it must say hello first. */
void core_peer_gone(struct core *core, uint32_t peer, uint64_t now_ms);

/* The connection to another hub that is dialled from here has come up: hello is said. Its end is
 * core_peer_gone. */
void core_link_up(struct core *core, uint32_t peer, uint64_t now_ms);

/* A registry that a linked hub has handed over whole, and the version it is said to have; empty:
 * none. Verify it, then core_registry when it is good; core_registry_judged in any case. */
struct span core_registry_offered(const struct core *core, uint64_t *version);
void core_registry_judged(struct core *core, enum err err);
/* Of a registry that was not taken for it (ERR_NUMBER_TWICE): into the log, and told. */
void core_number_twice(struct core *core, const struct twice *twice);

/* The peer does not take more just now, frames to it were dropped: what it holds is due again
 * after a pause, and receipts from the last acknowledged one on. */
MUST_USE enum err core_peer_full(struct core *core, uint32_t peer, uint64_t now_ms);

/* Space on the disk of the database: below a tenth (at most 128 MiB) new envelopes and chunks are
 * answered E703, deliveries and receipts go on; from twice that on everything is taken again. */
MUST_USE enum err core_disk(struct core *core, uint64_t free_bytes, uint64_t total_bytes);

/* When core_tick wants to be called next, at the latest. */
uint64_t core_due_ms(const struct core *core);

/* Carry out a document of two officials (LSD1 of type official.act) about an envelope that a gate
 * holds or that is parked: release it or return it. On OK the answer, a JSON object, says what was
 * done, which is on disk and signed then, or why nothing was. Only when nothing is in flight. */
MUST_USE enum err core_act(struct core *core, struct span lsd1, uint64_t now_ms,
                           struct writer *answer);

/* What the store says that a registry is amended by, in effect again: before core_open, where the
 * hub's own keys are to be looked at. */
MUST_USE enum err core_amended(struct store *store, struct registry *registry, struct fault *fault);
/* A revocation or key record (LSD1), in effect at once; the answer, as of core_act, says so when it
 * is on disk and signed. Only when nothing is in flight. */
MUST_USE enum err core_amend(struct core *core, struct span lsd1, uint64_t now_ms,
                             struct writer *answer);

/* A frame came from a peer whose transport key is revoked: answered once, then counted. */
void core_barred(struct core *core, uint32_t peer, uint64_t now_ms);

/* Send a probe to the hub that serves a region or member ("target"). The answer names its message
 * and the way; what becomes of it, "trace" tells. Only when nothing is in flight; commit after it.
 */
MUST_USE enum err core_probe(struct core *core, struct span request, uint64_t now_ms,
                             struct writer *answer);

/* Enter a release that two officials of this hub have signed into the log: its hash ("list") and
 * the signatures. The answer names the entry, which is on disk and signed then; the same release
 * again names the same one. Only when nothing is in flight. */
MUST_USE enum err core_release(struct core *core, struct span request, uint64_t now_ms,
                               struct writer *answer);

/* Answer one request of the control socket: JSON object in, JSON object out. Reads only, and what
 * is open or in flight, too: land and commit first, so that the answer holds. */
MUST_USE enum err core_query(struct core *core, struct span request, uint64_t now_ms,
                             struct writer *answer);

#endif
