/*
 * joint - the file of a joint notice: an LSD1 document that names several members, to which each
 * of them adds its signature at its own site, until one of them sends it.
 *
 *   joint draft ──> signed by one ── joint sign ──> … ── joint sign ──> whole ── send ──> the hub
 *
 * Guarantees:
 *   1. joint_read accepts only a canonical document of type joint.notice that two members at least
 *      issue, with signatures of some of them, each once, in the order of the issuers.
 *   2. joint_verify answers OK only when every signature that is there verifies with a key of its
 *      member that is valid now. Nobody signs a file whose signatures do not.
 *   3. joint_sign adds the signature of the desk's member at its place, or refuses: it does not
 *      issue the document (ERR_NOT_ADDRESSED), has signed (ERR_EXISTS), with another key than the
 *      one that the document names (ERR_KEY_ROTATED).
 *
 * Ownership: a joint_file borrows the bytes it was read from and owns its document; a desk owns
 * registry and keys. Bounds: FRAME_DOCUMENT_FRAME_MAX bytes, FRAME_ISSUERS_MAX members.
 * Thread rule: no state. PROTOCOL: document.
 */
#ifndef CLI_JOINT_H
#define CLI_JOINT_H

#include "check.h"
#include "document.pb.h"
#include "frame.h"
#include "ident.h"
#include "keys/keyfile.h"
#include "keys/registry.h"
#include "safety.pb.h"

/* The adapter's site of one member: what its configuration names. */
struct joint_desk {
    char realm[CHECK_REALM_MAX + 1];
    char member[MEMBER_MAX + 1];
    char hub[MEMBER_MAX + 1];
    struct registry *registry;
    struct keyring *keys;
    const struct key *key; /* borrowed from keys: to sign with */
    uint64_t now_ms;
};

struct joint_file {
    const char *path;
    struct frame_document frame;
    lianshu_Document *document;
    lianshu_JointNotice body;
    /* Where in the frame each issuer's signature is; NULL: it has not signed. */
    const struct span *signature[FRAME_ISSUERS_MAX];
};

MUST_USE enum err joint_desk_open(struct joint_desk *out, const char *adapter, uint64_t now_ms,
                                  struct fault *fault);
void joint_desk_close(struct joint_desk *desk);

MUST_USE enum err joint_read(struct joint_file *out, struct span lsd1, const char *path,
                             struct fault *fault);
void joint_close(struct joint_file *file);

MUST_USE enum err joint_verify(const struct joint_file *file, const struct joint_desk *desk,
                               struct fault *fault);
/* Append the whole file, with one signature more. */
MUST_USE enum err joint_sign(const struct joint_file *file, const struct joint_desk *desk,
                             struct writer *w, struct fault *fault);

#endif
