/* The hub's core under floods, bombs and an operator's pen: catalogue.csv P-10, P-12, C-15, C-19,
 * D-02, D-04 to D-06, I-01. Whoever attacks pays for it himself. */
#include "scenario/acts.h"
#include "scenario/forge.h"
#include "scenario/pen.h"
#include "scenario/texts.h"

#include "base/clock.h"
#include "catalogue.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { RATE = 80, FLOOD = 2000, BACKLOG = 100 };

static struct forge f;

static uint64_t unverified(struct world *w, enum err code)
{
    char name[32];
    snprintf(name, sizeof name, "unverified.%d", (int)code);
    return world_status(w, name);
}

/* ---- P-10, P-12: more elements than there may be ---- */

/* H with one part whose audience is these bytes, in place of the part it has. */
static void header_with_part(struct span part)
{
    static uint8_t whole[FRAME_HEADER_MAX];
    lianshu_Header before = f.h;
    before.parts_count = 0;
    struct writer out = writer_of(whole, sizeof whole);
    assert_int_equal(wire_encode(&lianshu_Header_msg, &before, &out), OK); /* parts come last */
    write_bytes(&out, "\x8a\x01", 2);
    assert_in_range(part.len, 128, 16383);
    write_uint(&out, 0x80 | (part.len & 0x7f), 1);
    write_uint(&out, part.len >> 7, 1);
    write_span(&out, part);
    assert_false(out.full);
    memcpy(f.header, whole, out.len);
    f.env.header = span_of(f.header, out.len);
}

static void an_audience_of_33_and_a_bomb_of_readers_are_refused(void **state)
{
    static const size_t counts[] = {33, 64, 300};
    static uint8_t part[FRAME_HEADER_MAX];
    struct world *w = *state;
    attack_connect(w);
    for (size_t i = 0; i < T_COUNT(counts); i++) {
        print_message("%zu readers\n", counts[i]);
        forge_application(w, &f);
        struct writer out = writer_of(part, sizeof part);
        write_bytes(&out, "\x08\x01", 2); /* facts */
        for (size_t n = 0; n < counts[i]; n++) {
            char member[16];
            uint8_t kid[KID_LEN] = {0};
            int len = snprintf(member, sizeof member, "a%c%c%c.445100", (char)('a' + n / 400),
                               (char)('a' + n / 20 % 20), (char)('a' + n % 20));
            write_bytes(&out, "\x12", 1);
            write_uint(&out, 4 + (uint64_t)len + KID_LEN, 1);
            write_bytes(&out, "\x0a", 1);
            write_uint(&out, (uint64_t)len, 1);
            write_bytes(&out, member, (size_t)len);
            write_bytes(&out, "\x12\x10", 2);
            write_bytes(&out, kid, sizeof kid);
        }
        write_bytes(&out, "\x1a\x20", 2);
        write_bytes(&out, f.h.parts[0].commitment, HASH_LEN);
        assert_false(out.full);
        header_with_part(writer_span(&out));
        forge_sign(w, &f, "health.445100");
        attack_is_counted(w, "health.445100", ERR_NESTING);
    }
    attack_hub_works(w);
}

/* A part in a part in a part: what stands where a reader should be is no reader. */
static void nesting_ends_where_the_format_ends(void **state)
{
    static uint8_t part[2][FRAME_HEADER_MAX];
    struct world *w = *state;
    attack_connect(w);
    forge_application(w, &f);
    size_t len = 130;
    memset(part[0], 0x12, len);
    for (unsigned depth = 0; depth < 64; depth++) {
        struct writer out = writer_of(part[1], sizeof part[1]);
        write_bytes(&out, "\x12", 1);
        write_uint(&out, 0x80 | (len & 0x7f), 1);
        write_uint(&out, len >> 7, 1);
        write_bytes(&out, part[0], len);
        len = out.len;
        memcpy(part[0], part[1], len);
    }
    header_with_part(span_of(part[0], len));
    forge_sign(w, &f, "health.445100");
    struct site *health = world_site(w, "health.445100");
    forge_give(w, "health.445100", span_of(w->frame, w->frame_len));
    world_turn(w);
    assert_in_range(health->last_busy_code, ERR_NOT_CANONICAL, ERR_NESTING);
    attack_hub_works(w);
}

