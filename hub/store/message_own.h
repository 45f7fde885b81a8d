/* message_own - what the files of messages share; internal to them. */
#ifndef STORE_MESSAGE_OWN_H
#define STORE_MESSAGE_OWN_H

#include "store/box.h"
#include "store/message_memory.h"

enum {
    MESSAGE_KEY_MAX = STORE_ID_LEN + STORE_MEMBER_MAX, /* id ‖ sender */
    FRAME_KEY_LEN = 8,
    MESSAGE_COLUMNS = 8 + 4, /* of a packed row, that are columns of the table: accepted_ms, open */
    MESSAGE_PACKED = MESSAGE_COLUMNS + STORE_HASH_LEN + STORE_ID_LEN + 5 * 8 + 8,
    MESSAGE_PACKED_MAX = MESSAGE_PACKED + 4 + STORE_MEMBER_MAX, /* of one that a hub handed on */
    MESSAGE_CODE_MAX = 999,
    MESSAGE_LANE_MAX = 3,
};

enum message_sql {
    MESSAGE_SQL_PUT,  /* later */
    MESSAGE_SQL_KEEP, /* the same, now: running what is recorded unbinds PUT */
    MESSAGE_SQL_GET,
    MESSAGE_SQL_TOP,
    MESSAGE_SQL_CHANGE,
    MESSAGE_SQL_FRAME_PUT,
    MESSAGE_SQL_FRAME_KEEP,
    MESSAGE_SQL_FRAME_GET,
    MESSAGE_SQL_FRAME_NEXT,
    MESSAGE_SQL_FRAME_DROP,
    MESSAGE_SQL_FRAME_ERASE,
    MESSAGE_SQL_REF_DROP,
    MESSAGE_SQL_SEQUENCE_PUT,
    MESSAGE_SQL_SEQUENCE_GET,
    MESSAGE_SQL_SENDER_NEXT,
    MESSAGE_SQL_BY_ENV,
    MESSAGE_SQL_COUNTS,
    MESSAGE_SQL_COUNT
};

struct messages {
    struct stmt *q[MESSAGE_SQL_COUNT];
    struct db *db;
    struct fresh *fresh;
    struct box frame;
    struct message_memory memory;
};

/* The row a statement stands at, with all its columns. */
MUST_USE enum err message_read(struct stmt *q, struct message_row *out);

/* Keys of fresh rows, in `out`. */
struct span message_key(uint8_t out[static MESSAGE_KEY_MAX], const char *sender,
                        const uint8_t id[static STORE_ID_LEN]);
struct span frame_key(uint8_t out[static FRAME_KEY_LEN], uint64_t seq);

struct span message_pack(uint8_t out[static MESSAGE_PACKED_MAX], const struct message_row *row);
/* False for anything that message_pack does not write. */
bool message_unpack(struct span key, struct span from, struct message_row *out);

#endif
