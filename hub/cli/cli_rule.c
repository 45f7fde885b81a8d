/* A rule set on the official's desk: checked, shown as a table or as JSON. */
#include "cli/cli_rule.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "base/hex.h"
#include "cli/show.h"
#include "cli/table.h"
#include "cli/words.h"
#include "ident.h"
#include "json.h"
#include "policy/audit.h"
#include "policy/casebook.h"
#include "policy/coverage.h"
#include "policy/explain.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { CELL_MAX = 512 };

enum err rule_set_open(const struct cli *cli, const char *dir, struct ruleset **out,
                       struct fault *fault)
{
    struct ruleset_faults *faults = calloc(1, sizeof *faults);
    *out = NULL;
    if (faults == NULL)
        return ERR_NO_MEMORY;
    enum err err = ruleset_open(out, dir, faults);
    if (err != OK && faults->count == 0) {
        (void)fault_set(fault, err, 0, dir, "the directory cannot be read");
    } else if (err != OK) {
        /* In their order: on a terminal the command's own error is the last line. */
        const size_t own = cli->json ? 0 : faults->count - 1;
        for (size_t i = 0; i < faults->count; i++) {
            if (i != own)
                cli_refuse_also(cli, &faults->fault[i]);
        }
        *fault = faults->fault[own];
    }
    free(faults);
    return err;
}

/* ---- values as JSON ---- */

static void put_term(struct json *map, const char *key, const struct term *term)
{
    char text[TERM_TEXT_MAX];
    term_print(term, text);
    json_put_text(map, key, text);
}

static void put_codes(struct json *map, const char *key, const char *const *codes, uint32_t n)
{
    struct json *list = json_list();
    for (uint32_t i = 0; i < n; i++)
        json_add_text(list, codes[i]);
    json_put(map, key, list);
}

static const char *severity_text(lianshu_Severity severity)
{
    static const char *const words[] = {"none", "light", "ordinary", "serious"};
    return words[severity];
}

static struct json *item_json(const struct rule_item *item)
{
    char owners[EXPLAIN_OWNERS_MAX];
    struct json *j = json_map();
    explain_owners(&item->owners, owners);
    json_put_text(j, "code", item->measure->code);
    json_put_text(j, "force", force_word(item->force));
    json_put_text(j, "on", item->reach == ON_PERSONS ? "persons" : "subject");
    json_put_text(j, "departments", owners);
    put_term(j, "term", &item->term);
    put_term(j, "answer", &item->answer);
    put_term(j, "execute", &item->execute);
    put_codes(j, "basis", item->basis, item->basis_count);
    return j;
}

static struct json *alert_json(const struct rule_alert *alert)
{
    char owners[EXPLAIN_OWNERS_MAX];
    struct json *j = json_map();
    explain_owners(&alert->owners, owners);
    json_put_text(j, "departments", owners);
    json_put_text(j, "clock", alert->clock->id);
    put_term(j, "term", &alert->clock->ordinary);
    return j;
}

static struct json *rule_json(const struct rule *rule)
{
    static const char *const actions[] = {"take", "copy", "flag", "hold", "refuse"};
    char mark[2] = {rule->mark, '\0'};
    struct json *j = json_map();
    struct json *items = json_list();
    struct json *alerts = json_list();
    json_put_text(j, "id", rule->id);
    json_put_text(j, "zh", rule->zh);
    json_put_text(j, "en", rule->en);
    json_put_text(j, "event",
                  rule->event == EVENT_ORDER    ? "order"
                  : rule->event == EVENT_CHANGE ? "change"
                                                : "document");
    json_put_text(j, "list", rule->list == NULL ? "" : rule->list->code);
    put_codes(j, "triggers", rule->trigger, rule->trigger_count);
    json_put_text(j, "class", severity_text(rule->severity));
    put_term(j, "term", &rule->term);
    put_term(j, "earliest_repair", &rule->earliest_repair);
    json_put_text(j, "action", actions[rule->action]);
    for (uint32_t i = 0; i < rule->item_count; i++)
        json_add(items, item_json(&rule->item[i]));
    for (uint32_t i = 0; i < rule->alert_count; i++)
        json_add(alerts, alert_json(&rule->alert[i]));
    json_put(j, "measures", items);
    json_put(j, "alerts", alerts);
    put_codes(j, "basis", rule->basis, rule->basis_count);
    json_put_date(j, "from", rule->from);
    json_put_date(j, "to", rule->to);
    json_put_text(j, "mark", mark);
    return j;
}

