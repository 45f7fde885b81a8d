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
#define TRUST_OPTIONS                                                                              \
    ANCHOR_OPTION, {"registry", "REGISTRY.lsg", true, false, "成员登记册", "the registry"},          \
    {"needed", "N", false, false, "须有的联署数", "cosignatures that it must have"},                 \
    {"policy", "WITNESSES.yaml", false, false, "见证方与所需数（默认登记册所载）", "witnesses and how many (default: those of the registry)"}
#define ROOTS_OPTION {"roots", "CA.pem", false, false, "时间戳机构的根证书", "root certificates of time-stamping authorities"}
#define WITNESS_OPTIONS {"config", "WITNESS.yaml", true, false, "见证配置", "configuration of the witness"}, JSON_OPTION
#define ANCHOR_OPTION {"anchor", "ANCHOR.yaml", true, false, "信任锚文件", "the trust anchor"}
#define SITE_OPTION {"adapter", "ADAPTER.yaml", true, false, "本成员适配器的配置（密钥、登记册）", "the member's adapter: its keys and registry"}
#define PASSPHRASE_OPTION {"passphrase-file", "FILE", true, false, "口令文件（0600）", "file with the passphrase (0600)"}

#define MANY_PASSPHRASES {"passphrase-file", "FILE", true, true, "口令文件（0600），依密钥次序；最后一个用于其余", "file with the passphrase (0600), in the order of the keys; the last serves the rest"}
#define SIGN_OPTIONS \
    ANCHOR_OPTION, \
    {"before", "REGISTRY.lsg", false, false, "上一版登记册，用以列出变更；部分与下级授权须有", "the registry before, to show what changes; parts and appointments below need it"}, \
    {"key", "KEY", true, false, "自己的密钥文件", "your own key file"}, \
    PASSPHRASE_OPTION, \
    {"agree", "CODE", false, false, "已阅并同意：所显示的代码；不给则只显示", "read and agreed: the code that was shown; without it nothing is signed"}, \
    JSON_OPTION
#define BUILD_OPTIONS \
    {"registrar", "KEY", true, true, "登记机构人员密钥文件", "key file of an official of the registrar"}, \
    MANY_PASSPHRASES, \
    {"appointment", "REGISTRAR.lsd", false, false, "登记机构授权文书（默认沿用上一版的）", "appointment of the registrar (default: as before)"}, \
    {"members", "MEMBERS.yaml", false, false, "成员、公钥与授权", "members, public keys and grants"}, \
    {"amendment", "FILE.lsd", false, true, "编入的吊销或密钥记录，依次", "revocation or key record to fold in, in order"}, \
    {"enrolment", "APPROVAL.lsd", false, true, "编入的登记核准", "approval of an enrolment to take in"}, \
    {"out", "FILE.lsg", true, false, "写出登记册", "where it goes"}, \
    {"valid-days", "N", false, false, "有效天数（默认 365）", "days of validity (default 365)"}, \
    {"replace", NULL, false, false, "覆盖已有文件", "write over existing files"}, \
    JSON_OPTION

