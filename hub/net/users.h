/*
 * users - User-Ids by the registry: "<member>/<16 hex of the transport key's kid>".
 *
 * Guarantees: a key that is unknown, no transport key, or not valid at now_ms gives no User-Id
 * (zap.h), and a User-Id whose key is no longer so is refused (routes.h); users_dial answers the
 * key that a hub is to be dialled by, which is the newest that is valid.
 *
 * Thread rule: no state.
 */
#ifndef NET_USERS_H
#define NET_USERS_H

#include "keys/registry.h"
#include "net/endpoint.h"

/* Of the key that asks at the door. */
MUST_USE enum err users_lookup(const struct registry *registry,
                               const uint8_t public_key[static ENDPOINT_KEY_LEN], uint64_t now_ms,
                               char user[static ENDPOINT_USER_MAX]);
/* ERR_NO_USER_ID, ERR_REVOKED, or what registry_key_check says. */
MUST_USE enum err users_check(const struct registry *registry, const char *user, uint64_t now_ms);
/* Of a hub: its transport key and the User-Id of it. ERR_MEMBER_UNKNOWN, ERR_KEY_EXPIRED. */
MUST_USE enum err users_dial(const struct registry *registry, const char *hub, uint64_t now_ms,
                             uint8_t key[static ENDPOINT_KEY_LEN],
                             char user[static ENDPOINT_USER_MAX]);

#endif
