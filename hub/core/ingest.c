#include "core/state.h"

#include "validate.h"

#include <string.h>

void ingest_count(struct core *core, uint32_t peer, enum err code)
{
    peer_count_refusal(core_peer_at(core, peer), code, core->now_ms);
    core_wake_at(core, core->now_ms + SECOND_MS);
}

void ingest_refuse(struct core *core, uint32_t peer, enum err code, const uint8_t *message_id)
{
    ingest_count(core, peer, code);
    lianshu_Control control = {.kind = lianshu_ControlKind_CONTROL_BUSY,
                               .which_body = lianshu_Control_busy_tag};
    if (message_id != NULL) {
        control.body.busy.message_id.size = STORE_ID_LEN;
        memcpy(control.body.busy.message_id.bytes, message_id, STORE_ID_LEN);
    }
    control.body.busy.code = (uint32_t)code;
    control.body.busy.retry_after_ms = BUSY_RETRY_MS;
    /* A peer that does not read loses the hint, nothing else. */
    (void)session_say(core, peer, &control);
}

/* PROTOCOL, order of checks: frame and bounds, canonical header. */
static enum err parse(struct core *core, struct incoming *in, struct span frame)
{
    in->frame = frame;
    in->has_facts = false;
    in->subject = NULL;
    in->persons = NULL;
    in->person_count = 0;
    in->accepted_ms = 0;
    in->as_of = 0;
    in->case_step = 0;
    in->receipts = span_of(NULL, 0);
    in->link = NULL;
    in->said = NULL;
    in->accepted_ms = 0;
    in->as_of = 0;
    in->here = 0;
    in->share = 0;
    enum err err = frame_parse_envelope(frame, &in->env);
    if (err != OK)
        return err;
    err = wire_decode(&lianshu_Header_msg, in->env.header, &in->header);
    if (err != OK)
        return err;
    err = header_check(&in->header);
    if (err == ERR_SUITE) /* C-12: one that there is not, or one that is not enough */
        err = registry_suite(core->opt.registry, in->header.suite, core->now_ms);
    if (err != OK)
        return err;
    err = envelope_check_sender(&in->header, &in->env);
    if (err != OK)
        return err;
    in->type = type_find(in->header.type);
    if (in->type == NULL || in->type->alone != NULL)
        return ERR_TYPE_UNKNOWN;
    if (strcmp(in->header.realm, core->opt.realm) != 0)
        return ERR_REALM;
    envelope_id(&in->env, in->header_hash, in->env_id);
    return OK;
}

/* The moment as of which keys and times are judged. */
static uint64_t moment_of(const struct core *core, const struct incoming *in)
{
    return in->accepted_ms != 0 ? in->accepted_ms : core->now_ms;
}

/* Age alone is no fault: only future, end and too long a life are, and a beginning so long ago that
 * no life of this type reaches until now, whatever end it names. */
static enum err check_time(const struct incoming *in, uint64_t now_ms)
{
    const lianshu_Header *h = &in->header;
    if (h->created_ms > now_ms + FUTURE_MAX_MS)
        return ERR_FUTURE;
    if (h->created_ms + in->type->life_ms <= now_ms)
        return ERR_TOO_OLD;
    if (h->expires_ms <= h->created_ms || h->expires_ms - h->created_ms > in->type->life_ms)
        return ERR_LIFE;
    if (h->expires_ms <= now_ms)
        return ERR_EXPIRED;
    if (h->not_before_ms >= h->expires_ms)
        return ERR_LIFE;
    return OK;
}

/* Of an envelope that another hub handed on, only our own recipients are our concern: that hub's
 * and the next one's are theirs. */
static bool is_ours(const struct core *core, const struct incoming *in, const char *member)
{
    return in->link == NULL || relay_hop(core, member) == NULL;
}

/* Readers are recipients: nobody reads who may not receive. */
static enum err check_reader(struct core *core, const struct incoming *in,
                             const lianshu_Reader *reader)
{
    const lianshu_Header *h = &in->header;
    const struct registry_key *key;
    if (!is_ours(core, in, reader->member))
        return OK;
    enum err err = registry_signer(core->opt.registry, reader->member, reader->kid, KEY_USE_SEAL,
                                   moment_of(core, in), &key);
    if (err != OK && in->link == NULL) /* its sender may lack the record of a newer one */
        amending_again(core, in->peer);
    /* A hub reads facts by its office, whoever the recipients are. */
    if (err != OK || relay_is_office(core, h, reader->member))
        return err;
    return registry_may(core->opt.registry, h->sender, h->type, reader->member);
}

