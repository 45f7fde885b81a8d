/*
 * enrol - how keys come into the registry: an invitation with a one-time code, a request that
 * proves possession of every key under that code, the approval of two officials of the registrar.
 * PROTOCOL: enrolment.
 *
 *   registrar  enrol_code_make -> code on paper; invitation as a file; entry in the ledger
 *   member     enrol_code_read -> enrol_request_make
 *   registrar  enrol_request_read -> enrol_admit (ledger) -> enrol_request_verify -> enrol_use
 *              -> enrol_approval_make, enrol_approval_sign -> registry build: enrol_approval_open
 *
 * Guarantees:
 *   1. A code is 96 random bits and 24 check bits; a slip of the pen is refused where it is typed
 *      in (ERR_ENROL_CODE) and costs no attempt. The code itself never leaves the member: an
 *      Ed25519 key follows from it, which signs the request; the ledger keeps only a hash of that
 *      key's public half.
 *   2. enrol_admit refuses every request but the one that used the invitation (enrol_use), and
 *      any after its end; ENROL_WRONG_MAX requests under another code lock it. The request that
 *      used it is admitted again: the second official looks at it too.
 *   3. enrol_request_verify answers OK only when the key of the code and every Ed25519 key signed
 *      the request, every X25519 key made its proof for this invitation, code, use and member, the
 *      keys are those that the purpose needs, none is weak, published, or there twice, also not as
 *      the X25519 form of a signing key.
 *   4. enrol_approval_open answers OK only for two different registrar keys of one registrar among
 *      those that the caller trusts, over exactly these keys.
 *
 * Errors: ERR_ENROL_CODE (430), ERR_POSSESSION (431), ERR_KEY_REUSED (435), ERR_KEY_PUBLIC (436),
 * ERR_KEY_WEAK (305), ERR_KEY_USE (408), ERR_KEY_EXPIRED (405), ERR_TWO_OFFICIALS (421), ERR_REALM
 * (313), and those of frames and documents; the detail in *fault.
 * Ownership: nothing is kept. Bounds: ENROL_FRAME_MAX bytes a file, ENROL_KEYS_MAX keys.
 * Thread rule: plain values.
 */
#ifndef KEYS_ENROL_H
#define KEYS_ENROL_H

#include "ident.h"
#include "keys/document.h"
#include "keys/keyfile.h"
#include "keys/registry.h"

enum {
    ENROL_KEYS_MAX = sizeof((lianshu_Enrolment *)0)->keys / sizeof(lianshu_EnrolmentKey),
    ENROL_CODE_TEXT_LEN = 29, /* six groups of four, with hyphens */
    ENROL_WRONG_MAX = 5,
    ENROL_FRAME_MAX = 8192,
    ENROL_OFFICIALS = 2,
    ENROL_USE_MAX = 16,
    ENROL_ADAPTER_MAX = 32,
    ENROL_APPROVAL_DAYS = 30, /* an approval goes into a registry within */
};

/* ---- the one-time code ---- */

struct enrol_code; /* in guarded memory */

MUST_USE enum err enrol_code_make(struct enrol_code **out, const struct entropy *entropy);
/* Small letters, blanks and hyphens do not matter; O is 0, I and L are 1. */
MUST_USE enum err enrol_code_read(struct enrol_code **out, struct span text);
/* The same from what was typed into a private file or on standard input. */
MUST_USE enum err enrol_code_of(struct enrol_code **out, const struct passphrase *typed);
void enrol_code_close(struct enrol_code **code);
/* Into guarded memory of the caller, with its 0. */
void enrol_code_text(const struct enrol_code *code, char out[static ENROL_CODE_TEXT_LEN + 1]);

/* ---- the invitation ---- */

struct enrol_invitation {
    char realm[REALM_LEN_MAX + 1];
    uint8_t id[FRAME_ID_LEN];
    char member[MEMBER_MAX + 1];
    char adapter[ENROL_ADAPTER_MAX + 1]; /* "" when it is no adapter's */
    char use[ENROL_USE_MAX + 1];         /* adapter, hub, signer, official, witness */
    uint32_t role;                       /* keys/roles.h, of an official; else 0 */
    uint8_t desk[KEY_PUBLIC_LEN];        /* the registrar's X25519 key for proofs */
    uint64_t expires_ms;
};

