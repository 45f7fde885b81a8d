/* Market regulation registers the city: companies, the persons behind them, their licences. */
#include "day/day.h"

#include "base/clock.h"
#include "day/expected.h"
#include "day/records.h"
#include "json.h"

#include <stdio.h>

static const char *const trade_texts[TRADE_COUNT] = {
    [TRADE_DRUG_MAKER] = "药品生产 drug makers",
    [TRADE_WHOLESALER] = "药品批发 wholesalers",
    [TRADE_CHAIN] = "药品零售连锁 pharmacy chains",
    [TRADE_PHARMACY] = "零售药店 pharmacies",
    [TRADE_DEVICE_MAKER] = "医疗器械生产 device makers",
    [TRADE_DEVICE_DEALER] = "医疗器械经营 device dealers",
    [TRADE_COSMETIC_MAKER] = "化妆品生产 cosmetic makers",
};

static const struct {
    const char *word;
    struct json *(*record)(const struct company *c, uint32_t today);
} kinds[] = {
    {"register", records_register}, {"relation", records_relation}, {"licence", records_licence}};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

static void file_name(char *out, size_t kind, unsigned trade)
{
    snprintf(out, DESK_NAME_MAX, "%s-%s.json", kinds[kind].word,
             city_trade_name((enum trade)trade));
}

static bool all_accepted(struct day *d, void *ctx)
{
    char name[DESK_NAME_MAX];
    size_t count = 0;

    (void)ctx;
    for (size_t kind = 0; kind < KINDS; kind++)
        for (unsigned trade = 0; trade < TRADE_COUNT; trade++) {
            file_name(name, kind, trade);
            if (!desk_done(&d->desks[MARKET], name))
                return false;
        }
    for (size_t kind = 0; kind < KINDS; kind++)
        for (unsigned trade = 0; trade < TRADE_COUNT; trade++) {
            file_name(name, kind, trade);
            count += desk_reached(&d->desks[MARKET], name, "accepted");
        }
    d->city_messages = count;
    return count == EXPECTED_CITY_DOCUMENTS;
}

static void put_trade(struct day *d, unsigned trade, uint32_t today)
{
    const size_t companies = city_trade_size((enum trade)trade);
    char name[DESK_NAME_MAX];
    struct fault f = {0};

    for (size_t kind = 0; kind < KINDS; kind++) {
        struct json *list = json_list();
        for (size_t n = 0; n < companies; n++)
            json_add(list, kinds[kind].record(city_company(&d->city, (enum trade)trade, n), today));
        file_name(name, kind, trade);
        tell_expect(&d->tell, desk_put_json(&d->desks[MARKET], name, list, &f) == OK, "文件可写入",
                    "the file can be written");
        json_close(&list);
    }
    tell_linef(&d->tell, "登记 %zu 家：%s", "registering %zu: %s", companies, trade_texts[trade]);
}

void story_city(struct day *d)
{
    const uint32_t today = date_from_ms(clock_real_ms());
    const uint64_t begin = tell_clock_ms();

    day_step(d, "市场监管登记全市企业、人员关系并发证",
             "market regulation registers the city's companies, their people and licences");
    for (unsigned trade = 0; trade < TRADE_COUNT; trade++)
        put_trade(d, trade, today);
    if (!day_wait(d, all_accepted, NULL, "全部登记单据被枢纽受理",
                  "the hub accepts every document of the city"))
        return;
    const uint64_t took = tell_clock_ms() - begin;
    tell_linef(&d->tell, "枢纽受理 %u 份单据，用时 %u 毫秒",
               "the hub accepted %u documents in %u ms", (unsigned)d->city_messages,
               (unsigned)took);
    tell_count_expected(&d->tell, "city_documents", "全市登记单据", "documents of the city",
                        d->city_messages, EXPECTED_CITY_DOCUMENTS);
}
