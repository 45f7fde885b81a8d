/*
 * restore - the signer's part in opening the next log after the hub was set back to a copy.
 *
 * Guarantee: nothing is written unless two officials of this hub, by the registry of the
 * configuration, have signed the statement, it is its time, and FILE.frontier is the tree whose
 * root they have signed. What then is refused stands in state.h.
 * Thread rule: no state. deploy/README.md: a hub that lost its disk.
 */
#ifndef SIGNER_RESTORE_H
#define SIGNER_RESTORE_H

#include "signer/config.h"

MUST_USE enum err signer_restore(const struct signer_config *config, const char *path,
                                 uint64_t now_ms, struct fault *fault);

#endif
