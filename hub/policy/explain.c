#include "policy/explain.h"

#include "policy/gate.h"

#include "base/clock.h"
#include "ident.h"

#include <stdio.h>
#include <string.h>

/* Reason codes of refusals, as decide and change give them. */
static const struct {
    const char *why;
    const char *zh;
    const char *en;
} reasons[] = {
    {"subject_id", "主体标识码不符合标准", "the subject's identifier is not valid"},
    {"person_id", "人员证件号码不符合标准", "a person's identifier is not valid"},
    {"person_role", "未注明人员身份", "a person is named without a role"},
    {"subject_region", "主体行政区划未知", "the subject's region is unknown"},
    {"issuer", "制发机关不是已知部门", "the issuer is no known department"},
    {"dates", "缺少决定日期或起始日期，或日期无效", "a date is missing or no date"},
    {"decision_in_future", "决定日期在将来", "the decision lies in the future"},
    {"back_dated", "起始日期早于决定日期", "it starts before its decision"},
    {"act_after_decision", "行为日期晚于决定日期", "the act lies after the decision"},
    {"notice_after_decision", "事先告知晚于决定", "the prior notice came after the decision"},
    {"served_before_decision", "送达日期早于决定日期", "served before it was decided"},
    {"served_in_future", "送达日期在将来", "the date served is in the future"},
    {"ends_before_start", "截止日期早于起始日期", "it ends before it starts"},
    {"remedy_before_decision", "救济期限早于决定日期", "the remedy ended before the decision"},
    {"remedy_before_served", "救济期限早于送达日期", "the remedy ended before service"},
    {"decision_number", "缺少决定机关或文号", "decision body or number is missing"},
    {"list_trigger", "缺少名单或触发情形", "list or trigger is missing"},
    {"severity", "失信类别缺失或与规则不符", "the class is missing or not the rule's"},
    {"remedy", "未告知救济途径", "the remedy is not stated"},
    {"remedy_deadline", "未载明申请救济的期限", "the deadline of the remedy is missing"},
    {"facts", "未载明违法事实", "the facts are not stated"},
    {"withheld", "不公示字段名称未知，或与公示标记矛盾",
     "a withheld field is unknown, or published all the same"},
    {"served", "缺少送达日期", "the date of service is missing"},
    {"act_date", "缺少行为日期", "the date of the act is missing"},
    {"contact", "缺少联系方式", "the contact is missing"},
    {"list_unknown", "规则集中没有该名单", "the rule set has no such list"},
    {"list_department", "该部门无权列入此名单", "this department may not impose the list"},
    {"list_level", "该层级机关无权列入此名单",
     "an authority of this level may not impose the list"},
    {"subject_elsewhere", "主体不在制发机关辖区", "the subject lies outside the issuer's region"},
    {"trigger_unknown", "该名单没有此触发情形", "the list has no such trigger"},
    {"subject_kind", "规则不适用于此类主体", "the rule is not for this kind of subject"},
    {"rule_not_in_force", "决定之日规则未生效", "the rule was not in force on the day of decision"},
    {"rule_region", "规则只在其他地区有效", "the rule is valid in another region only"},
    {"basis_of_rule", "未引用该规则所依据的条款", "no article of the rule is named"},
    {"basis_missing", "未注明法律依据", "no legal basis is named"},
    {"basis_unknown", "依据代码未知", "a basis code is unknown"},
    {"basis_not_in_force", "所引条款当时未生效", "an article was not in force"},
    {"basis_elsewhere", "所引地方性法规不适用于此地", "a local article of another region"},
    {"version", "版本号不连续", "the version does not follow"},
    {"other_list", "更正不得改换名单", "a correction may not change the list"},
    {"other_subject", "所指主体与原惩戒不同", "it names another subject than the order"},
    {"not_issuer", "非制发机关、上级或法院", "not by the issuer, its superior or a court"},
    {"not_by_this_rank", "此类机关不得作此变更", "this authority may not make this change"},
    {"stayed_by_higher", "暂停由上级或法院作出", "a higher authority stayed it"},
    {"lifted_by_higher", "解除由上级或法院作出", "a higher authority lifted it"},
    {"state", "惩戒的现状不允许此操作", "the state of the order does not allow it"},
    {"order_unknown", "没有此惩戒", "there is no such order"},
    {"term_over", "惩戒期限已满", "its term is over"},
    {"before_order", "变更早于原决定", "the change is older than the order"},
    {"repair_after_deceit", "以虚假材料修复后，最早修复之日重新起算，尚未届至",
     "after a repair by deceit the least time begins anew, and it is not over"},
    {"before_change", "变更早于此前的变更", "the change is older than the one before it"},
    {"reason", "缺少变更理由", "the reason is missing"},
    {"start_too_late", "起始日期过晚", "it starts too late after its decision"},
    {"term", "期限无法计算", "a term cannot be computed"},
    {"term_without_end", "未载截止日期而规则无终身措施",
     "no end, and the rule has nothing for life"},
    {"term_too_short", "短于该名单最短期限", "shorter than the list allows"},
    {"term_too_long", "长于规则所许期限", "longer than the rule allows"},
    {"no_early_repair", "该情形不得提前修复", "there is no early repair"},
    {"repair_too_early", "早于最早修复日期", "before the earliest date of repair"},
    {"repair_after_end", "最早修复日期晚于期满之日", "the earliest repair is after the end"},
    {"ban_outlasts_repair", "法定措施期满之前不得提前移出",
     "no early removal while a statutory measure lasts"},
    {"prior_notice", "缺少列入前告知", "the notice before listing is missing"},
    {"consent", "缺少上一级机关同意文号", "the consent of the next higher level is missing"},
    {"no_person", "个人禁业未列明人员", "a personal ban names no person"},
    {"too_many_duties", "措施与人员过多", "too many measures and persons"},
    {"conflict", "同一决定已有生效惩戒", "an order for the same decision is in force"},
    {"annulled_by_court", "同一决定已被法院撤销，不得以同一事实和理由再次作出",
     "a court has annulled the decision: it is not taken again on the same facts and reasons"},
    {"annulled_by_superior", "同一决定已被上级机关撤销，不得以同一事实和理由再次作出",
     "a superior has annulled the decision: it is not taken again on the same facts and reasons"},
    {"second_one_person", "该自然人已设有一人有限公司",
     "the person has a one-person company already"},
    {"recorded", "处罚已记录，由公示机关公示",
     "the penalty is recorded, its publisher publishes it"},
    {"evaluate_listing", "结果已终局，请评估是否列入名单",
     "the result is final: evaluate a listing"},
    {"points_reached", "医保支付资格记分达到标准", "the insurance points reach the threshold"},
    {"class_warned", "信用等级为警示", "the credit class is warned"},
    {"class_trustworthy", "信用等级为守信", "the credit class is trustworthy"},
    {"incentive_offered", "给予激励", "an incentive is offered"},
    {"banned_person_hired", "聘用了被禁业的人员", "a banned person is hired"},
    {"uninsured_vaccine", "疫苗未在责任强制保险期内",
     "no liability insurance of the vaccine is in force"},
    {"code_sold_twice", "同一追溯码重复销售", "one trace code was sold twice"},
    {"listed", "主体在惩戒名单上，不得给予激励", "the subject is listed: no incentive"},
    /* why a rule or gate was looked at and did nothing, or did */
    {"matched", "适用", "it applies"},
    {"list", "属于其他名单", "it is of another list"},
    {"trigger", "触发情形不同", "its triggers are others"},
    {"not_in_force", "当时未生效", "it was not in force then"},
    {"region", "在其他地区有效", "it is for another region"},
    {"basis", "未引用其依据的条款", "none of its articles is named"},
    {"role", "所列人员的身份不在其内", "it does not reach the role of the person named"},
    {"not_responsible", "未认定该人员负有个人责任", "the person was not found responsible"},
    {"not_registered", "登记中没有该人员的此项任职",
     "the register knows no such role of the person"},
    {"no_restriction", "没有所问的限制", "there is no restriction of the kind"},
    {"nobody_banned", "所列人员均未被禁业", "none of the persons is banned"},
    {"no_other", "该人员在其他主体无此身份", "the person holds the role nowhere else"},
    {"points", "记分不在其范围内", "the points are others"},
    {"no_vaccine", "不是疫苗", "it is no vaccine"},
    {"insured", "责任强制保险在有效期内", "the insurance is in force"},
    {"not_asked", "不是此关口所问的情形", "it is not what the gate asks about"},
    {"indices", "信用指数缺失、重复或越界", "indices are missing, repeated or out of bounds"},
    {"class", "信用等级与指数不符", "the class does not follow from the indices"},
    {"rated_ahead", "等级起始日晚于签发日", "the class begins after the day of issue"},
    {"rated_since", "已有更新的评级", "a later rating stands"},
    {"measure", "不是规则所列的激励", "it is no incentive of the rules"},
};