/* What only hubs say is said by this one itself, or by another that handed it on: between hubs
 * being linked is the right, to a member it needs grants like any. */
static enum err check_by_hub(const struct core *core, const struct incoming *in)
{
    const char *sender = in->header.sender;
    return in->link != NULL && topology_hub(core->opt.registry, sender) != NULL ? OK : ERR_NO_RIGHT;
}

static enum err check_rights(struct core *core, const struct incoming *in)
{
    const lianshu_Header *h = &in->header;
    enum err err = (in->type->flags & TYPE_BY_HUB) != 0 ? check_by_hub(core, in) : OK;
    if (err != OK)
        return err;
    if (h->purpose[0] == '\0')
        return ERR_PURPOSE;
    const bool granted = (in->type->flags & TYPE_HUB_ONLY) == 0;
    const uint32_t mine = in->link == NULL ? in->share : in->here;
    for (pb_size_t i = 0; granted && i < h->destination_count; i++) {
        if ((mine >> i & 1) == 0)
            continue;
        err = registry_may(core->opt.registry, h->sender, h->type, h->destination[i]);
        if (err != OK)
            return err;
    }
    for (pb_size_t p = 0; p < h->parts_count; p++) {
        for (pb_size_t r = 0; r < h->parts[p].audience_count; r++) {
            err = check_reader(core, in, &h->parts[p].audience[r]);
            if (err != OK)
                return err;
        }
    }
    return in->link == NULL && granted ? relay_facts_reach(core, h) : OK;
}

/* Open the facts part and hold its document to everything that needs no state. */
static enum err open_facts(struct core *core, struct incoming *in, uint64_t at_ms,
                           struct fault *fault)
{
    const lianshu_Header *h = &in->header;
    int part = header_facts_part(h);
    if (part < 0)
        return (in->type->flags & (TYPE_FACTS | TYPE_GATED)) != 0 ? ERR_FACTS_MISSING : OK;
    if (part_reader(&h->parts[part], core->opt.member) < 0)
        return ERR_FACTS_MISSING;
    enum err inner;
    enum err err =
        envelope_open(core->opener, core->opt.keys, core->opt.member, h, &in->env, in->header_hash,
                      (size_t)part, core->plain, SEAL_PLAIN_MAX, &in->facts_frame, NULL, &inner);
    if (err != OK)
        return err;
    err = registry_verify_document(core->opt.registry, at_ms, in->facts_frame, core->verifier,
                                   &in->document, in->facts_hash);
    if (err != OK)
        return err;
    err = document_check(&in->document);
    if (err != OK)
        return err;
    err = document_check_addressed(&in->document, core->opt.member, h->sender,
                                   (in->type->flags & TYPE_RELAYABLE) != 0);
    if (err != OK)
        return err;
    if (in->document.type != h->type || in->document.facts.size != 0 || in->type->facts == NULL)
        return ERR_POISON;
    if (in->document.issued_ms > core->now_ms + FUTURE_MAX_MS)
        return ERR_FUTURE;
    if (in->document.valid_until_ms != 0 && in->document.valid_until_ms <= core->now_ms)
        return ERR_EXPIRED;
    err = wire_decode(in->type->facts, span_of(in->document.body.bytes, in->document.body.size),
                      &in->body);
    if (err != OK)
        return err;
    in->has_facts = true;
    in->subject = facts_subject(in->type->facts, &in->body);
    in->persons = facts_persons(in->type->facts, &in->body, &in->person_count);
    if (in->subject != NULL && in->subject->kind == lianshu_SubjectKind_SUBJECT_NONE)
        in->subject = NULL;
    return facts_validate(in->type, &in->body, core->opt.regions, fault);
}

/* Another envelope under a known message id, with a good signature: kept as evidence. */
static enum err keep_equivocation(struct core *core, struct incoming *in)
{
    ingest_refuse(core, in->peer, ERR_EQUIVOCATION, in->header.message_id);
    struct peer *peer = core_peer_at(core, in->peer);
    if (memcmp(peer->equivocated, in->env_id, HASH_LEN) == 0)
        return OK; /* the same again is counted, not kept again */
    memcpy(peer->equivocated, in->env_id, HASH_LEN);
    core->batch_count++;
    lianshu_Equivocation body = {0};
    memcpy(body.sender, in->header.sender, sizeof body.sender);
    memcpy(body.message_id, in->header.message_id, sizeof body.message_id);
    memcpy(body.first, in->known.env_id, sizeof body.first);
    memcpy(body.second, in->env_id, sizeof body.second);
    uint64_t index;
    enum err err = core_begin(core);
    if (err != OK)
        return err;
    return apply_leaf(core, LOG_EQUIVOCATION, &lianshu_Equivocation_msg, &body, &index);
}

