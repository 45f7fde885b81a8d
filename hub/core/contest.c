/* Several documents of one version of an order, issued on both sides of a cut: which of them stands
 * follows from them alone (spread.h, guarantee 3), so that every hub comes to the same order,
 * whatever came to it first. */
#include "core/state.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* 0: the nation … 3: a county. */
unsigned contest_level(const char *member)
{
    struct member m;
    if (member_parse(member, &m) != OK)
        return 4;
    if (strcmp(m.region, "000000") == 0)
        return 0;
    if (strcmp(m.region + 2, "0000") == 0)
        return 1;
    return strcmp(m.region + 4, "00") == 0 ? 2 : 3;
}

/* Of a first version nobody has the higher right: an id that is used again displaces nothing. */
bool contest_before(const struct roll_row *a, const struct roll_row *b)
{
    const unsigned level_a = contest_level(a->issuer);
    const unsigned level_b = contest_level(b->issuer);
    if (a->version == 1 && a->accepted_ms != b->accepted_ms)
        return a->accepted_ms < b->accepted_ms;
    if (a->version > 1 && level_a != level_b)
        return level_a < level_b;
    return memcmp(a->hash, b->hash, sizeof a->hash) < 0;
}

/* The state that the document of this version made, and the newest one; its seq is 0: there is
 * none.
 */
