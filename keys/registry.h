/*
 * registry - who the members are, their keys and what they may send: LSG1, signed by the
 * registrar whom the root appointed. PROTOCOL: registry.
 *
 *   anchor.yaml (root keys) > L registrar document > G registry version > n member records
 *
 * The first root of an anchor issues as member root.000000, the n-th as root-<n>.000000.
 *
 * Guarantees:
 *   1. registry_open accepts only a file whose registrar is signed by the anchor's threshold of
 *      different root keys, whose version is signed by that registrar, whose root and count are
 *      those of the records, which are canonical, sorted, and name no key twice.
 *   2. A version below `min_version` is ERR_REGISTRY_ROLLBACK; one that has ended, or whose
 *      registrar has, ERR_REGISTRY_STALE at registry_fresh.
 *   3. registry_may is default deny: a type passes only when the sender's grant to send and the
 *      recipient's grant to receive both name it and each other's department and region. A
 *      withdrawal passes where any type does: whoever may send may take back.
 *   4. Members are kept sorted; a lookup by key is one hash probe. Tables are taken at load.
 *
 * Errors of loading, with the place in *fault: ERR_REGISTRY (410), ERR_REGISTRY_ROLLBACK (433),
 * ERR_REALM (313), ERR_DELEGATION (409) a member outside the registrar's region, ERR_KEY_REUSED
 * (435), ERR_KEY_WEAK (305), ERR_KEY_PUBLIC (436). Those of lookups stand with each.
 * Ownership: the registry copies the file; what it returns is lent until registry_close.
 * Bounds: REGISTRY_MEMBER_MAX members, each record at most FRAME_RECORD_MAX bytes. Loading checks
 * every public key, about 0.15 ms a member.
 * Thread rule: read-only once open, apart from the verifier passed to registry_verify_document.
 */
#ifndef KEYS_REGISTRY_H
#define KEYS_REGISTRY_H

#include "ident.h"
#include "keys/document.h"
#include "keys/seal.h"

enum {
    ANCHOR_ROOT_MAX = 8,
    REALM_LEN_MAX = 16,
    REGISTRY_MEMBER_MAX = FRAME_MEMBERS_MAX,
    REGISTRY_FILE_MAX = FRAME_REGISTRY_MAX,
};

struct anchor {
    char realm[REALM_LEN_MAX + 1];
    unsigned threshold; /* root signatures needed, 1 … root_count */
    unsigned root_count;
    uint8_t root[ANCHOR_ROOT_MAX][KEY_PUBLIC_LEN];
};

/* anchor.yaml: realm, threshold, roots (list of 64 hex digits). ERR_CONFIG with line. */
MUST_USE enum err anchor_read(struct anchor *out, const char *path, struct fault *fault);
MUST_USE enum err anchor_write(const struct anchor *anchor, const char *path, bool replace,
                               struct fault *fault);

struct registry;

/* now_ms is not judged here (see registry_fresh). */
MUST_USE enum err registry_open(struct registry **out, const struct anchor *anchor,
                                struct span file, uint64_t min_version, struct fault *fault);
/* The same from a path. */
MUST_USE enum err registry_read(struct registry **out, const struct anchor *anchor,
                                const char *path, uint64_t min_version, struct fault *fault);
void registry_close(struct registry **registry);

const char *registry_realm(const struct registry *registry);
uint64_t registry_version(const struct registry *registry);
uint64_t registry_valid_until_ms(const struct registry *registry);
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
    uint32_t key_first, key_count;
    uint32_t grant_first, grant_count;
    struct span record; /* canonical lianshu.MemberRecord */
};

struct registry_key {
    uint8_t kid[KID_LEN];
    uint8_t public_key[KEY_PUBLIC_LEN];
    enum key_use use;
    uint64_t valid_from_ms;
    uint64_t valid_until_ms; /* first moment at which it is over */
    const struct registry_member *member;
};

size_t registry_member_count(const struct registry *registry);
/* Sorted by id. NULL when index is too large. */
const struct registry_member *registry_member_at(const struct registry *registry, size_t index);
/* NULL when unknown. */
const struct registry_member *registry_member(const struct registry *registry, const char *id);
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
 * (408), ERR_KEY_NOT_YET (406), ERR_KEY_EXPIRED (405), in this order. */
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
};
struct document_signers registry_signers(struct registry_at *at);
/* Of members' signing keys. */
MUST_USE enum err registry_verify_document(const struct registry *registry, uint64_t at_ms,
                                           struct span lsd1, struct verifier *verifier,
                                           lianshu_Document *out, uint8_t hash[static HASH_LEN]);

/* Making a registry, for the command line. */
struct registry_make {
    const struct anchor *anchor;
    struct span registrar_document; /* L of an earlier version; or empty, and roots to sign it */
    const struct key *const *roots; /* KEY_USE_ROOT; at least anchor->threshold of them */
    size_t root_count;
    const struct key *registrar; /* KEY_USE_REGISTRAR */
    const char *region;          /* of the registrar */
    uint64_t version;
    uint64_t now_ms;
    uint64_t valid_until_ms;
    const struct entropy *entropy;
};
/* Records in any order; they are sorted by member. What was written to w is read back through
 * registry_open before the answer is OK. */
MUST_USE enum err registry_write(const struct registry_make *make, lianshu_MemberRecord *records,
                                 size_t record_count, struct writer *w, struct fault *fault);

#endif
