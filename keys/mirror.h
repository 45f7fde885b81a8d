/*
 * mirror - keys, tokens and page hashes of the local mirrors of restrictions. PROTOCOL: mirror.
 *
 *   key     HMAC-SHA256(the hub's token key, L("mirror.key") ‖ u8|member| ‖ member ‖ adapter ‖
 *           u64 generation)
 *   token   HMAC-SHA256(key, L("token") ‖ u8 kind ‖ id)[0..16)        as rest_token, with that key
 *   head    SHA-256(L("mirror.page") ‖ the page, canonical, its own head all zeros)
 *
 * Guarantees:
 *   1. A key is of one adapter and one generation: it says nothing about the hub's own tokens, nor
 *      about those of another adapter or another generation, so two mirrors cannot be joined.
 *   2. A mirror without its key names nobody: identifiers are few enough to be tried one by one,
 *      so only the secret protects them. With it, its member can ask of any identifier that it
 *      knows, as it must be able to without the hub.
 *   3. A head covers every field of its page and, through `previous`, all pages before it.
 *
 * Thread rule: mirror_tokens is read-only once open; the rest has no state.
 */
#ifndef KEYS_MIRROR_H
#define KEYS_MIRROR_H

#include "keys/key.h"
#include "keys/rest.h"
#include "mirror.pb.h"

enum {
    MIRROR_KEY_LEN = 32,
    MIRROR_ADAPTER_LEN = 8, /* of the kid of an adapter's transport key, as in its User-Id */
};

/* The key of a generation, made anew each time that it is needed; the caller's to key_close. token
 * is the hub's, of KEY_USE_TOKEN, and so is the result. */
MUST_USE enum err mirror_key(struct key **out, const struct key *token, const char *member,
                             const uint8_t adapter[static MIRROR_ADAPTER_LEN], uint64_t generation);

/* Tokens of one key, many of them: the key is kept as HMAC has it, in guarded memory. */
struct mirror_tokens;
MUST_USE enum err mirror_tokens_open(struct mirror_tokens **out,
                                     const uint8_t key[static MIRROR_KEY_LEN]);
void mirror_tokens_close(struct mirror_tokens **tokens);
/* kind is lianshu_SubjectKind as the hub's own tokens have it: one kind for all bodies with a USCC.
 */
void mirror_token(const struct mirror_tokens *tokens, uint8_t kind, struct span id,
                  uint8_t out[static REST_TOKEN_LEN]);

/* What update->head must be; that field is not looked at. */
MUST_USE enum err mirror_head(lianshu_MirrorUpdate *update, struct writer *room,
                              uint8_t out[static HASH_LEN]);

/* Names the envelopes of one generation: their conversation. It begins with the adapter. */
enum { MIRROR_CONVERSATION_LEN = 16 };
void mirror_conversation(const char *member, const uint8_t adapter[static MIRROR_ADAPTER_LEN],
                         uint64_t generation, uint8_t out[static MIRROR_CONVERSATION_LEN]);

#endif
