/* lianshu-bench-primitives DIR: what the steps of a message cost on this machine at this moment,
 * as one JSON object in nanoseconds. Machines drift; ratios to these stay comparable. */
#include "base/clock.h"
#include "bench/place.h"
#include "keys/init.h"
#include "wire.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { BUDGET_MS = 120, BLOCK_LEN = 4096, TEXT_LEN = 1536, APPENDS = 64 };

struct material {
    struct key *key;
    uint8_t signature[64];
    uint8_t text[TEXT_LEN];
    lianshu_Header header;
    uint8_t header_bytes[FRAME_HEADER_MAX];
    size_t header_len;
};

static uint64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t); /* always there */
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

typedef enum err step_fn(struct material *m);

static enum err hash_text(struct material *m)
{
    uint8_t out[HASH_LEN];
    hash_bytes(out, span_of(m->text, sizeof m->text));
    m->text[0] = out[0];
    return OK;
}

static enum err hash_node(struct material *m)
{
    uint8_t out[HASH_LEN];
    hash_bytes(out, span_of(m->text, 65));
    m->text[0] = out[0];
    return OK;
}

static enum err sign(struct material *m)
{
    return key_sign(m->key, span_of(m->text, 80), m->signature);
}

static enum err verify(struct material *m)
{
    return key_verify(key_public(m->key), span_of(m->text, 80), m->signature);
}

static enum err decode_header(struct material *m)
{
    return wire_decode(&lianshu_Header_msg, span_of(m->header_bytes, m->header_len), &m->header);
}

static const struct {
    const char *name;
    step_fn *run;
} steps[] = {
    {"sha256_1536_ns", hash_text}, {"sha256_65_ns", hash_node},         {"ed25519_sign_ns", sign},
    {"ed25519_verify_ns", verify}, {"header_decode_ns", decode_header},
};

static enum err prepare(struct material *m)
{
    const struct entropy entropy = entropy_system();
    lianshu_Header *h = &m->header;
    enum err err = key_make(&m->key, KEY_USE_SIGN, clock_real_ms(), &entropy);
    h->suite = FRAME_SUITE;
    (void)snprintf(h->realm, sizeof h->realm, "%s", PLACE_REALM);
    h->type = lianshu_DocumentType_TYPE_EVIDENCE;
    place_member(0, h->sender);
    entropy_fill(&entropy, h->message_id, sizeof h->message_id);
    h->created_ms = clock_real_ms();
    h->expires_ms = h->created_ms + HOUR_MS;
    h->destination_count = 1;
    place_member(1, h->destination[0]);
    h->conversation.size = 16;
    h->registry_version = 1;
    h->parts_count = 1;
    h->parts[0].kind = lianshu_PartKind_PART_SEALED;
    h->parts[0].audience_count = 1;
    place_member(1, h->parts[0].audience[0].member);
    struct writer w = writer_of(m->header_bytes, sizeof m->header_bytes);
    if (err == OK)
        err = wire_encode(&lianshu_Header_msg, h, &w);
    m->header_len = w.len;
    return err;
}

/* Least of several rounds: what others do on the machine only ever adds. */
static enum err measure(struct material *m, step_fn *run, double *ns)
{
    enum { ROUNDS = 6 };
    enum err err = OK;
    *ns = 0;
    for (int round = 0; err == OK && round < ROUNDS; round++) {
        const uint64_t begin = now_ns();
        uint64_t count = 0;
        while (err == OK && now_ns() - begin < BUDGET_MS * UINT64_C(1000000) / ROUNDS)
            for (int i = 0; err == OK && i < 16; i++, count++)
                err = run(m);
        const double each = (double)(now_ns() - begin) / (double)count;
        if (*ns == 0 || each < *ns)
            *ns = each;
    }
    return err;
}

static int by_value(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Median of appending a block and forcing it to disk. */
static enum err measure_append(const char *dir, double *ns)
{
    char path[PLACE_PATH_MAX];
    uint64_t took[APPENDS];
    const uint8_t block[BLOCK_LEN] = {1};
    (void)snprintf(path, sizeof path, "%.400s/append", dir);
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    enum err err = fd < 0 ? ERR_IO : OK;
    for (size_t i = 0; err == OK && i < APPENDS; i++) {
        const uint64_t begin = now_ns();
        if (write(fd, block, sizeof block) != (ssize_t)sizeof block || fdatasync(fd) != 0)
            err = ERR_IO;
        took[i] = now_ns() - begin;
    }
    if (fd >= 0) {
        close(fd);
        (void)unlink(path); /* our own; what is left of it goes with the directory */
    }
    if (err != OK)
        return err;
    qsort(took, APPENDS, sizeof took[0], by_value);
    *ns = (double)took[APPENDS / 2];
    return OK;
}

int main(int argc, char **argv)
{
    static struct material m;
    double ns = 0;
    if (argc != 2) {
        fprintf(stderr, "lianshu-bench-primitives DIR\n");
        return 2;
    }
    enum err err = keys_init();
    if (err == OK)
        err = prepare(&m);
    if (err == OK)
        err = measure_append(argv[1], &ns);
    if (err == OK)
        printf("{\"append_fdatasync_ns\": %.0f", ns);
    for (size_t i = 0; err == OK && i < sizeof steps / sizeof steps[0]; i++) {
        err = measure(&m, steps[i].run, &ns);
        if (err == OK)
            printf(", \"%s\": %.0f", steps[i].name, ns);
    }
    key_close(&m.key);
    if (err != OK) {
        fprintf(stderr, "lianshu-bench-primitives: E%03d %s\n", (int)err, err_en(err));
        return 1;
    }
    printf("}\n");
    return 0;
}
