/* Pieces of an evidence bundle by their names: a leaf with its path and what it commits to, a frame
 * that is still here, and, when it is asked for, what was judged. Read only. PROTOCOL 16. */
#include "core/query.h"

#include <string.h>

enum {
    ANSWER_ROOM = 300 << 10, /* bytes of leaves in one answer, before they are hexadecimal */
    ASKED_MAX = 64,          /* leaves of one question */
};

/* LSR1 with the one receipt that a leaf commits to. */
static enum err put_receipt(struct query *q, struct json *row, uint64_t index)
{
    struct chain_receipt at;
    uint64_t leaf = index;
    struct writer w = writer_of(q->core->frame, FRAME_MAX);
    enum err err = chain_next(q->core, &leaf, &at);
    if (err != OK)
        return err;
    frame_receipts_begin(&w, 0, 1);
    frame_receipts_add(&w, &at.entry);
    frame_receipts_end(&w, span_of(NULL, 0));
    json_put_hex(row, "receipts", writer_span(&w));
    return OK;
}

static enum err put_record(struct query *q, struct json *row, uint64_t index)
{
    struct decision_row decision;
    const enum err err = decision_get(q->core->store->decisions, index, &decision);
    if (err == OK)
        json_put_hex(row, "record", decision.record);
    return err == ERR_ERASED || err == ERR_NOT_FOUND ? OK : err;
}

static enum err put_leaf(struct query *q, struct json *row, uint64_t index, uint64_t size)
{
    merkle_hash path[MERKLE_PATH_MAX];
    unsigned path_len;
    struct log_entry entry;
    uint8_t bytes[HASH_LABEL_MAX + LOG_BODY_MAX + 16];
    struct writer w = writer_of(bytes, sizeof bytes);
    enum err err = log_get(q->core->store->log, index, &entry);
    if (err != OK)
        return err;
    const enum log_kind kind = (enum log_kind)entry.kind;
    json_put_uint(row, "index", index);
    json_put_uint(row, "kind", kind);
    err = log_leaf_write(&w, kind, entry.time_ms, entry.body);
    if (err != OK)
        return err;
    json_put_hex(row, "leaf", writer_span(&w));
    err = log_path(q->core->store->log, index, size, path, &path_len);
    if (err != OK)
        return err;
    json_put_hex(row, "path", span_of(path, (size_t)path_len * HASH_LEN));
    if (kind == LOG_MEMBER_RECEIPT || kind == LOG_OTHER_RECEIPT)
        return put_receipt(q, row, index);
    return kind == LOG_DECISION ? put_record(q, row, index) : OK;
}

static size_t hex_len(const struct json *row, const char *key)
{
    const char *text = json_get_text(row, key);
    return text == NULL ? 0 : strlen(text) / 2;
}

/* As many of those that are asked for as fit: one at least. */
enum err query_evidence_leaves(struct query *q)
{
    const struct json *asked = json_get(q->args, "leaves");
    struct json *list = json_list();
    uint64_t size;
    size_t room = ANSWER_ROOM;
    enum err err = OK;
    if (!json_uint(json_get(q->args, "size"), &size) || size > q->core->signed_size ||
        json_count(asked) > ASKED_MAX)
        err = ERR_FIELD_VALUE;
    for (size_t i = 0; err == OK && room > 0 && i < json_count(asked); i++) {
        uint64_t index;
        if (!json_uint(json_item(asked, i), &index) || index >= size) {
            err = ERR_FIELD_VALUE;
            break;
        }
        struct json *row = json_map();
        err = put_leaf(q, row, index, size);
        const size_t len = hex_len(row, "leaf") + hex_len(row, "path") + hex_len(row, "receipts") +
                           hex_len(row, "record");
        room = len < room ? room - len : 0;
        json_add(list, row);
    }
    json_put(q->answer, "leaves", list);
    return err;
}

enum err query_evidence_consistency(struct query *q)
{
    merkle_hash proof[MERKLE_CONSISTENCY_MAX];
    unsigned proof_len;
    uint64_t old_size;
    uint64_t size;
    if (!json_uint(json_get(q->args, "old"), &old_size) ||
        !json_uint(json_get(q->args, "size"), &size) || size > q->core->signed_size ||
        old_size > size)
        return ERR_FIELD_VALUE;
    const enum err err = log_consistency(q->core->store->log, old_size, size, proof, &proof_len);
    if (err == OK)
        json_put_hex(q->answer, "path", span_of(proof, (size_t)proof_len * HASH_LEN));
    return err;
}

/* ---- the rest ---- */

enum err query_evidence_frame(struct query *q)
{
    uint8_t id[STORE_ID_LEN];
    struct message_row row;
    struct span frame;
    uint64_t offset = 0;
    const char *sender = json_get_text(q->args, "sender");
    (void)json_uint(json_get(q->args, "offset"), &offset); /* may be left out */
    if (sender == NULL || !query_hex(q, "message_id", id, sizeof id))
        return ERR_FIELD_VALUE;
    enum err err = message_get(q->core->store->messages, sender, id, &row);
    if (err == OK)
        err = message_frame(q->core->store->messages, row.seq, &frame);
    if (err != OK)
        return err;
    if (offset > frame.len)
        return ERR_FIELD_VALUE;
    query_put_piece(q, frame, offset);
    return OK;
}

/* What was judged by the decision of a leaf: a document with what it says of its subject. */
enum err query_evidence_document(struct query *q)
{
    struct decision_row row;
    struct span lsd1;
    uint64_t index;
    if (!json_uint(json_get(q->args, "index"), &index))
        return ERR_FIELD_VALUE;
    uint64_t cursor = index;
    enum err err = decision_next(q->core->store->decisions, &cursor, &row);
    if (err == OK && row.seq != index)
        err = ERR_NOT_FOUND;
    if (err == OK && row.record.len == 0)
        err = ERR_ERASED;
    if (err == OK)
        err = redecide_facts(q->core, &row, &lsd1);
    if (err == OK)
        json_put_hex(q->answer, "document", lsd1);
    return err;
}
