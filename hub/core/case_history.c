/* Earlier steps of a case for a hub that joins it: kept with each step. A hub that lacks what went
 * before a step shows that step to the hub which judged it, is given the others, and puts them in
 * their places (case_settle.c). */
#include "core/state.h"

#include "base/text.h"
#include "validate.h"

#include <string.h>

enum {
    HISTORY_MAX = 256, /* earlier steps that are handed on */
    KEY_LEN = STORE_ID_LEN + 8 + HASH_LEN,
};

/* ---- kept with each step ---- */

static struct span paper_key(const struct casefile_step *step, uint8_t out[static KEY_LEN])
{
    struct writer w = writer_of(out, KEY_LEN);
    write_bytes(&w, step->id, STORE_ID_LEN);
    write_uint(&w, step->number, 8);
    write_bytes(&w, step->document, HASH_LEN);
    return writer_span(&w);
}

/* Which files went with it: its sender's signed header, without any of its parts. */
static enum err put_envelope(const struct incoming *in, lianshu_RelayFacts *facts)
{
    struct writer w = writer_of(facts->envelope.bytes, sizeof facts->envelope.bytes);
    if (in->env.part_count == 0)
        return OK; /* not handed on to us either */
    enum err err = envelope_forward(&in->header, &in->env, "", &w);
    facts->envelope.size = (pb_size_t)w.len;
    return err;
}

enum err case_history_keep(struct core *core, const struct incoming *in,
                           const struct casefile_step *step)
{
    lianshu_RelayFacts *facts = &core->spread->facts;
    const lianshu_Header *h = &in->header;
    uint8_t key[KEY_LEN];
    if (!in->has_facts || in->facts_frame.len > sizeof facts->document.bytes)
        return OK;
    wire_clear(&lianshu_RelayFacts_msg, facts);
    facts->document.size = (pb_size_t)in->facts_frame.len;
    memcpy(facts->document.bytes, in->facts_frame.data, in->facts_frame.len);
    facts->accepted_ms = cases_moment(core, in);
    facts->case_step = (uint32_t)step->number;
    facts->message_id.size = STORE_ID_LEN;
    memcpy(facts->message_id.bytes, h->message_id, STORE_ID_LEN);
    facts->destination_count = h->destination_count;
    memcpy(facts->destination, h->destination, sizeof facts->destination);
    facts->receipts.size = (pb_size_t)in->receipts.len;
    if (in->receipts.len > 0)
        memcpy(facts->receipts.bytes, in->receipts.data, in->receipts.len);
    struct writer text = writer_of(core->spread->text, sizeof core->spread->text);
    struct writer w = writer_of(core->frame, FRAME_MAX);
    enum err err = put_envelope(in, facts);
    if (err == OK)
        err = wire_encode(&lianshu_RelayFacts_msg, facts, &text);
    if (err == OK)
        err = rest_put(core, "case_paper", paper_key(step, key), "sealed", writer_span(&text), &w);
    return err == OK ? casefile_paper_put(core->store->casefiles, step, writer_span(&w)) : err;
}

