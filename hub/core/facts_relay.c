/* Documents of issuers elsewhere: from the roll to the neighbours, and from them into the roll,
 * with everything that a document of a member here goes through. */
#include "core/state.h"

#include "base/text.h"
#include "policy/retention.h"
#include "store/retain.h"
#include "validate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    HOPS_MAX = sizeof((lianshu_RelayFacts *)0)->hops / sizeof((lianshu_RelayFacts *)0)->hops[0]
};

_Static_assert((int)HOPS_MAX *(STORE_MEMBER_MAX + 1) <= (int)ROLL_HOPS_MAX, "the roll keeps them");

enum err spread_open(struct core *core)
{
    core->spread = calloc(1, sizeof *core->spread);
    if (core->spread == NULL)
        return ERR_NO_MEMORY;
    core->spread->link = calloc(core->opt.link_count + 1, sizeof *core->spread->link);
    return core->spread->link == NULL ? ERR_NO_MEMORY : OK;
}

void spread_close(struct core *core)
{
    if (core->spread != NULL)
        free(core->spread->link);
    free(core->spread);
    core->spread = NULL;
}

bool spread_ours(const struct core *core, const char *member)
{
    if (core->opt.link_count == 0)
        return true;
    const struct registry_member *home = topology_home_of(core->opt.registry, member);
    return home != NULL && strcmp(home->id, core->opt.member) == 0;
}

struct spread_link *spread_link_of(struct core *core, const char *member, enum link_kind *kind)
{
    const struct link *link = link_of_member(core, member);
    *kind = link == NULL ? LINK_NONE : link->kind;
    return *kind == LINK_SUPERIOR || *kind == LINK_SUBORDINATE
               ? &core->spread->link[link - core->opt.links]
               : NULL;
}

/* ---- in ---- */

/* Each hub next to the one before it, none twice. */
static enum err check_hops(const struct core *core, const lianshu_RelayFacts *facts)
{
    const struct registry *r = core->opt.registry;
    const struct registry_member *before = NULL;
    for (pb_size_t i = 0; i < facts->hops_count; i++) {
        const struct registry_member *hub = topology_hub(r, facts->hops[i]);
        if (hub == NULL ||
            (before != NULL && !topology_next_to(r, before, hub, facts->accepted_ms)))
            return ERR_HOPS;
        for (pb_size_t k = 0; k < i; k++)
            if (strcmp(facts->hops[k], facts->hops[i]) == 0)
                return ERR_HOPS_LOOP;
        before = hub;
    }
    return OK;
}

static bool passed(const lianshu_RelayFacts *facts, const char *hub)
{
    bool found = false;
    for (pb_size_t i = 0; i < facts->hops_count; i++)
        found = found || strcmp(facts->hops[i], hub) == 0;
    return found;
}

/* Does the neighbour speak for the issuer's region, and did the document come its way? What this
 * hub has passed on itself and does not know any more comes back to it: by any neighbour. */
static enum err check_way_from(struct core *core, const struct incoming *in,
                               const struct registry_member *home, bool known)
{
    const struct registry *r = core->opt.registry;
    const lianshu_RelayFacts *facts = &in->body.relay_facts;
    const struct registry_member *me = topology_hub(r, core->opt.member);
    const struct registry_member *from = topology_hub(r, in->header.sender);
    enum link_kind kind;
    if (me == NULL || from == NULL || home == NULL)
        return ERR_NO_HUB;
    if (spread_link_of(core, in->header.sender, &kind) == NULL)
        return ERR_NOT_FEDERATED;
    const bool back = passed(facts, me->id);
    const bool below = topology_under(home, kind == LINK_SUBORDINATE ? from : me);
    if (!back && below != (kind == LINK_SUBORDINATE))
        return ERR_REGION_NOT_OWNED;
    if (facts->hops_count == 0 || strcmp(facts->hops[0], home->id) != 0 ||
        strcmp(facts->hops[facts->hops_count - 1], from->id) != 0)
        return ERR_HOPS;
    enum err err = check_hops(core, facts);
    if (err == OK && facts->hops_count == HOPS_MAX)
        return ERR_HOPS; /* it could go no further */
    return err == OK && back && known ? ERR_HOPS_LOOP : err;
}

