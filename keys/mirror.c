#include "keys/mirror.h"

#include "frame_take.h"
#include "ident.h"
#include "keys/guard.h"
#include "wire.h"

#include <assert.h>
#include <string.h>

enum { PLACE_MAX = 1 + MEMBER_MAX + MIRROR_ADAPTER_LEN + 8 };

static size_t place(uint8_t out[static PLACE_MAX], const char *member, const uint8_t *adapter,
                    uint64_t generation)
{
    struct writer w = writer_of(out, PLACE_MAX);
    frame_write_sized(&w, 1, span_str(member));
    write_bytes(&w, adapter, MIRROR_ADAPTER_LEN);
    write_uint(&w, generation, 8);
    assert(!w.full); /* a row of the store has a name of a member */
    return w.len;
}

enum err mirror_key(struct key **out, const struct key *token, const char *member,
                    const uint8_t adapter[static MIRROR_ADAPTER_LEN], uint64_t generation)
{
    *out = NULL;
    if (key_use(token) != KEY_USE_TOKEN)
        return ERR_KEY_USE;
    uint8_t *secret = guard_alloc(MIRROR_KEY_LEN);
    if (secret == NULL)
        return ERR_NO_MEMORY;
    uint8_t of[PLACE_MAX];
    const struct span spans[] = {LABEL("mirror.key"),
                                 span_of(of, place(of, member, adapter, generation))};
    hmac_spans(secret, span_of(key_secret(token), KEY_SECRET_LEN), spans, 2);
    const enum err err = key_import(out, KEY_USE_TOKEN, generation, secret);
    guard_free(secret);
    return err;
}

struct mirror_tokens {
    struct hmac_key hmac;
};

enum err mirror_tokens_open(struct mirror_tokens **out, const uint8_t key[static MIRROR_KEY_LEN])
{
    struct mirror_tokens *t = guard_alloc(sizeof *t);
    *out = t;
    if (t == NULL)
        return ERR_NO_MEMORY;
    hmac_key_init(&t->hmac, span_of(key, MIRROR_KEY_LEN));
    return OK;
}

void mirror_tokens_close(struct mirror_tokens **tokens)
{
    guard_free(*tokens);
    *tokens = NULL;
}

void mirror_token(const struct mirror_tokens *tokens, uint8_t kind, struct span id,
                  uint8_t out[static REST_TOKEN_LEN])
{
    uint8_t mac[HASH_LEN];
    const struct span spans[] = {LABEL("token"), span_of(&kind, 1), id};
    hmac_key_spans(mac, &tokens->hmac, spans, 3);
    memcpy(out, mac, REST_TOKEN_LEN);
}

enum err mirror_head(lianshu_MirrorUpdate *update, struct writer *room,
                     uint8_t out[static HASH_LEN])
{
    uint8_t own[HASH_LEN];
    memcpy(own, update->head, HASH_LEN);
    memset(update->head, 0, HASH_LEN);
    const enum err err = wire_encode(&lianshu_MirrorUpdate_msg, update, room);
    memcpy(update->head, own, HASH_LEN);
    if (err != OK)
        return err;
    const struct span spans[] = {LABEL("mirror.page"), writer_span(room)};
    hash_spans(out, spans, 2);
    return OK;
}

void mirror_conversation(const char *member, const uint8_t adapter[static MIRROR_ADAPTER_LEN],
                         uint64_t generation, uint8_t out[static MIRROR_CONVERSATION_LEN])
{
    uint8_t hash[HASH_LEN];
    uint8_t of[PLACE_MAX];
    const struct span spans[] = {LABEL("mirror.page"),
                                 span_of(of, place(of, member, adapter, generation))};
    hash_spans(hash, spans, 2);
    memcpy(out, adapter, MIRROR_ADAPTER_LEN);
    memcpy(out + MIRROR_ADAPTER_LEN, hash, MIRROR_CONVERSATION_LEN - MIRROR_ADAPTER_LEN);
}
