/* Answers to credit checks: what stood against a subject at a moment, or that nothing did.
 *
 * Rows are never overwritten, so a moment of the past is answered from the rows of then: the size
 * of the log at that moment says which had begun and which had ended, and its date which were in
 * their term. */
#include "core/state.h"

#include <stdio.h>
#include <string.h>

enum {
    CERTIFICATE_DAYS = 30, /* a certificate may be shown so long; what it says is of its moment */
    LINES_MAX =
        sizeof(((lianshu_CreditCertificate *)0)->restrictions) / sizeof(lianshu_RestrictionLine),
};

enum err certificate_judge(struct core *core, const struct incoming *in, struct judgement *out)
{
    const lianshu_CreditCheck *body = &in->body.check;
    if (body->at_ms > core->now_ms)
        out->err = ERR_FUTURE;
    for (pb_size_t i = 0; i < body->measures_count; i++) {
        if (ruleset_measure(core->opt.rules, body->measures[i]) == NULL)
            out->err = ERR_FIELD_VALUE;
    }
    return OK;
}

static bool asked(const lianshu_CreditCertificate *body, const char *measure)
{
    for (pb_size_t i = 0; i < body->measures_count; i++) {
        if (strcmp(body->measures[i], measure) == 0)
            return true;
    }
    return body->measures_count == 0;
}

static void put_line(lianshu_CreditCertificate *body, uint32_t index, bool disputed,
                     const struct justification *row)
{
    body->clean = false;
    if (body->restrictions_count == LINES_MAX) {
        body->more = true;
        return;
    }
    lianshu_RestrictionLine *line = &body->restrictions[body->restrictions_count++];
    *line = (lianshu_RestrictionLine){
        .force = (lianshu_Force)row->force,
        .order_version = row->order_version,
        .start_date = row->start_date,
        .end_date = row->end_date,
        .subject_index = index,
        .disputed = disputed,
        .basis_count = 1,
    };
    snprintf(line->measure, sizeof line->measure, "%.4s", row->measure);
    snprintf(line->list, sizeof line->list, "%s", row->list);
    snprintf(line->rule, sizeof line->rule, "%.16s", row->rule);
    snprintf(line->scope, sizeof line->scope, "%s", row->scope);
    snprintf(line->basis[0], sizeof line->basis[0], "%.*s", (int)strcspn(row->basis, " "),
             row->basis);
    memcpy(line->order_id, row->order_id, sizeof line->order_id);
}

/* What stood against the subject (index 0) or a person of the question. */
static enum err look(struct core *core, const struct incoming *in, uint32_t index,
                     lianshu_CreditCertificate *body)
{
    uint8_t token[STORE_TOKEN_LEN];
    struct restriction_cursor cursor = {0};
    struct justification row;
    const uint32_t date = date_from_ms(body->at_ms);
    enum err err = orders_token(core, in->subject, in->persons, in->person_count, index, token);
    while (err == OK && !body->more) {
        bool disputed = false;
        err =
            restriction_next(core->store->restrictions, token, date, body->log_size, &cursor, &row);
        if (err != OK || !asked(body, row.measure))
            continue;
        err = requests_shown(core, row.order_id, &disputed);
        if (err == OK)
            put_line(body, index, disputed, &row);
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err certificate_send(struct core *core, const struct incoming *in)
{
    const lianshu_CreditCheck *check = &in->body.check;
    lianshu_CreditCertificate *body = &core->certificate;
    wire_clear(&lianshu_CreditCertificate_msg, body);
    body->has_subject = true;
    body->subject = *in->subject;
    body->persons_count = check->persons_count;
    memcpy(body->persons, check->persons, sizeof body->persons);
    body->measures_count = check->measures_count;
    memcpy(body->measures, check->measures, sizeof body->measures);
    body->at_ms = check->at_ms != 0 ? check->at_ms : core->now_ms;
    body->clean = true;
    body->more = false;
    body->restrictions_count = 0;
    body->log_size = log_size(core->store->log);
    enum err err =
        check->at_ms != 0 ? log_since(core->store->log, body->at_ms + 1, &body->log_size) : OK;
    for (uint32_t i = 0; err == OK && i <= check->persons_count; i++)
        err = look(core, in, i, body);
    if (err != OK)
        return err;
    const struct outgoing out = {
        .type = lianshu_DocumentType_TYPE_CREDIT_CERTIFICATE,
        .recipient = in->header.sender,
        .conversation = span_of(in->header.conversation.bytes, in->header.conversation.size),
        .in_reply_to = span_of(in->env_id, HASH_LEN),
        .in_reply_to_doc = span_of(in->document.id, sizeof in->document.id),
        .purpose = in->header.purpose,
        .body = body,
        .valid_until_ms = core->now_ms + CERTIFICATE_DAYS * (uint64_t)DAY_MS,
    };
    return outgoing_send(core, &out);
}
