#include "cli/cli.h"

#include "cli/show.h"
#include "keys/init.h"

#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES = 1024 };

/* clang-format off */
#define JSON_OPTION {"json", NULL, false, false, "以 JSON 输出", "print JSON"}
#define HUB_OPTIONS                                                                                \
    {"control", "SOCKET", false, false, "枢纽控制套接字", "the hub's control socket"},              \
    {"config", "HUB.yaml", false, false, "或其配置文件，从中读取套接字", "or its configuration, which names it"}, \
    JSON_OPTION
#define WAITING_LIST(group_, zh_, en_)                                                             \
    {.group = group_, .verb = "list",                                                              \
     .options = {{"for", "MEMBER", false, false, "只列此收件方", "of this recipient only"},         \
                 {"sender", "MEMBER", false, false, "只列此发送方", "of this sender only"},         \
                 HUB_OPTIONS},                                                                     \
     .run = cli_waiting_list, .zh = zh_, .en = en_}
#define WAITING_SHOW(group_)                                                                       \
    {.group = group_, .verb = "show", .operands = {"MESSAGE_ID"}, .options = {HUB_OPTIONS},         \
     .run = cli_waiting_show, .zh = "显示一个报文的经过与现状", .en = "Show what a message went through and where it is"}
#define WAITING_ACT(group_, verb_, zh_, en_)                                                       \
    {.group = group_, .verb = verb_, .operands = {"MESSAGE_ID"},                                   \
     .options = {{"for", "MEMBER", true, false, "收件方", "the recipient"},                         \
                 {"sender", "MEMBER", false, false, "发送方（默认问枢纽）", "the sender (default: the hub is asked)"}, \
                 {"reason", "CODE", false, false, "理由代码，如 E646", "a code like E646"},          \
                 {"key", "KEY", true, true, "人员密钥文件，两名各一", "key file of an official; two of them"}, \
                 {"passphrase-file", "FILE", true, true, "各密钥的口令文件，依次", "passphrase file of each key, in order"}, \
                 {"second", "FILE.pub", false, false, "另一处签署的第二名人员的公钥", "public key of the second official, who signs elsewhere"}, \
                 {"out", "ACT.lsd", false, false, "写出文件而不提交", "write a file instead of submitting"}, \
                 {"realm", "REALM", false, false, "域名（默认问枢纽）", "name of the realm (default: the hub is asked)"}, \
                 HUB_OPTIONS},                                                                     \
     .run = cli_act_make, .zh = zh_, .en = en_,                                                    \
     .example = "lianshu " group_ " " verb_ " 019e3c5f2a10… --for market.445100 --reason E646 --key a.key --passphrase-file a.pass --key b.key --passphrase-file b.pass --config hub.yaml"}
#define ANCHOR_OPTION {"anchor", "ANCHOR.yaml", true, false, "信任锚文件", "the trust anchor"}
#define SITE_OPTION {"adapter", "ADAPTER.yaml", true, false, "本成员适配器的配置（密钥、登记册）", "the member's adapter: its keys and registry"}
#define PASSPHRASE_OPTION {"passphrase-file", "FILE", true, false, "口令文件（0600）", "file with the passphrase (0600)"}

