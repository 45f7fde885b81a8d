/* The reader's end of evidence: what it remembers. Inside keys only. */
#ifndef KEYS_EVIDENCE_CHAIN_H
#define KEYS_EVIDENCE_CHAIN_H

#include "keys/evidence_inner.h"

struct evidence_job evidence_job_of(struct evidence_reader *reader, const struct bundle *bundle,
                                    struct fault *fault);

#endif
