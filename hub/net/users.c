#include "net/users.h"

#include "base/hex.h"

#include <stdio.h>
#include <string.h>

enum { USER_KID_LEN = 8 }; /* bytes of the kid in a User-Id */

static void user_of(const struct registry_key *key, char user[static ENDPOINT_USER_MAX])
{
    char kid[2 * USER_KID_LEN + 1];
    hex_encode(span_of(key->kid, USER_KID_LEN), kid);
    snprintf(user, ENDPOINT_USER_MAX, "%s/%s", key->member->id, kid);
}

enum err users_lookup(const struct registry *registry,
                      const uint8_t public_key[static ENDPOINT_KEY_LEN], uint64_t now_ms,
                      char user[static ENDPOINT_USER_MAX])
{
    const struct registry_key *key;
    enum err err = registry_transport(registry, public_key, &key);
    if (err != OK)
        return err;
    err = registry_key_check(key, key->member->id, KEY_USE_TRANSPORT, now_ms);
    if (err != OK)
        return err;
    user_of(key, user);
    return OK;
}

enum err users_check(const struct registry *registry, const char *user, uint64_t now_ms)
{
    char member[MEMBER_MAX + 1];
    uint8_t kid[USER_KID_LEN];

    const char *slash = strchr(user, '/');
    if (slash == NULL || (size_t)(slash - user) > MEMBER_MAX ||
        !hex_decode(slash + 1, kid, sizeof kid))
        return ERR_NO_USER_ID;
    memcpy(member, user, (size_t)(slash - user));
    member[slash - user] = '\0';
    const struct registry_member *row = registry_member(registry, member);
    const struct registry_key *key;
    for (size_t i = 0; row != NULL && (key = registry_member_key(registry, row, i)) != NULL; i++) {
        if (key->use == KEY_USE_TRANSPORT && memcmp(key->kid, kid, sizeof kid) == 0)
            return registry_key_check(key, member, KEY_USE_TRANSPORT, now_ms);
    }
    return ERR_REVOKED;
}

enum err users_dial(const struct registry *registry, const char *hub, uint64_t now_ms,
                    uint8_t key[static ENDPOINT_KEY_LEN], char user[static ENDPOINT_USER_MAX])
{
    const struct registry_key *found;
    enum err err = registry_current(registry, hub, KEY_USE_TRANSPORT, now_ms, &found);
    if (err != OK)
        return err;
    memcpy(key, found->public_key, ENDPOINT_KEY_LEN);
    user_of(found, user);
    return OK;
}
