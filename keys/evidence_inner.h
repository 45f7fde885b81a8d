/* What the files of evidence share. Inside keys only. */
#ifndef KEYS_EVIDENCE_INNER_H
#define KEYS_EVIDENCE_INNER_H

#include "keys/evidence.h"
#include "keys/receipt.h"

/* One bundle on its way through the verifier. */
struct evidence_job {
    struct evidence_reader *reader;
    const struct anchor *anchor;
    const char *roots; /* of time-stamping authorities; NULL: none */
    struct verifier *verifier;
    const struct bundle *bundle;
    struct evidence *out;
    struct fault *fault;
};

/* *fault names the file. */
MUST_USE enum err evidence_bad(const struct evidence_job *job, enum err err, const char *name,
                               const char *detail);

/* Files of a folder, in the order of their names: begin with *at = 0; NULL at the end. */
const struct bundle_file *evidence_next(const struct evidence_job *job, const char *folder,
                                        size_t *at);
size_t evidence_count(const struct evidence_job *job, const char *folder);
/* The file of the same stem with another ending ("log/000000000001" ".path"); NULL: none. */
const struct bundle_file *evidence_beside(const struct evidence_job *job, const char *name,
                                          const char *folder, const char *ending);
/* Does a file's name end like this? */
bool evidence_ends(const struct bundle_file *file, const char *ending);

/* The record that is proven of a member; NULL: none. */
const lianshu_MemberRecord *evidence_record(const struct evidence_job *job, const char *member);
/* The public key that a statement by `member` in that file names, good at the time it bears. When
 * it is revoked from taken_ms or before, that is noted as a doubt. */
struct evidence_said {
    const struct bundle_file *file;
    uint64_t at_ms;
    uint64_t taken_ms; /* by the hub, as a leaf says */
};
MUST_USE enum err evidence_signer(const struct evidence_job *job, const struct evidence_said *said,
                                  const char *member, const uint8_t kid[static KID_LEN],
                                  uint8_t public_key[static KEY_PUBLIC_LEN]);
/* From when on this key of a member is revoked, and by which document here (NULL: the version says
 * so, or nothing does); UINT64_MAX: it is not. */
uint64_t evidence_revoked(const struct evidence_job *job, const char *member,
                          const lianshu_MemberKey *key, const struct evidence_revocation **by);
/* A note of that hub's log, by a key that was good at `at_ms` and not revoked yet when it was
 * taken. EVIDENCE_UNTAKEN: nobody but the bundle says when; then a key that is known to be revoked
 * signs nothing, whatever date the bundle gives itself. */
#define EVIDENCE_UNTAKEN (UINT64_MAX - 1)
MUST_USE enum err evidence_note(const struct evidence_job *job, const char *hub, uint64_t at_ms,
                                uint64_t taken_ms, struct span note, struct checkpoint *out);

/* Each fills its part of job->out. */
MUST_USE enum err evidence_members(struct evidence_job *job);
MUST_USE enum err evidence_revocations(struct evidence_job *job);
MUST_USE enum err evidence_checkpoints(struct evidence_job *job);
MUST_USE enum err evidence_leaves(struct evidence_job *job);
MUST_USE enum err evidence_stamps(struct evidence_job *job);
MUST_USE enum err evidence_envelopes(struct evidence_job *job);
MUST_USE enum err evidence_documents(struct evidence_job *job);

#endif
