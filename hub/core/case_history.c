/* What other hubs are shown of a step, kept with it; and what they show of theirs, judged and put
 * in its place (case_settle.c). Which steps that are: case_share.c. */
#include "core/state.h"

#include "base/text.h"
#include "validate.h"

#include <string.h>

enum { KEY_LEN = STORE_ID_LEN + 8 + HASH_LEN };

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

/* ---- shown ---- */

enum err case_history_step(struct core *core, const uint8_t id[static STORE_ID_LEN],
                           uint64_t number, struct casefile_step *out)
{
    uint64_t cursor = number;
    enum err err = casefile_step_next(core->store->casefiles, id, &cursor, out);
    return err == OK && out->number != number ? ERR_NOT_FOUND : err;
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

/* From the hub at which its sender took it, to one to which it went: it ended on its way. */
static bool is_from_home(const struct core *core, const struct incoming *doc, const char *hub)
{
    const lianshu_Header *h = &doc->header;
    const struct registry_member *home = topology_home_of(core->opt.registry, h->sender);
    bool came = false;
    for (pb_size_t i = 0; i < h->destination_count; i++)
        came = came || spread_ours(core, h->destination[i]);
    return came && home != NULL && strcmp(home->id, hub) == 0;
}

/* What that hub may show: as far as the two share the case. */
static enum err check_shared(struct core *core, const struct casefile_step *at, const char *hub)
{
    uint64_t most;
    enum err err = case_share_most(core, at->id, hub, &most);
    if (err != OK)
        return err;
    if (most == 0)
        return ERR_REGION_NOT_OWNED;
    return at->number > most ? ERR_CASE_STATE : OK;
}

/* The newest of its case here: as if it had come itself. One built on what lost has no effect. */
static enum err judge_ahead(struct core *core)
{
    struct spread *s = core->spread;
    judge_none(&s->judged);
    enum err err = cases_judge(core, &s->in, &s->judged);
    s->contested = s->judged.case_place == CASE_VOID;
    return err != OK || s->contested ? err : s->judged.err;
}

/* Of a case that is over for longer than its steps are kept nothing is begun anew. */
static enum err check_kept(struct core *core, const struct casefile_step *at)
{
    struct casefile_step first;
    uint64_t cursor = 0;
    enum err err = casefile_step_next(core->store->casefiles, at->id, &cursor, &first);
    return err == ERR_ERASED ? ERR_CASE_STATE : err;
}

static enum err judge_place(struct core *core, const struct casefile_step *at, bool from_home)
{
    struct spread *s = core->spread;
    struct casefile row = {.steps = 0};
    enum err err = cases_row_of(core, at) == NULL ? ERR_CASE_STATE : spread_known_id(core, &s->in);
    if (err != OK)
        return err == ERR_REPEAT ? ERR_CASE_STATE : err; /* one document, two numbers */
    err = casefile_get(core->store->casefiles, at->id, &row);
    s->ahead = from_home && !s->contested && at->number > row.steps;
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    return s->ahead ? judge_ahead(core) : check_kept(core, at);
}

enum err case_history_judge(struct core *core, const struct incoming *in)
{
    struct spread *s = core->spread;
    enum case_place place;
    s->todo = SPREAD_APPLY;
    s->answer = OK;
    enum err err = open_signed(core, &in->body.relay_facts, &s->in);
    if (err != OK)
        return err;
    struct casefile_step at = cases_step_of(core, &s->in);
    at.number = in->body.relay_facts.case_step;
    err = case_split_judge(core, &at, &place);
    if (err == OK && (place == CASE_KNOWN || place == CASE_KNOWN_LOST)) {
        s->todo = SPREAD_KNOWN;
        return OK;
    }
    s->contested = place != CASE_NEXT;
    if (err == OK && (place == CASE_NO_PLACE || at.number > CASE_STEPS_MAX))
        err = ERR_CASE_STATE;
    const bool from_home = is_from_home(core, &s->in, in->header.sender);
    if (err == OK && !from_home)
        err = check_shared(core, &at, in->header.sender);
    return err == OK ? judge_place(core, &at, from_home) : err;
}

/* What is known and shown again asks for those before it; also one that has lost meanwhile. */
static enum err answer(struct core *core, const struct casefile_step *said, const char *hub)
{
    struct casefile_step step = {.number = said->number};
    enum err err;
    while ((err = casefile_step_rival(core->store->casefiles, said->id, &step)) == OK) {
        if (memcmp(step.document, said->document, sizeof step.document) == 0)
            return case_share_answer(core, &step, hub);
    }
    return err;
}

/* A step before others that are known. */
static enum err take_earlier(struct core *core, const struct casefile_step *step)
{
    struct incoming *doc = &core->spread->in;
    struct case_changes changes = {.count = 0};
    struct casefile row;
    bool whole;
    enum err err = casefile_get(core->store->casefiles, step->id, &row);
    if (err == OK)
        err = casefile_put(core->store->casefiles, &row, step);
    if (err == OK)
        err = cases_custody(core, doc, step->id, step->seq);
    if (err == OK)
        err = case_history_keep(core, doc, step);
    if (err == OK)
        err = spread_put_document(core, doc, step->seq);
    if (err == OK)
        err = store_count(core->store, "cases.joined", 1);
    if (err == OK)
        err = case_settle(core, step->id, &changes, &whole);
    return err == OK ? case_split_tell(core, step->id, &changes) : err;
}

enum err case_history_take(struct core *core, const struct incoming *in, uint64_t seq)
{
    struct spread *s = core->spread;
    const char *giver = in->header.sender;
    struct casefile_step step = cases_step_of(core, &s->in);
    step.number = s->in.case_step;
    step.seq = seq;
    if (s->todo == SPREAD_KNOWN)
        return answer(core, &step, giver);
    if (s->ahead && !s->contested) {
        enum err err = spread_put_document(core, &s->in, seq);
        return err == OK ? cases_take(core, &s->in, &s->judged, seq) : err;
    }
    enum err err =
        s->contested ? case_split_take(core, &s->in, step.number, seq) : take_earlier(core, &step);
    return err == OK ? case_share_kept(core, &step, giver) : err;
}