static const struct args_command COMMANDS[] = {
    {.group = "key", .verb = "passphrase", .operands = {"FILE"}, .options = {JSON_OPTION},
     .run = cli_key_passphrase, .zh = "生成随机口令文件（0600）", .en = "Make a file with a random passphrase (0600)",
     .example = "lianshu key passphrase market.pass"},
    {.group = "key", .verb = "generate",
     .options = {
         {"member", "MEMBER", true, false, "成员标识", "member id"},
         {"use", "USE", true, false, "adapter、hub、signer、official、witness、registrar、enrolment、root 或 storage", "adapter, hub, signer, official, witness, registrar, enrolment, root or storage"},
         {"out", "FILE", true, false, "密钥文件；公钥写入 FILE.pub", "the key file; public keys go to FILE.pub"},
         PASSPHRASE_OPTION,
         {"adapter", "NAME", false, false, "适配器名", "name of the adapter"},
         {"seal-from", "FILE", false, false, "沿用本成员另一适配器的加密密钥（同一口令）", "share the encryption key of the member's other adapter (same passphrase)"},
         {"days", "N", false, false, "有效天数（默认：签名 365、加密 120、传输 90、根 1825）", "days of validity (default: sign 365, seal 120, transport 90, root 1825)"},
         JSON_OPTION},
     .run = cli_key_generate, .zh = "在使用地生成密钥", .en = "Make keys where they are used",
     .example = "lianshu key generate --member market.445100 --adapter a1 --use adapter --out market.key --passphrase-file market.pass"},
    {.group = "key", .verb = "token", .operands = {"PKCS11_URI"},
     .options = {
         {"passphrase-file", "FILE", true, false, "设备 PIN 的文件（0600）", "file with the token's PIN (0600)"},
         {"out", "FILE.pub", true, false, "写出公钥文件", "where the public key goes"},
         {"found", NULL, false, false, "密钥已在设备中，不再生成", "the key is there already: none is made"},
         {"days", "N", false, false, "有效天数（默认：签名 365、根 1825）", "days of validity (default: signing 365, root 1825)"},
         JSON_OPTION},
     .run = cli_key_token, .zh = "在密码设备（PKCS#11）中生成签名密钥；密钥不出设备", .en = "Make a signing key on a token (PKCS#11), which it never leaves",
     .example = "lianshu key token 'pkcs11:token=reg;object=registrar.445100:registrar?module-path=/usr/lib/softhsm/libsofthsm2.so' --passphrase-file reg.pin --out reg.pub"},
    {.group = "key", .verb = "show", .operands = {"FILE.pub"}, .options = {JSON_OPTION},
     .run = cli_key_show, .zh = "显示公钥文件", .en = "Show a file of public keys",
     .example = "lianshu key show market.key.pub"},
    {.group = "key", .verb = "revoke", .operands = {"KID"},
     .options = {{"key", "KEY", true, true, "登记机构人员密钥文件", "key file of an official of the registrar"},
                 {"passphrase-file", "FILE", true, true, "各密钥的口令文件，依次", "passphrase file of each key, in order"},
                 {"with", "FILE.pub", false, true, "稍后签署的人员的公钥", "public key of an official who signs later"},
                 {"reason", "WORD", true, false, "compromised、lost、replaced 或 ended", "compromised, lost, replaced or ended"},
                 {"compromised-since", "TIME", false, false, "自此存疑（默认签发时）", "doubted since then (default: its issue)"},
                 {"number", "N", false, false, "序号（默认登记册所载之后）", "its number (default: the one after the registry's)"},
                 ANCHOR_OPTION, {"registry", "REGISTRY.lsg", true, false, "成员登记册", "the registry"},
                 {"out", "REVOCATION.lsd", true, false, "写出文书", "where the document goes"}, JSON_OPTION},
     .run = cli_key_revoke, .zh = "吊销一个密钥：写成文书，由登记机构人员签署", .en = "Revoke a key: a document that officials of the registrar sign",
     .example = "lianshu key revoke 3f9a… --reason compromised --key a.key --passphrase-file a.pass --with b.key.pub --anchor anchor.yaml --registry registry.lsg --out draft.lsd"},
    {.group = "key", .verb = "sign", .operands = {"DRAFT.lsd"},
     .options = {{"key", "KEY", true, true, "登记机构人员密钥文件", "key file of an official of the registrar"},
                 {"passphrase-file", "FILE", true, true, "其口令文件", "its passphrase file"},
                 {"out", "REVOCATION.lsd", true, false, "写出文书", "where the document goes"}, JSON_OPTION},
     .run = cli_key_sign, .zh = "第二名人员签署吊销文书", .en = "The second official signs a revocation",
     .example = "lianshu key sign draft.lsd --key b.key --passphrase-file b.pass --out revocation.lsd"},
    {.group = "key", .verb = "rotate",
     .options = {{"key", "KEY", true, false, "本成员的密钥文件，新密钥写入其中", "the member's key file, which takes the new keys"},
                 PASSPHRASE_OPTION, ANCHOR_OPTION, {"registry", "REGISTRY.lsg", true, false, "成员登记册", "the registry"},
                 {"use", "WORD", false, false, "只换 seal 或 transport", "only seal or transport"},
                 {"days", "DAYS", false, false, "新密钥有效天数（默认 120）", "days that the new keys live (default 120)"},
                 {"in-hours", "HOURS", false, false, "几小时后启用（默认 1）", "hours until they count (default 1)"},
                 {"number", "N", false, false, "密钥记录序号（默认登记册所载之后）", "number of the key record (default: the one after the registry's)"},
                 {"out", "RECORD.lsd", true, false, "写出密钥记录", "where the key record goes"}, JSON_OPTION},
     .run = cli_key_rotate, .zh = "更换封装与传输密钥：旧密钥再有效 30 天", .en = "Renew seal and transport keys: the old ones stay good for 30 days",
     .example = "lianshu key rotate --key market.key --passphrase-file market.pass --anchor anchor.yaml --registry registry.lsg --out record.lsd"},
    {.group = "key", .verb = "history", .operands = {"MEMBER|KID"},
     .options = {{"at", "TIME", false, false, "该时刻（默认现在）", "at that moment (default: now)"}, HUB_OPTIONS},
     .run = cli_key_history, .zh = "某时刻密钥是否有效及缘由", .en = "Was a key good at a moment, and why",
     .example = "lianshu key history market.445100 --at 2026-04-01T08:00:00.000Z --config /etc/lianshu/hub.yaml"},

    {.group = "enrol", .verb = "invite",
     .options = {
         {"member", "MEMBER", true, false, "被邀请的成员", "the member that is invited"},
         {"use", "USE", true, false, "adapter、hub、signer、official 或 witness", "adapter, hub, signer, official or witness"},
         {"adapter", "NAME", false, false, "适配器名", "name of the adapter"},
         {"role", "ROLE", false, false, "人员的角色：operator、security 或 auditor", "role of an official: operator, security or auditor"},
         {"realm", "REALM", true, false, "域名", "name of the realm"},
         {"desk", "DESK.pub", true, false, "登记台公钥（--use enrolment）", "public key of the desk (--use enrolment)"},
         {"ledger", "LEDGER", true, false, "邀请簿（0600；没有则新建）", "the ledger (0600; begun when there is none)"},
         {"out", "INVITATION.yaml", true, false, "邀请，可以公开", "the invitation; may be published"},
         {"code-out", "CODE", true, false, "一次性登记码（0600），另行当面或电话告知", "the one-time code (0600), told another way"},
         {"days", "N", false, false, "有效天数（默认 7）", "days of validity (default 7)"},
         JSON_OPTION},
     .run = cli_enrol_invite, .zh = "登记机构发出邀请与一次性登记码", .en = "The registrar invites, with a one-time code",
     .example = "lianshu enrol invite --member market.445100 --use adapter --adapter a1 --realm demo --desk desk.key.pub --ledger ledger.yaml --out market.yaml --code-out market.code"},
    {.group = "enrol", .verb = "request", .operands = {"INVITATION.yaml"},
     .options = {
         {"code-file", "FILE", true, false, "一次性登记码（0600 文件，或 - 由标准输入）", "the one-time code (file of 0600, or - for standard input)"},
         {"key", "KEY", true, false, "本地生成的密钥文件", "the key file, made here"},
         PASSPHRASE_OPTION,
         {"public", "KEY.pub", false, false, "其公钥文件（默认 KEY.pub）", "its public keys (default KEY.pub)"},
         {"out", "REQUEST.lsd", true, false, "申请，交登记机构", "the request, for the registrar"},
         JSON_OPTION},
     .run = cli_enrol_request, .zh = "成员以登记码证明持有每一密钥并申请登记", .en = "The member proves under the code that it holds every key, and asks to be registered",
     .example = "lianshu enrol request market.yaml --code-file market.code --key market.key --passphrase-file market.pass --out market.lsd"},
    {.group = "enrol", .verb = "show", .operands = {"REQUEST.lsd"},
     .options = {
         {"ledger", "LEDGER", true, false, "邀请簿", "the ledger"},
         {"desk", "DESK.key", true, false, "登记台密钥文件", "key file of the desk"},
         PASSPHRASE_OPTION, JSON_OPTION},
     .run = cli_enrol_show, .zh = "核验并显示登记申请；指纹与成员电话核对", .en = "Verify and show a request; its fingerprint is compared with the member by telephone",
     .example = "lianshu enrol show market.lsd --ledger ledger.yaml --desk desk.key --passphrase-file desk.pass"},
    {.group = "enrol", .verb = "approve", .operands = {"REQUEST.lsd"},
     .options = {
         {"fingerprint", "DIGITS", true, false, "所核对的指纹，至少前 16 位", "the fingerprint that was compared, 16 digits or more"},
         {"ledger", "LEDGER", true, false, "邀请簿", "the ledger"},
         {"desk", "DESK.key", true, false, "登记台密钥文件", "key file of the desk"},
         {"desk-passphrase-file", "FILE", true, false, "登记台密钥的口令文件", "passphrase file of the desk's key"},
         {"key", "KEY", true, true, "登记机构人员密钥文件，两名各一", "key file of an official of the registrar; two of them"},
         {"passphrase-file", "FILE", true, true, "各密钥的口令文件，依次", "passphrase file of each key, in order"},
         {"second", "FILE.pub", false, false, "另一处签署的第二名人员的公钥", "public key of the second official, who signs elsewhere"},
         {"add", "APPROVAL.lsd", false, false, "第二名人员：第一名人员所签的核准", "the second official: the approval that the first has signed"},
         {"registry", "REGISTRY.lsg", false, false, "现行登记册，查重用", "the registry in force, to find keys that are in use"},
         {"anchor", "ANCHOR.yaml", false, false, "其信任锚", "its trust anchor"},
         {"out", "APPROVAL.lsd", true, false, "核准，供编制登记册", "the approval, for registry build"},
         JSON_OPTION},
     .run = cli_enrol_approve, .zh = "登记机构两名人员核准登记申请", .en = "Two officials of the registrar approve a request",
     .example = "lianshu enrol approve market.lsd --fingerprint 3f9a… --ledger ledger.yaml --desk desk.key --desk-passphrase-file desk.pass --key a.key --passphrase-file a.pass --key b.key --passphrase-file b.pass --out approval.lsd"},

    {.group = "root", .verb = "create",
     .options = {
         {"realm", "REALM", true, false, "域名", "name of the realm"},
         {"root", "ROOT.pub", true, true, "根公钥文件，每人一个", "public key file of a root, one each"},
         {"threshold", "N", false, false, "其中须签人数（默认全部）", "how many of them must sign (default all)"},
         {"out", "ANCHOR.yaml", true, false, "写出信任锚", "where the trust anchor goes"},
         JSON_OPTION},
     .run = cli_root_create, .zh = "由根公钥做成信任锚", .en = "Make the trust anchor from the roots' public keys",
     .example = "lianshu root create --realm demo --root a.pub --root b.pub --root c.pub --threshold 2 --out anchor.yaml"},
    {.group = "root", .verb = "show", .operands = {"ANCHOR.yaml"}, .options = {JSON_OPTION},
     .run = cli_root_show, .zh = "显示信任锚", .en = "Show a trust anchor",
     .example = "lianshu root show anchor.yaml"},
    {.group = "root", .verb = "rotate",
     .options = {
         {"anchor", "ANCHOR.yaml", true, false, "现行信任锚", "the anchor as it is"},
         {"root", "ROOT.pub", true, true, "新的根公钥文件", "public key file of a new root"},
         {"threshold", "N", false, false, "新根须签人数（默认全部）", "how many of the new ones must sign (default all)"},
         {"key", "KEY", true, true, "在此签署的根密钥文件，新旧均可", "key file of a root, old or new, that signs here"},
         MANY_PASSPHRASES,
         {"with", "ROOT.pub", false, true, "另处签署者的公钥", "public key of one who signs elsewhere"},
         {"valid-days", "N", false, false, "新根有效天数（默认 1825）", "days of validity of the new roots (default 1825)"},
         {"out", "ROTATION.lsd", true, false, "写出更换文书", "where the document goes"},
         JSON_OPTION},
     .run = cli_root_rotate, .zh = "更换根：新旧两方各达其数签署", .en = "Other roots: signed by enough of the old and of the new ones",
     .example = "lianshu root rotate --anchor anchor.yaml --root d.pub --root e.pub --key a.key --passphrase-file a.pass --with b.pub --with d.pub --with e.pub --out rotation.lsd"},
    {.group = "root", .verb = "sign", .operands = {"FILE"}, .options = {SIGN_OPTIONS},
     .run = cli_registry_sign, .zh = "阅后签署根更换文书或登记机构授权", .en = "Read and sign a rotation, or the appointment of a registrar",
     .example = "lianshu root sign rotation.lsd --anchor anchor.yaml --key b.key --passphrase-file b.pass --agree 5d1c09ab"},
    {.group = "root", .verb = "accept", .operands = {"ANCHOR.yaml", "ROTATION.lsd"}, .options = {JSON_OPTION},
     .run = cli_root_accept, .zh = "信任锚前进一号", .en = "Move an anchor on by one",
     .example = "lianshu root accept anchor.yaml rotation.lsd"},

    {.group = "registry", .verb = "delegate",
     .options = {
         ANCHOR_OPTION,
         {"member", "MEMBER", true, false, "被授权的登记机构：registrar.<区域>", "the registrar that is appointed: registrar.<region>"},
         {"official", "OFFICIAL.pub", true, true, "其人员公钥文件，每人一个", "public key file of one of its officials, one each"},
         {"threshold", "N", false, false, "其中须签人数（默认全部）", "how many of them must sign (default all)"},
         {"type", "TYPE", false, true, "只可授予的单据类型，可多个（默认不限）", "a document type that it may grant; several (default: any)"},
         {"key", "KEY", true, true, "授权者密钥文件：根或上级登记机构", "key file of who appoints: a root, or an official of the registrar above"},
         MANY_PASSPHRASES,
         {"with", "FILE.pub", false, true, "另处签署者的公钥", "public key of one who signs elsewhere"},
         {"registry", "REGISTRY.lsg", false, false, "上级登记机构所在的登记册", "the registry with the registrar above"},
         {"valid-days", "N", false, false, "有效天数（默认 365，不超过授权者）", "days of validity (default 365, no longer than who appoints)"},
         {"out", "REGISTRAR.lsd", true, false, "写出授权文书", "where the appointment goes"},
         {"replace", NULL, false, false, "覆盖已有文件", "write over an existing file"},
         JSON_OPTION},
     .run = cli_registry_delegate, .zh = "授权登记机构：区域、类型、人员、人数", .en = "Appoint a registrar: region, types, officials, how many must sign",
     .example = "lianshu registry delegate --anchor anchor.yaml --member registrar.000000 --official o1.pub --official o2.pub --key a.key --passphrase-file a.pass --with b.pub --out registrar.lsd"},
    {.group = "registry", .verb = "build",
     .options = {
         {"realm", "REALM", false, false, "域名（与 --root 同用）", "name of the realm (with --root)"},
         {"root", "KEY", false, true, "根密钥文件，可多个（全部须签）；不用 --anchor 时", "root key file; several: all must sign; instead of --anchor"},
         {"anchor-out", "ANCHOR.yaml", false, false, "写出信任锚（与 --root 同用）", "where the trust anchor goes (with --root)"},
         {"anchor", "ANCHOR.yaml", false, false, "信任锚", "the trust anchor"},
         BUILD_OPTIONS,
         {"part", "PART.lsg", false, true, "下级登记机构的部分，可多个", "part of a registrar below; several"},
         {"before", "REGISTRY.lsg", false, false, "上一版登记册", "the version before"},
         {"version", "N", false, false, "版本（默认上一版加一），只能递增", "version (default one more than before), only ever higher"}},
     .run = cli_registry_build, .zh = "编制并签署成员登记册（各密钥均在此处）", .en = "Make and sign the registry of members (all keys at hand)",
     .example = "lianshu registry build --realm demo --root root.key --registrar registrar.key --passphrase-file reg.pass --members members.yaml --anchor-out anchor.yaml --out registry.lsg"},
    {.group = "registry", .verb = "draft",
     .options = {
         {"anchor", "ANCHOR.yaml", true, false, "信任锚", "the trust anchor"},
         {"with", "OFFICIAL.pub", true, true, "随后签署的人员公钥", "public key of an official who signs after this"},
         BUILD_OPTIONS,
         {"part", "PART.lsg", false, true, "下级登记机构的部分，可多个", "part of a registrar below; several"},
         {"before", "REGISTRY.lsg", false, false, "上一版登记册", "the version before"},
         {"version", "N", false, false, "版本（默认上一版加一），只能递增", "version (default one more than before), only ever higher"}},
     .run = cli_registry_draft, .zh = "编制登记册并作第一人签署，其余人员随后各自签署", .en = "Make a registry and sign it as the first; the others sign after that",
     .example = "lianshu registry draft --anchor anchor.yaml --appointment registrar.lsd --registrar o1.key --passphrase-file o1.pass --with o2.pub --members members.yaml --out registry.lsg"},
    {.group = "registry", .verb = "part",
     .options = {
         {"anchor", "ANCHOR.yaml", true, false, "信任锚", "the trust anchor"},
         {"registry", "REGISTRY.lsg", true, false, "现行登记册，其中有上级登记机构", "the registry in force, with the registrar above"},
         {"with", "OFFICIAL.pub", false, true, "随后签署的人员公钥", "public key of an official who signs after this"},
         BUILD_OPTIONS,
         {"version", "N", false, false, "版本（默认上一版加一），只能递增", "version (default one more than before), only ever higher"}},
     .run = cli_registry_part, .zh = "下级登记机构编制其部分，交上级编入登记册", .en = "A registrar below makes its part, for the registry above",
     .example = "lianshu registry part --anchor anchor.yaml --registry registry.lsg --appointment gd.lsd --registrar gd1.key --passphrase-file gd1.pass --with gd2.pub --members gd.yaml --out gd.lsg"},
    {.group = "registry", .verb = "sign", .operands = {"FILE"}, .options = {SIGN_OPTIONS},
     .run = cli_registry_sign, .zh = "阅看变更后签署登记册、部分或授权文书", .en = "Read what changes, then sign a registry, a part or an appointment",
     .example = "lianshu registry sign registry.lsg --anchor anchor.yaml --before old.lsg --key o2.key --passphrase-file o2.pass --agree 3f9a12cd"},
    {.group = "registry", .verb = "prove", .operands = {"MEMBER"},
     .options = {
         {"registry", "REGISTRY.lsg", true, false, "登记册", "the registry"}, ANCHOR_OPTION,
         {"out", "MEMBER.lsp", true, false, "写出证明", "where the proof goes"}, JSON_OPTION},
     .run = cli_registry_prove, .zh = "证明一个成员在登记册中，仅凭信任锚可验", .en = "Prove that a member is in the registry, to whoever has the anchor",
     .example = "lianshu registry prove market.445100 --registry registry.lsg --anchor anchor.yaml --out market.lsp"},
    {.group = "registry", .verb = "show", .operands = {"REGISTRY.lsg"}, .options = {ANCHOR_OPTION, JSON_OPTION},
     .run = cli_registry_show, .zh = "显示登记册概要、登记机构之链、人员与人数", .en = "Show a registry in short, its chain of registrars, officials and thresholds",
     .example = "lianshu registry show registry.lsg --anchor anchor.yaml"},
    {.group = "registry", .verb = "list", .operands = {"REGISTRY.lsg"}, .options = {ANCHOR_OPTION, JSON_OPTION},
     .run = cli_registry_list, .zh = "列出成员", .en = "List the members",
     .example = "lianshu registry list registry.lsg --anchor anchor.yaml --json"},
    {.group = "registry", .verb = "check", .operands = {"FILE"}, .options = {ANCHOR_OPTION, JSON_OPTION},
     .run = cli_registry_check, .zh = "验证登记册或成员证明，提示将到期者", .en = "Verify a registry or a proof of a member, and say what ends soon",
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
    {.group = "log", .verb = "export", .operands = {"DIR"}, .options = {HUB_OPTIONS}, .run = cli_log_export,
     .zh = "导出日志的条目与哈希块（可重复，只增）", .en = "Export entries and tiles of the log; again, it adds what is new",
     .example = "lianshu log export /srv/log --config hub.yaml"},
    {.group = "log", .verb = "verify", .operands = {"DIR"}, .options = {TRUST_OPTIONS, ROOTS_OPTION, JSON_OPTION}, .run = cli_log_verify,
     .zh = "离线验证导出的日志：每一条目、哈希块、检查点与时刻", .en = "Verify an exported log offline: every entry, tile, checkpoint and time",
     .example = "lianshu log verify /srv/log --anchor anchor.yaml --registry registry.lsg --needed 2"},
    {.group = "log", .verb = "prove", .operands = {"INDEX", "DIR"},
     .options = {{"out", "FILE.tlog-proof", true, false, "写出证明", "where the proof goes"}, JSON_OPTION}, .run = cli_log_prove,
     .zh = "写出一个条目的包含证明", .en = "Write the inclusion proof of an entry"},
    {.group = "log", .verb = "check", .operands = {"FILE.tlog-proof"}, .options = {TRUST_OPTIONS, JSON_OPTION}, .run = cli_log_check,
     .zh = "验证一个条目的包含证明", .en = "Verify the inclusion proof of an entry"},
    {.group = "log", .verb = "consistency", .operands = {"CHECKPOINT", "DIR"}, .options = {TRUST_OPTIONS, JSON_OPTION}, .run = cli_log_consistency,
     .zh = "证明较早的检查点是导出日志的前段", .en = "Prove that an older checkpoint is a prefix of the exported log"},
    {.group = "log", .verb = "anchor", .operands = {"DIR"},
     .options = {{"answer", "FILE.tsr", false, false, "时间戳机构的应答：验证并保存", "the authority's answer: verify and keep it"},
                 {"size", "N", false, false, "所答检查点的条目数（默认最新）", "entries of the checkpoint it is about (default: the newest)"},
                 ROOTS_OPTION, JSON_OPTION}, .run = cli_log_anchor,
     .zh = "为导出日志的检查点写出时间戳申请（RFC 3161），或收下应答", .en = "Write the request of a time stamp (RFC 3161) for the exported checkpoint, or take its answer",
     .example = "lianshu log anchor /srv/log && curl -H 'Content-Type: application/timestamp-query' --data-binary @/srv/log/checkpoints/9.tsq URL > 9.tsr"},
    {.group = "witness", .verb = "init", .options = {WITNESS_OPTIONS}, .run = cli_witness_init,
     .zh = "建立见证状态目录（一次）", .en = "Make the folder of a witness, once"},
    {.group = "witness", .verb = "serve", .options = {WITNESS_OPTIONS}, .run = cli_witness_serve,
     .zh = "联署枢纽日志的检查点，直至 SIGTERM", .en = "Cosign checkpoints of hubs' logs until SIGTERM",
     .example = "lianshu witness serve --config /etc/lianshu/witness.yaml"},
    {.group = "witness", .verb = "show", .options = {WITNESS_OPTIONS}, .run = cli_witness_show,
     .zh = "显示所联署各日志之首（服务停止时）", .en = "Show the heads that were cosigned (while it does not serve)"},
    {.group = "hub", .verb = "stop", .options = {HUB_OPTIONS}, .run = cli_hub_stop,
     .zh = "有序停止枢纽", .en = "Stop the hub in order"},
    {.group = "hub", .verb = "amend", .operands = {"FILE.lsd"}, .options = {HUB_OPTIONS}, .run = cli_hub_amend,
     .zh = "提交吊销或密钥记录，立即生效", .en = "Give a revocation or key record to the hub: in effect at once",
     .example = "lianshu hub amend revocation.lsd --config /etc/lianshu/hub.yaml"},
    {.group = "revocation", .verb = "effects", .operands = {"KID"},
     .options = {{"from", "LEAF", false, false, "自此日志序号续列", "go on from this log entry"}, HUB_OPTIONS},
     .run = cli_revocation_effects,
     .zh = "列出已吊销密钥自存疑起的报文、惩戒与义务", .en = "List messages, orders and obligations of a revoked key since it is doubted",
     .example = "lianshu revocation effects 3f9a… --config /etc/lianshu/hub.yaml"},
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
    {.group = "restore", .verb = "draft",
     .options = {{"backup", "HUB.db", true, false, "备份的数据库（或其目录）", "the copy's database, or its directory"},
                 {"head", "FILE", true, false, "签名进程最后签署之首（lianshu-signer --head），或他处所存的检查点",
                  "what the signer has signed last (lianshu-signer --head), or a checkpoint kept elsewhere"},
                 {"key", "KEY", true, true, "人员密钥文件，两名各一", "key file of an official; two of them"},
                 {"passphrase-file", "FILE", true, true, "各密钥的口令文件，依次", "passphrase file of each key, in order"},
                 {"second", "FILE.pub", false, false, "另一处签署的第二名人员的公钥", "public key of the second official, who signs elsewhere"},
                 {"out", "ACT.lsd", true, false, "写出文件（及 ACT.lsd.frontier），交签名进程与各适配器",
                  "the file (and ACT.lsd.frontier), for the signer and the adapters"},
                 JSON_OPTION},
     .run = cli_act_make, .zh = "枢纽丢失磁盘后：两名人员声明由备份恢复、开启新日志",
     .en = "After a hub has lost its disk: two officials state that it is set back to a copy and opens a new log",
     .example = "lianshu restore draft --backup /var/lib/lianshu-hub --head head.txt --key a.key --passphrase-file a.pass --second b.key.pub --out restored.lsd"},
    {.group = "restore", .verb = "sign", .operands = {"ACT.lsd"},
     .options = {{"key", "KEY", true, false, "第二名人员的密钥文件", "key file of the second official"},
                 PASSPHRASE_OPTION, JSON_OPTION},
     .run = cli_act_sign, .zh = "第二名人员签署恢复声明", .en = "The second official signs that a hub was restored",
     .example = "lianshu restore sign restored.lsd --key b.key --passphrase-file b.pass"},
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
    {.group = "evidence", .verb = "export", .operands = {"ID"},
     .options = {ANCHOR_OPTION,
                 {"out", "DIR|FILE.tar", true, false, "写出新目录或归档文件", "a new directory, or an archive"},
                 {"disclose", "documents", false, false, "附上枢纽所裁决的文书（含个人信息）", "with the documents that the hub judged (personal data)"},
                 {"with", "DIR", false, false, "成员处披露的信封与密钥（evidence disclose 写出）", "frames and keys that a member disclosed (evidence disclose wrote them)"},
                 {"seen", "CHECKPOINT", false, false, "先前所存的检查点：证明日志由此延续", "a checkpoint kept earlier: that the log goes on from it"},
                 {"rules", "DIR", false, false, "规则集存档（默认：--config 所指）", "the archive of rule sets (default: that of --config)"},
                 HUB_OPTIONS},
     .run = cli_evidence_export, .zh = "将一个信封、一项惩戒或一个案件的证据导出为可离线验证的证据包",
     .en = "Export the evidence of an envelope, an order or a case as a bundle that proves itself offline",
     .example = "lianshu evidence export 5d41… --out order.tar --anchor anchor.yaml --config /etc/lianshu/hub.yaml"},
    {.group = "evidence", .verb = "verify", .operands = {"PATH"},
     .options = {{"anchor", "ANCHOR.yaml", false, false, "自己所持的信任锚（否则用包内所附，须另行核对）", "one's own trust anchor (else the one in the bundle, to be compared by other means)"}, JSON_OPTION},
     .run = cli_evidence_verify, .zh = "离线验证证据包：逐项说明证明了什么、没有证明什么",
     .en = "Verify a bundle offline, and say line by line what is proven and what is not",
     .example = "lianshu evidence verify order.tar --anchor anchor.yaml"},
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
