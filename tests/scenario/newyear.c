#include "scenario/newyear.h"

#include "scenario/texts.h"

struct calendar *newyear_calendar(struct world *w, const char *text)
{
    struct calendar *calendar = NULL;
    assert_int_equal(calendar_parse(&calendar, span_str(text), "calendar.csv", NULL), OK);
    w->calendar = calendar;
    return calendar;
}

struct calendar *newyear_take(struct world *w, const char *text)
{
    struct calendar *calendar = newyear_calendar(w, text);
    assert_int_equal(core_rules(w->core, w->rules, w->retention, w->volume, calendar), OK);
    return calendar;
}

struct calendar *newyear_reload(struct world *w, const char *text)
{
    struct calendar *calendar = newyear_take(w, text);
    world_turn(w);
    return calendar;
}

struct calendar *newyear_restart(struct world *w, const char *text)
{
    struct calendar *calendar = newyear_calendar(w, text);
    world_restart(w);
    world_turn(w);
    return calendar;
}
