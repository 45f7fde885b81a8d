/* Leaves of the hub's log, and what they commit to. */
#include "keys/evidence_inner.h"

#include "base/hex.h"
#include "sanction.pb.h"
#include "wire.h"

#include <assert.h>
#include <stdlib.h>

enum { FUTURE_MS = 300 * 1000, TOKEN_LEN = 16 };

/* A leaf that is being looked at. */
struct looking {
    struct evidence_job *job;
    struct evidence_leaf *leaf;
};

/* "log/000000000012.leaf": digits alone, as for every name here. */
static uint64_t index_of(const struct bundle_file *file)
{
    return strtoull(strchr(file->name, '/') + 1, NULL, 10);
}

static enum err say(const struct looking *l, enum err err, const struct bundle_file *file,
                    const char *detail)
{
    return evidence_bad(l->job, err, file->name, detail);
}

/* ---- what hubs say ---- */

static enum err take_hub_receipt(const struct looking *l)
{
    lianshu_Receipt q;
    struct evidence_leaf *leaf = l->leaf;
    if (wire_decode(&lianshu_Receipt_msg, leaf->body, &q) != OK)
        return say(l, ERR_EVIDENCE, leaf->file, "no receipt");
    memcpy(leaf->env_id, q.env_id, sizeof leaf->env_id);
    if (strcmp(q.realm, l->job->out->realm) != 0)
        return say(l, ERR_REALM, leaf->file, "receipt");
    if (strcmp(q.by, l->job->out->hub) != 0)
        return say(l, ERR_RECEIPT_BY, leaf->file, "a receipt of another hub");
    return q.log_index == leaf->index && q.time_ms == leaf->time_ms
               ? OK
               : say(l, ERR_EVIDENCE, leaf->file, "the receipt is of another place or time");
}

static enum err take_statement(const struct looking *l)
{
    lianshu_Statement v;
    struct evidence_leaf *leaf = l->leaf;
    if (wire_decode(&lianshu_Statement_msg, leaf->body, &v) != OK)
        return say(l, ERR_EVIDENCE, leaf->file, "no statement");
    if (v.env_id.size == HASH_LEN)
        memcpy(leaf->env_id, v.env_id.bytes, sizeof leaf->env_id);
    if (strcmp(v.realm, l->job->out->realm) != 0)
        return say(l, ERR_REALM, leaf->file, "statement");
    return v.log_index == leaf->index && v.accepted_ms == leaf->time_ms
               ? OK
               : say(l, ERR_EVIDENCE, leaf->file, "the statement is of another place or time");
}

/* ---- what stands beside a leaf ---- */

static enum err check_member_receipt(const struct looking *l, const struct bundle_file *file,
                                     const struct frame_receipt *entry)
{
    lianshu_Receipt q;
    struct frame_signature s;
    uint8_t key[KEY_PUBLIC_LEN];
    merkle_hash leaf;
    enum err err = wire_decode(&lianshu_Receipt_msg, entry->receipt, &q);
    if (err == OK)
        err = frame_parse_signature(entry->signature, &s);
    if (err != OK)
        return say(l, err, file, "receipt");
    if (strcmp(q.realm, l->job->out->realm) != 0)
        return say(l, ERR_REALM, file, "receipt");
    if (q.log_index != 0 || q.time_ms > l->leaf->time_ms + FUTURE_MS)
        return say(l, ERR_RECEIPT_BY, file, "what a member cannot say");
    const struct evidence_said said = {file, q.time_ms, l->leaf->time_ms};
    err = evidence_signer(l->job, &said, q.by, s.kid, key);
    if (err != OK)
        return say(l, err, file, q.by);
    receipt_leaf(leaf, entry->receipt);
    err = verifier_check(l->job->verifier, key, leaf, entry->signature);
    return err == OK ? OK : say(l, err, file, q.by);
}

