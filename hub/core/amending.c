#include "core/query.h"

#include "base/hex.h"
#include "base/log.h"
#include "keys/amend.h"

#include <stdio.h>
#include <string.h>

enum { DOCUMENTS_PER_FRAME = 8, COUNT_MS = 1000 };

static const char *word_of(const struct amendment *row)
{
    return row->type == lianshu_DocumentType_TYPE_KEY_REVOCATION ? "revocation" : "key_record";
}

/* ---- kept ---- */

enum err core_amended(struct store *store, struct registry *registry, struct fault *fault)
{
    struct amended_row row;
    enum err err = OK;
    for (uint64_t at = 1; err == OK; at++) {
        if ((err = amended_get(store->amended, at, &row)) != OK)
            break;
        err = registry_amend_again(registry, row.lsd1, row.applied_ms, fault);
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err write_row(struct core *core, const struct amendment *row)
{
    lianshu_Admin body = {.registry_version = registry_version(core->opt.registry),
                          .document.size = HASH_LEN};
    struct amended_row kept = {.applied_ms = row->applied_ms, .lsd1 = row->lsd1};
    snprintf(body.event, sizeof body.event, "%s", word_of(row));
    snprintf(body.by, sizeof body.by, "%s", row->issuer);
    memcpy(body.document.bytes, row->hash, HASH_LEN);
    if (row->type == lianshu_DocumentType_TYPE_KEY_REVOCATION) {
        body.officials_count = row->signer_count;
        memcpy(body.officials, row->signers, sizeof row->signers);
    }
    memcpy(kept.hash, row->hash, HASH_LEN);
    enum err err = apply_leaf_at(core, LOG_REGISTRY, core->now_ms, &lianshu_Admin_msg, &body,
                                 row->lsd1, &kept.leaf);
    return err == OK ? amended_put(core->store->amended, &kept) : err;
}

static enum err write_one(struct core *core, const struct amendment *row)
{
    bool has = false;
    enum err err = amended_has(core->store->amended, row->hash, &has);
    if (err != OK || has)
        return err;
    if ((err = core_begin(core)) != OK || (err = store_savepoint(core->store)) != OK)
        return err;
    if ((err = write_row(core, row)) == OK)
        return store_release(core->store);
    const enum err undone = store_rollback_to(core->store);
    if (undone != OK)
        core->poison = undone; /* what is left of the transaction is unknown */
    return err;
}

enum err amending_step(struct core *core, bool *more)
{
    const struct amendment *row;
    (void)more;
    while ((row = registry_amendment(core->opt.registry, core->amendments_written)) != NULL) {
        const enum err err = write_one(core, row);
        if (err != OK)
            return err;
        core->amendments_written++;
    }
    return OK;
}

void amending_given_up(struct core *core)
{
    core->amendments_written = 0; /* those that are there are passed over */
}

/* ---- in effect ---- */

/* The transport key that a peer's connection has proven. NULL: none that is known. */
static const struct registry_key *key_of_peer(const struct core *core, const struct peer *peer)
{
    const struct registry *r = core->opt.registry;
    const struct registry_member *member = registry_member(r, peer->member);
    const struct registry_key *key;
    for (size_t i = 0; member != NULL && (key = registry_member_key(r, member, i)) != NULL; i++) {
        if (key->use == KEY_USE_TRANSPORT &&
            memcmp(key->kid, peer->adapter, sizeof peer->adapter) == 0)
            return key;
    }
    return NULL;
}

static void bar(struct core *core)
{
    for (uint32_t i = 0; i < core->peers.count; i++) {
        struct peer *peer = core_peer_at(core, i);
        const struct registry_key *key = key_of_peer(core, peer);
        const bool barred = key != NULL && key->revoked_ms != 0;
        if (barred && !peer->barred) {
            log_warn("peer_barred", "peer=%s", peer->user_id);
            core_peer_gone(core, i, core->now_ms);
        }
        peer->barred_told = peer->barred_told && barred;
        peer->barred = barred;
    }
}

/* by: who hands it over; NULL: an official, here. */
static enum err take_one(struct core *core, struct span lsd1, const struct peer *by,
                         const struct amendment **out, struct fault *fault)
{
    const struct amendment *row;
    bool more = false;
    const bool known = by != NULL && by->hub;
    enum err err = registry_amend(core->opt.registry, lsd1, core->now_ms, known, &row, fault);
    if (out != NULL)
        *out = row;
    if (err == ERR_NUMBER_TWICE)
        doubled_found(core, registry_twice(core->opt.registry), by == NULL ? "" : by->user_id);
    if (err != OK)
        return err;
    log_info("amended", "%s=%llu by=%s member=%s", word_of(row), (unsigned long long)row->number,
             row->issuer, row->member);
    core_own_keys(core);
    bar(core);
    core->output_ready = false;
    core_wake_at(core, core->now_ms);
    return amending_step(core, &more);
}

enum err amending_registry(struct core *core, struct registry *next)
{
    const enum err err = registry_amend_from(next, core->opt.registry, NULL);
    if (err != OK)
        return err;
    core->opt.registry = next;
    core->amendments_written = 0;
    for (uint32_t i = 0; i < core->peers.count; i++)
        amending_again(core, i);
    core_own_keys(core);
    bar(core);
    return OK;
}

bool amending_barred(struct core *core, uint32_t number)
{
    struct peer *peer = core_peer_at(core, number);
    if (!peer->barred)
        return false;
    if (!peer->barred_told)
        ingest_refuse(core, number, ERR_REVOKED, NULL);
    else
        ingest_count(core, number, ERR_REVOKED);
    peer->barred_told = true;
    return true;
}

bool amending_counts(struct core *core, const struct incoming *in)
{
    const struct registry_key *key;
    struct peer *peer = core_peer_at(core, in->peer);
    if (in->link != NULL || registry_key(core->opt.registry, in->header.sender_kid, &key) != OK ||
        registry_key_check(key, in->header.sender, KEY_USE_SIGN, core->now_ms) != ERR_REVOKED)
        return false;
    if (peer->revoked_ms == 0 || peer->revoked_ms + COUNT_MS <= core->now_ms) {
        peer->revoked_ms = core->now_ms;
        return false;
    }
    ingest_count(core, in->peer, ERR_REVOKED);
    return true;
}

/* ---- told ---- */

void amending_again(struct core *core, uint32_t number)
{
    core_peer_at(core, number)->amended = 0;
}

void amending_heard(struct core *core, uint32_t number, struct span digest)
{
    struct peer *peer = core_peer_at(core, number);
    const struct span ours = registry_amended(core->opt.registry);
    uint8_t both[2][HASH_LEN] = {{0}};
    if (span_eq(ours, digest)) {
        peer->amended = registry_amendment_count(core->opt.registry);
        return;
    }
    if (ours.len > 0)
        memcpy(both[0], ours.data, HASH_LEN);
    if (digest.len == HASH_LEN)
        memcpy(both[1], digest.data, HASH_LEN);
    /* What one of us refuses is not said again and again; what is still to be said, is. */
    if (peer->hub && peer->ready && memcmp(both, peer->amendments, sizeof both) == 0)
        return;
    memcpy(peer->amendments, both, sizeof both);
    peer->amended = 0;
    core_wake_at(core, core->now_ms);
}

static bool say_some(struct core *core, uint32_t number)
{
    struct peer *peer = core_peer_at(core, number);
    lianshu_Control control = {.kind = lianshu_ControlKind_CONTROL_AMENDMENTS,
                               .which_body = lianshu_Control_amendments_tag};
    lianshu_Amendments *body = &control.body.amendments;
    const struct amendment *row;
    size_t at = peer->amended;
    while (body->documents_count < DOCUMENTS_PER_FRAME &&
           (row = registry_amendment(core->opt.registry, at)) != NULL) {
        const pb_size_t i = body->documents_count++;
        body->documents[i].size = (pb_size_t)row->lsd1.len;
        memcpy(body->documents[i].bytes, row->lsd1.data, row->lsd1.len);
        at++;
    }
    if (!session_say(core, number, &control))
        return false;
    peer->amended = at;
    return true;
}

void amending_speak(struct core *core)
{
    const size_t count = registry_amendment_count(core->opt.registry);
    for (uint32_t i = 0; count > 0 && i < core->peers.count; i++) {
        const struct peer *peer = core_peer_at(core, i);
        while (peer->amended < count && core_peer_takes(core, i)) {
            if (say_some(core, i))
                continue;
            core_wake_at(core, core->now_ms + COUNT_MS);
            break;
        }
    }
}

enum err amending_take(struct core *core, uint32_t number, const lianshu_Amendments *body)
{
    for (pb_size_t i = 0; i < body->documents_count; i++) {
        const struct span lsd1 = span_of(body->documents[i].bytes, body->documents[i].size);
        struct fault fault = {.err = OK};
        const enum err err = take_one(core, lsd1, core_peer_at(core, number), NULL, &fault);
        if (err == OK || err == ERR_REPEAT)
            continue;
        if (err_class(err) != ERR_CLASS_REJECT)
            return err;
        log_warn("amendment_refused", "code=%d from=%s what=%s", (int)err,
                 core_peer_at(core, number)->user_id, fault.detail);
        ingest_refuse(core, number, err, NULL);
    }
    return OK;
}

/* ---- by the control socket ---- */

static void put_row(struct query *q, const struct amendment *row)
{
    json_put_text(q->answer, "amendment", word_of(row));
    json_put_uint(q->answer, "number", row->number);
    json_put_text(q->answer, "by", row->issuer);
    json_put_text(q->answer, "member", row->member);
    json_put_hex(q->answer, "kid", span_of(row->kid, KID_LEN));
    json_put_uint(q->answer, "from_ms", row->from_ms);
    json_put_hex(q->answer, "document", span_of(row->hash, HASH_LEN));
}

enum err core_amend(struct core *core, struct span lsd1, uint64_t now_ms, struct writer *answer)
{
    const struct amendment *row = NULL;
    struct fault fault = {.err = OK};
    const uint64_t size = log_size(core->store->log);
    core_set_now(core, now_ms);
    core->output_ready = false;
    enum err err = take_one(core, lsd1, NULL, &row, &fault);
    bool more = false;
    if (err == ERR_NUMBER_TWICE && doubled_step(core, &more) != OK)
        err = ERR_BUSY; /* its evidence is not written yet: ask again */
    const enum err committed = core_commit(core, core->now_ms);
    if (committed != OK)
        return committed;
    if (err_class(err) == ERR_CLASS_FATAL || err_class(err) == ERR_CLASS_INTERNAL)
        return err;
    if (err == OK && core->signed_size <= size)
        err = ERR_BUSY; /* in effect, and not on disk yet: ask again */
    struct query q = {.core = core, .answer = json_map()};
    if (err == OK)
        put_row(&q, row);
    else if (err == ERR_REPEAT)
        json_put_flag(q.answer, "repeated", true);
    else
        query_error(&q, err, fault.detail);
    core_wake_at(core, core->now_ms);
    return query_finish(&q, answer);
}
