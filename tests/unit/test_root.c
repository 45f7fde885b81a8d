/* Checks what keys/root.h promises: an anchor moves by one, and only by the old and the new roots.
 */
#include "keys/root.h"

#include "keys/init.h"

#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW UINT64_C(1764000000000)
#define DAY UINT64_C(86400000)

enum { ROOTS = 3, CAP = 8 << 10 };

static struct world {
    struct entropy_replay replay;
    struct entropy entropy;
    struct key *old[ROOTS];
    struct key *new[ROOTS];
    struct anchor from; /* two of three */
    struct anchor to;   /* two of three others */
    uint64_t until_ms;  /* of the rotation */
    uint8_t lsd[CAP];
    size_t begin; /* of the rotation in lsd */
    size_t len;
    struct fault fault;
} w;

static void make_anchor(struct anchor *anchor, struct key **keys)
{
    *anchor = (struct anchor){.number = 1, .threshold = 2, .root_count = ROOTS};
    snprintf(anchor->realm, sizeof anchor->realm, "test");
    for (size_t i = 0; i < ROOTS; i++) {
        assert_int_equal(key_make(&keys[i], KEY_USE_ROOT, NOW, &w.entropy), OK);
        memcpy(anchor->root[i], key_public(keys[i]), KEY_PUBLIC_LEN);
    }
}

static int setup(void **state)
{
    const uint8_t seed[ENTROPY_SEED_LEN] = {9};
    (void)state;
    memset(&w, 0, sizeof w);
    assert_int_equal(keys_init(), OK);
    w.entropy = entropy_replay_init(&w.replay, seed);
    w.until_ms = NOW + 1825 * DAY;
    make_anchor(&w.from, w.old);
    make_anchor(&w.to, w.new);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROOTS; i++) {
        key_close(&w.old[i]);
        key_close(&w.new[i]);
    }
    return 0;
}

static enum err rotate(const struct key *const *keys, size_t count)
{
    const struct root_make make = {
        .from = &w.from,
        .to = &w.to,
        .keys = keys,
        .key_count = count,
        .now_ms = NOW,
        .valid_until_ms = w.until_ms,
        .entropy = &w.entropy,
    };
    struct writer out = writer_of(w.lsd, sizeof w.lsd);
    out.len = w.begin;
    w.fault.detail[0] = '\0';
    enum err err = root_rotate(&make, &out, &w.fault);
    w.len = out.len - w.begin;
    return err;
}

static enum err rotate_well(void)
{
    const struct key *keys[] = {w.old[0], w.old[2], w.new[1], w.new[0]};
    return rotate(keys, T_COUNT(keys));
}

static enum err accept_at(const struct anchor *from, uint64_t now_ms, struct anchor *out)
{
    w.fault.detail[0] = '\0';
    return root_accept(from, span_of(w.lsd + w.begin, w.len), now_ms, out, &w.fault);
}

static void old_and_new_roots_together_move_the_anchor_by_one(void **state)
{
    struct anchor out = {.number = 0};
    (void)state;
    assert_int_equal(rotate_well(), OK);
    assert_int_equal(accept_at(&w.from, NOW, &out), OK);
    assert_int_equal(out.number, 2);
    assert_int_equal(out.threshold, 2);
    assert_int_equal(out.root_count, ROOTS);
    assert_string_equal(out.realm, "test");
    for (size_t i = 0; i < ROOTS; i++)
        assert_memory_equal(out.root[i], w.to.root[i], KEY_PUBLIC_LEN);
    struct anchor draft;
    lianshu_Document d;
    uint32_t signed_by;
    assert_int_equal(
        root_draft(&w.from, span_of(w.lsd + w.begin, w.len), &draft, &d, &signed_by, &w.fault), OK);
    assert_int_equal(draft.number, 2);
    assert_int_equal(draft.threshold, 2);
    assert_memory_equal(draft.root, w.to.root, sizeof draft.root);
    /* Not a second time, and an anchor that is further on does not go back. */
    assert_int_equal(accept_at(&out, NOW, &out), ERR_ROOT_ROTATION);
    assert_int_equal(out.number, 2);
}

