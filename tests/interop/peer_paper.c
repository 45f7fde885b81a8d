/* Documents, files in chunks, receipts. */
#include "peer.h"

#include "catalogue.h"
#include "check.h"
#include "keys/attachment.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BODY_MAX = 2000 };

/* ---- documents ---- */

/* LSD1 -> SHA-256(D). */
enum err peer_document_verify(struct peer *p, struct span in, struct writer *out)
{
    static lianshu_Document d;
    uint8_t hash[HASH_LEN];
    enum err err = registry_verify_document(p->registry, p->now_ms, in, p->verifier, &d, hash);
    write_bytes(out, hash, err == OK ? sizeof hash : 0);
    return err;
}

/* Members whose signing keys we have, from a random one on. */
static const struct keyring *next_signer(const struct peer *p, size_t *at)
{
    for (size_t tries = 0; tries < p->member_count; tries++) {
        const struct keyring *ring = p->ring[(*at)++ % p->member_count];
        if (keyring_find(ring, KEY_USE_SIGN) != NULL)
            return ring;
    }
    return NULL;
}

static void fill_document(struct peer *p, lianshu_Document *d)
{
    do
        d->type = (uint32_t)peer_pick(p, GRANT_TYPES_LEN * 8);
    while (type_find(d->type) == NULL || type_find(d->type)->alone != NULL);
    d->version = 1 + (uint32_t)peer_pick(p, 9);
    d->issued_ms = p->now_ms - peer_pick(p, PEER_DAY_MS);
    d->valid_until_ms = peer_pick(p, 2) == 0 ? 0 : p->now_ms + peer_pick(p, PEER_DAY_MS);
    d->by_rule = peer_pick(p, 2) == 0;
    for (size_t i = 0; !d->by_rule && i < registry_member_count(p->registry); i++) {
        if (d->addressees_count < 32 && (i == 0 || peer_pick(p, 2) == 0))
            snprintf(d->addressees[d->addressees_count++], sizeof d->addressees[0], "%s",
                     registry_member_at(p->registry, i)->id);
    }
    d->basis_count = (pb_size_t)peer_pick(p, 17);
    for (size_t i = 0; i < d->basis_count; i++)
        snprintf(d->basis[i], sizeof d->basis[i], "药品管理法第%zu条", i);
    d->body.size = (pb_size_t)peer_pick(p, BODY_MAX);
    peer_fill(p, d->body.bytes, d->body.size);
    peer_fill(p, d->salt, sizeof d->salt);
    peer_fill(p, d->id, sizeof d->id);
}

static enum err make_document(struct peer *p, lianshu_Document *d, struct writer *out)
{
    const struct key *keys[FRAME_ISSUERS_MAX];
    size_t at = peer_pick(p, p->member_count);
    uint8_t hash[HASH_LEN];
    uint8_t frame[DOCUMENT_FRAME_MAX];
    struct writer d_w = writer_of(frame, sizeof frame);
    wire_clear(&lianshu_Document_msg, d);
    fill_document(p, d);
    snprintf(d->realm, sizeof d->realm, "%s", registry_realm(p->registry));
    d->issuers_count = (pb_size_t)(2 + peer_pick(p, FRAME_ISSUERS_MAX - 1));
    for (size_t i = 0; i < d->issuers_count; i++) {
        const struct keyring *ring = next_signer(p, &at);
        keys[i] = keyring_find(ring, KEY_USE_SIGN);
        snprintf(d->issuers[i].member, sizeof d->issuers[i].member, "%s", keyring_owner(ring));
        memcpy(d->issuers[i].kid, key_kid(keys[i]), KID_LEN);
    }
    enum err err = document_check(d);
    if (err == OK)
        err = document_encode(d, &d_w, hash);
    if (err != OK)
        return err;
    write_uint(out, 0, 4);
    const size_t begin = out->len;
    err = document_sign(writer_span(&d_w), keys, d->issuers_count, out);
    struct writer len = writer_of(out->data + begin - 4, 4);
    write_uint(&len, out->len - begin, 4);
    return err;
}

/* u64 seed ‖ u16 count -> count × (u32|LSD1| ‖ LSD1). */
enum err peer_documents_make(struct peer *p, struct span in, struct writer *out)
{
    static lianshu_Document d;
    uint64_t count;
    if (!peer_seed(p, &in) || !span_take_uint(&in, 2, &count))
        return ERR_USAGE;
    enum err err = OK;
    for (size_t i = 0; err == OK && i < count; i++)
        err = make_document(p, &d, out);
    return err;
}