enum err case_history_read(struct core *core, const struct casefile_step *step)
{
    uint8_t key[KEY_LEN];
    struct span sealed;
    struct writer text = writer_of(core->spread->text, sizeof core->spread->text);
    enum err err = casefile_paper(core->store->casefiles, step, &sealed);
    if (err != OK)
        return err;
    err = rest_get(core, "case_paper", paper_key(step, key), "sealed", sealed, &text);
    if (err == OK)
        err = wire_decode(&lianshu_RelayFacts_msg, writer_span(&text), &core->spread->facts);
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

/* ---- asked for, and handed on ---- */

enum err case_history_step(struct core *core, const uint8_t id[static STORE_ID_LEN],
                           uint64_t number, struct casefile_step *out)
{
    uint64_t cursor = number;
    enum err err = casefile_step_next(core->store->casefiles, id, &cursor, out);
    return err == OK && out->number != number ? ERR_NOT_FOUND : err;
}

static bool serves(const struct core *core, const char *hub, const char *member)
{
    const struct registry_member *home = topology_home_of(core->opt.registry, member);
    return home != NULL && strcmp(home->id, hub) == 0;
}

enum err case_history_touches(struct core *core, const struct casefile_step *step, const char *hub,
                              bool *yes)
{
    char holder[STORE_MEMBER_MAX + 1] = "";
    enum err err = OK;
    *yes = serves(core, hub, step->by);
    while (!*yes &&
           (err = casefile_holder_next(core->store->casefiles, step->id, step->seq, holder)) == OK)
        *yes = serves(core, hub, holder);
    return err == ERR_NOT_FOUND ? OK : err;
}

/* The last step before that one of which the hub knows: with it came those before it. */
static enum err held_until(struct core *core, const uint8_t id[static STORE_ID_LEN],
                           uint64_t before, const char *hub, uint64_t *number)
{
    struct casefile_step step;
    uint64_t cursor = 0;
    enum err err;
    *number = 0;
    while ((err = casefile_step_next(core->store->casefiles, id, &cursor, &step)) == OK &&
           step.number < before) {
        bool yes;
        err = case_history_touches(core, &step, hub, &yes);
        if (err != OK)
            return err;
        if (yes)
            *number = step.number;
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

/* Not before what was sent there until now: a hub that has not got the step that this one is about
 * cannot take it. */
enum err case_history_send(struct core *core, const struct casefile_step *step, const char *hub)
{
    static const enum lane of_steps = LANE_NORMAL;
    lianshu_RelayFacts *facts = &core->spread->facts;
    const struct outgoing what = {
        .type = lianshu_DocumentType_TYPE_RELAY_FACTS,
        .recipient = hub,
        .conversation = span_of(step->id, STORE_ID_LEN), /* they come in this order */
        .purpose = "federation",
        .body = facts,
        .lane = &of_steps,
    };
    enum err err = case_history_read(core, step);
    if (err != OK)
        return err == ERR_NOT_FOUND ? OK : err; /* what is not kept here cannot be told */
    err = case_receipts_collect(core, step, facts);
    if (err != OK)
        return err;
    facts->hops_count = 1;
    text_copy(facts->hops[0], sizeof facts->hops[0], core->opt.member);
    err = outgoing_send(core, &what);
    /* A hub whose key the registry does not hold any more cannot be told. */
    return err_class(err) == ERR_CLASS_REJECT ? OK : err;
}

static enum err hand(struct core *core, const struct casefile_step *step, const char *hub)
{
    enum err err = case_history_send(core, step, hub);
    return err == OK ? store_count(core->store, "cases.handed_on", 1) : err;
}

/* All documents of one number but this one, after it, unless they went there anyway. */
static enum err send_rivals(struct core *core, const struct casefile_step *step, const char *hub)
{
    struct casefile_step rival = {.number = step->number};
    enum err err;
    while ((err = casefile_step_rival(core->store->casefiles, step->id, step->number, &rival)) ==
           OK) {
        bool went = memcmp(rival.document, step->document, HASH_LEN) == 0;
        if (!went)
            err = case_history_touches(core, &rival, hub, &went);
        if (err == OK && !went)
            err = hand(core, &rival, hub);
        if (err != OK)
            return err;
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

/* From the newest to the oldest, so that each stands next to one that is known already; of each
 * also what lost to it. Who asks may never have got the one that went there: it is given, too. */
enum err case_history_hand_on(struct core *core, const struct casefile_step *step, const char *hub,
                              bool asks)
{
    struct casefile_step at;
    uint64_t held;
    enum err err = held_until(core, step->id, step->number, hub, &held);
    if (err == OK)
        err = send_rivals(core, step, hub);
    for (uint64_t n = step->number - 1, sent = 0;
         err == OK && n > 0 && (n > held || (asks && n == held)) && sent < HISTORY_MAX;
         n--, sent++) {
        err = case_history_step(core, step->id, n, &at);
        if (err == OK && serves(core, hub, at.by))
            return OK; /* it was taken there */
        if (err == OK)
            err = hand(core, &at, hub);
        if (err == OK)
            err = send_rivals(core, &at, hub);
    }
    return err == ERR_NOT_FOUND ? OK : err; /* what is not known here cannot be told */
}

/* Who judged the step is asked for the one before it, if that has not come. */
static enum err ask(struct core *core, const struct casefile_step *step, const char *home,
                    bool *asked)
{
    struct casefile_step before;
    *asked = false;
    enum err err = case_history_step(core, step->id, step->number - 1, &before);
    if (err != ERR_NOT_FOUND)
        return err;
    *asked = true;
    return case_history_send(core, step, home);
}

enum err case_history_ask(struct core *core, const struct incoming *in,
                          const struct casefile_step *step, bool meets)
{
    bool asked;
    const struct registry_member *home = topology_home_of(core->opt.registry, in->header.sender);
    if (in->case_step == 0 || step->number == 1 || home == NULL)
        return OK; /* it was judged here */
    enum err err = ask(core, step, home->id, &asked);
    return err == OK && meets && !asked ? case_split_meet(core, step, home->id) : err;
}

/* The last one that is given had gone here, and so may have what went before it. */
static enum err ask_on(struct core *core, const struct casefile_step *step)
{
    bool asked;
    bool went = false;
    const struct registry_member *home = topology_home_of(core->opt.registry, step->by);
    enum err err = step->number == 1 || home == NULL || spread_ours(core, step->by)
                       ? OK
                       : case_history_touches(core, step, core->opt.member, &went);
    return err == OK && went ? ask(core, step, home->id, &asked) : err;
}

/* That document, whether it stands or not. */
static enum err find_document(struct core *core, const struct casefile_step *said,
                              struct casefile_step *out)
{
    *out = (struct casefile_step){.number = said->number};
    enum err err;
    while ((err = casefile_step_rival(core->store->casefiles, said->id, said->number, out)) == OK)
        if (memcmp(out->document, said->document, HASH_LEN) == 0)
            return OK;
    return err;
}

/* A step that was judged here is shown by a hub that holds the case; also one that has lost
 * meanwhile, for the other hub has it and lacks what went before. */
static enum err answer(struct core *core, const struct incoming *in)
{
    struct incoming *doc = &core->spread->in;
    struct casefile_step said = cases_step_of(core, doc);
    struct casefile_step step;
    bool holds = false;
    said.number = doc->case_step;
    enum err err = find_document(core, &said, &step);
    if (err == OK)
        err = case_history_touches(core, &step, in->header.sender, &holds);
    if (err == OK && !holds)
        err = case_history_holds(core, step.id, in->header.sender, &holds);
    if (err != OK || !holds || step.number == 1 || !serves(core, core->opt.member, step.by))
        return err;
    return case_history_hand_on(core, &step, in->header.sender, true);
}

/* ---- taken in ---- */

/* The sender's header, without parts: it names the same message. */
static enum err open_envelope(struct core *core, const lianshu_RelayFacts *facts,
                              struct incoming *doc)
{
    const lianshu_Header *h = &doc->header;
    const char *issuer = doc->document.issuers[0].member;
    doc->env.part_count = 0;
    if (facts->envelope.size == 0)
        return OK;
    enum err err =
        frame_parse_envelope(span_of(facts->envelope.bytes, facts->envelope.size), &doc->env);
    if (err == OK)
        err = wire_decode(&lianshu_Header_msg, doc->env.header, &doc->header);
    if (err == OK)
        err = header_check(h);
    if (err == OK)
        err = frame_matches_header(&doc->env, h);
    if (err != OK)
        return err;
    bool same = strcmp(h->sender, issuer) == 0 && h->type == doc->document.type &&
                strcmp(h->realm, core->opt.realm) == 0 &&
                memcmp(h->message_id, facts->message_id.bytes, STORE_ID_LEN) == 0;
    bool went = h->destination_count == facts->destination_count;
    for (pb_size_t i = 0; went && i < h->destination_count; i++)
        went = strcmp(h->destination[i], facts->destination[i]) == 0;
    return !same ? ERR_POISON : went ? OK : ERR_NOT_ADDRESSED;
}

/* Signed by who sent it then. */
static enum err check_envelope(struct core *core, struct incoming *doc)
{
    const struct registry_key *key;
    struct frame_signature s;
    if (doc->env.part_count == 0)
        return OK;
    enum err err = registry_signer(core->opt.registry, doc->header.sender, doc->header.sender_kid,
                                   KEY_USE_SIGN, doc->accepted_ms, &key);
    if (err == OK)
        err = frame_parse_signature(doc->env.signature, &s);
    if (err == OK && memcmp(s.kid, doc->header.sender_kid, KID_LEN) != 0)
        err = ERR_SIGNATURE;
    if (err != OK)
        return err;
    envelope_id(&doc->env, doc->header_hash, doc->env_id);
    return verifier_check(core->verifier, key->public_key, doc->env_id, doc->env.signature);
}

/* The document in its place of an envelope, as its first hub took it. */
static enum err open_paper(struct core *core, const lianshu_RelayFacts *facts, struct incoming *doc)
{
    struct fault fault = {0};
    wire_clear(&lianshu_Header_msg, &doc->header);
    enum err err = evaluate_open(doc, span_of(facts->document.bytes, facts->document.size));
    if (err != OK)
        return err;
    doc->has_facts = true;
    if (!cases_apply(doc) || !cases_named(doc) || doc->document.facts.size != 0 ||
        doc->document.issuers_count != 1 || strcmp(doc->document.realm, core->opt.realm) != 0 ||
        facts->message_id.size != STORE_ID_LEN)
        return ERR_POISON;
    text_copy(doc->header.sender, sizeof doc->header.sender, doc->document.issuers[0].member);
    memcpy(doc->header.message_id, facts->message_id.bytes, STORE_ID_LEN);
    doc->header.destination_count = facts->destination_count;
    memcpy(doc->header.destination, facts->destination, sizeof facts->destination);
    doc->accepted_ms = facts->accepted_ms;
    doc->case_step = facts->case_step;
    doc->as_of = 0;
    doc->receipts = span_of(NULL, 0);
    err = open_envelope(core, facts, doc);
    return err == OK ? facts_validate(doc->type, &doc->body, core->opt.regions, &fault) : err;
}

enum err case_history_open(struct core *core, const struct casefile_step *step)
{
    struct spread *s = core->spread;
    enum err err = case_history_read(core, step);
    if (err == OK)
        err = open_paper(core, &s->facts, &s->in);
    return err_class(err) == ERR_CLASS_REJECT ? ERR_CORRUPT : err;
}

/* Whoever got the document reads it, or the hub that serves him does. */
static enum err check_went(const struct core *core, const struct incoming *doc, const char *member)
{
    const struct registry_member *home = topology_home_of(core->opt.registry, member);
    enum err err = document_check_addressed(&doc->document, member, doc->header.sender, false);
    return err == OK || home == NULL
               ? err
               : document_check_addressed(&doc->document, home->id, doc->header.sender, false);
}

/* Signed by its issuer as of then, and addressed to everybody to whom it is said to have gone. */
static enum err open_signed(struct core *core, const lianshu_RelayFacts *facts,
                            struct incoming *doc)
{
    const struct span lsd1 = span_of(facts->document.bytes, facts->document.size);
    if (facts->accepted_ms == 0 || facts->accepted_ms > core->now_ms + FUTURE_MAX_MS)
        return ERR_FUTURE;
    enum err err = registry_verify_document(core->opt.registry, facts->accepted_ms, lsd1,
                                            core->verifier, &doc->document, doc->facts_hash);
    if (err == OK)
        err = document_check(&doc->document);
    if (err == OK)
        err = open_paper(core, facts, doc);
    if (err == OK)
        err = check_envelope(core, doc);
    for (pb_size_t i = 0; err == OK && i < facts->destination_count; i++)
        err = check_went(core, doc, facts->destination[i]);
    if (err == OK)
        case_receipts_check(core, facts, doc);
    return err == OK && facts->destination_count == 0 ? ERR_NOT_ADDRESSED : err;
}

enum err case_history_holds(struct core *core, const uint8_t id[static STORE_ID_LEN],
                            const char *hub, bool *yes)
{
    struct casefile_step step;
    uint64_t cursor = 0;
    enum err err = OK;
    *yes = false;
    while (!*yes && (err = casefile_step_next(core->store->casefiles, id, &cursor, &step)) == OK)
        err = case_history_touches(core, &step, hub, yes);
    return err == ERR_NOT_FOUND ? OK : err;
}

/* A step before one that is known, or another document for a number that is. */
static enum err check_place(struct core *core, const struct casefile_step *at,
                            enum case_place *place)
{
    struct casefile_step next;
    enum err err = case_split_judge(core, at, place);
    if (err != OK || *place != CASE_NEXT)
        return err != OK || *place != CASE_NO_PLACE ? err : ERR_CASE_STATE;
    err = case_history_step(core, at->id, at->number + 1, &next);
    if (err == ERR_NOT_FOUND || err == ERR_ERASED)
        return ERR_CASE_STATE; /* a gap, or another case */
    return err == OK && at->taken_ms > next.taken_ms + FUTURE_MAX_MS ? ERR_CASE_STATE : err;
}

enum err case_history_judge(struct core *core, const struct incoming *in)
{
    struct spread *s = core->spread;
    enum case_place place;
    bool may;
    s->todo = SPREAD_APPLY;
    s->answer = OK;
    s->contested = false;
    enum err err = open_signed(core, &in->body.relay_facts, &s->in);
    if (err != OK)
        return err;
    struct casefile_step at = cases_step_of(core, &s->in);
    at.number = in->body.relay_facts.case_step;
    err = check_place(core, &at, &place);
    if (err == OK && (place == CASE_KNOWN || place == CASE_KNOWN_LOST)) {
        s->todo = SPREAD_KNOWN;
        return OK;
    }
    if (err == OK)
        err = case_history_holds(core, at.id, in->header.sender, &may);
    if (err != OK)
        return err;
    if (!may)
        return ERR_REGION_NOT_OWNED;
    if (cases_row_of(core, &at) == NULL)
        return ERR_CASE_STATE;
    s->contested = place != CASE_NEXT;
    err = spread_known_id(core, &s->in);
    return err == ERR_REPEAT ? ERR_CASE_STATE : err; /* one document, two numbers */
}

enum err case_history_take(struct core *core, const struct incoming *in, uint64_t seq)
{
    struct spread *s = core->spread;
    struct case_changes changes = {.count = 0};
    struct casefile row;
    bool whole;
    if (s->todo == SPREAD_KNOWN)
        return answer(core, in);
    struct casefile_step step = cases_step_of(core, &s->in);
    step.number = s->in.case_step;
    step.seq = seq;
    if (s->contested) {
        enum err taken = case_split_take(core, &s->in, step.number, seq);
        return taken == OK ? case_split_meet(core, &step, in->header.sender) : taken;
    }
    enum err err = casefile_get(core->store->casefiles, step.id, &row);
    if (err == OK)
        err = casefile_put(core->store->casefiles, &row, &step);
    if (err == OK)
        err = cases_custody(core, &s->in, step.id, seq);
    if (err == OK)
        err = case_history_keep(core, &s->in, &step);
    if (err == OK)
        err = spread_put_document(core, &s->in, seq);
    if (err == OK)
        err = store_count(core->store, "cases.joined", 1);
    if (err == OK)
        err = case_settle(core, step.id, &changes, &whole);
    if (err == OK)
        err = case_split_tell(core, step.id, &changes);
    if (err == OK)
        err = case_split_go_on(core, step.id, step.number);
    return err == OK ? ask_on(core, &step) : err;
}
