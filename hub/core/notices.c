/* Notices: one obligation each, with the issuer's signed document, sealed to the member when
 * one of its adapters can take it, with the keys of that moment. */
#include "core/state.h"

#include <stdio.h>
#include <string.h>

bool notices_sealed(const uint8_t message_id[static STORE_ID_LEN])
{
    static const uint8_t none[STORE_ID_LEN] = {0};
    return memcmp(message_id, none, sizeof none) != 0;
}

/* It is sealed, and gets its delivery number, when an adapter can take it. */
enum err notices_put(struct core *core, const struct obligation *row, uint64_t seq,
                     enum queue_form form)
{
    const struct document_type *type = type_find(lianshu_DocumentType_TYPE_SANCTION_NOTICE);
    struct queue_row queued = {
        .seq = seq,
        .state = QUEUE_READY,
        .lane = (uint8_t)(form == FORM_LIFT ? LANE_REPAIR : LANE_ORDER),
        .form = (uint8_t)form,
        .type = type->number,
        .expires_ms = STORE_NEVER,
        .ref_len = STORE_ID_LEN,
    };
    memcpy(queued.recipient, row->member, sizeof queued.recipient);
    snprintf(queued.sender, sizeof queued.sender, "%s", core->opt.member);
    memcpy(queued.conversation, row->order_id, sizeof queued.conversation);
    memcpy(queued.ref, row->id, STORE_ID_LEN);
    return deliver_put(core, &queued);
}

enum err notices_queue(struct core *core, const struct obligation *row, uint64_t seq,
                       enum queue_form form)
{
    static const uint8_t unsealed[STORE_ID_LEN] = {0};
    enum err err = notices_put(core, row, seq, form);
    return err == OK ? obligation_notice(core->store->obligations, row->id, seq, unsealed) : err;
}

/* The orders that keep the restriction alive where the member sits, or in a part of its area, for a
 * lift; a corrected order is one of them. What stays in another province is no reason to go on. */
static enum err still_restricted(struct core *core, const struct obligation *row,
                                 lianshu_SanctionNotice *body)
{
    struct restriction_cursor cursor = {0};
    struct justification other;
    struct member member;
    if (member_parse(row->member, &member) != OK)
        return ERR_CORRUPT;
    for (;;) {
        enum err err = restriction_next(core->store->restrictions, row->subject,
                                        date_from_ms(core->now_ms), STORE_NEVER, &cursor, &other);
        if (err == ERR_NOT_FOUND)
            return OK;
        if (err != OK)
            return err;
        const bool here = region_contains(other.scope, member.region) ||
                          region_contains(member.region, other.scope);
        if (strcmp(other.measure, row->measure) != 0 || !here)
            continue;
        body->still_restricted = true;
        if (body->still_orders_count < sizeof body->still_orders / sizeof body->still_orders[0])
            memcpy(body->still_orders[body->still_orders_count++], other.order_id, STORE_ID_LEN);
    }
}

static void copy_basis(const struct obligation *row, lianshu_SanctionNotice *body)
{
    const char *at = row->basis;
    while (*at != '\0' && body->basis_count < sizeof body->basis / sizeof body->basis[0]) {
        size_t len = strcspn(at, " ");
        snprintf(body->basis[body->basis_count++], sizeof body->basis[0], "%.*s", (int)len, at);
        at += len + (at[len] == ' ');
    }
}

/* The person of the order that the measure is about. */
static enum err copy_person(struct core *core, const struct obligation *row,
                            lianshu_SanctionNotice *body)
{
    if (row->subject_index == 0)
        return OK;
    if (row->subject_index > core->plan_body.persons_count)
        return ERR_CORRUPT;
    body->persons_count = 1;
    body->persons[0] = core->plan_body.persons[row->subject_index - 1];
    return OK;
}

/* What ended it: the newest change before the notice; later ones are others' business. What the
 * clock or other relations ended rests on the order itself. */
static enum err copy_change(struct core *core, const struct obligation *row, uint64_t seq,
                            lianshu_SanctionNotice *body, struct writer *lsd1)
{
    struct order_row order;
    enum err err = order_get(core->store->orders, row->order_id, seq, &order);
    if (err == OK && order.sealed.len == 0)
        err = order_text(core->store->orders, row->order_id, order.version, seq, &order);
    if (err != OK)
        return err;
    body->order_version = order.version;
    return plans_unseal(core, &order, lsd1, NULL, NULL);
}

/* The document that the notice rests on, the order or what ended it, and whom it is about. The
 * ingest refuses documents that are too long for it. */
static enum err copy_document(struct core *core, const struct obligation *row,
                              const struct queue_row *queued, lianshu_SanctionNotice *body)
{
    const bool lift = queued->form == FORM_LIFT;
    struct writer w = writer_of(body->issuer_document.bytes, sizeof body->issuer_document.bytes);
    struct writer order = lift ? writer_of(core->frame, FRAME_MAX) : w;
    body->order_version = row->order_version;
    enum err err = plans_order(core, row->order_id, row->order_version, row->seq + 1, &order);
    if (!lift)
        w = order;
    else if (err == OK)
        err = copy_change(core, row, queued->seq, body, &w);
    body->issuer_document.size = (pb_size_t)w.len;
    return err == ERR_TOO_LARGE ? ERR_CORRUPT : err;
}