static enum err check_other_receipt(const struct looking *l, const struct bundle_file *file,
                                    const struct frame_receipt *entry)
{
    lianshu_Receipt q;
    struct checkpoint head;
    merkle_hash leaf;
    enum err err = wire_decode(&lianshu_Receipt_msg, entry->receipt, &q);
    if (err != OK)
        return say(l, err, file, "receipt");
    if (strcmp(q.realm, l->job->out->realm) != 0)
        return say(l, ERR_REALM, file, "receipt");
    err = evidence_note(l->job, q.by, q.time_ms, l->leaf->time_ms, entry->checkpoint, &head);
    if (err == ERR_CHECKPOINT) /* its log key may have begun since */
        err = evidence_note(l->job, q.by, l->job->out->exported_ms, l->leaf->time_ms,
                            entry->checkpoint, &head);
    const enum err logged = log_leaf(leaf, LOG_RECEIPT, q.time_ms, entry->receipt);
    assert(logged == OK); /* no receipt is longer than an entry */
    if (err == OK)
        err = merkle_verify((const uint8_t *)leaf, q.log_index, head.size,
                            (const merkle_hash *)entry->path.data, entry->path.len / HASH_LEN,
                            (const uint8_t *)head.root);
    return err == OK ? OK : say(l, err, file, q.by);
}

/* One receipt of that form, alone. */
static bool read_receipt(struct span lsr1, unsigned form, struct frame_receipt *out)
{
    struct frame_receipts frame;
    if (frame_parse_receipts(lsr1, &frame) != OK || frame.count != 1 || frame.first != 0 ||
        frame.checkpoint.len != 0)
        return false;
    return frame_receipts_next(&frame, out) && out->form == form;
}

/* The leaf is SHA-256(Q ‖ S), of another hub's receipt SHA-256(Q). */
static enum err take_kept_receipt(const struct looking *l, unsigned form)
{
    struct frame_receipt entry;
    uint8_t hash[HASH_LEN];
    struct evidence_leaf *leaf = l->leaf;
    const struct bundle_file *file = evidence_beside(l->job, leaf->file->name, "receipts", ".lsr");
    if (file == NULL)
        return say(l, ERR_EVIDENCE, leaf->file, "the receipt that it commits to is missing");
    if (!read_receipt(file->bytes, form, &entry))
        return say(l, ERR_EVIDENCE, file, "not one receipt of this form");
    const struct span both[] = {entry.receipt, entry.signature};
    hash_spans(hash, both, form == FRAME_RECEIPT_MEMBER ? 2 : 1);
    if (!span_eq(leaf->body, span_of(hash, sizeof hash)))
        return say(l, ERR_EVIDENCE, file, "the leaf commits to another receipt");
    leaf->by = file;
    leaf->text = entry.receipt;
    return form == FRAME_RECEIPT_MEMBER ? check_member_receipt(l, file, &entry)
                                        : check_other_receipt(l, file, &entry);
}

/* u16 n ‖ n tokens ‖ the look-ups that the record's read set is over. */
static enum err take_reads(const struct looking *l, const lianshu_DecisionRecord *record)
{
    uint64_t count;
    uint8_t hash[HASH_LEN];
    const struct bundle_file *file = evidence_beside(l->job, l->leaf->file->name, "reads", ".bin");
    if (file == NULL)
        return OK;
    struct span rest = file->bytes;
    if (!span_take_uint(&rest, 2, &count) ||
        !span_take(&rest, (size_t)count * TOKEN_LEN, &l->leaf->tokens))
        return say(l, ERR_EVIDENCE, file, "no notes of a decision");
    const struct span both[] = {LABEL("readset"), rest};
    hash_spans(hash, both, 2);
    if (memcmp(hash, record->read_set_sha256, HASH_LEN) != 0)
        return say(l, ERR_EVIDENCE, file, "the record commits to something else that was read");
    l->leaf->reads = rest;
    return OK;
}

