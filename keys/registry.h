/*
 * registry - who the members are, their keys and what they may send: LSG1, signed by officials of
 * registrars whom the root appointed. PROTOCOL 3.9, 5.1.
 *
 *   anchor.yaml (root keys) > L0 registrar > G0 registry version > all member records
 *                               > L1 registrar > G1 > those that it vouches for: three deep at most
 *
 * Guarantees:
 *   1. registry_open accepts only a file whose registrar 0 is signed by the anchor's threshold of
 *      different root keys, every other one by the threshold of one before it, each within region,
 *      types and time of the one that signed it; whose versions are signed by the thresholds of
 *      their registrars, the first naming all the others; whose records are canonical, sorted,
 *      under the roots that were signed, within region and types of their registrar, and name no
 *      key twice, nor one of an official or a root.
 *   2. A version below `min_version` is ERR_REGISTRY_ROLLBACK; one that has ended, or whose
 *      registrar has, ERR_REGISTRY_STALE at registry_fresh.
 *   3. registry_may is default deny: a type passes only when the sender's grant to send and the
 *      recipient's grant to receive both name it and each other's department and region. A
 *      withdrawal passes where any type does: whoever may send may take back.
 *   4. Members are kept sorted; a lookup by key is one hash probe. Tables are taken at load.
 *   5. A registry that demands a suite lets no lower one pass from its issue on, whichever suites
 *      there are.
 *   6. A revoked key serves nothing from the moment on that its revocation names: look-ups take the
 *      time of the statement, which is now for a new one and its acceptance for an old one.
 *
 * Errors of loading, with the place in *fault: ERR_REGISTRY (410), ERR_REGISTRY_ROLLBACK (433),
 * ERR_REALM (313), ERR_CHAIN (407) an issuer that is not there, or a fourth registrar in a chain,
 * ERR_DELEGATION (409) wider than its issuer in region, types or time, ERR_KEY_REUSED (435),
 * ERR_KEY_WEAK (305), ERR_KEY_PUBLIC (436). Those of lookups stand with each.
 * Ownership: the registry copies the file; what it returns is lent until registry_close.
 * Bounds: REGISTRY_MEMBER_MAX members, each record at most FRAME_RECORD_MAX bytes. Loading checks
 * every public key, about 0.15 ms a member.
 * Thread rule: read-only once open, apart from the verifier passed to registry_verify_document.
 */
#ifndef KEYS_REGISTRY_H
#define KEYS_REGISTRY_H

#include "keys/registrar.h"
#include "keys/seal.h"

enum {
    REGISTRY_MEMBER_MAX = FRAME_MEMBERS_MAX,
    REGISTRY_FILE_MAX = FRAME_REGISTRY_MAX,
};

struct registry;

/* now_ms is not judged here (see registry_fresh). */
MUST_USE enum err registry_open(struct registry **out, const struct anchor *anchor,
                                struct span file, uint64_t min_version, struct fault *fault);
/* The same from a path. */
MUST_USE enum err registry_read(struct registry **out, const struct anchor *anchor,
                                const char *path, uint64_t min_version, struct fault *fault);
/* A registry of which signatures of registrar 0 are missing, to show and to sign; everything else
 * is as in registry_open. Bit i of *signed_by: issuer i of its version has signed. */
MUST_USE enum err registry_open_draft(struct registry **out, const struct anchor *anchor,
                                      struct span file, uint32_t *signed_by, struct fault *fault);
/* What one registrar vouches for (an LSG1 of it alone), signed in part or whole, under the
 * registrars of the registry that it is made for; its own row is the last of them. */
MUST_USE enum err registry_open_part(struct registry **out, const struct anchor *anchor,
                                     const struct registry *above, struct span file,
                                     uint32_t *signed_by, struct fault *fault);
void registry_close(struct registry **registry);