/* From the issuer's hub; or from the one that was it when the document was taken. */
static enum err check_way(struct core *core, const struct incoming *in, const char *issuer,
                          bool known)
{
    const struct registry *r = core->opt.registry;
    const struct registry_member *home = topology_home_of(r, issuer);
    const struct registry_member *then =
        topology_home_at(r, issuer, in->body.relay_facts.accepted_ms);
    const enum err err = check_way_from(core, in, home, known);
    return err != OK && then != home ? check_way_from(core, in, then, known) : err;
}

/* The document as its first hub took it: signature, canonical bytes, addressed to that hub, and
 * what else needs no state. */
static enum err open_embedded(struct core *core, const struct incoming *in)
{
    struct incoming *doc = &core->spread->in;
    const lianshu_RelayFacts *facts = &in->body.relay_facts;
    const struct span lsd1 = span_of(facts->document.bytes, facts->document.size);
    struct fault fault = {0};
    if (facts->accepted_ms == 0 || facts->accepted_ms > core->now_ms + FUTURE_MAX_MS)
        return ERR_FUTURE;
    enum err err = registry_verify_document(core->opt.registry, facts->accepted_ms, lsd1,
                                            core->verifier, &doc->document, doc->facts_hash);
    if (err == OK)
        err = document_check(&doc->document);
    if (err == OK && doc->document.issued_ms > facts->accepted_ms + FUTURE_MAX_MS)
        err = ERR_FUTURE; /* its hub refused it */
    if (err == OK && facts->hops_count > 0)
        err = document_check_addressed(&doc->document, facts->hops[0],
                                       doc->document.issuers[0].member, false);
    wire_clear(&lianshu_Header_msg, &doc->header);
    if (err == OK)
        err = evaluate_open(doc, lsd1);
    if (err != OK)
        return err;
    if ((doc->type->flags & TYPE_SPREAD) == 0 || doc->document.facts.size != 0 ||
        strcmp(doc->document.realm, core->opt.realm) != 0)
        return ERR_POISON;
    text_copy(doc->header.sender, sizeof doc->header.sender, doc->document.issuers[0].member);
    doc->header.destination_count = 1;
    text_copy(doc->header.destination[0], sizeof doc->header.destination[0], core->opt.member);
    memcpy(doc->env_id, in->env_id, sizeof doc->env_id);
    doc->accepted_ms = facts->accepted_ms;
    doc->as_of = 0;
    return facts_validate(doc->type, &doc->body, core->opt.regions, &fault);
}

static void fill_row(const struct incoming *doc, struct roll_row *row)
{
    *row = (struct roll_row){
        .type = doc->header.type,
        .urgent = doc->type->lane == LANE_REPAIR,
        .accepted_ms = doc->accepted_ms,
        .stands = ROLL_STANDS,
    };
    memcpy(row->hash, doc->facts_hash, sizeof row->hash);
    text_copy(row->issuer, sizeof row->issuer, doc->document.issuers[0].member);
    if ((doc->type->flags & TYPE_RULES) == 0)
        return;
    const bool order = doc->header.type == lianshu_DocumentType_TYPE_SANCTION_ORDER;
    memcpy(row->about, order ? doc->body.order.order_id : doc->body.change.order_id,
           sizeof row->about);
    row->version = order ? doc->body.order.version : doc->body.change.version;
}

static void join_hops(const lianshu_RelayFacts *facts, char out[static ROLL_HOPS_MAX + 1])
{
    size_t len = 0;
    for (pb_size_t i = 0; i < facts->hops_count; i++) {
        int n =
            snprintf(out + len, ROLL_HOPS_MAX + 1 - len, "%s%s", i > 0 ? " " : "", facts->hops[i]);
        len += n > 0 ? (size_t)n : 0;
    }
}

static void keep(struct spread *s, enum roll_stand stands, enum err code)
{
    s->todo = SPREAD_KEEP;
    s->row.stands = stands;
    s->row.code = (uint32_t)code;
    s->answer = stands == ROLL_REFUSED ? code : OK;
}

