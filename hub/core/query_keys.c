/* What a key was good for at a moment, and why; and what was done with one since it is doubted. */
#include "core/query.h"

#include "base/hex.h"
#include "keys/amend.h"

#include <stdio.h>
#include <string.h>

enum { EFFECTS_MAX = 500, LOOK_MAX = 50000 /* leaves of one question */, WORD_MAX = 96 };

_Static_assert(REQUEST_OUTCOMES == 5, "a word for each outcome of a review");

static const char *reason_word(unsigned reason)
{
    static const char *const words[] = {"", "compromised", "lost", "replaced", "ended"};
    return reason < sizeof words / sizeof words[0] ? words[reason] : "";
}

/* ---- key.history ---- */

static void put_origin(const struct query *q, struct json *row, const struct registry_key *key)
{
    char text[WORD_MAX];
    const struct registry *r = q->core->opt.registry;
    const struct amendment *origin = registry_key_origin(r, key);
    if (origin == NULL)
        snprintf(text, sizeof text, "registry %llu", (unsigned long long)registry_version(r));
    else
        snprintf(text, sizeof text, "key record %llu", (unsigned long long)origin->number);
    json_put_text(row, "origin", text);
}

static void put_revocation(const struct query *q, struct json *row, const struct registry_key *key)
{
    char text[WORD_MAX];
    const struct registry *r = q->core->opt.registry;
    const struct amendment *by = registry_revocation(r, key->member->id, key->kid);
    if (key->revoked_ms == 0)
        return;
    if (by != NULL)
        snprintf(text, sizeof text, "%s %llu", by->issuer, (unsigned long long)by->number);
    else /* folded into the version, or with the key that introduced it */
        snprintf(text, sizeof text, "registry %llu", (unsigned long long)registry_version(r));
    json_put_ms(row, "revoked_from", key->revoked_ms);
    json_put_text(row, "reason", reason_word(key->revoked_for));
    json_put_text(row, "revocation", text);
    if (by != NULL)
        json_put_ms(row, "revoked_at", by->issued_ms);
}

static struct json *row_of(const struct query *q, const struct registry_key *key, uint64_t at_ms)
{
    char label[ERR_LABEL_LEN + 1];
    struct json *row = json_map();
    const enum err err = registry_key_check(key, key->member->id, key->use, at_ms);
    json_put_text(row, "member", key->member->id);
    json_put_text(row, "use", key_use_name(key->use));
    json_put_hex(row, "kid", span_of(key->kid, KID_LEN));
    json_put_flag(row, "valid", err == OK);
    if (err != OK) {
        err_label(err, label);
        json_put_text(row, "code", label);
        json_put_text(row, "why_zh", err_zh(err));
        json_put_text(row, "why_en", err_en(err));
    }
    json_put_ms(row, "from", key->valid_from_ms);
    json_put_ms(row, "until", key->valid_until_ms);
    put_origin(q, row, key);
    put_revocation(q, row, key);
    return row;
}

enum err query_key_history(struct query *q)
{
    const struct registry *r = q->core->opt.registry;
    const char *name = json_get_text(q->args, "member");
    const struct registry_key *key = NULL;
    uint8_t kid[KID_LEN];
    uint64_t at_ms = q->core->now_ms;
    (void)json_uint(json_get(q->args, "at_ms"), &at_ms);
    const bool by_kid = query_hex(q, "kid", kid, sizeof kid);
    const struct registry_member *member = name != NULL ? registry_member(r, name) : NULL;
    if (by_kid && registry_key(r, kid, &key) != OK) {
        query_error(q, ERR_KID_UNKNOWN, "no key of this registry");
        return OK;
    }
    if (!by_kid && member == NULL) {
        query_error(q, ERR_MEMBER_UNKNOWN, "member, or a kid of 32 hexadecimal digits");
        return OK;
    }
    struct json *keys = json_list();
    if (by_kid)
        json_add(keys, row_of(q, key, at_ms));
    for (size_t i = 0; !by_kid && (key = registry_member_key(r, member, i)) != NULL; i++)
        json_add(keys, row_of(q, key, at_ms));
    json_put_ms(q->answer, "at", at_ms);
    json_put(q->answer, "keys", keys);
    return OK;
}

/* ---- revocation.effects ---- */

struct effects {
    struct query *q;
    const char *member;
    const uint8_t *kid;
    uint64_t from_ms;
    uint64_t next; /* leaf */
    size_t count;
    struct json *messages, *orders, *obligations;
};

/* The first leaf that is not before that moment: the log's times never go back. */
enum err query_leaf_at(struct core *core, uint64_t from_ms, uint64_t *out)
{
    uint64_t low = 0;
    uint64_t high = log_size(core->store->log);
    while (low < high) {
        struct log_entry entry;
        const uint64_t middle = low + (high - low) / 2;
        enum err err = log_get(core->store->log, middle, &entry);
        if (err != OK)
            return err;
        if (entry.time_ms < from_ms)
            low = middle + 1;
        else
            high = middle;
    }
    *out = low;
    return OK;
}

