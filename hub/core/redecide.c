/* Recorded decisions made again, by the rule set that each names (of the archive, when it is not
 * the one in use) and as of the log size that each names: the record must be the one that its leaf
 * commits to, the document the one that was judged, and the outcome the same to the byte. A leaf
 * whose record is gone and a record without its leaf are named as well. */
#include "core/query.h"

#include "base/hex.h"
#include "keys/bundle.h"
#include "policy/rulearchive.h"

#include <stdlib.h>
#include <string.h>

enum {
    STEP_DEFAULT = 128, /* decisions of one answer: a few milliseconds of the hub */
    STEP_MAX = 1024,
    LISTED_MAX = 64,    /* that are named in one answer */
    LEAVES_MAX = 16384, /* of other kinds between decisions that one answer passes over */
    MISSING_MAX = 8,    /* rule sets that the archive does not have, named in one answer */
};

enum redecided { SAME, ERASED, OTHER_RULES, DIFFERS };

/* Why it differs: a stable word, and the code of what is wrong. */
struct remade {
    enum redecided is;
    const char *why;
    enum err code;
};

static struct remade differs(const char *why)
{
    return (struct remade){DIFFERS, why, ERR_REEXECUTION};
}

static struct remade spoilt(const char *why)
{
    return (struct remade){DIFFERS, why, ERR_CORRUPT};
}

/* A plan that was made again, of a decision of then. */
static bool is_again(const lianshu_DecisionRecord *r)
{
    return r->known_size != 0 || r->member[0] != '\0';
}

/* What is beside the record says the same as the record. A plan that is made again bears the time
 * of its leaf; what another hub took was decided as of then, and written down later. */
static bool row_fits(const struct decision_row *row, const lianshu_DecisionRecord *r,
                     uint64_t leaf_ms)
{
    return memcmp(row->document, r->document_sha256, HASH_LEN) == 0 && row->type == r->type &&
           row->code == r->code && r->log_size <= row->seq && r->known_size <= row->seq &&
           (is_again(r) ? row->time_ms == leaf_ms && leaf_ms >= r->now_ms
                        : row->time_ms == r->now_ms);
}

/* The leaf commits to the record, and the message's receipt to its envelope. *is_leaf: a leaf of a
 * decision stands there. */
static enum err leaves_fit(struct core *core, const struct decision_row *row, bool *is_leaf,
                           uint64_t *leaf_ms, bool *fit)
{
    uint8_t hash[HASH_LEN];
    struct log_entry leaf;
    *fit = *is_leaf = false;
    enum err err = log_get(core->store->log, row->seq, &leaf);
    if (err != OK)
        return err;
    *is_leaf = leaf.kind == LOG_DECISION;
    *leaf_ms = leaf.time_ms;
    *fit = *is_leaf && leaf.time_ms >= row->time_ms && leaf.body.len == HASH_LEN;
    if (*fit && row->record.len > 0) {
        hash_bytes(hash, row->record);
        *fit = memcmp(hash, leaf.body.data, HASH_LEN) == 0;
    }
    if (!*fit || row->message_seq == STORE_NEVER)
        return OK;
    lianshu_Receipt *receipt = &core->stored_receipt;
    err = log_get(core->store->log, row->message_seq, &leaf);
    if (err != OK)
        return err;
    *fit = leaf.kind == LOG_RECEIPT &&
           wire_decode(&lianshu_Receipt_msg, leaf.body, receipt) == OK &&
           memcmp(receipt->env_id, row->env_id, HASH_LEN) == 0;
    return OK;
}

enum err redecide_facts(struct core *core, const struct decision_row *row, struct span *lsd1)
{
    struct writer w = writer_of(core->plain, SEAL_PLAIN_MAX);
    uint8_t key[HASH_LEN];
    enum err err;
    if (row->facts.len > 0) {
        hash_bytes(key, row->record);
        err = rest_get(core, "decision", span_of(key, HASH_LEN), "facts", row->facts, &w);
    } else {
        struct order_row order;
        struct writer k = writer_of(key, sizeof key);
        err = order_by_change(core->store->orders, row->document, &order);
        if (err != OK)
            return err;
        write_bytes(&k, order.id, STORE_ID_LEN);
        write_uint(&k, order.version, 4);
        err = rest_get(core, "order", writer_span(&k), "document", order.sealed, &w);
    }
    *lsd1 = writer_span(&w);
    return err;
}

