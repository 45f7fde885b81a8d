/* Two linked hubs compare what they know: count, root and 256 bucket digests; then the hashes of
 * the buckets that differ; then each is sent what it lacks. Both say so in documents of their own,
 * so that who held a list back can be shown it. */
#include "core/state.h"

#include "base/log.h"
#include "base/text.h"

#include <string.h>

_Static_assert(sizeof((lianshu_RelayRoll *)0)->buckets.bytes ==
                   (size_t)ROLL_BUCKETS * ROLL_DIGEST_LEN,
               "the digest of every bucket");
_Static_assert(sizeof((lianshu_RelayRoll *)0)->hashes.bytes == (size_t)ROLL_PIECE_MAX * HASH_LEN,
               "a piece in one message");

enum err roll_judge(struct core *core, const struct incoming *in, struct judgement *out)
{
    const lianshu_RelayRoll *roll = &in->body.relay_roll;
    const bool list = roll->stage == lianshu_RollStage_ROLL_LIST;
    enum link_kind kind;
    if (spread_link_of(core, in->header.sender, &kind) == NULL)
        out->err = ERR_NOT_FEDERATED;
    else if (roll->stage == lianshu_RollStage_ROLL_NONE)
        out->err = ERR_FIELD_VALUE;
    else if (!list &&
             (roll->root.size != HASH_LEN || roll->buckets.size != sizeof roll->buckets.bytes))
        out->err = ERR_FIELD_VALUE;
    else if (list && (roll->hashes.size % HASH_LEN != 0 || roll->bucket >= ROLL_BUCKETS ||
                      roll->pieces == 0 || roll->pieces > ROLL_PIECES_MAX ||
                      (roll->pieces & (roll->pieces - 1)) != 0 || roll->piece >= roll->pieces))
        out->err = ERR_FIELD_VALUE;
    return OK;
}

/* link: it is an answer to what that link says of its roll, and until the last message of one has
 * an end there is no other. */
static enum err send(struct core *core, const char *member, struct spread_link *link)
{
    const struct outgoing what = {
        .type = lianshu_DocumentType_TYPE_RELAY_ROLL,
        .recipient = member,
        .purpose = "federation",
        .body = &core->spread->roll,
    };
    enum err err = outgoing_send(core, &what);
    if (err == OK && link != NULL)
        spread_note_made(core, 0, link->answer);
    /* A hub without a usable key is told when it has one. */
    return err_class(err) == ERR_CLASS_REJECT ? store_count(core->store, "roll.untold", 1) : err;
}

enum err roll_say(struct core *core, const char *member, struct spread_link *answered)
{
    const struct roll_digest *digest;
    lianshu_RelayRoll *roll = &core->spread->roll;
    enum err err = roll_digest(core->store->roll, &digest);
    if (err != OK)
        return err;
    wire_clear(&lianshu_RelayRoll_msg, roll);
    roll->stage = lianshu_RollStage_ROLL_DIGEST;
    roll->at_ms = core->now_ms;
    roll->count = digest->count;
    roll->piece = answered != NULL;
    if ((err = roll_known(core, &roll->known_ms)) != OK)
        return err;
    roll->root.size = HASH_LEN;
    memcpy(roll->root.bytes, digest->root, HASH_LEN);
    roll->buckets.size = sizeof roll->buckets.bytes;
    memcpy(roll->buckets.bytes, digest->bucket, sizeof digest->bucket);
    return send(core, member, answered);
}

/* The hashes of a bucket, in as many messages as they need. */
static enum err send_list(struct core *core, const char *member, uint8_t bucket,
                          struct spread_link *link)
{
    lianshu_RelayRoll *roll = &core->spread->roll;
    uint32_t pieces;
    enum err err = roll_pieces(core->store->roll, bucket, &pieces);
    for (uint32_t i = 0; err == OK && i < pieces; i++) {
        uint8_t(*hash)[HASH_LEN] = core->spread->hash;
        size_t count;
        wire_clear(&lianshu_RelayRoll_msg, roll);
        roll->stage = lianshu_RollStage_ROLL_LIST;
        roll->at_ms = core->now_ms;
        roll->bucket = bucket;
        roll->piece = i;
        roll->pieces = pieces;
        err = roll_piece(core->store->roll, bucket, i, pieces, hash, ROLL_PIECE_MAX, &count);
        if (err == ERR_TOO_LARGE) /* 2^16 such pieces are 33 million documents */
            err = OK;
        roll->hashes.size = (pb_size_t)(count * HASH_LEN);
        memcpy(roll->hashes.bytes, hash, count * HASH_LEN);
        if (err == OK)
            err = send(core, member, link);
    }
    return err;
}

/* ---- what they say ---- */

/* Of the hashes of a piece here, sorted, those that are not in theirs, sorted; *left: how many may
 * still be owed. */
static enum err owe_missing(struct core *core, const char *member, size_t count, struct span theirs,
                            size_t *left)
{
    const uint8_t(*hash)[HASH_LEN] = (const uint8_t(*)[HASH_LEN])core->spread->hash;
    size_t at = 0;
    for (size_t i = 0; i<count && * left> 0; i++) {
        int order = -1;
        while (at < theirs.len && (order = memcmp(theirs.data + at, hash[i], HASH_LEN)) < 0)
            at += HASH_LEN;
        if (at < theirs.len && order == 0)
            continue;
        struct roll_row row;
        enum err err = roll_get(core->store->roll, hash[i], &row);
        if (err == OK)
            err = roll_owe(core->store->roll, member, row.seq);
        if (err != OK)
            return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
        (*left)--;
        core->work_waiting = true;
    }
    return OK;
}

