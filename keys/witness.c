#include "keys/witness.h"

#include "keys/receipt.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

_Static_assert(sizeof((lianshu_WitnessAsk *)0)->checkpoint.bytes == NOTE_SIGNED_MAX &&
                   sizeof((lianshu_WitnessAnswer *)0)->held.bytes == NOTE_SIGNED_MAX,
               "a checkpoint with the log's signature alone");
_Static_assert(sizeof((lianshu_WitnessAsk *)0)->proof.bytes <=
                   sizeof(merkle_hash) * MERKLE_CONSISTENCY_MAX,
               "a proof fits");

enum err witness_head(struct span note, struct witness_head *out)
{
    struct span text;
    struct span lines;
    memset(out, 0, sizeof *out);
    enum err err = note_open(note, &out->checkpoint, &text, &lines);
    if (err != OK)
        return err;
    if (lines.len != 0)
        return ERR_CHECKPOINT;
    assert(note.len <=
           NOTE_SIGNED_MAX); /* the log's line alone, of a name and a proof as they are */
    memcpy(out->note, note.data, note.len);
    out->note_len = note.len;
    return OK;
}

enum err witness_read(const lianshu_WitnessAsk *ask, const char *hub,
                      const struct registry *registry, uint64_t now_ms,
                      struct witness_head *offered)
{
    struct log_reader reader = {.registry = registry, .hub = hub, .at_ms = now_ms};
    struct checkpoint checkpoint;
    const struct span note = span_of(ask->checkpoint.bytes, ask->checkpoint.size);
    enum err err = witness_head(note, offered);
    return err == OK ? log_reader_checkpoint(&reader, note, &checkpoint) : err;
}

static enum err judge_proof(const struct witness_head *held, const struct witness_head *offered,
                            const lianshu_WitnessAsk *ask)
{
    merkle_hash proof[MERKLE_CONSISTENCY_MAX];
    merkle_hash root;
    const size_t count = ask->proof.size / HASH_LEN;
    if (ask->proof.size % HASH_LEN != 0)
        return ERR_CONSISTENCY;
    memcpy(proof, ask->proof.bytes, ask->proof.size);
    if (held->note_len > 0)
        memcpy(root, held->checkpoint.root, HASH_LEN);
    else
        merkle_root(root, NULL, 0);
    return merkle_verify_consistency(held->checkpoint.size, root, offered->checkpoint.size,
                                     offered->checkpoint.root, (const merkle_hash *)proof, count);
}

enum err witness_judge(const struct witness_head *held, const struct witness_head *offered,
                       const lianshu_WitnessAsk *ask)
{
    const struct checkpoint *had = &held->checkpoint;
    const struct checkpoint *now = &offered->checkpoint;
    if (held->note_len > 0 && strcmp(had->origin, now->origin) != 0)
        return ERR_CHECKPOINT;
    if (held->note_len > 0 && had->size == now->size && memcmp(had->root, now->root, HASH_LEN) != 0)
        return ERR_LOG_FORK;
    if (now->size < had->size)
        return ERR_LOG_ROLLBACK;
    if (ask->old_size != had->size)
        return ERR_OLD_SIZE;
    return judge_proof(held, offered, ask);
}

bool witness_evidence(enum err err)
{
    return err == ERR_LOG_FORK || err == ERR_CONSISTENCY;
}

enum err witness_answer(const struct witness_head *held, const char *origin, enum err err,
                        const char *name, const struct key *key, uint64_t now_ms,
                        lianshu_WitnessAnswer *out)
{
    struct writer w = writer_of(out->cosignature.bytes, sizeof out->cosignature.bytes);
    out->code = (uint32_t)err;
    snprintf(out->origin, sizeof out->origin, "%s", origin);
    out->size = held->checkpoint.size;
    out->cosignature.size = 0;
    out->held.size = 0;
    const struct span note = span_of(held->note, held->note_len);
    if (err == OK) {
        err = cosign(note, name, key, now_ms / 1000, &w);
        out->cosignature.size = (pb_size_t)w.len;
        return err;
    }
    memcpy(out->held.bytes, note.data, note.len);
    out->held.size = (pb_size_t)note.len;
    return OK;
}

enum err witness_look_back(struct span held, const char *origin, const struct registry *registry,
                           const char *hub, uint64_t now_ms, uint64_t size, witness_root_fn *root,
                           void *ctx)
{
    struct log_reader reader = {
        .registry = registry, .hub = hub, .origin = origin, .at_ms = now_ms};
    struct checkpoint theirs;
    merkle_hash ours;
    if (held.len == 0 || log_reader_checkpoint(&reader, held, &theirs) != OK)
        return OK; /* nothing that we would have signed */
    if (theirs.size > size)
        return ERR_LOG_ROLLBACK;
    enum err err = root(ctx, theirs.size, ours);
    if (err != OK)
        return err;
    return memcmp(ours, theirs.root, HASH_LEN) == 0 ? OK : ERR_LOG_FORK;
}