static void a_root_that_stays_signs_once_for_both(void **state)
{
    struct anchor out;
    const struct key *keys[] = {w.old[0], w.old[1], w.new[2]};
    (void)state;
    memcpy(w.to.root[0], w.from.root[1], KEY_PUBLIC_LEN);
    assert_int_equal(rotate(keys, T_COUNT(keys)), OK);
    assert_int_equal(accept_at(&w.from, NOW, &out), OK);
    assert_memory_equal(out.root[0], w.from.root[1], KEY_PUBLIC_LEN);
}

/* K-03 */
static void new_keys_alone_or_too_few_of_either_are_432(void **state)
{
    const struct {
        const struct key *keys[4];
        size_t count;
        const char *says;
    } rows[] = {
        {{w.new[0], w.new[1]}, 2, "0 of 2 old roots and 2 of 2"},
        {{w.new[0], w.new[1], w.old[0]}, 3, "1 of 2 old roots and 2 of 2"},
        {{w.old[0], w.old[1]}, 2, "2 of 2 old roots and 0 of 2"},
        {{w.old[0], w.old[1], w.new[2]}, 3, "2 of 2 old roots and 1 of 2"},
        {{w.old[0]}, 1, "1 of 2 old roots and 0 of 2"},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct anchor out = {.number = 7};
        print_message("row %zu\n", i);
        assert_int_equal(rotate(rows[i].keys, rows[i].count), ERR_ROOT_ROTATION);
        assert_non_null(strstr(w.fault.detail, rows[i].says));
        assert_int_equal(accept_at(&w.from, NOW, &out), ERR_ROOT_ROTATION);
        assert_int_equal(out.number, 7);
    }
    const struct key *twice[] = {w.old[0], w.old[0], w.new[0], w.new[1]};
    assert_int_equal(rotate(twice, T_COUNT(twice)), ERR_KEY_REUSED);
    struct key *stranger = NULL;
    assert_int_equal(key_make(&stranger, KEY_USE_ROOT, NOW, &w.entropy), OK);
    const struct key *strange[] = {w.old[0], stranger, w.new[0], w.new[1]};
    assert_int_equal(rotate(strange, T_COUNT(strange)), ERR_KEY_NOT_SENDERS);
    key_close(&stranger);
}

/* K-03 */
static void a_number_that_is_skipped_is_432(void **state)
{
    struct anchor out;
    (void)state;
    assert_int_equal(rotate_well(), OK);
    for (unsigned number = 2; number < 5; number++) {
        w.from.number = number;
        assert_int_equal(accept_at(&w.from, NOW, &out), ERR_ROOT_ROTATION);
        assert_non_null(strstr(w.fault.detail, "number 2 does not follow"));
    }
    w.from.number = 0; /* an anchor file without one: the first */
    assert_int_equal(accept_at(&w.from, NOW, &out), OK);
}

static void another_realm_time_or_document_is_refused(void **state)
{
    struct anchor out;
    (void)state;
    assert_int_equal(rotate_well(), OK);
    assert_int_equal(accept_at(&w.from, NOW - 1, &out), ERR_KEY_NOT_YET);
    assert_int_equal(accept_at(&w.from, NOW + 1825 * DAY, &out), ERR_KEY_EXPIRED);
    assert_int_equal(accept_at(&w.from, NOW + 1825 * DAY - 1, &out), OK);
    snprintf(w.from.realm, sizeof w.from.realm, "prod");
    assert_int_equal(accept_at(&w.from, NOW, &out), ERR_ROOT_ROTATION);
    snprintf(w.from.realm, sizeof w.from.realm, "test");
    w.from.root[0][3] ^= 1; /* the anchor of others */
    assert_int_equal(accept_at(&w.from, NOW, &out), ERR_ROOT_ROTATION);
}

static void new_roots_are_refused_for_each_fault(void **state)
{
    (void)state;
    w.to.threshold = 4;
    assert_int_equal(rotate_well(), ERR_ROOT_ROTATION);
    w.to.threshold = 0;
    assert_int_equal(rotate_well(), ERR_ROOT_ROTATION);
    w.to.threshold = 2;
    w.to.root_count = 0;
    assert_int_equal(rotate((const struct key *const[]){w.old[0], w.old[2]}, 2), ERR_ROOT_ROTATION);
    assert_non_null(strstr(w.fault.detail, "2 of 0 roots"));
    w.to.root_count = ROOTS;
    memcpy(w.to.root[2], w.to.root[1], KEY_PUBLIC_LEN);
    assert_int_equal(rotate_well(), ERR_KEY_REUSED);
    memset(w.to.root[2], 0, KEY_PUBLIC_LEN);
    assert_int_equal(rotate_well(), ERR_KEY_PUBLIC);
    w.to.root[2][0] = 1;
    assert_int_equal(rotate_well(), ERR_KEY_WEAK);
}

