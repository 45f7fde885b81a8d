#include "keys/receipt.h"

#include "catalogue.h"
#include "wire.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

_Static_assert(lianshu_Receipt_size <= FRAME_RECEIPT_MAX &&
                   lianshu_Statement_size <= FRAME_STATEMENT_MAX,
               "what is encoded fits its frame");

static void put_leaf_head(struct writer *w, enum log_kind kind, uint64_t time_ms, size_t body_len)
{
    write_span(w, LABEL("log"));
    write_uint(w, (uint64_t)kind, 1);
    write_uint(w, time_ms, 8);
    write_uint(w, body_len, 2);
}

enum err log_leaf_write(struct writer *w, enum log_kind kind, uint64_t time_ms, struct span body)
{
    if (body.len > LOG_BODY_MAX)
        return ERR_TOO_LARGE;
    put_leaf_head(w, kind, time_ms, body.len);
    write_span(w, body);
    return w->full ? ERR_TOO_LARGE : OK;
}

enum err log_leaf_read(struct span leaf, unsigned *kind, uint64_t *time_ms, struct span *body)
{
    const struct span label = LABEL("log");
    struct span head;
    uint64_t number = 0;
    uint64_t len = 0;
    if (!span_take(&leaf, label.len, &head) || !span_eq(head, label) ||
        !span_take_uint(&leaf, 1, &number) || !span_take_uint(&leaf, 8, time_ms) ||
        !span_take_uint(&leaf, 2, &len) || leaf.len != len || number == 0)
        return ERR_LOG_ENTRY;
    *kind = (unsigned)number;
    *body = leaf;
    return OK;
}

enum err log_leaf(merkle_hash out, enum log_kind kind, uint64_t time_ms, struct span body)
{
    uint8_t head[HASH_LABEL_MAX + 1 + 8 + 2];
    struct writer w = writer_of(head, sizeof head);
    if (body.len > LOG_BODY_MAX)
        return ERR_TOO_LARGE;
    put_leaf_head(&w, kind, time_ms, body.len);
    const struct span spans[] = {writer_span(&w), body};
    merkle_leaf_spans(out, spans, 2);
    return OK;
}

enum err receipt_encode(const lianshu_Receipt *receipt, struct writer *w)
{
    return wire_encode(&lianshu_Receipt_msg, receipt, w);
}

void receipt_leaf(merkle_hash leaf, struct span q)
{
    uint8_t hash[HASH_LEN];
    hash_bytes(hash, q);
    const struct span spans[] = {LABEL("receipt"), span_of(hash, sizeof hash)};
    merkle_leaf_spans(leaf, spans, 2);
}

/* Decode Q for this realm. */
static enum err take_receipt(struct span q, const struct registry *registry, lianshu_Receipt *out)
{
    if (q.len > FRAME_RECEIPT_MAX)
        return ERR_FRAME_LENGTH;
    enum err err = wire_decode(&lianshu_Receipt_msg, q, out);
    if (err != OK)
        return err;
    return strcmp(out->realm, registry_realm(registry)) == 0 ? OK : ERR_REALM;
}

enum err receipt_verify(struct span q, struct span s, const struct registry *registry,
                        uint64_t at_ms, struct verifier *verifier, lianshu_Receipt *out)
{
    struct frame_signature signature;
    const struct registry_key *key;
    merkle_hash leaf;

    enum err err = take_receipt(q, registry, out);
    if (err != OK)
        return err;
    /* What a hub says stands in its log and nowhere else. */
    if (receipt_kind_by_hub(out->kind) || out->log_index != 0)
        return ERR_RECEIPT_BY;
    if ((err = frame_parse_signature(s, &signature)) != OK)
        return err;
    if ((err = registry_signer(registry, out->by, signature.kid, KEY_USE_SIGN, at_ms, &key)) != OK)
        return err;
    receipt_leaf(leaf, q);
    return verifier_check(verifier, key->public_key, leaf, s);
}

/* Try the hub's log keys of that moment. */
static enum err verify_note(const struct log_reader *reader, struct span note,
                            struct checkpoint *out, const struct registry_key **by)
{
    const struct registry_member *hub = registry_member(reader->registry, reader->hub);
    uint32_t number;
    enum err err = note_parse(note, out);
    if (err != OK)
        return err;
    if (hub == NULL)
        return ERR_MEMBER_UNKNOWN;
    if (reader->origin != NULL ? strcmp(out->origin, reader->origin) != 0
                               : !note_origin_number(out->origin, reader->hub,
                                                     registry_realm(reader->registry), &number))
        return ERR_CHECKPOINT;
    struct checkpoint again;
    for (size_t i = 0; i < hub->key_count; i++) {
        const struct registry_key *key = registry_member_key(reader->registry, hub, i);
        if (registry_key_check(key, reader->hub, KEY_USE_LOG, reader->at_ms) != OK)
            continue;
        if (note_verify(note, out->origin, key->public_key, &again) == OK) {
            *by = key;
            return OK;
        }
    }
    return ERR_CHECKPOINT;
}

/* The checkpoint verified last, once more, while its key is still good. */
static bool seen_before(const struct log_reader *reader, struct span note)
{
    const struct registry_key *key;
    return reader->last.origin[0] != '\0' &&
           span_eq(note, span_of(reader->last_note, reader->last_len)) &&
           (reader->origin == NULL || strcmp(reader->origin, reader->last.origin) == 0) &&
           registry_signer(reader->registry, reader->hub, reader->last_kid, KEY_USE_LOG,
                           reader->at_ms, &key) == OK;
}

enum err log_reader_checkpoint(struct log_reader *reader, struct span note, struct checkpoint *out)
{
    const struct registry_key *key;
    if (seen_before(reader, note)) {
        *out = reader->last;
        return OK;
    }
    enum err err = verify_note(reader, note, out, &key);
    if (err != OK)
        return err;
    reader->last = *out;
    reader->last_len = note.len; /* at most NOTE_LEN_MAX: it parsed */
    memcpy(reader->last_note, note.data, note.len);
    memcpy(reader->last_kid, key->kid, KID_LEN);
    return OK;
}

enum err receipt_verify_hub(struct log_reader *reader, const struct checkpoint *checkpoint,
                            struct span q, const merkle_hash *path, size_t path_len,
                            lianshu_Receipt *out)
{
    merkle_hash leaf;
    enum err err = take_receipt(q, reader->registry, out);
    if (err != OK)
        return err;
    if (strcmp(out->by, reader->hub) != 0)
        return ERR_RECEIPT_BY;
    err = log_leaf(leaf, LOG_RECEIPT, out->time_ms, q);
    assert(err == OK); /* no receipt is longer than an entry */
    return log_path_verify(&reader->nodes, leaf, out->log_index, checkpoint->size, path, path_len,
                           checkpoint->root);
}

enum err statement_verify(struct log_reader *reader, const struct checkpoint *checkpoint,
                          struct span v, const merkle_hash *path, size_t path_len,
                          lianshu_Statement *out)
{
    merkle_hash leaf;
    if (v.len > FRAME_STATEMENT_MAX)
        return ERR_FRAME_LENGTH;
    enum err err = wire_decode(&lianshu_Statement_msg, v, out);
    if (err != OK)
        return err;
    if (strcmp(out->realm, registry_realm(reader->registry)) != 0)
        return ERR_REALM;
    err = log_leaf(leaf, LOG_STATEMENT, out->accepted_ms, v);
    assert(err == OK); /* nor is a statement */
    return log_path_verify(&reader->nodes, leaf, out->log_index, checkpoint->size, path, path_len,
                           checkpoint->root);
}
