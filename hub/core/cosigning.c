/* Our own checkpoints, and the witnesses that cosign them. */
#include "core/state.h"

#include "base/log.h"
#include "keys/witness.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    EVERY_MS = 20 * 1000,
    WITHIN_MS = 60 * 1000,
    START_WAIT_MS = 30 * 1000,
    ANSWER_MS = 10 * 1000, /* then it is asked again */
    TRIES_MAX = 3,         /* of one witness in a round */
};

static const char META_NOTE[] = "cosigned";
static const char META_MS[] = "cosigned.ms";

/* One witness. */
struct row {
    char member[MEMBER_MAX + 1];
    char name[WITNESS_NAME_MAX + 1];
    uint64_t old_size; /* of the latest checkpoint that it holds, as far as known */
    uint64_t asked_ms; /* 0: no answer is waited for */
    unsigned tries;    /* in this round */
    bool done;         /* in this round */
    bool confirmed;    /* it has cosigned since the start */
    uint64_t size;
    uint64_t time_ms;
    enum err refused;
};

struct cosigning {
    struct witness_policy policy;
    size_t count;
    struct row rows[WITNESSES_MAX];
    /* The round. */
    uint64_t next_ms;
    uint64_t size;
    size_t len; /* 0: none yet */
    size_t own_len;
    uint8_t note[NOTE_LEN_MAX];
    /* The newest cosigned checkpoint. */
    uint64_t met_ms; /* since the start: when the policy was met last */
    uint64_t cosigned_ms;
    uint64_t cosigned_size;
    size_t cosigned_len;
    uint8_t cosigned[NOTE_LEN_MAX];
    bool alarmed;
    bool confirmed;
    uint64_t opened_ms;
};

static const struct core_witness *options(const struct core *core)
{
    return &core->opt.witness;
}

static enum err load(struct core *core)
{
    struct cosigning *c = core->cosigning;
    struct checkpoint checkpoint;
    enum err err =
        store_meta_get(core->store, META_NOTE, c->cosigned, sizeof c->cosigned, &c->cosigned_len);
    if (err == OK)
        err = note_parse(span_of(c->cosigned, c->cosigned_len), &checkpoint);
    if (err == OK)
        err = store_meta_get_u64(core->store, META_MS, &c->cosigned_ms);
    if (err == OK)
        c->cosigned_size = checkpoint.size;
    else
        c->cosigned_len = 0;
    return err == ERR_NOT_FOUND || err == ERR_CHECKPOINT ? OK : err;
}

enum err cosigning_open(struct core *core)
{
    struct cosigning *c = calloc(1, sizeof *c);
    core->cosigning = c;
    if (c == NULL)
        return ERR_NO_MEMORY;
    struct core_witness *opt = &core->opt.witness;
    opt->every_ms = opt->every_ms != 0 ? opt->every_ms : EVERY_MS;
    opt->within_ms = opt->within_ms != 0 ? opt->within_ms : WITHIN_MS;
    opt->start_wait_ms = opt->start_wait_ms != 0 ? opt->start_wait_ms : START_WAIT_MS;
    c->policy.needed = opt->needed;
    c->policy.within_ms = opt->within_ms;
    c->opened_ms = core->now_ms;
    c->met_ms = core->now_ms;
    c->confirmed = opt->needed == 0;
    return load(core);
}

void cosigning_close(struct core *core)
{
    free(core->cosigning);
    core->cosigning = NULL;
}

/* ---- asking ---- */

static struct row *row_of(struct core *core, const char *member)
{
    struct cosigning *c = core->cosigning;
    char name[WITNESS_NAME_MAX + 1];
    for (size_t i = 0; i < c->count; i++) {
        if (strcmp(c->rows[i].member, member) == 0)
            return &c->rows[i];
    }
    if (c->count == WITNESSES_MAX || cosign_name(name, member, core->opt.realm) != OK)
        return NULL;
    for (size_t i = 0; i < c->policy.count; i++) {
        if (strcmp(c->policy.row[i].name, name) != 0)
            continue;
        struct row *row = &c->rows[c->count++];
        snprintf(row->member, sizeof row->member, "%s", member);
        memcpy(row->name, name, sizeof row->name);
        return row;
    }
    return NULL;
}

