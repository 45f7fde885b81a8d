/*
 * roll - the documents whose facts go to every hub, as far as this hub knows them, and how far each
 * link has been told.
 *
 *   roll_put ──> STANDS | WAITS | LOST | REFUSED ──roll_stand──> any other
 *
 * Guarantees:
 *   1. A document is in the roll once, by its hash; putting it again is ERR_EXISTS and changes
 *      nothing. Nothing leaves the roll; roll_renew gives a hash another row, and what is owed of
 *      it stays owed.
 *   2. The digest is a function of the set of hashes alone, whatever the order in which they came,
 *      and says of each bucket whether two rolls have the same hashes in it.
 *   3. roll_piece answers exactly the hashes of a piece, sorted; the pieces of a bucket are a
 *      partition of it, whatever it holds.
 *   4. What was rolled back is in no digest.
 *   5. What is owed to a link is owed once, and is answered in the order in which it came to be
 *      known.
 *
 * seq: log leaf of the message that brought it. A hash belongs to the bucket of its first byte, and
 * of n pieces to that of its second byte * n / 256.
 * Ownership: a text is borrowed until the next call on the roll.
 * Thread rule: that of the db. PROTOCOL.md 15.
 */
#ifndef STORE_ROLL_H
#define STORE_ROLL_H

#include "store/db.h"
#include "store/ids.h"

enum {
    ROLL_BUCKETS = 256,
    ROLL_DIGEST_LEN = 16,  /* of one bucket */
    ROLL_PIECE_MAX = 512,  /* hashes of a piece */
    ROLL_PIECES_MAX = 256, /* of a bucket */
    ROLL_HOPS_MAX = 8 * (STORE_MEMBER_MAX + 1),
};

enum roll_stand {
    ROLL_STANDS = 1,  /* it took effect */
    ROLL_WAITS = 2,   /* for the version before it */
    ROLL_LOST = 3,    /* another document of that version goes before */
    ROLL_REFUSED = 4, /* by the rules of this hub: code */
};

struct roll;

struct roll_row {
    uint8_t hash[STORE_HASH_LEN];
    uint64_t seq;
    uint32_t type;
    bool urgent;
    char issuer[STORE_MEMBER_MAX + 1];
    uint8_t about[STORE_ID_LEN]; /* order; zeros: none */
    uint32_t version;            /* of the order; 0: none */
    uint64_t accepted_ms;
    enum roll_stand stands;
    uint32_t code;
    char hops[ROLL_HOPS_MAX + 1]; /* divided by spaces; "": it began here */
};

/* What one link has been told. */
struct roll_link {
    char member[STORE_MEMBER_MAX + 1];
    uint64_t urgent; /* documents of lane repair from this seq on are still to be told, … */
    uint64_t normal; /* … and the others */
    uint64_t equal_ms;
    uint64_t known_ms; /* of what was spread before this both knew all then; 0: not known */
};

struct roll_digest {
    uint64_t count;
    uint8_t root[STORE_HASH_LEN]; /* SHA-256 over the buckets */
    uint8_t bucket[ROLL_BUCKETS][ROLL_DIGEST_LEN];
};

MUST_USE enum err roll_open(struct roll **out, struct db *db, struct fault *f);
void roll_close(struct roll **r);

/* sealed: the signed document. */
MUST_USE enum err roll_put(struct roll *r, const struct roll_row *row, struct span sealed);
/* The same in the place of the row that the hash has: ERR_NOT_FOUND when it has none. */
MUST_USE enum err roll_renew(struct roll *r, const struct roll_row *row, struct span sealed);
MUST_USE enum err roll_get(struct roll *r, const uint8_t hash[static STORE_HASH_LEN],
                           struct roll_row *out);
MUST_USE enum err roll_text(struct roll *r, uint64_t seq, struct span *sealed);
MUST_USE enum err roll_stand(struct roll *r, const uint8_t hash[static STORE_HASH_LEN],
                             enum roll_stand stands, uint32_t code);

/* The first of one kind of lane with this seq or a later one. */
MUST_USE enum err roll_next(struct roll *r, bool urgent, uint64_t from, struct roll_row *out);
MUST_USE enum err roll_at(struct roll *r, uint64_t seq, struct roll_row *out);
/* Documents of one version of an order, by hash; hash is the cursor, zeroed to start. */
MUST_USE enum err roll_next_of_version(struct roll *r, const uint8_t about[static STORE_ID_LEN],
                                       uint32_t version, uint8_t hash[static STORE_HASH_LEN],
                                       struct roll_row *out);
MUST_USE enum err roll_digest(struct roll *r, const struct roll_digest **out);
/* The digest of a bucket without a hash. */
void roll_digest_empty(uint8_t out[static ROLL_DIGEST_LEN]);
/* How many pieces a bucket needs: a power of two. */
MUST_USE enum err roll_pieces(struct roll *r, uint8_t bucket, uint32_t *pieces);
/* The hashes of a piece, beside each other; ERR_FIELD_VALUE: no such piece, ERR_TOO_LARGE: more
 * than max. */
MUST_USE enum err roll_piece(struct roll *r, uint8_t bucket, uint32_t piece, uint32_t pieces,
                             uint8_t (*out)[STORE_HASH_LEN], size_t max, size_t *count);

/* ERR_NOT_FOUND: it was never told anything. */
MUST_USE enum err roll_link_get(struct roll *r, const char *member, struct roll_link *out);
MUST_USE enum err roll_link_put(struct roll *r, const struct roll_link *row);

MUST_USE enum err roll_owe(struct roll *r, const char *member, uint64_t seq);
MUST_USE enum err roll_owed_next(struct roll *r, const char *member, uint64_t *seq);
MUST_USE enum err roll_owed_done(struct roll *r, const char *member, uint64_t seq);
/* What the link has not been told yet, and what it is owed beside. Counted by walking. */
MUST_USE enum err roll_left(struct roll *r, const char *member, uint64_t *count);

/* For store.c only: also to the savepoint. */
void roll_rolled_back(struct roll *r);

#endif
