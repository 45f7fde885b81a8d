/*
 * Whatever asks for memory and does not get it says so, gives back what it had, and can be asked
 * again: enrolment, each place in turn (fault/memory.h). And so does whatever calls something
 * below that fails (fault/refusal.h). The leak checker watches.
 */
#include "unit/enrol_desk.h"

#include "fault/memory.h"
#include "fault/refusal.h"

#include "keys/init.h"
#include "keys/keyfile.h"

/* One official approves, and another one after him. */
static enum err approved(const struct enrol_request *r)
{
    uint8_t half[ENROL_FRAME_MAX];
    lianshu_EnrolmentApproval body;
    struct writer first = writer_of(half, sizeof half);
    struct enrol_approving a = {.request = r,
                                .realm = REALM_NAME,
                                .registrar = "registrar.445100",
                                .keys = {f.official[0]},
                                .now_ms = NOW,
                                .entropy = &f.entropy};
    memcpy(a.second_kid, key_kid(f.official[1]), KID_LEN);
    enum err err = enrol_approval_make(&a, &first, &f.fault);
    a.keys[0] = f.official[1];
    f.approval.len = 0;
    if (err == OK)
        err = enrol_approval_sign(writer_span(&first), &a, &f.approval, &f.fault);
    if (err == OK)
        err = enrol_approval_open(writer_span(&f.approval), REALM_NAME, &f.officials, NOW, &body,
                                  &f.fault);
    return err;
}

static enum err enrolment(void)
{
    char text[ENROL_CODE_TEXT_LEN + 1];
    struct enrol_code *code = NULL;
    struct passphrase *typed = NULL;
    struct enrol_request r;
    uint8_t hash[HASH_LEN];
    enrol_code_text(f.code, text);
    enum err err = passphrase_of(&typed, span_str(text));
    if (err == OK)
        err = enrol_code_of(&code, typed);
    assert_true((err == OK) == (code != NULL));
    passphrase_close(&typed);
    enrol_code_close(&code);
    if (err == OK)
        err = enrol_code_make(&code, &f.entropy);
    enrol_code_close(&code);
    if (err == OK)
        err = enrol_code_hash(f.code, &f.entry.invitation, hash);
    const struct enrol_wish w = wish();
    if (err == OK)
        err = ask(&w);
    if (err == OK)
        err = enrol_request_read(&r, writer_span(&f.file), &f.fault);
    if (err == OK)
        err = enrol_request_verify(&r, &f.entry.invitation, f.desk, NOW, &f.fault);
    return err != OK ? err : approved(&r);
}

static int begin(void **state)
{
    assert_int_equal(keys_init(), OK);
    return setup(state);
}

static void without_memory_enrolment(void **state)
{
    (void)state;
    memory_hold("enrolment", enrolment);
}

static void where_a_call_fails_enrolment(void **state)
{
    (void)state;
    refusal_hold("enrolment", enrolment);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_memory_enrolment, begin, teardown),
        cmocka_unit_test_setup_teardown(where_a_call_fails_enrolment, begin, teardown),
    };
    return cmocka_run_group_tests_name("no_memory_enrol", tests, NULL, NULL);
}
