/* columns - ids that may be absent: NULL in the row, zeros in the value. */
#ifndef STORE_COLUMNS_H
#define STORE_COLUMNS_H

#include "store/db.h"
#include "store/ids.h"

static inline bool id_is_zero(const uint8_t id[static STORE_ID_LEN])
{
    static const uint8_t zero[STORE_ID_LEN];
    return memcmp(id, zero, STORE_ID_LEN) == 0;
}

static inline void bind_id(struct stmt *s, int index, const uint8_t id[static STORE_ID_LEN])
{
    stmt_bind_bytes(s, index, id, STORE_ID_LEN);
}

static inline void bind_id_or_null(struct stmt *s, int index, const uint8_t id[static STORE_ID_LEN])
{
    if (id_is_zero(id))
        stmt_bind_null(s, index);
    else
        bind_id(s, index, id);
}

static inline void copy_id_or_zero(struct stmt *s, int column, uint8_t out[static STORE_ID_LEN])
{
    if (stmt_is_null(s, column))
        memset(out, 0, STORE_ID_LEN);
    else
        stmt_copy(s, column, out, STORE_ID_LEN);
}

/* A column bounded to 32 bits by what is written to it; more is a corrupt row. */
static inline uint32_t stmt_u32(struct stmt *s, int column, enum err *err)
{
    uint64_t value = stmt_u64(s, column);
    if (value > UINT32_MAX && *err == OK)
        *err = ERR_CORRUPT;
    return (uint32_t)value;
}

#endif
