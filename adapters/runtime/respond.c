#include "adapters/runtime/respond.h"

#include "adapters/sdk/tables.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/log.h"
#include "frame.h"
#include "wire.h"

#include "sanction.pb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum duty_state { DUTY_PENDING = 1, DUTY_IN_FORCE = 2, DUTY_DECLINED = 3, DUTY_ENDED = 4 };

enum { FUTURE_MS = 300 * 1000, REFERENCE_HEX = 12 };

enum sql { SQL_DUTY, SQL_DUTY_PUT, SQL_DUTY_STATE, SQL_COUNT };

static const char *const sql_text[SQL_COUNT] = {
    [SQL_DUTY] = "SELECT order_id, env_id, measure, state, reference FROM duty"
                 " WHERE obligation_id = ?1",
    [SQL_DUTY_PUT] = "INSERT INTO duty (obligation_id, order_id, env_id, measure, force, state,"
                     " version, reference) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [SQL_DUTY_STATE] = "UPDATE duty SET state = ?2, reference = ?3, env_id = ?4"
                       " WHERE obligation_id = ?1",
};

struct duty {
    uint8_t id[SDK_ID_LEN], order_id[SDK_ID_LEN], env_id[SDK_ENV_ID_LEN];
    char hex[2 * SDK_ID_LEN + 1];
    char measure[5];
    char reference[SDK_REFERENCE_MAX];
    enum duty_state state;
};

struct respond {
    struct sdk *sdk;
    const struct site *site;
    struct stmt *sql[SQL_COUNT];
    lianshu_SanctionNotice notice;
    lianshu_Document document; /* the issuer's */
    union {
        lianshu_SanctionOrder order;
        lianshu_SanctionChange change;
    } body;
    lianshu_SanctionAnswer answer;
    lianshu_SanctionExecuted executed;
};

enum err respond_open(struct respond **out, struct sdk *sdk, const struct site *site,
                      struct fault *f)
{
    struct respond *r = calloc(1, sizeof *r);

    *out = NULL;
    if (r == NULL)
        return ERR_NO_MEMORY;
    r->sdk = sdk;
    r->site = site;
    const enum err err = db_prepare(sdk_db(sdk), sql_text, SQL_COUNT, r->sql, f);
    if (err != OK)
        respond_close(&r);
    *out = r;
    return err;
}

void respond_close(struct respond **r)
{
    free(*r); /* statements belong to the database */
    *r = NULL;
}

/* ---- rows ---- */

static enum err load_duty(struct respond *r, const uint8_t id[static SDK_ID_LEN], struct duty *d)
{
    struct stmt *q = r->sql[SQL_DUTY];

    *d = (struct duty){0};
    memcpy(d->id, id, SDK_ID_LEN);
    hex_encode(span_of(id, SDK_ID_LEN), d->hex);
    stmt_bind_bytes(q, 1, id, SDK_ID_LEN);
    enum err err = stmt_step(q);
    if (err == OK) {
        stmt_copy(q, 0, d->order_id, SDK_ID_LEN);
        stmt_copy(q, 1, d->env_id, SDK_ENV_ID_LEN);
        stmt_copy_text(q, 2, d->measure, sizeof d->measure);
        d->state = (enum duty_state)stmt_u64(q, 3);
        stmt_copy_text(q, 4, d->reference, sizeof d->reference);
    }
    return stmt_end(q, err);
}

static enum err put_duty(struct respond *r, const struct duty *d)
{
    struct stmt *q = r->sql[SQL_DUTY_PUT];

    stmt_bind_bytes(q, 1, d->id, SDK_ID_LEN);
    stmt_bind_bytes(q, 2, d->order_id, SDK_ID_LEN);
    stmt_bind_bytes(q, 3, d->env_id, SDK_ENV_ID_LEN);
    stmt_bind_text(q, 4, d->measure);
    stmt_bind_u64(q, 5, (uint64_t)r->notice.force);
    stmt_bind_u64(q, 6, (uint64_t)d->state);
    stmt_bind_u64(q, 7, r->notice.order_version);
    stmt_bind_text(q, 8, d->reference);
    return stmt_run(q);
}

static enum err set_duty(struct respond *r, const struct duty *d)
{
    struct stmt *q = r->sql[SQL_DUTY_STATE];

