/*
 * paper_release - a log on paper that has a release as an entry, and its proof: as a hub would make
 * it, or wrong in one way that the test says.
 */
#ifndef TESTS_UNIT_PAPER_RELEASE_H
#define TESTS_UNIT_PAPER_RELEASE_H

#include "keys/release_log.h"
#include "realm.h"

enum { PAPER_LOG_SIZE = 6, PAPER_LOG_INDEX = 3, PAPER_LEAF_MAX = 512 };

/* Zeros: as the hub of the realm does. */
struct paper_way {
    unsigned kind;
    const char *event;
    const char *by;
    const char *origin;
    const struct key *log_key;
    bool other_hash;
    const struct key *witness[2]; /* who cosigns, NULL: nobody */
    uint64_t cosigned_ms;         /* REALM_NOW_MS */
};

struct paper_log {
    size_t leaf_len;
    uint8_t leaf[PAPER_LEAF_MAX];
    merkle_hash path[MERKLE_PATH_MAX];
    unsigned path_len;
    size_t note_len;
    uint8_t note[NOTE_LEN_MAX];
};

/* The i-th witness's name. */
void paper_witness(char out[static WITNESS_NAME_MAX + 1], size_t i);
/* A policy of these witnesses. */
void paper_policy(struct witness_policy *out, const struct key *const witness[static 2],
                  unsigned needed);

/* The log that has this list as its entry PAPER_LOG_INDEX. */
void paper_log(struct paper_log *out, const struct realm *realm, struct span list,
               const struct paper_way *way);
/* Its proof, as a file. */
void paper_proof(const struct paper_log *log, const char *path);

#endif
