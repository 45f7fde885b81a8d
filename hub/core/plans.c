/* What an order was decided to cause. The decision is made again as of the log
 * size that its record names, so that nothing but the record and the document
 * has to be kept. Relations may be known better than then: order_row.known_seq
 * says as of when. */
#include "core/state.h"

#include <string.h>

enum err plans_unseal(struct core *core, const struct order_row *row, struct writer *lsd1,
                      const pb_msgdesc_t *desc, void *body)
{
    uint8_t key[STORE_ID_LEN + 4];
    struct writer k = writer_of(key, sizeof key);
    write_bytes(&k, row->id, STORE_ID_LEN);
    write_uint(&k, row->version, 4);
    enum err err = rest_get(core, "order", writer_span(&k), "document", row->sealed, lsd1);
    if (err != OK)
        return err;
    struct frame_document frame;
    err = frame_parse_document(writer_span(lsd1), &frame);
    if (err == OK)
        err = wire_decode(&lianshu_Document_msg, frame.document, &core->stored);
    if (err == OK && body != NULL)
        err = wire_decode(desc, span_of(core->stored.body.bytes, core->stored.body.size), body);
    /* What we sealed ourselves was whole then. */
    return err == OK ? OK : ERR_CORRUPT;
}

static enum err decide_again(struct core *core, const struct order_row *text, uint64_t known)
{
    struct decision_row row;
    lianshu_DecisionRecord *record = &core->stored_record;
    enum err err = decision_get(core->store->decisions, text->decision_seq, &row);
    if (err == OK)
        err = wire_decode(&lianshu_DecisionRecord_msg, row.record, record);
    if (err != OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    if (text->list[0] == '\0')
        return consequences_plan(core, text, record->log_size, record->now_ms, known);
    struct view_ctx ctx = {.core = core, .as_of = record->log_size, .known = known};
    struct view view = view_of(&ctx);
    const char *basis[16];
    for (pb_size_t i = 0; i < core->stored.basis_count; i++)
        basis[i] = core->stored.basis[i];
    const struct decide_input input = {
        .issuer = core->stored.issuers[0].member,
        .basis = basis,
        .basis_count = core->stored.basis_count,
        .now_ms = record->now_ms,
        .elsewhere = record->elsewhere,
        .calendar = core->opt.calendar,
        .regions = core->opt.regions,
    };
    err = decide_order(core->opt.rules, &view, &input, &core->plan_body, &core->plan, NULL);
    if (err != OK)
        return err;
    return core->plan.err == OK ? OK : ERR_REEXECUTION;
}

/* Tokens of whom the duties are about, once for the plan. */
static enum err take_tokens(struct core *core)
{
    enum err err = OK;
    for (uint32_t i = 0; err == OK && i < core->plan.duty_count; i++)
        err = orders_token(core, &core->plan_body.subject, core->plan_body.persons,
                           core->plan_body.persons_count, core->plan.duty[i].subject_index,
                           core->plan_token[i]);
    return err;
}

static enum err load(struct core *core, const uint8_t id[static STORE_ID_LEN], uint32_t version,
                     uint64_t known)
{
    struct order_row text;
    core->plan_loaded = false;
    enum err err = order_text(core->store->orders, id, version, STORE_NEVER, &text);
    if (err != OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    struct writer lsd1 = writer_of(core->frame, FRAME_MAX);
    err = plans_unseal(core, &text, &lsd1, &lianshu_SanctionOrder_msg,
                       text.list[0] != '\0' ? &core->plan_body : NULL);
    if (err == OK)
        err = decide_again(core, &text, known);
    if (err == OK)
        err = take_tokens(core);
    if (err != OK)
        return err;
    memcpy(core->plan_order, id, STORE_ID_LEN);
    core->plan_version = version;
    core->plan_known = known;
    core->plan_loaded = true;
    return OK;
}

/* The newest state of that version says what is known of relations. */
enum err plans_load(struct core *core, const uint8_t id[static STORE_ID_LEN], uint32_t version)
{
    struct order_row newest;
    enum err err = order_get(core->store->orders, id, STORE_NEVER, &newest);
    if (err != OK)
        return err;
    uint64_t known = newest.version >= version ? newest.known_seq : 0;
    if (core->plan_loaded && core->plan_version == version && core->plan_known == known &&
        memcmp(core->plan_order, id, STORE_ID_LEN) == 0)
        return OK;
    return load(core, id, version, known);
}

enum err plans_order(struct core *core, const uint8_t id[static STORE_ID_LEN], uint32_t version,
                     uint64_t as_of, struct writer *lsd1)
{
    struct order_row text;
    enum err err = order_text(core->store->orders, id, version, as_of, &text);
    if (err != OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    if (text.list[0] != '\0') {
        core->plan_loaded = false; /* its body changes */
        return plans_unseal(core, &text, lsd1, &lianshu_SanctionOrder_msg, &core->plan_body);
    }
    err = plans_load(core, id, version); /* uses what the text lies in */
    if (err == OK)
        err = order_text(core->store->orders, id, version, as_of, &text);
    return err == OK ? plans_unseal(core, &text, lsd1, NULL, NULL) : err;
}

enum err plans_known(struct core *core, const struct order_row *row, uint64_t known)
{
    return load(core, row->id, row->version, known);
}

enum err plans_take(struct core *core, const struct order_row *row, const struct decision *plan,
                    const lianshu_SanctionOrder *body)
{
    core->plan_loaded = false;
    core->plan = *plan;
    core->plan_body = *body;
    enum err err = take_tokens(core);
    if (err != OK)
        return err;
    memcpy(core->plan_order, row->id, STORE_ID_LEN);
    core->plan_version = row->version;
    core->plan_known = row->known_seq;
    core->plan_loaded = true;
    return OK;
}

void plans_hash(const struct core *core, uint8_t out[static HASH_LEN])
{
    struct sha256 h;
    sha256_init(&h);
    for (uint32_t i = 0; i < core->plan.duty_count; i++) {
        const struct duty *d = &core->plan.duty[i];
        uint8_t numbers[32];
        struct writer w = writer_of(numbers, sizeof numbers);
        write_uint(&w, (uint64_t)d->force, 4);
        write_uint(&w, d->start_date, 4);
        write_uint(&w, d->end_date, 4);
        write_uint(&w, d->restricts, 1);
        sha256_add(&h, writer_span(&w));
        sha256_add(&h, span_of(core->plan_token[i], STORE_TOKEN_LEN));
        sha256_add(&h, span_of(d->measure, strlen(d->measure) + 1));
        sha256_add(&h, span_of(d->rule, strlen(d->rule) + 1));
        sha256_add(&h, span_of(d->scope, strlen(d->scope) + 1));
    }
    sha256_done(&h, out);
}
