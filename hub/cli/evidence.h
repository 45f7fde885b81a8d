/*
 * evidence - the parts of `lianshu evidence`: a bundle gathered from a running hub, on disk, and
 * what is told of it.
 *
 *   export   evidence_gather -> evidence_finish -> evidence_pack_write
 *   verify   evidence_pack_read -> evidence_verify (keys) -> reading_open (evidence_reading.h)
 *
 * Guarantees:
 *   1. A bundle is written only after it verified here, by the anchor that was given, with the very
 *      functions that verify it elsewhere. What is there already is not written over.
 *   2. The report is a function of the verified bundle alone. It names no subject and no person,
 *      unless the bundle discloses a document.
 *
 * Thread rule: no state. PROTOCOL.md 16.
 */
#ifndef CLI_EVIDENCE_H
#define CLI_EVIDENCE_H

#include "cli/cli.h"
#include "json.h"
#include "keys/evidence.h"

/* A bundle that was read; it borrows from the buffers. */
struct evidence_pack {
    struct bundle *bundle;
    uint8_t **buffer; /* owns, each free() */
    size_t buffer_count;
};

/* A directory, or a file that ends with .tar. Neither may exist (ERR_EXISTS). */
MUST_USE enum err evidence_pack_write(const struct bundle *bundle, const char *path,
                                      struct fault *fault);
MUST_USE enum err evidence_pack_read(struct evidence_pack *out, const char *path,
                                     struct fault *fault);
void evidence_pack_close(struct evidence_pack *pack);

/* Everything that the hub has of it, into an empty bundle: no manifest, no report yet. */
struct evidence_wish {
    const char *kind; /* envelope, order, case */
    const char *id;
    bool documents;    /* those that were judged, with what they say of their subject */
    bool reads;        /* what decisions read: also what is in force against those subjects */
    const char *with;  /* directory that `evidence disclose` wrote; NULL: none */
    const char *seen;  /* a checkpoint that somebody kept; NULL: none */
    const char *stamp; /* a time stamp, or an exported log that keeps some; NULL: none */
};
MUST_USE enum err evidence_gather(const struct cli *cli, const struct evidence_wish *wish,
                                  const struct anchor *anchor, struct bundle *bundle,
                                  struct fault *fault);
/* Of the bundle's own texts: embedded when this is built. */
extern const struct span evidence_readme;
extern const struct span evidence_script;

#endif