    stmt_bind_bytes(q, 1, d->id, SDK_ID_LEN);
    stmt_bind_u64(q, 2, (uint64_t)d->state);
    stmt_bind_text(q, 3, d->reference);
    stmt_bind_bytes(q, 4, d->env_id, SDK_ENV_ID_LEN);
    return stmt_run(q);
}

/* ---- messages ---- */

static enum err send_facts(struct respond *r, const struct duty *d, const char *key, uint32_t type,
                           struct span facts, uint64_t now_ms)
{
    uint8_t id[SDK_ID_LEN];
    struct fault fault = {0};
    const char *to[] = {sdk_hub(r->sdk)};
    const struct sdk_message m = {
        .key = key,
        .type = type,
        .to = to,
        .to_count = 1,
        .facts = facts,
        .conversation = span_of(d->order_id, SDK_ID_LEN),
        .in_reply_to = span_of(d->env_id, SDK_ENV_ID_LEN),
    };
    const enum err err = sdk_send(r->sdk, &m, now_ms, id, NULL, &fault);

    if (err == ERR_CONFLICT)
        return OK; /* said before, at another time: once is enough */
    if (err != OK)
        log_fault("answer_not_sent", &fault);
    /* What we make ourselves cannot be the sender's fault: the notice must not go back for it. */
    return err_class(err) == ERR_CLASS_REJECT ? ERR_INTERNAL : err;
}

static enum err send_accepted(struct respond *r, const struct duty *d, uint64_t now_ms)
{
    enum err err;
    char key[SDK_KEY_MAX + 1];
    uint8_t bytes[1024];
    struct writer w = writer_of(bytes, sizeof bytes);

    wire_clear(&lianshu_SanctionAnswer_msg, &r->answer);
    memcpy(r->answer.obligation_id, d->id, SDK_ID_LEN);
    r->answer.answer = lianshu_AnswerKind_ANSWER_ACCEPTED;
    memcpy(r->answer.reference, d->reference, sizeof d->reference);
    if ((err = wire_encode(&lianshu_SanctionAnswer_msg, &r->answer, &w)) != OK)
        return err;
    (void)snprintf(key, sizeof key, "duty:%s:answer", d->hex);
    return send_facts(r, d, key, lianshu_DocumentType_TYPE_SANCTION_ANSWER, writer_span(&w),
                      now_ms);
}

static enum err send_executed(struct respond *r, const struct duty *d, lianshu_NoticeStage stage,
                              uint64_t now_ms)
{
    enum err err;
    char key[SDK_KEY_MAX + 1];
    uint8_t bytes[1024];
    struct writer w = writer_of(bytes, sizeof bytes);

    wire_clear(&lianshu_SanctionExecuted_msg, &r->executed);
    memcpy(r->executed.obligation_id, d->id, SDK_ID_LEN);
    r->executed.stage = stage;
    memcpy(r->executed.reference, d->reference, sizeof d->reference);
    r->executed.executed_ms = now_ms;
    if ((err = wire_encode(&lianshu_SanctionExecuted_msg, &r->executed, &w)) != OK)
        return err;
    (void)snprintf(key, sizeof key, "duty:%s:executed:%d", d->hex, (int)stage);
    return send_facts(r, d, key, lianshu_DocumentType_TYPE_SANCTION_EXECUTED, writer_span(&w),
                      now_ms);
}

/* ---- register ---- */

static void entry_path(char out[static SITE_PATH_MAX], const char *folder, const struct duty *d)
{
    (void)snprintf(out, SITE_PATH_MAX, "register/%s/%s.json", folder, d->hex);
}

/* Write the entry in its folder; what it was before goes when the new one is on disk. */
static enum err put_entry(struct respond *r, const struct duty *d, const char *from,
                          const char *folder, const struct json *record, const char *state,
                          uint64_t now_ms)
{
    enum err err;
    char old[SITE_PATH_MAX], path[SITE_PATH_MAX];
    struct json *entry = json_clone(record);
    struct json *about = json_map();

    entry_path(path, folder, d);
    (void)json_put_hex(about, "obligation", span_of(d->id, SDK_ID_LEN));
    (void)json_put_hex(about, "order", span_of(d->order_id, SDK_ID_LEN));
    (void)json_put_text(about, "measure", d->measure);
    (void)json_put_text(about, "state", state);
    (void)json_put_text(about, "reference", d->reference);
    (void)json_put_ms(about, "since", now_ms);
    if (!json_put(entry, "register", about)) {
        json_close(&entry);
        return ERR_NO_MEMORY;
    }
    err = site_write(r->site, path, entry);
    json_close(&entry);
    if (err == OK && from != NULL && strcmp(from, folder) != 0) {
        entry_path(old, from, d);
        site_remove(r->site, old);
    }
    return err;
}