static bool same_bytes(struct core *core, const lianshu_DecisionRecord *again, struct span record)
{
    struct writer w = writer_of(core->frame, FRAME_MAX);
    return wire_encode(&lianshu_DecisionRecord_msg, again, &w) == OK &&
           span_eq(writer_span(&w), record);
}

/* By other rules the traces differ anyhow: what counts is the code and what follows. */
static bool same_outcome(const lianshu_DecisionRecord *a, const lianshu_DecisionRecord *b)
{
    if (a->code != b->code || a->outcome_count != b->outcome_count)
        return false;
    for (pb_size_t i = 0; i < a->outcome_count; i++) {
        const lianshu_Outcome *x = &a->outcome[i];
        const lianshu_Outcome *y = &b->outcome[i];
        if (strcmp(x->measure, y->measure) != 0 || x->force != y->force ||
            x->subject_index != y->subject_index || x->start_date != y->start_date ||
            x->end_date != y->end_date || strcmp(x->action, y->action) != 0 ||
            strcmp(x->basis, y->basis) != 0)
            return false;
    }
    return true;
}

/* Against the rules of a trial: the same code and consequences, or how they differ. */
static enum err replay(struct core *core, const struct incoming *in,
                       const lianshu_DecisionRecord *record, struct remade *out)
{
    lianshu_DecisionRecord *again = &core->judged.record;
    const struct redecision what = {core->trial, in, record, NULL};
    enum err err = evaluate_again(core, &what, again);
    if (err != OK)
        *out = differs("outcome");
    else if (same_outcome(again, record))
        *out = (struct remade){.is = SAME};
    else
        *out = differs(again->code != record->code ? "code" : "outcome");
    return err_class(err) == ERR_CLASS_REJECT ? OK : err;
}

/* The set that decided; NULL when the archive does not have it. */
static const struct ruleset *rules_of(const struct core *core, const lianshu_DecisionRecord *record)
{
    uint8_t hash[RULESET_HASH_LEN];
    ruleset_hash(core->opt.rules, hash);
    if (memcmp(hash, record->rule_set_sha256, sizeof hash) == 0)
        return core->opt.rules;
    return core->opt.archive == NULL ? NULL
                                     : archive_find(core->opt.archive, record->rule_set_sha256);
}

/* A fault of the disk or of ourselves is returned; whatever is wrong with the row is told. */
static enum err remake(struct core *core, const struct decision_row *row, struct remade *out)
{
    lianshu_DecisionRecord *record = &core->stored_record;
    struct incoming *in = &core->in;
    struct span lsd1;
    uint64_t leaf_ms = 0;
    bool is_leaf;
    bool fit;
    enum err err = leaves_fit(core, row, &is_leaf, &leaf_ms, &fit);
    *out = spoilt(is_leaf ? "record" : "leaf_missing");
    if (err == ERR_LOG_ENTRY)
        *out = (struct remade){DIFFERS, "log", err};
    if (err != OK || !fit)
        return err == ERR_NOT_FOUND || err == ERR_LOG_ENTRY ? OK : err;
    out->is = ERASED;
    if (row->record.len == 0)
        return OK;
    if (wire_decode(&lianshu_DecisionRecord_msg, row->record, record) != OK ||
        !row_fits(row, record, leaf_ms)) {
        *out = spoilt("row");
        return OK;
    }
    err = redecide_facts(core, row, &lsd1);
    if (err == ERR_ERASED)
        return OK;
    if (err == OK)
        err = evaluate_open(in, lsd1);
    if (err_class(err) == ERR_CLASS_RETRY)
        return err;
    *out = spoilt("document");
    if (err != OK || memcmp(in->facts_hash, record->document_sha256, HASH_LEN) != 0 ||
        in->header.type != record->type)
        return OK;
    if (core->trial != NULL)
        return replay(core, in, record, out);
    const struct ruleset *rules = rules_of(core, record);
    out->is = OTHER_RULES;
    if (rules == NULL)
        return OK;
    const struct redecision what = {rules, in, record, NULL};
    err = evaluate_again(core, &what, &core->judged.record);
    *out = differs("outcome");
    if (err == OK && same_bytes(core, &core->judged.record, row->record))
        *out = (struct remade){.is = SAME};
    return err_class(err) == ERR_CLASS_REJECT ? OK : err;
}

