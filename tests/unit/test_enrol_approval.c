/* Checks the promises in keys/enrol.h of approvals: two officials, at one desk or at two. A-07. */
#include "unit/enrol_desk.h"

#include "keys/init.h"

static struct enrol_approving approving(const struct enrol_request *r, const struct key *first,
                                        const struct key *second_key)
{
    struct enrol_approving a = {.request = r,
                                .realm = REALM_NAME,
                                .registrar = "registrar.445100",
                                .keys = {first, second_key},
                                .now_ms = NOW,
                                .entropy = &f.entropy};
    memcpy(a.second_kid, key_kid(f.official[1]), KID_LEN);
    return a;
}

static enum err open_approval(uint64_t now)
{
    lianshu_EnrolmentApproval body;
    const enum err err = enrol_approval_open(writer_span(&f.approval), REALM_NAME, &f.officials,
                                             now, &body, &f.fault);
    if (err == OK) {
        assert_string_equal(body.member, REALM_MARKET);
        assert_int_equal(body.keys_count, KEYS);
        for (size_t i = 0; i < KEYS; i++)
            assert_memory_equal(body.keys[i].public_key, f.keys[i].public_key, KEY_PUBLIC_LEN);
    }
    return err;
}

static void two_officials_approve_at_one_desk_or_at_two(void **state)
{
    uint8_t half[ENROL_FRAME_MAX];
    (void)state;
    asked();
    const struct enrol_request r = request();
    struct enrol_approving a = approving(&r, f.official[0], f.official[1]);
    assert_int_equal(enrol_approval_make(&a, &f.approval, &f.fault), OK);
    assert_int_equal(open_approval(NOW), OK);

    f.approval.len = 0;
    a = approving(&r, f.official[0], NULL);
    assert_int_equal(enrol_approval_make(&a, &f.approval, &f.fault), OK);
    assert_int_equal(open_approval(NOW), ERR_TWO_OFFICIALS);
    const size_t len = f.approval.len;
    memcpy(half, f.approval_bytes, len);
    f.approval.len = 0;
    a = approving(&r, f.official[1], NULL);
    assert_int_equal(enrol_approval_sign(span_of(half, len), &a, &f.approval, &f.fault), OK);
    assert_int_equal(open_approval(NOW), OK);
    assert_int_equal(open_approval(NOW + (ENROL_APPROVAL_DAYS + 1) * REALM_DAY_MS), ERR_EXPIRED);
}

static void one_official_is_not_two(void **state)
{
    (void)state;
    asked();
    const struct enrol_request r = request();
    struct enrol_approving a = approving(&r, f.official[1], f.official[1]);
    assert_int_equal(enrol_approval_make(&a, &f.approval, &f.fault), ERR_TWO_OFFICIALS);
    a = approving(&r, f.official[1], NULL); /* names himself as the second */
    assert_int_equal(enrol_approval_make(&a, &f.approval, &f.fault), ERR_TWO_OFFICIALS);
    a = approving(&r, NULL, f.official[1]);
    assert_int_equal(enrol_approval_make(&a, &f.approval, &f.fault), ERR_TWO_OFFICIALS);
    a = approving(&r, f.official[0], keyring_find(f.ring, KEY_USE_SIGN));
    assert_int_equal(enrol_approval_make(&a, &f.approval, &f.fault), ERR_KEY_USE);
    a = approving(&r, f.official[0], f.official[1]);
    a.registrar = REALM_MARKET;
    assert_int_equal(enrol_approval_make(&a, &f.approval, &f.fault), ERR_KEY_USE);
}

