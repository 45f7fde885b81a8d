#include "keys/enrol.h"
#include "keys/enrol_parts.h"

#include "base/text.h"
#include "check.h"
#include "keys/guard.h"
#include "keys/roles.h"
#include "wire.h"

#include <assert.h>
#include <stdlib.h>

_Static_assert(ENROL_KEYS_MAX + 1 == FRAME_ISSUERS_MAX, "the code and every key may sign");

static const char *const USES[] = {"adapter", "hub", "signer", "official", "witness"};

bool enrol_use_known(const char *use)
{
    for (size_t i = 0; i < sizeof USES / sizeof USES[0]; i++) {
        if (strcmp(USES[i], use) == 0)
            return true;
    }
    return false;
}

static enum key_alg alg_of(const lianshu_MemberKey *key)
{
    return key_use_alg((enum key_use)key->use);
}

/* ---- what each key must be ---- */

enum err enrol_key_check(const lianshu_MemberKey *key, uint64_t now_ms, struct fault *fault)
{
    const char *name = key_use_name((enum key_use)key->use);
    if (alg_of(key) == ALG_NONE)
        return fault_set(fault, ERR_KEY_USE, 0, "", "no use of a member's key");
    const bool official = key->use == lianshu_KeyUse_KEY_OFFICIAL;
    if (key->revoked_ms != 0 || (official ? !roles_valid(key->roles) : key->roles != 0))
        return fault_set(fault, ERR_FIELD_VALUE, 0, "", "%s: role, or revoked", name);
    const enum err err = key_check_public((enum key_use)key->use, key->public_key);
    if (err != OK)
        return fault_set(fault, err, 0, "", "%s", name);
    if (key->valid_from_ms >= key->valid_until_ms || key->valid_until_ms <= now_ms)
        return fault_set(fault, ERR_KEY_EXPIRED, 0, "", "%s: its time is over", name);
    return OK;
}

/* Is it the same secret in another use? */
static bool follows(const lianshu_MemberKey *x25519, const lianshu_MemberKey *ed25519)
{
    return alg_of(ed25519) == ALG_ED25519 && alg_of(x25519) == ALG_X25519 &&
           key_same_secret(ed25519->public_key, x25519->public_key);
}

enum err enrol_keys_differ(const lianshu_MemberKey *a, const lianshu_MemberKey *b,
                           struct fault *fault)
{
    const bool same =
        memcmp(a->public_key, b->public_key, KEY_PUBLIC_LEN) == 0 || follows(a, b) || follows(b, a);
    return !same
               ? OK
               : fault_set(fault, ERR_KEY_REUSED, 0, "", "%s and %s",
                           key_use_name((enum key_use)a->use), key_use_name((enum key_use)b->use));
}

/* How often the purpose needs this use. */
static unsigned needed(const char *purpose, enum key_use use)
{
    unsigned count = 0;
    for (const enum key_use *uses = key_purpose(purpose); *uses != KEY_USE_NONE; uses++)
        count += *uses == use;
    return count;
}

/* Every public key of the purpose, and no other. */
static enum err check_purpose(const lianshu_Enrolment *body, struct fault *fault)
{
    if (!enrol_use_known(body->use))
        return fault_set(fault, ERR_KEY_USE, 0, "", "no purpose that is enrolled");
    const enum key_use *uses = key_purpose(body->use);
    assert(uses != NULL);
    for (pb_size_t i = 0; i < body->keys_count; i++) {
        const enum key_use use = (enum key_use)body->keys[i].key.use;
        unsigned have = 0;
        for (pb_size_t k = 0; k < body->keys_count; k++)
            have += (enum key_use)body->keys[k].key.use == use;
        if (have > needed(body->use, use))
            return fault_set(fault, ERR_KEY_USE, 0, "", "a %s key is one too many for %s",
                             key_use_name(use), body->use); /* whose keys are looked at has names */
    }
    for (size_t i = 0; uses[i] != KEY_USE_NONE; i++) {
        bool have = key_use_alg(uses[i]) == ALG_NONE;
        for (pb_size_t k = 0; k < body->keys_count; k++)
            have = have || (enum key_use)body->keys[k].key.use == uses[i];
        if (!have)
            return fault_set(fault, ERR_POSSESSION, 0, "", "%s: no such key in the request",
                             key_use_name(uses[i]));
    }
    return OK;
}

