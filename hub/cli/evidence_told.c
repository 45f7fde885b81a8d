/* What a verified bundle proves, and what it does not, in sentences. */
#include "base/clock.h"
#include "cli/evidence_reading.h"
#include "keys/receipt.h"
#include "wire.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SENTENCE_MAX = 1024 };

/* What there is of each kind. */
struct tally {
    size_t hub_receipts, member_receipts, other_receipts, statements, decisions, erased, states;
    size_t opened, documents, hidden_parts, envelopes; /* signed by keys that count */
    size_t frames_missing;
};

__attribute__((format(printf, 2, 4))) __attribute__((format(printf, 3, 4))) static void
say(struct json *list, const char *zh, const char *en, ...)
{
    char text[SENTENCE_MAX];
    struct json *row = json_map();
    va_list values;
    va_start(values, en);
    vsnprintf(text, sizeof text, zh, values);
    va_end(values);
    json_put_text(row, "zh", text);
    va_start(values, en);
    vsnprintf(text, sizeof text, en, values);
    va_end(values);
    json_put_text(row, "en", text);
    json_add(list, row);
}

static bool has_frame(const struct evidence *e, const uint8_t env_id[static HASH_LEN])
{
    for (size_t i = 0; i < e->envelope_count; i++) {
        if (memcmp(e->envelopes[i].env_id, env_id, HASH_LEN) == 0)
            return true;
    }
    return false;
}

static void count_leaf(const struct evidence *e, const struct evidence_leaf *leaf, struct tally *t)
{
    lianshu_Receipt q;
    switch (leaf->kind) {
    case LOG_RECEIPT:
        t->hub_receipts++;
        if (wire_decode(&lianshu_Receipt_msg, leaf->body, &q) == OK &&
            (q.kind == lianshu_ReceiptKind_RECEIPT_ACCEPTED ||
             q.kind == lianshu_ReceiptKind_RECEIPT_REJECTED) &&
            !has_frame(e, q.env_id))
            t->frames_missing++;
        break;
    case LOG_MEMBER_RECEIPT:
        t->member_receipts++;
        break;
    case LOG_OTHER_RECEIPT:
        t->other_receipts++;
        break;
    case LOG_STATEMENT:
        t->statements++;
        break;
    case LOG_DECISION:
        t->decisions++;
        t->erased += leaf->text.len == 0;
        break;
    default:
        t->states++;
    }
}

/* Files of a folder whose signature is doubted. */
static size_t doubted(const struct evidence *e, const char *folder)
{
    size_t count = 0;
    for (size_t i = 0; i < e->doubt_count; i++) {
        const bool again = i > 0 && e->doubts[i].file == e->doubts[i - 1].file;
        count += !again && strncmp(e->doubts[i].file->name, folder, strlen(folder)) == 0;
    }
    return count;
}

static void count_all(const struct evidence *e, struct tally *t)
{
    *t = (struct tally){.opened = 0};
    for (size_t i = 0; i < e->leaf_count; i++)
        count_leaf(e, &e->leaves[i], t);
    for (size_t i = 0; i < e->document_count; i++) {
        t->opened += e->documents[i].plain != NULL;
        t->documents += e->documents[i].plain == NULL;
    }
    for (size_t i = 0; i < e->envelope_count; i++)
        t->hidden_parts += e->envelopes[i].header.parts_count;
    t->hidden_parts -= t->opened;
    t->member_receipts -= doubted(e, "receipts/");
    t->documents -= doubted(e, "documents/");
    t->opened -= doubted(e, "disclosed/");
    t->envelopes = e->envelope_count - doubted(e, "envelopes/");
}

/* A stamp proves that its checkpoint was there; without the authority's roots it only says so. */
static void say_stamps(struct json *list, const struct evidence *e, bool proven, unsigned flags)
{
    char time[CLOCK_TEXT_LEN + 1];
    for (size_t i = 0; i < e->stamp_count; i++) {
        const struct evidence_stamp *s = &e->stamps[i];
        clock_format(s->time_ms, time);
        const bool sure = s->proven && (flags & READING_PAPER) == 0;
        if (sure && proven)
            say(list,
                "时间：时间戳机构证明，日志前 %" PRIu64 " 条至迟于 %s 已经存在（误差 %" PRIu64
                " 毫秒）",
                "Time: a time-stamping authority proves that the first %" PRIu64
                " entries of the log existed at %s (accuracy %" PRIu64 " ms)",
                s->size, time, s->accuracy_ms);
        else if (!sure && !proven)
            say(list,
                "时间戳 %s 对应其旁检查点，称其 %s 已经存在；须以该机构的根证书核验（--roots，或 "
                "openssl ts）",
                "The time stamp %s is about the checkpoint beside it and says that it existed at "
                "%s: verify it with the authority's roots (--roots, or openssl ts)",
                s->file->name, time);
    }
}

