/*
 * proof - certificates that come, as files that prove themselves to anybody: LSQ1.
 *
 *   certificates/<message id>.lsp     `lianshu certificate save` copies it, `verify` reads it
 *
 * Guarantees: the file is the message's own: written again after a kill it is the same, and whole
 * under its name or not there. It names the subject, like the sink.
 * Thread rule: that of the sdk. PROTOCOL: certificates.
 */
#ifndef ADAPTERS_RUNTIME_PROOF_H
#define ADAPTERS_RUNTIME_PROOF_H

#include "adapters/runtime/site.h"
#include "adapters/sdk/sdk.h"

/* Inside apply, for a credit.certificate. */
MUST_USE enum err proof_keep(const struct site *site, struct sdk *sdk,
                             const struct sdk_incoming *message);

#endif