/* Each hub next to the one before it, and at the end the one that says so. */
static enum err check_tail(const struct core *core, const struct incoming *in)
{
    const lianshu_RelayFacts *facts = &in->body.relay_facts;
    if (facts->hops_count == 0 || facts->hops_count == HOPS_MAX ||
        strcmp(facts->hops[facts->hops_count - 1], in->header.sender) != 0)
        return ERR_HOPS;
    return check_hops(core, facts);
}

/* Would this hub keep what was accepted then? */
static bool is_kept(const struct core *core, uint64_t accepted_ms)
{
    uint64_t before_ms[RETAIN_CLASSES] = {0};
    if (core->opt.retention != NULL)
        retention_before(core->opt.retention, core->now_ms, before_ms);
    return accepted_ms >= before_ms[RETAIN_ORDER];
}

/* A document whose text the neighbour has kept long enough: it is known by its hash, so that both
 * rolls are the same. Believed only of what this hub would not keep either; and nobody signed when
 * it was accepted, so its text is taken all the same when it comes. */
static enum err judge_erased(struct core *core, const struct incoming *in)
{
    struct spread *s = core->spread;
    const lianshu_RelayFacts *facts = &in->body.relay_facts;
    struct roll_row known;
    enum link_kind kind;
    if (spread_link_of(core, in->header.sender, &kind) == NULL)
        return ERR_NOT_FEDERATED;
    if (facts->erased.size != HASH_LEN || facts->document.size != 0 || facts->case_step != 0)
        return ERR_FIELD_VALUE;
    if (is_kept(core, facts->accepted_ms))
        return ERR_FACTS_MISSING;
    enum err err = check_tail(core, in);
    if (err != OK)
        return err;
    s->row = (struct roll_row){.type = lianshu_DocumentType_TYPE_RELAY_FACTS,
                               .accepted_ms = facts->accepted_ms};
    memcpy(s->row.hash, facts->erased.bytes, sizeof s->row.hash);
    text_copy(s->row.issuer, sizeof s->row.issuer, in->header.sender);
    join_hops(facts, s->row.hops);
    keep(s, ROLL_REFUSED, ERR_ERASED);
    s->answer = OK;
    err = roll_get(core->store->roll, s->row.hash, &known);
    if (err == OK)
        s->todo = SPREAD_KNOWN;
    return err == ERR_NOT_FOUND ? OK : err;
}

/* No version of an order: it is judged once, when it comes. */
static enum err judge_plain(struct core *core)
{
    struct spread *s = core->spread;
    enum err err = judge_spread(core, &s->in, &s->judged);
    if (err_class(err) == ERR_CLASS_REJECT) {
        s->judged.err = err;
        err = OK;
    }
    if (err == OK && s->judged.err != OK)
        keep(s, ROLL_REFUSED, s->judged.err);
    return err;
}

enum err spread_known_id(struct core *core, const struct incoming *doc)
{
    enum err found = OK;
    for (pb_size_t i = 0; i < doc->document.issuers_count; i++) {
        uint8_t hash[HASH_LEN];
        enum err err = document_get(core->store->documents, doc->document.issuers[i].member,
                                    doc->document.id, hash);
        if (err != OK && err != ERR_NOT_FOUND)
            return err;
        if (err == OK)
            found = memcmp(hash, doc->facts_hash, HASH_LEN) == 0 ? ERR_REPEAT : ERR_EQUIVOCATION;
    }
    return found;
}

static enum err judge_facts(struct core *core, const struct incoming *in)
{
    struct spread *s = core->spread;
    struct roll_row known;
    s->todo = SPREAD_APPLY;
    s->answer = OK;
    s->contested = false;
    enum err err = open_embedded(core, in);
    if (err != OK)
        return err;
    fill_row(&s->in, &s->row);
    join_hops(&in->body.relay_facts, s->row.hops);
    enum err found = roll_get(core->store->roll, s->row.hash, &known);
    if (found != OK && found != ERR_NOT_FOUND)
        return found;
    /* Known by its hash alone? */
    s->renewed = found == OK && known.type == lianshu_DocumentType_TYPE_RELAY_FACTS &&
                 is_kept(core, s->row.accepted_ms);
    if (s->renewed)
        found = ERR_NOT_FOUND;
    err = check_way(core, in, s->row.issuer, found == OK);
    if (err != OK)
        return err;
    if (found == OK) {
        s->todo = SPREAD_KNOWN;
        return OK;
    }
    err = spread_known_id(core, &s->in);
    if (err == ERR_REPEAT) { /* it came here by another envelope */
        keep(s, ROLL_STANDS, OK);
        return OK;
    }
    if (err == ERR_EQUIVOCATION && s->row.version == 0) {
        keep(s, ROLL_REFUSED, err);
        return OK;
    }
    if (err != OK && err != ERR_EQUIVOCATION)
        return err;
    return s->row.version == 0 ? judge_plain(core) : contest_judge(core);
}

