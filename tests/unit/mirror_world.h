/* The mirror of one adapter, fed with papers of its hub, and what it answers. */
#ifndef TESTS_UNIT_MIRROR_WORLD_H
#define TESTS_UNIT_MIRROR_WORLD_H

#include "adapters/sdk/sdk_mirror.h"
#include "base/clock.h"
#include "exchange.h"
#include "mirror_paper.h"

#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GENERATION (REALM_NOW_MS - 1000)

struct fixture {
    struct exchange *e;
    struct sdk *s;
    struct paper paper;
    struct sdk_mirror_answer answer;
};

static struct fixture f;

/* The adapter without a mirror, and the hub's next paper. */
static inline void begin_world(void)
{
    memset(&f, 0, sizeof f);
    f.e = exchange_open(9);
    f.s = exchange_sdk(f.e, REALM_HEALTH, NULL);
    f.paper.member = REALM_HEALTH;
    memcpy(f.paper.adapter, key_kid(keyring_find(f.s->keys, KEY_USE_TRANSPORT)),
           sizeof f.paper.adapter);
    f.paper.now_ms = f.e->now_ms;
}

static inline int teardown(void **state)
{
    (void)state;
    paper_end(&f.paper);
    sdk_close(&f.s);
    exchange_close(&f.e);
    return 0;
}

static inline enum err take(struct span body)
{
    assert_int_equal(sdk_begin(f.s), OK);
    const enum err err = mirror_take(f.s->mirror_in, body, f.e->now_ms, f.e->now_ms);
    assert_int_equal(sdk_commit(f.s, f.e->now_ms), OK);
    return err;
}

static inline const struct sdk_mirror_answer *ask_at(unsigned company, uint64_t now_ms)
{
    struct sdk_mirror *mirror = NULL;

    assert_int_equal(sdk_mirror_of(f.s, &mirror), OK);
    assert_int_equal(sdk_mirror_check(mirror, lianshu_SubjectKind_SUBJECT_ENTERPRISE,
                                      paper_company(company), now_ms, &f.answer),
                     OK);
    return &f.answer;
}

static inline enum sdk_mirror_verdict verdict(unsigned company)
{
    return ask_at(company, f.e->now_ms)->verdict;
}

/* A snapshot is begun. */
static inline int setup_begun(void **state)
{
    (void)state;
    begin_world();
    paper_begin(&f.paper, GENERATION);
    return 0;
}

/* A snapshot of two pages: companies 1 and 2, then 3. In force. */
static inline void snapshot(void)
{
    (void)paper_row(&f.paper, 1, paper_company(1), false);
    (void)paper_row(&f.paper, 2, paper_company(2), false);
    assert_int_equal(take(paper_page(&f.paper, 100, false)), OK);
    (void)paper_row(&f.paper, 3, paper_company(3), false);
    assert_int_equal(take(paper_page(&f.paper, 100, true)), OK);
    assert_int_equal(verdict(1), SDK_MIRROR_RESTRICTED);
}

#endif
