/* The market regulator sends, the health commission takes: the fixture of what comes in. */
#ifndef TESTS_UNIT_PAIR_H
#define TESTS_UNIT_PAIR_H

#include "exchange.h"

#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pair {
    struct exchange *e;
    struct sdk *market, *health, *second;
    struct sdk_handler handler; /* of health */
};

static inline void pair_open(struct pair *p, uint8_t seed,
                             enum err (*apply)(void *ctx, struct sdk *sdk,
                                               const struct sdk_incoming *m, uint64_t now_ms))
{
    p->e = exchange_open(seed);
    p->handler.apply = apply;
    p->market = exchange_sdk(p->e, REALM_MARKET, NULL);
    p->health = exchange_sdk(p->e, REALM_HEALTH, &p->handler);
    exchange_connect(p->e, p->market);
    exchange_connect(p->e, p->health);
}

static inline void pair_close(struct pair *p)
{
    sdk_close(&p->market);
    sdk_close(&p->health);
    sdk_close(&p->second);
    exchange_close(&p->e);
}

/* One honour for the health commission; conversation 0: of its own. */
static inline void pair_send(struct pair *p, struct sdk *sender, const char *key,
                             uint8_t conversation)
{
    static const char *const to[] = {REALM_HEALTH};
    const uint8_t id[SDK_ID_LEN] = {conversation};
    uint8_t message_id[SDK_ID_LEN];
    const struct sdk_message m = {.key = key,
                                  .type = lianshu_DocumentType_TYPE_HONOUR,
                                  .to = to,
                                  .to_count = 1,
                                  .facts = exchange_honour(key),
                                  .conversation = span_of(id, conversation == 0 ? 0 : sizeof id)};
    assert_int_equal(sdk_send(sender, &m, p->e->now_ms, message_id, NULL, NULL), OK);
}

/* What that adapter sends now is this many frames, and kept. */
static inline void pair_keep(struct pair *p, struct sdk *sender, size_t want)
{
    assert_int_equal(sdk_commit(sender, p->e->now_ms), OK);
    assert_int_equal(exchange_pull(p->e, sender), want);
    for (size_t i = 0; i < want; i++)
        exchange_keep(p->e, exchange_frame(p->e, i));
}

#endif
