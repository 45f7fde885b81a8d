/* What the files of the mirrors share: mirror.c when, mirror_page.c what, mirror_name.c who. */
#ifndef CORE_MIRROR_INNER_H
#define CORE_MIRROR_INNER_H

#include "core/state.h"
#include "keys/mirror.h"

enum {
    MIRROR_LOOKS_MAX = 32,              /* members looked at in one step */
    MIRROR_SCAN_MAX = 512,              /* justifications looked at in one step */
    MIRROR_WINDOW = 8,                  /* pages of a snapshot that may be without a receipt */
    MIRROR_TOLD_MIN = 4096,             /* rows in increments before a new snapshot is worth it */
    MIRROR_REFRESH_MS = 60 * 60 * 1000, /* a member hears so often that nothing has changed */
    MIRROR_FRESH_MS = 2 * MIRROR_REFRESH_MS,
    MIRROR_VALID_MS = 24 * 60 * 60 * 1000,
    MIRROR_RETRY_MS = 10 * 60 * 1000, /* after a refusal, before a new snapshot … */
    MIRROR_HELLO_MS = 10 * 1000, /* … and when its adapter has said hello since: it may know more */
    MIRROR_ROTATE_DAYS = 30,     /* life of a key */
};

/* An adapter that may receive a mirror. */
struct mirror_reader {
    uint32_t member; /* its place in the registry */
    uint32_t peer;
};

struct mirror {
    size_t next;      /* the one that is looked at next, by its place among `readers` */
    size_t calm;      /* so many in a row had nothing to be told */
    bool awake;       /* a round is under way */
    uint64_t version; /* of restrictions, at its beginning */
    uint64_t due_ms;  /* the next round, if nothing changes; in a round: the earliest met */

    /* Bit n: the n-th measure of the rule set concerns that member. Of this registry and rules. */
    const struct registry *registry;
    const struct ruleset *rules;
    uint64_t *measures;            /* owns; one a member */
    struct mirror_reader *readers; /* owns; of the peers known at that time */
    size_t reader_count;
    bool readers_known; /* since then no adapter has said hello */

    /* The page being made. */
    struct mirror_tokens *tokens; /* owns; of the generation at hand */
    lianshu_MirrorUpdate update;
    uint8_t room[sizeof(((lianshu_Document *)0)->body.bytes)];

    /* The last order that was opened to name its subjects. */
    bool order_loaded;
    uint8_t order_id[STORE_ID_LEN];
    lianshu_SanctionOrder order;
    lianshu_SubjectRegister subject;
    lianshu_Person person;
};

/* ---- mirror_name.c ---- */
/* What concerns each member, for the registry, rules and peers at hand. */
MUST_USE enum err mirror_concerns_load(struct core *core);
/* Does it concern the member at that place of the registry? */
bool mirror_concerns(const struct core *core, size_t member, const struct justification *row);
/* A hash of all that decides it: another one needs another snapshot. */
void mirror_concern_hash(const struct core *core, size_t member, uint8_t out[static HASH_LEN]);
/* The token of the restricted subject under the mirror's key. ERR_NOT_FOUND: nothing that is kept
 * here names it. */
MUST_USE enum err mirror_name(struct core *core, const struct justification *row,
                              uint8_t token[static REST_TOKEN_LEN]);

/* ---- mirror_page.c ---- */
/* Go on with the walk of that row, a bounded step; sends at most one page. */
MUST_USE enum err mirror_page(struct core *core, size_t member, struct mirror_row *row);

#endif
