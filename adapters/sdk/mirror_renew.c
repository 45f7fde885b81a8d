/* The way out after the hub was restored from a copy: two of its officials say so, an operator
 * brings their statement, and the mirror begins anew. */
#include "adapters/sdk/inner.h"
#include "adapters/sdk/sdk_mirror.h"
#include "catalogue.h"
#include "check.h"
#include "keys/document.h"

#include <stdlib.h>
#include <string.h>

enum { OFFICIALS = 2, FUTURE_MS = 300 * 1000 };

static const char FLOOR[] = "mirror_floor";
static const char LOG_NUMBER[] = "mirror_log";

static enum err check_officials(const struct sdk *s, const lianshu_Document *d)
{
    if (d->type != lianshu_DocumentType_TYPE_OFFICIAL_ACT)
        return ERR_TYPE_UNKNOWN;
    for (pb_size_t i = 0; i < d->issuers_count; i++) {
        if (strcmp(d->issuers[i].member, s->hub) != 0)
            return ERR_OTHER_HUB;
    }
    if (d->issuers_count != OFFICIALS || memcmp(d->issuers[0].kid, d->issuers[1].kid, KID_LEN) == 0)
        return ERR_TWO_OFFICIALS;
    return OK;
}

static enum err check_body(const struct sdk *s, const lianshu_OfficialAct *body)
{
    const bool ours = body->verb == lianshu_OfficialVerb_OFFICIAL_RESTORED &&
                      strcmp(body->recipient, s->hub) == 0 && strcmp(body->sender, s->hub) == 0;
    return ours && body->log_number > 1 ? OK : ERR_HEADER;
}

static enum err check_times(const lianshu_Document *d, uint64_t now_ms)
{
    const uint64_t life = type_find(lianshu_DocumentType_TYPE_OFFICIAL_ACT)->life_ms;
    if (d->issued_ms > now_ms + FUTURE_MS)
        return ERR_FUTURE;
    if (d->valid_until_ms == 0 || d->valid_until_ms - d->issued_ms > life)
        return ERR_LIFE;
    return d->valid_until_ms <= now_ms ? ERR_EXPIRED : OK;
}

/* Who signed it, what it says, and when. */
static enum err read_statement(struct sdk *s, struct span lsd1, uint64_t now_ms,
                               lianshu_Document *d, lianshu_OfficialAct *body)
{
    struct registry_at at = {s->registry, now_ms, KEY_USE_OFFICIAL};
    const struct document_signers signers = registry_signers(&at);
    struct frame_document frame;
    uint8_t hash[HASH_LEN];

    enum err err = frame_parse_document(lsd1, &frame);
    if (err == OK)
        err = wire_decode(&lianshu_Document_msg, frame.document, d);
    if (err == OK)
        err = strcmp(d->realm, s->realm) == 0 ? check_officials(s, d) : ERR_REALM;
    if (err == OK && frame.count < OFFICIALS)
        err = ERR_TWO_OFFICIALS; /* one has not signed yet */
    if (err == OK)
        err = wire_decode(&lianshu_OfficialAct_msg, span_of(d->body.bytes, d->body.size), body);
    if (err == OK)
        err = check_body(s, body);
    if (err == OK)
        err = document_verify(lsd1, s->realm, &signers, s->verifier, d, hash);
    return err == OK ? check_times(d, now_ms) : err;
}

/* Each statement once, and none that is older than one before. */
static enum err check_newer(struct sdk *s, const struct sdk_renewal *renewal)
{
    uint64_t floor_ms;
    uint64_t log_number;

    enum err err = inner_value(s, FLOOR, &floor_ms);
    if (err == OK)
        err = inner_value(s, LOG_NUMBER, &log_number);
    if (err != OK)
        return err;
    return renewal->issued_ms > floor_ms && renewal->log_number > log_number ? OK
                                                                             : ERR_LIST_ROLLBACK;
}

static enum err begin_anew(struct sdk *s, const struct sdk_renewal *renewal, uint64_t now_ms)
{
    enum err err = sdk_begin(s);

    if (err == OK)
        err = mirror_forget(s->mirror_in);
    if (err == OK)
        err = inner_value_set(s, FLOOR, renewal->issued_ms);
    if (err == OK)
        err = inner_value_set(s, LOG_NUMBER, renewal->log_number);
    if (err == OK)
        return sdk_commit(s, now_ms);
    sdk_rollback(s);
    return err;
}

enum err sdk_mirror_renew(struct sdk *s, struct span lsd1, uint64_t now_ms, struct sdk_renewal *out,
                          struct fault *fault)
{
    lianshu_OfficialAct body = lianshu_OfficialAct_init_zero;
    lianshu_Document *d = calloc(1, sizeof *d);

    *out = (struct sdk_renewal){0};
    enum err err = d == NULL ? ERR_NO_MEMORY : read_statement(s, lsd1, now_ms, d, &body);
    if (err == OK) {
        *out = (struct sdk_renewal){d->issued_ms, body.log_number, body.log_size};
        err = check_newer(s, out);
    }
    if (err == OK)
        err = begin_anew(s, out, now_ms);
    free(d);
    return err == OK ? OK : fault_set(fault, err, 0, "mirror", "the statement is not taken");
}
