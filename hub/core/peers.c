#include "core/peers.h"

#include "base/hex.h"
#include "ident.h"

#include <stdlib.h>
#include <string.h>

enum { SECOND_MS = 1000 };

enum err peers_open(struct peers *peers)
{
    *peers = (struct peers){.rows = calloc(CORE_PEER_MAX, sizeof *peers->rows),
                            .first = malloc(PEER_SLOTS * sizeof *peers->first)};
    if (peers->rows == NULL || peers->first == NULL) {
        peers_close(peers);
        return ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < PEER_SLOTS; i++)
        peers->first[i] = PEER_NONE;
    return OK;
}

void peers_close(struct peers *peers)
{
    free(peers->rows);
    free(peers->first);
    *peers = (struct peers){0};
}

/* The slot of a member in the table, or the free one where it would stand. The table is never
 * more than half full, so there is one. */
static uint32_t *slot_of(const struct peers *peers, const char *member)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (const char *c = member; *c != '\0'; c++)
        hash = (hash ^ (uint8_t)*c) * 16777619u;
    for (;; hash++) {
        uint32_t *slot = &peers->first[hash & (PEER_SLOTS - 1)];
        if (*slot == PEER_NONE || strcmp(peers->rows[*slot].member, member) == 0)
            return slot;
    }
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
    if (!hex_decode(slash + 1, peer->adapter, sizeof peer->adapter))
        memset(peer->adapter, 0, sizeof peer->adapter);
    peer->hub = member_is_hub(peer->member);
    uint32_t *slot = slot_of(peers, peer->member);
    peer->sibling = *slot;
    *slot = peers->count;
    *number = peers->count++;
    return OK;
}

void peers_wake(struct peers *peers, const char *member, unsigned what)
{
    for (uint32_t i = *slot_of(peers, member); i != PEER_NONE; i = peers->rows[i].sibling)
        peers->rows[i].wake |= what;
}

/* ---- breaker ---- */

bool peer_overdue(struct peer *peer, uint64_t now_ms, uint16_t jitter)
{
    peer->overdue_count++;
    if (peer->overdue_count < BREAKER_LEASES)
        return false;
    /* Leases that were out together end together: they are one failure. */
    if (peer->breaker_step > 0 && now_ms < peer->breaker_ms)
        return false;
    uint32_t step = peer->breaker_step < 16 ? peer->breaker_step : 16;
    uint64_t interval_ms = (uint64_t)BREAKER_FIRST_MS << step;
    if (interval_ms > BREAKER_MAX_MS)
        interval_ms = BREAKER_MAX_MS;
    peer->breaker_ms = now_ms + interval_ms / 2 + interval_ms / 2 * jitter / UINT16_MAX;
    return peer->breaker_step++ == 0;
}

void peer_answered(struct peer *peer)
{
    peer->overdue_count = 0;
    peer->breaker_step = 0;
    peer->breaker_ms = 0;
}

void peer_forget_acks(struct peer *peer)
{
    peer->acks_open = 0;
    peer->acks_flying = 0;
    peer->in = (struct peer_stream){.known = false};
    peer->acks_due = 0;
}

uint32_t peer_allows(const struct peer *peer, uint64_t now_ms)
{
    uint32_t free =
        peer->window_messages > peer->out_messages ? peer->window_messages - peer->out_messages : 0;
    if (peer->breaker_step == 0)
        return free;
    bool probe = now_ms >= peer->breaker_ms && peer->out_messages == 0;
    return probe && free > 0 ? 1 : 0;
}

enum err bucket_take(struct bucket *bucket, uint32_t rate_per_s, uint32_t reserve, uint64_t now_ms)
{
    if (bucket->filled_ms == 0)
        *bucket = (struct bucket){now_ms, rate_per_s};
    if (now_ms > bucket->filled_ms) {
        uint64_t passed_ms = now_ms - bucket->filled_ms;
        uint64_t add = passed_ms >= SECOND_MS ? rate_per_s : passed_ms * rate_per_s / SECOND_MS;
        if (add > 0) {
            uint64_t level = bucket->level + add;
            bucket->level = level > rate_per_s ? rate_per_s : (uint32_t)level;
            bucket->filled_ms = now_ms;
        }
    }
    if (bucket->level <= reserve)
        return ERR_BUSY;
    bucket->level--;
    return OK;
}

enum err peer_enters(struct peer *peer, uint64_t now_ms)
{
    struct bucket *door = &peer->door;
    if (door->filled_ms == 0)
        *door = (struct bucket){now_ms, DOOR_BURST};
    const uint64_t add = now_ms > door->filled_ms ? (now_ms - door->filled_ms) / DOOR_EACH_MS : 0;
    if (add > 0) {
        door->level = add >= DOOR_BURST - door->level ? DOOR_BURST : door->level + (uint32_t)add;
        door->filled_ms += add * DOOR_EACH_MS;
    }
    if (door->level == 0)
        return ERR_BUSY;
    door->level--;
    return OK;
}

enum err peer_take_token(struct peer *peer, uint32_t rate_per_s, uint32_t reserve, uint64_t now_ms)
{
    return bucket_take(&peer->bucket, rate_per_s, reserve, now_ms);
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
