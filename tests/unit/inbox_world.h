/* Health takes what market sends; what it saw is written down. */
#ifndef TESTS_UNIT_INBOX_WORLD_H
#define TESTS_UNIT_INBOX_WORLD_H

#include "unit/pair.h"

#include "case.pb.h"
#include "safety.pb.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SEEN_MAX = 64, FRAME_ROOM = 1 << 17 };

static const char *const TO_HEALTH[] = {REALM_HEALTH};

struct fixture {
    /* what apply saw */
    unsigned seen;
    uint8_t env_id[SEEN_MAX][HASH_LEN];
    uint8_t message_id[SEEN_MAX][SDK_ID_LEN];
    enum err answer;
    bool reply; /* apply sends an honour back */
    size_t files;
    uint64_t file_bytes;
    bool saved;
};

static struct pair p;

static struct fixture f;

static inline enum err apply(void *ctx, struct sdk *sdk, const struct sdk_incoming *m,
                             uint64_t now_ms)
{
    uint8_t id[SDK_ID_LEN];
    static const char *const back[] = {REALM_MARKET};

    (void)ctx;
    assert_true(f.seen < SEEN_MAX);
    memcpy(f.message_id[f.seen], m->message_id, SDK_ID_LEN);
    memcpy(f.env_id[f.seen++], m->env_id, HASH_LEN);
    f.files = m->file_count;
    if (m->file_count > 0) {
        const int fd = open(exchange_path(p.e, "saved"), O_RDWR | O_CREAT | O_TRUNC, 0600);
        struct stat st;
        assert_true(fd >= 0);
        assert_int_equal(sdk_file_save(sdk, m, 0, fd), OK);
        assert_int_equal(fstat(fd, &st), 0);
        f.file_bytes = (uint64_t)st.st_size;
        f.saved = true;
        (void)close(fd);
    }
    if (f.reply) {
        const struct sdk_message answer = {.key = "reply",
                                           .type = lianshu_DocumentType_TYPE_HONOUR,
                                           .to = back,
                                           .to_count = 1,
                                           .facts = exchange_honour("reply")};
        assert_int_equal(sdk_send(sdk, &answer, now_ms, id, NULL, NULL), OK);
    }
    return f.answer;
}

static inline int setup(void **state)
{
    (void)state;
    memset(&f, 0, sizeof f);
    memset(&p, 0, sizeof p);
    pair_open(&p, 2, apply);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    pair_close(&p);
    return 0;
}

static inline void restart(void)
{
    sdk_close(&p.health);
    p.health = exchange_sdk(p.e, REALM_HEALTH, &p.handler);
    exchange_connect(p.e, p.health);
}

static inline struct span envelope(size_t i)
{
    return exchange_kept(p.e, i);
}

/* The two bodies of a report about a vaccine. */
static inline struct span aefi_facts(void)
{
    static lianshu_BatchFacts b;
    static uint8_t bytes[512];
    struct writer w = writer_of(bytes, sizeof bytes);

    wire_clear(&lianshu_BatchFacts_msg, &b);
    (void)snprintf(b.batch_number, sizeof b.batch_number, "20251101");
    assert_int_equal(wire_encode(&lianshu_BatchFacts_msg, &b, &w), OK);
    return writer_span(&w);
}

static inline struct span aefi_sealed(void)
{
    static lianshu_AefiReport r;
    static uint8_t bytes[512];
    struct writer w = writer_of(bytes, sizeof bytes);

    wire_clear(&lianshu_AefiReport_msg, &r);
    (void)snprintf(r.symptoms, sizeof r.symptoms, "发热");
    assert_int_equal(wire_encode(&lianshu_AefiReport_msg, &r, &w), OK);
    return writer_span(&w);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

#endif
