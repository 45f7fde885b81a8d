/* S2: every byte of an envelope changed to every other value, each given to a hub: none is
 * accepted, neither before the hub knows the envelope nor after, when its batch and its receipt are
 * known. C-01.
 *
 *   attacks_mutations        every byte, to some values
 *   attacks_mutations all    to all 255 */
#include "scenario/acts.h"
#include "scenario/forge.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { SOME_VALUES = 5, ALL_VALUES = 255, TURN = 512 };

static int values = SOME_VALUES;

static double now_s(void)
{
    struct timespec t;
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &t), 0);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* How many changed frames were given to the hub. */
static size_t give_all(struct world *w, uint8_t *frame, size_t len)
{
    size_t given = 0;
    for (size_t at = 0; at < len; at++) {
        const uint8_t was = frame[at];
        for (int i = 1; i <= values; i++) {
            /* 0x35 is prime to 256: some values are one bit, many bits, neighbours */
            frame[at] = (uint8_t)(was ^ (uint8_t)(values == ALL_VALUES ? i : i * 0x35));
            forge_give(w, "health.445100", span_of(frame, len));
            if (++given % TURN == 0 || core_full(w->core)) {
                world_turn(w);
                world_put_away(w, "health.445100");
                w->now_ms += 1000; /* the second is over, and the bucket is full again */
            }
        }
        frame[at] = was;
    }
    world_turn(w);
    return given;
}

static void no_changed_byte_makes_an_envelope(void **state)
{
    static uint8_t frame[FRAME_MAX];
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    world_limit(w, &(struct core_options){.rate_per_s = 1000000});
    attack_connect(w);
    struct mail mail = acts_application(NULL);
    mail.expires_ms = w->now_ms + 14 * (uint64_t)DAY_MS;
    world_make(w, &mail, env_id, NULL);
    const size_t len = w->frame_len;
    memcpy(frame, w->frame, len);
    const uint64_t envelopes = world_status(w, "envelopes");
    double began = now_s();
    size_t given = give_all(w, frame, len);
    print_message("%zu bytes, %zu changed frames in %.1f s: %llu accepted\n", len, given,
                  now_s() - began, (unsigned long long)(world_status(w, "envelopes") - envelopes));
    assert_int_equal(world_status(w, "envelopes"), envelopes);
    assert_int_equal(world_site(w, "health.445100")->receipt_count, 0);
    assert_int_equal(world_has(w, "market.445100", "licence.application"), 0);

    forge_give(w, "health.445100", span_of(frame, len)); /* as it should be */
    world_turn(w);
    assert_int_equal(world_has(w, "market.445100", "licence.application"), 1);
    began = now_s();
    given = give_all(w, frame, len);
    /* Under another signature it is the same envelope again, and answered with its first receipt.
     */
    print_message("known to the hub: %zu changed frames in %.1f s\n", given, now_s() - began);
    assert_int_equal(world_status(w, "envelopes"), envelopes + 1);
    assert_int_equal(world_has(w, "market.445100", "licence.application"), 1);
    attack_hub_works(w);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_changed_byte_makes_an_envelope, world_setup,
                                        world_teardown),
    };
    if (argc > 1 && strcmp(argv[1], "all") == 0)
        values = ALL_VALUES;
    return cmocka_run_group_tests_name("mutations of an envelope", tests, NULL, NULL);
}
