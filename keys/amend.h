/*
 * amend - what changes a registry between two versions: revocations by a registrar's officials and
 * members' own key records, each a numbered document. PROTOCOL: registry documents.
 *
 *   LSD1 ─> signed by whom? ─> number ─> keys ─> in effect        registry_amend
 *                               |
 *                               +─ taken already: ERR_REPEAT; another one: 440; too high: 439
 *
 * Guarantees:
 *   1. A document that is refused changes nothing.
 *   2. A revocation counts from its compromised_since_ms, or else from its issue, or from its
 *      application when that is earlier; a later one of the same key only moves that back. The seal
 *      and transport keys that a revoked signing key has introduced since then go with it.
 *   3. A key record adds seal and transport keys, at most AMEND_MEMBER_KEYS_MAX to a member until
 * the next version, and may end its member's own ones earlier; it never adds to their time.
 *   4. The same documents in the same order, with the times at which they were applied, give the
 *      same registry; registry_amended is the same in whatever order they came.
 *   5. A key record whose signing key is revoked is refused, unless it is `known` to have been
 *      applied elsewhere: then its number counts, and its keys are revoked with it.
 *   6. A revocation touches keys of the member that it names alone, and of members that its
 * registrar might register (region, types). One that was applied before such a key came to another
 * member is void there, and its number counts.
 *   7. Members' key records, AMEND_MEMBER_RECORDS_MAX to each, and delegates' revocations leave
 * room for the revocations of the realm's registrar.
 *
 * Errors, with the place in *fault: ERR_REPEAT (501, class OK) it is in effect already;
 * ERR_REGISTRY_ROLLBACK (433) its number is in the version; ERR_NUMBER_TWICE (440) another
 * document of its issuer has its number here, or the version that says it holds a revocation does
 * not revoke its key;
 * ERR_AMENDMENT_GAP (439); ERR_REGISTRY (410) not signed by a registrar's officials, or not as they
 * sign; ERR_TWO_OFFICIALS (421) by too few of them; ERR_REGION_RIGHT (402) the member lies outside
 * their region; ERR_DELEGATION (409) beyond their types; ERR_KEY_NOT_SENDERS (306), ERR_KEY_USE
 * (408), ERR_REVOKED (411), ERR_KEY_EXPIRED (405), ERR_KEY_WEAK (305), ERR_KEY_PUBLIC (436),
 * ERR_KEY_REUSED (435), ERR_LIFE (506) of the keys; ERR_FUTURE (504); ERR_WIRE_ENUM, ERR_HEADER,
 * ERR_FIELD_VALUE of the body; ERR_TOO_LARGE. Ownership: the registry copies the document; rows are
 * lent until registry_close. Thread rule: the one that owns the registry; nobody looks anything up
 * meanwhile.
 */
#ifndef KEYS_AMEND_H
#define KEYS_AMEND_H

#include "keys/twice.h"

enum {
    AMEND_DOCUMENT_MAX = TWICE_DOCUMENT_MAX, /* bytes of LSD1 */
    AMEND_MAX = 4096,                        /* documents on one version */
    AMEND_MEMBER_KEYS_MAX = 64,
    AMEND_MEMBER_RECORDS_MAX = 64, /* key records of one member on one version */
    AMEND_SKEW_MS = 300 * 1000,
};

/* How long the old key of a rotation goes on being good, how long it is kept for reading, and the
 * longest life of a key that a member gives itself. */
#define AMEND_OVERLAP_MS (30 * UINT64_C(86400000))
#define AMEND_KEEP_MS    (120 * UINT64_C(86400000))
#define AMEND_LIFE_MS    (400 * UINT64_C(86400000))

/* One that is applied. */
struct amendment {
    uint8_t hash[HASH_LEN]; /* SHA-256(D) */
    uint32_t type;          /* TYPE_KEY_REVOCATION or TYPE_KEY_RECORD */
    uint64_t number;
    uint64_t issued_ms;
    uint64_t applied_ms;
    char issuer[MEMBER_MAX + 1];   /* registrar, or the member itself */
    uint8_t signer_count;          /* at most 2 */
    uint8_t signers[2][KID_LEN];   /* the first two */
    char member[MEMBER_MAX + 1];   /* whose keys */
    uint8_t kid[KID_LEN];          /* revoked; of a key record: that signed it */
    unsigned reason;               /* lianshu_RevocationReason */
    uint64_t from_ms;              /* a revocation: it counts from here on */
    uint32_t key_first, key_count; /* a key record: what it added */
    struct span lsd1;
};

/* known: another hub of the realm has applied it (guarantee 5). *out may be NULL. */
MUST_USE enum err registry_amend(struct registry *registry, struct span lsd1, uint64_t now_ms,
                                 bool known, const struct amendment **out, struct fault *fault);
/* After ERR_NUMBER_TWICE: the two documents, until the next call. */
const struct twice *registry_twice(const struct registry *registry);
/* One that was applied before, at the same moment again: what the version holds itself is passed
 * over, and so is a key record that it contradicts. Any other error: *registry must not be used. */
MUST_USE enum err registry_amend_again(struct registry *registry, struct span lsd1,
                                       uint64_t applied_ms, struct fault *fault);
/* Those of another registry, of an older version, which this one must not lose: what it holds
 * itself is passed over. Any error: *registry must not take its place. */
MUST_USE enum err registry_amend_from(struct registry *registry, const struct registry *older,
                                      struct fault *fault);

size_t registry_amendment_count(const struct registry *registry);
/* In the order of application; NULL beyond the end. */
const struct amendment *registry_amendment(const struct registry *registry, size_t index);
/* SHA-256 over their hashes in rising order; empty: there are none. */
struct span registry_amended(const struct registry *registry);

/* The revocation from which a key counts as revoked; NULL: it is not, or the version says so. */
const struct amendment *registry_revocation(const struct registry *registry, const char *member,
                                            const uint8_t kid[static KID_LEN]);
/* The key record that brought a key; NULL: the version did. */
const struct amendment *registry_key_origin(const struct registry *registry,
                                            const struct registry_key *key);
/* Of the keys at hand for that use the one that counts at that time: the newest that the registry
 * has by then. NULL: none. */
const struct key *registry_own_key(const struct registry *registry, const struct keyring *keys,
                                   const char *member, enum key_use use, uint64_t at_ms);
/* Number of a registrar's last revocation; ERR_MEMBER_UNKNOWN when it is none. */
MUST_USE enum err registry_revocations(const struct registry *registry, const char *registrar,
                                       uint64_t *number);

/* The member's record as it is now, for the next version: keys that are over are left out as far as
 * there is need of room. ERR_TOO_LARGE. */
MUST_USE enum err registry_record_amended(const struct registry *registry,
                                          const struct registry_member *member, uint64_t now_ms,
                                          lianshu_MemberRecord *out);

#endif