static void list(struct json *rows, const struct decision_row *row, const struct remade *remade)
{
    const struct document_type *type = type_find(row->type);
    char label[ERR_LABEL_LEN + 1];
    struct json *item = json_map();
    if (json_count(rows) == LISTED_MAX) {
        json_close(&item);
        return;
    }
    err_label(remade->code, label);
    json_put_uint(item, "seq", row->seq);
    json_put_text(item, "type", type != NULL ? type->name : "?");
    json_put_ms(item, "time", row->time_ms);
    json_put_text(item, "why", remade->why);
    json_put_text(item, "code", label);
    json_add(rows, item);
}

/* Which set is missing, once. */
static void list_missing(struct json *missing, const lianshu_DecisionRecord *record)
{
    char hex[2 * RULESET_HASH_LEN + 1];
    hex_encode(span_of(record->rule_set_sha256, RULESET_HASH_LEN), hex);
    for (size_t i = 0; i < json_count(missing); i++) {
        if (strcmp(json_text(json_item(missing, i)), hex) == 0)
            return;
    }
    if (json_count(missing) < MISSING_MAX)
        json_add_text(missing, hex);
}

/* What is looked at next: a record, or the leaf of one that is gone. */
struct next {
    uint64_t cursor; /* nothing before it is left */
    uint64_t leaves; /* that may still be passed over */
    struct decision_row row;
    struct remade remade;
    bool found;
    bool end; /* neither is left */
};

/* The first decision's leaf before `to`; *to is moved to where this answer must stop. */
static enum err find_leaf(struct core *core, struct next *n, uint64_t *to, uint64_t *leaf)
{
    if (*to - n->cursor > n->leaves)
        *to = n->cursor + n->leaves;
    enum err err = log_find(core->store->log, LOG_DECISION, n->cursor, *to, leaf);
    n->leaves -= (err == OK ? *leaf : *to) - n->cursor;
    return err;
}

static enum err gone(struct core *core, struct next *n, uint64_t leaf)
{
    struct log_entry entry;
    n->found = true;
    n->cursor = leaf + 1;
    n->remade = spoilt("record_missing");
    n->row = (struct decision_row){.seq = leaf};
    enum err err = log_get(core->store->log, leaf, &entry);
    n->row.time_ms = entry.time_ms;
    return err == ERR_LOG_ENTRY ? OK : err;
}

/* Trials ask what other rules would say of the records that are there. */
static enum err look_at_next(struct core *core, struct next *n, uint64_t from_ms)
{
    uint64_t cursor = n->cursor;
    uint64_t leaf;
    n->found = false;
    enum err err = decision_next(core->store->decisions, &cursor, &n->row);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    const bool row = err == OK;
    const uint64_t size = log_size(core->store->log);
    const uint64_t before = row && n->row.seq < size ? n->row.seq : size;
    uint64_t to = before;
    if (core->trial == NULL && n->cursor < before) {
        err = find_leaf(core, n, &to, &leaf);
        if (err == OK)
            return gone(core, n, leaf);
        if (err != ERR_NOT_FOUND)
            return err;
    }
    n->cursor = to < before || !row ? to : cursor;
    n->end = !row && to == before;
    if (to < before || !row)
        return OK;
    n->found = n->row.time_ms >= from_ms;
    return n->found ? remake(core, &n->row, &n->remade) : OK;
}

enum err query_redecide(struct query *q)
{
    static const char *const names[] = {"same", "erased", "other_rules", "differing"};
    struct core *core = q->core;
    uint64_t counts[DIFFERS + 1] = {0};
    struct next next = {.leaves = LEAVES_MAX};
    uint64_t step = STEP_DEFAULT;
    uint64_t from_ms = 0;
    (void)json_uint(json_get(q->args, "from_ms"), &from_ms);
    (void)json_uint(json_get(q->args, "since"), &next.cursor); /* both may be left out */
    (void)json_uint(json_get(q->args, "count"), &step);
    if (step == 0 || step > STEP_MAX)
        return ERR_FIELD_VALUE;
    struct json *rows = json_list();
    struct json *missing = json_list();
    enum err err = OK;
    uint64_t checked = 0;
    /* What is looked at and not counted is bounded as well. */
    for (uint64_t looks = 0; looks < step && !next.end && next.leaves > 0; looks++) {
        err = look_at_next(core, &next, from_ms);
        if (err != OK)
            break;
        if (!next.found)
            continue;
        checked++;
        counts[next.remade.is]++;
        if (next.remade.is == DIFFERS)
            list(rows, &next.row, &next.remade);
        if (next.remade.is == OTHER_RULES)
            list_missing(missing, &core->stored_record);
    }
    json_put(q->answer, "differences", rows);
    json_put(q->answer, "missing_rules", missing);
    json_put_uint(q->answer, "checked", checked);
    for (size_t i = 0; i <= DIFFERS; i++)
        json_put_uint(q->answer, names[i], counts[i]);
    json_put_uint(q->answer, "total", store_counter(core->store, "decisions"));
    json_put_uint(q->answer, "next", next.cursor);
    json_put_flag(q->answer, "end", next.end);
    return err;
}

