/* This hub as the witness of the logs of those that it is linked with. */
#include "core/state.h"

#include "base/clock.h"
#include "base/log.h"
#include "keys/witness.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    EVIDENCE_PAUSE_MS = 60 * 60 * 1000, /* between two pieces of evidence against one log */
    FORK_LEN = 4 + 8 + 8,
};

/* How far the answer to a hub's ask has come: one at a time for each hub. */
enum stage { STAGE_NONE, STAGE_OPEN, STAGE_FLYING, STAGE_LANDED };

struct case_row {
    char hub[MEMBER_MAX + 1];
    uint32_t peer;
    enum stage stage;
    enum err verdict;
    char origin[NOTE_ORIGIN_MAX + 1];
    struct witness_head held; /* after the verdict */
};

struct witnessing {
    size_t count;
    struct case_row rows[TOPOLOGY_LINKS_MAX];
};

enum err witnessing_open(struct core *core)
{
    core->witnessing = calloc(1, sizeof *core->witnessing);
    return core->witnessing != NULL ? OK : ERR_NO_MEMORY;
}

void witnessing_close(struct core *core)
{
    free(core->witnessing);
    core->witnessing = NULL;
}

static struct case_row *case_of(struct core *core, const char *hub)
{
    struct witnessing *w = core->witnessing;
    for (size_t i = 0; i < w->count; i++) {
        if (strcmp(w->rows[i].hub, hub) == 0)
            return &w->rows[i];
    }
    if (w->count == TOPOLOGY_LINKS_MAX)
        return NULL;
    struct case_row *row = &w->rows[w->count++];
    snprintf(row->hub, sizeof row->hub, "%s", hub);
    return row;
}

/* ---- what is stored ---- */

/* "head.<hub>" the highest log number, "head.<hub>/<n>" the note, "fork.<hub>" the evidence. */
static void meta_name(char out[static STORE_NAME_MAX], const char *what, const char *hub,
                      const char *number)
{
    snprintf(out, STORE_NAME_MAX, "%s.%s%s%s", what, hub, number[0] == '\0' ? "" : "/", number);
}

/* Of an origin that witness_read has taken: "<hub>.<realm>/audit/<n>". */
static const char *log_number(const char *origin)
{
    return strrchr(origin, '/') + 1;
}

/* The number of a log only rises: an older log is over. */
static enum err check_number(struct core *core, const char *hub, const char *origin)
{
    char name[STORE_NAME_MAX];
    uint64_t highest = 0;
    meta_name(name, "head", hub, "");
    enum err err = store_meta_get_u64(core->store, name, &highest);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    return strtoull(log_number(origin), NULL, 10) < highest ? ERR_LOG_ROLLBACK : OK;
}

static enum err load_head(struct core *core, const char *hub, const char *origin,
                          struct witness_head *held)
{
    char name[STORE_NAME_MAX];
    uint8_t note[NOTE_SIGNED_MAX];
    size_t len;
    memset(held, 0, sizeof *held);
    meta_name(name, "head", hub, log_number(origin));
    enum err err = store_meta_get(core->store, name, note, sizeof note, &len);
    if (err == ERR_NOT_FOUND)
        return OK;
    if (err == OK)
        err = witness_head(span_of(note, len), held);
    return err == ERR_CHECKPOINT ? ERR_CORRUPT : err;
}

static enum err save_head(struct core *core, const char *hub, const struct witness_head *head)
{
    char name[STORE_NAME_MAX];
    const char *number = log_number(head->checkpoint.origin);
    enum err err = core_begin(core);
    meta_name(name, "head", hub, number);
    if (err == OK)
        err = store_meta_put(core->store, name, span_of(head->note, head->note_len));
    meta_name(name, "head", hub, "");
    return err == OK ? store_meta_put_u64(core->store, name, strtoull(number, NULL, 10)) : err;
}

enum err witnessing_known(struct core *core, const char *hub, struct witnessed *out)
{
    char name[STORE_NAME_MAX];
    char number[24];
    uint8_t bytes[FORK_LEN];
    size_t len;
    uint64_t highest;
    uint64_t code = 0;
    struct witness_head held;
    memset(out, 0, sizeof *out);
    meta_name(name, "head", hub, "");
    enum err err = store_meta_get_u64(core->store, name, &highest);
    if (err == OK) {
        snprintf(number, sizeof number, "/%" PRIu64, highest);
        err = load_head(core, hub, number, &held);
        out->size = held.checkpoint.size;
    }
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    meta_name(name, "fork", hub, "");
    err = store_meta_get(core->store, name, bytes, sizeof bytes, &len);
    struct span from = span_of(bytes, len);
    if (err == OK && span_take_uint(&from, 4, &code) && span_take_uint(&from, 8, &out->leaf) &&
        span_take_uint(&from, 8, &out->fork_ms))
        out->fork = err_from_code((uint32_t)code);
    return err == ERR_NOT_FOUND ? OK : err;
}