static enum err check_signature(struct core *core, const struct incoming *in)
{
    const struct registry_key *key;
    enum err err = registry_key(core->opt.registry, in->header.sender_kid, &key);
    if (err != OK)
        return err;
    if (strcmp(key->member->id, in->header.sender) != 0)
        return ERR_KEY_NOT_SENDERS;
    if (key->use != KEY_USE_SIGN)
        return ERR_KEY_USE;
    struct frame_signature s;
    err = frame_parse_signature(in->env.signature, &s);
    if (err != OK)
        return err;
    if (memcmp(s.kid, in->header.sender_kid, KID_LEN) != 0)
        return ERR_SIGNATURE;
    return verifier_check(core->verifier, key->public_key, in->env_id, in->env.signature);
}

/* Numbers of a conversation come in order. ERR_SEQUENCE: it was used; ERR_SEQUENCE_GAP: it comes
 * early. */
static enum err check_sequence(struct core *core, const struct incoming *in)
{
    const lianshu_Header *h = &in->header;
    if (h->sequence == 0 || in->link != NULL) /* the first hub's concern */
        return OK;
    uint8_t conversation[STORE_ID_LEN] = {0};
    memcpy(conversation, h->conversation.bytes, h->conversation.size);
    uint64_t last;
    enum err err = message_sequence(core->store->messages, h->sender, conversation, &last);
    if (err != OK)
        return err;
    if (h->sequence <= last)
        return ERR_SEQUENCE;
    return h->sequence > last + 1 ? ERR_SEQUENCE_GAP : OK;
}

/* Everything that is refused with a receipt, because its signature is good. */
static enum err check_signed(struct core *core, struct incoming *in, struct fault *fault)
{
    const struct registry_key *key;
    const uint64_t moment_ms = moment_of(core, in);
    /* What comes early waits at its sender, whatever is wrong with it: a number that is refused
     * before its turn would be missing for ever. */
    const enum err turn = check_sequence(core, in);
    if (turn != OK && turn != ERR_SEQUENCE)
        return turn;
    enum err err = registry_signer(core->opt.registry, in->header.sender, in->header.sender_kid,
                                   KEY_USE_SIGN, moment_ms, &key);
    if (err != OK || (err = registry_suite(core->opt.registry, in->header.suite, moment_ms)) != OK)
        return err;
    err = check_time(in, moment_ms);
    if (err == OK && in->header.expires_ms <= core->now_ms)
        err = ERR_EXPIRED;
    if (err == OK && in->link == NULL)
        err = relay_route(core, in); /* of another hub's it is known already */
    if (err != OK)
        return err;
    err = check_rights(core, in);
    if (err == OK)
        err = turn;
    if (err != OK)
        return err;
    /* Who only hands it on sees its header. */
    return in->here != 0 || in->link == NULL ? open_facts(core, in, moment_ms, fault) : OK;
}

enum err ingest_reopen(struct core *core, struct incoming *in, struct span frame,
                       uint64_t accepted_ms)
{
    struct fault fault = {0};
    enum err err = parse(core, in, frame);
    return err == OK ? open_facts(core, in, accepted_ms, &fault) : err;
}

/* Write what was judged, in a savepoint of its own. */
static enum err write_judged(struct core *core, struct incoming *in, struct judgement *judged)
{
    enum err err = store_savepoint(core->store);
    if (err != OK)
        return err;
    err = apply(core, in, judged);
    if (err == OK)
        return store_release(core->store);
    enum err undone = store_rollback_to(core->store);
    if (undone != OK)
        core->poison = undone; /* what is left of the transaction is unknown */
    return err;
}

static void refuse_judged(const struct incoming *in, struct judgement *judged, enum err why,
                          bool whole)
{
    judged->err = why;
    judged->whole = whole;
    judged->kind = in->link == NULL ? lianshu_ReceiptKind_RECEIPT_REJECTED
                                    : lianshu_ReceiptKind_RECEIPT_REFUSED;
    judged->recorded = false;
    judged->event_recorded = false;
    judged->verdict.ground_count = 0;
    judged->case_place = CASE_NEXT; /* none: nothing of it is left of the one before */
    judged->case_stands = false;
}