/* ---- the table ---- */

static void join(char out[static CELL_MAX], const char *const *codes, uint32_t n)
{
    size_t len = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < n; i++)
        len += (size_t)snprintf(out + len, CELL_MAX - len, "%s%s", i == 0 ? "" : " ", codes[i]);
}

static void put_row(struct json *rows, const struct rule *rule, const char *measure,
                    const char *owners, const char *term, const char *basis, bool first)
{
    char mark[2] = {rule->mark, '\0'};
    char repair[TERM_TEXT_MAX];
    char listed[TERM_TEXT_MAX];
    struct json *row = json_map();
    term_print(&rule->earliest_repair, repair);
    term_print(&rule->term, listed);
    json_put_text(row, "rule", first ? rule->id : "");
    json_put_text(row, "list", !first ? "" : rule->list != NULL ? rule->list->zh : rule->zh);
    json_put_text(row, "class", first ? severity_text(rule->severity) : "");
    json_put_text(row, "term", first ? listed : "");
    json_put_text(row, "repair", first ? repair : "");
    json_put_text(row, "measure", measure);
    json_put_text(row, "until", term);
    json_put_text(row, "departments", owners);
    json_put_text(row, "basis", basis);
    json_put_text(row, "mark", first ? mark : "");
    json_add(rows, row);
}

static void put_item_row(struct json *rows, const struct rule *rule, uint32_t i, bool first)
{
    static const char *const forces[] = {"", "必须", "酌定", "通知"};
    const struct rule_item *item = &rule->item[i];
    char measure[CELL_MAX];
    char owners[EXPLAIN_OWNERS_MAX];
    char basis[CELL_MAX];
    char term[TERM_TEXT_MAX];
    snprintf(measure, sizeof measure, "%s %s%s", item->measure->code, forces[item->force],
             item->reach == ON_PERSONS ? " 人员" : "");
    explain_owners(&item->owners, owners);
    join(basis, item->basis, item->basis_count);
    term_print(&item->term, term);
    put_row(rows, rule, measure, owners, term, basis, first);
}

static void put_alert_row(struct json *rows, const struct rule *rule, uint32_t i, bool first)
{
    const struct rule_alert *alert = &rule->alert[i];
    char owners[EXPLAIN_OWNERS_MAX];
    char basis[CELL_MAX];
    char term[TERM_TEXT_MAX];
    explain_owners(&alert->owners, owners);
    join(basis, rule->basis, rule->basis_count);
    term_print(&alert->clock->ordinary, term);
    put_row(rows, rule, "提醒 alert", owners, term, basis, first);
}

static void print_table(FILE *to, const struct ruleset *rs)
{
    size_t n = 0;
    const struct rule *rules = ruleset_rules(rs, &n);
    struct json *rows = json_list();
    for (size_t i = 0; i < n; i++) {
        const struct rule *rule = &rules[i];
        char basis[CELL_MAX];
        join(basis, rule->basis, rule->basis_count);
        for (uint32_t k = 0; k < rule->item_count; k++)
            put_item_row(rows, rule, k, k == 0);
        for (uint32_t k = 0; k < rule->alert_count; k++)
            put_alert_row(rows, rule, k, k == 0 && rule->item_count == 0);
        if (rule->item_count + rule->alert_count == 0)
            put_row(rows, rule, "", "", "", basis, true);
    }
    table_print(to, "rule_set", rows, 0);
    json_close(&rows);
}

/* ---- what makes each measure felt ---- */

