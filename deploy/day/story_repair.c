/* The order is annulled: what was derived from it ends everywhere. And the day's balance. */
#include "day/day.h"

#include "base/clock.h"
#include "day/expected.h"
#include "day/records.h"
#include "json.h"

#include <stdio.h>

static bool all_ended(struct day *d, void *ctx)
{
    (void)ctx;
    return day_status(d, "obligations.lifted") == EXPECTED_OBLIGATIONS &&
           day_status(d, "restrictions") == 0;
}

static bool appointed(struct day *d, void *ctx)
{
    (void)ctx;
    return desk_done(&d->desks[HEALTH], DAY_APPOINTMENT_FILE) &&
           desk_count(&d->desks[MARKET], "sink/appointment") == 1;
}

void story_repair(struct day *d)
{
    const uint32_t today = date_from_ms(clock_real_ms());
    size_t ended = 0;

    day_step(d, "市场监管撤销惩戒（R26）", "market regulation annuls the order (R26)");
    const uint64_t begin = tell_clock_ms();
    if (!day_put(d, MARKET, "annul.json",
                 records_annul(day_punished(d), DAY_ORDER_NUMBER, today)) ||
        !day_wait(d, all_ended, NULL, "全部限制解除，各部门确认",
                  "every restriction ends, every department confirms"))
        return;
    tell_count(&d->tell, "annulment_to_last_confirmation_ms", "自撤销至最后确认毫秒",
               "ms from annulment to last confirmation", tell_clock_ms() - begin);
    for (unsigned i = 0; i < DESK_COUNT; i++) {
        const size_t here = desk_count(&d->desks[i], "register/ended");
        tell_linef(&d->tell, "%s 确认解除 %zu 项", "%s confirms the end of %zu", d->desks[i].member,
                   here);
        ended += here;
    }
    tell_count_expected(&d->tell, "obligations_lifted", "确认解除的义务",
                        "obligations confirmed as ended", ended, EXPECTED_OBLIGATIONS);

    day_step(d, "同一任职再次提交", "the same appointment once more");
    day_appoint(d);
    if (day_wait(d, appointed, NULL, "同一任职通过", "the same appointment passes"))
        tell_line(&d->tell, "同一任职通过，送达市场监管",
                  "the same appointment passes and reaches market regulation");
    day_check_credit(d, day_punished(d), "check-repaired.json", true);
    day_check_mirror(d, day_punished(d), SDK_MIRROR_CLEAN);
}

/* ---- balance ---- */

static bool nothing_under_way(struct day *d, void *ctx)
{
    (void)ctx;
    for (unsigned i = 0; i < DESK_COUNT; i++)
        if (desk_open_files(&d->desks[i]) != 0)
            return false;
    return day_status(d, "undelivered") == 0;
}

static void count_receipts(struct day *d)
{
    static const struct {
        const char *path;
        const char *key;
        const char *zh;
        const char *en;
        uint64_t wanted;
        bool mirrors; /* each page of a mirror counts here as well */
    } kinds[] = {
        {"envelopes", "envelopes", "信封", "envelopes", EXPECTED_ENVELOPES, true},
        {"receipts.accepted", "receipts_accepted", "回执：受理", "receipts: accepted",
         EXPECTED_ACCEPTED, true},
        {"receipts.rejected", "receipts_rejected", "回执：拒绝", "receipts: rejected",
         EXPECTED_REJECTED, false},
        {"receipts.delivered", "receipts_delivered", "回执：送达", "receipts: delivered",
         EXPECTED_DELIVERED, true},
        {"receipts.returned", "receipts_returned", "回执：退回", "receipts: returned", 0, false},
    };
    /* How many pages there are depends on how changes fell together: they are counted apart. */
    const uint64_t pages = day_number(d, "mirror_pages");

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const uint64_t value = day_number(d, kinds[i].path);
        /* What never happened is not counted. */
        const uint64_t counted = value == DAY_UNKNOWN ? 0 : value;
        const uint64_t apart = kinds[i].mirrors && pages != DAY_UNKNOWN ? pages : 0;
        tell_count_expected(&d->tell, kinds[i].key, kinds[i].zh, kinds[i].en, counted - apart,
                            kinds[i].wanted);
    }
}

void story_balance(struct day *d)
{
    day_step(d, "日终核对", "the day's balance");
    day_wait(d, nothing_under_way, NULL, "无在途、无未读文件", "nothing under way, no file unread");
    tell_expect(&d->tell, d->steps_done == DAY_STEPS, "每一步都分到强行终止",
                "every step had its share of the kills");
    count_receipts(d);
    tell_count_expected(&d->tell, "restrictions_at_end", "日终生效的限制",
                        "restrictions at the end", day_number(d, "restrictions"),
                        EXPECTED_RESTRICTIONS_AT_END);
    tell_count_expected(&d->tell, "undelivered", "未送达", "undelivered",
                        day_number(d, "undelivered"), 0);
    tell_count_expected(&d->tell, "parked", "搁置", "parked", day_number(d, "parked"), 0);
    tell_count(&d->tell, "kills", "强行终止", "kill -9", d->kills_done);
}