static enum err ask(struct core *core, uint32_t peer, struct row *row)
{
    struct cosigning *c = core->cosigning;
    lianshu_Control control = {.kind = lianshu_ControlKind_CONTROL_WITNESS_ASK,
                               .which_body = lianshu_Control_witness_ask_tag};
    lianshu_WitnessAsk *body = &control.body.witness_ask;
    merkle_hash proof[MERKLE_CONSISTENCY_MAX];
    unsigned count = 0;
    if (row->old_size > c->size || c->own_len > sizeof body->checkpoint.bytes)
        return OK; /* it holds a later one of ours: the next round is later still */
    enum err err = log_consistency(core->store->log, row->old_size, c->size, proof, &count);
    if (err != OK)
        return err;
    if (count * sizeof proof[0] > sizeof body->proof.bytes)
        return ERR_TOO_LARGE;
    body->old_size = row->old_size;
    body->proof.size = (pb_size_t)(count * sizeof proof[0]);
    memcpy(body->proof.bytes, proof, body->proof.size);
    body->checkpoint.size = (pb_size_t)c->own_len;
    memcpy(body->checkpoint.bytes, c->note, c->own_len);
    if (session_say(core, peer, &control)) { /* no room: at the next step */
        row->asked_ms = core->now_ms;
        row->tries++;
    }
    return OK;
}

/* Every witness that is there and has not answered in this round. */
static enum err ask_all(struct core *core)
{
    enum err err = OK;
    for (uint32_t i = 0; err == OK && i < core->peers.count; i++) {
        const struct peer *peer = core_peer_at(core, i);
        struct row *row = peer->ready ? row_of(core, peer->member) : NULL;
        if (row == NULL || row->done || row->tries == TRIES_MAX ||
            (row->asked_ms != 0 && row->asked_ms + ANSWER_MS > core->now_ms))
            continue;
        err = ask(core, i, row);
    }
    return err;
}

/* What was cosigned of a log that is over is not the newest of this one. */
static void forget_other_log(struct core *core)
{
    struct cosigning *c = core->cosigning;
    struct checkpoint cosigned;
    struct checkpoint own;
    if (c->cosigned_len > 0 &&
        (note_parse(span_of(c->cosigned, c->cosigned_len), &cosigned) != OK ||
         note_parse(span_of(core->checkpoint, core->checkpoint_len), &own) != OK ||
         strcmp(cosigned.origin, own.origin) != 0))
        c->cosigned_len = 0;
}

static void begin_round(struct core *core)
{
    struct cosigning *c = core->cosigning;
    forget_other_log(core);
    cosign_policy(&c->policy, core->opt.registry, core->opt.member);
    c->size = core->signed_size;
    c->own_len = core->checkpoint_len;
    c->len = core->checkpoint_len;
    memcpy(c->note, core->checkpoint, core->checkpoint_len);
    c->next_ms = core->now_ms + options(core)->every_ms;
    for (size_t i = 0; i < c->count; i++) {
        c->rows[i].done = false;
        c->rows[i].asked_ms = 0;
        c->rows[i].tries = 0;
    }
}

static void judge_age(struct core *core)
{
    struct cosigning *c = core->cosigning;
    const bool late = c->policy.needed > 0 && c->met_ms + c->policy.within_ms < core->now_ms;
    if (late && !c->alarmed)
        log_error("log_not_cosigned", "code=E%03d needed=%u since_ms=%" PRIu64, (int)ERR_WITNESSES,
                  c->policy.needed, c->met_ms);
    if (!late && c->alarmed)
        log_info("log_cosigned", "size=%" PRIu64, c->cosigned_size);
    c->alarmed = late;
    if (!c->confirmed && c->opened_ms + options(core)->start_wait_ms <= core->now_ms) {
        c->confirmed = true;
        log_error("log_not_confirmed", "code=E%03d needed=%u", (int)ERR_WITNESSES,
                  c->policy.needed);
    }
}

enum err cosigning_step(struct core *core, bool *more)
{
    struct cosigning *c = core->cosigning;
    (void)more;
    judge_age(core);
    if (core->checkpoint_len == 0)
        return OK;
    if (c->len == 0 || c->next_ms <= core->now_ms)
        begin_round(core);
    core_wake_at(core, c->next_ms);
    if (!c->confirmed)
        core_wake_at(core, c->opened_ms + options(core)->start_wait_ms);
    return ask_all(core);
}

void cosigning_hello(struct core *core, uint32_t peer)
{
    struct row *row = row_of(core, core_peer_at(core, peer)->member);
    if (row == NULL)
        return;
    row->asked_ms = 0;
    core->work_waiting = true;
    core_wake_at(core, core->now_ms);
}

void cosigning_gone(struct core *core, uint32_t peer)
{
    struct row *row = row_of(core, core_peer_at(core, peer)->member);
    if (row != NULL)
        row->asked_ms = 0;
}

/* ---- answers ---- */

static void judge_confirmed(struct cosigning *c)
{
    unsigned confirmed = 0;
    for (size_t i = 0; i < c->count; i++)
        confirmed += c->rows[i].confirmed;
    c->confirmed = c->confirmed || confirmed >= c->policy.needed;
}

