/* The crime goes to the police, with the procuratorate's copy; an adverse event goes to market. */
#include "day/day.h"

#include "base/clock.h"
#include "day/expected.h"
#include "day/records.h"
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const papers[] = {"referral-letter.txt", "referral-investigation.txt",
                                     "referral-items.txt", "referral-inspection.txt", NULL};

struct arrival {
    int office;
    const char *folder;
    size_t count;
};

static bool arrived(struct day *d, void *ctx)
{
    const struct arrival *a = ctx;
    return desk_count(&d->desks[a->office], a->folder) == a->count;
}

bool day_wait_arrival(struct day *d, int office, const char *folder, size_t count)
{
    struct arrival a = {office, folder, count};
    char text[128];

    snprintf(text, sizeof text, "%s %s %zu", d->desks[office].member, folder, count);
    return day_wait(d, arrived, &a, text, "arrived");
}

/* The case's number in the hub's words, from the sink of the police. */
static bool read_case(void *ctx, const char *name, const struct json *referral)
{
    char *id = ctx;
    const char *text = json_get_text(referral, "案件标识");

    (void)name;
    if (text != NULL)
        snprintf(id, DAY_ID_TEXT_MAX, "%s", text);
    return text == NULL;
}

/* Every attachment came through, byte for byte. */
static bool papers_whole(const struct day *d, int office)
{
    size_t whole = 0;

    for (size_t i = 0; papers[i] != NULL; i++) {
        char *text = records_report(papers[i]);
        whole +=
            text != NULL && desk_holds(&d->desks[office], "sink/case.referral", papers[i], text)
                ? 1
                : 0;
        free(text);
    }
    return whole == RECORDS_ATTACHMENTS_MAX;
}

static void referral(struct day *d)
{
    const uint32_t today = date_from_ms(clock_real_ms());

    day_step(d, "市场监管将案件移送公安，抄送检察院，附四份枢纽不可读的材料",
             "market regulation refers the case to the police, copy to the procuratorate, with "
             "four papers the hub cannot read");
    if (!day_put_reports(d, MARKET, papers) ||
        !day_put(d, MARKET, "referral.json",
                 records_referral(day_punished(d), "潮市监移演示1号", today, papers)) ||
        !day_wait_arrival(d, POLICE, "sink/case.referral", 1) ||
        !day_wait_arrival(d, PROCURATORATE, "sink/case.referral", 1))
        return;
    tell_expect(&d->tell, papers_whole(d, POLICE) && papers_whole(d, PROCURATORATE),
                "材料逐字节相同", "the papers are the same byte for byte");
    desk_each(&d->desks[POLICE], "sink/case.referral", read_case, d->case_id);
    tell_line(&d->tell, "移送书、调查报告、物品清单、检验报告到达公安与检察院",
              "letter, investigation, list of items and inspection report reach police and "
              "procuratorate");

    day_step(d, "公安接受案件", "the police receive the case");
    if (!day_put(d, POLICE, "acknowledged.json",
                 records_acknowledged(d->case_id, "潮公受演示1号", today)) ||
        !day_wait_arrival(d, MARKET, "sink/case.acknowledged", 1))
        return;
    tell_line(&d->tell, "接受案件回执（T08）到达市场监管",
              "the receipt of the case (T08) reaches market regulation");
}

static void adverse_event(struct day *d)
{
    const uint32_t today = date_from_ms(clock_real_ms());
    struct fault f = {0};
    char *rows = records_aefi(&d->city.companies[CITY_COMPANIES - 1].manager, "AEFI0001", today);

    day_step(d, "卫健密封报告一例疑似预防接种异常反应",
             "health reports an adverse event following immunisation, sealed");
    tell_expect(&d->tell,
                rows != NULL && desk_put(&d->desks[HEALTH], "异常反应-1.csv", rows, &f) == OK,
                "文件可写入", "the file can be written");
    free(rows);
    if (day_wait_arrival(d, MARKET, "sink/aefi.report", 1))
        tell_line(&d->tell, "报告到达市场监管；枢纽只见批号",
                  "the report reaches market regulation; the hub sees the batch only");
}

void story_case(struct day *d)
{
    referral(d);
    if (!d->broken)
        adverse_event(d);
}
