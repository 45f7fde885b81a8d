/* Checks what an adapter remembers of its registry (sdk_open): a version or a registrar that was
 * replaced stays replaced over restarts, and another document under a number that was seen is
 * refused. K-04 */
#include "unit/exchange.h"

#include "base/file.h"
#include "keys/registrar.h"

#include "t.h"

#include <string.h>

enum { PAPER_CAP = 4096, PAPERS = 3, REGISTRY_CAP = 64 << 10 };

static struct {
    struct exchange *e;
    struct fault fault;
    uint8_t paper[PAPERS][PAPER_CAP];
} f;

static int setup(void **state)
{
    (void)state;
    memset(&f, 0, sizeof f);
    f.e = exchange_open(4);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    exchange_close(&f.e);
    return 0;
}

/* The appointment of the realm's registrar under this number; no two are the same. */
static struct span appoint(size_t slot, uint64_t number)
{
    const struct realm *realm = f.e->realm;
    const struct key *root = realm->root;
    const struct key *official = realm->registrar;
    const struct office_signers by = {.anchor = &realm->anchor, .keys = &root, .key_count = 1};
    const struct registrar_make make = {
        .realm = REALM_NAME,
        .member = "registrar.445100",
        .region = "445100",
        .keys = &official,
        .key_count = 1,
        .number = number,
        .now_ms = REALM_NOW_MS - REALM_DAY_MS,
        .valid_until_ms = REALM_NOW_MS + 30 * REALM_DAY_MS,
        .entropy = &f.e->realm->entropy,
    };
    struct writer w = writer_of(f.paper[slot], PAPER_CAP);
    assert_int_equal(registrar_appoint(&make, &by, &w), OK);
    return writer_span(&w);
}

/* The adapter starts with this version by this appointment. */
static enum err start(uint64_t version, struct span appointment)
{
    static uint8_t bytes[REGISTRY_CAP];
    static const struct sdk_handler nobody;
    struct writer w = writer_of(bytes, sizeof bytes);
    struct registry_make make = realm_make(f.e->realm, version);
    const struct sdk_config config = exchange_config(f.e, REALM_MARKET);
    struct sdk *s = NULL;
    make.registrar_document = appointment;
    make.root_count = 0;
    make.now_ms = f.e->now_ms;
    make.valid_until_ms = make.now_ms + REALM_DAY_MS;
    assert_int_equal(registry_write(&make, f.e->realm->records, REALM_MEMBERS, &w, &f.fault), OK);
    assert_int_equal(file_write(config.registry, writer_span(&w), 0644, 0, NULL), OK);
    f.fault = (struct fault){.err = OK};
    const enum err err = sdk_open(&s, &config, &nobody, f.e->now_ms, &f.fault);
    assert_true((err == OK) == (s != NULL));
    sdk_close(&s);
    return err;
}

static void who_was_replaced_as_a_registrar_stays_replaced_over_restarts(void **state)
{
    (void)state;
    const struct span old = appoint(0, 1);
    const struct span next = appoint(1, 2);
    assert_int_equal(start(2, old), OK);
    assert_int_equal(start(2, old), OK);
    assert_int_equal(start(3, next), OK);
    assert_int_equal(start(4, old), ERR_REGISTRY_ROLLBACK); /* by the officials of before */
    assert_string_equal(f.fault.where, "registrar.445100");
    assert_int_equal(start(4, next), OK);
    assert_int_equal(start(5, old), ERR_REGISTRY_ROLLBACK);
    assert_int_equal(start(5, appoint(2, 9)), OK);
    assert_int_equal(start(6, next), ERR_REGISTRY_ROLLBACK);
}

static void another_document_under_a_number_that_was_seen_is_refused(void **state)
{
    (void)state;
    const struct span one = appoint(0, 2);
    const struct span other = appoint(1, 2);
    assert_int_equal(start(2, one), OK);
    assert_int_equal(start(3, other), ERR_NUMBER_TWICE);
    assert_string_equal(f.fault.where, "registrar.445100");
    assert_int_equal(start(2, other), ERR_NUMBER_TWICE); /* under the version in use, too */
    assert_int_equal(start(3, one), OK);
    assert_int_equal(start(4, appoint(2, 3)), OK);
    assert_int_equal(start(5, other), ERR_REGISTRY_ROLLBACK);
}

static void a_version_below_the_one_that_was_seen_is_refused(void **state)
{
    (void)state;
    const struct span by = appoint(0, 1);
    assert_int_equal(start(7, by), OK);
    assert_int_equal(start(6, by), ERR_REGISTRY_ROLLBACK);
    assert_int_equal(start(7, by), OK);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(who_was_replaced_as_a_registrar_stays_replaced_over_restarts),
        CASE(another_document_under_a_number_that_was_seen_is_refused),
        CASE(a_version_below_the_one_that_was_seen_is_refused),
    };
    return cmocka_run_group_tests_name("own_registry", tests, NULL, NULL);
}