/* ---- to be made again elsewhere ---- */

/* Room for what one decision read: more is not told (E027), and then it is not made again. As a
 * file of a bundle, u16 n in front, it is no larger than such a file may be. */
enum {
    TOKENS_MAX = 0xffff,
    READS_FILE = 2 + TOKENS_MAX * VIEW_TOKEN_LEN + CORE_EVIDENCE_READS,
};

_Static_assert((size_t)READS_FILE <= (size_t)BUNDLE_FILE_MAX,
               "a bundle has no room for what a decision read");

/* The decision made again, and what it read, as reads/<index>.bin of a bundle. PROTOCOL 16 */
static enum err read_again(struct core *core, const struct ruleset *rules, struct writer *file)
{
    lianshu_DecisionRecord *record = &core->stored_record;
    lianshu_DecisionRecord *again = &core->judged.record;
    const size_t most = core->opt.reads_max;
    const size_t tokens = (size_t)TOKENS_MAX * VIEW_TOKEN_LEN;
    uint8_t *room = malloc(tokens + CORE_EVIDENCE_READS);
    if (room == NULL)
        return ERR_NO_MEMORY;
    struct view_notes notes = {
        writer_of(room, tokens),
        writer_of(room + tokens, most < CORE_EVIDENCE_READS ? most : CORE_EVIDENCE_READS)};
    const struct redecision what = {rules, &core->in, record, &notes};
    enum err err = evaluate_again(core, &what, again);
    if (err == OK && (notes.tokens.full || notes.reads.full))
        err = ERR_TOO_LARGE;
    if (err == OK && memcmp(again->read_set_sha256, record->read_set_sha256, HASH_LEN) != 0)
        err = ERR_REEXECUTION;
    if (err == OK) {
        write_uint(file, notes.tokens.len / VIEW_TOKEN_LEN, 2);
        write_span(file, writer_span(&notes.tokens));
        write_span(file, writer_span(&notes.reads));
    }
    free(room);
    return err;
}

static enum err put_reads(struct query *q, const struct ruleset *rules, uint64_t offset)
{
    uint8_t *bytes = malloc(READS_FILE);
    struct writer file = writer_of(bytes, READS_FILE);
    if (bytes == NULL)
        return ERR_NO_MEMORY;
    enum err err = read_again(q->core, rules, &file);
    if (err == OK && offset > file.len)
        err = ERR_FIELD_VALUE;
    if (err == OK)
        query_put_piece(q, writer_span(&file), offset);
    free(bytes);
    return err;
}

/* What the decision of a leaf read, as far as it comes out the same here: a piece from `offset`. */
enum err query_evidence_reads(struct query *q)
{
    struct core *core = q->core;
    lianshu_DecisionRecord *record = &core->stored_record;
    struct decision_row row;
    struct span lsd1;
    uint64_t index;
    uint64_t offset = 0;
    (void)json_uint(json_get(q->args, "offset"), &offset); /* may be left out */
    if (!json_uint(json_get(q->args, "index"), &index))
        return ERR_FIELD_VALUE;
    enum err err = decision_get(core->store->decisions, index, &row);
    if (err == OK)
        err = wire_decode(&lianshu_DecisionRecord_msg, row.record, record);
    if (err == OK)
        err = redecide_facts(core, &row, &lsd1);
    if (err == OK)
        err = evaluate_open(&core->in, lsd1);
    const struct ruleset *rules = err == OK ? rules_of(core, record) : NULL;
    if (err == OK && rules == NULL)
        err = ERR_RULE_ARCHIVE;
    return err == OK ? put_reads(q, rules, offset) : err;
}