static const struct args_command COMMANDS[] = {
    {.group = "key", .verb = "passphrase", .operands = {"FILE"}, .options = {JSON_OPTION},
     .run = cli_key_passphrase, .zh = "生成随机口令文件（0600）", .en = "Make a file with a random passphrase (0600)",
     .example = "lianshu key passphrase market.pass"},
    {.group = "key", .verb = "generate",
     .options = {
         {"member", "MEMBER", true, false, "成员标识", "member id"},
         {"use", "USE", true, false, "adapter、hub、signer、official、registrar、root 或 storage", "adapter, hub, signer, official, registrar, root or storage"},
         {"out", "FILE", true, false, "密钥文件；公钥写入 FILE.pub", "the key file; public keys go to FILE.pub"},
         PASSPHRASE_OPTION,
         {"adapter", "NAME", false, false, "适配器名", "name of the adapter"},
         {"seal-from", "FILE", false, false, "沿用本成员另一适配器的加密密钥（同一口令）", "share the encryption key of the member's other adapter (same passphrase)"},
         {"days", "N", false, false, "有效天数（默认：签名 365、加密 120、传输 90、根 1825）", "days of validity (default: sign 365, seal 120, transport 90, root 1825)"},
         JSON_OPTION},
     .run = cli_key_generate, .zh = "在使用地生成密钥", .en = "Make keys where they are used",
     .example = "lianshu key generate --member market.445100 --adapter a1 --use adapter --out market.key --passphrase-file market.pass"},
    {.group = "key", .verb = "show", .operands = {"FILE.pub"}, .options = {JSON_OPTION},
     .run = cli_key_show, .zh = "显示公钥文件", .en = "Show a file of public keys",
     .example = "lianshu key show market.key.pub"},

    {.group = "registry", .verb = "build",
     .options = {
         {"realm", "REALM", true, false, "域名", "name of the realm"},
         {"root", "KEY", true, true, "根密钥文件，可多个（全部须签）", "root key file; several: all must sign"},
         {"registrar", "KEY", true, false, "登记机构密钥文件", "key file of the registrar"},
         PASSPHRASE_OPTION,
         {"members", "MEMBERS.yaml", true, false, "成员、公钥与授权", "members, public keys and grants"},
         {"anchor-out", "ANCHOR.yaml", true, false, "写出信任锚", "where the trust anchor goes"},
         {"out", "REGISTRY.lsg", true, false, "写出登记册", "where the registry goes"},
         {"version", "N", false, false, "版本（默认 1），只能递增", "version (default 1), only ever higher"},
         {"valid-days", "N", false, false, "有效天数（默认 365）", "days of validity (default 365)"},
         {"replace", NULL, false, false, "覆盖已有文件", "write over existing files"},
         JSON_OPTION},
     .run = cli_registry_build, .zh = "编制并签署成员登记册", .en = "Make and sign the registry of members",
     .example = "lianshu registry build --realm demo --root root.key --registrar registrar.key --passphrase-file reg.pass --members members.yaml --anchor-out anchor.yaml --out registry.lsg"},
    {.group = "registry", .verb = "show", .operands = {"REGISTRY.lsg"}, .options = {ANCHOR_OPTION, JSON_OPTION},
     .run = cli_registry_show, .zh = "显示登记册概要", .en = "Show a registry in short",
     .example = "lianshu registry show registry.lsg --anchor anchor.yaml"},
    {.group = "registry", .verb = "list", .operands = {"REGISTRY.lsg"}, .options = {ANCHOR_OPTION, JSON_OPTION},
     .run = cli_registry_list, .zh = "列出成员", .en = "List the members",
     .example = "lianshu registry list registry.lsg --anchor anchor.yaml --json"},
    {.group = "registry", .verb = "check", .operands = {"REGISTRY.lsg"}, .options = {ANCHOR_OPTION, JSON_OPTION},
     .run = cli_registry_check, .zh = "验证登记册与有效期", .en = "Verify a registry and its dates",
     .example = "lianshu registry check registry.lsg --anchor anchor.yaml"},

    {.group = "send", .operands = {"FILE"},
     .options = {
         {"spool", "SITE_DIR", false, false, "适配器目录（其中有 source、done、refused）", "the adapter's directory (holds source, done, refused)"},
         {"adapter", "ADAPTER.yaml", false, false, "或其配置文件", "or its configuration"},
         {"attach", "FILE", false, true, "附件，可多个", "an attachment; may be repeated"},
         {"preview", NULL, false, false, "只问不发：枢纽会如何处理；退出码 0 可办，3 会被拒绝或暂扣", "only ask what the hub would do; exit code 0 it would pass, 3 refused or held"},
         {"timeout", "SECONDS", false, false, "最长等待秒数（默认 60）", "longest wait in seconds (default 60)"},
         JSON_OPTION},
     .run = cli_send, .zh = "经适配器发送一份单据，等待受理或拒绝", .en = "Send a document through the adapter and wait until it is accepted or refused",
     .example = "lianshu send --spool /srv/lianshu/market order.json --attach decision.pdf"},

    {.group = "status", .options = {HUB_OPTIONS}, .run = cli_status,
     .zh = "枢纽运行状态", .en = "How the hub is doing", .example = "lianshu status --config /etc/lianshu/hub.yaml"},
    {.group = "trace", .operands = {"ENVELOPE_ID"}, .options = {HUB_OPTIONS}, .run = cli_trace,
     .zh = "一个信封经过了什么", .en = "What an envelope went through", .example = "lianshu trace 9f0c… --control /run/lianshu-hub/control"},
    {.group = "order", .verb = "show", .operands = {"ORDER_ID"}, .options = {HUB_OPTIONS}, .run = cli_order_show,
     .zh = "显示一项惩戒、其各版本、义务和救济", .en = "Show an order, its versions, obligations and redress"},
    {.group = "order", .verb = "list", .options = {HUB_OPTIONS}, .run = cli_order_list,
     .zh = "列出惩戒", .en = "List the orders"},
    {.group = "obligation", .verb = "list",
     .options = {{"order", "ORDER_ID", false, false, "只列此惩戒的义务", "of this order only"},
                 {"state", "STATE", false, false, "只列此状态", "in this state only"},
                 {"member", "MEMBER", false, false, "只列此成员的义务", "owed by this member only"},
                 {"overdue", NULL, false, false, "只列逾期的，含解除逾期", "overdue ones only, also those not undone in time"},
                 HUB_OPTIONS},
     .run = cli_obligation_list, .zh = "列出义务", .en = "List obligations"},
    {.group = "case", .verb = "list",
     .options = {{"member", "MEMBER", false, false, "只列此成员参与或承办的", "of this member only"},
                 {"overdue", NULL, false, false, "只列逾期的", "overdue ones only"}, HUB_OPTIONS},
     .run = cli_case_list, .zh = "列出案件及其下一期限", .en = "List cases and what is due next",
     .example = "lianshu case list --overdue --member police.445100 --config hub.yaml"},
    {.group = "case", .verb = "show", .operands = {"CASE_ID"}, .options = {HUB_OPTIONS}, .run = cli_case_show,
     .zh = "案件卡片：状态、步骤与文书、期限、承办方、区划", .en = "The card of a case: state, steps and documents, clocks, owner, regions"},
    {.group = "case", .verb = "custody", .operands = {"CASE_ID"}, .options = {HUB_OPTIONS}, .run = cli_case_custody,
     .zh = "证据保管链：每个附件何时由谁持有", .en = "Chain of custody: who held which file when"},
    {.group = "case", .verb = "graph",
     .options = {{"form", "FORM", false, false, "table、mermaid 或 dot（默认 table）", "table, mermaid or dot (default table)"}, HUB_OPTIONS},
     .run = cli_case_graph, .zh = "案件步骤表：状态、单据、承办、时限", .en = "The table of steps: states, documents, actors, clocks",
     .example = "lianshu case graph --form dot --config hub.yaml | dot -Tsvg"},
    {.group = "restriction", .verb = "list", .operands = {"SUBJECT"}, .options = {HUB_OPTIONS}, .run = cli_restriction_list,
     .zh = "对一个主体的现行限制；SUBJECT 为 -，从标准输入读取一行“enterprise 代码”或“person 证号”",
     .en = "Restrictions in force against a subject; SUBJECT is -, one line on standard input: \"enterprise CODE\" or \"person ID\"",
     .example = "lianshu restriction list - < subject.txt"},
    {.group = "check", .operands = {"SUBJECT"},
     .options = {{"adapter", "ADAPTER.yaml", true, false, "适配器配置", "configuration of the adapter"}, JSON_OPTION},
     .run = cli_check,
     .zh = "查本地镜像：有无现行限制（不经枢纽）；SUBJECT 为 -，从标准输入读取；退出码 0 无限制，3 有限制，4 不知道",
     .en = "Ask the adapter's own mirror, without the hub; SUBJECT is -, from standard input; exit code 0 clean, 3 restricted, 4 not known",
     .example = "lianshu check - --adapter /etc/lianshu/health.yaml < subject.txt"},
    {.group = "certificate", .verb = "save", .operands = {"MESSAGE_ID", "FILE"},
     .options = {{"spool", "SITE_DIR", false, false, "适配器目录", "the adapter's directory"},
                 {"adapter", "ADAPTER.yaml", false, false, "或其配置文件", "or its configuration"}, JSON_OPTION},
     .run = cli_certificate_save, .zh = "将收到的信用证明连同登记链存为文件", .en = "Save a certificate that came, with the chain of the registry",
     .example = "lianshu certificate save 019e3c5f2a10… proof.lsp --adapter /etc/lianshu/health.yaml"},
    {.group = "certificate", .verb = "verify", .operands = {"FILE"},
     .options = {ANCHOR_OPTION, {"subject", "-", false, false, "从标准输入读取主体并核对", "read the subject from standard input and compare"}, JSON_OPTION},
     .run = cli_certificate_verify, .zh = "离线验证信用证明：谁、关于谁、何时、至何时有效", .en = "Verify a certificate offline: by whom, about whom, as of when, valid until when",
     .example = "lianshu certificate verify proof.lsp --anchor anchor.yaml"},
    {.group = "explain", .operands = {"ID"}, .options = {HUB_OPTIONS}, .run = cli_explain,
     .zh = "从法律到效果解释一项惩戒、义务或一个信封的决定", .en = "Explain the decision of an order, an obligation or an envelope, from law to effect"},
    {.group = "log", .verb = "checkpoint", .options = {HUB_OPTIONS}, .run = cli_log_checkpoint,
     .zh = "日志最新的签名检查点", .en = "The newest signed checkpoint of the log"},
    {.group = "hub", .verb = "stop", .options = {HUB_OPTIONS}, .run = cli_hub_stop,
     .zh = "有序停止枢纽", .en = "Stop the hub in order"},
    {.group = "hub", .verb = "reload", .options = {HUB_OPTIONS}, .run = cli_hub_reload,
     .zh = "重新读取成员登记册", .en = "Read the registry again"},
    {.group = "topology", .options = {HUB_OPTIONS}, .run = cli_topology,
     .zh = "枢纽之树：名称、互联状态、待送、名录是否一致", .en = "The tree of hubs: names, links, what waits, how fresh the list is",
     .example = "lianshu topology --config /etc/lianshu/hub.yaml"},
    {.group = "probe", .operands = {"REGION|MEMBER"},
     .options = {{"timeout", "SECONDS", false, false, "最长等待秒数（默认 30）", "longest wait in seconds (default 30)"},
                 HUB_OPTIONS},
     .run = cli_probe, .zh = "向服务该区域或成员的枢纽发出测试，显示每一步的时间",
     .en = "Send a probe to the hub of a region or member and show the time of each step",
     .example = "lianshu probe 220100 --config /etc/lianshu/hub.yaml"},
    WAITING_LIST("held", "列出待两名人员处理的报文", "List what gates hold for two officials"),
    WAITING_SHOW("held"),
    WAITING_ACT("held", "release", "两名人员放行一个待审报文", "Two officials let a held message go"),
    WAITING_ACT("held", "return", "两名人员退回一个待审报文", "Two officials return a held message to its sender"),
    WAITING_LIST("parked", "列出搁置的报文", "List what is parked"),
    WAITING_SHOW("parked"),
    WAITING_ACT("parked", "release", "两名人员重新投递一个搁置报文", "Two officials have a parked message delivered again"),
    WAITING_ACT("parked", "return", "两名人员退回一个搁置报文", "Two officials return a parked message to its sender"),
    {.group = "act", .verb = "show", .operands = {"ACT.lsd"}, .options = {JSON_OPTION}, .run = cli_act_show,
     .zh = "显示两人办理文件", .en = "Show the file of an act"},
    {.group = "act", .verb = "sign", .operands = {"ACT.lsd"},
     .options = {{"key", "KEY", true, false, "第二名人员的密钥文件", "key file of the second official"},
                 PASSPHRASE_OPTION, JSON_OPTION},
     .run = cli_act_sign, .zh = "第二名人员签署", .en = "The second official signs",
     .example = "lianshu act sign act.lsd --key b.key --passphrase-file b.pass"},
    {.group = "act", .verb = "submit", .operands = {"ACT.lsd"}, .options = {HUB_OPTIONS}, .run = cli_act_submit,
     .zh = "将两名人员已签的文件交枢纽办理", .en = "Give an act that both have signed to the hub"},
    {.group = "joint", .verb = "draft", .operands = {"NOTICE.json"},
     .options = {{"with", "MEMBER", true, true, "共同签署的成员，可多个", "who signs it too; may be repeated"},
                 SITE_OPTION,
                 {"out", "NOTICE.lsd", true, false, "写出文件，交下一签署方", "the file, for the next to sign"},
                 {"days", "N", false, false, "征集签名的天数（默认 30）", "days to gather the signatures (default 30)"},
                 JSON_OPTION},
     .run = cli_joint_draft, .zh = "起草联合公告并签署", .en = "Draft a joint notice and sign it",
     .example = "lianshu joint draft notice.json --with health.445100 --adapter market.yaml --out notice.lsd"},
    {.group = "joint", .verb = "sign", .operands = {"NOTICE.lsd"}, .options = {SITE_OPTION, JSON_OPTION},
     .run = cli_joint_sign, .zh = "核验已有签名后签署联合公告", .en = "Verify the signatures that are there and add one's own",
     .example = "lianshu joint sign notice.lsd --adapter health.yaml"},
    {.group = "joint", .verb = "show", .operands = {"NOTICE.lsd"},
     .options = {{"adapter", "ADAPTER.yaml", false, false, "以其登记册核验签名", "verify the signatures by its registry"}, JSON_OPTION},
     .run = cli_joint_show, .zh = "显示联合公告及已签署者；齐备后用 lianshu send 发送",
     .en = "Show a joint notice and who has signed; when it is complete, lianshu send sends it"},
    {.group = "mirror", .verb = "restored",
     .options = {{"log-number", "N", true, false, "新日志的编号（signer.yaml 的 log_number）", "number of the new log (log_number of signer.yaml)"},
                 {"log-size", "N", true, false, "备份中日志的条数", "entries of the log in the copy"},
                 {"key", "KEY", true, true, "人员密钥文件，两名各一", "key file of an official; two of them"},
                 {"passphrase-file", "FILE", true, true, "各密钥的口令文件，依次", "passphrase file of each key, in order"},
                 {"second", "FILE.pub", false, false, "另一处签署的第二名人员的公钥", "public key of the second official, who signs elsewhere"},
                 {"realm", "REALM", true, false, "域名", "name of the realm"},
                 {"out", "ACT.lsd", true, false, "写出文件，交各适配器 --renew-mirror", "the file, for --renew-mirror of each adapter"},
                 JSON_OPTION},
     .run = cli_act_make, .zh = "两名人员声明枢纽已由备份恢复，供各适配器重建镜像",
     .en = "Two officials state that the hub was restored from a copy, so that adapters begin their mirrors anew",
     .example = "lianshu mirror restored --log-number 2 --log-size 81234 --realm demo --key a.key --passphrase-file a.pass --key b.key --passphrase-file b.pass --out restored.lsd"},
    {.group = "reporter", .verb = "unmask", .operands = {"MESSAGE_ID"},
     .options = {{"asker", "MEMBER", true, false, "提出申请的成员", "the member that asked"},
                 {"key", "KEY", true, true, "持有单位人员密钥文件，两名各一", "key file of an official of the unit that knows; two of them"},
                 {"passphrase-file", "FILE", true, true, "各密钥的口令文件，依次", "passphrase file of each key, in order"},
                 {"second", "FILE.pub", false, false, "另一处签署的第二名人员的公钥", "public key of the second official, who signs elsewhere"},
                 {"realm", "REALM", true, false, "域名", "name of the realm"},
                 {"out", "ACT.lsd", true, false, "写出文件，附于 reporter.unmask 的 act_document", "the file, for act_document of reporter.unmask"},
                 JSON_OPTION},
     .run = cli_act_make, .zh = "两名人员准予告知举报人身份；MESSAGE_ID 为申请的报文标识",
     .en = "Two officials allow that the asker learns who reported; MESSAGE_ID is that of the request",
     .example = "lianshu reporter unmask 019e3c5f2a10… --asker police.445100 --realm demo --key a.key --passphrase-file a.pass --key b.key --passphrase-file b.pass --out unmask.lsd"},
    {.group = "decision", .verb = "verify",
     .options = {{"since", "SEQ", false, false, "自此日志序号起（默认从头）", "from this log index on (default: the first)"},
                 {"count", "N", false, false, "核验的决定数（默认 10000）", "how many decisions (default 10000)"},
                 {"all", NULL, false, false, "全部", "all of them"},
                 HUB_OPTIONS},
     .run = cli_decision_verify, .zh = "按当时的数据与规则重演已记录的决定，列出不一致者",
     .en = "Make recorded decisions again, as of the data and rules of then, and list what differs",
     .example = "lianshu decision verify --all --config hub.yaml --json"},
    {.group = "rule", .verb = "check", .operands = {"DIR"}, .options = {JSON_OPTION}, .run = cli_rule_check,
     .zh = "检查规则集", .en = "Check a rule set", .example = "lianshu rule check /etc/lianshu/rules"},
    {.group = "rule", .verb = "try",
     .options = {{"order", "FILE", true, false, "决定（JSON：member、basis、order）", "the order (JSON: member, basis, order)"},
                 {"rules", "DIR", false, false, "依此规则集（默认：枢纽现行）", "by this rule set (default: the hub's)"},
                 {"calendar", "CALENDAR.csv", false, false, "无枢纽时的工作日历", "calendar of working days, without a hub"},
                 HUB_OPTIONS},
     .run = cli_rule_try, .zh = "预演一项决定的影响，不存储", .en = "What an order would do; nothing is stored",
     .example = "lianshu rule try --order order.json --config /etc/lianshu/hub.yaml"},
    {.group = "rule", .verb = "replay",
     .options = {{"rules", "DIR", true, false, "新的规则集", "the new rule set"},
                 {"since", "DATE", true, false, "自该日起的决定（2026-04-01）", "decisions from this day on (2026-04-01)"},
                 HUB_OPTIONS},
     .run = cli_rule_replay, .zh = "以新规则集重演已记录的决定，列出差异", .en = "Recorded decisions against a new rule set, and the difference",
     .example = "lianshu rule replay --rules new --since 2026-04-01 --config /etc/lianshu/hub.yaml"},
    {.group = "rule", .verb = "sign", .operands = {"DIR"},
     .options = {{"key", "KEY", true, false, "人员密钥文件", "key file of an official"},
                 PASSPHRASE_OPTION,
                 {"realm", "REALM", true, false, "域名", "name of the realm"},
                 JSON_OPTION},
     .run = cli_rule_sign, .zh = "人员签署规则集（写入 rules.sig）", .en = "An official signs a rule set (into rules.sig)",
     .example = "lianshu rule sign /etc/lianshu/rules --key a.key --passphrase-file a.pass --realm demo"},
    {.group = NULL},
};
/* clang-format on */

