/* lianshu-bench-log DIR: what the log costs a message, and what a proof of one entry weighs and
 * takes to verify, as one JSON object.
 *
 * A message leaves three entries (receipt, statement, the recipient's receipt).
 * log_append_us_per_msg is the processor's time of appending them and writing them with the commit,
 * in batches of BATCH, less that of the same commits without entries. The proof is that of an entry
 * of a log of ENTRIES, under a checkpoint with two cosignatures; it is verified with nothing
 * remembered: two signatures of witnesses, one of the log, the path. */
#include "keys/cosign.h"
#include "keys/init.h"
#include "keys/receipt.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum {
    BATCH = 64,
    BATCHES = 600,
    PER_MESSAGE = 3,
    RECEIPT_BYTES = 150,
    DIGEST_BYTES = 32,
    ENTRIES_LOG2 = 20,
    PROOFS = 2000,
    NOW_S = 1764000000,
};

#define ORIGIN "hub.445100.bench/audit/1"

static double cpu_us(void)
{
    struct rusage u;
    (void)getrusage(RUSAGE_SELF, &u); /* cannot fail for oneself */
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

/* Batches that change one small row, with the entries of BATCH messages or none. */
static enum err run(const char *dir, const char *name, bool entries, double *us)
{
    char path[900];
    uint8_t body[RECEIPT_BYTES];
    struct store *store = NULL;
    struct fault fault = {0};
    uint64_t index;
    (void)snprintf(path, sizeof path, "%.800s/%s.db", dir, name);
    const struct store_options options = {.path = path};
    enum err err = store_open(&store, &options, &fault);
    const double begin = cpu_us();
    memset(body, 7, sizeof body);
    for (uint64_t at = 0; err == OK && at < BATCHES; at++) {
        bool wrote;
        err = store_begin(store, at + 1);
        if (err == OK)
            err = store_meta_put_u64(store, "bench", at);
        for (uint64_t i = 0; err == OK && entries && i < BATCH; i++) {
            err = log_append(store->log, LOG_RECEIPT, at, span_of(body, sizeof body),
                             span_of(NULL, 0), &index);
            if (err == OK)
                err = log_append(store->log, LOG_STATEMENT, at, span_of(body, sizeof body),
                                 span_of(NULL, 0), &index);
            if (err == OK)
                err = log_append(store->log, LOG_MEMBER_RECEIPT, at, span_of(body, DIGEST_BYTES),
                                 span_of(body, sizeof body), &index);
        }
        if (err == OK)
            err = store_write(store, &wrote);
    }
    *us = (cpu_us() - begin) / ((double)BATCHES * BATCH);
    store_close(&store);
    return err;
}

/* ---- proofs ---- */

struct proof {
    struct key *log;
    struct key *witness[2];
    struct witness_policy policy;
    uint8_t note[NOTE_LEN_MAX];
    size_t note_len;
    uint8_t body[RECEIPT_BYTES];
    merkle_hash path[ENTRIES_LOG2];
};

/* The entry is the first of the log; what stands beside its way is made up. */
static enum err make_proof(struct proof *p)
{
    const struct entropy entropy = entropy_system();
    struct checkpoint c = {.size = UINT64_C(1) << ENTRIES_LOG2};
    struct writer w = writer_of(p->note, sizeof p->note);
    merkle_hash leaf;
    enum err err = key_make(&p->log, KEY_USE_LOG, 0, &entropy);
    entropy_fill(&entropy, p->path, sizeof p->path);
    if (err == OK)
        err = log_leaf(leaf, LOG_RECEIPT, NOW_S, span_of(p->body, sizeof p->body));
    if (err == OK)
        err = merkle_path_root(c.root, leaf, 0, c.size, (const merkle_hash *)p->path, ENTRIES_LOG2);
    (void)snprintf(c.origin, sizeof c.origin, ORIGIN);
    if (err == OK)
        err = note_sign(&c, p->log, &w);
    for (size_t i = 0; err == OK && i < 2; i++) {
        struct witness_key *row = &p->policy.row[p->policy.count++];
        err = key_make(&p->witness[i], KEY_USE_WITNESS, 0, &entropy);
        (void)snprintf(row->name, sizeof row->name, "hub.%zu40000.bench/witness", i + 1);
        if (err != OK)
            break;
        memcpy(row->public_key, key_public(p->witness[i]), KEY_PUBLIC_LEN);
        row->valid_until_ms = UINT64_MAX;
        err = cosign(writer_span(&w), row->name, p->witness[i], NOW_S, &w);
    }
    p->note_len = w.len;
    return err;
}

static enum err verify_proof(const struct proof *p)
{
    struct checkpoint c;
    struct cosigners who;
    merkle_hash leaf;
    const struct span note = span_of(p->note, p->note_len);
    enum err err = note_verify(note, ORIGIN, key_public(p->log), &c);
    if (err == OK)
        err = cosign_count(note, &p->policy, (uint64_t)NOW_S * 1000, &who);
    if (err == OK && who.count != 2)
        err = ERR_CHECKPOINT;
    if (err == OK)
        err = log_leaf(leaf, LOG_RECEIPT, NOW_S, span_of(p->body, sizeof p->body));
    return err == OK
               ? merkle_verify(leaf, 0, c.size, (const merkle_hash *)p->path, ENTRIES_LOG2, c.root)
               : err;
}

int main(int argc, char **argv)
{
    static struct proof proof;
    double with = 0;
    double without = 0;
    if (argc != 2) {
        fprintf(stderr, "lianshu-bench-log DIR\n");
        return 2;
    }
    enum err err = keys_init();
    if (err == OK)
        err = run(argv[1], "without", false, &without);
    if (err == OK)
        err = run(argv[1], "with", true, &with);
    if (err == OK)
        err = make_proof(&proof);
    const double begin = cpu_us();
    for (int i = 0; err == OK && i < PROOFS; i++)
        err = verify_proof(&proof);
    const double verify_us = (cpu_us() - begin) / PROOFS;
    key_close(&proof.log);
    for (size_t i = 0; i < 2; i++)
        key_close(&proof.witness[i]);
    if (err != OK) {
        fprintf(stderr, "lianshu-bench-log: E%03d %s\n", (int)err, err_en(err));
        return 1;
    }
    printf("{\"log_append_us_per_msg\": %.2f, \"proof_bytes\": %zu, \"proof_verify_us\": %.1f}\n",
           with - without, sizeof proof.body + sizeof proof.path + proof.note_len, verify_us);
    return 0;
}