static void the_second_official_signs_only_what_he_has_verified(void **state)
{
    uint8_t half[ENROL_FRAME_MAX];
    (void)state;
    asked();
    struct enrol_request r = request();
    struct enrol_approving a = approving(&r, f.official[0], NULL);
    assert_int_equal(enrol_approval_make(&a, &f.approval, &f.fault), OK);
    const struct span first = span_of(half, f.approval.len);
    memcpy(half, f.approval_bytes, f.approval.len);
    f.approval.len = 0;

    struct enrol_request other = r; /* he was shown other bytes */
    other.hash[0] ^= 1;
    a = approving(&other, f.official[1], NULL);
    assert_int_equal(enrol_approval_sign(first, &a, &f.approval, &f.fault), ERR_CONFLICT);
    other = r; /* the first put in another key */
    other.body.keys[2].key.public_key[5] ^= 1;
    a = approving(&other, f.official[1], NULL);
    assert_int_equal(enrol_approval_sign(first, &a, &f.approval, &f.fault), ERR_CONFLICT);
    a = approving(&r, f.official[2], NULL); /* not the one whom it names */
    assert_int_equal(enrol_approval_sign(first, &a, &f.approval, &f.fault), ERR_TWO_OFFICIALS);
    a = approving(&r, f.official[0], NULL); /* the first again */
    assert_int_equal(enrol_approval_sign(first, &a, &f.approval, &f.fault), ERR_TWO_OFFICIALS);
    a = approving(&r, f.official[1], NULL);
    a.realm = "other";
    assert_int_equal(enrol_approval_sign(first, &a, &f.approval, &f.fault), ERR_REALM);
    assert_int_equal(f.approval.len, 0);
    a.realm = REALM_NAME;
    assert_int_equal(enrol_approval_sign(first, &a, &f.approval, &f.fault), OK);
    memcpy(half, f.approval_bytes, f.approval.len);
    uint8_t again[ENROL_FRAME_MAX];
    struct writer w = writer_of(again, sizeof again);
    assert_int_equal(enrol_approval_sign(span_of(half, f.approval.len), &a, &w, &f.fault),
                     ERR_EXISTS);
}

static void an_approval_by_others_is_worth_nothing(void **state)
{
    (void)state;
    asked();
    const struct enrol_request r = request();
    const struct enrol_approving a = approving(&r, f.official[0], f.official[2]);
    assert_int_equal(enrol_approval_make(&a, &f.approval, &f.fault), OK);
    assert_int_equal(open_approval(NOW), ERR_KID_UNKNOWN);
    f.officials.count = 3;
    assert_int_equal(open_approval(NOW), OK);
    lianshu_EnrolmentApproval body;
    assert_int_equal(
        enrol_approval_open(writer_span(&f.approval), "other", &f.officials, NOW, &body, &f.fault),
        ERR_REALM);
    assert_int_equal(
        enrol_approval_open(writer_span(&f.file), REALM_NAME, &f.officials, NOW, &body, &f.fault),
        ERR_TYPE_UNKNOWN);
}

static void no_changed_byte_of_a_request_or_approval_passes(void **state)
{
    struct enrol_request r;
    lianshu_EnrolmentApproval body;
    (void)state;
    asked();
    r = request();
    const struct enrol_approving a = approving(&r, f.official[0], f.official[1]);
    assert_int_equal(enrol_approval_make(&a, &f.approval, &f.fault), OK);
    for (size_t i = 0; i < f.file.len; i++) {
        f.bytes[i] ^= 0x10;
        if (enrol_request_read(&r, writer_span(&f.file), &f.fault) == OK)
            assert_int_not_equal(
                enrol_request_verify(&r, &f.entry.invitation, f.desk, NOW, &f.fault), OK);
        f.bytes[i] ^= 0x10;
    }
    for (size_t i = 0; i < f.approval.len; i++) {
        f.approval_bytes[i] ^= 0x10;
        assert_int_not_equal(enrol_approval_open(writer_span(&f.approval), REALM_NAME, &f.officials,
                                                 NOW, &body, &f.fault),
                             OK);
        f.approval_bytes[i] ^= 0x10;
    }
    for (size_t len = 0; len < f.file.len; len++)
        assert_int_not_equal(enrol_request_read(&r, span_of(f.bytes, len), &f.fault), OK);
}

/* An approval as two officials would write it who have not looked: body and document changed. */
static enum err forged(void (*change)(lianshu_Document *d, lianshu_EnrolmentApproval *body))
{
    static lianshu_Document d;
    static uint8_t bytes[ENROL_FRAME_MAX];
    struct frame_document frame;
    lianshu_EnrolmentApproval body;
    uint8_t hash[HASH_LEN];
    const struct key *keys[] = {f.official[0], f.official[1]};
    const struct enrol_request r = request();
    const struct enrol_approving a = approving(&r, f.official[0], f.official[1]);
    f.approval.len = 0;
    assert_int_equal(enrol_approval_make(&a, &f.approval, &f.fault), OK);
    assert_int_equal(frame_parse_document(writer_span(&f.approval), &frame), OK);
    assert_int_equal(wire_decode(&lianshu_Document_msg, frame.document, &d), OK);
    assert_int_equal(
        wire_decode(&lianshu_EnrolmentApproval_msg, span_of(d.body.bytes, d.body.size), &body), OK);
    change(&d, &body);
    struct writer b = writer_of(d.body.bytes, sizeof d.body.bytes);
    assert_int_equal(wire_encode(&lianshu_EnrolmentApproval_msg, &body, &b), OK);
    d.body.size = (pb_size_t)b.len;
    struct writer w = writer_of(bytes, sizeof bytes);
    assert_int_equal(document_encode(&d, &w, hash), OK);
    f.approval.len = 0;
    assert_int_equal(document_sign(writer_span(&w), keys, d.issuers_count, &f.approval), OK);
    return open_approval(NOW);
}

