/* Acts of two officials: what a gate holds, or what is parked, goes on its way or back. The
 * document is checked like any other, carried out in a savepoint, and answered once it is on disk
 * and signed. PROTOCOL: acts of officials. */
#include "core/query.h"

#include "base/hex.h"
#include "base/log.h"
#include "keys/roles.h"

#include <stdio.h>
#include <string.h>

enum { OFFICIALS = 2 };

/* One act on its way through. */
struct act {
    struct span lsd1;
    const char *member; /* whose officials */
    bool carried;       /* by a document of that member: acts_judge */
    uint8_t id[STORE_ID_LEN];
    uint8_t hash[HASH_LEN];
    uint8_t kid[OFFICIALS][KID_LEN];
    lianshu_OfficialAct body;
    bool repeated;    /* it was carried out before */
    bool equivocates; /* another one was, under this id */
    uint8_t first[HASH_LEN];
    uint64_t leaf;      /* of the log, when it is carried out */
    const char *detail; /* of a refusal, for people */
};

static const char *verb_word(lianshu_OfficialVerb verb)
{
    static const char *const words[] = {"none",   "release", "return", "restored",
                                        "unmask", "rekey",   "doubt"};
    return words[verb];
}

/* ---- the document ---- */

static enum err refuse(struct act *act, enum err err, const char *detail)
{
    act->detail = detail;
    return err;
}

/* What needs no key: two officials of this hub, and a body that says something. */
static enum err check_form(struct core *core, struct act *act, const lianshu_Document *d)
{
    if (strcmp(d->realm, core->opt.realm) != 0)
        return ERR_REALM;
    if (d->type != lianshu_DocumentType_TYPE_OFFICIAL_ACT)
        return refuse(act, ERR_TYPE_UNKNOWN, "an act of officials is of type official.act");
    for (pb_size_t i = 0; i < d->issuers_count; i++) {
        if (strcmp(d->issuers[i].member, act->member) != 0)
            return refuse(act, act->carried ? ERR_TWO_OFFICIALS : ERR_OTHER_HUB,
                          "the officials are of another member");
    }
    if (d->issuers_count != OFFICIALS)
        return refuse(act, ERR_TWO_OFFICIALS, "it names one official, or more than two");
    if (memcmp(d->issuers[0].kid, d->issuers[1].kid, KID_LEN) == 0)
        return refuse(act, ERR_TWO_OFFICIALS, "it names one official twice");
    enum err err =
        wire_decode(&lianshu_OfficialAct_msg, span_of(d->body.bytes, d->body.size), &act->body);
    if (err != OK) {
        act->body = (lianshu_OfficialAct)lianshu_OfficialAct_init_zero;
        return err;
    }
    const lianshu_OfficialAct *body = &act->body;
    bool mine = act->carried ? body->verb == lianshu_OfficialVerb_OFFICIAL_UNMASK
                             : body->verb == lianshu_OfficialVerb_OFFICIAL_RELEASE ||
                                   body->verb == lianshu_OfficialVerb_OFFICIAL_RETURN ||
                                   body->verb == lianshu_OfficialVerb_OFFICIAL_REKEY ||
                                   body->verb == lianshu_OfficialVerb_OFFICIAL_DOUBT;
    if (!mine || body->log_number != 0 || body->log_size != 0 || !member_valid(body->recipient) ||
        !member_valid(body->sender) || (uint32_t)err_from_code(body->reason) != body->reason)
        return refuse(act, ERR_HEADER, "verb, recipient, sender or reason");
    return OK;
}

static enum err check_times(struct core *core, struct act *act, const lianshu_Document *d)
{
    const uint64_t life = type_find(lianshu_DocumentType_TYPE_OFFICIAL_ACT)->life_ms;
    if (d->issued_ms > core->now_ms + FUTURE_MAX_MS)
        return ERR_FUTURE;
    if (d->valid_until_ms == 0 || d->valid_until_ms - d->issued_ms > life)
        return refuse(act, ERR_LIFE, "valid_until is missing or too far away");
    return d->valid_until_ms <= core->now_ms ? ERR_EXPIRED : OK;
}

