/* Time stamps of checkpoints, and what they bound. */
#include "keys/evidence_inner.h"

#include "keys/stamp.h"

#include <assert.h>
#include <stdlib.h>

enum { SLACK_MS = 120 * 1000 }; /* for clocks and the way: PROTOCOL 8.2 */

/* No entry of a checkpoint claims to be younger than its stamp. */
static enum err check_bound(const struct evidence_job *job, const struct evidence_stamp *stamp)
{
    const uint64_t until_ms = stamp->time_ms + stamp->accuracy_ms + SLACK_MS;
    for (size_t i = 0; i < job->out->leaf_count; i++) {
        const struct evidence_leaf *leaf = &job->out->leaves[i];
        if (leaf->index < stamp->size && leaf->time_ms > until_ms)
            return evidence_bad(job, ERR_TIME_BOUND, leaf->file->name,
                                "it claims a later time than the stamp of its checkpoint");
    }
    return OK;
}

/* size: of the checkpoint that is this note. */
static enum err take_stamp(struct evidence_job *job, const struct bundle_file *file,
                           const struct bundle_file *note, uint64_t size)
{
    struct stamp stamp;
    struct fault why = {.err = OK};
    struct evidence_stamp *out = &job->out->stamps[job->out->stamp_count];
    assert(note != NULL); /* evidence_checkpoints has read it */
    enum err err = stamp_read(file->bytes, note->bytes, &stamp, &why);
    if (err == OK && job->roots != NULL)
        err = stamp_verify(file->bytes, span_of(NULL, 0), note->bytes, job->roots, &stamp, &why);
    if (err != OK)
        return evidence_bad(job, err, file->name, why.detail);
    *out = (struct evidence_stamp){.file = file,
                                   .size = size,
                                   .time_ms = stamp.time_ms,
                                   .accuracy_ms = stamp.accuracy_ms,
                                   .proven = job->roots != NULL};
    job->out->stamp_count++;
    return out->proven ? check_bound(job, out) : OK;
}

enum err evidence_stamps(struct evidence_job *job)
{
    const struct bundle_file *own = bundle_find(job->bundle, "checkpoint.tsr");
    const struct bundle_file *file;
    size_t at = 0;
    enum err err = OK;
    job->out->stamps = calloc(1 + evidence_count(job, "seen"), sizeof *job->out->stamps);
    if (job->out->stamps == NULL)
        return ERR_NO_MEMORY;
    if (own != NULL)
        err = take_stamp(job, own, bundle_find(job->bundle, "checkpoint.txt"),
                         job->out->checkpoint.size);
    while (err == OK && (file = evidence_next(job, "seen", &at)) != NULL) {
        if (evidence_ends(file, ".tsr"))
            err = take_stamp(job, file, evidence_beside(job, file->name, "seen", ".txt"),
                             strtoull(file->name + sizeof "seen/" - 1, NULL, 10));
    }
    return err;
}
