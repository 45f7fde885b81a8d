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

/* A column bounded to 32 bits by what is written to it; more is a corrupt row. */
static inline uint32_t stmt_u32(struct stmt *s, int column, enum err *err)
{
    uint64_t value = stmt_u64(s, column);
    if (value > UINT32_MAX && *err == OK)
        *err = ERR_CORRUPT;
    return (uint32_t)value;
}

static inline uint64_t sum_step(uint64_t sum, const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    sum = (sum ^ word) * 0x9e3779b97f4a7c15u;
    return sum ^ sum >> 29;
}

/* Checksum of bytes that no hash and no signature of ours covers: against failing disks, not
 * against people. Each word changes it whatever follows, so a change within eight bytes rarely
 * stays unseen (one in 2^32). Four lanes: a step waits for the one before it in its lane. */
static inline uint32_t store_sum(struct span bytes)
{
    enum { WORD = 8, WAYS = 4, LONG = 256 };
    uint64_t lane[WAYS] = {bytes.len, 1, 2, 3};
    uint64_t word = 0;
    size_t i = 0;
    for (; bytes.len >= LONG && i + WAYS * WORD <= bytes.len; i += WAYS * WORD) {
        for (size_t n = 0; n < WAYS; n++)
            lane[n] = sum_step(lane[n], bytes.data + i + n * WORD);
    }
    uint64_t sum = lane[0];
    for (size_t n = 1; i > 0 && n < WAYS; n++)
        sum = sum_step(sum, (const uint8_t *)&lane[n]);
    for (; i + WORD <= bytes.len; i += WORD)
        sum = sum_step(sum, bytes.data + i);
    for (; i < bytes.len; i++)
        word = word << 8 | bytes.data[i];
    sum = (sum ^ word) * 0x9e3779b97f4a7c15u;
    return (uint32_t)(sum >> 32);
}

#endif