enum err spread_judge(struct core *core, const struct incoming *in, struct judgement *out)
{
    if (in->header.type == lianshu_DocumentType_TYPE_RELAY_ROLL)
        return roll_judge(core, in, out);
    const lianshu_RelayFacts *facts = &in->body.relay_facts;
    enum err err = facts->erased.size != 0     ? judge_erased(core, in)
                   : facts->document.size == 0 ? ERR_FACTS_MISSING
                   : facts->case_step != 0     ? case_history_judge(core, in)
                                               : judge_facts(core, in);
    if (err_class(err) != ERR_CLASS_REJECT)
        return err;
    out->err = err;
    return OK;
}

static enum err put_row(struct core *core, struct span lsd1, const struct roll_row *row,
                        bool renewed)
{
    struct writer w = writer_of(core->frame, FRAME_MAX);
    enum err err =
        rest_put(core, "roll", span_of(row->hash, sizeof row->hash), "document", lsd1, &w);
    if (err == OK)
        err = (renewed ? roll_renew : roll_put)(core->store->roll, row, writer_span(&w));
    core->work_waiting = true;
    return err == OK ? store_count(core->store, "facts.known", 1) : err;
}

static enum err put_erased(struct core *core, const struct roll_row *row)
{
    static const uint8_t gone[] = {0}; /* retain.h, guarantee 2 */
    core->work_waiting = true;
    enum err err = roll_put(core->store->roll, row, span_of(gone, sizeof gone));
    return err == OK ? store_count(core->store, "facts.erased", 1) : err;
}

enum err spread_put_document(struct core *core, const struct incoming *doc, uint64_t seq)
{
    for (pb_size_t i = 0; i < doc->document.issuers_count; i++) {
        const char *issuer = doc->document.issuers[i].member;
        enum err err =
            document_put(core->store->documents, issuer, doc->document.id, doc->facts_hash, seq);
        if (err != ERR_CONFLICT && err != OK)
            return err;
        if (err == OK)
            continue;
        lianshu_Equivocation body = {0};
        uint64_t index;
        text_copy(body.sender, sizeof body.sender, issuer);
        memcpy(body.message_id, doc->document.id, sizeof body.message_id);
        memcpy(body.second, doc->facts_hash, HASH_LEN);
        err = document_get(core->store->documents, issuer, doc->document.id, body.first);
        if (err == OK)
            err = apply_leaf(core, LOG_EQUIVOCATION, &lianshu_Equivocation_msg, &body, &index);
        if (err != OK)
            return err;
    }
    return OK;
}

enum err spread_apply(struct core *core, uint64_t message_seq)
{
    struct spread *s = core->spread;
    uint64_t decision_seq;
    s->judged.verdict = (struct verdict){.action = GATE_PASS};
    enum err err = apply_records(core, &s->in, message_seq, &s->judged, &decision_seq);
    return err == OK ? effects_run(core, &s->in, &s->judged, decision_seq, message_seq) : err;
}

static enum err take_version(struct core *core)
{
    uint8_t order[STORE_ID_LEN]; /* what is settled uses the row */
    memcpy(order, core->spread->row.about, sizeof order);
    const bool first = core->spread->row.version == 1;
    enum err err = contest_apply(core);
    return err == OK && !first ? twins_changed(core, order) : err;
}

