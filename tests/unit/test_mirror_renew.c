/* Checks guarantee 5 of sdk_mirror.h: after the hub was restored from a copy its mirror is let in
 * again on the word of two of its officials alone, and nothing is known in between. */
#include "unit/mirror_world.h"

#include "keys/document.h"

enum { SEEN = 1000, COPY = 100 }; /* entries of the log */

/* A statement as a test wants it wrong; zeros: as it must be. */
struct says {
    uint32_t type;
    lianshu_OfficialVerb verb;
    const char *member, *recipient, *sender;
    const struct key *second;
    size_t issuers, signatures;
    uint32_t log_number;
    int64_t issued_ms; /* from now */
    uint64_t valid_ms;
    bool endless;
    bool bare; /* no root of the copy */
    const char *realm;
};

static uint8_t lsd1[DOCUMENT_FRAME_MAX];

static struct span statement(const struct says *t)
{
    static lianshu_Document d;
    static uint8_t bytes[FRAME_DOCUMENT_MAX];
    uint8_t hash[HASH_LEN];
    const struct key *keys[] = {realm_official(f.e->realm, 0),
                                t->second != NULL ? t->second : realm_official(f.e->realm, 1)};
    lianshu_OfficialAct body = {
        .verb = t->verb != 0 ? t->verb : lianshu_OfficialVerb_OFFICIAL_RESTORED,
        .log_number = t->log_number != 0 ? t->log_number : 2,
        .log_size = COPY,
        .object.size = t->bare ? 0 : HASH_LEN,
        .signed_size = COPY + 1,
        .signed_root.size = HASH_LEN,
    };
    snprintf(body.recipient, sizeof body.recipient, "%s",
             t->recipient != NULL ? t->recipient : REALM_HUB);
    snprintf(body.sender, sizeof body.sender, "%s", t->sender != NULL ? t->sender : REALM_HUB);
    memset(&d, 0, sizeof d);
    document_prepare(&d, t->realm != NULL ? t->realm : REALM_NAME,
                     t->member != NULL ? t->member : REALM_HUB, keys[0],
                     f.e->now_ms + (uint64_t)t->issued_ms, &f.s->entropy);
    d.type = t->type != 0 ? t->type : lianshu_DocumentType_TYPE_OFFICIAL_ACT;
    d.valid_until_ms =
        t->endless ? 0 : d.issued_ms + (t->valid_ms != 0 ? t->valid_ms : (uint64_t)DAY_MS);
    d.issuers_count = (pb_size_t)(t->issuers != 0 ? t->issuers : 2);
    d.issuers[1] = d.issuers[0];
    memcpy(d.issuers[1].kid, key_kid(keys[1]), KID_LEN);
    struct writer b = writer_of(d.body.bytes, sizeof d.body.bytes);
    assert_int_equal(wire_encode(&lianshu_OfficialAct_msg, &body, &b), OK);
    d.body.size = (pb_size_t)b.len;
    struct writer encoded = writer_of(bytes, sizeof bytes);
    struct writer w = writer_of(lsd1, sizeof lsd1);
    assert_int_equal(document_encode(&d, &encoded, hash), OK);
    assert_int_equal(document_sign(writer_span(&encoded), keys,
                                   t->signatures != 0 ? t->signatures : d.issuers_count, &w),
                     OK);
    return writer_span(&w);
}

static enum err renew(const struct says *t, struct sdk_renewal *out)
{
    return sdk_mirror_renew(f.s, statement(t), f.e->now_ms, out, NULL);
}

/* A whole snapshot of that log size, in which company 1 is restricted. */
static enum err whole_snapshot(uint64_t generation, uint64_t size)
{
    paper_begin(&f.paper, generation);
    (void)paper_row(&f.paper, 1, paper_company(1), false);
    return take(paper_page(&f.paper, size, true));
}

/* The mirror of the log that the hub lost, and the hub as it is now: set back. */
static int setup(void **state)
{
    (void)state;
    begin_world();
    assert_int_equal(whole_snapshot(GENERATION, SEEN), OK);
    assert_int_equal(verdict(1), SDK_MIRROR_RESTRICTED);
    assert_int_equal(verdict(2), SDK_MIRROR_CLEAN);
    f.e->now_ms += (uint64_t)HOUR_MS;
    f.paper.now_ms = f.e->now_ms;
    return 0;
}

static void a_hub_that_was_set_back_is_not_believed_by_itself(void **state)
{
    (void)state;
    assert_int_equal(whole_snapshot(f.e->now_ms, COPY), ERR_LIST_ROLLBACK);
    assert_int_equal(verdict(1), SDK_MIRROR_RESTRICTED);
    assert_int_equal(f.answer.generation, GENERATION);
    f.e->now_ms += (uint64_t)DAY_MS;
    assert_int_equal(verdict(2), SDK_MIRROR_UNKNOWN);
}

static void
on_the_word_of_two_officials_nothing_is_known_until_a_new_snapshot_is_whole(void **state)
{
    struct sdk_renewal renewal;
    (void)state;
    assert_int_equal(renew(&(struct says){0}, &renewal), OK);
    assert_int_equal(renewal.log_number, 2);
    assert_int_equal(renewal.log_size, COPY);
    assert_int_equal(verdict(1), SDK_MIRROR_UNKNOWN);
    assert_int_equal(verdict(2), SDK_MIRROR_UNKNOWN);
    assert_int_equal(f.answer.state, SDK_MIRROR_ABSENT);
    assert_int_equal(f.answer.line_count, 0);
    f.e->now_ms += 60 * 1000;
    f.paper.now_ms = f.e->now_ms;
    assert_int_equal(whole_snapshot(f.e->now_ms, COPY + 5), OK);
    assert_int_equal(verdict(1), SDK_MIRROR_RESTRICTED);
    assert_int_equal(verdict(2), SDK_MIRROR_CLEAN);
    assert_int_equal(f.answer.generation, f.e->now_ms);
    assert_int_equal(f.answer.log_size, COPY + 5);
    assert_int_equal(f.answer.age_ms, 0);
}

