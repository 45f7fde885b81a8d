/*
 * attack - an enrolled adapter that misbehaves: builds envelopes as the SDK would, spoils them,
 * sends whatever bytes it likes, and reads what the hub answers.
 *
 * Guarantees:
 *   1. attack_craft makes an envelope that the hub would accept when `craft` asks for nothing
 *      wrong; each wrong is one deviation.
 *   2. attack_send waits for the hub's answer about this message id, sending again after a
 *      while, as an adapter would; it gives up after ATTACK_PATIENCE_MS.
 *
 * Thread rule: one thread.
 */
#ifndef DAY_ATTACK_H
#define DAY_ATTACK_H

#include "base/err.h"
#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

enum { ATTACK_FRAME_MAX = 64 << 10, ATTACK_PATIENCE_MS = 5000, ATTACK_ID_LEN = 16 };

struct attacker;

struct attacker_options {
    const char *realm;
    const char *member; /* whose enrolled key it holds */
    const char *hub;
    const char *endpoint;
    const char *key_file;
    const char *passphrase_file;
    const char *anchor;
    const char *registry;
};

/* What to build. All zero: a credit check that is accepted. */
struct craft {
    uint32_t type;      /* 0: credit.check */
    const char *sender; /* NULL: the attacker's own member */
    const char *to;     /* NULL: the hub */
    int64_t created_shift_ms;
    uint64_t life_ms;          /* 0: a minute */
    bool foreign_key;          /* envelope signed by a key that nobody enrolled */
    bool foreign_document;     /* the document inside is */
    const uint8_t *message_id; /* NULL: a new one */
};

struct crafted {
    uint8_t message_id[ATTACK_ID_LEN];
    size_t len;
    uint8_t frame[ATTACK_FRAME_MAX];
};

enum attack_answer { ATTACK_SILENCE, ATTACK_ACCEPTED, ATTACK_REJECTED, ATTACK_BUSY };

MUST_USE enum err attacker_open(struct attacker **out, const struct attacker_options *options,
                                struct fault *f);
void attacker_close(struct attacker **a);

MUST_USE enum err attack_craft(struct attacker *a, const struct craft *craft, struct crafted *out);
/* The same envelope with a header that no canonical encoder writes. */
MUST_USE enum err attack_bend_header(struct crafted *c);

/* *code is that of the answer; *log_index that of a receipt. */
enum attack_answer attack_send(struct attacker *a, const struct crafted *c, uint32_t *code,
                               uint64_t *log_index);
/* Bytes that belong to no message: nothing answers. */
void attack_throw(struct attacker *a, struct span bytes);

/* Does the hub let a key in that nobody enrolled? */
bool attack_strange_key(struct attacker *a);

#endif
