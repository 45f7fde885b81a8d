/* Market regulation punishes a wholesaler; each department does its part and answers. */
#include "day/day.h"

#include "base/clock.h"
#include "day/expected.h"
#include "day/records.h"
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a department owes under R01, by hand (expected.h). */
static const struct {
    unsigned must;
    unsigned consider;
} owed[DESK_COUNT] = {
    [MARKET] = {7, 2}, [HEALTH] = {2, 3},        [INSURANCE] = {1, 3},
    [POLICE] = {1, 1}, [PROCURATORATE] = {1, 1},
};

static const char *const evidence[] = {"evidence-inspection.txt", "evidence-purchases.txt", NULL};

bool day_put_reports(struct day *d, int office, const char *const *names)
{
    struct fault f = {0};
    bool written = true;

    for (size_t i = 0; names[i] != NULL; i++) {
        char *text = records_report(names[i]);
        written = written && text != NULL &&
                  desk_put_attachment(&d->desks[office], names[i], text, strlen(text), &f) == OK;
        free(text);
    }
    return tell_expect(&d->tell, written, "附件可写入", "the attachments can be written");
}

bool day_put(struct day *d, int office, const char *name, struct json *record)
{
    struct fault f = {0};
    const bool written = desk_put_json(&d->desks[office], name, record, &f) == OK;

    json_close(&record);
    return tell_expect(&d->tell, written, "文件可写入", "the file can be written");
}

static bool order_expanded(struct day *d, void *ctx)
{
    (void)ctx;
    return desk_done(&d->desks[MARKET], DAY_ORDER_FILE) &&
           day_status(d, "obligations.total") == EXPECTED_OBLIGATIONS;
}

static bool decisions_wanted(struct day *d, void *ctx)
{
    (void)ctx;
    for (unsigned i = 0; i < DESK_COUNT; i++)
        if (desk_count(&d->desks[i], "register/pending") != owed[i].consider)
            return false;
    return true;
}

struct deciding {
    struct day *d;
    int office;
    unsigned number;
};

/* The official reads the notice that waits, decides, and writes the answer down. */
static bool decide(void *ctx, const char *name, const struct json *notice)
{
    struct deciding *now = ctx;
    struct day *d = now->d;
    const struct desk *desk = &d->desks[now->office];
    const char *measure = json_get_text(json_get(notice, "register"), "measure");
    char file[DESK_NAME_MAX];
    char reference[DESK_NAME_MAX];
    char id[DESK_NAME_MAX];

    now->number++;
    snprintf(id, sizeof id, "%.*s", (int)strcspn(name, "."), name);
    snprintf(file, sizeof file, "%s-%u.json", now->office == HEALTH ? "惩戒办理意见" : "answer",
             now->number);
    snprintf(reference, sizeof reference, "潮%s演示〔%u〕号", desk->zh, now->number);
    if (!day_put(d, now->office, file,
                 records_answer(now->office, id, "经研究，予以采取（演示）", reference)))
        return false;
    tell_linef(&d->tell, "%s 办理人决定采取 %s，文号 %s",
               "an official of %s decides to take %s, reference %s", desk->member,
               measure != NULL ? measure : "?", reference);
    return true;
}

static bool all_executed(struct day *d, void *ctx)
{
    (void)ctx;
    return day_status(d, "obligations.executed") == EXPECTED_EXECUTED;
}

static bool evidence_arrived(struct day *d, void *ctx)
{
    (void)ctx;
    return desk_count(&d->desks[HEALTH], "sink/sanction.order") == 1 &&
           desk_count(&d->desks[INSURANCE], "sink/sanction.order") == 1;
}

enum { LINE_MAX_BYTES = 512 };

static const char *text_or_empty(const char *text)
{
    return text != NULL ? text : "";
}