static enum err check_keys(const lianshu_Enrolment *body, uint64_t now_ms, struct fault *fault)
{
    for (pb_size_t i = 0; i < body->keys_count; i++) {
        enum err err = enrol_key_check(&body->keys[i].key, now_ms, fault);
        for (pb_size_t k = 0; err == OK && k < i; k++)
            err = enrol_keys_differ(&body->keys[k].key, &body->keys[i].key, fault);
        if (err != OK)
            return err;
    }
    return OK;
}

/* ---- proofs of X25519 keys ---- */

/* HMAC under what `own` and `other` agree on: `own` is the key itself at the member, and the
 * registrar's at the registrar. */
static enum err dh_proof(uint8_t out[static HASH_LEN], const struct key *own,
                         const uint8_t other[static KEY_PUBLIC_LEN],
                         const struct enrol_invitation *invitation,
                         const uint8_t code_key[static KEY_PUBLIC_LEN],
                         const lianshu_MemberKey *about)
{
    const uint8_t realm_len = (uint8_t)strlen(invitation->realm);
    const uint8_t member_len = (uint8_t)strlen(invitation->member);
    const uint8_t use = (uint8_t)about->use;
    const struct span spans[] = {
        LABEL("enrol.proof"),
        span_of(&realm_len, 1),
        span_str(invitation->realm),
        span_of(invitation->id, FRAME_ID_LEN),
        span_of(code_key, KEY_PUBLIC_LEN),
        span_of(invitation->desk, KEY_PUBLIC_LEN),
        span_of(&use, 1),
        span_of(about->public_key, KEY_PUBLIC_LEN),
        span_of(&member_len, 1),
        span_str(invitation->member),
    };
    uint8_t shared[32];
    uint8_t mac_key[HASH_LEN];
    const enum err err = key_agree(own, other, shared);
    if (err == OK) {
        const struct span ikm = span_of(shared, sizeof shared);
        hkdf_extract(mac_key, LABEL("enrol.proof"), &ikm, 1);
        hmac_spans(out, span_of(mac_key, sizeof mac_key), spans, sizeof spans / sizeof spans[0]);
    }
    guard_wipe(shared, sizeof shared);
    guard_wipe(mac_key, sizeof mac_key);
    return err;
}

/* ---- at the member ---- */

/* The registrar says in the invitation what an official is to be. */
static uint32_t role_of(const struct enrol_invitation *invitation, const lianshu_MemberKey *key)
{
    return key->use == lianshu_KeyUse_KEY_OFFICIAL ? invitation->role : 0;
}

/* The ring's half of one of the keys of the wish. */
static const struct key *find_own(const struct enrol_wish *wish, const lianshu_MemberKey *key)
{
    uint8_t kid[KID_LEN];
    kid_of(kid, alg_of(key), key->public_key);
    const struct key *own = keyring_kid(wish->ring, kid);
    return own != NULL && key_use(own) == (enum key_use)key->use ? own : NULL;
}

/* Keys into the body, Ed25519 keys among the issuers behind the code's. */
static enum err fill_request(const struct enrol_wish *wish, const struct key *code_key,
                             lianshu_Enrolment *body, const struct key **signers,
                             size_t *signer_count, struct fault *fault)
{
    signers[(*signer_count)++] = code_key;
    for (size_t i = 0; i < wish->key_count; i++) {
        lianshu_EnrolmentKey *row = &body->keys[body->keys_count++];
        row->has_key = true;
        row->key = wish->keys[i];
        row->key.roles = role_of(wish->invitation, &row->key);
        const struct key *own = find_own(wish, &row->key);
        if (own == NULL)
            return fault_set(fault, ERR_POSSESSION, 0, "", "%s: not in the key file",
                             key_use_name((enum key_use)row->key.use));
        if (alg_of(&row->key) == ALG_ED25519) {
            signers[(*signer_count)++] = own;
            continue;
        }
        const enum err err = dh_proof(row->proof.bytes, own, wish->invitation->desk,
                                      wish->invitation, key_public(code_key), &row->key);
        if (err != OK)
            return fault_set(fault, err, 0, "", "the registrar's key in the invitation");
        row->proof.size = HASH_LEN;
    }
    return OK;
}