/* Move an entry that is there; after a kill it may be there already. */
static enum err move_entry(struct respond *r, const struct duty *d, const char *from,
                           const char *folder, const char *state, uint64_t now_ms)
{
    enum err err;
    char old[SITE_PATH_MAX], path[SITE_PATH_MAX];
    struct json *record = NULL;

    entry_path(old, from, d);
    entry_path(path, folder, d);
    if (!site_exists(r->site, old) && site_exists(r->site, path))
        return OK;
    err = site_read(r->site, old, &record);
    if (err == ERR_NOT_FOUND) {
        /* Somebody took it away. What is owed is owed all the same. */
        log_warn("register_missing", "obligation=%s", d->hex);
        record = json_map();
        err = OK;
    }
    if (err == OK)
        err = put_entry(r, d, from, folder, record, state, now_ms);
    json_close(&record);
    return err;
}

static void make_reference(struct duty *d)
{
    (void)snprintf(d->reference, sizeof d->reference, "%s-%.*s", d->measure, REFERENCE_HEX, d->hex);
}

/* ---- notices ---- */

/* The order in the notice is the issuer's own, and the one that the notice is about. */
static enum err check_issuer(struct respond *r, uint64_t accepted_ms)
{
    enum err err;
    struct frame_document frame;
    const lianshu_SanctionNotice *n = &r->notice;
    const struct span lsd1 = span_of(n->issuer_document.bytes, n->issuer_document.size);

    /* As of when it was issued: an order outlives the key that signed it. */
    if ((err = frame_parse_document(lsd1, &frame)) != OK ||
        (err = wire_decode(&lianshu_Document_msg, frame.document, &r->document)) != OK)
        return ERR_POISON;
    const uint64_t issued_ms = r->document.issued_ms;
    if (issued_ms > accepted_ms + FUTURE_MS)
        return ERR_FUTURE;
    if ((err = sdk_document_verify(r->sdk, lsd1, issued_ms, &r->document)) != OK)
        return err;
    const struct document_type *type = type_find(r->document.type);
    const struct span body = span_of(r->document.body.bytes, r->document.body.size);
    if (type == NULL || (type->flags & TYPE_RULES) == 0)
        return ERR_POISON;
    const uint8_t *order_id = NULL;
    if (type->facts == &lianshu_SanctionOrder_msg) {
        if (wire_decode(&lianshu_SanctionOrder_msg, body, &r->body.order) == OK)
            order_id = r->body.order.order_id;
    } else if (type->facts == &lianshu_SanctionChange_msg) {
        if (wire_decode(&lianshu_SanctionChange_msg, body, &r->body.change) == OK)
            order_id = r->body.change.order_id;
    } else {
        return OK; /* another kind of trigger; its signature is what we can check */
    }
    return order_id != NULL && memcmp(order_id, n->order_id, SDK_ID_LEN) == 0 ? OK : ERR_POISON;
}

static enum err impose(struct respond *r, struct duty *d, const struct json *record,
                       uint64_t now_ms)
{
    enum err err;
    const lianshu_SanctionNotice *n = &r->notice;

    if (d->state != 0)
        return OK; /* a reminder of what is known: answered already, or with an official */
    memcpy(d->measure, n->measure, sizeof d->measure);
    if (n->force == lianshu_Force_FORCE_CONSIDER) {
        d->state = DUTY_PENDING;
        if ((err = put_entry(r, d, NULL, "pending", record, "pending", now_ms)) != OK)
            return err;
        return put_duty(r, d);
    }
    d->state = DUTY_IN_FORCE;
    make_reference(d);
    if ((err = send_accepted(r, d, now_ms)) != OK ||
        (err = put_entry(r, d, NULL, d->measure, record, "in_force", now_ms)) != OK ||
        (err = put_duty(r, d)) != OK)
        return err;
    return send_executed(r, d, lianshu_NoticeStage_STAGE_IMPOSE, now_ms);
}

static enum err lift(struct respond *r, struct duty *d, const struct json *record, uint64_t now_ms)
{
    enum err err;
    const lianshu_SanctionNotice *n = &r->notice;
    const enum duty_state before = d->state;

