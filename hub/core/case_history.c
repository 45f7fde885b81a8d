/* Earlier steps of a case for a hub that joins it: kept with each step. A hub that lacks what went
 * before a step shows that step to the hub which judged it, is given the others, and puts them in
 * their places. */
#include "core/state.h"

#include "base/text.h"
#include "validate.h"

#include <string.h>

enum {
    HISTORY_MAX = 256, /* earlier steps that are handed on */
    RUNNING_MAX = 32,  /* clocks of a case whose warnings are carried over */
    KEY_LEN = STORE_ID_LEN + 8,
};

/* ---- kept with each step ---- */

static struct span paper_key(const uint8_t id[static STORE_ID_LEN], uint64_t number,
                             uint8_t out[static KEY_LEN])
{
    memcpy(out, id, STORE_ID_LEN);
    for (size_t i = 0; i < 8; i++)
        out[STORE_ID_LEN + i] = (uint8_t)(number >> (8 * i));
    return span_of(out, KEY_LEN);
}

enum err case_history_keep(struct core *core, const struct incoming *in,
                           const uint8_t id[static STORE_ID_LEN], uint64_t number)
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
    facts->case_step = (uint32_t)number;
    facts->message_id.size = STORE_ID_LEN;
    memcpy(facts->message_id.bytes, h->message_id, STORE_ID_LEN);
    facts->destination_count = h->destination_count;
    memcpy(facts->destination, h->destination, sizeof facts->destination);
    struct writer text = writer_of(core->spread->text, sizeof core->spread->text);
    struct writer w = writer_of(core->frame, FRAME_MAX);
    enum err err = wire_encode(&lianshu_RelayFacts_msg, facts, &text);
    if (err == OK)
        err = rest_put(core, "case_paper", paper_key(id, number, key), "sealed", writer_span(&text),
                       &w);
    return err == OK ? casefile_paper_put(core->store->casefiles, id, number, writer_span(&w))
                     : err;
}

