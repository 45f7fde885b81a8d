/* bench_mirror DIR COUNT: a mirror of COUNT restrictions, filled page by page as an adapter does,
 * loaded and asked. Figures as one JSON object. */
#include "adapters/sdk/inner_bounds.h"
#include "adapters/sdk/mirror_in.h"
#include "adapters/sdk/sdk_mirror.h"
#include "base/clock.h"
#include "base/file.h"
#include "keys/init.h"
#include "keys/keyfile.h"
#include "keys/mirror.h"
#include "sanction.pb.h"
#include "sdk_sql.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define MEMBER "health.445100"

enum {
    ASKED = 1 << 20,
    BLOCK = 1 << 14,
    ROUNDS = 5,
    PAGES_A_COMMIT = 64,
    PATH_LEN = 512,
    ID_LEN = 18
};

struct bench {
    char state[PATH_LEN], key_file[PATH_LEN], passphrase[PATH_LEN];
    struct entropy entropy;
    struct db *db;
    struct keyring *keys;
    struct mirror_in *in;
    struct mirror_tokens *tokens;
    lianshu_MirrorUpdate update;
    uint8_t body[61440];
    char (*id)[ID_LEN + 1];
};

static double seconds(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t); /* always there */
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static long rss_kib(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage); /* cannot fail for the own process */
    return usage.ru_maxrss;
}