static void as_it_is(lianshu_Document *d, lianshu_EnrolmentApproval *body)
{
    (void)d, (void)body;
}

static void of_nobody(lianshu_Document *d, lianshu_EnrolmentApproval *body)
{
    (void)d;
    strcpy(body->member, "Market");
}

static void of_no_key(lianshu_Document *d, lianshu_EnrolmentApproval *body)
{
    (void)d;
    body->keys_count = 0;
}

static void of_no_use(lianshu_Document *d, lianshu_EnrolmentApproval *body)
{
    (void)d;
    strcpy(body->use, "root");
}

static void by_one(lianshu_Document *d, lianshu_EnrolmentApproval *body)
{
    (void)body;
    d->issuers_count = 1;
}

static void of_two_registrars(lianshu_Document *d, lianshu_EnrolmentApproval *body)
{
    (void)body;
    strcpy(d->issuers[1].member, "registrar.440000");
}

static void of_a_member(lianshu_Document *d, lianshu_EnrolmentApproval *body)
{
    (void)body;
    strcpy(d->issuers[0].member, REALM_MARKET);
    strcpy(d->issuers[1].member, REALM_MARKET);
}

static void an_approval_that_makes_no_sense_is_refused_whoever_signs_it(void **state)
{
    static const struct {
        void (*change)(lianshu_Document *d, lianshu_EnrolmentApproval *body);
        enum err want;
    } rows[] = {
        {as_it_is, OK},
        {of_nobody, ERR_HEADER},
        {of_no_key, ERR_HEADER},
        {of_no_use, ERR_HEADER},
        {by_one, ERR_TWO_OFFICIALS},
        {of_two_registrars, ERR_TWO_OFFICIALS},
        {of_a_member, ERR_KEY_NOT_SENDERS},
    };
    (void)state;
    asked();
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(forged(rows[i].change), rows[i].want);
    }
}

static void nobody_signs_after_what_is_no_approval_of_his_request(void **state)
{
    static const uint8_t bytes[ENROL_FRAME_MAX + 1];
    uint8_t half[ENROL_FRAME_MAX];
    (void)state;
    asked();
    const struct enrol_request r = request();
    struct enrol_approving a = approving(&r, f.official[0], NULL);
    assert_int_equal(enrol_approval_make(&a, &f.approval, &f.fault), OK);
    const struct span first = span_of(half, f.approval.len);
    memcpy(half, f.approval_bytes, f.approval.len);
    f.approval.len = 0;
    a = approving(&r, f.official[1], NULL);
    assert_int_equal(enrol_approval_sign(span_of(bytes, sizeof bytes), &a, &f.approval, &f.fault),
                     ERR_TOO_LARGE);
    struct enrol_request other = r; /* of another invitation */
    other.body.invitation[0] ^= 1;
    a = approving(&other, f.official[1], NULL);
    assert_int_equal(enrol_approval_sign(first, &a, &f.approval, &f.fault), ERR_CONFLICT);
    a = approving(&r, f.official[1], NULL);
    a.registrar = "registrar.440000";
    assert_int_equal(enrol_approval_sign(first, &a, &f.approval, &f.fault), ERR_TWO_OFFICIALS);
    a = approving(&r, NULL, NULL);
    assert_int_equal(enrol_approval_sign(first, &a, &f.approval, &f.fault), ERR_KEY_USE);
    a = approving(&r, keyring_find(f.ring, KEY_USE_SIGN), NULL);
    assert_int_equal(enrol_approval_sign(first, &a, &f.approval, &f.fault), ERR_KEY_USE);
    assert_int_equal(f.approval.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(two_officials_approve_at_one_desk_or_at_two),
        CASE(one_official_is_not_two),
        CASE(the_second_official_signs_only_what_he_has_verified),
        CASE(an_approval_by_others_is_worth_nothing),
        CASE(no_changed_byte_of_a_request_or_approval_passes),
        CASE(an_approval_that_makes_no_sense_is_refused_whoever_signs_it),
        CASE(nobody_signs_after_what_is_no_approval_of_his_request),
    };
    if (keys_init() != OK)
        return 1;
    return cmocka_run_group_tests_name("enrol_approval", tests, NULL, NULL);
}
