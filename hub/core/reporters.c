/* Who reports an offence stays unknown, but to one unit (药品管理法第106条, 总局令第20号第33条).
 * The hub cannot read who it is; it keeps the way:
 *
 *   reporter.identity   sealed to one member, the holder; the hub learns the pseudonym and the
 * holder reporter.request    a member asks the holder, and nobody else reporter.unmask     the
 * holder answers that member alone, and its facts carry the act of two officials of the holder
 * about that very request: a leaf of the log before the answer goes out. Once. */
#include "core/state.h"

#include "base/text.h"

#include <string.h>

bool reporters_apply(uint32_t type)
{
    return type == lianshu_DocumentType_TYPE_REPORTER_IDENTITY ||
           type == lianshu_DocumentType_TYPE_REPORTER_REQUEST ||
           type == lianshu_DocumentType_TYPE_REPORTER_UNMASK;
}

static struct act_about act_of(const struct incoming *in)
{
    const lianshu_ReporterFacts *body = &in->body.reporter;
    return (struct act_about){
        .lsd1 = span_of(body->act_document.bytes, body->act_document.size),
        .verb = lianshu_OfficialVerb_OFFICIAL_UNMASK,
        .member = in->header.sender,
        .recipient = in->header.sender,
        .sender = in->header.destination[0],
        .message_id = body->request_id.bytes,
    };
}

static enum err judge_unmask(struct core *core, const struct incoming *in,
                             const struct reporter *held, enum err *refusal)
{
    const lianshu_ReporterFacts *body = &in->body.reporter;
    struct reporter_ask ask;
    if (strcmp(held->holder, in->header.sender) != 0 || body->request_id.size != STORE_ID_LEN)
        return OK;
    enum err err = reporter_ask_get(core->store->reporters, in->header.destination[0],
                                    body->request_id.bytes, &ask);
    if (err != OK)
        return err == ERR_NOT_FOUND ? OK : err;
    if (ask.told_seq != 0 || memcmp(ask.pseudonym, body->pseudonym, sizeof ask.pseudonym) != 0)
        return OK;
    const struct act_about act = act_of(in);
    return acts_judge(core, &act, refusal);
}

enum err reporters_judge(struct core *core, const struct incoming *in, struct judgement *out)
{
    const lianshu_Header *h = &in->header;
    struct reporter held;
    out->err = ERR_REPORTER;
    if (h->destination_count != 1 || strcmp(h->destination[0], core->opt.member) == 0 ||
        strcmp(h->destination[0], h->sender) == 0)
        return OK;
    enum err err = reporter_get(core->store->reporters, in->body.reporter.pseudonym, &held);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    const bool known = err == OK;
    if (h->type == lianshu_DocumentType_TYPE_REPORTER_IDENTITY)
        out->err = known ? ERR_REPORTER : OK;
    else if (known && h->type == lianshu_DocumentType_TYPE_REPORTER_REQUEST)
        out->err = strcmp(held.holder, h->destination[0]) == 0 ? OK : ERR_REPORTER;
    else if (known)
        return judge_unmask(core, in, &held, &out->err);
    return OK;
}

static enum err take_unmask(struct core *core, const struct incoming *in)
{
    const struct act_about act = act_of(in);
    struct reporter_ask ask = {.told_seq = 0};
    enum err err = acts_keep(core, &act, &ask.told_seq);
    text_copy(ask.asker, sizeof ask.asker, in->header.destination[0]);
    memcpy(ask.message_id, in->body.reporter.request_id.bytes, sizeof ask.message_id);
    return err == OK ? reporter_ask_told(core->store->reporters, &ask) : err;
}

enum err reporters_take(struct core *core, const struct incoming *in, uint64_t seq)
{
    const lianshu_ReporterFacts *body = &in->body.reporter;
    if (in->header.type == lianshu_DocumentType_TYPE_REPORTER_UNMASK)
        return take_unmask(core, in);
    if (in->header.type == lianshu_DocumentType_TYPE_REPORTER_IDENTITY) {
        struct reporter row = {.seq = seq};
        memcpy(row.pseudonym, body->pseudonym, sizeof row.pseudonym);
        text_copy(row.holder, sizeof row.holder, in->header.destination[0]);
        return reporter_put(core->store->reporters, &row);
    }
    struct reporter_ask ask = {.told_seq = 0};
    text_copy(ask.asker, sizeof ask.asker, in->header.sender);
    memcpy(ask.message_id, in->header.message_id, sizeof ask.message_id);
    memcpy(ask.pseudonym, body->pseudonym, sizeof ask.pseudonym);
    return reporter_ask_put(core->store->reporters, &ask);
}
