/* Checks the promises in keys/release_log.h: what the hub's log must hold of a release, and that
 * nothing is proven where memory or a call below fails. */
#include "fault/memory.h"
#include "fault/refusal.h"

#include "keys/init.h"
#include "keys/release_log.h"
#include "keys/tlog_proof.h"
#include "realm.h"
#include "wire.h"

#include "t.h"

#include <stdio.h>
#include <string.h>

#define TEXT "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef  bin/lianshu-hub\n"

static struct {
    struct realm *realm;
    struct witness_policy policy; /* no witness is needed */
    uint8_t list[4096];
    size_t list_len;
    struct release_signed what;
    uint8_t proof[8192];
    size_t proof_len;
    struct release_place place;
} f;

static struct span list(void)
{
    return span_of(f.list, f.list_len);
}

static int setup(void **state)
{
    uint8_t unsigned_list[1024];
    struct writer text = writer_of(unsigned_list, sizeof unsigned_list);
    struct writer w = writer_of(f.list, sizeof f.list);
    (void)state;
    memset(&f, 0, sizeof f);
    f.realm = realm_open(7);
    write_span(&text, span_str(TEXT));
    assert_int_equal(release_sign(writer_span(&text), REALM_NAME, realm_official(f.realm, 0), &w),
                     OK);
    f.list_len = w.len;
    assert_int_equal(release_read(list(), &f.what), OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    realm_close(&f.realm);
    return 0;
}

/* The proof of a log that holds this leaf alone. */
static void log_with(struct span leaf)
{
    uint8_t text[1024];
    struct checkpoint c = {.size = 1};
    struct writer note = writer_of(text, sizeof text);
    struct writer w = writer_of(f.proof, sizeof f.proof);
    merkle_leaf(c.root, leaf);
    assert_int_equal(note_origin(c.origin, REALM_HUB, REALM_NAME, 1), OK);
    assert_int_equal(note_sign(&c, realm_key(f.realm, REALM_HUB, KEY_USE_LOG), &note), OK);
    assert_int_equal(tlog_proof_write(&w, leaf, 0, NULL, 0, writer_span(&note)), OK);
    f.proof_len = w.len;
}

static void log_entry(enum log_kind kind, struct span body)
{
    uint8_t leaf[2048];
    struct writer w = writer_of(leaf, sizeof leaf);
    assert_int_equal(log_leaf_write(&w, kind, REALM_NOW_MS, body), OK);
    log_with(writer_span(&w));
}

static void log_admin(enum log_kind kind, const lianshu_Admin *body)
{
    uint8_t bytes[1024];
    struct writer w = writer_of(bytes, sizeof bytes);
    assert_int_equal(wire_encode(&lianshu_Admin_msg, body, &w), OK);
    log_entry(kind, writer_span(&w));
}

static lianshu_Admin entry(void)
{
    static const uint8_t officials[2][KID_LEN] = {{1}, {2}};
    lianshu_Admin body;
    release_entry(&body, REALM_HUB, f.what.hash, officials);
    return body;
}

static enum err proven(void)
{
    const struct release_reader reader = {f.realm->registry, REALM_HUB, REALM_NOW_MS};
    return release_proven(&reader, &f.policy, list(), span_of(f.proof, f.proof_len), &f.place);
}

static void a_release_is_an_entry_of_the_hubs_log(void **state)
{
    const lianshu_Admin body = entry();
    (void)state;
    log_admin(LOG_ADMIN, &body);
    assert_int_equal(proven(), OK);
    assert_int_equal(f.place.index, 0);
    assert_string_equal(f.place.origin, "hub.445100.test/audit/1");
    f.policy.needed = 1;
    assert_int_equal(proven(), ERR_WITNESSES);
}

static void another_entry_proves_nothing(void **state)
{
    lianshu_Admin body = entry();
    (void)state;
    log_with(span_str("no leaf"));
    assert_int_equal(proven(), ERR_RELEASE_LOG);
    log_entry(LOG_ADMIN, span_str("\xff"));
    assert_int_equal(proven(), ERR_RELEASE_LOG);
    log_admin(LOG_RECEIPT, &body);
    assert_int_equal(proven(), ERR_RELEASE_LOG);
    body.document.size = HASH_LEN - 1;
    log_admin(LOG_ADMIN, &body);
    assert_int_equal(proven(), ERR_RELEASE_LOG);
    body = entry();
    body.document.bytes[0] ^= 1;
    log_admin(LOG_ADMIN, &body);
    assert_int_equal(proven(), ERR_RELEASE_LOG);
    body = entry();
    body.event[0] = 'x';
    log_admin(LOG_ADMIN, &body);
    assert_int_equal(proven(), ERR_RELEASE_LOG);
    body = entry();
    body.by[0] = 'x';
    log_admin(LOG_ADMIN, &body);
    assert_int_equal(proven(), ERR_RELEASE_LOG);
}

static void what_is_no_list_or_no_proof_is_proven_by_nothing(void **state)
{
    const lianshu_Admin body = entry();
    (void)state;
    log_admin(LOG_ADMIN, &body);
    f.list[0] ^= 0x80;
    assert_int_not_equal(proven(), OK);
    f.list[0] ^= 0x80;
    assert_int_equal(proven(), OK);
    f.proof_len /= 2;
    assert_int_not_equal(proven(), OK);
}

static void without_what_it_needs_nothing_is_proven(void **state)
{
    const lianshu_Admin body = entry();
    (void)state;
    log_admin(LOG_ADMIN, &body);
    memory_hold("release", proven);
    refusal_hold("release", proven);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_release_is_an_entry_of_the_hubs_log),
        CASE(another_entry_proves_nothing),
        CASE(what_is_no_list_or_no_proof_is_proven_by_nothing),
        CASE(without_what_it_needs_nothing_is_proven),
    };
    return keys_init() == OK ? cmocka_run_group_tests_name("release_log", tests, NULL, NULL) : 1;
}
