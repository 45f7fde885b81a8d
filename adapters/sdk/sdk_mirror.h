/*
 * sdk_mirror - who is restricted, asked of the adapter's own mirror: microseconds, without the hub.
 *
 * The hub sends each member that may receive `mirror.update` the restrictions that concern its
 * department and region, signed, sealed to it, and from then on what begins and ends. The adapter
 * keeps them in its state (sdk.h); this reads them, in the same process or beside it.
 *
 *   ABSENT ──first snapshot whole──> FRESH ──2 h without word──> STALE ──24 h──> EXPIRED
 *                                      ^──────────── any update ──────────────────┘
 *
 * Guarantees:
 *   1. An answer is of one whole state of the mirror: half a snapshot or half an increment is never
 *      seen, also when the adapter was killed in the midst of it.
 *   2. CLEAN is said only when the mirror is fresh or stale, whole, and every restriction in it
 *      could be named; otherwise, and without a line, the answer is UNKNOWN: ask the hub.
 *   3. Dates are judged at the moment that is asked about: what has ended by its date is not
 *      answered although no update came, what begins tomorrow is not answered today.
 *   4. The chain of page hashes is computed again whenever the mirror is loaded: a byte changed on
 *      disk is ERR_CORRUPT, and no answer.
 *   5. After the hub was restored from a copy, sdk_mirror_renew alone lets its pages in again: on
 * the word of two of its officials, each statement once and never an older one. Nothing is known
 *      from then until a whole snapshot has come that is no older than the statement.
 *   6. A check changes nothing, takes no memory and tells nobody what was asked.
 *
 * Bounds: SDK_MIRROR_LINES lines an answer. About 90 bytes of memory a restriction.
 * Errors: of opening those of sdk_open; ERR_IDENTIFIER, ERR_CHECK_DIGIT of what is asked.
 * Ownership: sdk_mirror_of is lent until sdk_close; sdk_mirror_open's is the caller's to close.
 * Thread rule: that of the sdk; one of its own may live in another thread or process.
 * PROTOCOL: mirror.
 */
#ifndef ADAPTERS_SDK_SDK_MIRROR_H
#define ADAPTERS_SDK_SDK_MIRROR_H

#include "adapters/sdk/sdk.h"

enum { SDK_MIRROR_LINES = 32 };

struct sdk_mirror;

struct sdk_mirror_config {
    const char *member; /* market.445100 */
    const char *key_file;
    const char *passphrase_file;
    const char *state_dir; /* of its adapter, which may be running */
};

enum sdk_mirror_state {
    SDK_MIRROR_ABSENT,  /* no snapshot has been whole yet */
    SDK_MIRROR_FRESH,   /* heard of lately */
    SDK_MIRROR_STALE,   /* an update is overdue; the age says how long */
    SDK_MIRROR_EXPIRED, /* too old to rely on, or the clock is wrong */
};

enum sdk_mirror_verdict {
    SDK_MIRROR_UNKNOWN = 0, /* ask the hub */
    SDK_MIRROR_CLEAN,
    SDK_MIRROR_RESTRICTED,
};

/* One restriction in force. Dates are yyyymmdd; end_date 0: for life. */
struct sdk_restriction {
    char measure[5];
    uint32_t force; /* lianshu_Force */
    uint8_t order_id[SDK_ID_LEN];
    uint32_t order_version;
    char list[33];
    char rule[17];
    char basis[49];
    char scope[7];
    uint32_t start_date, end_date;
};

struct sdk_mirror_answer {
    enum sdk_mirror_verdict verdict;
    enum sdk_mirror_state state;
    uint64_t as_of_ms; /* what the hub knew then */
    uint64_t known_ms; /* orders of other hubs before this are all in it; 0: not known */
    uint64_t age_ms;
    uint64_t log_size;   /* of the hub's log at that moment */
    uint64_t generation; /* of the mirror: the hub's time at which its snapshot was begun */
    uint64_t row_count;  /* in the mirror */
    uint64_t unnamed;    /* restrictions that cannot be found by an identifier */
    size_t line_count;   /* when UNKNOWN: what was known last */
    bool more;           /* there are more than fit */
    struct sdk_restriction line[SDK_MIRROR_LINES];
};

/* The mirror of an open adapter. ERR_KEY_FILE when its key file has no storage key. */
MUST_USE enum err sdk_mirror_of(struct sdk *sdk, struct sdk_mirror **out);
/* The mirror in an adapter's state, read only, beside the adapter. */
MUST_USE enum err sdk_mirror_open(struct sdk_mirror **out, const struct sdk_mirror_config *config,
                                  struct fault *fault);
void sdk_mirror_close(struct sdk_mirror **mirror);

/* Take in what was committed since the last call. Cheap when there is nothing. */
MUST_USE enum err sdk_mirror_refresh(struct sdk_mirror *mirror);

/* What a statement that the hub was restored says. */
struct sdk_renewal {
    uint64_t issued_ms;
    uint32_t log_number; /* of the hub's new log */
    uint64_t log_size;   /* entries of the copy */
};

/* lsd1: an official.act with the verb OFFICIAL_RESTORED, signed by two officials of the adapter's
 * hub. The mirror is forgotten, durably, and begins anew with the next snapshot. ERR_LIST_ROLLBACK:
 * one that is as new was taken before; else as PROTOCOL: mirror has it. A refusal changes nothing.
 */
MUST_USE enum err sdk_mirror_renew(struct sdk *sdk, struct span lsd1, uint64_t now_ms,
                                   struct sdk_renewal *out, struct fault *fault);

/* Who is asked about: kind is lianshu_SubjectKind, id its code (checked). */
MUST_USE enum err sdk_mirror_check(const struct sdk_mirror *mirror, uint32_t kind, const char *id,
                                   uint64_t now_ms, struct sdk_mirror_answer *out);

/* "clean", "fresh" and the like. */
const char *sdk_mirror_verdict_word(enum sdk_mirror_verdict verdict);
const char *sdk_mirror_state_word(enum sdk_mirror_state state);

#endif