const struct args_command *cli_commands(void)
{
    return COMMANDS;
}

/* --json anywhere counts, also where parsing stopped before it. */
static bool wants_json(int argc, const char *const *argv)
{
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            return true;
    }
    return false;
}

static struct json *fault_json(const struct fault *fault)
{
    char label[ERR_LABEL_LEN + 1];
    struct json *j = json_map();
    err_label(fault->err, label);
    json_put_text(j, "code", label);
    json_put_text(j, "zh", err_zh(fault->err));
    json_put_text(j, "en", err_en(fault->err));
    json_put_text(j, "todo_zh", err_todo_zh(fault->err));
    json_put_text(j, "todo_en", err_todo_en(fault->err));
    json_put_text(j, "where", fault->where);
    json_put_uint(j, "line", fault->line);
    json_put_text(j, "detail", fault->detail);
    return j;
}

static void print_line(FILE *to, const struct fault *fault)
{
    char line[LINE_BYTES];
    fault_print(fault, line, sizeof line);
    fprintf(to, "%s\n", line);
}

void cli_refuse_also(const struct cli *cli, const struct fault *fault)
{
    if (!cli->json) {
        print_line(cli->world->err, fault);
        return;
    }
    if (cli->beside->others == NULL)
        cli->beside->others = json_list();
    json_add(cli->beside->others, fault_json(fault));
}