/* Was a document of this hub's officials under that id carried out? */
static enum err look_up(struct core *core, struct act *act)
{
    enum err err = document_get(core->store->documents, act->member, act->id, act->first);
    if (err != OK)
        return err == ERR_NOT_FOUND ? OK : err;
    act->repeated = memcmp(act->first, act->hash, HASH_LEN) == 0;
    act->equivocates = !act->repeated;
    return OK;
}

/* Everything that is asked of the bytes; *act is filled. Reads only. */
static enum err check(struct core *core, struct act *act)
{
    struct frame_document frame;
    lianshu_Document *d = &core->stored;
    struct registry_at at = {
        .registry = core->opt.registry, .at_ms = core->now_ms, .use = KEY_USE_OFFICIAL};
    const struct document_signers signers = registry_signers(&at);

    enum err err = frame_parse_document(act->lsd1, &frame);
    if (err == OK)
        err = wire_decode(&lianshu_Document_msg, frame.document, d);
    if (err == OK)
        err = check_form(core, act, d);
    if (err == OK)
        err = document_check(d);
    if (err != OK)
        return err;
    if (frame.count < OFFICIALS)
        return refuse(act, ERR_TWO_OFFICIALS, "one of the two has not signed yet");
    memcpy(act->id, d->id, sizeof act->id);
    for (size_t i = 0; i < OFFICIALS; i++)
        memcpy(act->kid[i], d->issuers[i].kid, KID_LEN);
    hash_bytes(act->hash, frame.document);
    err = look_up(core, act);
    if (err != OK || act->repeated)
        return err; /* the same again: the same answer, whatever time and keys are now */
    err = document_verify(act->lsd1, core->opt.realm, &signers, core->verifier, d, act->hash);
    if (err == OK && (err = roles_check(core->opt.registry, d, act->body.verb)) != OK)
        err = refuse(act, err, roles_needed(act->body.verb));
    if (err == OK)
        err = check_times(core, act, d);
    return err;
}

/* ---- what it does ---- */

static enum err write_leaf(struct core *core, struct act *act)
{
    lianshu_Admin body = {
        .registry_version = registry_version(core->opt.registry),
        .document.size = HASH_LEN,
        .officials_count = OFFICIALS,
    };
    uint8_t bytes[lianshu_Admin_size];
    struct writer w = writer_of(bytes, sizeof bytes);

    snprintf(body.event, sizeof body.event, "act.%s", verb_word(act->body.verb));
    snprintf(body.by, sizeof body.by, "%s", act->member);
    memcpy(body.document.bytes, act->hash, HASH_LEN);
    memcpy(body.officials, act->kid, sizeof act->kid);
    enum err err = wire_encode(&lianshu_Admin_msg, &body, &w);
    if (err == OK) /* the signed document itself stays beside its leaf */
        err = log_append(core->store->log, LOG_ADMIN, core->now_ms, writer_span(&w), act->lsd1,
                         &act->leaf);
    if (err == OK)
        err = document_put(core->store->documents, act->member, act->id, act->hash, act->leaf);
    return err == OK ? store_count(core->store, body.event, 1) : err;
}

static enum err decide_held(struct core *core, struct act *act, const struct message_row *message,
                            const struct queue_row *row)
{
    const struct hold_end end = {
        .release = act->body.verb == lianshu_OfficialVerb_OFFICIAL_RELEASE,
        .code = err_from_code(act->body.reason),
    };
    enum err err = holds_end(core, row, message, &end);
    if (err_class(err) == ERR_CLASS_REJECT && end.release)
        return refuse(act, err, "the envelope cannot be used again: it can only be returned");
    return err;
}