/* What everything else rests on. */
static void say_log(struct json *list, const struct evidence *e)
{
    const uint64_t version = e->member_count > 0 ? e->members[0].registry_version : 0;
    say(list, "文件：%s 列出的每个文件均与其 SHA-256 一致，无一缺少或多出",
        "Files: each one that %s lists has its SHA-256; none is missing, none is there besides",
        BUNDLE_MANIFEST);
    say(list, "身份：%zu 个成员的密钥由信任锚所认可的登记册（第 %" PRIu64 " 版）证明",
        "Identity: the keys of %zu members are proven by the registry (version %" PRIu64
        ") that the anchor vouches for",
        e->member_count, version);
    say(list, "日志：%s 的检查点（%" PRIu64 " 条）由该枢纽的日志密钥签署；%zu 条记录均在其中",
        "Log: the checkpoint of %s (%" PRIu64
        " entries) is signed by that hub's log key; %zu entries are under it",
        e->checkpoint.origin, e->checkpoint.size, e->leaf_count);
    if (e->cosignatures > 0)
        say(list, "见证：%zu 个独立见证方联署了该检查点或其所延续者",
            "Witnesses: %zu independent witnesses cosigned that checkpoint or one that it "
            "continues",
            e->cosignatures);
    if (e->seen > 0)
        say(list, "连续：该日志是 %zu 个先前检查点的延续，此前内容未被更改",
            "Continuity: the log continues %zu earlier checkpoints; nothing before them was "
            "changed",
            e->seen);
}

static void say_proven(struct json *list, const struct evidence *e, const struct tally *t)
{
    if (t->hub_receipts + t->statements > 0)
        say(list, "枢纽：%zu 份回执、%zu 份投递说明由枢纽写入日志，不可更改",
            "Hub: %zu receipts and %zu statements of delivery stand in the hub's log for good",
            t->hub_receipts, t->statements);
    if (t->member_receipts > 0)
        say(list, "签收：%zu 份回执由收件成员自己的密钥签署",
            "Receipt: %zu receipts are signed by the recipients' own keys", t->member_receipts);
    if (t->other_receipts > 0)
        say(list, "其他枢纽：%zu 份回执在各自枢纽的日志之中",
            "Other hubs: %zu receipts stand in the logs of the hubs that gave them",
            t->other_receipts);
    if (t->envelopes > 0)
        say(list, "信封：%zu 个信封由其发送方签署，一字未改",
            "Envelopes: %zu are signed by their senders, unchanged", t->envelopes);
    if (t->opened > 0)
        say(list, "内容：%zu 个部分以披露的密钥打开，正是发送方所封装者",
            "Contents: %zu parts were opened with disclosed keys; they are what the sender sealed",
            t->opened);
    if (t->documents > 0)
        say(list, "文书：%zu 份文书由其签发方签署，且为日志或决定所指",
            "Documents: %zu are signed by their issuers, and the log or a decision refers to them",
            t->documents);
    if (t->decisions > t->erased)
        say(list, "决定：%zu 份决定记录与日志所记摘要一致（依据规则集、规则与结果）",
            "Decisions: %zu records are those whose hash the log has (rule set, rules, outcome)",
            t->decisions - t->erased);
    for (size_t i = 0; i < e->registrar_count; i++) {
        if (e->registrars[i].known == 0)
            continue;
        say(list, "吊销：%s 至第 %" PRIu64 " 号为止的吊销均已计入",
            "Revocations by %s up to number %" PRIu64 " are taken into account",
            e->registrars[i].member, e->registrars[i].known);
    }
    if (e->rule_sets > 0)
        say(list, "规则：%zu 个规则集原文正是决定所依据者",
            "Rules: %zu rule sets are those that decisions name, to the byte", e->rule_sets);
    if (t->states > 0)
        say(list, "状态：%zu 次状态变更按日志次序记录",
            "States: %zu changes of state, in the order of the log", t->states);
}

