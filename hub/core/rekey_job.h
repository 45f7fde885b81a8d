/* What rekey_keys.c and rekey.c share: keys by name, and where the job stands. */
#ifndef CORE_REKEY_JOB_H
#define CORE_REKEY_JOB_H

#include "core/query.h"

struct rekey_ids {
    uint8_t storage[REST_KEY_ID_LEN];
    uint8_t token[REST_KEY_ID_LEN];
};

struct rekey_pair {
    const struct key *storage;
    const struct key *token;
};

struct rekey_job {
    struct rekey_ids next;
    bool handles_done;
    uint8_t handle_len;              /* 0: none yet */
    uint8_t handle[STORE_TOKEN_LEN]; /* the token that was moved last */
    struct sealed_cursor cursor;
    uint64_t rows;       /* that were looked at */
    uint64_t unreadable; /* under neither key */
    uint64_t begun_ms;
};

enum { REKEY_JOB_LEN = 2 * REST_KEY_ID_LEN + 2 + STORE_TOKEN_LEN + SEALED_CURSOR_LEN + 3 * 8 };

/* The newest pair of the key file, which may be the one in use. */
void rekey_newest(const struct core *core, struct rekey_pair *pair, struct rekey_ids *ids);
/* What two officials sign: SHA-256 of both names. */
void rekey_object(const struct rekey_ids *ids, uint8_t out[static HASH_LEN]);

MUST_USE enum err rekey_ids_get(struct core *core, struct rekey_ids *out);
MUST_USE enum err rekey_ids_put(struct core *core, const struct rekey_ids *ids);
/* From here on another token key is used. */
MUST_USE enum err rekey_since_put(struct core *core);
/* ERR_NOT_FOUND: none is under way. NULL: it is over. */
MUST_USE enum err rekey_job_get(struct core *core, struct rekey_job *out);
MUST_USE enum err rekey_job_put(struct core *core, const struct rekey_job *job);

#endif
