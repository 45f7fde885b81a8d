/* One adapter is stopped for a while, another is killed: everything arrives once, in order. */
#include "day/day.h"

#include "base/clock.h"
#include "day/expected.h"
#include "day/records.h"
#include "json.h"

#include <stdio.h>
#include <string.h>

/* Files of the stopped and of the killed, put in meanwhile. */
static const char *const applications = "许可申请-batch.json";

static bool accepted(struct day *d, void *ctx)
{
    return desk_reached(&d->desks[POLICE], ctx, "accepted") == 1;
}

static bool applications_delivered(struct day *d, void *ctx)
{
    (void)ctx;
    return desk_reached(&d->desks[HEALTH], applications, "delivered") == EXPECTED_BATCH;
}

static void stopped(struct day *d)
{
    const uint32_t today = date_from_ms(clock_real_ms());

    day_step(d, "市场监管的适配器停止；公安其间作出立案决定",
             "market's adapter is stopped; the police decide meanwhile");
    if (!day_stop(d, "market") ||
        !day_put(d, POLICE, "decision.json",
                 records_decision(d->case_id, "潮公立演示1号", today)) ||
        !day_wait(d, accepted, (void *)(uintptr_t) "decision.json", "枢纽受理立案决定",
                  "the hub accepts the decision") ||
        !day_wait_arrival(d, PROCURATORATE, "sink/case.decision", 1))
        return;
    tell_expect(&d->tell, desk_count(&d->desks[MARKET], "sink/case.decision") == 0,
                "停止期间无送达", "nothing arrives while it is stopped");
    tell_line(&d->tell, "立案决定在三日期限内作出，检察院已收抄送，市场监管的一份在枢纽等候",
              "the decision comes within its three days; the procuratorate has its copy, market's "
              "waits at the hub");
    if (day_start(d, "market") && day_wait_arrival(d, MARKET, "sink/case.decision", 1))
        tell_line(&d->tell, "市场监管的适配器恢复，立案决定送达一次",
                  "market's adapter is back; the decision arrives once");
}

static void killed(struct day *d)
{
    const uint32_t today = date_from_ms(clock_real_ms());
    const size_t before = desk_count(&d->desks[MARKET], "sink/licence.application");
    struct stage_process *health = stage_find(&d->stage, "health");
    struct json *list = json_list();
    char number[48];

    day_step(d, "卫健的适配器在报送途中被强行终止",
             "health's adapter is killed while it is sending");
    for (size_t i = 0; i < EXPECTED_BATCH; i++) {
        snprintf(number, sizeof number, "潮卫许演示1%02zu号", i);
        json_add(list,
                 records_application(city_company(&d->city, TRADE_PHARMACY, i), number, today));
    }
    if (!day_put(d, HEALTH, applications, list))
        return;
    health->revive = true;
    stage_kill(health);
    if (!day_wait(d, applications_delivered, NULL, "申请全部送达",
                  "every application is delivered") ||
        !day_wait_arrival(d, MARKET, "sink/licence.application", before + EXPECTED_BATCH))
        return;
    tell_linef(&d->tell, "重启后 %u 份申请各送达一次",
               "after its restart %u applications arrive, each once", EXPECTED_BATCH);
}

void story_faults(struct day *d)
{
    stopped(d);
    if (!d->broken)
        killed(d);
}