static enum err decide_parked(struct core *core, struct act *act, const struct message_row *message,
                              const struct queue_row *row)
{
    const enum err reason = err_from_code(act->body.reason);
    uint64_t told;
    if (act->body.verb == lianshu_OfficialVerb_OFFICIAL_RETURN)
        return holds_return_row(core, row, reason, NULL);
    enum err err = holds_tell_released(core, message, row->recipient, reason, &told);
    return err == OK ? holds_release_row(core, row, told, NULL) : err;
}

static enum err keep_equivocation(struct core *core, const struct act *act)
{
    lianshu_Equivocation body = {0};
    uint64_t index;
    memcpy(body.sender, core->opt.member, strlen(core->opt.member));
    memcpy(body.message_id, act->id, sizeof body.message_id);
    memcpy(body.first, act->first, sizeof body.first);
    memcpy(body.second, act->hash, sizeof body.second);
    return apply_leaf(core, LOG_EQUIVOCATION, &lianshu_Equivocation_msg, &body, &index);
}

/* The keys of the hub itself: nothing but it is meant. */
static enum err decide_rekey(struct core *core, struct act *act)
{
    const lianshu_OfficialAct *body = &act->body;
    if (strcmp(body->recipient, act->member) != 0 || strcmp(body->sender, act->member) != 0)
        return refuse(act, ERR_OTHER_HUB, "recipient and sender are this hub");
    enum err err = rekey_begin(core, span_of(body->object.bytes, body->object.size));
    if (err == ERR_EXISTS)
        return refuse(act, err, "another pair of keys is being taken into use");
    if (err == ERR_KEY_FILE)
        return refuse(act, err, "the key file, as the hub has read it, holds no such new pair");
    return err == OK ? write_leaf(core, act) : err;
}

/* What a revoked key did is put before those who must confirm it. */
static enum err decide_doubt(struct core *core, struct act *act)
{
    const lianshu_OfficialAct *body = &act->body;
    if (strcmp(body->recipient, act->member) != 0)
        return refuse(act, ERR_OTHER_HUB, "the recipient is this hub");
    enum err err = write_leaf(core, act);
    if (err == OK)
        err = doubt_begin(core, body->sender, body->message_id);
    return err == ERR_KID_UNKNOWN ? refuse(act, err, "no revoked key of that member") : err;
}

static enum err decide(struct core *core, struct act *act)
{
    static const char NOTHING[] = "nothing under this id is held or parked for that recipient";
    const lianshu_OfficialAct *body = &act->body;
    struct message_row message;
    struct queue_row row;
    struct span frame;
    if (body->verb == lianshu_OfficialVerb_OFFICIAL_REKEY)
        return decide_rekey(core, act);
    if (body->verb == lianshu_OfficialVerb_OFFICIAL_DOUBT)
        return decide_doubt(core, act);
    enum err err = message_get(core->store->messages, body->sender, body->message_id, &message);
    if (err == OK)
        err = queue_get(core->store->queue, body->recipient, message.seq, &row);
    if (err == OK && row.state != QUEUE_HELD && row.state != QUEUE_PARKED)
        err = ERR_NOT_FOUND;
    if (err != OK)
        return err == ERR_NOT_FOUND ? refuse(act, err, NOTHING) : err;
    if (body->verb == lianshu_OfficialVerb_OFFICIAL_RELEASE &&
        sweep_ends_ms(&row) <= core->now_ms && !notices_is(&row))
        return refuse(act, ERR_EXPIRED, "it can only be returned");
    if (body->verb == lianshu_OfficialVerb_OFFICIAL_RELEASE)
        err = message_frame(core->store->messages, message.seq, &frame);
    if (err != OK)
        return refuse(act, err, "its contents are gone: it can only be returned");
    err = write_leaf(core, act);
    if (err != OK)
        return err;
    return row.state == QUEUE_HELD ? decide_held(core, act, &message, &row)
                                   : decide_parked(core, act, &message, &row);
}