/* May keys for this purpose be enrolled? */
bool enrol_use_known(const char *use);

/* What the ledger keeps of a code for that invitation. */
MUST_USE enum err enrol_code_hash(const struct enrol_code *code,
                                  const struct enrol_invitation *invitation,
                                  uint8_t out[static HASH_LEN]);

/* ---- at the member ---- */

struct enrol_wish {
    const struct enrol_invitation *invitation;
    const struct enrol_code *code;
    const struct keyring *ring;    /* holds the secret of each key */
    const lianshu_MemberKey *keys; /* with their dates */
    size_t key_count;
    uint64_t now_ms;
    const struct entropy *entropy;
};

/* Append LSD1. ERR_POSSESSION when the ring lacks one of the keys. */
MUST_USE enum err enrol_request_make(const struct enrol_wish *wish, struct writer *w,
                                     struct fault *fault);

/* ---- at the registrar ---- */

/* One line of the ledger. */
struct enrol_entry {
    struct enrol_invitation invitation;
    uint8_t code_hash[HASH_LEN];
    unsigned wrong;            /* requests under another code */
    bool used;                 /* by `request` */
    uint8_t request[HASH_LEN]; /* SHA-256(D) */
};

struct enrol_request {
    struct span lsd1;       /* borrowed */
    uint8_t hash[HASH_LEN]; /* SHA-256(D): the fingerprint that people compare */
    char realm[REALM_LEN_MAX + 1];
    uint64_t issued_ms;
    lianshu_Enrolment body;
};

/* What the file says, nothing of it believed yet. */
MUST_USE enum err enrol_request_read(struct enrol_request *out, struct span lsd1,
                                     struct fault *fault);
/* Asks the entry and changes it: the caller keeps it, whatever the answer. `entry` NULL: unknown
 * invitation. */
MUST_USE enum err enrol_admit(struct enrol_entry *entry, const struct enrol_request *request,
                              uint64_t now_ms, struct fault *fault);
/* It is verified and approved: no other request may follow. */
void enrol_use(struct enrol_entry *entry, const struct enrol_request *request);
/* `desk` is the secret half of the invitation's X25519 key. */
MUST_USE enum err enrol_request_verify(const struct enrol_request *request,
                                       const struct enrol_invitation *invitation,
                                       const struct key *desk, uint64_t now_ms,
                                       struct fault *fault);
/* None of its keys is in that registry for another member or use: ERR_KEY_REUSED. */
MUST_USE enum err enrol_request_new_to(const struct enrol_request *request,
                                       const struct registry *registry, struct fault *fault);

/* ---- approval ---- */

struct enrol_approving {
    const struct enrol_request *request; /* verified */
    const char *realm;
    const char *registrar;                   /* registrar.<region> */
    const struct key *keys[ENROL_OFFICIALS]; /* KEY_USE_REGISTRAR; the second may be NULL, then */
    uint8_t second_kid[KID_LEN];             /* this key signs later: enrol_approval_sign */
    uint64_t now_ms;
    const struct entropy *entropy;
};

/* Append LSD1 with the signatures of the keys that are at hand. */
MUST_USE enum err enrol_approval_make(const struct enrol_approving *approving, struct writer *w,
                                      struct fault *fault);
/* Append LSD1 with the second signature, after comparing it with the request that this official
 * has verified for himself. */
MUST_USE enum err enrol_approval_sign(struct span lsd1, const struct enrol_approving *approving,
                                      struct writer *w, struct fault *fault);

/* The officials' keys of registrars that the caller trusts. */
struct enrol_officials {
    size_t count;
    const uint8_t (*public_key)[KEY_PUBLIC_LEN];
};

MUST_USE enum err enrol_approval_open(struct span lsd1, const char *realm,
                                      const struct enrol_officials *officials, uint64_t now_ms,
                                      lianshu_EnrolmentApproval *out, struct fault *fault);

#endif