static void a_snapshot_of_before_the_statement_is_of_the_lost_log(void **state)
{
    struct sdk_renewal renewal;
    (void)state;
    assert_int_equal(renew(&(struct says){0}, &renewal), OK);
    f.paper.now_ms = f.e->now_ms - 1;
    assert_int_equal(whole_snapshot(f.e->now_ms - 1, SEEN), ERR_LIST_ROLLBACK);
    assert_int_equal(verdict(2), SDK_MIRROR_UNKNOWN);
    f.paper.now_ms = f.e->now_ms;
    assert_int_equal(whole_snapshot(f.e->now_ms, COPY), OK);
    assert_int_equal(verdict(2), SDK_MIRROR_CLEAN);
}

static void a_statement_is_taken_once_and_none_before_it(void **state)
{
    struct sdk_renewal renewal;
    (void)state;
    assert_int_equal(renew(&(struct says){0}, &renewal), OK);
    assert_int_equal(whole_snapshot(f.e->now_ms, COPY), OK);
    sdk_close(&f.s);
    f.s = exchange_sdk(f.e, REALM_HEALTH, NULL);
    assert_int_equal(renew(&(struct says){0}, &renewal), ERR_LIST_ROLLBACK);
    assert_int_equal(renew(&(struct says){.issued_ms = 1000}, &renewal), ERR_LIST_ROLLBACK);
    assert_int_equal(renew(&(struct says){.log_number = 3, .issued_ms = -1}, &renewal),
                     ERR_LIST_ROLLBACK);
    assert_int_equal(verdict(2), SDK_MIRROR_CLEAN);
    assert_int_equal(renew(&(struct says){.log_number = 3, .issued_ms = 1}, &renewal), OK);
    assert_int_equal(verdict(2), SDK_MIRROR_UNKNOWN);
}

static void what_is_no_such_statement_changes_nothing(void **state)
{
    const struct {
        struct says says;
        enum err want;
    } rows[] = {
        {{.verb = lianshu_OfficialVerb_OFFICIAL_RELEASE}, ERR_HEADER},
        {{.verb = lianshu_OfficialVerb_OFFICIAL_RETURN}, ERR_HEADER},
        {{.recipient = REALM_HEALTH}, ERR_HEADER},
        {{.sender = REALM_HEALTH}, ERR_HEADER},
        {{.log_number = 1}, ERR_HEADER}, /* the first log follows no other */
        {{.bare = true}, ERR_HEADER},
        {{.type = lianshu_DocumentType_TYPE_HONOUR}, ERR_TYPE_UNKNOWN},
        {{.issuers = 1}, ERR_TWO_OFFICIALS},
        {{.signatures = 1}, ERR_TWO_OFFICIALS},
        {{.second = realm_official(f.e->realm, 0)}, ERR_TWO_OFFICIALS},
        {{.second = realm_key(f.e->realm, REALM_HEALTH, KEY_USE_SIGN)}, ERR_KEY_NOT_SENDERS},
        {{.member = REALM_HEALTH}, ERR_OTHER_HUB},
        {{.realm = "other"}, ERR_REALM},
        {{.issued_ms = 10 * 60 * 1000}, ERR_FUTURE},
        {{.issued_ms = -(int64_t)DAY_MS / 2, .valid_ms = DAY_MS / 4}, ERR_EXPIRED},
        {{.endless = true}, ERR_LIFE},
        {{.valid_ms = 365 * (uint64_t)DAY_MS}, ERR_LIFE},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct sdk_renewal renewal;
        enum err err = renew(&rows[i].says, &renewal);
        print_message("row %zu: E%03d, E%03d\n", i, (int)err, (int)rows[i].want);
        assert_int_not_equal(err, OK);
        assert_int_equal(err_class(err), ERR_CLASS_REJECT);
        assert_int_equal(err, rows[i].want);
        assert_int_equal(verdict(1), SDK_MIRROR_RESTRICTED);
        assert_int_equal(whole_snapshot(f.e->now_ms, COPY), ERR_LIST_ROLLBACK);
    }
}

static void every_changed_byte_of_a_statement_is_refused(void **state)
{
    struct sdk_renewal renewal;
    (void)state;
    const struct span right = statement(&(struct says){0});
    for (size_t i = 0; i < right.len; i++) {
        lsd1[i] ^= 0x20;
        assert_int_not_equal(sdk_mirror_renew(f.s, right, f.e->now_ms, &renewal, NULL), OK);
        lsd1[i] ^= 0x20;
    }
    assert_int_equal(verdict(1), SDK_MIRROR_RESTRICTED);
    assert_int_equal(sdk_mirror_renew(f.s, right, f.e->now_ms, &renewal, NULL), OK);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_hub_that_was_set_back_is_not_believed_by_itself),
        CASE(on_the_word_of_two_officials_nothing_is_known_until_a_new_snapshot_is_whole),
        CASE(a_snapshot_of_before_the_statement_is_of_the_lost_log),
        CASE(a_statement_is_taken_once_and_none_before_it),
        CASE(what_is_no_such_statement_changes_nothing),
        CASE(every_changed_byte_of_a_statement_is_refused),
    };
    return cmocka_run_group_tests_name("mirror renewed", tests, NULL, NULL);
}
