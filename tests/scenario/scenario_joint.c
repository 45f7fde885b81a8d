/* A joint notice: several members issue it, each signs, one of them sends it (PROTOCOL.md 5). The
 * hub takes it only with all their signatures, each in its place. */
#include "scenario/acts.h"

#include "wire.h"

#define MARKET "market.445100"
#define HEALTH "health.445100"
#define POLICE "police.445100"
#define FUND   "insurance.445100"

#define NOTICE                                                                                                  \
    "{\"title\":\"联合告诫\",\"text\":\"规范药品经营行为\",\"reference\":\"潮联〔2026〕1号\"," \
    "\"date\":\"2026-04-01\"}"

static int setup(void **state)
{
    world_setup(state);
    world_widen(*state);
    acts_connect(*state);
    return 0;
}

static struct mail notice(const char *from)
{
    return (struct mail){.from = from, .type = "joint.notice", .to = {FUND}, .facts = NOTICE};
}

static uint32_t code_of(struct world *w, const struct mail *mail)
{
    uint8_t env_id[HASH_LEN];
    world_send(w, mail, env_id);
    return world_code(w, mail->from, env_id);
}

static void what_all_its_issuers_have_signed_reaches_its_reader(void **state)
{
    struct world *w = *state;
    struct mail mail = notice(MARKET);
    mail.with[0] = HEALTH;
    mail.with[1] = POLICE;
    assert_int_equal(code_of(w, &mail), 0);
    assert_int_equal(world_has(w, FUND, "joint.notice"), 1);
    assert_string_equal(world_got(w, FUND, "joint.notice", 0)->sender, MARKET);
}

static void a_signature_that_is_missing_doubled_foreign_or_out_of_place_is_refused(void **state)
{
    static const struct {
        const char *with[3];
        const char *signers[4];
        enum err code;
    } rows[] = {
        {{NULL}, {NULL}, ERR_HEADER},   /* by one alone it is no joint notice */
        {{MARKET}, {NULL}, ERR_HEADER}, /* nor by one twice */
        {{HEALTH}, {MARKET}, ERR_FRAME_LENGTH},
        {{HEALTH, POLICE}, {MARKET, HEALTH}, ERR_FRAME_LENGTH},
        {{HEALTH}, {MARKET, HEALTH, POLICE}, ERR_FRAME_LENGTH},
        {{HEALTH}, {MARKET, MARKET}, ERR_SIGNATURE},
        {{HEALTH}, {HEALTH, HEALTH}, ERR_SIGNATURE},
        {{HEALTH}, {HEALTH, MARKET}, ERR_SIGNATURE},
        {{HEALTH}, {MARKET, POLICE}, ERR_SIGNATURE},
    };
    struct world *w = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct mail mail = notice(MARKET);
        memcpy(mail.with, rows[i].with, sizeof mail.with);
        memcpy(mail.signers, rows[i].signers, sizeof mail.signers);
        print_message("row %zu\n", i);
        assert_int_equal(code_of(w, &mail), rows[i].code);
        assert_int_equal(world_has(w, FUND, "joint.notice"), 0);
    }
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_all_its_issuers_have_signed_reaches_its_reader),
        CASE(a_signature_that_is_missing_doubled_foreign_or_out_of_place_is_refused),
    };
    return cmocka_run_group_tests_name("joint", tests, NULL, NULL);
}