/* The round's note has enough of them: it is the newest. */
static enum err keep(struct core *core)
{
    struct cosigning *c = core->cosigning;
    struct cosigners cosigners;
    enum err err = cosign_count(span_of(c->note, c->len), &c->policy, core->now_ms, &cosigners);
    if (err != OK || cosigners.count == 0 || !cosign_met(&c->policy, &cosigners))
        return err;
    memcpy(c->cosigned, c->note, c->len);
    c->cosigned_len = c->len;
    c->cosigned_size = c->size;
    c->cosigned_ms = core->now_ms;
    c->met_ms = core->now_ms;
    err = core_begin(core);
    if (err == OK)
        err = store_meta_put(core->store, META_NOTE, span_of(c->cosigned, c->cosigned_len));
    return err == OK ? store_meta_put_u64(core->store, META_MS, c->cosigned_ms) : err;
}

static enum err take_line(struct core *core, uint32_t peer, struct row *row,
                          const lianshu_WitnessAnswer *answer)
{
    struct cosigning *c = core->cosigning;
    const struct span line = span_of(answer->cosignature.bytes, answer->cosignature.size);
    const struct span own = span_of(c->note, c->own_len);
    struct writer w = writer_of(c->note + c->len, sizeof c->note - c->len);
    struct checkpoint checkpoint;
    uint64_t time_ms;
    enum err err = cosign_check(own, line, row->name, &c->policy, core->now_ms, &time_ms);
    if (err != OK) {
        row->refused = err;
        ingest_refuse(core, peer, err, NULL);
        return OK;
    }
    row->done = true;
    row->confirmed = true;
    row->refused = OK;
    row->old_size = c->size;
    row->size = c->size;
    row->time_ms = time_ms;
    judge_confirmed(c);
    write_bytes(&w, line.data, line.len);
    /* More lines than a note may have are one witness less in it. */
    if (w.full || note_parse(span_of(c->note, c->len + line.len), &checkpoint) != OK)
        return OK;
    c->len += line.len;
    return keep(core);
}

static enum err own_root(void *ctx, uint64_t size, merkle_hash root)
{
    struct core *core = ctx;
    return log_root(core->store->log, size, root);
}

/* Is what it holds a part of our log? If our own key has signed something else, we must not go on.
 */
static enum err look_back(struct core *core, const struct row *row,
                          const lianshu_WitnessAnswer *answer)
{
    char origin[NOTE_ORIGIN_MAX + 1];
    struct checkpoint own;
    enum err err = note_parse(span_of(core->checkpoint, core->checkpoint_len), &own);
    if (err != OK)
        return err;
    memcpy(origin, own.origin, sizeof origin);
    err = witness_look_back(span_of(answer->held.bytes, answer->held.size), origin,
                            core->opt.registry, core->opt.member, core->now_ms, core->signed_size,
                            own_root, core);
    if (err != OK)
        log_error("log_contradicted", "code=E%03d witness=%s size=%" PRIu64 " signed=%" PRIu64,
                  (int)err, row->member, answer->size, core->signed_size);
    return err;
}

enum err cosigning_answer(struct core *core, uint32_t peer, const lianshu_WitnessAnswer *answer)
{
    struct cosigning *c = core->cosigning;
    struct row *row = row_of(core, core_peer_at(core, peer)->member);
    if (row == NULL || row->asked_ms == 0) {
        ingest_refuse(core, peer, row == NULL ? ERR_KEY_USE : ERR_WIRE_ENUM, NULL);
        return OK;
    }
    row->asked_ms = 0;
    if (answer->code == OK)
        return take_line(core, peer, row, answer);
    row->refused = err_from_code(answer->code);
    enum err err = look_back(core, row, answer);
    if (err != OK)
        return err;
    if (row->refused != ERR_OLD_SIZE) {
        row->done = true;
        log_warn("cosignature_refused", "code=E%03u witness=%s", (unsigned)answer->code,
                 row->member);
        return OK;
    }
    row->old_size = answer->size;
    if (row->tries < TRIES_MAX && answer->size <= c->size)
        return ask(core, peer, row);
    row->done = true;
    return OK;
}

bool cosigning_confirmed(const struct core *core)
{
    return core->cosigning->confirmed;
}

/* ---- for people ---- */

struct cosigning_state cosigning_state(const struct core *core)
{
    const struct cosigning *c = core->cosigning;
    return (struct cosigning_state){
        .needed = c->policy.needed,
        .met = c->policy.needed == 0 || c->met_ms + c->policy.within_ms >= core->now_ms,
        .cosigned_ms = c->cosigned_ms,
        .size = c->cosigned_size,
        .checkpoint = span_of(c->cosigned, c->cosigned_len),
    };
}

bool cosigning_witness(const struct core *core, size_t i, struct cosigning_witness *out)
{
    const struct cosigning *c = core->cosigning;
    if (i >= c->count)
        return false;
    const struct row *row = &c->rows[i];
    *out = (struct cosigning_witness){row->member, row->size, row->time_ms, row->refused};
    return true;
}