/* All of it or nothing, and on disk and signed when it returns OK. */
static enum err carry_out(struct core *core, struct act *act)
{
    const uint64_t size = log_size(core->store->log);
    core->output_ready = false;
    enum err err = core_begin(core);
    if (err == OK)
        err = store_savepoint(core->store);
    if (err != OK)
        return err;
    err = act->equivocates ? keep_equivocation(core, act) : decide(core, act);
    if (err == OK) {
        err = store_release(core->store);
    } else {
        const enum err undone = store_rollback_to(core->store);
        if (undone != OK)
            core->poison = undone; /* what is left of the transaction is unknown */
    }
    const enum err committed = core_commit(core, core->now_ms);
    if (committed != OK)
        return committed;
    if (err == OK && core->signed_size <= size)
        err = ERR_BUSY; /* the batch was given up: nothing of it is there */
    if (err == OK && act->body.verb == lianshu_OfficialVerb_OFFICIAL_REKEY)
        err = rekey_look(core);
    core_wake_at(core, core->now_ms); /* what the commit has justified goes out */
    return err == OK && act->equivocates ? ERR_EQUIVOCATION : err;
}

/* ---- the answer ---- */

/* Of nothing but the document: the same act has the same answer for ever. */
static void put_answer(struct query *q, const struct act *act)
{
    struct json *officials = json_list();
    json_put_text(q->answer, "act", verb_word(act->body.verb));
    json_put_text(q->answer, "recipient", act->body.recipient);
    json_put_text(q->answer, "sender", act->body.sender);
    json_put_hex(q->answer, "message_id",
                 span_of(act->body.message_id, sizeof act->body.message_id));
    json_put_uint(q->answer, "code", act->body.reason);
    json_put_hex(q->answer, "document", span_of(act->hash, HASH_LEN));
    for (size_t i = 0; i < OFFICIALS; i++) {
        char kid[2 * KID_LEN + 1];
        hex_encode(span_of(act->kid[i], KID_LEN), kid);
        json_add_text(officials, kid);
    }
    json_put(q->answer, "officials", officials);
}

enum err core_act(struct core *core, struct span lsd1, uint64_t now_ms, struct writer *answer)
{
    struct act act = {.lsd1 = lsd1, .member = core->opt.member, .detail = ""};
    core_set_now(core, now_ms);
    enum err err = check(core, &act);
    if (err == OK && !act.repeated)
        err = carry_out(core, &act);
    if (err_class(err) == ERR_CLASS_FATAL || err_class(err) == ERR_CLASS_INTERNAL)
        return err;
    struct query q = {.core = core, .answer = json_map()};
    if (err == OK)
        put_answer(&q, &act);
    else
        query_error(&q, err, act.detail);
    if (!act.repeated)
        log_info("act", "verb=%s code=%d", verb_word(act.body.verb), (int)err);
    return query_finish(&q, answer);
}

/* ---- acts that a document carries ---- */

enum err acts_judge(struct core *core, const struct act_about *what, enum err *refusal)
{
    struct act act = {.lsd1 = what->lsd1, .member = what->member, .carried = true, .detail = ""};
    enum err err = check(core, &act);
    if (err_class(err) == ERR_CLASS_FATAL || err_class(err) == ERR_CLASS_INTERNAL)
        return err;
    const lianshu_OfficialAct *body = &act.body;
    if (err == OK && (act.repeated || act.equivocates))
        err = ERR_EQUIVOCATION; /* an act is carried out once */
    if (err == OK && (body->verb != what->verb || strcmp(body->recipient, what->recipient) != 0 ||
                      strcmp(body->sender, what->sender) != 0 ||
                      memcmp(body->message_id, what->message_id, sizeof body->message_id) != 0))
        err = ERR_TWO_OFFICIALS; /* they have decided on something else */
    *refusal = err;
    return OK;
}

enum err acts_keep(struct core *core, const struct act_about *what, uint64_t *leaf)
{
    struct act act = {.lsd1 = what->lsd1, .member = what->member, .carried = true, .detail = ""};
    enum err err = check(core, &act);
    if (err == OK)
        err = write_leaf(core, &act);
    *leaf = act.leaf;
    return err;
}