static enum err find_state(struct core *core, const uint8_t order[static STORE_ID_LEN],
                           uint32_t version, struct order_row *base, struct order_row *first)
{
    static const uint8_t none[HASH_LEN] = {0};
    struct order_row row;
    uint64_t cursor = 0;
    enum err err;
    *base = (struct order_row){0};
    *first = (struct order_row){0};
    while ((err = order_history(core->store->orders, order, &cursor, &row)) == OK) {
        row.sealed = span_of(NULL, 0); /* borrowed only until the next call */
        if (first->seq == 0)
            *first = row;
        if (row.version == version && memcmp(row.change_document, none, sizeof none) != 0)
            *base = row;
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

/* Where the order stood before that version: what it is judged on. */
static enum err judge_on_base(struct core *core)
{
    struct spread *s = core->spread;
    struct order_row base;
    struct order_row first;
    enum err err = OK;
    if (s->row.version == 1) {
        err = twins_look(core);
    } else if (s->displaces) {
        err = find_state(core, s->row.about, s->row.version - 1, &base, &first);
        s->in.as_of = base.seq + 1;
    }
    if (err == OK)
        err = judge_spread(core, &s->in, &s->judged);
    if (err_class(err) != ERR_CLASS_REJECT)
        return err;
    s->judged.err = err;
    return OK;
}

/* Is it the one of its version that leads: that stands, or would if the order did? */
static bool leads(const struct roll_row *row)
{
    return row->stands == ROLL_STANDS ||
           (row->version == 1 && row->stands == ROLL_LOST && row->code == ERR_ORDER_CONFLICT);
}

/* The other document of this version that leads. */
static enum err find_rival(struct core *core, const struct roll_row *row, struct roll_row *out)
{
    uint8_t hash[HASH_LEN] = {0};
    enum err err;
    while ((err = roll_next_of_version(core->store->roll, row->about, row->version, hash, out)) ==
           OK)
        if (leads(out))
            return OK;
    return err;
}

static enum err keep(struct spread *s, enum roll_stand stands, enum err code, enum err answer)
{
    s->todo = SPREAD_KEEP;
    s->row.stands = stands;
    s->row.code = (uint32_t)code;
    s->answer = answer;
    return OK;
}

/* The rules allow it: does it lead its version, and is it alone with its act? */
static enum err judge_rivals(struct core *core, bool taken)
{
    struct spread *s = core->spread;
    if (s->row.version > 1 && !taken)
        return OK;
    enum err err = find_rival(core, &s->row, &s->rival);
    if (err == ERR_NOT_FOUND && taken) /* of before there was a roll */
        return keep(s, ROLL_REFUSED, ERR_ORDER_VERSION, ERR_ORDER_VERSION);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    s->contested = err == OK;
    if (s->contested && contest_before(&s->rival, &s->row))
        return keep(s, ROLL_LOST, ERR_ORDER_SPLIT, OK);
    /* Which of them stands is settled when it is in the roll. */
    return s->others || (s->contested && s->rival.stands == ROLL_LOST)
               ? keep(s, ROLL_LOST, ERR_ORDER_CONFLICT, OK)
               : OK;
}

enum err contest_judge(struct core *core)
{
    struct spread *s = core->spread;
    struct order_row newest = {0};
    enum err err = order_get(core->store->orders, s->row.about, STORE_NEVER, &newest);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    if (s->row.version > newest.version + 1)
        return keep(s, ROLL_WAITS, ERR_ORDER_VERSION, OK);
    const bool taken = s->row.version <= newest.version;
    /* What the clock has ended here meanwhile had not ended when it was accepted. */
    s->displaces = taken || newest.state == ORDER_EXPIRED;
    s->others = false;
    err = judge_on_base(core);
    if (err != OK)
        return err;
    return s->judged.err != OK ? keep(s, ROLL_REFUSED, s->judged.err, s->judged.err)
                               : judge_rivals(core, taken);
}

/* ---- telling ---- */

static enum err tell_issuer(struct core *core, const struct roll_row *whom,
                            const struct roll_row *other)
{
    lianshu_HubNotice body = {.kind = lianshu_HubNoticeKind_HUBNOTICE_VERSION_LOST};
    tell_order(&body, whom->about);
    text_copy(body.reference, sizeof body.reference, other->issuer);
    return tell_notice(core, whom->issuer, &body);
}

enum err contest_refuse(struct core *core, const char *sender,
                        const uint8_t message_id[static STORE_ID_LEN], enum err code)
{
    struct message_row message;
    enum err err = message_get(core->store->messages, sender, message_id, &message);
    if (err != OK) /* retention has it */
        return err == ERR_NOT_FOUND ? OK : err;
    uint64_t index;
    const struct receipt_about receipt = {
        .kind = lianshu_ReceiptKind_RECEIPT_REFUSED,
        .sender = message.sender,
        .message_id = message.id,
        .env_id = message.env_id,
        .about = "",
        .code = code,
        .previous = &message.last_leaf,
    };
    err = apply_receipt(core, &receipt, &index);
    return err == OK ? message_stage(core->store->messages, message.sender, message.id,
                                     (uint8_t)receipt.kind, index)
                     : err;
}

enum err contest_refuse_late(struct core *core, const struct roll_row *loser, enum err code)
{
    struct span leaf;
    lianshu_Receipt *q = &core->stored_receipt;
    enum err err = log_body(core->store->log, loser->seq, &leaf);
    if (err == OK && wire_decode(&lianshu_Receipt_msg, leaf, q) != OK)
        return ERR_CORRUPT;
    return err == OK              ? contest_refuse(core, q->sender, q->message_id, code)
           : err == ERR_NOT_FOUND ? OK
                                  : err;
}

/* Both issuers hear of it, those that are ours. */
static enum err tell(struct core *core, const struct roll_row *winner, const struct roll_row *loser)
{
    enum err err = store_count(core->store, "orders.split", 1);
    if (err == OK && loser->hops[0] == '\0')
        err = contest_refuse_late(core, loser, ERR_ORDER_SPLIT);
    if (err == OK && spread_ours(core, loser->issuer))
        err = tell_issuer(core, loser, winner);
    if (err == OK && spread_ours(core, winner->issuer) &&
        strcmp(winner->issuer, loser->issuer) != 0)
        err = tell_issuer(core, winner, loser);
    return err;
}

/* ---- in the place of what it goes before ---- */

/* The order is once more what it was in that row, with a leaf that says so; what follows from it
 * follows with what is put upon it in this transaction. */
static enum err put_again(struct core *core, const struct order_row *then, uint32_t episode)
{
    struct order_row row = *then;
    row.episode = episode;
    enum err err = orders_state_leaf(core, &row, row.changed_by, &row.seq);
    return err == OK ? order_put_back(core->store->orders, &row) : err;
}

enum err contest_go_back(struct core *core, const uint8_t order[static STORE_ID_LEN],
                         uint32_t version)
{
    struct order_row newest;
    struct order_row base;
    struct order_row first;
    core->plan_loaded = false;
    enum err err = find_state(core, order, version, &base, &first);
    if (err == OK)
        err = order_get(core->store->orders, order, STORE_NEVER, &newest);
    if (err != OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    const uint32_t episode = newest.episode + 1;
    if (version == 0) { /* nothing of it was ever in force */
        first.state = ORDER_ANNULLED;
        first.changed_by[0] = '\0';
        memset(first.change_document, 0, sizeof first.change_document);
        return put_again(core, &first, episode);
    }
    if (base.seq == 0)
        return ERR_CORRUPT;
    struct order_row row;
    err = order_text(core->store->orders, order, version, base.seq + 1, &row);
    if (err == OK && row.seq != base.seq)
        err = put_again(core, &row, episode);
    if (err == OK)
        err = order_get(core->store->orders, order, base.seq + 1, &row);
    if (err == OK)
        err = put_again(core, &row, episode);
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

/* A first document that takes no effect by itself: it is settled among the orders for its act. */
static enum err enter(struct core *core)
{
    struct spread *s = core->spread;
    const struct roll_row row = s->row;
    const struct roll_row rival = s->rival;
    const bool contested = s->contested;
    const bool refused = row.stands == ROLL_REFUSED;
    struct twin_acts acts;
    struct twin_row known;
    enum err err = refused ? twin_get(core->store->twins, row.about, &known) : ERR_NOT_FOUND;
    if (err != ERR_NOT_FOUND) /* another document leads */
        return err;
    err = twins_enter(core, &s->in, &row, refused ? 0 : s->judged.decision.end_date, &acts);
    if (err == OK && contested && rival.stands == ROLL_STANDS)
        err = twins_end(core, row.about);
    if (err == OK && contested)
        err = roll_stand(core->store->roll, rival.hash, ROLL_LOST, ERR_ORDER_SPLIT);
    if (err == OK && contested)
        err = tell(core, &row, &rival);
    return err == OK ? twins_settle(core, &acts) : err;
}

enum err contest_apply(struct core *core)
{
    struct spread *s = core->spread;
    const struct roll_row row = s->row; /* what rises uses it */
    const struct roll_row rival = s->rival;
    const bool contested = s->contested;
    struct twin_acts acts = {.count = 0};
    enum err err = OK;
    if (s->todo != SPREAD_APPLY && row.stands == ROLL_LOST && row.code == ERR_ORDER_SPLIT)
        return tell(core, &rival, &row);
    if (s->todo != SPREAD_APPLY)
        return twins_apply(&row) ? enter(core) : OK;
    if (twins_apply(&row))
        err = twins_enter(core, &s->in, &row, s->judged.decision.end_date, &acts);
    if (err == OK && s->displaces)
        err = contest_go_back(core, row.about, row.version - 1);
    if (err == OK && contested)
        err = roll_stand(core->store->roll, rival.hash, ROLL_LOST, ERR_ORDER_SPLIT);
    if (err == OK)
        err = spread_apply(core, row.seq);
    if (err == OK && contested)
        err = tell(core, &row, &rival);
    if (err == OK)
        err = twins_settle(core, &acts);
    return err == OK ? contest_rise(core, row.about, row.version) : err;
}

/* ---- what stands above ---- */

/* The next document of one version behind *row, the one that goes before the others first; without
 * `behind` the first of all. ERR_NOT_FOUND: there is no more. */
static enum err next_in_line(struct core *core, const uint8_t order[static STORE_ID_LEN],
                             uint32_t version, bool behind, struct roll_row *row)
{
    const struct roll_row last = *row;
    uint8_t hash[HASH_LEN] = {0};
    struct roll_row one;
    bool found = false;
    enum err err;
    while ((err = roll_next_of_version(core->store->roll, order, version, hash, &one)) == OK) {
        if ((behind && !contest_before(&last, &one)) || (found && !contest_before(&one, row)))
            continue;
        *row = one;
        found = true;
    }
    return err == ERR_NOT_FOUND && found ? OK : err;
}

/* Does it stand on what is below it now? */
static enum err try_one(struct core *core, const struct roll_row *row, bool *stands)
{
    struct spread *s = core->spread;
    struct writer lsd1 = writer_of(s->facts.document.bytes, sizeof s->facts.document.bytes);
    *stands = false;
    enum err err = spread_unseal(core, row, &lsd1);
    if (err == ERR_ERASED)
        return OK;
    if (err == OK)
        err = judge_spread(core, &s->in, &s->judged);
    if (err_class(err) == ERR_CLASS_REJECT) {
        s->judged.err = err;
        err = OK;
    }
    if (err != OK)
        return err;
    *stands = s->judged.err == OK;
    return *stands ? spread_apply(core, row->seq) : OK;
}

/* What becomes of one of the line: the first that stands leads, who stood or might have has lost.
 */
static enum err place(struct core *core, const struct roll_row *row, struct roll_row *winner,
                      bool *stands)
{
    bool leads_now = false;
    bool lost = *stands || row->stands == ROLL_STANDS;
    enum err err = *stands ? OK : try_one(core, row, &leads_now);
    if (err != OK)
        return err;
    if (leads_now) {
        *winner = *row;
        *stands = true;
        return roll_stand(core->store->roll, row->hash, ROLL_STANDS, 0);
    }
    const enum err code = lost ? ERR_ORDER_SPLIT : core->spread->judged.err;
    err = roll_stand(core->store->roll, row->hash, lost ? ROLL_LOST : ROLL_REFUSED, (uint32_t)code);
    return err == OK && lost && row->stands != ROLL_LOST ? tell(core, *stands ? winner : row, row)
                                                         : err;
}

static enum err rise_one(struct core *core, const uint8_t order[static STORE_ID_LEN],
                         uint32_t version, bool *stands)
{
    struct roll_row row = {.version = 0};
    struct roll_row winner;
    bool behind = false;
    enum err err;
    *stands = false;
    while ((err = next_in_line(core, order, version, behind, &row)) == OK) {
        behind = true;
        err = place(core, &row, &winner, stands);
        if (err != OK)
            return err;
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err contest_rise(struct core *core, const uint8_t order[static STORE_ID_LEN], uint32_t version)
{
    bool stands = true;
    enum err err = OK;
    while (err == OK && stands && version < UINT32_MAX)
        err = rise_one(core, order, ++version, &stands);
    return err;
}
