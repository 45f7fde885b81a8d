#include "core/peers.h"

#include <stdlib.h>
#include <string.h>

enum { SECOND_MS = 1000 };

enum err peers_open(struct peers *peers)
{
    *peers = (struct peers){.rows = calloc(CORE_PEER_MAX, sizeof *peers->rows)};
    return peers->rows == NULL ? ERR_NO_MEMORY : OK;
}

void peers_close(struct peers *peers)
{
    free(peers->rows);
    *peers = (struct peers){0};
}

enum err peers_find(struct peers *peers, const char *user_id, uint32_t *number)
{
    size_t len = strnlen(user_id, CORE_USER_ID_MAX);
    const char *slash = memchr(user_id, '/', len);
    if (len == CORE_USER_ID_MAX || slash == NULL || slash == user_id ||
        (size_t)(slash - user_id) >= PEER_MEMBER_MAX)
        return ERR_FIELD_VALUE;
    for (uint32_t i = 0; i < peers->count; i++) {
        if (strcmp(peers->rows[i].user_id, user_id) == 0) {
            *number = i;
            return OK;
        }
    }
    if (peers->count == CORE_PEER_MAX)
        return ERR_BUSY;
    struct peer *peer = &peers->rows[peers->count];
    memcpy(peer->user_id, user_id, len + 1);
    memcpy(peer->member, user_id, (size_t)(slash - user_id));
    *number = peers->count++;
    return OK;
}

enum err peer_take_token(struct peer *peer, uint32_t rate_per_s, uint64_t now_ms)
{
    if (peer->bucket_ms == 0) {
        peer->bucket_ms = now_ms;
        peer->bucket = rate_per_s;
    }
    if (now_ms > peer->bucket_ms) {
        uint64_t passed_ms = now_ms - peer->bucket_ms;
        uint64_t add = passed_ms >= SECOND_MS ? rate_per_s : passed_ms * rate_per_s / SECOND_MS;
        if (add > 0) {
            uint64_t level = peer->bucket + add;
            peer->bucket = level > rate_per_s ? rate_per_s : (uint32_t)level;
            peer->bucket_ms = now_ms;
        }
    }
    if (peer->bucket == 0)
        return ERR_BUSY;
    peer->bucket--;
    return OK;
}

void peer_count_refusal(struct peer *peer, enum err code, uint64_t now_ms)
{
    if (peer->refused_count == 0)
        peer->refused_since_ms = now_ms;
    for (size_t i = 0; i < peer->refused_count; i++) {
        if (peer->refused[i].code == code) {
            peer->refused[i].count++;
            return;
        }
    }
    if (peer->refused_count < PEER_REFUSAL_CODES) {
        peer->refused[peer->refused_count++] = (struct refusal_count){code, 1};
        return;
    }
    /* More kinds in one second than we tell apart: the last row takes the rest. */
    peer->refused[PEER_REFUSAL_CODES - 1].count++;
}

bool peer_take_refusals(struct peer *peer, uint64_t now_ms, struct refusal_count *out,
                        size_t *count)
{
    if (peer->refused_count == 0 || now_ms < peer->refused_since_ms + SECOND_MS)
        return false;
    memcpy(out, peer->refused, peer->refused_count * sizeof *out);
    *count = peer->refused_count;
    peer->refused_count = 0;
    return true;
}
