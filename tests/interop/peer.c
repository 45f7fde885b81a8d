/* peer ANCHOR REGISTRY KEYS NOW_MS: see peer.h. KEYS has a line `member use hex` for each secret.
 */
#include "peer.h"

#include "base/hex.h"
#include "fold.h"
#include "keys/init.h"
#include "keys/registry_proof.h"
#include "message.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct keyring *peer_ring(const struct peer *p, const char *member)
{
    for (size_t i = 0; i < p->member_count; i++) {
        if (strcmp(keyring_owner(p->ring[i]), member) == 0)
            return p->ring[i];
    }
    return NULL;
}

bool peer_seed(struct peer *p, struct span *in)
{
    uint8_t seed[ENTROPY_SEED_LEN] = {0};
    struct span taken;
    if (!span_take(in, 8, &taken))
        return false;
    memcpy(seed, taken.data, taken.len);
    p->entropy = entropy_replay_init(&p->replay, seed);
    return true;
}

void peer_fill(struct peer *p, uint8_t *out, size_t len)
{
    p->entropy.fill(p->entropy.ctx, out, len);
}

size_t peer_pick(struct peer *p, size_t below)
{
    uint32_t drawn;
    peer_fill(p, (uint8_t *)&drawn, sizeof drawn);
    return drawn % below;
}

bool peer_text(struct span *in, char *out, size_t cap)
{
    uint64_t len;
    struct span text;
    if (!span_take_uint(in, 1, &len) || len >= cap || !span_take(in, len, &text))
        return false;
    memcpy(out, text.data, text.len);
    out[text.len] = '\0';
    return true;
}

void peer_block(struct writer *w, struct span s)
{
    write_uint(w, s.len, 4);
    write_span(w, s);
}

/* u8|name| ‖ name ‖ bytes -> the message as we encode it. */
static enum err message_again(struct peer *p, struct span in, struct writer *out)
{
    char name[64];
    (void)p;
    if (!peer_text(&in, name, sizeof name))
        return ERR_USAGE;
    const struct message *m = NULL;
    for (size_t i = 0; (m = message_at(i)) != NULL && strcmp(m->name, name) != 0; i++)
        ;
    if (m == NULL)
        return ERR_NOT_FOUND;
    void *message = calloc(1, m->size);
    enum err err = message == NULL ? ERR_NO_MEMORY : wire_decode(m->desc, in, message);
    if (err == OK)
        err = wire_encode(m->desc, message, out);
    free(message);
    return err;
}

static enum err unfold_frame(struct peer *p, struct span in, struct writer *out)
{
    (void)p;
    return unfold(in, out);
}

/* Empty when it travels as it is. */
static enum err fold_frame(struct peer *p, struct span in, struct writer *out)
{
    (void)p;
    (void)fold(in, out);
    return OK;
}

/* u8|path of anchor.yaml| ‖ path ‖ LSG1 -> u64 version ‖ u32 members. */
static enum err open_registry(struct peer *p, struct span in, struct writer *out)
{
    struct registry *registry = NULL;
    struct anchor anchor;
    struct fault fault;
    char path[256];
    (void)p;
    if (!peer_text(&in, path, sizeof path))
        return ERR_USAGE;
    enum err err = anchor_read(&anchor, path, &fault);
    if (err == OK)
        err = registry_open(&registry, &anchor, in, 0, &fault);
    if (err == OK) {
        write_uint(out, registry_version(registry), 8);
        write_uint(out, registry_member_count(registry), 4);
    }
    registry_close(&registry);
    return err;
}

/* The same for LSP1 -> record. */
static enum err open_proof(struct peer *p, struct span in, struct writer *out)
{
    static struct registry_proof proof;
    struct anchor anchor;
    struct fault fault;
    char path[256];
    (void)p;
    if (!peer_text(&in, path, sizeof path))
        return ERR_USAGE;
    enum err err = anchor_read(&anchor, path, &fault);
    if (err == OK)
        err = registry_proof_open(in, &anchor, &proof, &fault);
    if (err == OK)
        err = wire_encode(&lianshu_MemberRecord_msg, &proof.record, out);
    return err;
}

static const struct {
    char op;
    peer_op *run;
} OPS[] = {
    {'E', peer_envelope_open},
    {'e', peer_envelopes_make},
    {'D', peer_document_verify},
    {'d', peer_documents_make},
    {'C', peer_chunk_open},
    {'c', peer_file_make},
    {'R', peer_receipts_verify},
    {'r', peer_receipts_make},
    {'H', peer_hub_receipts_verify},
    {'N', peer_note_verify},
    {'n', peer_note_make},
    {'I', peer_inclusion_verify},
    {'i', peer_inclusion_make},
    {'K', peer_consistency_verify},
    {'k', peer_consistency_make},
    {'W', message_again},
    {'F', unfold_frame},
    {'f', fold_frame},
    {'G', open_registry},
    {'P', open_proof},
};