static enum err take_record(const struct looking *l)
{
    lianshu_DecisionRecord *record;
    uint8_t hash[HASH_LEN];
    char *text = NULL;
    size_t len = 0;
    struct evidence_leaf *leaf = l->leaf;
    const char *name = leaf->file->name;
    const struct bundle_file *file = evidence_beside(l->job, name, "decisions", ".bin");
    const struct bundle_file *shown = evidence_beside(l->job, name, "decisions", ".json");
    leaf->text = span_of(NULL, 0);
    if (file == NULL) /* erased after its retention: the leaf stays */
        return shown == NULL ? OK : say(l, ERR_EVIDENCE, shown, "the record itself is missing");
    hash_bytes(hash, file->bytes);
    if (!span_eq(leaf->body, span_of(hash, sizeof hash)))
        return say(l, ERR_EVIDENCE, file, "the leaf commits to another record");
    if (shown == NULL)
        return say(l, ERR_EVIDENCE, file, "its .json is missing");
    record = malloc(sizeof *record);
    if (record == NULL)
        return ERR_NO_MEMORY;
    enum err err = wire_decode(&lianshu_DecisionRecord_msg, file->bytes, record);
    if (err == OK)
        err = evidence_json(&lianshu_DecisionRecord_msg, record, &text, &len);
    if (err == OK && !span_eq(shown->bytes, span_of(text, len)))
        err = say(l, ERR_EVIDENCE, shown, "it is not what the record says");
    if (err == OK)
        err = take_reads(l, record);
    memcpy(leaf->document, record->document_sha256, sizeof leaf->document);
    memcpy(leaf->rule_set, record->rule_set_sha256, sizeof leaf->rule_set);
    free(text);
    free(record);
    leaf->by = file;
    leaf->text = file->bytes;
    return err == OK || err == ERR_EVIDENCE ? err : say(l, err, file, "decision record");
}

static enum err take_state(const struct looking *l)
{
    lianshu_StateChange change;
    struct evidence_leaf *leaf = l->leaf;
    if (wire_decode(&lianshu_StateChange_msg, leaf->body, &change) != OK)
        return say(l, ERR_EVIDENCE, leaf->file, "no state");
    memcpy(leaf->id, change.id, sizeof leaf->id);
    if (change.document.size == HASH_LEN)
        memcpy(leaf->document, change.document.bytes, sizeof leaf->document);
    return OK;
}

static enum err take_text(const struct looking *l)
{
    switch (l->leaf->kind) {
    case LOG_RECEIPT:
        return take_hub_receipt(l);
    case LOG_STATEMENT:
        return take_statement(l);
    case LOG_MEMBER_RECEIPT:
        return take_kept_receipt(l, FRAME_RECEIPT_MEMBER);
    case LOG_OTHER_RECEIPT:
        return take_kept_receipt(l, FRAME_RECEIPT_OTHER_HUB);
    case LOG_DECISION:
        return take_record(l);
    case LOG_ORDER_STATE:
    case LOG_OBLIGATION_STATE:
        return take_state(l);
    default:
        return OK;
    }
}

static enum err take_leaf(struct evidence_job *job, const struct bundle_file *file)
{
    merkle_hash hash;
    struct evidence_leaf *leaf = &job->out->leaves[job->out->leaf_count];
    const struct looking l = {job, leaf};
    const struct checkpoint *head = &job->out->checkpoint;
    const struct bundle_file *path = evidence_beside(job, file->name, "log", ".path");
    *leaf = (struct evidence_leaf){.file = file, .index = index_of(file)};
    if (log_leaf_read(file->bytes, &leaf->kind, &leaf->time_ms, &leaf->body) != OK)
        return say(&l, ERR_EVIDENCE, file, "no leaf");
    if (path == NULL || path->bytes.len % HASH_LEN != 0)
        return say(&l, ERR_INCLUSION, file, "its path");
    merkle_leaf(hash, file->bytes);
    const enum err err = merkle_verify((const uint8_t *)hash, leaf->index, head->size,
                                       (const merkle_hash *)path->bytes.data,
                                       path->bytes.len / HASH_LEN, (const uint8_t *)head->root);
    if (err != OK)
        return say(&l, err, file, "it is not under the checkpoint, or its path is another's");
    /* As of the export the log's key was good: not of what it signed later. */
    if (leaf->time_ms > job->out->exported_ms)
        return say(&l, ERR_TIME_BOUND, file, "it is later than the export");
    leaf->text = leaf->body;
    job->out->leaf_count++;
    return take_text(&l);
}