static enum err make_request(const struct enrol_wish *wish, const struct key *code_key,
                             lianshu_Document *d, uint8_t *bytes, struct writer *w,
                             struct fault *fault)
{
    const struct enrol_invitation *invitation = wish->invitation;
    const struct key *signers[FRAME_ISSUERS_MAX];
    size_t signer_count = 0;
    uint8_t hash[HASH_LEN];
    lianshu_Enrolment body = {.keys_count = 0};

    text_copy(body.member, sizeof body.member, invitation->member);
    text_copy(body.adapter, sizeof body.adapter, invitation->adapter);
    text_copy(body.use, sizeof body.use, invitation->use);
    memcpy(body.invitation, invitation->id, FRAME_ID_LEN);
    memcpy(body.code_key, key_public(code_key), KEY_PUBLIC_LEN);
    enum err err = fill_request(wish, code_key, &body, signers, &signer_count, fault);
    if (err == OK)
        err = check_purpose(&body, fault);
    if (err == OK)
        err = check_keys(&body, wish->now_ms, fault);
    if (err != OK)
        return err;
    d->type = lianshu_DocumentType_TYPE_ENROLMENT;
    document_prepare(d, invitation->realm, invitation->member, code_key, wish->now_ms,
                     wish->entropy);
    d->valid_until_ms = invitation->expires_ms;
    for (size_t i = 1; i < signer_count; i++) {
        d->issuers[i] = d->issuers[0];
        memcpy(d->issuers[i].kid, key_kid(signers[i]), KID_LEN);
    }
    d->issuers_count = (pb_size_t)signer_count;
    struct writer body_w = writer_of(d->body.bytes, sizeof d->body.bytes);
    struct writer d_w = writer_of(bytes, ENROL_FRAME_MAX);
    if ((err = wire_encode(&lianshu_Enrolment_msg, &body, &body_w)) != OK)
        return err;
    d->body.size = (pb_size_t)body_w.len;
    err = document_encode(d, &d_w, hash);
    return err == OK ? document_sign(writer_span(&d_w), signers, signer_count, w) : err;
}

enum err enrol_request_make(const struct enrol_wish *wish, struct writer *w, struct fault *fault)
{
    struct key *code_key = NULL;
    enum err err = ERR_NO_MEMORY;

    if (wish->key_count > ENROL_KEYS_MAX)
        return fault_set(fault, ERR_TOO_LARGE, 0, "", "at most %d keys", ENROL_KEYS_MAX);
    if (wish->now_ms >= wish->invitation->expires_ms)
        return fault_set(fault, ERR_ENROL_CODE, 0, "", "the invitation has ended");
    lianshu_Document *d = calloc(1, sizeof *d);
    uint8_t *bytes = malloc(ENROL_FRAME_MAX);
    if (d != NULL && bytes != NULL)
        err = enrol_code_key(wish->code, wish->invitation, &code_key);
    if (err == OK)
        err = make_request(wish, code_key, d, bytes, w, fault);
    key_close(&code_key);
    free(bytes);
    free(d);
    return err;
}

/* ---- at the registrar ---- */

static enum err read_request(struct enrol_request *out, lianshu_Document *d, struct fault *fault)
{
    struct frame_document frame;
    enum err err = frame_parse_document(out->lsd1, &frame);
    if (err != OK || (err = wire_decode(&lianshu_Document_msg, frame.document, d)) != OK ||
        (err = document_check(d)) != OK)
        return fault_set(fault, err, 0, "", "no document of enrolment");
    if (d->type != lianshu_DocumentType_TYPE_ENROLMENT)
        return fault_set(fault, ERR_TYPE_UNKNOWN, 0, "", "not an enrolment request");
    err = wire_decode(&lianshu_Enrolment_msg, span_of(d->body.bytes, d->body.size), &out->body);
    if (err != OK)
        return fault_set(fault, err, 0, "", "body of the request");
    if (!member_valid(out->body.member))
        return fault_set(fault, ERR_IDENTIFIER, 0, "", "member");
    hash_bytes(out->hash, frame.document);
    text_copy(out->realm, sizeof out->realm, d->realm);
    out->issued_ms = d->issued_ms;
    return OK;
}