/* The gates that ask for it and the rules that impose it, as codes. */
static struct json *measure_json(const struct ruleset *rs, const struct rule_measure *m)
{
    size_t n = 0;
    struct json *j = json_map();
    struct json *at = json_list();
    struct json *by = json_list();
    const struct rule_gate *gates = ruleset_gates(rs, &n);
    for (size_t i = 0; i < n; i++) {
        if (gates[i].measure == m)
            json_add_text(at, gates[i].id);
    }
    const struct rule *rules = ruleset_rules(rs, &n);
    for (size_t i = 0; i < n; i++) {
        bool imposes = false;
        for (uint32_t k = 0; k < rules[i].item_count; k++)
            imposes = imposes || rules[i].item[k].measure == m;
        if (imposes)
            json_add_text(by, rules[i].id);
    }
    json_put_text(j, "code", m->code);
    json_put_text(j, "zh", m->zh);
    json_put_text(j, "en", m->en);
    json_put(j, "gates", at);
    json_put(j, "rules", by);
    json_put_text(j, "no_gate", m->no_gate);
    json_put_text(j, "no_rule", m->no_rule);
    return j;
}

static struct json *measures_json(const struct ruleset *rs)
{
    size_t n = 0;
    struct json *list = json_list();
    const struct rule_measure *measures = ruleset_measures(rs, &n);
    for (size_t i = 0; i < n; i++)
        json_add(list, measure_json(rs, &measures[i]));
    return list;
}

/* "M27 共享并公示失信信息 | 规则 / rules: 30 | 关口 / gates: reason why there is none" */
static void print_measures(FILE *to, const struct ruleset *rs)
{
    struct json *list = measures_json(rs);
    for (size_t i = 0; i < json_count(list); i++) {
        const struct json *m = json_item(list, i);
        const char *const key[] = {"rules", "gates"};
        const char *const why[] = {"no_rule", "no_gate"};
        const char *const word[] = {"规则 / rules", "关口 / gates"};
        fprintf(to, "%s %s", json_get_text(m, "code"), json_get_text(m, "zh"));
        for (size_t k = 0; k < 2; k++) {
            const struct json *codes = json_get(m, key[k]);
            fprintf(to, " | %s:", word[k]);
            for (size_t c = 0; c < json_count(codes); c++)
                fprintf(to, " %s", json_text(json_item(codes, c)));
            if (json_count(codes) == 0)
                fprintf(to, " – %s", json_get_text(m, why[k]));
        }
        fputc('\n', to);
    }
    json_close(&list);
}

/* ---- the command ---- */

static void add_finding(void *arg, const char *word, const char *what)
{
    struct json *row = json_map();
    json_put_text(row, "word", word);
    json_put_text(row, "what", what);
    json_add(arg, row);
}

/* How far the calendar reaches, on the command's own day; NULL: nobody named one. */
static enum err calendar_json(const struct cli *cli, const struct ruleset *rs, struct json **out,
                              struct fault *fault)
{
    const char *path = args_value(cli->args, "calendar");
    struct calendar *calendar = NULL;
    struct coverage c;
    char term[TERM_TEXT_MAX];
    *out = NULL;
    enum err err = path == NULL ? OK : calendar_open(&calendar, path, fault);
    if (err != OK || path == NULL)
        return err;
    coverage_of(rs, calendar, date_from_ms(cli->world->now_ms()), &c);
    calendar_close(&calendar);
    term_print(&c.term, term);
    *out = json_map();
    json_put_date(*out, "until", c.until);
    json_put_uint(*out, "counted", c.counted);
    json_put_uint(*out, "beyond", c.beyond);
    json_put_text(*out, "clock", c.of);
    json_put_text(*out, "term", term);
    return OK;
}

static void print_calendar(FILE *to, const struct json *calendar)
{
    uint64_t beyond = 0;
    if (calendar == NULL || !json_uint(json_get(calendar, "beyond"), &beyond))
        return;
    const char *until = json_get_text(calendar, "until");
    const bool none = until == NULL || until[0] == '\0';
    fprintf(to, "工作日历止于 %s / the calendar of working days ends with %s\n",
            none ? "今日之前" : until, none ? "a day before today" : until);
    if (beyond > 0)
        fprintf(to,
                "自今日起算，%" PRIu64
                " 项期限超出日历（最长者 %s：%s），其后的节假日未扣除，期限偏早；"
                "请换用新的日历 / %" PRIu64 " terms that begin today go beyond it (the longest is "
                "%s: %s): holidays after it are not left out, they end too early; get the new "
                "calendar\n",
                beyond, json_get_text(calendar, "clock"), json_get_text(calendar, "term"), beyond,
                json_get_text(calendar, "clock"), json_get_text(calendar, "term"));
}