/* A key that is revoked from before the hub took it: the signature proves nothing. */
static void say_doubts(struct json *list, const struct evidence *e)
{
    for (size_t i = 0; i < e->doubt_count; i++) {
        char by[MEMBER_MAX + 32] = "registry";
        char from[CLOCK_TEXT_LEN + 1];
        char taken[CLOCK_TEXT_LEN + 1];
        const struct evidence_doubt *d = &e->doubts[i];
        clock_format(d->from_ms, from);
        clock_format(d->taken_ms, taken);
        if (d->registrar[0] != '\0')
            snprintf(by, sizeof by, "%s %" PRIu64, d->registrar, d->number);
        say(list, "%s：%s 的密钥自 %s 起已吊销（%s），早于枢纽登记之时 %s：此签名不能证明为其所签",
            "%s: the key of %s is revoked from %s (%s), before the hub took it at %s: NOT proven "
            "by "
            "that signature",
            d->file->name, d->member, from, by, taken);
    }
}

static void say_unknown_revocations(struct json *list, const struct evidence *e)
{
    const uint64_t version = e->member_count > 0 ? e->members[0].registry_version : 0;
    for (size_t i = 0; i < e->registrar_count; i++)
        say(list, "吊销：%s 第 %" PRIu64 " 号之后的吊销文书不在本包，须另向其核对",
            "Revocations by %s after number %" PRIu64 " are not known here: ask that registrar",
            e->registrars[i].member, e->registrars[i].known);
    if (e->registrars_elsewhere > 0)
        say(list, "吊销：另 %zu 个登记机构在登记册第 %" PRIu64 " 版之后的吊销文书不在本包",
            "Revocations by %zu other registrars after version %" PRIu64 " are not known here",
            e->registrars_elsewhere, version);
}

static void say_gaps(struct json *list, const struct evidence *e, const struct tally *t)
{
    if (t->frames_missing > 0)
        say(list, "%zu 个信封仅有标识与回执：其内容已按期清除，或只在当事成员处",
            "%zu envelopes are here by id and receipts only: their bytes were erased in time, or "
            "are "
            "with the members",
            t->frames_missing);
    if (t->hidden_parts > 0)
        say(list, "%zu 个密封部分未披露：本包不说明其内容",
            "%zu sealed parts are not disclosed: nothing here says what is in them",
            t->hidden_parts);
    if (t->erased > 0)
        say(list, "%zu 份决定记录已按保存期限清除，仅余摘要",
            "%zu decision records were erased after their retention; their hashes are left",
            t->erased);
    if (e->cosignatures == 0)
        say(list, "无见证方联署：仅凭枢纽一方，不排除其向他人出示另一份日志",
            "No witness has cosigned: by the hub's word alone, it may show others another log");
}

static void say_not_proven(struct json *list, const struct evidence *e, const struct bundle *b,
                           unsigned flags)
{
    char time[CLOCK_TEXT_LEN + 1];
    clock_format(e->exported_ms, time);
    if ((flags & READING_OUTSIDE) == 0)
        say(list, "信任锚取自本包：须另行核对其根密钥，否则一切均不成立",
            "The anchor is the one in the bundle: compare its roots by other means, or nothing "
            "holds");
    say_stamps(list, e, false, flags);
    say_unknown_revocations(list, e);
    say(list, "时间出自枢纽与成员的时钟，见证与时间戳只限定其上限",
        "Times are those of the clocks of hub and members; witnesses and stamps bound them from "
        "above");
    say(list, "完整性：本包之外是否另有相关记录；导出时间 %s 为导出方所称",
        "Completeness: whether there is more than this; that it was exported at %s is the "
        "exporter's "
        "word",
        time);
    say(list, "密钥由谁操作：证明的是成员的密钥，不是某个人",
        "Who used a key: what is proven is a member's key, not a person");
    say(list, "文书所述事实本身：证明的是谁说了什么，不是所说属实",
        "The facts themselves: proven is who said what, not that it is so");
    if (strcmp(e->kind, "case") == 0)
        say(list, "这些报文属于该案件：为枢纽所述，案件编号在密封文书之中",
            "That these messages belong to the case is the hub's word: its id stands in sealed "
            "documents");
    if (reading_without_effect(b) > 0)
        say(list, "未生效：该案 %zu 份文书未生效（落选，或此前状态不容许），为枢纽所述；见报告",
            "Without effect: %zu documents of the case took none (lost to another, or not allowed "
            "by the state before): the hub's word, see the report",
            reading_without_effect(b));
    if (bundle_find(b, "custody.json") != NULL)
        say(list, "custody.json 为枢纽所述；其中的签收以日志中的回执为准",
            "custody.json is the hub's word; the receipts in it are those of the log");
}

