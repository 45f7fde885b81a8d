/* From the anchor to the keys, and from the hub's log key to the checkpoints. */
#include "keys/evidence_chain.h"

#include "base/clock.h"
#include "keys/cosign.h"
#include "keys/registry_proof.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    PROOFS_KEPT = 512, /* of members, by the bytes of their files */
    NODES = 4096,      /* of batch signatures */
};

/* A proof that was good. */
struct proof {
    uint8_t hash[HASH_LEN]; /* of its file */
    uint64_t version;
    lianshu_MemberRecord *record; /* owns; NULL: free */
};

struct evidence_reader {
    const struct anchor *anchor;
    const char *roots;
    struct verifier *verifier;
    struct proof proof[PROOFS_KEPT];            /* at the place that their hash begins with */
    lianshu_MemberRecord *dropped[PROOFS_KEPT]; /* that gave way; the last bundle may name them */
    size_t dropped_count;
};

enum err evidence_reader_open(struct evidence_reader **out, const struct anchor *anchor)
{
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return ERR_NO_MEMORY;
    (*out)->anchor = anchor;
    const enum err err = verifier_open(&(*out)->verifier, NODES);
    if (err != OK)
        evidence_reader_close(out);
    return err;
}

void evidence_reader_roots(struct evidence_reader *reader, const char *roots)
{
    reader->roots = roots;
}

static void forget_dropped(struct evidence_reader *r)
{
    while (r->dropped_count > 0)
        free(r->dropped[--r->dropped_count]);
}

void evidence_reader_close(struct evidence_reader **reader)
{
    if (*reader == NULL)
        return;
    forget_dropped(*reader);
    for (size_t i = 0; i < PROOFS_KEPT; i++)
        free((*reader)->proof[i].record);
    verifier_close(&(*reader)->verifier);
    free(*reader);
    *reader = NULL;
}

struct evidence_job evidence_job_of(struct evidence_reader *reader, const struct bundle *bundle,
                                    struct fault *fault)
{
    return (struct evidence_job){.reader = reader,
                                 .anchor = reader->anchor,
                                 .roots = reader->roots,
                                 .verifier = reader->verifier,
                                 .bundle = bundle,
                                 .fault = fault};
}

/* ---- members ---- */

static enum err load_proof(const struct evidence_job *job, const struct bundle_file *file,
                           struct proof *slot)
{
    struct fault why = {.err = OK};
    struct evidence_reader *r = job->reader;
    struct registry_proof *proof = malloc(sizeof *proof);
    lianshu_MemberRecord *record = malloc(sizeof *record);
    enum err err = proof == NULL || record == NULL
                       ? ERR_NO_MEMORY
                       : registry_proof_open(file->bytes, job->anchor, proof, &why);
    if (err == OK) {
        if (slot->record != NULL)
            r->dropped[r->dropped_count++] = slot->record;
        hash_bytes(slot->hash, file->bytes);
        slot->version = proof->version;
        *record = proof->record;
        slot->record = record;
        record = NULL;
    }
    free(record);
    free(proof);
    return err == OK ? OK : evidence_bad(job, err, file->name, why.detail);
}

static enum err take_member(struct evidence_job *job, const struct bundle_file *file)
{
    char name[BUNDLE_NAME_MAX + 1];
    uint8_t hash[HASH_LEN];
    struct evidence *e = job->out;
    hash_bytes(hash, file->bytes);
    struct proof *slot = &job->reader->proof[(hash[0] << 8 | hash[1]) % PROOFS_KEPT];
    enum err err = OK;
    if (slot->record == NULL || memcmp(slot->hash, hash, HASH_LEN) != 0)
        err = load_proof(job, file, slot);
    if (err != OK)
        return err;
    snprintf(name, sizeof name, "registry/%s.lsp", slot->record->member);
    if (strcmp(name, file->name) != 0)
        return evidence_bad(job, ERR_EVIDENCE, file->name, "it is of another member");
    e->members[e->member_count++] = (struct evidence_member){
        .file = file,
        .registry_version = slot->version,
        .record = slot->record,
    };
    return OK;
}

enum err evidence_members(struct evidence_job *job)
{
    const struct bundle_file *file;
    size_t at = 0;
    const size_t count = evidence_count(job, "registry");
    if (count > PROOFS_KEPT)
        return evidence_bad(job, ERR_TOO_LARGE, "registry", "more members than one bundle names");
    forget_dropped(job->reader);
    job->out->members = calloc(count + 1, sizeof *job->out->members);
    if (job->out->members == NULL)
        return ERR_NO_MEMORY;
    while ((file = evidence_next(job, "registry", &at)) != NULL) {
        const enum err err = take_member(job, file);
        if (err != OK)
            return err;
    }
    return OK;
}

/* ---- checkpoints ---- */

/* "<hub>.<realm>/audit/<n>" */
static bool origin_fits(const char *origin, const char *hub, const char *realm)
{
    uint32_t number;
    return member_is_hub(hub) && note_origin_number(origin, hub, realm, &number);
}