/* Two heads of the log of `hub` that do not fit, and who handed over the second. */
struct fork {
    const char *hub;
    const char *by;
    enum err code;
    const struct witness_head *held;
    const struct witness_head *offered;
};

/* To every hub that we are linked with but the one that told us. */
static enum err tell_fork(struct core *core, const struct fork *fork)
{
    lianshu_RelayFork body = {.held.size = (pb_size_t)fork->held->note_len,
                              .offered.size = (pb_size_t)fork->offered->note_len};
    memcpy(body.held.bytes, fork->held->note, fork->held->note_len);
    memcpy(body.offered.bytes, fork->offered->note, fork->offered->note_len);
    enum err err = OK;
    for (size_t i = 0; err == OK && i < core->opt.link_count; i++) {
        const struct outgoing what = {
            .type = lianshu_DocumentType_TYPE_RELAY_FORK,
            .recipient = core->opt.links[i].member,
            .purpose = "federation",
            .body = &body,
        };
        if (strcmp(what.recipient, fork->by) == 0)
            continue;
        err = outgoing_send(core, &what);
        /* A hub whose key the registry does not hold cannot be told. */
        err = err_class(err) == ERR_CLASS_REJECT ? OK : err;
    }
    return err;
}

/* Both notes, into our own log. What proves itself goes on, the first time that it is seen. */
static enum err keep_evidence(struct core *core, const struct fork *fork)
{
    struct witnessed known;
    const char *hub = fork->hub;
    const enum err code = fork->code;
    const struct witness_head *held = fork->held;
    const struct witness_head *offered = fork->offered;
    enum err err = witnessing_known(core, hub, &known);
    if (err != OK)
        return err;
    log_error("log_fork", "code=E%03d hub=%s held=%" PRIu64 " offered=%" PRIu64, (int)code, hub,
              held->checkpoint.size, offered->checkpoint.size);
    if (known.fork == code && known.fork_ms + EVIDENCE_PAUSE_MS > core->now_ms)
        return OK;
    static lianshu_ForkEvidence body;
    body = (lianshu_ForkEvidence){.code = (uint32_t)code};
    snprintf(body.origin, sizeof body.origin, "%s", offered->checkpoint.origin);
    snprintf(body.by, sizeof body.by, "%s", fork->by);
    body.held.size = (pb_size_t)held->note_len;
    memcpy(body.held.bytes, held->note, held->note_len);
    body.offered.size = (pb_size_t)offered->note_len;
    memcpy(body.offered.bytes, offered->note, offered->note_len);
    uint64_t index = 0;
    err = core_begin(core);
    if (err == OK)
        err = apply_leaf(core, LOG_FORK_EVIDENCE, &lianshu_ForkEvidence_msg, &body, &index);
    char name[STORE_NAME_MAX];
    uint8_t bytes[FORK_LEN];
    struct writer w = writer_of(bytes, sizeof bytes);
    write_uint(&w, (uint64_t)code, 4);
    write_uint(&w, index, 8);
    write_uint(&w, core->now_ms, 8);
    meta_name(name, "fork", hub, "");
    if (err == OK)
        err = store_meta_put(core->store, name, writer_span(&w));
    if (err == OK && code == ERR_LOG_FORK && known.fork != ERR_LOG_FORK)
        err = tell_fork(core, fork);
    return err == OK ? store_count(core->store, "log.forks", 1) : err;
}

/* ---- asked ---- */

static bool say(struct core *core, const struct case_row *row)
{
    lianshu_Control control = {.kind = lianshu_ControlKind_CONTROL_WITNESS_ANSWER,
                               .which_body = lianshu_Control_witness_answer_tag};
    const struct key *key = keyring_find(core->opt.keys, KEY_USE_WITNESS);
    char name[WITNESS_NAME_MAX + 1];
    if (key == NULL || cosign_name(name, core->opt.member, core->opt.realm) != OK ||
        witness_answer(&row->held, row->origin, row->verdict, name, key, core->now_ms,
                       &control.body.witness_answer) != OK)
        return true; /* it asks again */
    return session_say(core, row->peer, &control);
}

static enum err weigh(struct core *core, struct case_row *row, const lianshu_WitnessAsk *ask,
                      struct witness_head *offered)
{
    enum err err = witness_read(ask, row->hub, core->opt.registry, core->now_ms, offered);
    memcpy(row->origin, offered->checkpoint.origin, sizeof row->origin);
    memset(&row->held, 0, sizeof row->held);
    if (err == OK)
        err = check_number(core, row->hub, row->origin);
    if (err != OK)
        return err;
    enum err loaded = load_head(core, row->hub, row->origin, &row->held);
    return loaded == OK ? witness_judge(&row->held, offered, ask) : loaded;
}

