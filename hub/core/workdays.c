/* The operator hears of it before a term is counted with days that the calendar does not name: in
 * the log each day, and in the status. */
#include "core/state.h"

#include "base/clock.h"
#include "base/log.h"
#include "json.h"
#include "policy/coverage.h"

static struct coverage today_of(const struct core *core)
{
    struct coverage c;
    coverage_of(core->opt.rules, core->opt.calendar, date_from_ms(core->now_ms), &c);
    return c;
}

enum err workdays_step(struct core *core, bool *more)
{
    const uint32_t today = date_from_ms(core->now_ms);
    *more = false;
    if (today == core->workdays_date)
        return OK;
    core->workdays_date = today;
    const struct coverage c = today_of(core);
    char until[DATE_TEXT_LEN + 1] = "none";
    if (c.until != 0)
        date_format(c.until, until);
    if (c.beyond > 0)
        log_warn("calendar_short", "until=%s terms=%zu of=%zu longest=%s", until, c.beyond,
                 c.counted, c.of);
    return OK;
}

void workdays_tell(const struct core *core, struct json *answer)
{
    const struct coverage c = today_of(core);
    json_put_flag(answer, "calendar_short", c.beyond > 0);
    json_put_date(answer, "calendar_until", c.until);
    json_put_uint(answer, "terms_beyond_calendar", c.beyond);
    json_put_uint(answer, "terms_recounted", store_counter(core->store, "terms.recounted"));
}
