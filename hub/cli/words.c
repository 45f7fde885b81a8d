#include "cli/words.h"

#include "base/utf8.h"

/* clang-format off */
struct word {
    const char *word;
    const char *zh;
};

/* Keys of the hub's answers, and columns. */
static const struct word LABELS[] = {
    {"about", "涉及"}, {"act", "办理"}, {"acts", "两人办理"}, {"advisories", "提示"}, {"answer_due", "答复期限"}, {"at", "时刻"}, {"attempts", "投递次数"},
    {"adapter", "适配器"}, {"basis", "依据"}, {"breakers", "暂停投递"}, {"by", "由"}, {"case", "案件"}, {"changed", "变更"}, {"changed_by", "变更方"},
    {"checkpoint", "检查点"}, {"code", "代码"}, {"code_en", "代码英文"}, {"code_zh", "代码说明"},
    {"connected", "连接"}, {"conversation", "会话"}, {"course", "经过"}, {"created", "已建"}, {"decision", "决定"},
    {"closed", "办结"}, {"clock", "期限条目"}, {"asker", "请求方"}, {"decision_date", "决定日期"}, {"department", "部门"}, {"document_id", "文书标识"},
    {"ended", "解除起算"}, {"lift_due", "解除期限"}, {"overdue", "逾期"}, {"overdue_hours", "逾期小时"}, {"redress", "救济"},
    {"under_objection", "异议处理中"}, {"warned_percent", "已预警百分比"}, {"delivery_number", "投递序号"}, {"disk_low", "磁盘将满"}, {"document", "文书"},
    {"due", "期限"}, {"end_date", "止"}, {"envelope", "信封"}, {"envelopes", "信封"},
    {"episode", "次"}, {"execute_due", "执行期限"}, {"env_id", "信封"}, {"expansion_stuck", "展开受阻"},
    {"expires", "失效"}, {"explanation", "解释"}, {"flagged_by_gate", "关口提示"}, {"force", "效力"},
    {"grounds", "理由"}, {"held", "待审"}, {"held_by_gate", "关口待审"}, {"history", "经过"}, {"hub", "枢纽"},
    {"in_flight", "投递中"}, {"in_time", "按期"}, {"issuer", "制发机关"},
    {"justifications", "限制理由"}, {"missing_rules", "缺失的规则集"}, {"kind", "类别"}, {"late", "逾期受理"}, {"leased", "投递中"}, {"list", "名单"},
    {"log_index", "日志序号"}, {"log_signed", "已签条数"}, {"log_size", "日志条数"},
    {"measure", "措施"}, {"measure_en", "措施英文"}, {"measure_zh", "措施名称"}, {"member", "成员"}, {"members", "成员"}, {"message_id", "报文标识"},
    {"now", "现在"}, {"obligation", "义务"}, {"obligations", "义务"},
    {"count", "数量"}, {"storage", "存储密钥"}, {"token", "标记密钥"}, {"unreadable", "无法解开"}, {"review", "复核"}, {"review_orders", "已交复核惩戒"}, {"review_percent", "复核进度"}, {"reviews_running", "复核进行中"}, {"review_due", "复核期限"},
    {"superior", "上级"}, {"waits_for", "等候"}, {"doubted", "存疑"}, {"begun", "开始"},
    {"obligations_executed", "已执行义务"}, {"officials", "人员"}, {"ok", "完成"}, {"opened", "立案"}, {"opener", "发起方"},
    {"order", "惩戒"}, {"orders", "惩戒"}, {"orders_changed", "已变更惩戒"}, {"outcome", "结果"},
    {"owner", "承办方"}, {"parked", "搁置"}, {"queued", "待投递"}, {"realm", "域"},
    {"receipt", "回执"}, {"receipts", "回执"}, {"receipts_waiting", "待取回执"},
    {"recipient", "收件方"}, {"recipients_open", "未结收件方"}, {"reference", "文号"},
    {"refused", "拒绝"}, {"refused_by_gate", "关口拒绝"}, {"registry_version", "登记册版本"},
    {"restrictions", "限制"}, {"reserve_spent", "已用预留空间"}, {"rule", "规则"}, {"scope", "范围"}, {"sender", "发送方"},
    {"since", "自"},
    {"size", "条数"}, {"stage", "阶段"}, {"stage_zh", "阶段说明"}, {"start_date", "起"},
    {"state", "状态"}, {"steps", "步骤"}, {"subject", "主体"}, {"subject_index", "当事人"},
    {"time", "时间"}, {"time_ms", "时间"}, {"total", "合计"}, {"transition", "程序"}, {"trigger", "事由"},
    {"mirror", "镜像"}, {"mirror_pages", "镜像页"}, {"verdict", "结论"}, {"as_of", "截至"}, {"others_known", "外地惩戒收全至"}, {"age_s", "距今秒数"}, {"unnamed", "无标记限制"}, {"more", "还有更多"},
    {"subject_confirmed", "主体已核对"}, {"persons", "人员"}, {"measures", "所查措施"}, {"issued", "签发"}, {"valid_until", "有效至"},
    {"type", "类型"}, {"type_zh", "类型说明"}, {"unassigned", "无承接部门"}, {"undelivered", "未送达"},
    {"unverified", "验签前拒绝"}, {"version", "版本"}, {"waiting", "等待"},
    {"action", "处理"}, {"alerts", "提醒"}, {"answers", "答复"}, {"article", "条文"}, {"checked", "已核验"}, {"class", "等级"},
    {"complete", "完整"}, {"conflicts", "冲突"}, {"decisions", "决定"}, {"departments", "部门"}, {"differences", "差异"},
    {"differing", "不一致"}, {"document_sha256", "文书摘要"}, {"duties", "义务"}, {"erased", "原文已删"}, {"from", "起"},
    {"gate", "关口"}, {"gates", "关口"}, {"generation", "代次"}, {"log_number", "日志编号"}, {"mark", "证据"}, {"matched", "适用"}, {"next", "下一个"},
    {"now_ms", "时刻"}, {"on", "对象"}, {"other_rules", "规则集缺失"}, {"passes", "可办"}, {"person", "人员"}, {"posts", "职务"},
    {"read_set_sha256", "所读数据摘要"}, {"region", "行政区划"}, {"rule_set_sha256", "规则集摘要"}, {"rules", "规则"},
    {"same", "一致"}, {"seq", "日志序号"}, {"signed", "已签"}, {"term", "期限"}, {"triggers", "事由"}, {"until", "止"},
    {"bytes", "字节"}, {"case_id", "案件"}, {"cases", "案件"}, {"clock_en", "期限英文"}, {"clock_zh", "期限名称"}, {"clocks", "期限"}, {"custody", "保管链"},
    {"event", "事项"}, {"lost", "未生效"}, {"handovers", "移交"}, {"items", "附件"}, {"number", "步"}, {"paper", "文书"}, {"paper_en", "文书英文"}, {"paper_zh", "文书名称"},
    {"papers", "文书"}, {"regions", "区划"}, {"root", "树根"}, {"started", "起算"}, {"state_en", "状态英文"}, {"state_zh", "状态说明"}, {"step", "步"},
    {"step_en", "步骤英文"}, {"step_zh", "步骤名称"}, {"stopped", "止"}, {"to", "至"}, {"type_en", "类型英文"}, {"waits", "等候方"},
    {"amendment", "变更"}, {"from_ms", "自"}, {"messages", "报文"}, {"origin", "来源"}, {"reason", "理由"}, {"repeated", "此前已应用"}, {"revocation", "吊销"}, {"revoked_at", "吊销时刻"}, {"revoked_from", "存疑自"}, {"valid", "有效"},
    {"code_file", "登记码文件"}, {"file", "文件"}, {"fingerprint", "指纹"}, {"invitation", "邀请"}, {"keys", "密钥"}, {"kid", "密钥标识"}, {"role", "角色"}, {"use", "用途"},
    {"counted", "所计"}, {"counted_zh", "所计名称"}, {"last_unusual", "最近异常日"}, {"limit", "告警线"}, {"numbers_twice", "同号文书"}, {"unusual", "用量异常"}, {"unusual_days", "异常日数"}, {"usual", "平日"}, {"volume", "用量"},
    {"added", "新增"}, {"admin", "管理事项"}, {"body", "正文"}, {"bounds", "时间界"}, {"clock_back", "时钟倒退"}, {"config_sha256", "配置摘要"}, {"cosignatures", "联署"}, {"cosigned", "已联署"},
    {"cosigners", "联署方"}, {"depth", "层级"}, {"documents", "文书"}, {"documents_waiting", "待送文书"}, {"files", "文件"}, {"hops", "经由枢纽"}, {"hubs", "枢纽"}, {"id", "标识"}, {"index", "序号"}, {"leaf", "日志条目"},
    {"leaves", "日志条目"}, {"link", "互联"}, {"links", "互联"}, {"list_equal", "名录一致"}, {"lists", "名录"}, {"log", "日志"}, {"log_not_cosigned", "日志未及时联署"}, {"logs", "日志"}, {"met", "已达所需"}, {"name_en", "英文名称"},
    {"name_zh", "名称"}, {"needed", "须有联署"}, {"old_size", "原条数"}, {"program", "程序"}, {"program_sha256", "程序摘要"}, {"program_unlisted", "程序未经发布"}, {"proof", "证明"}, {"received", "收到"}, {"receiver", "接收方"}, {"registrar", "登记机构"},
    {"registry_sha256", "登记册摘要"}, {"revocations", "吊销"}, {"round_began", "本遍开始"}, {"round_ended", "上遍完成"}, {"sha256", "摘要"}, {"signed_size", "已签条数"}, {"signers", "签署方"}, {"stamps", "时间戳"}, {"state_dir", "状态目录"},
    {"text", "正文"}, {"title", "标题"}, {"todo_en", "应做英文"}, {"todo_zh", "应做"}, {"untold", "未告知"}, {"valid_from", "起"}, {"verified", "已核验"}, {"waits_en", "等候英文"}, {"waits_zh", "等候说明"}, {"way", "路径"}, {"witness", "见证方"}, {"witnesses", "见证方"},
    {"calendar_short", "日历将尽"}, {"calendar_until", "日历止于"}, {"terms_beyond_calendar", "超出日历的期限"}, {"terms_recounted", "已重新计算的期限"},
    {"why", "原因"}, {"why_en", "原因英文"}, {"why_zh", "原因说明"}, {"withdrawn", "已撤回"}, {"zh", "说明"},
};

