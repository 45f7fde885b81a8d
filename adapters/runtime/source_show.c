/* What became of a file's messages, written beside it. */
#include "adapters/runtime/answer.h"
#include "adapters/runtime/source_inner.h"
#include "base/hex.h"
#include "base/log.h"
#include "frame.h"
#include "wire.h"

#include "wire.pb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOW_EVERY_MS = 50 }; /* many receipts of one file are written together */

static const char *state_name(enum sdk_state state)
{
    static const char *const names[] = {
        [SDK_QUEUED] = "queued",  [SDK_SENT] = "sent",         [SDK_ACCEPTED] = "accepted",
        [SDK_HELD] = "held",      [SDK_REJECTED] = "rejected", [SDK_FINAL] = "final",
        [SDK_LAPSED] = "expired",
    };
    return (size_t)state < sizeof names / sizeof names[0] ? names[state] : "unknown";
}

enum err source_outcome(struct source *s, const struct sdk_outcome *outcome)
{
    struct stmt *q = s->sql[SOURCE_SQL_CHANGED];

    s->changed = true;
    stmt_bind_bytes(q, 1, outcome->message_id, SDK_ID_LEN);
    return stmt_run(q);
}

static struct json *grounds_json(const lianshu_Receipt *r)
{
    struct json *list = json_list();

    for (size_t i = 0; i < r->grounds_count; i++) {
        struct json *one = json_map();
        (void)json_put_text(one, "measure", r->grounds[i].measure);
        (void)json_put_hex(one, "order", span_of(r->grounds[i].order_id, SDK_ID_LEN));
        (void)json_put_uint(one, "version", r->grounds[i].order_version);
        (void)json_put_text(one, "rule", r->grounds[i].rule);
        (void)json_put_text(one, "basis", r->grounds[i].basis);
        (void)json_add(list, one);
    }
    return list;
}

/* What the reason file of a refusal by the hub needs. */
struct verdict {
    bool refused;
    uint32_t code;
    struct json *grounds; /* owned */
};

static void take_verdict(const lianshu_Receipt *r, struct verdict *v)
{
    if (r->kind != lianshu_ReceiptKind_RECEIPT_REJECTED &&
        r->kind != lianshu_ReceiptKind_RECEIPT_REFUSED)
        return;
    v->refused = true;
    v->code = r->code;
    json_close(&v->grounds);
    v->grounds = grounds_json(r);
}

static struct json *receipt_json(const lianshu_Receipt *r)
{
    struct json *one = json_map();
    char label[ERR_LABEL_LEN + 1];

    (void)json_put_text(one, "kind", receipt_kind_name(r->kind));
    (void)json_put_text(one, "zh", receipt_kind_zh(r->kind));
    (void)json_put_text(one, "en", receipt_kind_en(r->kind));
    (void)json_put_text(one, "by", r->by);
    if (r->about[0] != '\0')
        (void)json_put_text(one, "about", r->about);
    if (r->code != 0) {
        err_label(err_from_code(r->code), label);
        (void)json_put_text(one, "code", label);
    }
    (void)json_put_ms(one, "time", r->time_ms);
    if (r->reference[0] != '\0')
        (void)json_put_text(one, "reference", r->reference);
    (void)json_put(one, "grounds", grounds_json(r));
    return one;
}

/* The receipt that stands in the frame at that place. */
static enum err read_receipt(struct span frame, uint64_t place, lianshu_Receipt *r)
{
    struct frame_receipts receipts;
    struct frame_receipt entry;

    if (frame_parse_receipts(frame, &receipts) != OK)
        return ERR_CORRUPT;
    for (uint64_t i = 0; i <= place; i++)
        if (!frame_receipts_next(&receipts, &entry))
            return ERR_CORRUPT;
    return wire_decode(&lianshu_Receipt_msg, entry.receipt, r) == OK ? OK : ERR_CORRUPT;
}

