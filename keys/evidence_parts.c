/* Frames, documents, and parts that a disclosed key opens. */
#include "keys/evidence_inner.h"

#include "base/hex.h"
#include "check.h"
#include "keys/envelope.h"
#include "keys/guard.h"
#include "wire.h"

#include <assert.h>
#include <stdlib.h>

enum { HEX_LEN = 2 * HASH_LEN };

/* "envelopes/<64 digits>.lse" is of this hash. */
static bool is_named(const struct bundle_file *file, const uint8_t hash[static HASH_LEN])
{
    char hex[HEX_LEN + 1];
    hex_encode(span_of(hash, HASH_LEN), hex);
    const char *stem = strchr(file->name, '/') + 1;
    return strncmp(stem, hex, HEX_LEN) == 0 && (stem[HEX_LEN] == '.' || stem[HEX_LEN] == '-');
}

/* ---- envelopes ---- */

/* When the hub took it, as a leaf says that stands here. */
static bool find_acceptance(const struct evidence *e, const uint8_t env_id[static HASH_LEN],
                            uint64_t *accepted_ms)
{
    for (size_t i = 0; i < e->leaf_count; i++) {
        const struct evidence_leaf *leaf = &e->leaves[i];
        if (memcmp(leaf->env_id, env_id, HASH_LEN) == 0) {
            *accepted_ms = leaf->time_ms; /* which is the statement's own */
            return true;
        }
    }
    return false;
}

static enum err check_header_text(const struct evidence_job *job, const struct bundle_file *file,
                                  const lianshu_Header *header)
{
    char *text = NULL;
    size_t len = 0;
    const struct bundle_file *shown = evidence_beside(job, file->name, "envelopes", ".json");
    if (shown == NULL)
        return evidence_bad(job, ERR_EVIDENCE, file->name, "its .json is missing");
    enum err err = evidence_json(&lianshu_Header_msg, header, &text, &len);
    if (err == OK && !span_eq(shown->bytes, span_of(text, len)))
        err = evidence_bad(job, ERR_EVIDENCE, shown->name, "it is not what the header says");
    free(text);
    return err;
}

static enum err take_envelope(struct evidence_job *job, const struct bundle_file *file)
{
    struct frame_envelope frame;
    uint8_t header_hash[HASH_LEN];
    uint8_t key[KEY_PUBLIC_LEN];
    struct evidence_envelope *e = &job->out->envelopes[job->out->envelope_count++];
    lianshu_Header *h = &e->header;
    e->file = file;
    enum err err = frame_parse_envelope(file->bytes, &frame);
    if (err == OK)
        err = wire_decode(&lianshu_Header_msg, frame.header, h);
    if (err == OK)
        err = header_check(h);
    if (err == OK)
        err = frame_matches_header(&frame, h);
    if (err != OK)
        return evidence_bad(job, err, file->name, "frame or header");
    if (strcmp(h->realm, job->anchor->realm) != 0)
        return evidence_bad(job, ERR_REALM, file->name, "header");
    envelope_id(&frame, header_hash, e->env_id);
    if (!is_named(file, e->env_id))
        return evidence_bad(job, ERR_EVIDENCE, file->name, "it is another envelope");
    if (!find_acceptance(job->out, e->env_id, &e->accepted_ms))
        return evidence_bad(job, ERR_EVIDENCE, file->name, "no leaf here speaks of it");
    const struct evidence_said said = {file, e->accepted_ms, e->accepted_ms};
    err = evidence_signer(job, &said, h->sender, h->sender_kid, key);
    if (err == OK)
        err = verifier_check(job->verifier, key, e->env_id, frame.signature);
    if (err != OK)
        return evidence_bad(job, err, file->name, h->sender);
    return check_header_text(job, file, h);
}

enum err evidence_envelopes(struct evidence_job *job)
{
    const struct bundle_file *file;
    size_t at = 0;
    enum err err = OK;
    job->out->envelopes = calloc(evidence_count(job, "envelopes") + 1, sizeof *job->out->envelopes);
    if (job->out->envelopes == NULL)
        return ERR_NO_MEMORY;
    while (err == OK && (file = evidence_next(job, "envelopes", &at)) != NULL) {
        if (evidence_ends(file, ".lse"))
            err = take_envelope(job, file);
        else if (evidence_beside(job, file->name, "envelopes", ".lse") == NULL)
            err = evidence_bad(job, ERR_EVIDENCE, file->name, "its frame is missing");
    }
    return err;
}

/* ---- documents ---- */

struct signing {
    const struct evidence_job *job;
    struct evidence_said said;
};

static enum err find_signer(void *ctx, const char *member, const uint8_t kid[static KID_LEN],
                            uint8_t public_key[static KEY_PUBLIC_LEN])
{
    const struct signing *s = ctx;
    return evidence_signer(s->job, &s->said, member, kid, public_key);
}

static enum err verify_document(struct evidence_job *job, struct evidence_document *d)
{
    struct frame_document frame;
    enum err err = frame_parse_document(d->lsd1, &frame);
    /* Its own word on when it was signed chooses the keys, which then have to have signed it. */
    if (err == OK)
        err = wire_decode(&lianshu_Document_msg, frame.document, &d->document);
    if (err != OK)
        return evidence_bad(job, err, d->file->name, "document");
    struct signing signing = {job, {d->file, d->document.issued_ms, d->taken_ms}};
    const struct document_signers signers = {find_signer, &signing};
    err = document_verify(d->lsd1, job->anchor->realm, &signers, job->verifier, &d->document,
                          d->hash);
    return err == OK ? OK : evidence_bad(job, err, d->file->name, "issuer or signature");
}