/* ---- chunks ---- */

/* file_key ‖ LSC1 -> plaintext. */
enum err peer_chunk_open(struct peer *p, struct span in, struct writer *out)
{
    static uint8_t plain[CHUNK_PLAIN_LEN];
    struct span file_key;
    struct frame_chunk chunk;
    merkle_hash path[CHUNK_PATH_MAX];
    (void)p;
    if (!span_take(&in, FILE_KEY_LEN, &file_key))
        return ERR_USAGE;
    enum err err = frame_parse_chunk(in, &chunk);
    if (err != OK)
        return err;
    memcpy(path, chunk.path.data, chunk.path.len);
    err = chunk_verify(chunk.root, chunk.index, chunk.count, path, chunk.path.len / HASH_LEN,
                       chunk.cipher);
    if (err == OK)
        err = chunk_open(file_key.data, chunk.index, chunk.count, chunk.cipher, plain);
    write_bytes(out, plain, err == OK ? chunk.cipher.len - FRAME_CHUNK_TAG_LEN : 0);
    return err;
}

static enum err give_chunks(struct attachment *attachment, struct writer *out)
{
    lianshu_ManifestFile file = lianshu_ManifestFile_init_zero;
    uint8_t entry[512];
    struct writer w = writer_of(entry, sizeof entry);
    enum err err = attachment_measure(attachment);
    if (err != OK)
        return err;
    attachment_manifest(attachment, &file);
    if ((err = wire_encode(&lianshu_ManifestFile_msg, &file, &w)) != OK)
        return err;
    peer_block(out, writer_span(&w));
    uint8_t *frame = malloc(CHUNK_FRAME_MAX);
    err = frame == NULL ? ERR_NO_MEMORY : OK;
    for (uint64_t i = 0; err == OK && i < file.chunk_count; i++) {
        w = writer_of(frame, CHUNK_FRAME_MAX);
        if ((err = attachment_chunk(attachment, i, &w)) == OK)
            peer_block(out, writer_span(&w));
    }
    free(frame);
    return err;
}

/* u64 seed ‖ content -> u32|ManifestFile| ‖ it ‖ chunks × (u32|LSC1| ‖ LSC1). */
enum err peer_file_make(struct peer *p, struct span in, struct writer *out)
{
    struct attachment *attachment = NULL;
    if (!peer_seed(p, &in))
        return ERR_USAGE;
    FILE *file = tmpfile();
    if (file == NULL || (in.len > 0 && fwrite(in.data, in.len, 1, file) != 1) || fflush(file) != 0)
        return ERR_IO;
    enum err err = attachment_open(&attachment, fileno(file), NULL, &p->entropy);
    if (err == OK)
        err = give_chunks(attachment, out);
    attachment_close(&attachment);
    fclose(file);
    return err;
}

/* ---- receipts ---- */

/* LSR1 of members' receipts -> u16 how many. */
enum err peer_receipts_verify(struct peer *p, struct span in, struct writer *out)
{
    static lianshu_Receipt q;
    struct frame_receipts receipts;
    struct frame_receipt one;
    enum err err = frame_parse_receipts(in, &receipts);
    write_uint(out, receipts.count, 2);
    while (err == OK && frame_receipts_next(&receipts, &one))
        err = one.form != FRAME_RECEIPT_MEMBER
                  ? ERR_FORM
                  : receipt_verify(one.receipt, one.signature, p->registry, p->now_ms, p->verifier,
                                   &q);
    return err;
}

static void fill_receipt(struct peer *p, const char *by, lianshu_Receipt *q)
{
    *q = (lianshu_Receipt)lianshu_Receipt_init_zero;
    q->kind = (lianshu_ReceiptKind)(5 + peer_pick(p, 4));
    snprintf(q->realm, sizeof q->realm, "%s", registry_realm(p->registry));
    snprintf(q->by, sizeof q->by, "%s", by);
    snprintf(q->about, sizeof q->about, "%s", by);
    snprintf(q->sender, sizeof q->sender, "%s", registry_member_at(p->registry, 0)->id);
    peer_fill(p, q->message_id, sizeof q->message_id);
    peer_fill(p, q->env_id, sizeof q->env_id);
    q->code = (uint32_t)peer_pick(p, 1000);
    q->time_ms = p->now_ms;
    snprintf(q->reference, sizeof q->reference, "%s", peer_pick(p, 2) == 0 ? "" : "潮市监 9 号");
    q->grounds_count = (pb_size_t)peer_pick(p, 5);
    for (size_t i = 0; i < q->grounds_count; i++)
        snprintf(q->grounds[i].rule, sizeof q->grounds[i].rule, "R%02zu", i);
}

