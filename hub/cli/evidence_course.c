/* What happened, in the order of the log: one line an entry, with who, what and under which rule.
 */
#include "base/clock.h"
#include "base/hex.h"
#include "catalogue.h"
#include "cli/evidence_report.h"
#include "keys/receipt.h"
#include "policy/explain.h"
#include "wire.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    SAYING_MAX = 4096,
    ID_SHOWN = 8, /* bytes of an id in a line */
};

/* One line: by whom, what, in both languages. */
struct saying {
    char by[128];
    char zh[SAYING_MAX];
    char en[SAYING_MAX];
};

/* States by their numbers (policy/view.h; an obligation's: PROTOCOL 8). */
static const char *const ORDER_ZH[] = {"无", "待生效", "生效", "中止", "已解除", "期满", "已撤销"};
static const char *const ORDER_EN[] = {"none",   "pending", "active",  "suspended",
                                       "lifted", "expired", "annulled"};
static const char *const DUTY_ZH[] = {"?",      "产生",   "送达",     "接受",  "拒绝",
                                      "已执行", "已取消", "应予解除", "已解除"};
static const char *const DUTY_EN[] = {"?",        "created",   "delivered", "accepted", "declined",
                                      "executed", "cancelled", "lift due",  "lifted"};
#define WORD(table, n) ((n) < sizeof(table) / sizeof(table)[0] ? (table)[n] : "?")

const char *duty_state_zh(uint32_t state)
{
    return WORD(DUTY_ZH, state);
}

const char *duty_state_en(uint32_t state)
{
    return WORD(DUTY_EN, state);
}

static void short_id(const uint8_t *id, char out[static 2 * ID_SHOWN + 1])
{
    hex_encode(span_of(id, ID_SHOWN), out);
}

static void append(char *text, size_t cap, const char *more)
{
    const size_t len = strlen(text);
    snprintf(text + len, cap - len, "%s", more);
}

/* ---- receipts ---- */

static void say_code(struct saying *s, uint32_t code)
{
    char label[ERR_LABEL_LEN + 1];
    char more[512];
    if (code == 0)
        return;
    err_label(err_from_code(code), label);
    snprintf(more, sizeof more, "；%s %s", label, err_zh(err_from_code(code)));
    append(s->zh, sizeof s->zh, more);
    snprintf(more, sizeof more, "; %s %s", label, err_en(err_from_code(code)));
    append(s->en, sizeof s->en, more);
}

static void say_grounds(struct saying *s, const lianshu_Receipt *q)
{
    char more[256];
    char id[2 * ID_SHOWN + 1];
    for (pb_size_t i = 0; i < q->grounds_count; i++) {
        const lianshu_Ground *g = &q->grounds[i];
        short_id(g->order_id, id);
        snprintf(more, sizeof more, "；措施 %s，规则 %s，依据 %s，惩戒 %s", g->measure, g->rule,
                 g->basis, id);
        append(s->zh, sizeof s->zh, more);
        snprintf(more, sizeof more, "; measure %s, rule %s, article %s, order %s", g->measure,
                 g->rule, g->basis, id);
        append(s->en, sizeof s->en, more);
    }
}

static void say_receipt(struct saying *s, struct span text)
{
    lianshu_Receipt q;
    char id[2 * ID_SHOWN + 1];
    if (wire_decode(&lianshu_Receipt_msg, text, &q) != OK)
        return;
    short_id(q.env_id, id);
    snprintf(s->by, sizeof s->by, "%s", q.by);
    snprintf(s->zh, sizeof s->zh, "%s：%s 的信封 %s%s%s", receipt_kind_zh(q.kind), q.sender, id,
             q.about[0] == '\0' ? "" : "，收件方 ", q.about);
    snprintf(s->en, sizeof s->en, "%s: envelope %s of %s%s%s", receipt_kind_name(q.kind), id,
             q.sender, q.about[0] == '\0' ? "" : ", recipient ", q.about);
    if (q.reference[0] != '\0') {
        append(s->zh, sizeof s->zh, "，附文号");
        append(s->en, sizeof s->en, ", with a reference");
    }
    say_code(s, q.code);
    say_grounds(s, &q);
}

static void say_statement(struct saying *s, const struct evidence *e, struct span text)
{
    lianshu_Statement v;
    char id[2 * ID_SHOWN + 1];
    if (wire_decode(&lianshu_Statement_msg, text, &v) != OK || v.env_id.size != HASH_LEN)
        return;
    short_id(v.env_id.bytes, id);
    snprintf(s->by, sizeof s->by, "%s", e->hub);
    snprintf(s->zh, sizeof s->zh, "交付：信封 %s 给 %s", id, v.recipient);
    snprintf(s->en, sizeof s->en, "hands over: envelope %s to %s", id, v.recipient);
    if (v.advisories_count > 0) {
        append(s->zh, sizeof s->zh, "，附提示");
        append(s->en, sizeof s->en, ", with an advisory");
    }
}