    if (before == DUTY_ENDED && !n->still_restricted)
        return OK; /* a reminder */
    memcpy(d->measure, n->measure, sizeof d->measure);
    if (d->reference[0] == '\0')
        make_reference(d);
    if (before == DUTY_IN_FORCE && n->still_restricted)
        err = put_entry(r, d, NULL, d->measure, record, "in_force_by_other_order", now_ms);
    else
        err = put_entry(r, d,
                        before == DUTY_IN_FORCE  ? d->measure
                        : before == DUTY_PENDING ? "pending"
                                                 : NULL,
                        "ended", record, "ended", now_ms);
    if (err != OK)
        return err;
    d->state = before == DUTY_IN_FORCE && n->still_restricted ? DUTY_IN_FORCE : DUTY_ENDED;
    err = before == 0 ? put_duty(r, d) : set_duty(r, d);
    return err == OK ? send_executed(r, d, lianshu_NoticeStage_STAGE_LIFT, now_ms) : err;
}

enum err respond_notice(struct respond *r, const struct sdk_incoming *m, const struct json *record,
                        uint64_t now_ms)
{
    enum err err;
    struct duty d;
    lianshu_SanctionNotice *n = &r->notice;

    if (wire_decode(&lianshu_SanctionNotice_msg, m->facts, n) != OK)
        return ERR_POISON;
    if ((err = check_issuer(r, m->accepted_ms)) != OK)
        return err;
    err = load_duty(r, n->obligation_id, &d);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    memcpy(d.order_id, n->order_id, SDK_ID_LEN);
    memcpy(d.env_id, m->env_id, SDK_ENV_ID_LEN);
    switch (n->stage) {
    case lianshu_NoticeStage_STAGE_IMPOSE:
        return impose(r, &d, record, now_ms);
    case lianshu_NoticeStage_STAGE_LIFT:
        return lift(r, &d, record, now_ms);
    default:
        return ERR_POISON;
    }
}

/* ---- officials' answers ---- */

enum err respond_check(struct respond *r, struct draft *draft, struct report *report)
{
    enum err err;
    struct duty d;

    if (wire_decode(&lianshu_SanctionAnswer_msg, span_of(draft->facts, draft->facts_len),
                    &r->answer) != OK)
        return report_add(report, ERR_INTERNAL, "facts", "the answer");
    err = load_duty(r, r->answer.obligation_id, &d);
    if (err == ERR_NOT_FOUND)
        return report_add(report, ERR_OBLIGATION, "obligation_id", "an obligation of this member");
    if (err != OK)
        return err;
    if (d.state != DUTY_PENDING)
        return report_add(report, ERR_OBLIGATION, "obligation_id",
                          "an obligation that waits for an answer");
    if (r->answer.answer == lianshu_AnswerKind_ANSWER_DECLINED && r->answer.legal_reason[0] == '\0')
        return report_add(report, ERR_DECLINE_REASON, "legal_reason", "required when declining");
    if (r->answer.answer == lianshu_AnswerKind_ANSWER_ACCEPTED && r->answer.decision[0] == '\0')
        return report_add(report, ERR_FIELD_MISSING, "decision", "what was decided");
    memcpy(draft->conversation, d.order_id, SDK_ID_LEN);
    memcpy(draft->in_reply_to, d.env_id, SDK_ENV_ID_LEN);
    draft->converses = draft->replies = true;
    return OK;
}

enum err respond_answered(struct respond *r, const struct draft *draft, uint64_t now_ms)
{
    enum err err;
    struct duty d;

    if (wire_decode(&lianshu_SanctionAnswer_msg, span_of(draft->facts, draft->facts_len),
                    &r->answer) != OK)
        return ERR_INTERNAL;
    if ((err = load_duty(r, r->answer.obligation_id, &d)) != OK)
        return err;
    if (r->answer.reference[0] != '\0')
        memcpy(d.reference, r->answer.reference, sizeof d.reference);
    else
        make_reference(&d);
    if (r->answer.answer == lianshu_AnswerKind_ANSWER_DECLINED) {
        d.state = DUTY_DECLINED;
        err = move_entry(r, &d, "pending", "declined", "declined", now_ms);
        return err == OK ? set_duty(r, &d) : err;
    }
    d.state = DUTY_IN_FORCE;
    if ((err = move_entry(r, &d, "pending", d.measure, "in_force", now_ms)) != OK ||
        (err = set_duty(r, &d)) != OK)
        return err;
    return send_executed(r, &d, lianshu_NoticeStage_STAGE_IMPOSE, now_ms);
}