/* u64 seed ‖ u16 count ‖ u8|member| ‖ member -> one LSR1 of that many receipts in one batch. */
enum err peer_receipts_make(struct peer *p, struct span in, struct writer *out)
{
    static uint8_t said[BATCH_LEAF_MAX][FRAME_RECEIPT_MAX];
    static struct span q[BATCH_LEAF_MAX];
    static lianshu_Receipt receipt;
    char member[MEMBER_MAX + 1];
    uint64_t count;
    if (!peer_seed(p, &in) || !span_take_uint(&in, 2, &count) || count > BATCH_LEAF_MAX ||
        !peer_text(&in, member, sizeof member) || peer_ring(p, member) == NULL)
        return ERR_USAGE;
    batch_reset(p->batch);
    for (size_t i = 0; i < count; i++) {
        struct writer w = writer_of(said[i], sizeof said[i]);
        merkle_hash leaf;
        size_t index;
        fill_receipt(p, member, &receipt);
        enum err err = receipt_encode(&receipt, &w);
        q[i] = writer_span(&w);
        receipt_leaf(leaf, q[i]);
        if (err != OK || (err = batch_add(p->batch, leaf, &index)) != OK)
            return err;
    }
    enum err err = batch_sign(p->batch, keyring_find(peer_ring(p, member), KEY_USE_SIGN));
    frame_receipts_begin(out, 0, (unsigned)count);
    for (size_t i = 0; err == OK && i < count; i++) {
        uint8_t s[BATCH_SIGNATURE_MAX];
        struct writer w = writer_of(s, sizeof s);
        err = batch_write(p->batch, i, &w);
        const struct frame_receipt one = {
            .form = FRAME_RECEIPT_MEMBER, .receipt = q[i], .signature = writer_span(&w)};
        frame_receipts_add(out, &one);
    }
    frame_receipts_end(out, span_of(NULL, 0));
    return err;
}

static enum err verify_statement(struct peer *p, struct log_reader *reader, struct span in)
{
    static lianshu_Statement v;
    struct frame_statement s;
    struct checkpoint checkpoint;
    merkle_hash path[FRAME_LOG_PATH_MAX];
    (void)p;
    enum err err = frame_parse_statement(in, &s);
    if (err != OK || (err = log_reader_checkpoint(reader, s.checkpoint, &checkpoint)) != OK)
        return err;
    memcpy(path, s.path.data, s.path.len);
    return statement_verify(reader, &checkpoint, s.statement, path, s.path.len / HASH_LEN, &v);
}

static enum err verify_receipts(struct log_reader *reader, struct span in)
{
    static lianshu_Receipt q;
    struct frame_receipts receipts;
    struct frame_receipt one;
    struct checkpoint checkpoint;
    merkle_hash path[FRAME_LOG_PATH_MAX];
    enum err err = frame_parse_receipts(in, &receipts);
    if (err == OK)
        err = log_reader_checkpoint(reader, receipts.checkpoint, &checkpoint);
    while (err == OK && frame_receipts_next(&receipts, &one)) {
        memcpy(path, one.path.data, one.path.len);
        err = one.form != FRAME_RECEIPT_HUB ? ERR_FORM
                                            : receipt_verify_hub(reader, &checkpoint, one.receipt,
                                                                 path, one.path.len / HASH_LEN, &q);
    }
    return err;
}

/* u8|hub| ‖ hub ‖ LSR1 of that hub's receipts, or LSV1. */
enum err peer_hub_receipts_verify(struct peer *p, struct span in, struct writer *out)
{
    char hub[MEMBER_MAX + 1];
    enum frame_kind kind;
    (void)out;
    if (!peer_text(&in, hub, sizeof hub))
        return ERR_USAGE;
    struct log_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL)
        return ERR_NO_MEMORY;
    reader->registry = p->registry;
    reader->hub = hub;
    reader->at_ms = p->now_ms;
    enum err err = frame_kind(in, &kind);
    if (err == OK)
        err =
            kind == FRAME_STATEMENT ? verify_statement(p, reader, in) : verify_receipts(reader, in);
    free(reader);
    return err;
}