void cli_refuse_with(const struct cli *cli, struct json *result)
{
    if (cli->json) {
        cli->beside->result = result;
        return;
    }
    show_words(cli->world->out, result);
    json_close(&result);
}

/* Takes what stands beside over. */
static int refuse(const struct cli_world *world, const struct fault *fault, bool json,
                  const struct cli_beside *beside)
{
    if (json) {
        struct json *j = json_map();
        json_put(j, "error", fault_json(fault));
        if (beside->others != NULL)
            json_put(j, "others", beside->others);
        if (beside->result != NULL)
            json_put(j, "result", beside->result);
        if (show_json(world->out, j) != OK)
            print_line(world->err, fault);
        json_close(&j);
    } else {
        print_line(world->err, fault);
    }
    return fault->err == ERR_USAGE ? CLI_USAGE : CLI_REFUSED;
}

int cli_run(int argc, const char *const *argv, const struct cli_world *world)
{
    struct args args;
    struct fault fault = {.err = OK};
    int status = CLI_DONE;
    struct cli_beside beside = {.others = NULL};

    enum err err = args_parse(&args, COMMANDS, argc - 1, argv + 1, &fault);
    if (err == OK && args.version) {
        fprintf(world->out, "lianshu %s\n", LIANSHU_VERSION);
    } else if (err == OK && args.help) {
        args_help(world->out, COMMANDS, &args);
    } else if (err == OK && (err = keys_init()) == OK) {
        const struct cli cli = {&args, world, args_flag(&args, "json"), &status, &beside};
        err = args.command->run(&cli, &fault);
    }
    if (err == OK && (fflush(world->out) != 0 || ferror(world->out) != 0))
        err = fault_set(&fault, ERR_IO, 0, "standard output", "it cannot be written");
    if (err == OK)
        return status;
    if (fault.err != err) /* the callee named no place */
        fault_set(&fault, err, 0, "", "%s", "");
    return refuse(world, &fault, wants_json(argc, argv), &beside);
}