static enum err answer(struct peer *p, char op, struct span in, struct writer *out)
{
    for (size_t i = 0; i < sizeof OPS / sizeof OPS[0]; i++) {
        if (OPS[i].op == op)
            return OPS[i].run(p, in, out);
    }
    return ERR_USAGE;
}

/* One question and its answer; false at the end of input. */
static bool serve(struct peer *p, uint8_t *in, uint8_t *room)
{
    uint8_t head[5] = {0};
    uint64_t op;
    uint64_t len;
    struct span s = span_of(head, sizeof head);
    if (fread(head, sizeof head, 1, stdin) != 1 || !span_take_uint(&s, 1, &op) ||
        !span_take_uint(&s, 4, &len) || len > PEER_IN_MAX ||
        (len > 0 && fread(in, len, 1, stdin) != 1))
        return false;
    struct writer out = writer_of(room, PEER_OUT_MAX);
    enum err err = answer(p, (char)op, span_of(in, len), &out);
    if (err == OK && out.full)
        err = ERR_TOO_LARGE;
    if (err != OK)
        out.len = 0;
    uint8_t told[6];
    struct writer w = writer_of(told, sizeof told);
    write_uint(&w, (uint64_t)err, 2);
    write_uint(&w, out.len, 4);
    return fwrite(told, sizeof told, 1, stdout) == 1 &&
           (out.len == 0 || fwrite(room, out.len, 1, stdout) == 1) && fflush(stdout) == 0;
}

static enum err add_key(struct peer *p, const char *member, const char *use, const char *hex)
{
    uint8_t secret[KEY_SECRET_LEN];
    struct key *key = NULL;
    struct keyring *ring = (struct keyring *)peer_ring(p, member); /* ours, made below */
    if (!hex_decode(hex, secret, sizeof secret))
        return ERR_SYNTAX;
    if (ring == NULL) {
        if (p->member_count == PEER_MEMBERS_MAX)
            return ERR_TOO_LARGE;
        enum err err = keyring_open(&ring, member, "");
        if (err != OK)
            return err;
        p->ring[p->member_count++] = ring;
    }
    enum err err = key_import(&key, key_use_of(use), 0, secret);
    return err == OK ? keyring_add(ring, &key) : err;
}

static enum err read_keys(struct peer *p, const char *path)
{
    char line[256];
    char member[64];
    char use[16];
    char hex[2 * KEY_SECRET_LEN + 1];
    FILE *f = fopen(path, "r");
    enum err err = f == NULL ? ERR_NOT_FOUND : OK;
    while (err == OK && fgets(line, sizeof line, f) != NULL)
        err = sscanf(line, "%63s %15s %64s", member, use, hex) == 3 ? add_key(p, member, use, hex)
                                                                    : ERR_SYNTAX;
    if (f != NULL)
        fclose(f);
    return err;
}

static enum err open_peer(struct peer *p, char **arguments)
{
    struct fault fault;
    enum err err = keys_init();
    p->now_ms = strtoull(arguments[4], NULL, 10);
    if (err == OK && (err = anchor_read(&p->anchor, arguments[1], &fault)) == OK &&
        (err = registry_read(&p->registry, &p->anchor, arguments[2], 0, &fault)) == OK &&
        (err = read_keys(p, arguments[3])) == OK && (err = verifier_open(&p->verifier, 0)) == OK &&
        (err = opener_open(&p->opener, 64)) == OK && (err = batch_open(&p->batch)) == OK)
        err = envelope_batch_open(&p->envelopes, 0);
    return err;
}

static void close_peer(struct peer *p)
{
    envelope_batch_close(&p->envelopes);
    batch_close(&p->batch);
    opener_close(&p->opener);
    verifier_close(&p->verifier);
    for (size_t i = 0; i < p->member_count; i++)
        keyring_close(&p->ring[i]);
    registry_close(&p->registry);
}

int main(int argc, char **argv)
{
    struct peer *p = calloc(1, sizeof *p);
    uint8_t *in = malloc(PEER_IN_MAX);
    uint8_t *out = malloc(PEER_OUT_MAX);
    int code = 2;
    if (argc == 5 && p != NULL && in != NULL && out != NULL) {
        enum err err = open_peer(p, argv);
        if (err != OK)
            fprintf(stderr, "E%03d\n", (int)err);
        code = err == OK ? 0 : 1;
        while (err == OK && serve(p, in, out))
            ;
        close_peer(p);
    }
    free(out);
    free(in);
    free(p);
    return code;
}