enum err enrol_request_read(struct enrol_request *out, struct span lsd1, struct fault *fault)
{
    *out = (struct enrol_request){.lsd1 = lsd1};
    if (lsd1.len > ENROL_FRAME_MAX)
        return fault_set(fault, ERR_TOO_LARGE, 0, "", "at most %d bytes", ENROL_FRAME_MAX);
    lianshu_Document *d = calloc(1, sizeof *d);
    if (d == NULL)
        return ERR_NO_MEMORY;
    const enum err err = read_request(out, d, fault);
    free(d);
    return err;
}

enum err enrol_admit(struct enrol_entry *entry, const struct enrol_request *request,
                     uint64_t now_ms, struct fault *fault)
{
    uint8_t hash[HASH_LEN];
    if (entry == NULL || memcmp(entry->invitation.id, request->body.invitation, FRAME_ID_LEN) != 0)
        return fault_set(fault, ERR_ENROL_CODE, 0, "", "the ledger has no such invitation");
    if (entry->wrong >= ENROL_WRONG_MAX)
        return fault_set(fault, ERR_ENROL_CODE, 0, "", "locked after %d wrong codes",
                         ENROL_WRONG_MAX);
    enrol_code_key_hash(request->body.code_key, hash);
    if (!guard_equal(hash, entry->code_hash, HASH_LEN)) {
        entry->wrong++;
        return fault_set(fault, ERR_ENROL_CODE, 0, "", "wrong code, %u of %d", entry->wrong,
                         ENROL_WRONG_MAX);
    }
    if (entry->used)
        return memcmp(entry->request, request->hash, HASH_LEN) == 0
                   ? OK
                   : fault_set(fault, ERR_ENROL_CODE, 0, "", "used for another request");
    return now_ms < entry->invitation.expires_ms
               ? OK
               : fault_set(fault, ERR_ENROL_CODE, 0, "", "the invitation has ended");
}

void enrol_use(struct enrol_entry *entry, const struct enrol_request *request)
{
    entry->used = true;
    memcpy(entry->request, request->hash, HASH_LEN);
}

/* The keys that a request names speak for themselves: that is what is to be proven. */
static enum err find_signer(void *ctx, const char *member, const uint8_t kid[static KID_LEN],
                            uint8_t public_key[static KEY_PUBLIC_LEN])
{
    const lianshu_Enrolment *body = ctx;
    uint8_t own[KID_LEN];
    if (strcmp(member, body->member) != 0)
        return ERR_KEY_NOT_SENDERS;
    kid_of(own, ALG_ED25519, body->code_key);
    if (memcmp(own, kid, KID_LEN) == 0) {
        memcpy(public_key, body->code_key, KEY_PUBLIC_LEN);
        return OK;
    }
    for (pb_size_t i = 0; i < body->keys_count; i++) {
        const lianshu_MemberKey *key = &body->keys[i].key;
        kid_of(own, alg_of(key), key->public_key);
        if (alg_of(key) != ALG_ED25519 || memcmp(own, kid, KID_LEN) != 0)
            continue;
        memcpy(public_key, key->public_key, KEY_PUBLIC_LEN);
        return OK;
    }
    return ERR_KID_UNKNOWN;
}

/* Is the key one of the issuers, all of whose signatures are good? */
static bool has_signed(const lianshu_Document *d, const uint8_t public_key[static KEY_PUBLIC_LEN])
{
    uint8_t kid[KID_LEN];
    kid_of(kid, ALG_ED25519, public_key);
    for (pb_size_t i = 0; i < d->issuers_count; i++) {
        if (memcmp(d->issuers[i].kid, kid, KID_LEN) == 0)
            return true;
    }
    return false;
}

/* Has whoever holds the desk's key, or this one, agreed on the proof? */
static bool has_proven(const lianshu_EnrolmentKey *row, const struct enrol_invitation *invitation,
                       const lianshu_Enrolment *body, const struct key *desk)
{
    uint8_t proof[HASH_LEN];
    if (row->proof.size != HASH_LEN)
        return false;
    const enum err err =
        dh_proof(proof, desk, row->key.public_key, invitation, body->code_key, &row->key);
    return err == OK && guard_equal(proof, row->proof.bytes, HASH_LEN);
}