/* The hubs that have it or had it, as each said when it took it over. */
static void way_add(struct json *way, const lianshu_Receipt *r)
{
    if (r->kind != lianshu_ReceiptKind_RECEIPT_ACCEPTED &&
        r->kind != lianshu_ReceiptKind_RECEIPT_RELAYED)
        return;
    struct json *hub = json_map();
    (void)json_put_text(hub, "hub", r->by);
    (void)json_put_ms(hub, "time", r->time_ms);
    (void)json_add(way, hub);
}

static enum err receipts_json(struct source *s, uint64_t outbox, struct json *list,
                              struct json *way, struct verdict *v)
{
    struct stmt *q = s->sql[SOURCE_SQL_RECEIPTS];
    lianshu_Receipt *r = calloc(1, sizeof *r);
    enum err err;

    if (r == NULL)
        return ERR_NO_MEMORY;
    stmt_bind_u64(q, 1, outbox);
    for (err = stmt_step(q); err == OK; err = stmt_step(q)) {
        if ((err = read_receipt(stmt_blob(q, 1), stmt_u64(q, 0), r)) != OK)
            break;
        (void)json_add(list, receipt_json(r));
        way_add(way, r);
        take_verdict(r, v);
    }
    free(r);
    err = stmt_end(q, err);
    return err == ERR_NOT_FOUND ? OK : err;
}

/* Where a walk over the envelopes of a file stands. */
struct place {
    uint64_t row, part;
};

/* One envelope of the file. ERR_NOT_FOUND: there is no further. */
static enum err message_json(struct source *s, uint64_t file_id, struct place *at,
                             struct json *messages, struct verdict *v)
{
    struct stmt *q = s->sql[SOURCE_SQL_MESSAGES];
    struct json *one = json_map();
    uint64_t outbox = 0;
    enum sdk_state state = SDK_QUEUED;

    stmt_bind_u64(q, 1, file_id);
    stmt_bind_u64(q, 2, at->row);
    stmt_bind_u64(q, 3, at->part);
    enum err err = stmt_step(q);
    if (err == OK) {
        *at = (struct place){stmt_u64(q, 0), stmt_u64(q, 6)};
        outbox = stmt_u64(q, 1);
        state = (enum sdk_state)stmt_u64(q, 5);
        const struct document_type *type = type_find((uint32_t)stmt_u64(q, 4));
        (void)json_put_uint(one, "row", at->row);
        (void)json_put_hex(one, "message_id", stmt_blob(q, 2));
        (void)json_put_hex(one, "envelope", stmt_blob(q, 3));
        (void)json_put_text(one, "type", type == NULL ? "" : type->name);
        (void)json_put_text(one, "state", state_name(state));
    }
    if ((err = stmt_end(q, err)) == OK) {
        struct json *list = json_list();
        struct json *way = json_list();
        err = receipts_json(s, outbox, list, way, v);
        (void)json_put(one, "receipts", list);
        (void)json_put(one, "way", way);
        if (state == SDK_LAPSED) {
            v->refused = true;
            v->code = ERR_EXPIRED;
        }
    }
    if (err == OK)
        (void)json_add(messages, one);
    else
        json_close(&one);
    return err;
}

struct due {
    uint64_t id, version;
    char stored[SOURCE_NAME_MAX + 24];
    enum source_state state;
};

static enum err next_due(struct source *s, struct due *d)
{
    struct stmt *q = s->sql[SOURCE_SQL_DUE];
    enum err err = stmt_step(q);

    if (err == OK) {
        d->id = stmt_u64(q, 0);
        stmt_copy_text(q, 1, d->stored, sizeof d->stored);
        d->version = stmt_u64(q, 2);
        d->state = (enum source_state)stmt_u64(q, 3);
    }
    return stmt_end(q, err);
}

/* All that is known of the file's messages; which of them the hub refused. */
struct account {
    struct json *messages, *refused; /* owned */
    size_t count, refused_count;
    uint32_t code;        /* of the first refusal */
    struct json *grounds; /* of the first refusal; owned */
};

static void account_fini(struct account *a)
{
    json_close(&a->messages);
    json_close(&a->refused);
    json_close(&a->grounds);
}