enum err witnessing_asked(struct core *core, uint32_t number, const lianshu_WitnessAsk *ask)
{
    struct case_row *row = case_of(core, core_peer_at(core, number)->member);
    if (row == NULL || row->stage != STAGE_NONE ||
        keyring_find(core->opt.keys, KEY_USE_WITNESS) == NULL) {
        ingest_refuse(core, number,
                      row == NULL || row->stage == STAGE_NONE ? ERR_KEY_USE : ERR_BUSY, NULL);
        return OK;
    }
    struct witness_head offered;
    const enum err verdict = weigh(core, row, ask, &offered);
    if (err_class(verdict) == ERR_CLASS_INTERNAL || verdict == ERR_CORRUPT)
        return verdict;
    row->peer = number;
    row->verdict = verdict;
    enum err err = OK;
    if (verdict == OK && offered.checkpoint.size == row->held.checkpoint.size &&
        row->held.note_len > 0)
        row->stage = STAGE_LANDED; /* it is on disk already: only the time is new */
    else if (verdict == OK) {
        row->held = offered;
        row->stage = STAGE_OPEN;
        err = save_head(core, row->hub, &offered);
    } else if (witness_evidence(verdict) && row->held.note_len > 0) {
        row->stage = STAGE_OPEN;
        const struct fork fork = {row->hub, row->hub, verdict, &row->held, &offered};
        err = keep_evidence(core, &fork);
        if (err == OK && !core->open_batch)
            row->stage = STAGE_LANDED;
    } else
        row->stage = STAGE_LANDED;
    return err;
}

/* ---- told by another hub ---- */

/* A note of one of the logs of this realm's hubs, by its own key. */
static enum err read_note(struct core *core, struct span note, const char **hub,
                          struct witness_head *out)
{
    const struct registry *r = core->opt.registry;
    const struct registry_member *at;
    uint32_t number;
    lianshu_WitnessAsk ask = {.old_size = 0};
    if (note.len > sizeof ask.checkpoint.bytes || witness_head(note, out) != OK)
        return ERR_CHECKPOINT;
    *hub = NULL;
    for (size_t i = 0; *hub == NULL && (at = topology_at(r, i)) != NULL; i++)
        if (note_origin_number(out->checkpoint.origin, at->id, core->opt.realm, &number))
            *hub = at->id;
    if (*hub == NULL)
        return ERR_CHECKPOINT;
    ask.checkpoint.size = (pb_size_t)note.len;
    memcpy(ask.checkpoint.bytes, note.data, note.len);
    return witness_read(&ask, *hub, r, core->now_ms, out);
}

/* Does it prove itself? Two notes by one log's key, of one size, with two roots. */
static enum err read_fork(struct core *core, const struct incoming *in, const char **hub,
                          struct witness_head *held, struct witness_head *offered)
{
    static const lianshu_WitnessAsk none;
    const lianshu_RelayFork *body = &in->body.relay_fork;
    enum err err = read_note(core, span_of(body->held.bytes, body->held.size), hub, held);
    if (err == OK)
        err = read_note(core, span_of(body->offered.bytes, body->offered.size), hub, offered);
    if (err != OK)
        return err;
    return witness_judge(held, offered, &none) == ERR_LOG_FORK ? OK : ERR_CHECKPOINT;
}

enum err witnessing_judge(struct core *core, const struct incoming *in, struct judgement *out)
{
    struct witness_head held;
    struct witness_head offered;
    const char *hub;
    if (in->link == NULL || strcmp(in->link->member, in->header.sender) != 0)
        out->err = ERR_NO_RIGHT; /* each hub looks at it itself before it hands it on */
    else
        out->err = read_fork(core, in, &hub, &held, &offered);
    return OK;
}

enum err witnessing_take(struct core *core, const struct incoming *in)
{
    struct witness_head held;
    struct witness_head offered;
    struct fork fork = {NULL, in->header.sender, ERR_LOG_FORK, &held, &offered};
    struct witnessed known;
    uint64_t leaf;
    enum err err = read_fork(core, in, &fork.hub, &held, &offered);
    if (err == OK)
        err = witnessing_known(core, fork.hub, &known);
    if (err == OK && known.fork != ERR_LOG_FORK) /* else it has gone round */
        err = keep_evidence(core, &fork);
    return err == OK ? receipts_own(core, in, lianshu_ReceiptKind_RECEIPT_DELIVERED, OK, &leaf)
                     : err;
}

/* ---- its way to the disk ---- */

static void move(struct core *core, enum stage from, enum stage to)
{
    struct witnessing *w = core->witnessing;
    for (size_t i = 0; i < w->count; i++) {
        if (w->rows[i].stage == from)
            w->rows[i].stage = to;
    }
}

void witnessing_flying(struct core *core)
{
    move(core, STAGE_OPEN, STAGE_FLYING);
}

void witnessing_landed(struct core *core)
{
    move(core, STAGE_FLYING, STAGE_LANDED);
}

void witnessing_given_up(struct core *core)
{
    move(core, STAGE_OPEN, STAGE_NONE);
}

void witnessing_speak(struct core *core)
{
    struct witnessing *w = core->witnessing;
    for (size_t i = 0; i < w->count; i++) {
        struct case_row *row = &w->rows[i];
        if (row->stage == STAGE_LANDED && say(core, row))
            row->stage = STAGE_NONE;
    }
}