/* The i-th synthetic citizen: a region, a day, a number, and the check digit of GB 11643. */
static void person(uint64_t i, char out[static ID_LEN + 1])
{
    static const int weight[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    static const char digits[] = "10X98765432";
    const uint64_t day = i % 28 + 1;
    const uint64_t month = i / 28 % 12 + 1;
    const uint64_t year = 1950 + i / 336 % 50;
    int sum = 0;
    (void)snprintf(out, ID_LEN + 1, "440524%04u%02u%02u%03u", (unsigned)year, (unsigned)month,
                   (unsigned)day, (unsigned)(i / 16800 % 1000));
    for (size_t k = 0; k < sizeof weight / sizeof weight[0]; k++)
        sum += (out[k] - '0') * weight[k];
    out[ID_LEN - 1] = digits[sum % 11];
    out[ID_LEN] = '\0';
}

static enum err make_keys(struct bench *b)
{
    struct key *key = NULL;
    struct passphrase *passphrase = NULL;
    enum err err = keyring_open(&b->keys, MEMBER, "bench");
    if (err == OK)
        err = key_make(&key, KEY_USE_STORAGE, 1, &b->entropy);
    if (err == OK)
        err = keyring_add(b->keys, &key);
    if (err == OK)
        err = file_write(b->passphrase, span_str("a long bench passphrase\n"), 0600, 0, NULL);
    if (err == OK)
        err = passphrase_read(&passphrase, b->passphrase, NULL);
    if (err == OK)
        err = keyfile_write(b->keys, b->key_file, true, passphrase,
                            (struct keyfile_cost){1, 8 << 10}, &b->entropy, NULL);
    passphrase_close(&passphrase);
    return err;
}

static enum err make_state(struct bench *b)
{
    char path[PATH_LEN + sizeof "/adapter.db"];
    const struct db_options options = {
        .path = path,
        .application_id = SDK_APPLICATION_ID,
        .migrations = sdk_sql,
        .migration_count = sdk_sql_count,
        .shrinks = true,
    };
    (void)snprintf(path, sizeof path, "%s/adapter.db", b->state);
    enum err err = db_open(&b->db, &options, NULL);
    const struct mirror_in_options in = {.db = b->db,
                                         .member = MEMBER,
                                         .storage = keyring_find(b->keys, KEY_USE_STORAGE),
                                         .entropy = &b->entropy};
    return err == OK ? mirror_in_open(&b->in, &in, NULL) : err;
}

static void put_row(struct bench *b, uint64_t i)
{
    char id[ID_LEN + 1];
    lianshu_MirrorRow *row = &b->update.rows[b->update.rows_count++];
    memset(row, 0, sizeof *row);
    person(i, id);
    mirror_token(b->tokens, lianshu_SubjectKind_SUBJECT_PERSON, span_str(id), row->token);
    row->number = i + 1;
    row->force = lianshu_Force_FORCE_MUST;
    row->order_id.size = 16;
    memcpy(row->order_id.bytes, &i, sizeof i);
    row->order_version = 1;
    row->start_date = 20260401;
    strcpy(row->measure, "M02");
    strcpy(row->list, "serious_dishonesty");
    strcpy(row->rule, "R01");
    strcpy(row->basis, "DL118");
    strcpy(row->scope, "000000");
}

static enum err put_page(struct bench *b, uint64_t now_ms, bool last)
{
    struct writer w = writer_of(b->body, sizeof b->body);
    lianshu_MirrorUpdate *u = &b->update;
    u->page++;
    u->last = last;
    u->count += u->rows_count;
    u->key.size = u->page == 1 ? MIRROR_KEY_LEN : 0;
    memcpy(u->previous, u->head, sizeof u->previous);
    enum err err = mirror_head(u, &w, u->head);
    w = writer_of(b->body, sizeof b->body);
    if (err == OK)
        err = wire_encode(&lianshu_MirrorUpdate_msg, u, &w);
    if (err == OK)
        err = mirror_take(b->in, writer_span(&w), now_ms, now_ms);
    u->rows_count = 0;
    return err;
}

static enum err fill(struct bench *b, uint64_t count, uint64_t now_ms)
{
    const uint64_t page_rows = sizeof b->update.rows / sizeof b->update.rows[0];
    lianshu_MirrorUpdate *u = &b->update;
    (void)snprintf(u->member, sizeof u->member, "%s", MEMBER);
    u->generation = u->as_of_ms = now_ms;
    u->to_size = count + 1;
    u->fresh_until_ms = now_ms + 2 * (uint64_t)HOUR_MS;
    u->valid_until_ms = now_ms + (uint64_t)DAY_MS;
    enum err err = mirror_tokens_open(&b->tokens, u->key.bytes);
    for (uint64_t i = 0; err == OK && i < count; i++) {
        put_row(b, i);
        if (u->rows_count < page_rows && i + 1 < count)
            continue;
        if (!db_in_transaction(b->db))
            err = db_begin(b->db);
        if (err == OK)
            err = put_page(b, now_ms, i + 1 == count);
        if (err == OK && (u->page % PAGES_A_COMMIT == 0 || u->last))
            err = db_commit(b->db);
    }
    mirror_in_close(&b->in);
    db_close(&b->db);
    return err;
}

/* Every second one is restricted; in no order. */
static void choose(struct bench *b, uint64_t count)
{
    uint64_t seed = 1;
    for (size_t i = 0; i < ASKED; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        person((seed >> 20) % count + (i % 2 == 0 ? 0 : count), b->id[i]);
    }
}

/* The best of many blocks: what others do on the machine only ever takes time away. */
static enum err ask(const struct bench *b, const struct sdk_mirror *mirror, uint64_t now_ms,
                    size_t *restricted, double *best)
{
    static struct sdk_mirror_answer answer;
    enum err err = OK;
    *best = 0;
    for (size_t block = 0; err == OK && block < ROUNDS * (ASKED / BLOCK); block++) {
        const size_t first = block % (ASKED / BLOCK) * BLOCK;
        const double begun = seconds();
        *restricted = first == 0 ? 0 : *restricted;
        for (size_t i = first; err == OK && i < first + BLOCK; i++) {
            err = sdk_mirror_check(mirror, lianshu_SubjectKind_SUBJECT_PERSON, b->id[i], now_ms,
                                   &answer);
            *restricted += answer.verdict == SDK_MIRROR_RESTRICTED;
        }
        const double per_s = BLOCK / (seconds() - begun);
        *best = per_s > *best ? per_s : *best;
    }
    return err;
}

static enum err run(struct bench *b, uint64_t count)
{
    size_t restricted = 0;
    double per_s = 0;
    struct sdk_mirror *mirror = NULL;
    const uint64_t now_ms = clock_real_ms();
    const struct sdk_mirror_config config = {MEMBER, b->key_file, b->passphrase, b->state};
    double begun = seconds();
    enum err err = fill(b, count, now_ms);
    const double filled = seconds() - begun;
    choose(b, count);
    const long before = rss_kib();
    begun = seconds();
    if (err == OK)
        err = sdk_mirror_open(&mirror, &config, NULL);
    const double loaded = seconds() - begun;
    const long after = rss_kib();
    if (err == OK)
        err = ask(b, mirror, now_ms, &restricted, &per_s);
    if (err == OK && restricted != ASKED / 2)
        err = ERR_INTERNAL;
    if (err == OK)
        printf("{\"checks_per_s\": %.0f, \"rows\": %llu, \"filled_s\": %.3f, \"loaded_s\": %.3f, "
               "\"memory_kib\": %ld, \"rss_kib\": %ld}\n",
               per_s, (unsigned long long)count, filled, loaded, after - before, after);
    sdk_mirror_close(&mirror);
    return err;
}

int main(int argc, char **argv)
{
    static struct bench b;
    if (argc != 3 || strlen(argv[1]) > PATH_LEN - 32 || strtoull(argv[2], NULL, 10) == 0) {
        fprintf(stderr, "bench_mirror DIR COUNT\n");
        return 2;
    }
    (void)snprintf(b.state, sizeof b.state, "%s/state", argv[1]);
    (void)snprintf(b.key_file, sizeof b.key_file, "%s/bench.key", argv[1]);
    (void)snprintf(b.passphrase, sizeof b.passphrase, "%s/bench.pass", argv[1]);
    b.entropy = entropy_system();
    b.id = calloc(ASKED, sizeof *b.id);
    enum err err = b.id == NULL ? ERR_NO_MEMORY : keys_init();
    if (err == OK)
        err = make_keys(&b);
    if (err == OK)
        err = make_state(&b);
    if (err == OK)
        err = run(&b, strtoull(argv[2], NULL, 10));
    mirror_tokens_close(&b.tokens);
    mirror_in_close(&b.in);
    db_close(&b.db);
    keyring_close(&b.keys);
    free(b.id);
    if (err != OK)
        fprintf(stderr, "bench_mirror: E%03d %s\n", (int)err, err_en(err));
    return err == OK ? 0 : 1;
}