static enum err take_account(struct source *s, uint64_t file_id, struct account *a)
{
    enum err err = OK;
    struct place at = {0, UINT32_MAX}; /* before the first row */
    char label[ERR_LABEL_LEN + 1];

    a->messages = json_list();
    a->refused = json_list();
    while (a->count < SOURCE_ROWS_MAX) {
        struct verdict v = {0};
        if ((err = message_json(s, file_id, &at, a->messages, &v)) != OK)
            break;
        a->count++;
        if (v.refused) {
            struct json *one = json_map();
            err_label(err_from_code(v.code), label);
            (void)json_put_uint(one, "row", at.row);
            (void)json_put_text(one, "code", label);
            (void)json_put_text(one, "zh", err_zh(err_from_code(v.code)));
            (void)json_put_text(one, "en", err_en(err_from_code(v.code)));
            if (v.grounds != NULL)
                (void)json_put(one, "grounds", json_clone(v.grounds));
            (void)json_add(a->refused, one);
            if (a->refused_count++ == 0) {
                a->code = v.code;
                a->grounds = v.grounds;
                v.grounds = NULL;
            }
        }
        json_close(&v.grounds);
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

static struct json *reason_of(const struct due *d, const struct account *a)
{
    struct json *reason = json_map();

    (void)json_put_text(reason, "file", d->stored);
    report_put_code(reason, err_from_code(a->code));
    (void)json_put(reason, "problems", json_clone(a->refused));
    (void)json_put(reason, "grounds", a->grounds == NULL ? json_list() : json_clone(a->grounds));
    (void)json_put(reason, "messages", json_clone(a->messages));
    return reason;
}

/* All were refused: the file moves. The row says so before anything is moved. */
static enum err move_to_refused(struct source *s, const struct due *d, const struct json *reason)
{
    enum err err;
    struct stmt *q = s->sql[SOURCE_SQL_REFUSE];
    char *text = NULL;
    size_t len;

    if ((err = json_print(reason, false, &text, &len)) != OK)
        return err;
    stmt_bind_u64(q, 1, d->id);
    stmt_bind_text(q, 2, text);
    err = stmt_run(q);
    free(text);
    return err;
}

static enum err write_account(struct source *s, const struct due *d, const struct account *a)
{
    enum err err;
    char path[SITE_PATH_MAX];
    struct stmt *q = s->sql[SOURCE_SQL_SHOWN];
    struct json *receipt = json_map();

    (void)snprintf(path, sizeof path, "done/%s.receipt.json", d->stored);
    (void)json_put_text(receipt, "file", d->stored);
    (void)json_put(receipt, "messages", json_clone(a->messages));
    err = site_write(s->o.site, path, receipt);
    json_close(&receipt);
    if (err == OK && a->refused_count > 0) {
        struct json *reason = reason_of(d, a);
        (void)snprintf(path, sizeof path, "refused/%s.reason.json", d->stored);
        err = site_write(s->o.site, path, reason);
        json_close(&reason);
    }
    if (err != OK)
        return err;
    stmt_bind_u64(q, 1, d->id);
    stmt_bind_u64(q, 2, d->version);
    return stmt_run(q);
}

static enum err show_one(struct source *s, const struct due *d)
{
    enum err err;
    struct account a = {0};

    if ((err = sdk_begin(s->o.sdk)) != OK)
        return err;
    err = take_account(s, d->id, &a);
    if (err == OK && a.count > 0 && a.refused_count == a.count && d->state == SOURCE_TAKEN) {
        struct json *reason = reason_of(d, &a);
        char label[ERR_LABEL_LEN + 1];
        err_label(err_from_code(a.code), label);
        log_warn("file_refused_by_hub", "file=%s code=%s", d->stored, label);
        err = move_to_refused(s, d, reason);
        json_close(&reason);
    } else if (err == OK) {
        err = write_account(s, d, &a);
    }
    account_fini(&a);
    return err;
}

/* ---- answers to what was asked ---- */

/* The record that a question came from. ERR_NOT_FOUND: it came from no file. */
static enum err find_question(struct source *s, const struct sdk_incoming *m, uint64_t *row,
                              char stored[static STORED_MAX])
{
    struct stmt *q = s->sql[SOURCE_SQL_ASKED];

    stmt_bind_bytes(q, 1, m->conversation.data, m->conversation.len);
    stmt_bind_bytes(q, 2, m->in_reply_to.data, m->in_reply_to.len);
    enum err err = stmt_step(q);
    if (err == OK) {
        *row = stmt_u64(q, 0);
        stmt_copy_text(q, 1, stored, STORED_MAX);
    }
    return stmt_end(q, err);
}

enum err source_answer(struct source *s, const struct sdk_incoming *m)
{
    char stored[STORED_MAX], path[SITE_PATH_MAX];
    struct json *answer = NULL;
    uint64_t row = 0;
    enum err err = find_question(s, m, &row, stored);

    if (err != OK)
        return err == ERR_NOT_FOUND ? OK : err;
    if ((err = answer_json(m->facts, &answer)) != OK)
        return err;
    (void)json_put_uint(answer, "row", row);
    (void)json_put_hex(answer, "envelope", m->in_reply_to);
    (void)snprintf(path, sizeof path, "done/%s.answer.%llu.json", stored, (unsigned long long)row);
    err = site_write(s->o.site, path, answer);
    json_close(&answer);
    return err;
}

/* ---- how far attachments are ---- */

/* The record whose attachment this is. */
static bool find_record(struct source *s, const struct sdk_progress *now,
                        char name[static SOURCE_NAME_MAX + 1])
{
    struct stmt *q = s->sql[SOURCE_SQL_ROOT];

    if (now->phase == SDK_SEALING) {
        (void)snprintf(name, SOURCE_NAME_MAX + 1, "%s", s->taking == NULL ? "" : s->taking);
        return s->taking != NULL;
    }
    stmt_bind_bytes(q, 1, now->root, sizeof now->root);
    enum err err = stmt_step(q);
    if (err == OK)
        stmt_copy_text(q, 0, name, SOURCE_NAME_MAX + 1);
    return stmt_end(q, err) == OK;
}

void source_progress(struct source *s, const struct sdk_progress *now, uint64_t now_ms)
{
    char name[SOURCE_NAME_MAX + 1];
    const bool over = now->bytes >= now->total;

    if ((now->phase != SDK_SEALING && now->phase != SDK_SENDING) ||
        (!over && now_ms - s->noted_ms < SOURCE_NOTE_MS) || !find_record(s, now, name))
        return;
    struct json *note = json_map();
    (void)json_put_text(note, "file", name);
    (void)json_put_text(note, "phase", now->phase == SDK_SEALING ? "sealing" : "sending");
    if (now->phase == SDK_SENDING)
        (void)json_put_hex(note, "root", span_of(now->root, sizeof now->root));
    (void)json_put_uint(note, "bytes", now->bytes);
    (void)json_put_uint(note, "total", now->total);
    site_note(s->o.site, "progress.json", note);
    json_close(&note);
    s->noted_ms = now_ms;
}

uint32_t source_wait_ms(const struct source *s, uint64_t now_ms, uint32_t wait_ms)
{
    if (!s->changed || now_ms + wait_ms <= s->show_ms)
        return wait_ms;
    return s->show_ms <= now_ms ? 0 : (uint32_t)(s->show_ms - now_ms);
}

enum err source_show(struct source *s, uint64_t now_ms)
{
    enum err err = OK;

    if (!s->changed || now_ms < s->show_ms)
        return OK;
    s->show_ms = now_ms + SHOW_EVERY_MS;
    for (int i = 0; i < SOURCE_SHOW_TURN && err == OK; i++) {
        struct due d = {0};
        if ((err = next_due(s, &d)) == OK && (err = show_one(s, &d)) != OK)
            sdk_rollback(s->o.sdk);
    }
    s->changed = err != ERR_NOT_FOUND; /* to the end of what is due? */
    if (err == OK || err == ERR_NOT_FOUND)
        err = sdk_commit(s->o.sdk, now_ms);
    if (err == OK)
        err = source_settle(s);
    return err_class(err) == ERR_CLASS_RETRY ? OK : err;
}