static const char *const force_zh[] = {"", "必须", "酌情", "知悉"};
static const char *const force_en[] = {"", "must", "considers whether to", "is told to"};

const char *explain_why_zh(const char *why)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (strcmp(reasons[i].why, why) == 0)
            return reasons[i].zh;
    return "";
}

const char *explain_why_en(const char *why)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (strcmp(reasons[i].why, why) == 0)
            return reasons[i].en;
    return "";
}

static void put(struct writer *w, const char *text)
{
    write_span(w, span_str(text));
}

/* "R01 生产销售假药" */
static void put_rule(const struct ruleset *rs, const char *id, bool zh, struct writer *w)
{
    const struct rule *rule = ruleset_rule(rs, id);
    put(w, id);
    if (rule != NULL) {
        put(w, zh ? "“" : " (");
        put(w, zh ? rule->zh : rule->en);
        put(w, zh ? "”" : ")");
    }
}

static void put_basis(const struct ruleset *rs, const char *const *codes, uint32_t n, bool zh,
                      struct writer *w)
{
    for (uint32_t i = 0; i < n; i++) {
        const struct rule_basis *b = ruleset_basis(rs, codes[i]);
        put(w, i == 0 ? "" : zh ? "、" : ", ");
        put(w, b == NULL ? codes[i] : zh ? b->zh : b->en);
    }
}