const char *registry_realm(const struct registry *registry);
uint64_t registry_version(const struct registry *registry);
uint64_t registry_valid_until_ms(const struct registry *registry);
/* Registrars in the order of the file: 0 is the realm's. NULL when there is none of that number. */
size_t registry_registrar_count(const struct registry *registry);
const struct registry_registrar *registry_registrar_at(const struct registry *registry, size_t i);
/* The document that appoints it, LSD1, as it stands in the file; empty: none of that number. */
struct span registry_registrar_document(const struct registry *registry, size_t i);
/* No lower suite is accepted; 0: any. */
unsigned registry_least_suite(const struct registry *registry);
/* Of something made or accepted at that time: ERR_SUITE_LEAST (302) below the least that the
 * version demanded by then, ERR_SUITE (301) one that this program does not have. */
MUST_USE enum err registry_suite(const struct registry *registry, uint32_t suite, uint64_t at_ms);
/* The whole file as it was read: what another hub is given. */
struct span registry_file(const struct registry *registry);
/* SHA-256 of it: names it in the log. */
const uint8_t *registry_hash(const struct registry *registry);
/* ERR_REGISTRY_STALE when its time, or its registrar's, is over or has not begun. */
MUST_USE enum err registry_fresh(const struct registry *registry, uint64_t now_ms);

/* One member, a plain row. */
struct registry_member {
    char id[MEMBER_MAX + 1];
    unsigned department; /* enum department of ident.h: the number of its bit */
    char region[7];
    unsigned registrar; /* number of the one that vouches for it */
    uint32_t key_first, key_count;
    uint32_t grant_first, grant_count;
    uint32_t added;       /* its first key of a key record: index + 1; 0: none */
    uint64_t key_records; /* number of its last one */
    struct span record;   /* canonical lianshu.MemberRecord */
};

struct registry_key {
    uint8_t kid[KID_LEN];
    uint8_t public_key[KEY_PUBLIC_LEN];
    enum key_use use;
    uint64_t valid_from_ms;
    uint64_t valid_until_ms; /* first moment at which it is over */
    uint32_t roles;          /* of an official, see roles.h; else 0 */
    const struct registry_member *member;
    uint64_t revoked_ms;  /* serves nothing from here on; 0: not revoked */
    unsigned revoked_for; /* lianshu_RevocationReason */
    uint32_t next;        /* of a key record: the member's next one, index + 1; 0: the last */
};

size_t registry_member_count(const struct registry *registry);
/* Sorted by id. NULL when index is too large. */
const struct registry_member *registry_member_at(const struct registry *registry, size_t index);
/* NULL when unknown. */
const struct registry_member *registry_member(const struct registry *registry, const char *id);
/* Those of its record, then those of its key records; NULL beyond the last. */
const struct registry_key *registry_member_key(const struct registry *registry,
                                               const struct registry_member *member, size_t index);
/* Decoded record with names and grants, for display. */
MUST_USE enum err registry_record(const struct registry_member *member, lianshu_MemberRecord *out);

/* Members of a department (bit set; all bits: any) whose region lies in `region`, in sorted
 * order: give 0 first, then the last answer + 1. Answers the index, or SIZE_MAX at the end. */
size_t registry_next(const struct registry *registry, size_t from, uint32_t departments,
                     const char *region);

/* Members of a group, which is written as a member id with a slash and a star behind it: that
 * department (a part such as health-cdc only when it is named) in every region that lies in this
 * one. Start with *cursor = 0; each call answers the next member in the order of their ids, NULL
 * at the end. ERR_IDENTIFIER when it is no group, ERR_MEMBER_UNKNOWN when its department is no
 * word of the vocabulary. */
MUST_USE enum err registry_group(const struct registry *registry, const char *group, size_t *cursor,
                                 const struct registry_member **out);

/* ERR_KID_UNKNOWN. */
MUST_USE enum err registry_key(const struct registry *registry, const uint8_t kid[static KID_LEN],
                               const struct registry_key **out);