/* One line for each obligation, as the hub knows it. */
static void tell_obligations(struct day *d)
{
    if (!day_settle(d))
        return;
    struct json *answer = day_ask(d, (const char *const[]){"obligation", "list", NULL}, NULL);
    const struct json *rows = json_get(answer, "obligations");
    size_t owed_count = 0;

    for (size_t i = 0; i < json_count(rows); i++) {
        const struct json *row = json_item(rows, i);
        const char *measure = json_get_text(row, "measure");
        const char *member = json_get_text(row, "member");
        const char *state = json_get_text(row, "state");
        const char *basis = json_get_text(row, "basis");
        if (measure == NULL || member == NULL || state == NULL || basis == NULL)
            continue;
        const bool nobody = json_flag(json_get(row, "unassigned"));
        const bool done = strcmp(state, "executed") == 0;
        char zh[LINE_MAX_BYTES];
        char en[LINE_MAX_BYTES];
        snprintf(zh, sizeof zh, "  %s %s（%s）：%s%s", measure,
                 text_or_empty(json_get_text(row, "measure_zh")), basis,
                 nobody ? "本地无承接部门" : member,
                 nobody ? ""
                 : done ? " 已执行"
                        : state);
        snprintf(en, sizeof en, "%s %s (%s): %s%s", measure,
                 text_or_empty(json_get_text(row, "measure_en")), basis,
                 nobody ? "no department here" : member,
                 nobody ? ""
                 : done ? " executed"
                        : state);
        tell_line(&d->tell, zh, en);
        owed_count += !nobody;
    }
    tell_expect(&d->tell, owed_count == EXPECTED_OBLIGATIONS, "每项义务可查",
                "every obligation can be looked up");
    json_close(&answer);
}

void story_order(struct day *d)
{
    const uint32_t today = date_from_ms(clock_real_ms());
    const struct company *bad = day_punished(d);

    day_step(d, "市场监管对一家销售假药的批发企业作出惩戒（规则 R01），证据密封送卫健与医保",
             "market regulation punishes a wholesaler for fake drugs (rule R01); evidence sealed "
             "to health and insurance");
    if (!day_put_reports(d, MARKET, evidence))
        return;
    d->order_ms = tell_clock_ms();
    if (!day_put(d, MARKET, DAY_ORDER_FILE,
                 records_order(bad, DAY_ORDER_NUMBER, today, evidence)) ||
        !day_wait(d, order_expanded, NULL, "枢纽作出决定并分送义务",
                  "the hub decides and sends obligations"))
        return;
    tell_linef(&d->tell, "枢纽依规则分送 %u 项义务，%u 项无承接部门",
               "the hub sends %u obligations by rule; %u have no department here",
               EXPECTED_OBLIGATIONS, (unsigned)day_number(d, "unassigned"));

    day_step(d, "须由人员决定的义务等待办理",
             "obligations that need an official's decision are waiting");
    if (!day_wait(d, decisions_wanted, NULL, "酌定的义务到达各部门",
                  "the obligations to consider reach their departments"))
        return;
    for (int i = 0; i < DESK_COUNT; i++) {
        struct deciding deciding = {d, i, 0};
        desk_each(&d->desks[i], "register/pending", decide, &deciding);
    }
    if (!day_wait(d, all_executed, NULL, "全部义务办结", "every obligation is executed"))
        return;
    d->executed_ms = tell_clock_ms();
    tell_obligations(d);
    day_wait(d, evidence_arrived, NULL, "密封证据到达卫健与医保",
             "the sealed evidence reaches health and insurance");

    tell_count_expected(&d->tell, "orders", "惩戒", "orders", day_number(d, "orders"),
                        EXPECTED_ORDERS);
    tell_count_expected(&d->tell, "obligations", "义务", "obligations",
                        day_number(d, "obligations.total"), EXPECTED_OBLIGATIONS);
    tell_count_expected(&d->tell, "obligations_executed", "办结的义务", "obligations executed",
                        day_number(d, "obligations.executed"), EXPECTED_EXECUTED);
    tell_count_expected(&d->tell, "unassigned", "无承接部门的义务",
                        "obligations without a department", day_number(d, "unassigned"),
                        EXPECTED_UNASSIGNED);
    tell_count(&d->tell, "restrictions", "生效中的限制", "restrictions in force",
               day_number(d, "restrictions"));
    tell_count(&d->tell, "order_to_last_execution_ms", "自惩戒至最后办结毫秒",
               "ms from order to last execution", d->executed_ms - d->order_ms);
}