/* ---- decisions made again ---- */

static void say_same(struct json *list, const struct evidence_again *again)
{
    if (again->same > 0)
        say(list,
            "重演：%zu 项决定已由本程序（lianshu evidence verify；verify.py "
            "不重演）以包内规则、文书"
            "与当时所读各行重新作出，与记录逐字节相同",
            "Made again: %zu decisions were made again by this program (lianshu evidence verify; "
            "verify.py does not) from the rules, documents "
            "and rows in here; each record came out the same to the byte",
            again->same);
}

/* A sentence of each language with its own words in it. */
static void say_two(struct json *list, const char *zh, const char *en)
{
    struct json *row = json_map();
    json_put_text(row, "zh", zh);
    json_put_text(row, "en", en);
    json_add(list, row);
}

static void say_differing(struct json *list, const struct evidence_again *again)
{
    char zh[SENTENCE_MAX];
    char en[SENTENCE_MAX];
    for (size_t i = 0; i < again->count; i++) {
        const struct again_row *row = &again->row[i];
        if (row->is != AGAIN_DIFFERS)
            continue;
        snprintf(zh, sizeof zh, "重演：日志第 %" PRIu64 " 条的决定重演不一致：%s", row->leaf->index,
                 again_zh(row));
        snprintf(en, sizeof en, "Made again: the decision of entry %" PRIu64 " DIFFERS: %s",
                 row->leaf->index, again_en(row));
        say_two(list, zh, en);
    }
}

/* Those that are not made again for this reason, and what is proven of them instead. */
static void say_missing(struct json *list, const struct evidence_again *again,
                        enum again_where where)
{
    char zh[SENTENCE_MAX];
    char en[SENTENCE_MAX];
    size_t count = 0;
    const struct again_row *one = NULL;
    for (size_t i = 0; i < again->count; i++) {
        const struct again_row *row = &again->row[i];
        const bool mine = row->is == AGAIN_NOT && row->where == where;
        one = mine ? row : one;
        count += mine;
    }
    if (one == NULL)
        return;
    snprintf(
        zh, sizeof zh,
        "重演：%zu 项决定未在此重演，因%s；所证明者为：记录即日志所记，规则集、文书与所读各行的"
        "摘要均已固定，日后不能更换",
        count, again_zh(one));
    snprintf(en, sizeof en,
             "Made again: %zu decisions are not, because %s; proven instead: the record is the "
             "log's, and it fixes rule set, document and what was read by their hashes",
             count, again_en(one));
    say_two(list, zh, en);
}

struct json *reading_told(const struct reading *r, unsigned flags, const struct json *more)
{
    struct tally t;
    struct json *told = json_map();
    struct json *proven = json_list();
    struct json *open = json_list();
    count_all(r->e, &t);
    say_log(proven, r->e);
    say_proven(proven, r->e, &t);
    say_stamps(proven, r->e, true, flags);
    say_same(proven, &r->again);
    say_differing(open, &r->again);
    say_doubts(open, r->e);
    say_gaps(open, r->e, &t);
    for (unsigned where = AGAIN_PAPER; where <= AGAIN_TABLES; where++)
        say_missing(open, &r->again, (enum again_where)where);
    if (r->again.same > 0)
        say_two(open,
                "所读各行以枢纽的标记指称主体；某标记即某主体，为枢纽所述，区划表与工作日历亦同",
                "Rows that were read name subjects by the hub's handles: that a handle is a "
                "subject's is the hub's word, and so are the table of regions and the calendar");
    say_not_proven(open, r->e, r->b, flags);
    for (size_t i = 0; i < json_count(more); i++)
        json_add(open, json_clone(json_item(more, i)));
    json_put(told, "proven", proven);
    json_put(told, "not_proven", open);
    return told;
}

enum err reading_open(struct reading *out, const struct evidence *e, const struct bundle *b)
{
    *out = (struct reading){.e = e, .b = b};
    rules_shown_open(&out->rules, b);
    const enum err err = evidence_again(e, b, &out->rules, &out->again);
    if (err != OK)
        reading_close(out);
    return err;
}

void reading_close(struct reading *reading)
{
    evidence_again_close(&reading->again);
    rules_shown_close(&reading->rules);
}