/* ---- decisions ---- */

/* The two lines of a sentence of policy/explain.h. */
static void add_sentence(struct saying *s, struct span both)
{
    const char *line = memchr(both.data, '\n', both.len);
    const char *end = (const char *)both.data + both.len;
    if (line == NULL)
        return;
    char zh[EXPLAIN_TEXT_MAX];
    char en[EXPLAIN_TEXT_MAX];
    snprintf(zh, sizeof zh, "；%.*s", (int)(line - (const char *)both.data), both.data);
    while (end > line + 1 && end[-1] == '\n')
        end--;
    snprintf(en, sizeof en, "; %.*s", (int)(end - line - 1), line + 1);
    append(s->zh, sizeof s->zh, zh);
    append(s->en, sizeof s->en, en);
}

static void say_outcome(struct saying *s, const struct ruleset *rules, const lianshu_Outcome *o)
{
    char text[EXPLAIN_TEXT_MAX];
    struct writer w = writer_of(text, sizeof text);
    char more[256];
    enum err err = ERR_NOT_FOUND;
    if (rules != NULL)
        err = explain_outcome(rules, o, &w);
    if (err == OK) {
        add_sentence(s, writer_span(&w));
        return;
    }
    snprintf(more, sizeof more, "；%s %s（规则 %s，依据 %s）", o->action, o->measure, o->rule,
             o->basis);
    append(s->zh, sizeof s->zh, more);
    snprintf(more, sizeof more, "; %s %s (rule %s, article %s)", o->action, o->measure, o->rule,
             o->basis);
    append(s->en, sizeof s->en, more);
}

/* Whether it came out the same here. */
static void say_again(struct saying *s, const struct again_row *row)
{
    char more[256];
    if (row == NULL || row->is == AGAIN_NOT)
        return;
    snprintf(more, sizeof more, "；%s%s",
             row->is == AGAIN_SAME ? "已重演，逐字节一致" : "重演不一致：",
             row->is == AGAIN_SAME ? "" : again_zh(row));
    append(s->zh, sizeof s->zh, more);
    snprintf(more, sizeof more, "; %s%s",
             row->is == AGAIN_SAME ? "made again here, the same to the byte"
                                   : "made again here it DIFFERS: ",
             row->is == AGAIN_SAME ? "" : again_en(row));
    append(s->en, sizeof s->en, more);
}

static void say_decision(struct saying *s, const struct paper *p, const struct evidence_leaf *leaf)
{
    const struct evidence *e = p->reading->e;
    const struct span text = leaf->text;
    lianshu_DecisionRecord *r = malloc(sizeof *r);
    char hash[2 * HASH_LEN + 1];
    snprintf(s->by, sizeof s->by, "%s", e->hub);
    if (r == NULL || text.len == 0 || wire_decode(&lianshu_DecisionRecord_msg, text, r) != OK) {
        snprintf(s->zh, sizeof s->zh, "决定：记录已按期清除");
        snprintf(s->en, sizeof s->en, "decision: its record was erased");
        free(r);
        return;
    }
    const struct document_type *type = type_find(r->type);
    hex_encode(span_of(r->rule_set_sha256, HASH_LEN), hash);
    snprintf(s->zh, sizeof s->zh, "决定：%s，规则集 %.16s…", type == NULL ? "?" : type->zh, hash);
    snprintf(s->en, sizeof s->en, "decision: %s, rule set %.16s…", type == NULL ? "?" : type->en,
             hash);
    say_code(s, r->code);
    const struct ruleset *rules = rules_shown_find(&p->reading->rules, r->rule_set_sha256);
    for (pb_size_t i = 0; i < r->outcome_count; i++)
        say_outcome(s, rules, &r->outcome[i]);
    say_again(s, evidence_again_of(&p->reading->again, leaf));
    free(r);
}

/* ---- states ---- */

static void say_state(struct saying *s, const struct evidence *e, const struct evidence_leaf *leaf)
{
    lianshu_StateChange c;
    char id[2 * ID_SHOWN + 1];
    if (wire_decode(&lianshu_StateChange_msg, leaf->text, &c) != OK)
        return;
    const bool order = leaf->kind == LOG_ORDER_STATE;
    short_id(c.id, id);
    snprintf(s->by, sizeof s->by, "%s", c.by[0] == '\0' ? e->hub : c.by);
    snprintf(s->zh, sizeof s->zh, "%s %s（第 %u 版）%s%s%s%s：%s", order ? "惩戒" : "义务", id,
             (unsigned)c.version, c.measure[0] == '\0' ? "" : "，措施 ", c.measure,
             c.member[0] == '\0' ? "" : "，由 ", c.member,
             order ? WORD(ORDER_ZH, c.state) : duty_state_zh(c.state));
    snprintf(s->en, sizeof s->en, "%s %s (version %u)%s%s%s%s: %s", order ? "order" : "obligation",
             id, (unsigned)c.version, c.measure[0] == '\0' ? "" : ", measure ", c.measure,
             c.member[0] == '\0' ? "" : ", of ", c.member,
             order ? WORD(ORDER_EN, c.state) : duty_state_en(c.state));
}