/* One message of the batch. What turns out to be impossible only while it is written is
 * refused like anything else. */
static enum err settle(struct core *core, struct incoming *in, enum err verdict)
{
    struct judgement *judged = &core->judged;
    enum err err = core_begin(core);
    if (err != OK)
        return err;
    refuse_judged(in, judged, verdict, verdict != OK);
    if (verdict == OK)
        err = judge(core, in, judged);
    /* What cannot be judged is refused: a view with more rows than a rule reads is no pass. */
    if (err_class(err) == ERR_CLASS_REJECT) {
        refuse_judged(in, judged, err, false);
        err = OK;
    }
    if (err != OK)
        return err;
    err = write_judged(core, in, judged);
    if (err_class(err) == ERR_CLASS_REJECT && judged->err == OK) {
        refuse_judged(in, judged, err, true);
        err = write_judged(core, in, judged);
    }
    core->batch_count++;
    if (in->link == NULL)
        volumes_count(core, in->peer, in->header.type);
    return err;
}

/* Unsigned and unlogged; what follows it over a link waits, too. */
static void put_off(struct core *core, const struct incoming *in, enum err why)
{
    ingest_refuse(core, in->peer, why, in->header.message_id);
    if (in->link != NULL)
        relay_put_off(core, in);
}

/* Who may carry it here: its sender, or a hub that we are linked with, by a way. */
static enum err check_carrier(struct core *core, struct incoming *in)
{
    const struct peer *peer = core_peer_at(core, in->peer);
    if (core->opt.link_count > 0)
        in->link = link_of_peer(core, in->peer);
    if (in->link != NULL)
        return relay_came(core, in);
    return strcmp(in->header.sender, peer->member) == 0 ? OK : ERR_WRONG_SENDER;
}

static enum err turn_back(struct core *core, const struct incoming *in, enum err why)
{
    const enum err_class class = err_class(why);
    if (class == ERR_CLASS_INTERNAL || class == ERR_CLASS_FATAL)
        return why;
    if (in->link != NULL && class == ERR_CLASS_REJECT)
        return relay_turn_back(core, in, why);
    ingest_refuse(core, in->peer, why, why == ERR_WRONG_SENDER ? NULL : in->header.message_id);
    return OK;
}

/* It is new, and may be here. Signature, then whatever is refused with a receipt. */
static enum err examine(struct core *core, struct incoming *in, bool known)
{
    if (amending_counts(core, in))
        return OK;
    enum err err = check_signature(core, in);
    if (known && err == OK) {
        err = keep_equivocation(core, in);
        return err == OK && in->link != NULL ? relay_turn_back(core, in, ERR_EQUIVOCATION) : err;
    }
    if (err != OK) {
        put_off(core, in, err);
        return OK;
    }
    struct fault fault = {0};
    err = in->link == NULL ? OK : relay_in_turn(core, in);
    if (err == OK)
        err = check_signed(core, in, &fault);
    if (err == OK) {
        bool missing = false;
        err = attach_want(core, in, &missing);
        if (err == OK && missing && in->link != NULL)
            relay_put_off(core, in);
        if (err == OK && missing)
            return OK;
    }
    const enum err_class class = err_class(err);
    if (class == ERR_CLASS_INTERNAL || class == ERR_CLASS_FATAL)
        return err;
    if (class != ERR_CLASS_RETRY)
        err = settle(core, in, err);
    if (err_class(err) != ERR_CLASS_RETRY)
        return err;
    put_off(core, in, err);
    return OK;
}

enum err ingest_envelope(struct core *core, uint32_t peer_number, struct span frame)
{
    struct incoming *in = &core->in;
    in->peer = peer_number;
    enum err err = parse(core, in, frame);
    if (err != OK) {
        ingest_refuse(core, peer_number, err, NULL);
        return OK;
    }
    err = check_carrier(core, in);
    if (err != OK)
        return turn_back(core, in, err);
    /* The repeat of a known envelope needs no key; anything else does. */
    enum err known =
        message_get(core->store->messages, in->header.sender, in->header.message_id, &in->known);
    if (known != OK && known != ERR_NOT_FOUND)
        return known;
    if (known == OK && memcmp(in->known.env_id, in->env_id, HASH_LEN) == 0)
        return receipts_repeat(core, peer_number, &in->known);
    err = core->clock_back ? ERR_CLOCK : room_for(core, in);
    if (err != OK) {
        put_off(core, in, err);
        return OK;
    }
    return examine(core, in, known == OK);
}