/* ---- C-15, D-05: signatures ---- */

/* The root of a batch of two leaves offered as the leaf of a batch of one, and the same leaf
 * twice: the signature is over another tree. */
static void a_node_of_a_batch_is_no_envelope(void **state)
{
    struct world *w = *state;
    uint8_t s[FRAME_SIGNATURE_MAX];
    merkle_hash node;
    attack_connect(w);
    forge_application(w, &f);
    const struct key *key = keyring_find(world_site(w, "health.445100")->keys, KEY_USE_SIGN);
    merkle_node(node, f.env_id, f.env_id);
    forge_write(w, &f, span_of(s, forge_signature(key, f.h.sender_kid, node, s)));
    attack_is_counted(w, "health.445100", ERR_SIGNATURE);
    attack_hub_works(w);
}

/* D-05: a signature is looked at after the bucket has been asked, so that an enrolled member cannot
 * have more than its share of the hub's time; nobody else notices. */
static void a_flood_of_bad_signatures_is_verified_no_faster_than_its_rate(void **state)
{
    struct world *w = *state;
    world_limit(w, &(struct core_options){.rate_per_s = RATE});
    attack_connect(w);
    forge_application(w, &f);
    uint64_t size = world_status(w, "log_size");
    uint64_t envelopes = world_status(w, "envelopes");
    for (unsigned i = 0; i < FLOOD; i++) {
        f.h.message_id[15] = (uint8_t)i;
        f.h.message_id[14] = (uint8_t)(i >> 8);
        forge_header(&f);
        forge_sign(w, &f, "police.445100"); /* under health's key id */
        forge_give(w, "health.445100", span_of(w->frame, w->frame_len));
    }
    world_turn(w);
    assert_int_equal(world_site(w, "health.445100")->last_busy_code, ERR_BUSY);
    world_pass(w, 1000);
    assert_in_range(unverified(w, ERR_SIGNATURE), 1, RATE);
    assert_int_equal(world_status(w, "envelopes"), envelopes);
    assert_in_range(world_status(w, "log_size"), size + 1, size + 2);
    const struct mail referral = acts_referral(); /* of another member, in the same moment */
    uint8_t env_id[HASH_LEN];
    world_hello(w, "procuratorate.445100");
    world_send(w, &referral, env_id);
    assert_int_equal(world_code(w, "market.445100", env_id), 0);
    world_pass(w, 10000);
    attack_hub_works(w);
}

/* ---- C-19: an oracle ---- */

static uint64_t cpu_ns(void)
{
    struct timespec t;
    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t), 0);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void random_wrap(struct world *w)
{
    entropy_fill(&w->entropy, (uint8_t *)(uintptr_t)f.env.parts[0].wraps.data, FRAME_WRAP_LEN);
}
static void good_wrap_bad_commitment(struct world *w)
{
    entropy_fill(&w->entropy, f.h.parts[0].commitment, HASH_LEN);
}
static void good_key_bad_cipher(struct world *w)
{
    entropy_fill(&w->entropy, (uint8_t *)(uintptr_t)f.env.parts[0].cipher.data,
                 f.env.parts[0].cipher.len);
}