static enum err fill(struct core *core, const struct obligation *row,
                     const struct queue_row *queued, lianshu_SanctionNotice *body)
{
    bool lift = queued->form == FORM_LIFT;
    wire_clear(&lianshu_SanctionNotice_msg, body);
    body->stage = lift ? lianshu_NoticeStage_STAGE_LIFT : lianshu_NoticeStage_STAGE_IMPOSE;
    body->force = (lianshu_Force)row->force;
    body->start_date = row->start_date;
    body->end_date = row->end_date;
    body->answer_due_ms = lift ? 0 : row->answer_due_ms;
    body->execute_due_ms = lift ? row->lift_due_ms : row->execute_due_ms;
    memcpy(body->obligation_id, row->id, sizeof body->obligation_id);
    memcpy(body->order_id, row->order_id, sizeof body->order_id);
    snprintf(body->measure, sizeof body->measure, "%.4s", row->measure);
    snprintf(body->rule, sizeof body->rule, "%.16s", row->rule);
    copy_basis(row, body);
    enum err err = requests_shown(core, row->order_id, &body->disputed);
    if (err == OK)
        err = copy_document(core, row, queued, body);
    if (err != OK)
        return err;
    body->has_subject = true;
    body->subject = core->plan_body.subject;
    err = copy_person(core, row, body);
    if (err == OK && lift)
        err = still_restricted(core, row, body);
    return err;
}

void notices_begin(struct core *core)
{
    outgoing_begin(core);
    core->sealing_count = 0;
}

static enum err put_off(struct core *core, const struct queue_row *queued, enum err why)
{
    core->plan_loaded = false;
    return queue_defer(core->store->queue, queued->recipient, queued->seq,
                       core->now_ms + BACKOFF_MAX_MS, (uint32_t)why, NULL);
}

static enum err add(struct core *core, const struct queue_row *queued)
{
    struct obligation row;
    enum err err = obligation_get(core->store->obligations, queued->ref, &row);
    if (err == OK)
        err = fill(core, &row, queued, &core->notice);
    if (err != OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    const char *basis[8];
    for (pb_size_t i = 0; i < core->notice.basis_count; i++)
        basis[i] = core->notice.basis[i];
    const struct outgoing what = {
        .type = lianshu_DocumentType_TYPE_SANCTION_NOTICE,
        .recipient = queued->recipient,
        .conversation = span_of(queued->conversation, STORE_ID_LEN), /* the order's id */
        .purpose = "sanction",
        .basis = basis,
        .basis_count = core->notice.basis_count,
        .body = &core->notice,
    };
    return outgoing_add(core, &what);
}

enum err notices_add(struct core *core, const struct queue_row *queued)
{
    enum err err = add(core, queued);
    if (err == OK)
        core->sealing[core->sealing_count++] = queued;
    if (err == OK || err == ERR_BUSY)
        return err;
    const bool waits = err_class(err) == ERR_CLASS_REJECT || err == ERR_REEXECUTION;
    return waits ? put_off(core, queued, err) : err;
}

/* The envelope of a notice, with its number in the order of their sealing. */
static enum err store_one(struct core *core, const struct queue_row *queued,
                          struct message_row *message, struct span frame)
{
    uint64_t number = 0;
    enum err err = outgoing_store(core, message, queued->seq, frame);
    if (err == OK)
        err = queue_number(core->store->queue, queued->recipient, queued->conversation, &number);
    const struct statement_about statement = {
        .recipient = queued->recipient,
        .env_id = message->env_id,
        .conversation = span_of(queued->conversation, STORE_ID_LEN),
        .number = number,
    };
    uint64_t leaf;
    if (err == OK)
        err = apply_statement(core, &statement, &leaf);
    if (err == OK)
        err = queue_seal(core->store->queue, queued->recipient, queued->seq, message->id, number,
                         leaf);
    return err == OK
               ? obligation_notice(core->store->obligations, queued->ref, queued->seq, message->id)
               : err;
}

/* All of them in one savepoint. *bad: the place of one that cannot be written; one that cannot be
 * made is put off. */
static enum err store_all(struct core *core, size_t *bad)
{
    enum err err = OK;
    for (*bad = 0; err == OK && *bad < core->sealing_count; (*bad)++) {
        const struct queue_row *queued = core->sealing[*bad];
        struct message_row *message;
        struct span frame;
        if (queued == NULL)
            continue;
        err = outgoing_made(core, *bad, &message, &frame);
        const bool unmade = err_class(err) == ERR_CLASS_REJECT;
        if (unmade)
            err = put_off(core, queued, err);
        else if (err == OK)
            err = store_one(core, queued, message, frame);
        if (err != OK)
            return err;
    }
    return err;
}

/* What turns out to be impossible only while it is written waits; the others, which were written
 * with it, are written anew without it. */
enum err notices_seal(struct core *core)
{
    enum err err = outgoing_sign(core);
    for (bool again = core->sealing_count > 0; err == OK && again;) {
        size_t bad;
        again = false;
        err = store_savepoint(core->store);
        if (err != OK)
            break;
        const enum err stored = store_all(core, &bad);
        if (stored == OK) {
            err = store_release(core->store);
            break;
        }
        err = store_rollback_to(core->store);
        if (err == OK && err_class(stored) != ERR_CLASS_REJECT)
            err = stored;
        if (err == OK)
            err = put_off(core, core->sealing[bad], stored);
        core->sealing[bad] = NULL;
        again = true;
    }
    notices_begin(core);
    return err;
}

enum err notices_renew(struct core *core, const struct queue_row *queued)
{
    struct obligation row;
    enum err err = obligation_get(core->store->obligations, queued->ref, &row);
    if (err != OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    uint64_t seq = log_size(core->store->log); /* the leaf of the receipt that ends the old one */
    const struct ending what = {.kind = lianshu_ReceiptKind_RECEIPT_SUPERSEDED, .code = OK};
    err = ending_close(core, queued, &what);
    return err == OK ? notices_queue(core, &row, seq, (enum queue_form)queued->form) : err;
}
