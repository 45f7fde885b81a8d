#include "fault/places.h"

#include "t.h"

#include <stddef.h>
#include <stdint.h>

struct place {
    const void *at;
    uint64_t calls;
};

static struct {
    struct place place[PLACES_MAX];
    size_t count;
    enum places_kind kind; /* NONE: at rest */
    const void *refuse;    /* NULL: nobody */
    uint64_t nth;
    bool refused;
} p;

static void count_call(const void *at)
{
    size_t i = 0;
    while (i < p.count && p.place[i].at != at)
        i++;
    if (i == p.count) {
        assert_true(p.count < PLACES_MAX);
        p.place[p.count++] = (struct place){.at = at};
    }
    p.place[i].calls++;
}

bool places_refused(enum places_kind kind, const void *at)
{
    if (p.kind != kind)
        return false;
    if (p.refuse == NULL) {
        if (!p.refused)
            count_call(at);
        return false;
    }
    if (p.refuse != at || --p.nth != 0)
        return false;
    p.refuse = NULL;
    p.refused = true;
    return true;
}

static void live_without(enum places_kind kind, const char *what, enum err (*live)(void),
                         bool (*fits)(enum err err), size_t place, uint64_t nth)
{
    p.kind = kind;
    p.refuse = p.place[place].at;
    p.nth = nth;
    p.refused = false;
    const enum err err = live();
    const bool refused = p.refused;
    p.kind = PLACES_NONE;
    p.refuse = NULL;
    p.refused = false;
    if (!fits(err) || !refused)
        print_message("%s: call %llu of place %zu (%p): %s\n", what, (unsigned long long)nth, place,
                      p.place[place].at, refused ? err_name(err) : "it was not made");
    assert_true(refused);
    assert_true(fits(err));
}

void places_hold(enum places_kind kind, const char *what, enum err (*live)(void),
                 bool (*fits)(enum err err))
{
    p.count = 0;
    p.kind = kind;
    assert_int_equal(live(), OK);
    p.kind = PLACES_NONE;
    assert_true(p.count > 0);
    for (size_t i = 0; i < p.count; i++) {
        live_without(kind, what, live, fits, i, 1);
        if (p.place[i].calls > 1)
            live_without(kind, what, live, fits, i, p.place[i].calls);
    }
    print_message("%s: %zu places\n", what, p.count);
    assert_int_equal(live(), OK);
}
