#include "bench/peer_seal.h"

#include "base/clock.h"
#include "base/text.h"
#include "bench/peers.h"
#include "catalogue.h"
#include "check.h"
#include "keys/envelope.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>

enum { RECEIVER_FIRST = 64, LIFE_MS = 3600 * 1000 };

struct peer_seal {
    const struct place *place;
    struct keyring *keys;
    char member[MEMBER_MAX + 1], other[MEMBER_MAX + 1];
    struct entropy_pool pool;
    struct entropy entropy;
    struct envelope_batch *batch;
    struct verifier *verifier;
    struct opener *opener;
    lianshu_Header header;
    uint8_t frame[PEER_SEALED_MAX];
    uint8_t plain[PEER_SEALED_MAX];
};

struct peer_seal *peer_seal_open(const struct place *place, unsigned pair, bool reader)
{
    struct fault fault = {.err = OK};
    struct peer_seal *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->place = place;
    s->entropy = entropy_pooled(&s->pool);
    place_member(reader ? RECEIVER_FIRST + pair : pair, s->member);
    place_member(reader ? pair : RECEIVER_FIRST + pair, s->other);
    if (place_keys(place, s->member, &s->keys, &fault) != OK ||
        envelope_batch_open(&s->batch, 0) != OK ||
        verifier_open(&s->verifier, VERIFIER_NODES_MIN) != OK ||
        opener_open(&s->opener, OPENER_SECRETS_DEFAULT) != OK)
        peer_seal_close(&s);
    return s;
}

void peer_seal_close(struct peer_seal **seal)
{
    if (*seal == NULL)
        return;
    keyring_close(&(*seal)->keys);
    envelope_batch_close(&(*seal)->batch);
    verifier_close(&(*seal)->verifier);
    opener_close(&(*seal)->opener);
    free(*seal);
    *seal = NULL;
}

bool peer_seal_make(struct peer_seal *s, struct span body, struct span *message)
{
    lianshu_Header *h = &s->header;
    uint8_t env_id[ENVELOPE_ID_LEN];
    struct writer w = writer_of(s->frame, sizeof s->frame);
    const struct envelope_options options = {.realm = PLACE_REALM,
                                             .sender = s->member,
                                             .key = keyring_find(s->keys, KEY_USE_SIGN),
                                             .registry = s->place->registry,
                                             .entropy = &s->entropy};

    wire_clear(&lianshu_Header_msg, h);
    wire_clear(&lianshu_PartHeader_msg, &h->parts[0]);
    h->type = lianshu_DocumentType_TYPE_EVIDENCE;
    h->created_ms = clock_real_ms();
    h->expires_ms = h->created_ms + LIFE_MS;
    h->priority = (uint32_t)type_find(h->type)->lane;
    h->destination_count = 1;
    text_copy(h->destination[0], sizeof h->destination[0], s->other);
    text_copy(h->purpose, sizeof h->purpose, "bench");
    h->parts_count = 1;
    h->parts[0].kind = lianshu_PartKind_PART_SEALED;
    h->parts[0].audience_count = 1;
    text_copy(h->parts[0].audience[0].member, sizeof h->parts[0].audience[0].member, s->other);
    if (envelope_batch_begin(s->batch, &options) != OK ||
        envelope_batch_add(s->batch, h, &body, NULL, env_id) != OK ||
        envelope_batch_finish(s->batch) != OK || envelope_batch_frame(s->batch, 0, &w) != OK)
        return false;
    *message = writer_span(&w);
    return true;
}

bool peer_seal_take(void *ctx, struct span message)
{
    struct peer_seal *s = ctx;
    const struct registry *registry = s->place->registry;
    const struct registry_key *key;
    lianshu_Header *h = &s->header;
    struct frame_envelope env;
    uint8_t header_hash[HASH_LEN], env_id[HASH_LEN];
    struct span plain;
    enum err inner;

    if (frame_parse_envelope(message, &env) != OK ||
        wire_decode(&lianshu_Header_msg, env.header, h) != OK || header_check(h) != OK ||
        envelope_check_reader(h, &env, s->member) != OK || strcmp(h->sender, s->other) != 0)
        return false;
    envelope_id(&env, header_hash, env_id);
    return registry_signer(registry, h->sender, h->sender_kid, KEY_USE_SIGN, h->created_ms, &key) ==
               OK &&
           verifier_check(s->verifier, key->public_key, env_id, env.signature) == OK &&
           registry_may(registry, h->sender, h->type, s->member) == OK &&
           envelope_open(s->opener, s->keys, s->member, h, &env, header_hash, 0, s->plain,
                         sizeof s->plain, &plain, NULL, &inner) == OK &&
           plain.len == PEER_BODY;
}