/* By transport public key: ERR_KID_UNKNOWN, ERR_KEY_USE. */
MUST_USE enum err registry_transport(const struct registry *registry,
                                     const uint8_t public_key[static KEY_PUBLIC_LEN],
                                     const struct registry_key **out);
/* May this key serve `use` for `member` at that time? ERR_KEY_NOT_SENDERS (306), ERR_KEY_USE
 * (408), ERR_REVOKED (411), ERR_KEY_NOT_YET (406), ERR_KEY_EXPIRED (405), in this order. */
MUST_USE enum err registry_key_check(const struct registry_key *key, const char *member,
                                     enum key_use use, uint64_t at_ms);
/* registry_key and registry_key_check in one; of a key that has expired and that its member has
 * replaced by a later one ERR_KEY_ROTATED (412). */
MUST_USE enum err registry_signer(const struct registry *registry, const char *member,
                                  const uint8_t kid[static KID_LEN], enum key_use use,
                                  uint64_t at_ms, const struct registry_key **out);
/* The member's newest key of that use that is valid at that time: what to seal to, whom to
 * connect to. ERR_MEMBER_UNKNOWN, ERR_KEY_EXPIRED. */
MUST_USE enum err registry_current(const struct registry *registry, const char *member,
                                   enum key_use use, uint64_t at_ms,
                                   const struct registry_key **out);

/* ERR_MEMBER_UNKNOWN; ERR_NO_RIGHT (401) the sender has no grant to send this type;
 * ERR_RECIPIENT_RIGHT (403) not to that department, or the recipient may not receive it;
 * ERR_REGION_RIGHT (402) not in that region. */
MUST_USE enum err registry_may(const struct registry *registry, const char *sender, uint32_t type,
                               const char *recipient);

/* Documents whose issuers are members with keys of that use valid at at_ms. */
struct registry_at {
    const struct registry *registry;
    uint64_t at_ms;
    enum key_use use; /* KEY_USE_NONE: KEY_USE_SIGN */
    bool revoked_too; /* also those that are revoked at at_ms: what they signed is only held */
};
struct document_signers registry_signers(struct registry_at *at);
/* Of members' signing keys. */
MUST_USE enum err registry_verify_document(const struct registry *registry, uint64_t at_ms,
                                           struct span lsd1, struct verifier *verifier,
                                           lianshu_Document *out, uint8_t hash[static HASH_LEN]);

/* Making a registry, for the command line. */
struct registry_make {
    const struct anchor *anchor;
    struct span registrar_document; /* L of the registrar; or empty, and roots to sign it */
    const struct key *const *roots; /* KEY_USE_ROOT; at least anchor->threshold of them */
    size_t root_count;
    const struct key *const *officials; /* KEY_USE_REGISTRAR: they sign now */
    size_t official_count;
    const uint8_t (*later)[KEY_PUBLIC_LEN]; /* officials who sign later: what is made is a draft */
    size_t later_count;
    unsigned threshold;       /* of a registrar that the roots appoint here; 0: all who sign */
    unsigned least_suite;     /* of all; 0: any. Of a part always 0 */
    const char *region;       /* of such a registrar */
    const struct span *parts; /* of other registrars (LSG1 of each alone, see above) */
    size_t part_count;
    const struct registry *above; /* make a part, for the next version of this one; or NULL */
    uint64_t revocations;         /* number of the last one that is folded in */
    uint64_t version;
    uint64_t now_ms;
    uint64_t valid_until_ms;
    const struct entropy *entropy;
};
/* Own records in any order, and those of the parts; they are sorted by member. The time ends with
 * the first part's. What was written to w is read back through registry_open (or _draft, _part)
 * before the answer is OK. */
MUST_USE enum err registry_write(const struct registry_make *make,
                                 const lianshu_MemberRecord *records, size_t record_count,
                                 struct writer *w, struct fault *fault);

#endif
