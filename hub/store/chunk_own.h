/* chunk_own - what chunk.c and chunk_sweep.c share. Nothing outside hub/store includes this. */
#ifndef STORE_CHUNK_OWN_H
#define STORE_CHUNK_OWN_H

#include "store/chunk.h"

enum { CHUNK_NAME_LEN = 16, CHUNK_HEX_LEN = 2 * CHUNK_NAME_LEN };

enum chunk_query {
    CHUNK_Q_PUT,
    CHUNK_Q_GET,
    CHUNK_Q_RECORD,
    CHUNK_Q_USED,
    CHUNK_Q_REFER,
    CHUNK_Q_REFERRED,
    CHUNK_Q_NEXT,
    CHUNK_Q_NEEDED,
    CHUNK_Q_DROP,
    CHUNK_Q_COUNT,
};

/* A file in use. In memory stands the truth; the row follows at commits. */
struct chunk_entry {
    bool used;
    bool due; /* to be synced and recorded by the next commit */
    uint8_t name[CHUNK_NAME_LEN];
    char sender[STORE_MEMBER_MAX + 1];
    uint8_t root[STORE_HASH_LEN];
    struct slots *slots; /* owns */
    uint64_t row;        /* 0: none yet, or unknown since a rollback */
    uint64_t count, have, recorded;
    uint64_t recording; /* what the open transaction says */
    uint64_t touched_ms, turn;
};

/* A file to be removed from disk once its row has gone for good. */
struct chunk_gone {
    uint8_t name[CHUNK_NAME_LEN];
    bool committed;
    bool landed; /* that commit is on disk */
    bool saved;  /* before the savepoint */
};

struct chunks {
    struct db *db; /* borrowed */
    struct stmt *q[CHUNK_Q_COUNT];
    char dir[DB_PATH_MAX];
    bool read_only;
    uint64_t quota_slots;
    struct chunk_entry entry[CHUNK_OPEN_MAX];
    uint64_t turn;   /* of use, for the entry that was used longest ago */
    bool any_due;    /* an entry is */
    uint64_t cursor; /* of the sweep */
    bool rows;       /* the last pass of the sweep saw one, or one was made since */
    struct chunk_gone gone[CHUNK_GONE_MAX];
    size_t gone_count;
    uint8_t room[SLOT_BYTES];
};

/* Where the file of that name lies. */
void chunk_path(const struct chunks *c, const uint8_t name[static CHUNK_NAME_LEN],
                char path[static DB_PATH_MAX]);
/* The row of a file. ERR_NOT_FOUND. */
MUST_USE enum err chunk_row(struct chunks *c, const uint8_t name[static CHUNK_NAME_LEN],
                            uint64_t *row, uint64_t *count, uint64_t *have);
/* The entry of a file in use, or NULL. */
struct chunk_entry *chunk_entry_find(struct chunks *c, const uint8_t name[static CHUNK_NAME_LEN]);

/* ---- chunk_sweep.c ---- */
/* Cut off at most `max` slots of a file without a row. True: it is gone. */
bool chunk_remove(struct chunks *c, const uint8_t name[static CHUNK_NAME_LEN], uint64_t max);
/* It comes again: what is being removed under that name goes at once, or stays. */
void chunk_remove_now(struct chunks *c, const uint8_t name[static CHUNK_NAME_LEN]);
/* What a kill left: files whose row was never committed, or was dropped. */
MUST_USE enum err chunk_remove_rests(struct chunks *c);

#endif