/* Does this leaf speak of what the bundle says that it is about? */
static bool is_about(const struct evidence *e, const struct evidence_leaf *leaf)
{
    char hex[EVIDENCE_ID_MAX + 1];
    if (strcmp(e->kind, "envelope") == 0) {
        hex_encode(span_of(leaf->env_id, sizeof leaf->env_id), hex);
        return leaf->kind == LOG_RECEIPT && strcmp(e->id, hex) == 0;
    }
    hex_encode(span_of(leaf->id, sizeof leaf->id), hex);
    return leaf->kind == LOG_ORDER_STATE && strcmp(e->id, hex) == 0;
}

static enum err check_about(const struct evidence_job *job)
{
    for (size_t i = 0; i < job->out->leaf_count; i++) {
        if (is_about(job->out, &job->out->leaves[i]))
            return OK;
    }
    if (strcmp(job->out->kind, "case") == 0)
        return OK; /* its id stands in sealed documents, and is the hub's word */
    return evidence_bad(job, ERR_EVIDENCE, "bundle.json",
                        "no entry of the log here is about that id");
}

/* Of each file that stands beside a leaf, the leaf is here. */
static enum err check_beside(const struct evidence_job *job, const char *folder, unsigned a,
                             unsigned b)
{
    const struct bundle_file *file;
    size_t at = 0;
    while ((file = evidence_next(job, folder, &at)) != NULL) {
        const struct bundle_file *leaf = evidence_beside(job, file->name, "log", ".leaf");
        unsigned kind;
        uint64_t time_ms;
        struct span body;
        const enum err err = leaf == NULL ? OK : log_leaf_read(leaf->bytes, &kind, &time_ms, &body);
        assert(err == OK); /* take_leaf has read it */
        if (leaf == NULL || (kind != a && kind != b && a != 0))
            return evidence_bad(job, ERR_EVIDENCE, file->name, "no leaf commits to it");
    }
    return OK;
}

/* What was read is proven by a record alone. */
static enum err check_records(const struct evidence_job *job)
{
    const struct bundle_file *file;
    size_t at = 0;
    while ((file = evidence_next(job, "reads", &at)) != NULL) {
        if (evidence_beside(job, file->name, "decisions", ".bin") == NULL)
            return evidence_bad(job, ERR_EVIDENCE, file->name, "no record commits to it");
    }
    return OK;
}

enum err evidence_leaves(struct evidence_job *job)
{
    const struct bundle_file *file;
    size_t at = 0;
    enum err err = OK;
    job->out->leaves = calloc(evidence_count(job, "log") + 1, sizeof *job->out->leaves);
    if (job->out->leaves == NULL)
        return ERR_NO_MEMORY;
    while (err == OK && (file = evidence_next(job, "log", &at)) != NULL) {
        if (evidence_ends(file, ".leaf"))
            err = take_leaf(job, file);
    }
    if (err == OK)
        err = check_beside(job, "log", 0, 0);
    if (err == OK)
        err = check_beside(job, "receipts", LOG_MEMBER_RECEIPT, LOG_OTHER_RECEIPT);
    if (err == OK)
        err = check_beside(job, "decisions", LOG_DECISION, LOG_DECISION);
    if (err == OK)
        err = check_records(job);
    return err == OK ? check_about(job) : err;
}