static void put_measure(const struct ruleset *rs, const char *code, bool zh, struct writer *w)
{
    const struct rule_measure *m = ruleset_measure(rs, code);
    put(w, code);
    if (m != NULL) {
        put(w, zh ? "“" : " (");
        put(w, zh ? m->zh : m->en);
        put(w, zh ? "”" : ")");
    }
}

static void put_date(uint32_t date, struct writer *w)
{
    char text[DATE_TEXT_LEN + 1];
    date_format(date, text);
    put(w, text);
}

static void put_moment(uint64_t ms, struct writer *w)
{
    char text[CLOCK_TEXT_LEN + 1];
    uint32_t last = date_from_ms(ms - 1);
    if (date_end_ms(last) == ms) {
        /* A term ends at 24:00 of its last day, not at 0:00 of the next. */
        put_date(last, w);
        put(w, " 24:00");
        return;
    }
    clock_format(ms, text);
    text[16] = '\0'; /* minutes are enough for a person */
    text[10] = ' ';
    put(w, text);
}

static void put_who(const char *member, bool zh, struct writer *w)
{
    struct member m;
    if (member == NULL || member_parse(member, &m) != OK) {
        put(w, zh ? "规则所列部门" : "whom the rule names");
        return;
    }
    put(w, zh ? department_zh(m.department) : department_en(m.department));
    put(w, zh ? "（" : " (");
    put(w, member);
    put(w, zh ? "）" : ")");
}

static const char *force_word(lianshu_Force force, bool zh)
{
    size_t i = (size_t)force < sizeof force_zh / sizeof force_zh[0] ? (size_t)force : 0;
    return zh ? force_zh[i] : force_en[i];
}

static void put_period(const struct explain_item *item, bool zh, struct writer *w)
{
    if (item->start_date != 0) {
        put(w, zh ? "；自" : "; from ");
        put_date(item->start_date, w);
        put(w, zh ? "起" : "");
    }
    if (item->life)
        put(w, zh ? "，终身" : ", for life");
    else if (item->end_date != 0) {
        put(w, zh ? "，至" : " to ");
        put_date(item->end_date, w);
        put(w, zh ? "二十四时止" : ", 24:00");
    }
}

static void put_dues(const struct explain_item *item, bool zh, struct writer *w)
{
    if (item->answer_due_ms != 0) {
        put(w, zh ? "；答复期限" : "; answer by ");
        put_moment(item->answer_due_ms, w);
    }
    if (item->execute_due_ms != 0) {
        put(w, zh ? "；办结期限" : "; done by ");
        put_moment(item->execute_due_ms, w);
    }
}