static void all_new_roots_may_be_needed(void **state)
{
    const struct key *keys[] = {w.old[0], w.old[2], w.new[0], w.new[1], w.new[2]};
    struct anchor out;
    (void)state;
    w.to.threshold = ROOTS;
    assert_int_equal(rotate(keys, T_COUNT(keys) - 1), ERR_ROOT_ROTATION);
    assert_int_equal(rotate(keys, T_COUNT(keys)), OK);
    assert_int_equal(accept_at(&w.from, NOW, &out), OK);
    assert_int_equal(out.threshold, ROOTS);
}

static void a_rotation_is_written_behind_what_is_there(void **state)
{
    struct anchor out;
    (void)state;
    w.begin = 7;
    assert_int_equal(rotate_well(), OK);
    assert_int_equal(accept_at(&w.from, NOW, &out), OK);
}

static void a_rotation_that_never_holds_is_432(void **state)
{
    (void)state;
    w.until_ms = NOW;
    assert_int_equal(rotate_well(), ERR_ROOT_ROTATION);
    assert_non_null(strstr(w.fault.detail, "or its times"));
    w.until_ms = NOW + 1;
    assert_int_equal(rotate_well(), OK);
}

static void every_changed_byte_is_refused(void **state)
{
    struct anchor out;
    (void)state;
    assert_int_equal(rotate_well(), OK);
    for (size_t at = 0; at < w.len; at++) {
        w.lsd[at] ^= 0x20;
        assert_int_not_equal(accept_at(&w.from, NOW, &out), OK);
        w.lsd[at] ^= 0x20;
    }
    for (size_t whole = w.len; w.len-- > 0;) {
        assert_int_not_equal(accept_at(&w.from, NOW, &out), OK);
        assert_true(w.len < whole);
    }
}

static void roots_sign_one_after_the_other(void **state)
{
    const struct key *first[] = {w.old[1]};
    uint8_t named[3][KEY_PUBLIC_LEN];
    const struct key *next[] = {w.new[0], w.new[2], w.old[0]}; /* in any order */
    struct anchor out;
    struct writer lsd = writer_of(w.lsd, sizeof w.lsd);
    (void)state;
    memcpy(named[0], key_public(w.old[0]), KEY_PUBLIC_LEN);
    memcpy(named[1], key_public(w.new[0]), KEY_PUBLIC_LEN);
    memcpy(named[2], key_public(w.new[2]), KEY_PUBLIC_LEN);
    const struct root_make make = {
        .from = &w.from,
        .to = &w.to,
        .keys = first,
        .key_count = 1,
        .later = (const uint8_t(*)[KEY_PUBLIC_LEN])named,
        .later_count = 3,
        .now_ms = NOW,
        .valid_until_ms = NOW + DAY,
        .entropy = &w.entropy,
    };
    assert_int_equal(root_rotate(&make, &lsd, &w.fault), OK);
    w.len = lsd.len;
    for (size_t i = 0; i < T_COUNT(next); i++) {
        uint8_t old[CAP];
        assert_int_equal(accept_at(&w.from, NOW, &out), ERR_ROOT_ROTATION);
        memcpy(old, w.lsd, w.len);
        lsd = writer_of(w.lsd, sizeof w.lsd);
        assert_int_equal(document_add_signature(span_of(old, w.len), next[i], &lsd), OK);
        w.len = lsd.len;
    }
    assert_int_equal(accept_at(&w.from, NOW, &out), OK);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(old_and_new_roots_together_move_the_anchor_by_one),
        CASE(a_root_that_stays_signs_once_for_both),
        CASE(new_keys_alone_or_too_few_of_either_are_432),
        CASE(a_number_that_is_skipped_is_432),
        CASE(another_realm_time_or_document_is_refused),
        CASE(new_roots_are_refused_for_each_fault),
        CASE(all_new_roots_may_be_needed),
        CASE(a_rotation_is_written_behind_what_is_there),
        CASE(a_rotation_that_never_holds_is_432),
        CASE(every_changed_byte_is_refused),
        CASE(roots_sign_one_after_the_other),
    };
    return cmocka_run_group_tests_name("root", tests, NULL, NULL);
}