static enum err owe_piece(struct core *core, const char *member, const lianshu_RelayRoll *list,
                          size_t *left)
{
    size_t count;
    enum err err = roll_piece(core->store->roll, (uint8_t)list->bucket, list->piece, list->pieces,
                              core->spread->hash, ROLL_OWE_MAX, &count);
    if (err != OK && err != ERR_TOO_LARGE) /* the next comparison finds the rest */
        return err;
    return owe_missing(core, member, count, span_of(list->hashes.bytes, list->hashes.size), left);
}

/* It knows nothing at all: told everything, in the order in which it came. */
static enum err tell_all(struct core *core, const char *member, struct spread_link *link)
{
    struct roll_link at;
    link->anew = true;
    enum err err = roll_link_get(core->store->roll, member, &at);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    text_copy(at.member, sizeof at.member, member);
    at.urgent = at.normal = 0;
    core->work_waiting = true;
    return roll_link_put(core->store->roll, &at);
}

static enum err compare(struct core *core, const char *member, const lianshu_RelayRoll *theirs,
                        const struct roll_digest *ours, struct spread_link *link)
{
    static const lianshu_RelayRoll whole = {.pieces = 1}; /* without a hash */
    uint8_t empty[ROLL_DIGEST_LEN];
    size_t left = ROLL_OWE_MAX;
    enum err err = OK;
    roll_digest_empty(empty);
    for (uint32_t i = 0; err == OK && left > 0 && i < ROLL_BUCKETS; i++) {
        const uint8_t *bucket = theirs->buckets.bytes + i * ROLL_DIGEST_LEN;
        if (memcmp(bucket, ours->bucket[i], ROLL_DIGEST_LEN) == 0 ||
            memcmp(ours->bucket[i], empty, sizeof empty) == 0)
            continue; /* what they have of it they send when they see ours */
        if (memcmp(bucket, empty, sizeof empty) != 0) {
            err = send_list(core, member, (uint8_t)i, link);
            continue;
        }
        lianshu_RelayRoll *list = &core->spread->roll;
        *list = whole;
        list->bucket = i;
        err = owe_piece(core, member, list, &left);
    }
    return err;
}

static enum err note_equal(struct core *core, const char *member, const lianshu_RelayRoll *theirs)
{
    const uint64_t at_ms = theirs->at_ms < core->now_ms ? theirs->at_ms : core->now_ms;
    struct roll_link row;
    enum err err = roll_link_get(core->store->roll, member, &row);
    if (err == ERR_NOT_FOUND) {
        text_copy(row.member, sizeof row.member, member);
        row.urgent = row.normal = log_size(core->store->log);
        err = OK;
    }
    row.equal_ms = at_ms;
    row.known_ms = theirs->known_ms < at_ms ? theirs->known_ms : at_ms;
    return err == OK ? roll_link_put(core->store->roll, &row) : err;
}

static enum err take_digest(struct core *core, const char *member, const lianshu_RelayRoll *theirs,
                            struct spread_link *link)
{
    const struct roll_digest *ours;
    bool out;
    enum err err = roll_digest(core->store->roll, &ours);
    if (err == OK)
        err = spread_is_out(core, link->answer, &out);
    if (err != OK)
        return err;
    link->differs =
        theirs->count != ours->count || memcmp(theirs->root.bytes, ours->root, HASH_LEN) != 0;
    if (!link->differs)
        err = note_equal(core, member, theirs);
    else if (theirs->count == 0)
        err = tell_all(core, member, link);
    else if (!out)
        err = compare(core, member, theirs, ours, link);
    if (err == OK && link->differs)
        err = store_count(core->store, "roll.differed", 1);
    return err == OK && theirs->piece == 0 && !out ? roll_say(core, member, link) : err;
}

enum err roll_take(struct core *core, const struct incoming *in)
{
    const lianshu_RelayRoll *theirs = &in->body.relay_roll;
    const char *member = in->header.sender;
    enum link_kind kind;
    size_t left = ROLL_OWE_MAX;
    struct spread_link *link = spread_link_of(core, member, &kind);
    if (link == NULL)
        return ERR_NOT_FEDERATED;
    return theirs->stage == lianshu_RollStage_ROLL_DIGEST ? take_digest(core, member, theirs, link)
                                                          : owe_piece(core, member, theirs, &left);
}

/* ---- for others ---- */

void roll_begin(struct core *core, const char *member)
{
    enum link_kind kind;
    struct spread_link *link = spread_link_of(core, member, &kind);
    if (link == NULL)
        return;
    link->due_ms = core->now_ms;
    core->work_waiting = true;
    core_wake_at(core, core->now_ms);
}

bool roll_freshness(struct core *core, const char *hub, uint64_t *at_ms)
{
    struct roll_link row;
    const bool known = roll_link_get(core->store->roll, hub, &row) == OK && row.equal_ms != 0;
    *at_ms = known ? row.equal_ms : 0;
    return known;
}

enum err roll_known(struct core *core, uint64_t *at_ms)
{
    *at_ms = core->now_ms;
    for (size_t i = 0; i < core->opt.link_count; i++) {
        if (core->opt.links[i].kind != LINK_SUPERIOR)
            continue;
        struct roll_link row = {0};
        enum err err = roll_link_get(core->store->roll, core->opt.links[i].member, &row);
        *at_ms = err == OK ? row.known_ms : 0;
        return err == ERR_NOT_FOUND ? OK : err;
    }
    return OK;
}

enum err roll_backlog(struct core *core, const char *hub, uint64_t *documents)
{
    return roll_left(core->store->roll, hub, documents);
}
