/* libsodium, and what keys/ answers to itself. */
#include "fault/refusal_rows.h"

#include "keys/batch.h"
#include "keys/cosign.h"
#include "keys/document.h"
#include "keys/hpke.h"
#include "keys/key.h"
#include "keys/merkle.h"
#include "keys/note.h"
#include "keys/receipt.h"
#include "keys/registry.h"
#include "keys/rest.h"
#include "keys/roles.h"
#include "keys/seal.h"

#include <stddef.h>
#include <stdint.h>

typedef unsigned char byte;
typedef unsigned long long count;

REFUSED_INT(sodium_mprotect_readonly, (void *memory), (memory))
REFUSED_INT(crypto_sign_seed_keypair, (byte * public_key, byte *secret, const byte *seed),
            (public_key, secret, seed))
REFUSED_INT(crypto_sign_detached,
            (byte * out, count *out_len, const byte *m, count m_len, const byte *secret),
            (out, out_len, m, m_len, secret))
REFUSED_INT(crypto_sign_ed25519_pk_to_curve25519, (byte * out, const byte *key), (out, key))
REFUSED_INT(crypto_scalarmult, (byte * out, const byte *n, const byte *p), (out, n, p))
REFUSED_INT(crypto_scalarmult_base, (byte * out, const byte *n), (out, n))
REFUSED_INT(crypto_pwhash,
            (byte * out, count out_len, const char *text, count text_len, const byte *salt,
             count ops, size_t memory, int alg),
            (out, out_len, text, text_len, salt, ops, memory, alg))
REFUSED_INT(crypto_aead_chacha20poly1305_ietf_encrypt,
            (byte * c, count *c_len, const byte *m, count m_len, const byte *ad, count ad_len,
             const byte *none, const byte *nonce, const byte *key),
            (c, c_len, m, m_len, ad, ad_len, none, nonce, key))
REFUSED_INT(crypto_aead_xchacha20poly1305_ietf_encrypt,
            (byte * c, count *c_len, const byte *m, count m_len, const byte *ad, count ad_len,
             const byte *none, const byte *nonce, const byte *key),
            (c, c_len, m, m_len, ad, ad_len, none, nonce, key))

REFUSED_ERR(key_sign, (const struct key *key, struct span message, uint8_t *out),
            (key, message, out))
REFUSED_ERR(key_agree, (const struct key *key, const uint8_t *public_key, uint8_t *out),
            (key, public_key, out))
REFUSED_ERR(keyring_add, (struct keyring * ring, struct key **key), (ring, key))
REFUSED_ERR(batch_add, (struct batch * batch, const merkle_hash leaf, size_t *index),
            (batch, leaf, index))
REFUSED_ERR(batch_sign, (struct batch * batch, const struct key *key), (batch, key))
REFUSED_ERR(batch_write, (const struct batch *batch, size_t index, struct writer *w),
            (batch, index, w))
REFUSED_ERR(merkle_inclusion,
            (uint64_t index, uint64_t size, merkle_subtree_fn *subtree, void *ctx,
             merkle_hash *path, unsigned *path_len),
            (index, size, subtree, ctx, path, path_len))
REFUSED_ERR(merkle_prefix_root,
            (merkle_hash out, uint64_t size, merkle_subtree_fn *subtree, void *ctx),
            (out, size, subtree, ctx))
REFUSED_ERR(document_sign,
            (struct span d, const struct key *const *keys, size_t key_count, struct writer *w),
            (d, keys, key_count, w))
REFUSED_ERR(document_encode, (const lianshu_Document *document, struct writer *w, uint8_t *hash),
            (document, w, hash))
REFUSED_ERR(hpke_seal,
            (const uint8_t *public_key, struct span info, struct span aad, struct span plain,
             const struct entropy *entropy, struct writer *w),
            (public_key, info, aad, plain, entropy, w))
REFUSED_ERR(sealer_begin,
            (struct sealer * sealer, const char *realm, const uint8_t *sender_kid,
             const struct entropy *entropy),
            (sealer, realm, sender_kid, entropy))
REFUSED_ERR(sealer_audience,
            (struct sealer * sealer, const struct seal_reader *readers, size_t reader_count,
             const struct hmac_key **extract, struct span *wraps, const uint8_t **wraps_hash),
            (sealer, readers, reader_count, extract, wraps, wraps_hash))
REFUSED_ERR(seal_part,
            (const uint8_t *dek, const uint8_t *header_hash, uint8_t part, struct span plain,
             struct writer *w),
            (dek, header_hash, part, plain, w))
REFUSED_ERR(seal_open_dek,
            (const uint8_t *dek, const uint8_t *header_hash, uint8_t part, struct span c,
             uint8_t *buffer, size_t cap, struct span *plain),
            (dek, header_hash, part, c, buffer, cap, plain))
REFUSED_ERR(rest_token, (uint8_t * out, const struct key *token, uint8_t kind, struct span id),
            (out, token, kind, id))
REFUSED_ERR(log_leaf, (merkle_hash out, enum log_kind kind, uint64_t time_ms, struct span body),
            (out, kind, time_ms, body))
REFUSED_ERR(note_origin, (char *out, const char *hub, const char *realm, uint32_t log_number),
            (out, hub, realm, log_number))
REFUSED_ERR(note_parse, (struct span note, struct checkpoint *out), (note, out))
REFUSED_ERR(note_open,
            (struct span note, struct checkpoint *out, struct span *text, struct span *lines),
            (note, out, text, lines))
REFUSED_ERR(registry_record, (const struct registry_member *member, lianshu_MemberRecord *out),
            (member, out))
REFUSED_ERR(note_verify,
            (struct span note, const char *origin, const uint8_t *public_key,
             struct checkpoint *out),
            (note, origin, public_key, out))
REFUSED_ERR(log_reader_checkpoint,
            (struct log_reader * reader, struct span note, struct checkpoint *out),
            (reader, note, out))
REFUSED_ERR(key_check_public, (enum key_use use, const uint8_t *public_key), (use, public_key))
