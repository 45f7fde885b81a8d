#include "keys/guard.h"
#include "keys/key.h"
#include "keys/key_token.h"

#include "ident.h"

#include <stdlib.h>
#include <string.h>

struct keyring {
    char owner[MEMBER_MAX + 1];
    char name[KEYRING_NAME_MAX + 1];
    size_t count;
    struct key *keys[KEYRING_MAX];
    struct key_link *link; /* owns, in guarded memory; NULL: none */
};

enum err keyring_open(struct keyring **out, const char *owner, const char *name)
{
    *out = NULL;
    if (strlen(owner) > MEMBER_MAX || strlen(name) > KEYRING_NAME_MAX)
        return ERR_TOO_LARGE;
    struct keyring *ring = calloc(1, sizeof *ring);
    if (ring == NULL)
        return ERR_NO_MEMORY;
    memcpy(ring->owner, owner, strlen(owner));
    memcpy(ring->name, name, strlen(name));
    *out = ring;
    return OK;
}

void keyring_close(struct keyring **ring)
{
    if (ring == NULL || *ring == NULL)
        return;
    for (size_t i = 0; i < (*ring)->count; i++)
        key_close(&(*ring)->keys[i]);
    guard_free((*ring)->link);
    free(*ring);
    *ring = NULL;
}

/* Secrets that are in tokens show in their public halves. */
static bool same_key(const struct key *a, const struct key *b)
{
    if (key_secret(a) != NULL && key_secret(b) != NULL)
        return guard_equal(key_secret(a), key_secret(b), KEY_SECRET_LEN);
    return memcmp(key_kid(a), key_kid(b), KID_LEN) == 0;
}

enum err keyring_add(struct keyring *ring, struct key **key)
{
    if (ring->count == KEYRING_MAX)
        return ERR_TOO_LARGE;
    for (size_t i = 0; i < ring->count; i++) {
        if (same_key(ring->keys[i], *key))
            return ERR_KEY_REUSED;
    }
    ring->keys[ring->count++] = *key;
    *key = NULL;
    return OK;
}

const char *keyring_owner(const struct keyring *ring)
{
    return ring->owner;
}

const char *keyring_name(const struct keyring *ring)
{
    return ring->name;
}

size_t keyring_count(const struct keyring *ring)
{
    return ring->count;
}

const struct key *keyring_at(const struct keyring *ring, size_t index)
{
    return index < ring->count ? ring->keys[index] : NULL;
}

const struct key *keyring_find(const struct keyring *ring, enum key_use use)
{
    const struct key *best = NULL;
    for (size_t i = 0; i < ring->count; i++) {
        const struct key *key = ring->keys[i];
        if (key_use(key) == use && (best == NULL || key_created_ms(key) > key_created_ms(best)))
            best = key;
    }
    return best;
}

const struct key *keyring_kid(const struct keyring *ring, const uint8_t kid[static KID_LEN])
{
    for (size_t i = 0; i < ring->count; i++) {
        const struct key *key = ring->keys[i];
        if (key_use_alg(key_use(key)) != ALG_NONE && memcmp(key_kid(key), kid, KID_LEN) == 0)
            return key;
    }
    return NULL;
}

void keyring_keep_link(struct keyring *ring, struct key_link *link)
{
    guard_free(ring->link);
    ring->link = link;
}

const struct key_link *keyring_link(const struct keyring *ring)
{
    return ring->link;
}
