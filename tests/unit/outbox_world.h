/* Market sends honours; the outcome that it is told last is written down. */
#ifndef TESTS_UNIT_OUTBOX_WORLD_H
#define TESTS_UNIT_OUTBOX_WORLD_H

#include "unit/exchange.h"

#include "t.h"

#include <stdio.h>
#include <string.h>

static const char *const TO_HEALTH[] = {REALM_HEALTH};

static const char *const TO_HUB[] = {REALM_HUB};

static const char *const TO_TWO[] = {REALM_HEALTH, REALM_POLICE};

struct fixture {
    struct exchange *e;
    struct sdk *market;
    struct sdk_handler handler;
    unsigned outcomes;
    struct sdk_outcome last;
    enum err answer; /* of the outcome handler */
};

static struct fixture f;

static inline enum err outcome(void *ctx, struct sdk *sdk, const struct sdk_outcome *o,
                               uint64_t now_ms)
{
    (void)ctx, (void)sdk, (void)now_ms;
    f.outcomes++;
    f.last = *o;
    return f.answer;
}

static inline int setup(void **state)
{
    (void)state;
    memset(&f, 0, sizeof f);
    f.e = exchange_open(1);
    f.handler.outcome = outcome;
    f.market = exchange_sdk(f.e, REALM_MARKET, &f.handler);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    sdk_close(&f.market);
    exchange_close(&f.e);
    return 0;
}

static inline void restart(void)
{
    sdk_close(&f.market);
    f.market = exchange_sdk(f.e, REALM_MARKET, &f.handler);
}

static inline struct sdk_message honour(const char *key, const char *const *to, size_t to_count)
{
    return (struct sdk_message){
        .key = key,
        .type = lianshu_DocumentType_TYPE_HONOUR,
        .to = to,
        .to_count = to_count,
        .facts = exchange_honour(key),
    };
}

static inline enum err send(const struct sdk_message *m, uint8_t id[static SDK_ID_LEN])
{
    struct fault fault = {0};
    bool repeat;
    return sdk_send(f.market, m, f.e->now_ms, id, &repeat, &fault);
}

static inline void send_and_commit(const char *key, const char *const *to, size_t to_count)
{
    uint8_t id[SDK_ID_LEN];
    const struct sdk_message m = honour(key, to, to_count);
    assert_int_equal(send(&m, id), OK);
    assert_int_equal(sdk_commit(f.market, f.e->now_ms), OK);
}

static inline enum sdk_state state_of(const char *key)
{
    enum sdk_state state = SDK_QUEUED;
    uint8_t id[SDK_ID_LEN], env_id[SDK_ENV_ID_LEN];
    assert_int_equal(sdk_status(f.market, key, &state, id, env_id), OK);
    return state;
}

static inline struct span pull_envelope(void)
{
    assert_true(exchange_pull(f.e, f.market) > 0);
    const struct span frame = exchange_find(f.e, FRAME_ENVELOPE);
    assert_true(frame.len > 0);
    return frame;
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

#endif
