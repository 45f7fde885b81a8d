/* bench_evidence: bundles of as many envelopes as were decided by a gate and delivered, verified
 * over and over: by one reader, which knows the members' proofs after the first, and each by a new
 * one. */
#include "scenario/acts.h"
#include "scenario/evidencebook.h"

#include "base/hex.h"
#include "cli/evidence.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { BUNDLES = 48, BLOCK_MS = 500, BLOCKS = 6 };

struct bench {
    struct book *book;
    char id[BUNDLES][2 * HASH_LEN + 1];
    uint8_t *tar[BUNDLES];
    size_t len[BUNDLES];
};

static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* always there */
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void make(struct bench *b)
{
    char line[512];
    char path[32];
    acts_connect(b->book->world);
    for (size_t i = 0; i < BUNDLES; i++) {
        uint8_t env_id[HASH_LEN];
        const struct mail mail = acts_appointment();
        world_send(b->book->world, &mail, env_id);
        hex_encode(span_of(env_id, HASH_LEN), b->id[i]);
    }
    book_serve(b->book);
    for (size_t i = 0; i < BUNDLES; i++) {
        snprintf(path, sizeof path, "%zu.tar", i);
        snprintf(line, sizeof line,
                 "evidence export %s --out %s --anchor anchor.yaml --control control", b->id[i],
                 path);
        must(b->book->terminal, line);
        b->tar[i] = (uint8_t *)book_read(path, &b->len[i]);
    }
}

static void verify(struct evidence_reader *reader, struct span tar)
{
    struct bundle *bundle = NULL;
    struct evidence *evidence = NULL;
    struct fault fault = {.err = OK};
    assert_int_equal(bundle_untar(&bundle, tar, &fault), OK);
    if (evidence_verify(reader, bundle, &evidence, &fault) != OK)
        fail_msg("E%03d %s %s", (int)fault.err, fault.where, fault.detail);
    evidence_close(&evidence);
    bundle_close(&bundle);
}

/* The best of several blocks: machines are disturbed, never sped up. */
static double per_s(struct bench *b, bool alone)
{
    double best = 0;
    struct evidence_reader *reader = NULL;
    assert_int_equal(evidence_reader_open(&reader, &b->book->world->anchor), OK);
    for (int block = 0; block < BLOCKS; block++) {
        const double begun = seconds();
        size_t count = 0;
        while (seconds() - begun < BLOCK_MS / 1e3) {
            if (alone) {
                evidence_reader_close(&reader);
                assert_int_equal(evidence_reader_open(&reader, &b->book->world->anchor), OK);
            }
            verify(reader, span_of(b->tar[count % BUNDLES], b->len[count % BUNDLES]));
            count++;
        }
        const double speed = (double)count / (seconds() - begun);
        best = speed > best ? speed : best;
    }
    evidence_reader_close(&reader);
    return best;
}

int main(void)
{
    static struct bench b;
    void *book;
    if (book_open(&book) != 0)
        return 1;
    b.book = book;
    make(&b);
    const double together = per_s(&b, false);
    const double alone = per_s(&b, true);
    const int script = book_script(b.book, "0.tar", "anchor.yaml");
    printf("{\"evidence_verify_per_s\": %.0f, \"evidence_verify_alone_per_s\": %.0f, "
           "\"evidence_script_ms\": %llu, \"evidence_bundle_kib\": %zu}\n",
           together, alone, (unsigned long long)b.book->script_ms, b.len[0] / 1024);
    for (size_t i = 0; i < BUNDLES; i++)
        free(b.tar[i]);
    return book_close(&book) == 0 && script == 0 ? 0 : 1;
}