/* States and other words of ours that stand as values. */
static const struct word VALUES[] = {
    {"repair", "修复"}, {"objection", "异议"}, {"evidence", "证据"}, {"lift_expected", "应予解除"}, {"open", "未结"},
    {"upheld", "异议成立"}, {"answered", "已答复"}, {"answer", "答复"}, {"extended", "已延期"},
    {"accepted", "已受理"}, {"acted", "已办理"}, {"active", "有效"}, {"annulled", "已撤销"},
    {"cancelled", "已取消"}, {"consider", "酌定"}, {"declined", "已拒绝"}, {"delivered", "已送达"},
    {"executed", "已执行"}, {"expired", "已过期"}, {"in_force", "生效"}, {"lift_due", "待解除"},
    {"lifted", "已解除"}, {"must", "必须"}, {"notify", "通知"}, {"ready", "待投递"},
    {"rejected", "不予受理"}, {"released", "已放行"}, {"restored", "已恢复"}, {"returned", "已退回"},
    {"clean", "无限制"}, {"restricted", "有限制"}, {"unknown", "不知道"}, {"fresh", "最新"}, {"stale", "更新逾期"}, {"absent", "尚无"},
    {"running", "进行"}, {"stopped", "已止"}, {"sent", "发出"}, {"opened", "已签收"},
    {"superseded", "已被取代"}, {"suspended", "已中止"}, {"warned", "将过期"},
};
/* clang-format on */

static const char *find(const struct word *words, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i].word, word) == 0)
            return words[i].zh;
    }
    return NULL;
}

const char *word_label(const char *key)
{
    const char *zh = find(LABELS, sizeof LABELS / sizeof LABELS[0], key);
    return zh != NULL ? zh : word_value(key); /* counts stand under the state that is counted */
}

const char *word_value(const char *value)
{
    return find(VALUES, sizeof VALUES / sizeof VALUES[0], value);
}

const char *force_word(uint32_t force)
{
    static const char *const FORCES[] = {"none", "must", "consider", "notify"};
    return FORCES[force < sizeof FORCES / sizeof FORCES[0] ? force : 0];
}

static size_t char_width(uint32_t c)
{
    bool wide = (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) ||
                (c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) ||
                (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
                (c >= 0xffe0 && c <= 0xffe6) || (c >= 0x20000 && c <= 0x3fffd);
    return wide ? 2 : 1;
}

size_t words_width(const char *text)
{
    const struct span bytes = span_str(text);
    size_t at = 0;
    size_t width = 0;
    for (uint32_t c = utf8_next(bytes, &at); c != 0; c = utf8_next(bytes, &at))
        width += char_width(c);
    return width;
}
