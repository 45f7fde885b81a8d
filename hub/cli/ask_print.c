#include "cli/ask.h"

enum { DEPTH_MAX = 6, INDENT = 2 };

/* Words of answers, for people. What is not here is printed as it stands. */
static const struct {
    const char *key;
    const char *zh;
} LABELS[] = {
    {"members", "成员"},
    {"member", "成员"},
    {"connected", "已连接"},
    {"queued", "待投递"},
    {"leased", "投递中"},
    {"parked", "搁置"},
    {"envelopes", "信封"},
    {"orders", "惩戒"},
    {"order", "惩戒"},
    {"obligations", "义务"},
    {"obligation", "义务"},
    {"unassigned", "未分配"},
    {"restrictions", "限制"},
    {"log_size", "日志条数"},
    {"refused", "拒绝"},
    {"receipts", "回执"},
    {"undelivered", "未送达"},
    {"state", "状态"},
    {"subject", "主体"},
    {"measure", "措施"},
    {"rule", "规则"},
    {"basis", "依据"},
    {"issuer", "制发机关"},
    {"version", "版本"},
    {"start_date", "起"},
    {"end_date", "止"},
    {"kind", "类别"},
    {"type", "类型"},
    {"sender", "发送方"},
    {"recipient", "收件方"},
    {"time", "时间"},
    {"code", "代码"},
    {"reference", "文号"},
    {"checkpoint", "检查点"},
    {"due", "期限"},
    {"history", "经过"},
    {"hub", "枢纽"},
    {"realm", "域"},
    {"now", "现在"},
    {"at", "时刻"},
    {"held", "暂缓"},
    {"receipts_waiting", "待取回执"},
    {"obligations_executed", "已执行义务"},
    {"justifications", "限制理由"},
    {"orders_changed", "已变更惩戒"},
    {"refused_by_gate", "闸口拒绝"},
    {"flagged_by_gate", "闸口提示"},
    {"log_signed", "已签条数"},
    {"registry_version", "登记册版本"},
    {"unverified", "验签前拒绝"},
    {"created", "已建"},
    {"delivered", "已送达"},
    {"accepted", "已受理"},
    {"declined", "已拒绝"},
    {"executed", "已执行"},
    {"cancelled", "已撤销"},
    {"lift_due", "待解除"},
    {"lifted", "已解除"},
    {"total", "合计"},
    {"size", "条数"},
    {"ok", "完成"},
    {"basis_text", "依据原文"},
    {"steps", "步骤"},
    {"grounds", "理由"},
    {"outcome", "结果"},
};

struct level {
    const struct json *node;
    void *at;    /* of a map */
    size_t next; /* of a list */
    unsigned indent;
    bool rest_only; /* the map's scalars stand on its line already */
};

static void print_label(FILE *to, const char *key)
{
    for (size_t i = 0; i < sizeof LABELS / sizeof LABELS[0]; i++) {
        if (strcmp(LABELS[i].key, key) == 0) {
            fprintf(to, "%s %s", LABELS[i].zh, key);
            return;
        }
    }
    fprintf(to, "%s", key);
}

static bool is_scalar(const struct json *j)
{
    return json_kind(j) != JSON_KIND_MAP && json_kind(j) != JSON_KIND_LIST;
}

static void print_scalar(FILE *to, const struct json *j)
{
    int64_t number;
    switch (json_kind(j)) {
    case JSON_KIND_TEXT:
        fprintf(to, "%s", json_text(j));
        break;
    case JSON_KIND_NUMBER:
        if (json_int(j, &number))
            fprintf(to, "%lld", (long long)number);
        break;
    case JSON_KIND_BOOL:
        fprintf(to, "%s", json_flag(j) ? "是/yes" : "否/no");
        break;
    default:
        fprintf(to, "–");
        break;
    }
}

/* The scalars of a list's item, on one line. */
static void print_row(FILE *to, const struct json *item, unsigned indent)
{
    void *at = NULL;
    const char *key;
    const struct json *value;

    fprintf(to, "%*s-", (int)indent, "");
    if (json_kind(item) != JSON_KIND_MAP) {
        fprintf(to, " ");
        print_scalar(to, item);
    }
    while (json_kind(item) == JSON_KIND_MAP && json_entry(item, &at, &key, &value)) {
        if (!is_scalar(value))
            continue;
        fprintf(to, " %s=", key);
        print_scalar(to, value);
    }
    fprintf(to, "\n");
}

/* Move one step in a map. The container found, if any. */
static const struct json *step_map(FILE *to, struct level *level)
{
    const char *key;
    const struct json *value;
    while (json_entry(level->node, &level->at, &key, &value)) {
        if (is_scalar(value) && level->rest_only)
            continue;
        fprintf(to, "%*s", (int)level->indent, "");
        print_label(to, key);
        fprintf(to, ":");
        if (is_scalar(value)) {
            fprintf(to, " ");
            print_scalar(to, value);
            fprintf(to, "\n");
            continue;
        }
        fprintf(to, json_count(value) == 0 ? " –\n" : "\n");
        return value;
    }
    level->node = NULL;
    return NULL;
}

static const struct json *step_list(FILE *to, struct level *level)
{
    const struct json *item = json_item(level->node, level->next++);
    if (item == NULL) {
        level->node = NULL;
        return NULL;
    }
    print_row(to, item, level->indent);
    return is_scalar(item) ? NULL : item;
}

void ask_print(FILE *to, const struct json *answer)
{
    struct level stack[DEPTH_MAX] = {{.node = answer}};
    size_t depth = 1;

    if (is_scalar(answer)) {
        print_scalar(to, answer);
        fprintf(to, "\n");
        return;
    }
    while (depth > 0) {
        struct level *top = &stack[depth - 1];
        if (top->node == NULL) {
            depth--;
            continue;
        }
        bool list = json_kind(top->node) == JSON_KIND_LIST;
        const struct json *child = list ? step_list(to, top) : step_map(to, top);
        if (child == NULL || depth >= DEPTH_MAX)
            continue;
        stack[depth++] =
            (struct level){.node = child, .indent = top->indent + INDENT, .rest_only = list};
    }
}