static void put_item(const struct ruleset *rs, const struct explain_item *item, bool zh,
                     struct writer *w)
{
    put(w, zh ? "规则 " : "Rule ");
    put_rule(rs, item->rule, zh, w);
    if (item->basis_count > 0) {
        put(w, zh ? "，依据" : ", by ");
        put_basis(rs, item->basis, item->basis_count, zh, w);
    }
    put(w, zh ? "：" : ": ");
    put_who(item->member, zh, w);
    put(w, zh ? "" : " ");
    put(w, force_word(item->force, zh));
    put(w, zh ? "执行 " : " carry out ");
    put_measure(rs, item->measure, zh, w);
    put_period(item, zh, w);
    put_dues(item, zh, w);
    put(w, zh ? "。\n" : ".\n");
}

enum err explain_item(const struct ruleset *rs, const struct explain_item *item, struct writer *out)
{
    put_item(rs, item, true, out);
    put_item(rs, item, false, out);
    return out->full ? ERR_TOO_LARGE : OK;
}

/* What a decision did, by the words of its record. HERE: to whom it concerns, with its term; MEETS:
 * to a document that meets a restriction; WHOLE: to the order or document itself. */
enum outcome_form { HERE, MEETS, WHOLE };

static const struct {
    const char *action;
    enum outcome_form form;
    const char *zh;
    const char *en;
} actions[] = {
    {"impose", HERE, "采取措施 ", "imposes measure "},
    {"owe", HERE, "采取措施 ", "imposes measure "},
    {"incentive", HERE, "给予激励 ", "offers incentive "},
    {"refuse", MEETS, "单据被拒绝", "The document was refused"},
    {"hold", MEETS, "单据待两名人员处理", "The document is held for two officials"},
    {"flag", MEETS, "单据附提示送达", "The document is delivered with an advisory"},
    {"copy", MEETS, "单据已送达并告知列入机关",
     "The document is delivered and the listing authority is told"},
    {"alert", WHOLE, "提醒规则所列部门", "The departments that the rule names are reminded"},
    {"class", WHOLE, "信用等级改变", "The credit class changes"},
    {"lift", WHOLE, "惩戒解除", "The order is lifted"},
    {"annul", WHOLE, "惩戒撤销", "The order is annulled"},
    {"suspend", WHOLE, "惩戒中止", "The order is stayed"},
    {"resume", WHOLE, "惩戒恢复执行", "The order is resumed"},
    {"restore", WHOLE, "惩戒重新生效", "The order is restored"},
};

static void put_number(uint32_t n, struct writer *w)
{
    char text[16];
    snprintf(text, sizeof text, "%u", n);
    put(w, text);
}

static void put_on(uint32_t index, bool zh, struct writer *w)
{
    if (index == 0) {
        put(w, zh ? "对主体" : " against the subject");
        return;
    }
    put(w, zh ? "对单据所列第" : " against person ");
    put_number(index, w);
    put(w, zh ? "人" : " of the document");
}

/* Rule and article; a gate stands for its rule. */
static void put_ground(const struct ruleset *rs, const lianshu_Outcome *o, bool zh,
                       struct writer *w)
{
    size_t n = 0;
    const struct rule_gate *gates = ruleset_gates(rs, &n);
    const struct rule_gate *gate = NULL;
    const char *basis = o->basis;
    for (size_t i = 0; i < n; i++)
        gate = strcmp(gates[i].id, o->rule) == 0 ? &gates[i] : gate;
    if (o->rule[0] != '\0') {
        put(w, gate != NULL ? (zh ? "，关口 " : ", gate ") : (zh ? "，规则 " : ", rule "));
        if (gate == NULL)
            put_rule(rs, o->rule, zh, w);
        else {
            put(w, gate->id);
            put(w, zh ? "“" : " (");
            put(w, zh ? gate->zh : gate->en);
            put(w, zh ? "”" : ")");
        }
    }
    if (basis[0] != '\0') {
        put(w, zh ? "，依据" : ", by ");
        put_basis(rs, &basis, 1, zh, w);
    }
}