static enum err print_json(const struct cli *cli, const struct ruleset *rs, const char *hash,
                           const struct json *findings, const struct json *calendar)
{
    size_t n = 0;
    size_t measures = 0;
    size_t lists = 0;
    const struct rule *rules = ruleset_rules(rs, &n);
    struct json *j = json_map();
    struct json *rows = json_list();
    (void)ruleset_measures(rs, &measures);
    (void)ruleset_lists(rs, &lists);
    for (size_t i = 0; i < n; i++)
        json_add(rows, rule_json(&rules[i]));
    json_put_text(j, "set", ruleset_name(rs));
    json_put_ms(j, "activate_at", ruleset_activate_at_ms(rs));
    json_put_text(j, "sha256", hash);
    json_put_uint(j, "rule_count", n);
    json_put_uint(j, "measure_count", measures);
    json_put_uint(j, "list_count", lists);
    json_put_flag(j, "complete", json_count(findings) == 0);
    json_put(j, "findings", json_clone(findings));
    if (calendar != NULL)
        json_put(j, "calendar", json_clone(calendar));
    json_put(j, "rules", rows);
    json_put(j, "measures", measures_json(rs));
    struct json *cases = json_map();
    casebook_describe(rs, cases);
    json_put(j, "cases", cases);
    const enum err err = show_json(cli->world->out, j);
    json_close(&j);
    return err;
}

static void print_words(const struct cli *cli, const struct ruleset *rs, const char *hash,
                        const struct json *findings)
{
    FILE *to = cli->world->out;
    size_t n = 0;
    size_t measures = 0;
    size_t lists = 0;
    (void)ruleset_rules(rs, &n);
    (void)ruleset_measures(rs, &measures);
    (void)ruleset_lists(rs, &lists);
    print_table(to, rs);
    print_measures(to, rs);
    casebook_graph(rs, CASEBOOK_TABLE, to);
    for (size_t i = 0; i < json_count(findings); i++) {
        const char *word = json_get_text(json_item(findings, i), "word");
        fprintf(to, "%s: %s（%s）\n", word, audit_words(word),
                json_get_text(json_item(findings, i), "what"));
    }
    fprintf(to,
            "规则集%s：%zu 条规则，%zu 项措施，%zu 个名单 / the rule set is %s: %zu rules, %zu "
            "measures, %zu lists\nSHA-256: %s\n",
            json_count(findings) == 0 ? "有效且完整" : "有效而不完整", n, measures, lists,
            json_count(findings) == 0 ? "valid and complete" : "valid, not complete", n, measures,
            lists, hash);
}

enum err cli_rule_check(const struct cli *cli, struct fault *fault)
{
    struct ruleset *rs = NULL;
    uint8_t hash[RULESET_HASH_LEN];
    char hash_text[2 * RULESET_HASH_LEN + 1];

    enum err err = rule_set_open(cli, cli->args->operand[0], &rs, fault);
    if (err != OK)
        return err;
    ruleset_hash(rs, hash);
    hex_encode(span_of(hash, sizeof hash), hash_text);
    struct json *findings = json_list();
    struct json *calendar = NULL;
    (void)audit_rules(rs, add_finding, findings);
    err = calendar_json(cli, rs, &calendar, fault);
    if (err == OK && cli->json)
        err = print_json(cli, rs, hash_text, findings, calendar);
    else if (err == OK) {
        print_words(cli, rs, hash_text, findings);
        print_calendar(cli->world->out, calendar);
    }
    json_close(&calendar);
    json_close(&findings);
    ruleset_close(&rs);
    return err;
}