/* One clause a line. */
static void put_clauses(const struct paper *p, const char *text, const char *between)
{
    char clause[EXPLAIN_TEXT_MAX];
    const size_t step = strlen(between);
    while (text != NULL) {
        const char *end = strstr(text, between);
        snprintf(clause, sizeof clause, "%.*s", end == NULL ? (int)strlen(text) : (int)(end - text),
                 text);
        report_html(p, clause);
        fputs(end == NULL ? "" : "<br>", p->html);
        fprintf(p->text, "     %s\n", clause);
        text = end == NULL ? NULL : end + step;
    }
}

static void say_leaf(struct saying *s, const struct paper *p, const struct evidence_leaf *leaf)
{
    const struct evidence *e = p->reading->e;
    *s = (struct saying){.by = ""};
    switch (leaf->kind) {
    case LOG_RECEIPT:
    case LOG_MEMBER_RECEIPT:
    case LOG_OTHER_RECEIPT:
        say_receipt(s, leaf->text);
        break;
    case LOG_STATEMENT:
        say_statement(s, e, leaf->text);
        break;
    case LOG_DECISION:
        say_decision(s, p, leaf);
        break;
    case LOG_ORDER_STATE:
    case LOG_OBLIGATION_STATE:
        say_state(s, e, leaf);
        break;
    default:
        snprintf(s->by, sizeof s->by, "%s", e->hub);
        snprintf(s->zh, sizeof s->zh, "其他日志条目（类别 %u）", leaf->kind);
        snprintf(s->en, sizeof s->en, "another entry of the log (kind %u)", leaf->kind);
    }
}

void report_decisions(const struct paper *p)
{
    const struct evidence *e = p->reading->e;
    struct saying *s = malloc(sizeof *s);
    char time[CLOCK_TEXT_LEN + 1];
    bool any = false;
    for (size_t i = 0; s != NULL && i < e->leaf_count; i++) {
        if (e->leaves[i].kind != LOG_DECISION || e->leaves[i].text.len == 0)
            continue;
        if (!any) {
            report_section(p, "决定：依据哪条规则", "Decisions: under which rule");
            fputs("<table>\n", p->html);
        }
        any = true;
        say_leaf(s, p, &e->leaves[i]);
        clock_format(e->leaves[i].time_ms, time);
        fprintf(p->html, "<tr><td class=\"m\">%" PRIu64 "</td><td class=\"m\">%s</td><td>",
                e->leaves[i].index, time);
        fprintf(p->text, "  %8" PRIu64 "  %s\n", e->leaves[i].index, time);
        put_clauses(p, s->zh, "；");
        fputs("<br><small>", p->html);
        put_clauses(p, s->en, "; ");
        fputs("</small></td></tr>\n", p->html);
    }
    if (any)
        fputs("</table>\n", p->html);
    free(s);
}

void report_course(const struct paper *p)
{
    const struct evidence *e = p->reading->e;
    struct saying *s = malloc(sizeof *s);
    char time[CLOCK_TEXT_LEN + 1];
    if (s == NULL)
        return;
    report_section(p, "附：全部日志条目（按日志次序）",
                   "Annex: every entry, in the order of the log");
    fputs("<table><tr><th>序号 no.</th><th>时间 time</th><th>谁 who</th><th>何事 what</th></tr>\n",
          p->html);
    for (size_t i = 0; i < e->leaf_count; i++) {
        const struct evidence_leaf *leaf = &e->leaves[i];
        say_leaf(s, p, leaf);
        clock_format(leaf->time_ms, time);
        fprintf(p->html, "<tr><td class=\"m\">%" PRIu64 "</td><td class=\"m\">%s</td><td>",
                leaf->index, time);
        report_html(p, s->by);
        fputs("</td><td>", p->html);
        report_html(p, s->zh);
        fputs("<br><small>", p->html);
        report_html(p, s->en);
        fputs("</small></td></tr>\n", p->html);
        fprintf(p->text, "  %8" PRIu64 "  %s  %s\n            %s\n            %s\n", leaf->index,
                time, s->by, s->zh, s->en);
    }
    fputs("</table>\n", p->html);
    free(s);
}