static enum err put_message(struct effects *e, const struct log_entry *entry)
{
    lianshu_Receipt *receipt = &e->q->core->stored_receipt;
    struct message_row row;
    enum err err = wire_decode(&lianshu_Receipt_msg, entry->body, receipt);
    if (err != OK || receipt->kind != lianshu_ReceiptKind_RECEIPT_ACCEPTED ||
        strcmp(receipt->sender, e->member) != 0)
        return err;
    err = message_get(e->q->core->store->messages, receipt->sender, receipt->message_id, &row);
    if (err != OK)
        return err == ERR_NOT_FOUND ? OK : err;
    const struct document_type *type = type_find(row.type);
    struct json *item = json_map();
    json_put_ms(item, "time", row.accepted_ms);
    json_put_text(item, "type", type != NULL ? type->name : "");
    json_put_hex(item, "message_id", span_of(row.id, sizeof row.id));
    json_put_text(item, "stage", receipt_kind_name((lianshu_ReceiptKind)row.stage));
    json_put_uint(item, "undelivered", row.open);
    json_add(e->messages, item);
    e->count++;
    return OK;
}

/* Has it been put before those who must confirm it, and have they? */
static enum err put_review(struct effects *e, const uint8_t order[static STORE_ID_LEN],
                           struct json *item)
{
    static const char *const words[] = {"open", "given up", "confirmed", "", "ended"};
    struct request review;
    enum err err = doubt_review(e->q->core, e->kid, order, &review);
    if (err == OK) {
        json_put_text(item, "review", words[review.outcome]);
        json_put_ms(item, "review_due", review.due_ms);
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err put_state(struct effects *e, const struct log_entry *entry)
{
    lianshu_StateChange body;
    enum err err = wire_decode(&lianshu_StateChange_msg, entry->body, &body);
    if (err != OK || strcmp(body.by, e->member) != 0)
        return err;
    struct json *item = json_map();
    json_put_ms(item, "time", entry->time_ms);
    json_put_hex(item, "id", span_of(body.id, sizeof body.id));
    json_put_uint(item, "version", body.version);
    json_put_uint(item, "state", body.state);
    if (entry->kind == LOG_OBLIGATION_STATE) {
        json_put_text(item, "measure", body.measure);
        json_put_text(item, "member", body.member);
    }
    if (entry->kind == LOG_ORDER_STATE)
        err = put_review(e, body.id, item);
    json_add(entry->kind == LOG_ORDER_STATE ? e->orders : e->obligations, item);
    e->count++;
    return err;
}

static enum err walk(struct effects *e)
{
    struct leaf_log *log = e->q->core->store->log;
    const uint64_t size = log_size(log);
    const uint64_t most = e->next + LOOK_MAX;
    const uint64_t stop = most < size ? most : size;
    enum err err = OK;
    for (; err == OK && e->next < stop && e->count < EFFECTS_MAX; e->next++) {
        struct log_entry entry;
        if ((err = log_get(log, e->next, &entry)) != OK)
            break;
        if (entry.kind == LOG_RECEIPT)
            err = put_message(e, &entry);
        else if (entry.kind == LOG_ORDER_STATE || entry.kind == LOG_OBLIGATION_STATE)
            err = put_state(e, &entry);
    }
    return err;
}

/* Everything that the key's member did since: one that has several signing keys sees those of the
 * others among them, for a frame that is delivered is not kept, and with it its kid is gone. */
enum err query_revocation_effects(struct query *q)
{
    const struct registry_key *key;
    uint8_t kid[KID_LEN];
    struct effects e = {.q = q};
    if (!query_hex(q, "kid", kid, sizeof kid) ||
        registry_key(q->core->opt.registry, kid, &key) != OK || key->revoked_ms == 0) {
        query_error(q, ERR_KID_UNKNOWN, "the kid of a revoked key, 32 hexadecimal digits");
        return OK;
    }
    e.member = key->member->id;
    e.kid = key->kid;
    e.from_ms = key->revoked_ms;
    enum err err = OK;
    if (!json_uint(json_get(q->args, "from"), &e.next))
        err = query_leaf_at(q->core, e.from_ms, &e.next);
    e.messages = json_list();
    e.orders = json_list();
    e.obligations = json_list();
    if (err == OK)
        err = walk(&e);
    json_put_text(q->answer, "member", e.member);
    json_put_hex(q->answer, "kid", span_of(kid, sizeof kid));
    json_put_ms(q->answer, "revoked_from", e.from_ms);
    if (err == OK)
        err = doubt_tell(q->core, kid, q->answer);
    json_put(q->answer, "messages", e.messages);
    json_put(q->answer, "orders", e.orders);
    json_put(q->answer, "obligations", e.obligations);
    if (e.next < log_size(q->core->store->log))
        json_put_uint(q->answer, "next", e.next);
    return err;
}