/* By itself, or by naming it as its facts. */
static bool part_refers(const struct evidence_document *part, const uint8_t hash[static HASH_LEN])
{
    return memcmp(part->hash, hash, HASH_LEN) == 0 ||
           (part->document.facts.size == HASH_LEN &&
            memcmp(part->document.facts.bytes, hash, HASH_LEN) == 0);
}

/* When the hub first took something that refers to this document: a leaf, a record or an opened
 * part. */
static bool find_reference(const struct evidence *e, const uint8_t hash[static HASH_LEN],
                           uint64_t *taken_ms)
{
    *taken_ms = UINT64_MAX;
    for (size_t i = 0; i < e->document_count; i++) {
        const struct evidence_document *d = &e->documents[i];
        if (d->plain != NULL && d->taken_ms < *taken_ms && part_refers(d, hash))
            *taken_ms = d->taken_ms;
    }
    for (size_t i = 0; i < e->leaf_count; i++) {
        const struct evidence_leaf *leaf = &e->leaves[i];
        if (leaf->time_ms < *taken_ms && memcmp(leaf->document, hash, HASH_LEN) == 0)
            *taken_ms = leaf->time_ms;
    }
    return *taken_ms != UINT64_MAX;
}

static enum err take_document(struct evidence_job *job, const struct bundle_file *file)
{
    struct frame_document frame;
    uint8_t hash[HASH_LEN];
    struct evidence_document *d = &job->out->documents[job->out->document_count];
    d->file = file;
    d->lsd1 = file->bytes;
    enum err err = frame_parse_document(d->lsd1, &frame);
    if (err != OK)
        return evidence_bad(job, err, file->name, "document");
    hash_bytes(hash, frame.document);
    if (!is_named(file, hash))
        return evidence_bad(job, ERR_EVIDENCE, file->name, "it is another document");
    if (!find_reference(job->out, hash, &d->taken_ms))
        return evidence_bad(job, ERR_EVIDENCE, file->name, "nothing here refers to it");
    job->out->document_count++;
    return verify_document(job, d);
}

/* ---- disclosed keys ---- */

static const struct evidence_envelope *find_frame(const struct evidence *e,
                                                  const struct bundle_file *file)
{
    for (size_t i = 0; i < e->envelope_count; i++) {
        if (is_named(file, e->envelopes[i].env_id))
            return &e->envelopes[i];
    }
    return NULL;
}

/* The plaintext is the caller's. */
static enum err open_part(const struct evidence_job *job, const struct bundle_file *file,
                          const struct evidence_envelope *of, unsigned part,
                          struct evidence_document *d)
{
    struct frame_envelope frame;
    uint8_t header_hash[HASH_LEN];
    uint8_t env_id[HASH_LEN];
    uint8_t commitment[SEAL_COMMITMENT_LEN];
    enum err err = frame_parse_envelope(of->file->bytes, &frame);
    if (err != OK)
        return err;
    envelope_id(&frame, header_hash, env_id);
    if (frame.parts[part].form != 1)
        return evidence_bad(job, ERR_EVIDENCE, file->name, "its part is here by hash only");
    seal_commitment(commitment, file->bytes.data);
    if (!guard_equal(commitment, of->header.parts[part].commitment, sizeof commitment))
        return evidence_bad(job, ERR_COMMITMENT, file->name, "not the key the sender committed to");
    const struct span c = frame.parts[part].cipher;
    d->plain = malloc(c.len);
    if (d->plain == NULL)
        return ERR_NO_MEMORY;
    err = seal_open_dek(file->bytes.data, header_hash, (uint8_t)part, c, d->plain, c.len, &d->lsd1);
    return err == OK ? OK : evidence_bad(job, err, file->name, "the part");
}

/* "disclosed/<64 digits>-<part>.dek" */
static enum err take_key(struct evidence_job *job, const struct bundle_file *file)
{
    const char *digit = file->name + sizeof "disclosed/" - 1 + HEX_LEN + 1;
    struct evidence_document *d = &job->out->documents[job->out->document_count++];
    const struct evidence_envelope *of = find_frame(job->out, file);
    d->file = file;
    if (of == NULL || file->bytes.len != SEAL_DEK_LEN)
        return evidence_bad(job, ERR_EVIDENCE, file->name, "the key of no frame that is here");
    /* The letters that may stand there instead are none of less than ten parts. */
    static_assert(FRAME_PARTS_MAX < 10, "one digit");
    d->part = (unsigned)(*digit - '0');
    d->taken_ms = of->accepted_ms;
    memcpy(d->env_id, of->env_id, HASH_LEN);
    if (d->part >= of->header.parts_count)
        return evidence_bad(job, ERR_EVIDENCE, file->name, "of no part that it has");
    const enum err err = open_part(job, file, of, d->part, d);
    return err == OK ? verify_document(job, d) : err;
}

enum err evidence_documents(struct evidence_job *job)
{
    const struct bundle_file *file;
    size_t at = 0;
    enum err err = OK;
    const size_t count = evidence_count(job, "documents") + evidence_count(job, "disclosed");
    job->out->documents = calloc(count + 1, sizeof *job->out->documents);
    if (job->out->documents == NULL)
        return ERR_NO_MEMORY;
    while (err == OK && (file = evidence_next(job, "disclosed", &at)) != NULL)
        err = take_key(job, file);
    at = 0;
    while (err == OK && (file = evidence_next(job, "documents", &at)) != NULL)
        err = take_document(job, file);
    return err;
}
