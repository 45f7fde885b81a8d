/* attach_inner - what the two files of attachments share: windows, files on their way in and out.
 */
#ifndef CORE_ATTACH_INNER_H
#define CORE_ATTACH_INNER_H

#include "core/state.h"
#include "keys/attachment.h"

enum {
    WINDOW_MAX = 64,      /* chunks of one sender, or of one reader, on the wire */
    WINDOWS_TOTAL = 64,   /* of all senders, or of all readers: 16 MiB */
    WINDOW_MIN = 2,       /* what everybody may have */
    BATCH_SHARE = 16,     /* a chunk counts as so many envelopes of a batch */
    TURN_BYTES = 4 << 20, /* of outputs given to chunks in one turn */
    FULL_HOLD_MS = 500,   /* for a reader whose connection was full and that takes nothing */
    STALLED_MS = 5000,    /* without a chunk: may be asked for anew */
    IDLE_MS = 60 * 1000,  /* without a chunk: no longer counted */
    PUT_OFF_MAX = 16,     /* envelopes of a link that wait until its file is whole */
};

/* A file that a peer sends because we asked for it. */
struct upload {
    bool used;
    bool repeat; /* a chunk was lost: ask from the first one that is missing */
    bool told;   /* of the loss, since the last chunk that was good */
    uint8_t root[HASH_LEN];
    uint8_t message_id[STORE_ID_LEN]; /* the envelope that waits for it */
    char owner[STORE_MEMBER_MAX + 1]; /* its sender, whose the chunks are */
    uint64_t count, have, end;        /* end: asked for up to here */
    uint64_t heard_ms;                /* of its last chunk, or when it was first asked for */
    size_t put_off_count; /* asked of a link for the next files, once this one is here */
    uint8_t put_off[PUT_OFF_MAX][STORE_ID_LEN];
};

/* A file that a peer reads. */
struct serving {
    bool used;
    uint8_t root[HASH_LEN];
    uint8_t message_id[STORE_ID_LEN];
    char sender[STORE_MEMBER_MAX + 1];
    char from[STORE_MEMBER_MAX + 1]; /* who gave it to us: its sender, or a link */
    uint64_t seq;
    uint64_t taken; /* the reader has those below, as far as we know */
    uint64_t next, end;
    uint64_t hold_ms; /* its connection was full: nothing before that, or before it took some */
    uint64_t seen;    /* those below were sent before: looked at again before they are sent again */
};

struct attach {
    struct upload upload[CORE_PEER_MAX];
    struct serving serving[CORE_PEER_MAX];
    uint32_t peers; /* numbers from here on were never used */
    uint32_t first; /* whom the next turn serves first */
};

/* This peer sends or reads files. */
void attach_saw(struct core *core, uint32_t number);
/* The share of one among `users`. */
uint64_t attach_window(uint64_t users);
/* Ask a peer for a file of this owner from `have` on. One file a peer at a time: ERR_BUSY for
 * another. */
MUST_USE enum err attach_fetch(struct core *core, uint32_t number, const char *owner,
                               const uint8_t *id, const uint8_t root[static HASH_LEN],
                               uint64_t have, uint64_t count);
/* After the commit: those whose chunks came get their next range. */
void attach_ask_senders(struct core *core);

#endif