enum err evidence_note(const struct evidence_job *job, const char *hub, uint64_t at_ms,
                       uint64_t taken_ms, struct span note, struct checkpoint *out)
{
    const enum err err = note_parse(note, out);
    if (err != OK || !origin_fits(out->origin, hub, job->anchor->realm))
        return ERR_CHECKPOINT;
    char origin[NOTE_ORIGIN_MAX + 1];
    memcpy(origin, out->origin, sizeof origin);
    const lianshu_MemberRecord *record = evidence_record(job, hub);
    for (pb_size_t i = 0; record != NULL && i < record->keys_count; i++) {
        const lianshu_MemberKey *key = &record->keys[i];
        const struct evidence_revocation *by;
        if (key->use == lianshu_KeyUse_KEY_LOG && at_ms >= key->valid_from_ms &&
            at_ms < key->valid_until_ms && taken_ms < evidence_revoked(job, hub, key, &by) &&
            note_verify(note, origin, key->public_key, out) == OK)
            return OK;
    }
    return record == NULL ? ERR_MEMBER_UNKNOWN : ERR_CHECKPOINT;
}

/* Witnesses are members whose records are proven here. */
static enum err count_witnesses(struct evidence_job *job, struct span note)
{
    struct cosigners cosigners;
    struct evidence *e = job->out;
    struct witness_policy *policy = calloc(1, sizeof *policy);
    enum err err = policy == NULL ? ERR_NO_MEMORY : OK;
    for (size_t i = 0; err == OK && i < e->member_count; i++) {
        const lianshu_MemberRecord *m = e->members[i].record;
        for (pb_size_t k = 0; k < m->keys_count; k++) {
            const lianshu_MemberKey *key = &m->keys[k];
            const struct evidence_revocation *by;
            struct witness_key *row = &policy->row[policy->count];
            if (key->use != lianshu_KeyUse_KEY_WITNESS || policy->count == WITNESSES_MAX ||
                strcmp(m->member, e->hub) == 0)
                continue;
            memcpy(row->public_key, key->public_key, KEY_PUBLIC_LEN);
            row->valid_from_ms = key->valid_from_ms;
            row->valid_until_ms = evidence_revoked(job, m->member, key, &by);
            if (key->valid_until_ms < row->valid_until_ms)
                row->valid_until_ms = key->valid_until_ms;
            const enum err named = cosign_name(row->name, m->member, e->realm);
            assert(named == OK); /* a registry has no other members */
            policy->count++;
        }
    }
    if (err == OK)
        err = cosign_count(note, policy, e->exported_ms, &cosigners);
    if (err == OK && cosigners.count > e->cosignatures)
        e->cosignatures = cosigners.count;
    free(policy);
    return err;
}

/* An earlier checkpoint that somebody kept, and that this one continues. */
static enum err take_seen(struct evidence_job *job, const struct bundle_file *file)
{
    struct checkpoint old;
    char name[BUNDLE_NAME_MAX + 1];
    const struct checkpoint *now = &job->out->checkpoint;
    const struct bundle_file *proof = evidence_beside(job, file->name, "seen", ".path");
    if (!evidence_ends(file, ".txt"))
        return evidence_beside(job, file->name, "seen", ".txt") != NULL
                   ? OK
                   : evidence_bad(job, ERR_EVIDENCE, file->name, "it is about nothing here");
    enum err err = evidence_note(job, job->out->hub, job->out->exported_ms, EVIDENCE_UNTAKEN,
                                 file->bytes, &old);
    if (err != OK)
        return evidence_bad(job, err, file->name, "signature or origin");
    snprintf(name, sizeof name, "seen/%" PRIu64 ".txt", old.size);
    if (strcmp(name, file->name) != 0 || strcmp(old.origin, now->origin) != 0)
        return evidence_bad(job, ERR_CHECKPOINT, file->name, "it is of another size or log");
    if (proof == NULL || proof->bytes.len % HASH_LEN != 0)
        return evidence_bad(job, ERR_CONSISTENCY, file->name, "its proof");
    err = merkle_verify_consistency(
        old.size, (const uint8_t *)old.root, now->size, (const uint8_t *)now->root,
        (const merkle_hash *)proof->bytes.data, proof->bytes.len / HASH_LEN);
    if (err != OK)
        return evidence_bad(job, err, proof->name, "the log was not only continued since then");
    job->out->seen++;
    err = count_witnesses(job, file->bytes);
    return err == OK ? OK : evidence_bad(job, err, file->name, "cosignatures");
}

enum err evidence_checkpoints(struct evidence_job *job)
{
    static const char name[] = "checkpoint.txt";
    const struct bundle_file *file = bundle_find(job->bundle, name);
    size_t at = 0;
    if (file == NULL)
        return evidence_bad(job, ERR_EVIDENCE, name, "it is missing");
    enum err err = evidence_note(job, job->out->hub, job->out->exported_ms, EVIDENCE_UNTAKEN,
                                 file->bytes, &job->out->checkpoint);
    if (err != OK)
        return evidence_bad(job, err, name, "signature, origin or log key of the hub");
    err = count_witnesses(job, file->bytes);
    if (err != OK)
        return evidence_bad(job, err, name, "cosignatures");
    while (err == OK && (file = evidence_next(job, "seen", &at)) != NULL)
        err = take_seen(job, file);
    return err;
}
