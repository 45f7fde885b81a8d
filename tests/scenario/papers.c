#include "scenario/papers.h"

#include "base/clock.h"
#include "t.h"

#include <stdio.h>
#include <string.h>

static uint32_t version_of(const struct paper *paper)
{
    return paper->version != 0 ? paper->version : 1;
}

static const char *or_else(const char *given, const char *otherwise)
{
    return given != NULL && given[0] != '\0' ? given : otherwise;
}

/* `"key":"date",` when there is a date. */
static void add_date(char out[static 192], const char *key, const char *date)
{
    const size_t len = strlen(out);
    if (date != NULL && date[0] != '\0')
        snprintf(out + len, 192 - len, "\"%s\":\"%s\",", key, date);
}

void paper_order(const struct paper *paper, char out[static PAPER_MAX])
{
    char dates[192] = "";
    char deadline[DATE_TEXT_LEN + 1];
    uint32_t decided = 0;
    assert_true(date_parse(paper->decided, &decided));
    date_format(date_add_days(decided, 60), deadline);
    add_date(dates, "max_date", paper->max);
    add_date(dates, "earliest_repair_date", paper->repair);
    add_date(dates, "act_date", paper->act_date);
    const int len = snprintf(
        out, PAPER_MAX,
        "{\"subject\":%s,\"persons\":[%s],\"order_id\":\"%s\",\"version\":%u,\"list\":\"%s\","
        "\"trigger\":\"%s\",\"severity\":\"%s\",\"decision_body\":\"示例机关\","
        "\"decision_number\":\"%s\",\"decision_date\":\"%s\",\"start_date\":\"%s\",%s"
        "\"prior_notice_date\":\"%s\",\"consent_number\":\"粤市监〔2026〕9号\","
        "\"served_date\":\"%s\",\"remedy\":\"60日内可申请复议\","
        "\"remedy_deadline_date\":\"%s\",\"facts_summary\":\"样本\","
        "\"contact\":\"0768-0000000\",\"public_subject\":true}",
        paper->subject, or_else(paper->persons, ""), paper->order_id, version_of(paper),
        paper->list, paper->trigger, paper->severity, or_else(paper->number, "示〔2026〕1号"),
        paper->decided, or_else(paper->start, paper->decided), dates,
        or_else(paper->noticed, paper->decided), paper->decided, deadline);
    assert_in_range(len, 1, PAPER_MAX - 1);
}

void paper_change(const struct paper *paper, char out[static PAPER_MAX])
{
    const int len = snprintf(out, PAPER_MAX,
                             "{\"subject\":%s,\"order_id\":\"%s\",\"version\":%u,"
                             "\"decision_body\":\"示例机关\",\"decision_number\":\"%s\","
                             "\"decision_date\":\"%s\",\"reason\":\"样本\"}",
                             paper->subject, paper->order_id, version_of(paper),
                             or_else(paper->number, "示变〔2026〕1号"), paper->decided);
    assert_in_range(len, 1, PAPER_MAX - 1);
}