static enum err take_facts(struct core *core, const struct incoming *in, uint64_t seq)
{
    struct spread *s = core->spread;
    enum link_kind kind;
    struct spread_link *link = spread_link_of(core, in->header.sender, &kind);
    if (link != NULL && link->differs)
        link->due_ms = core->now_ms + ROLL_SETTLE_MS;
    if (in->body.relay_facts.case_step != 0)
        return case_history_take(core, in, seq);
    if (s->todo == SPREAD_KNOWN)
        return store_count(core->store, "facts.repeated", 1);
    s->row.seq = seq;
    if (in->body.relay_facts.erased.size != 0)
        return put_erased(core, &s->row);
    enum err err = put_row(core, s->in.facts_frame, &s->row, s->renewed);
    if (err == OK)
        err = spread_put_document(core, &s->in, seq);
    if (err == OK && s->answer != OK)
        err = store_count(core->store, "facts.returned", 1);
    if (err != OK)
        return err;
    if (s->row.version > 0)
        return take_version(core);
    return s->todo == SPREAD_APPLY ? spread_apply(core, seq) : OK;
}

/* The neighbour is answered as by any recipient: it has come, or it is of no use here. */
enum err spread_take(struct core *core, const struct incoming *in, uint64_t seq)
{
    const bool facts = in->header.type == lianshu_DocumentType_TYPE_RELAY_FACTS;
    const enum err code = facts ? core->spread->answer : OK;
    enum err err = facts ? take_facts(core, in, seq) : roll_take(core, in);
    uint64_t leaf;
    return err == OK ? receipts_own(core, in,
                                    code == OK ? lianshu_ReceiptKind_RECEIPT_DELIVERED
                                               : lianshu_ReceiptKind_RECEIPT_RETURNED,
                                    code, &leaf)
                     : err;
}

/* ---- of members here ---- */

enum err spread_local(struct core *core, const struct incoming *in, uint64_t seq)
{
    if ((in->type->flags & TYPE_SPREAD) == 0 || in->accepted_ms != 0 ||
        !spread_ours(core, in->document.issuers[0].member))
        return OK;
    struct roll_row row;
    fill_row(in, &row);
    row.seq = seq;
    row.accepted_ms = core->now_ms;
    enum err err = put_row(core, in->facts_frame, &row, false);
    return err == ERR_EXISTS ? OK : err;
}

static enum err enter_own(struct core *core, const struct incoming *in, struct roll_row *row)
{
    struct order_row order;
    struct twin_acts acts;
    row->accepted_ms = core->now_ms;
    enum err err = order_get(core->store->orders, row->about, STORE_NEVER, &order);
    if (err == OK)
        err = twins_enter(core, in, row, order.end_date, &acts);
    return err == OK ? twins_settle(core, &acts) : err;
}

enum err spread_followed(struct core *core, const struct incoming *in)
{
    if ((in->type->flags & TYPE_RULES) == 0 || in->accepted_ms != 0)
        return OK;
    struct roll_row row;
    fill_row(in, &row);
    enum err err = contest_rise(core, row.about, row.version);
    if (err == OK)
        err = twins_apply(&row) ? enter_own(core, in, &row) : twins_changed(core, row.about);
    return err;
}

/* The envelope that brought it, by the leaf of its receipt; zeros: the log does not hold it. */
static enum err brought_by(struct core *core, const struct roll_row *row,
                           uint8_t env_id[static HASH_LEN])
{
    struct log_entry leaf;
    memset(env_id, 0, HASH_LEN);
    enum err err = log_get(core->store->log, row->seq, &leaf);
    if (err == OK && leaf.kind == LOG_RECEIPT &&
        wire_decode(&lianshu_Receipt_msg, leaf.body, &core->stored_receipt) == OK)
        memcpy(env_id, core->stored_receipt.env_id, HASH_LEN);
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err spread_unseal(struct core *core, const struct roll_row *row, struct writer *lsd1)
{
    struct incoming *doc = &core->spread->in;
    struct span sealed;
    enum err err = roll_text(core->store->roll, row->seq, &sealed);
    if (err == OK)
        err =
            rest_get(core, "roll", span_of(row->hash, sizeof row->hash), "document", sealed, lsd1);
    if (err == OK)
        err = evaluate_open(doc, writer_span(lsd1));
    if (err != OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    text_copy(doc->header.sender, sizeof doc->header.sender, row->issuer);
    doc->accepted_ms = row->accepted_ms;
    doc->as_of = 0;
    return brought_by(core, row, doc->env_id);
}
