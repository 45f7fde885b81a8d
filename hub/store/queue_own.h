/* queue_own - what the files of the queue share; internal to it. */
#ifndef STORE_QUEUE_OWN_H
#define STORE_QUEUE_OWN_H

#include "store/queue_memory.h"

enum queue_sql {
    QUEUE_SQL_NUMBER_NEXT,
    QUEUE_SQL_PUT,
    QUEUE_SQL_CLAIM_READY,
    QUEUE_SQL_CLAIM_WAITING,
    QUEUE_SQL_FIRST_DUE,
    QUEUE_SQL_EARLIER,
    QUEUE_SQL_FIND,
    QUEUE_SQL_DROP,
    QUEUE_SQL_MOVE,
    QUEUE_SQL_RELEASE,
    QUEUE_SQL_SEAL,
    QUEUE_SQL_GATED,
    QUEUE_SQL_NEXT,
    QUEUE_SQL_NEXT_RECIPIENT,
    QUEUE_SQL_DUE,
    QUEUE_SQL_COUNTS,
    QUEUE_SQL_MAX_SEQ,
    QUEUE_SQL_COUNT,
};

struct queue {
    struct stmt *q[QUEUE_SQL_COUNT];
    struct queue_memory memory;
};

MUST_USE enum err queue_read_row(struct stmt *s, struct queue_row *out);

#endif
