/*
 * waiting - a registry, an appointment or a rotation of the root that waits for signatures: read,
 * verified as far as it is signed, and told to who is asked to sign it.
 *
 * Guarantees: waiting_tell is OK only when every signature that is there verifies, those who are
 * named would be enough, and what it says would be accepted; a registry after the first is compared
 * with the one before (--before). Nobody is asked to sign what he has not been told.
 *
 * Errors: those of registry_open, registrar_verify_draft and root_draft; ERR_USAGE --before is
 * missing; ERR_REGISTRY_ROLLBACK it is no later than that. Ownership: waiting_fini frees all.
 * Thread rule: no state.
 */
#ifndef CLI_WAITING_H
#define CLI_WAITING_H

#include "cli/signing.h"
#include "keys/registry.h"

struct json;

/* A file that waits, and what it says. */
struct waiting {
    const struct cli *cli;
    const char *path;
    uint8_t *data;
    struct span file;
    struct anchor anchor;
    struct registry *before; /* NULL: none was named */
    bool registry;           /* LSG1; else LSD1 */
    bool part;               /* of a registrar below the realm's */
    struct frame_registry frame;
    struct span lsd1; /* what is signed */
    lianshu_Document *document;
    struct registry *draft;
    uint32_t signed_by;
    struct json *told;
    char code[SIGNING_CODE_LEN + 1];
};

/* cli and path are set; takes --anchor and --before. */
MUST_USE enum err waiting_read(struct waiting *w, struct fault *fault);
/* The document that is signed, not verified. */
MUST_USE enum err waiting_decode(struct waiting *w, struct span lsd1, struct fault *fault);
MUST_USE enum err waiting_tell(struct waiting *w, struct fault *fault);
/* Of an appointment that is decoded. */
MUST_USE enum err waiting_appointment(struct waiting *w, struct fault *fault);
/* All that was told, and who has signed. done: this run signed; otherwise how to agree. */
MUST_USE enum err waiting_answer(struct waiting *w, bool done);
void waiting_fini(struct waiting *w);

/* NULL: none. */
const struct registry_registrar *registrar_named(const struct registry *r, const char *id);

#endif