/* Into core->spread->facts; ERR_NOT_FOUND: it is not kept. */
static enum err read_paper(struct core *core, const uint8_t id[static STORE_ID_LEN],
                           uint64_t number)
{
    uint8_t key[KEY_LEN];
    struct span sealed;
    struct writer text = writer_of(core->spread->text, sizeof core->spread->text);
    enum err err = casefile_paper(core->store->casefiles, id, number, &sealed);
    if (err != OK)
        return err;
    err = rest_get(core, "case_paper", paper_key(id, number, key), "sealed", sealed, &text);
    if (err == OK)
        err = wire_decode(&lianshu_RelayFacts_msg, writer_span(&text), &core->spread->facts);
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

/* ---- asked for, and handed on ---- */

/* The step with that number; ERR_NOT_FOUND: this hub knows none. */
static enum err step_at(struct core *core, const uint8_t id[static STORE_ID_LEN], uint64_t number,
                        struct casefile_step *out)
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

/* Was it taken by a member of that hub, or did it go to one? */
static enum err touches(struct core *core, const struct casefile_step *step, const char *hub,
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
        err = touches(core, &step, hub, &yes);
        if (err != OK)
            return err;
        if (yes)
            *number = step.number;
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

/* One step as it is kept, to another hub. */
static enum err send_step(struct core *core, const uint8_t id[static STORE_ID_LEN], uint64_t number,
                          const char *hub)
{
    lianshu_RelayFacts *facts = &core->spread->facts;
    const struct outgoing what = {
        .type = lianshu_DocumentType_TYPE_RELAY_FACTS,
        .recipient = hub,
        .conversation = span_of(id, STORE_ID_LEN), /* they come in this order */
        .purpose = "federation",
        .body = facts,
    };
    enum err err = read_paper(core, id, number);
    if (err != OK)
        return err;
    facts->hops_count = 1;
    text_copy(facts->hops[0], sizeof facts->hops[0], core->opt.member);
    err = outgoing_send(core, &what);
    /* A hub whose key the registry does not hold any more cannot be told. */
    return err_class(err) == ERR_CLASS_REJECT ? ERR_NOT_FOUND : err;
}

/* From the newest to the oldest, so that each stands next to one that is known already. */
static enum err hand_on(struct core *core, const uint8_t id[static STORE_ID_LEN], uint64_t number,
                        const char *hub)
{
    uint64_t held;
    uint64_t sent = 0;
    enum err err = held_until(core, id, number, hub, &held);
    for (uint64_t at = number - 1; err == OK && at > held && sent < HISTORY_MAX; at--) {
        err = send_step(core, id, at, hub);
        sent += err == OK;
    }
    if (err != OK && err != ERR_NOT_FOUND)
        return err; /* what is not known here cannot be told */
    return sent == 0 ? OK : store_count(core->store, "cases.handed_on", sent);
}

enum err case_history_ask(struct core *core, const struct incoming *in,
                          const uint8_t id[static STORE_ID_LEN], uint64_t number)
{
    struct casefile_step before;
    const struct registry_member *home = topology_home_of(core->opt.registry, in->header.sender);
    if (in->case_step == 0 || number == 1 || home == NULL)
        return OK; /* it was judged here */
    enum err err = step_at(core, id, number - 1, &before);
    if (err != ERR_NOT_FOUND)
        return err;
    err = send_step(core, id, number, home->id);
    return err == ERR_NOT_FOUND ? OK : err;
}

/* A step that was judged here is shown by a hub that it went to. */
static enum err answer(struct core *core, const struct incoming *in)
{
    struct incoming *doc = &core->spread->in;
    const uint8_t *id = doc->body.clock.case_id;
    const uint64_t number = doc->case_step;
    struct casefile_step step;
    bool went = false;
    enum err err = step_at(core, id, number, &step);
    if (err == OK)
        err = touches(core, &step, in->header.sender, &went);
    if (err != OK || !went || number == 1 || !serves(core, core->opt.member, step.by))
        return err;
    return hand_on(core, id, number, in->header.sender);
}

/* ---- taken in ---- */

/* The document in its place of an envelope, as its first hub took it. */
static enum err open_paper(struct core *core, const lianshu_RelayFacts *facts, struct incoming *doc)
{
    struct fault fault = {0};
    wire_clear(&lianshu_Header_msg, &doc->header);
    enum err err = evaluate_open(doc, span_of(facts->document.bytes, facts->document.size));
    if (err != OK)
        return err;
    if ((doc->type->flags & TYPE_CASE) == 0 || doc->document.facts.size != 0 ||
        doc->document.issuers_count != 1 || strcmp(doc->document.realm, core->opt.realm) != 0 ||
        facts->message_id.size != STORE_ID_LEN)
        return ERR_POISON;
    doc->has_facts = true;
    text_copy(doc->header.sender, sizeof doc->header.sender, doc->document.issuers[0].member);
    memcpy(doc->header.message_id, facts->message_id.bytes, STORE_ID_LEN);
    doc->header.destination_count = facts->destination_count;
    memcpy(doc->header.destination, facts->destination, sizeof facts->destination);
    doc->accepted_ms = facts->accepted_ms;
    doc->case_step = facts->case_step;
    doc->as_of = 0;
    return facts_validate(doc->type, &doc->body, core->opt.regions, &fault);
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
    for (pb_size_t i = 0; err == OK && i < facts->destination_count; i++)
        err = check_went(core, doc, facts->destination[i]);
    return err == OK && facts->destination_count == 0 ? ERR_NOT_ADDRESSED : err;
}

/* Does that hub hold the case, by what is known of it here? */
static enum err holds(struct core *core, const uint8_t id[static STORE_ID_LEN], const char *hub,
                      bool *yes)
{
    struct casefile_step step;
    uint64_t cursor = 0;
    enum err err = OK;
    *yes = false;
    while (!*yes && (err = casefile_step_next(core->store->casefiles, id, &cursor, &step)) == OK)
        err = touches(core, &step, hub, yes);
    return err == ERR_NOT_FOUND ? OK : err;
}

/* A step before one that is known, from a hub that holds the case. */
static enum err check_place(struct core *core, const struct incoming *in)
{
    struct spread *s = core->spread;
    const uint8_t *id = s->in.body.clock.case_id;
    const uint64_t number = in->body.relay_facts.case_step;
    struct casefile_step at;
    struct casefile_step next;
    bool may;
    enum err err = step_at(core, id, number, &at);
    if (err == OK) {
        s->todo = SPREAD_KNOWN;
        return memcmp(at.document, s->in.facts_hash, HASH_LEN) == 0 ? OK : ERR_CASE_STATE;
    }
    if (err == ERR_NOT_FOUND)
        err = step_at(core, id, number + 1, &next);
    if (err == ERR_NOT_FOUND || err == ERR_ERASED)
        return ERR_CASE_STATE; /* a gap, or another case */
    if (err == OK)
        err = holds(core, id, in->header.sender, &may);
    if (err != OK)
        return err;
    if (!may)
        return ERR_REGION_NOT_OWNED;
    at = cases_step_of(core, &s->in);
    at.number = number;
    return at.taken_ms > next.taken_ms + FUTURE_MAX_MS || cases_row_of(core, &at) == NULL
               ? ERR_CASE_STATE
               : OK;
}

enum err case_history_judge(struct core *core, const struct incoming *in)
{
    struct spread *s = core->spread;
    s->todo = SPREAD_APPLY;
    s->answer = OK;
    enum err err = open_signed(core, &in->body.relay_facts, &s->in);
    if (err == OK)
        err = check_place(core, in);
    if (err != OK || s->todo == SPREAD_KNOWN)
        return err;
    err = spread_known_id(core, &s->in);
    return err == ERR_REPEAT ? ERR_CASE_STATE : err; /* one document, two numbers */
}

/* ---- what all of them together mean ---- */

static enum err is_whole(struct core *core, const struct casefile *row, bool *whole)
{
    enum err err = OK;
    *whole = true;
    for (uint64_t n = 1; err == OK && *whole && n <= row->steps; n++) {
        struct casefile_step step;
        struct span sealed;
        err = step_at(core, row->id, n, &step);
        if (err == OK)
            err = casefile_paper(core->store->casefiles, row->id, n, &sealed);
        *whole = err == OK;
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err again(struct core *core, struct casefile *row, uint64_t number)
{
    struct spread *s = core->spread;
    struct case_change change = {.in = &s->in, .row = row, .result = &s->judged.step, .past = true};
    struct casefile_step step;
    enum err err = step_at(core, row->id, number, &step);
    if (err == OK)
        err = read_paper(core, row->id, number);
    if (err == OK)
        err = open_paper(core, &s->facts, &s->in);
    if (err != OK)
        return err_class(err) == ERR_CLASS_REJECT ? ERR_CORRUPT : err;
    const lianshu_CaseClock *body = &s->in.body.clock;
    if (number == 1) {
        row->type = s->in.header.type;
        row->opened_ms = body->event_ms;
        text_copy(row->opener, sizeof row->opener, s->in.header.sender);
    }
    change.event_ms = body->event_ms;
    memcpy(change.owner_before, row->owner, sizeof row->owner);
    err = cases_judge_from(core, &s->in, row->state, &s->judged);
    if (err != OK)
        return err;
    if (s->judged.err != OK || s->judged.step.step == NULL) {
        row->steps = number; /* the rules changed since: it stands, without effect */
        return store_count(core->store, "cases.unlike", 1);
    }
    cases_move(core, &s->in, &s->judged.step, row, &step);
    err = casefile_step_state(core->store->casefiles, row->id, number, step.state);
    return err == OK ? case_clocks_take(core, &change) : err;
}

/* What was said of a clock that ran already stays said. */
static enum err carry_warnings(struct core *core, const struct casefile_clock *before)
{
    struct casefile_clock clock;
    enum err err = casefile_clock_get(core->store->casefiles, before->id, before->code, &clock);
    if (err != OK)
        return err == ERR_NOT_FOUND ? OK : err;
    if (clock.stopped_ms != 0 || clock.started_ms != before->started_ms ||
        clock.due_ms != before->due_ms || clock.suspended_ms != before->suspended_ms)
        return OK;
    clock.warned = before->warned;
    clock.next_ms = before->next_ms;
    return casefile_clock_set(core->store->casefiles, &clock);
}

enum err case_history_settle(struct core *core, const uint8_t id[static STORE_ID_LEN])
{
    struct casefile_clock before[RUNNING_MAX];
    struct casefile_clock clock = {.started_ms = 0};
    struct casefile was;
    size_t count = 0;
    bool whole = false;
    enum err err = casefile_get(core->store->casefiles, id, &was);
    if (err == OK)
        err = is_whole(core, &was, &whole);
    if (err != OK || !whole)
        return err;
    while (count < RUNNING_MAX &&
           (err = casefile_clock_next(core->store->casefiles, id, &clock)) == OK) {
        if (clock.stopped_ms == 0)
            before[count++] = clock;
    }
    struct casefile row = {.steps = 0};
    memcpy(row.id, id, sizeof row.id);
    err =
        err == OK || err == ERR_NOT_FOUND ? casefile_clock_clear(core->store->casefiles, id) : err;
    for (uint64_t n = 1; err == OK && n <= was.steps; n++)
        err = again(core, &row, n);
    row.changed_ms = was.changed_ms;
    if (err == OK)
        err = casefile_put(core->store->casefiles, &row, NULL);
    for (size_t i = 0; err == OK && i < count; i++)
        err = carry_warnings(core, &before[i]);
    return err;
}

enum err case_history_take(struct core *core, const struct incoming *in, uint64_t seq)
{
    struct spread *s = core->spread;
    struct casefile row;
    if (s->todo == SPREAD_KNOWN)
        return answer(core, in);
    struct casefile_step step = cases_step_of(core, &s->in);
    memcpy(step.id, s->in.body.clock.case_id, sizeof step.id);
    step.number = s->in.case_step;
    step.seq = seq;
    text_copy(step.owner, sizeof step.owner, s->in.body.clock.owner);
    enum err err = casefile_get(core->store->casefiles, step.id, &row);
    if (err == OK)
        err = casefile_put(core->store->casefiles, &row, &step);
    if (err == OK)
        err = cases_custody(core, &s->in, step.id, seq);
    if (err == OK)
        err = case_history_keep(core, &s->in, step.id, step.number);
    if (err == OK)
        err = spread_put_document(core, &s->in, seq);
    if (err == OK)
        err = store_count(core->store, "cases.joined", 1);
    return err == OK ? case_history_settle(core, step.id) : err;
}