static int by_size(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Whatever keeps it shut, the sender hears one code, and the answer takes about as long: the
 * signature costs far more than what may fail behind it. */
static void guesses_at_a_seal_learn_nothing_by_code_or_time(void **state)
{
    enum { GUESSES = 400, KINDS = 3 };
    static void (*const spoil[KINDS])(struct world * w) = {random_wrap, good_wrap_bad_commitment,
                                                           good_key_bad_cipher};
    static uint64_t took[KINDS][GUESSES];
    struct world *w = *state;
    attack_connect(w);
    for (size_t g = 0; g < GUESSES; g++) {
        for (size_t k = 0; k < KINDS; k++) {
            forge_application(w, &f);
            spoil[k](w);
            forge_header(&f);
            forge_sign(w, &f, "health.445100");
            uint64_t began = cpu_ns();
            forge_give(w, "health.445100", span_of(w->frame, w->frame_len));
            took[k][g] = cpu_ns() - began;
            world_turn(w);
            assert_int_equal(world_code(w, "health.445100", f.env_id), ERR_CANNOT_OPEN);
        }
        world_put_away(w, "health.445100");
    }
    uint64_t least = UINT64_MAX;
    uint64_t most = 0;
    for (size_t k = 0; k < KINDS; k++) {
        qsort(took[k], GUESSES, sizeof took[k][0], by_size);
        const uint64_t median = took[k][GUESSES / 2];
        print_message("kind %zu: median %llu us\n", k, (unsigned long long)median / 1000);
        least = median < least ? median : least;
        most = median > most ? median : most;
    }
    assert_true(most < least + least / 2);
    assert_int_equal(world_has(w, "market.445100", "licence.application"), 0);
    attack_hub_works(w);
}

/* ---- A-09, D-02, D-04, D-06: floods with good signatures ---- */

/* Questions at once, as many as one likes: no more are answered than the rate gives, and other
 * members' questions are answered meanwhile. */
static void harvesting_goes_no_faster_than_the_rate(void **state)
{
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    world_limit(w, &(struct core_options){.rate_per_s = RATE});
    attack_connect(w);
    const struct mail ask = {.from = "health.445100",
                             .type = "credit.check",
                             .to = {"hub.445100"},
                             .facts = "{\"subject\":" CLEAN ",\"question\":\"q\"}"};
    for (unsigned i = 0; i < 5 * RATE; i++) {
        world_make(w, &ask, NULL, NULL);
        forge_give(w, "health.445100", span_of(w->frame, w->frame_len));
    }
    world_turn(w);
    assert_int_equal(world_site(w, "health.445100")->last_busy_code, ERR_BUSY);
    assert_in_range(world_has(w, "health.445100", "credit.certificate"), 1, RATE);
    const struct mail other = {.from = "market.445100",
                               .type = "credit.check",
                               .to = {"hub.445100"},
                               .facts = "{\"subject\":" CLEAN ",\"question\":\"q\"}"};
    world_send(w, &other, env_id);
    assert_int_equal(world_code(w, "market.445100", env_id), 0);
    assert_int_equal(world_has(w, "market.445100", "credit.certificate"), 1);
    world_pass(w, 10000);
    attack_hub_works(w);
}

/* D-06: message ids of the attacker's choice cost no more than any others. */
static void ids_that_are_alike_cost_no_more_than_others(void **state)
{
    enum { EACH = 400 };
    struct world *w = *state;
    uint64_t took[2] = {0, 0};
    world_limit(w, &(struct core_options){.rate_per_s = 1000000,
                                          .sender_rows_max = 100000,
                                          .backlog_rows_max = 100000});
    attack_connect(w);
    world_leave(w, "market.445100"); /* everything stays in the queue */
    for (unsigned i = 0; i < EACH; i++) {
        for (unsigned alike = 0; alike < 2; alike++) {
            uint8_t env_id[HASH_LEN];
            forge_application(w, &f);
            if (alike == 1) {
                memset(f.h.message_id + 6, 0, sizeof f.h.message_id - 6);
                f.h.message_id[6] = (uint8_t)i; /* tables look at the end */
                f.h.message_id[7] = (uint8_t)(i >> 8);
            }
            forge_header(&f);
            forge_sign(w, &f, "health.445100");
            memcpy(env_id, f.env_id, sizeof env_id);
            uint64_t began = cpu_ns();
            forge_give(w, "health.445100", span_of(w->frame, w->frame_len));
            took[alike] += cpu_ns() - began;
        }
        world_turn(w);
    }
    print_message("random ids %llu us each, ids alike %llu us\n",
                  (unsigned long long)took[0] / EACH / 1000,
                  (unsigned long long)took[1] / EACH / 1000);
    assert_true(took[1] < 2 * took[0]);
}

/* ---- keys outside their time ---- */

static void a_key_that_has_expired_speaks_for_nobody(void **state)
{
    struct world *w = *state;
    attack_connect(w);
    forge_application(w, &f);
    forge_sign(w, &f, "health.445100");
    w->now_ms += 800 * (uint64_t)DAY_MS; /* keys are valid for a year and a month here */
    attack_is_rejected(w, "health.445100", f.env_id, ERR_KEY_EXPIRED);
}

/* ---- R-03, I-01: what somebody has done to the database ---- */

/* what is sent again when its row is pruned, and it has expired, is judged anew: as expired.
 */
static void what_is_pruned_and_expired_is_not_taken_again(void **state)
{
    static uint8_t kept[FRAME_MAX];
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    attack_connect(w);
    w->fresh_window = 1; /* rows go to their tables */
    world_restart(w);
    attack_connect(w);
    struct mail mail = acts_application(NULL);
    mail.expires_ms = w->now_ms + HOUR_MS;
    world_make(w, &mail, env_id, NULL);
    const size_t len = w->frame_len;
    memcpy(kept, w->frame, len);
    forge_give(w, "health.445100", span_of(kept, len));
    world_turn(w);
    assert_int_equal(world_has(w, "market.445100", "licence.application"), 1);
    world_pass(w, DAY_MS);
    for (int i = 0; i < 40; i++) /* others push it out of the window */
        attack_hub_works(w);
    assert_true(pen(w, "DELETE FROM message WHERE sender = 'health.445100'") > 0);
    world_restart(w);
    attack_connect(w);
    world_put_away(w, "health.445100");
    memcpy(w->frame, kept, len);
    w->frame_len = len;
    attack_is_rejected(w, "health.445100", env_id, ERR_EXPIRED);
    assert_int_equal(world_has(w, "market.445100", "licence.application"), 1);
    attack_hub_works(w);
}

#define POLICE "(SELECT no FROM state WHERE kind = 3 AND name = 'police.445100')"

/* I-01: the operator gives rows of the queue to another member. What that member would be sent is
 * the envelope as its sender signed it, and the check that every recipient makes refuses it: E314.
 * The hub goes on with everybody else. */
static void a_row_that_is_given_to_another_member_reaches_nobody(void **state)
{
    struct world *w = *state;
    attack_connect(w);
    w->fresh_window = 1;
    world_restart(w);
    attack_connect(w);
    world_hello(w, "procuratorate.445100");
    const struct mail referral = acts_referral(); /* the police has had something queued before */
    world_send(w, &referral, NULL);
    world_leave(w, "market.445100");
    const struct mail mail = acts_application(NULL);
    for (int i = 0; i < BACKLOG; i++)
        world_send(w, &mail, NULL);
    assert_true(pen(w, "UPDATE queue SET key = (" POLICE "<< 44) | (key & 17592186044415)") > 0);
    /* and the counts with them, so that nothing is missing anywhere */
    assert_int_equal(pen(w, "UPDATE state SET value = (SELECT value FROM state WHERE kind = 3 AND "
                            "name = 'market.445100') WHERE kind = 3 AND name = 'police.445100'"),
                     1);
    forge_take(w, &f); /* the last of them */
    assert_int_equal(envelope_check_reader(&f.h, &f.env, "market.445100"), OK);
    assert_int_equal(envelope_check_reader(&f.h, &f.env, "police.445100"), ERR_NOT_IN_AUDIENCE);
    world_leave(w, "police.445100");
    w->may_die = true;
    world_restart(w);
    world_hello(w, "health.445100");
    world_hello(w, "market.445100");
    world_send(w, &mail, NULL);
    world_pass(w, 60000);
    assert_int_equal(world_has(w, "police.445100", "licence.application"), 0);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_audience_of_33_and_a_bomb_of_readers_are_refused),
        CASE(nesting_ends_where_the_format_ends),
        CASE(a_node_of_a_batch_is_no_envelope),
        CASE(a_flood_of_bad_signatures_is_verified_no_faster_than_its_rate),
        CASE(guesses_at_a_seal_learn_nothing_by_code_or_time),
        CASE(harvesting_goes_no_faster_than_the_rate),
        CASE(ids_that_are_alike_cost_no_more_than_others),
        CASE(a_key_that_has_expired_speaks_for_nobody),
        CASE(what_is_pruned_and_expired_is_not_taken_again),
        CASE(a_row_that_is_given_to_another_member_reaches_nobody),
    };
    return cmocka_run_group_tests_name("attacks on the hub", tests, NULL, NULL);
}