static void put_outcome(const struct ruleset *rs, const lianshu_Outcome *o, bool zh,
                        struct writer *w)
{
    const struct explain_item term = {
        .start_date = o->start_date, .end_date = o->end_date, .life = o->end_date == 0};
    size_t i = 0;
    while (i < sizeof actions / sizeof actions[0] && strcmp(actions[i].action, o->action) != 0)
        i++;
    const bool known = i < sizeof actions / sizeof actions[0];
    const enum outcome_form form = known ? actions[i].form : MEETS;
    const char *words = !known ? o->action : zh ? actions[i].zh : actions[i].en;
    if (form == HERE) {
        put(w, zh ? "本决定" : "The decision ");
        if (zh)
            put_on(o->subject_index, zh, w);
        put(w, zh ? force_word(o->force, true) : "");
        put(w, words);
        put_measure(rs, o->measure, zh, w);
        if (!zh) {
            put(w, o->force == lianshu_Force_FORCE_MUST       ? ", which must be carried out,"
                   : o->force == lianshu_Force_FORCE_CONSIDER ? ", to be considered,"
                                                              : ",");
            put_on(o->subject_index, zh, w);
        }
        put_ground(rs, o, zh, w);
        put_period(&term, zh, w);
    } else {
        put(w, words);
        if (form == MEETS && o->measure[0] != '\0') {
            put(w, zh ? "：现行限制 " : ": restriction in force ");
            put_measure(rs, o->measure, zh, w);
        }
        put_ground(rs, o, zh, w);
    }
    put(w, zh ? "。\n" : ".\n");
}

enum err explain_outcome(const struct ruleset *rs, const lianshu_Outcome *o, struct writer *out)
{
    put_outcome(rs, o, true, out);
    put_outcome(rs, o, false, out);
    return out->full ? ERR_TOO_LARGE : OK;
}

static void put_before(const lianshu_DecisionRecord *record, bool zh, struct writer *out)
{
    put(out, zh ? "（" : " (");
    put_date(record->date, out);
    put(out, zh ? "早于" : " is before ");
    put_date(record->against_date, out);
    put(out, zh ? "）" : ")");
}

enum err explain_refusal(const struct ruleset *rs, const lianshu_DecisionRecord *record,
                         struct writer *out)
{
    const lianshu_RuleTrace *last =
        record->rules_count == 0 ? NULL : &record->rules[record->rules_count - 1];
    if (record->code == 0 || last == NULL || last->matched || explain_why_zh(last->why)[0] == '\0')
        return OK;
    const struct rule *rule = ruleset_rule(rs, last->rule);
    const char *list = rule != NULL && rule->list != NULL ? rule->list->code : "";
    const char *basis = ruleset_offence(rs, last->why, list, date_from_ms(record->now_ms));
    if (basis[0] == '\0' && rule != NULL && rule->basis_count > 0)
        basis = rule->basis[0];
    for (int zh = 1; zh >= 0; zh--) {
        put(out, zh ? "单据被拒绝：" : "The document was refused: ");
        put(out, zh ? explain_why_zh(last->why) : explain_why_en(last->why));
        if (record->date != 0)
            put_before(record, zh != 0, out);
        if (basis[0] != '\0') {
            put(out, zh ? "，违反" : ", against ");
            put_basis(rs, &basis, 1, zh != 0, out);
        }
        put(out, zh ? "。\n" : ".\n");
    }
    return out->full ? ERR_TOO_LARGE : OK;
}

void explain_owners(const struct owners *o, char out[static EXPLAIN_OWNERS_MAX])
{
    size_t len = 0;
    const char *between = "";
    snprintf(out, EXPLAIN_OWNERS_MAX, "%s", o->who == WHO_EVERY ? "every" : "issuer");
    if (o->who != WHO_DEPARTMENTS)
        return;
    out[0] = '\0';
    for (unsigned i = 0; i < EXPLAIN_OWNERS; i++) {
        const unsigned bit = i % 32;
        const uint32_t set = i < 32 ? o->each : o->either;
        if (i == 32)
            between = len == 0 ? "" : " ";
        if ((set & (UINT32_C(1) << bit)) == 0)
            continue;
        len += (size_t)snprintf(out + len, EXPLAIN_OWNERS_MAX - len, "%s%s", between,
                                department_name(bit));
        between = i < 32 ? " " : "|";
    }
}