static enum err check_possession(const struct enrol_request *request, const lianshu_Document *d,
                                 const struct enrol_invitation *invitation, const struct key *desk,
                                 struct fault *fault)
{
    const lianshu_Enrolment *body = &request->body;
    if (!has_signed(d, body->code_key))
        return fault_set(fault, ERR_POSSESSION, 0, "", "the code has not signed");
    for (pb_size_t i = 0; i < body->keys_count; i++) {
        const lianshu_EnrolmentKey *row = &body->keys[i];
        const bool good = alg_of(&row->key) == ALG_ED25519
                              ? row->proof.size == 0 && has_signed(d, row->key.public_key)
                              : has_proven(row, invitation, body, desk);
        if (!good)
            return fault_set(fault, ERR_POSSESSION, 0, "", "%s",
                             key_use_name((enum key_use)row->key.use));
    }
    return OK;
}

static enum err verify_request(const struct enrol_request *request,
                               const struct enrol_invitation *invitation, const struct key *desk,
                               struct verifier *verifier, lianshu_Document *d, struct fault *fault)
{
    const lianshu_Enrolment *body = &request->body;
    const struct document_signers signers = {find_signer, (void *)body};
    uint8_t hash[HASH_LEN];
    const enum err err =
        document_verify(request->lsd1, invitation->realm, &signers, verifier, d, hash);
    /* It was read before: what fails now is a signature that is missing, foreign or wrong. */
    if (err != OK)
        return fault_set(fault, ERR_POSSESSION, 0, "", "a signature of the request");
    return check_possession(request, d, invitation, desk, fault);
}

enum err enrol_request_verify(const struct enrol_request *request,
                              const struct enrol_invitation *invitation, const struct key *desk,
                              uint64_t now_ms, struct fault *fault)
{
    const lianshu_Enrolment *body = &request->body;
    struct verifier *verifier = NULL;
    enum err err = check_keys(body, now_ms, fault);

    if (err == OK)
        err = check_purpose(body, fault);
    if (err != OK)
        return err;
    if (strcmp(request->realm, invitation->realm) != 0)
        return fault_set(fault, ERR_REALM, 0, "", "the request is for another realm");
    if (strcmp(body->member, invitation->member) != 0 || strcmp(body->use, invitation->use) != 0 ||
        strcmp(body->adapter, invitation->adapter) != 0)
        return fault_set(fault, ERR_ENROL_CODE, 0, "",
                         "the invitation is for another member, adapter or use");
    for (pb_size_t i = 0; i < body->keys_count; i++) {
        if (body->keys[i].key.roles != role_of(invitation, &body->keys[i].key))
            return fault_set(fault, ERR_ENROL_CODE, 0, "", "the invitation is for another role");
    }
    if (memcmp(key_public(desk), invitation->desk, KEY_PUBLIC_LEN) != 0)
        return fault_set(fault, ERR_KEY_USE, 0, "", "the invitation names another key of the desk");
    lianshu_Document *d = calloc(1, sizeof *d);
    if (d == NULL)
        return ERR_NO_MEMORY;
    err = verifier_open(&verifier, VERIFIER_NODES_MIN);
    if (err == OK)
        err = verify_request(request, invitation, desk, verifier, d, fault);
    verifier_close(&verifier);
    free(d);
    return err;
}

enum err enrol_request_new_to(const struct enrol_request *request, const struct registry *registry,
                              struct fault *fault)
{
    const lianshu_Enrolment *body = &request->body;
    for (pb_size_t i = 0; i < body->keys_count; i++) {
        const lianshu_MemberKey *key = &body->keys[i].key;
        const struct registry_key *known;
        uint8_t kid[KID_LEN];
        kid_of(kid, alg_of(key), key->public_key);
        if (registry_key(registry, kid, &known) == OK &&
            (known->use != (enum key_use)key->use || strcmp(known->member->id, body->member) != 0))
            return fault_set(fault, ERR_KEY_REUSED, 0, "", "%s: registered for %s",
                             key_use_name((enum key_use)key->use), known->member->id);
    }
    return OK;
}
