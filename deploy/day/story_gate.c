/* What the punished may no longer have, and what everybody else still gets. */
#include "day/day.h"

#include "base/clock.h"
#include "day/expected.h"
#include "day/records.h"
#include "json.h"
#include "subject.pb.h"

#include <stdio.h>
#include <string.h>

struct file_at {
    int office;
    const char *name;
};

static bool refused(struct day *d, void *ctx)
{
    const struct file_at *at = ctx;
    return desk_refused(&d->desks[at->office], at->name);
}

static bool delivered(struct day *d, void *ctx)
{
    const struct file_at *at = ctx;
    return desk_reached(&d->desks[at->office], at->name, "delivered") >= 1;
}

/* The refusal names a measure, the order, and the article of law. */
static void expect_grounds(struct day *d, const struct file_at *at, const char *measure)
{
    struct json *reason = desk_reason(&d->desks[at->office], at->name);
    const struct json *grounds = json_get(reason, "grounds");
    const char *code = json_get_text(reason, "code");
    bool named = false;

    tell_expect(&d->tell, code != NULL && strcmp(code, "E660") == 0, "以 E660 拒绝",
                "refused with E660");
    for (size_t i = 0; i < json_count(grounds); i++) {
        const struct json *ground = json_item(grounds, i);
        const char *which = json_get_text(ground, "measure");
        const char *order = json_get_text(ground, "order");
        const char *basis = json_get_text(ground, "basis");
        if (which == NULL || order == NULL || basis == NULL)
            continue;
        tell_linef(&d->tell, "  拒绝理由：措施 %s，惩戒 %.12s…，依据 %s",
                   "grounds: measure %s, order %.12s…, basis %s", which, order, basis);
        named = named || strcmp(which, measure) == 0;
    }
    tell_expect(&d->tell, named, "拒绝列明措施、惩戒与依据",
                "the refusal names measure, order and basis");
    json_close(&reason);
}

static bool refuse(struct day *d, const struct file_at *at, const char *measure, const char *sink)
{
    const size_t before = desk_count(&d->desks[MARKET], sink);

    if (!day_wait(d, refused, (void *)(uintptr_t)at, "单据被关口拒绝",
                  "the gate refuses the document"))
        return false;
    d->gate_refusals++;
    expect_grounds(d, at, measure);
    return tell_expect(&d->tell, desk_count(&d->desks[MARKET], sink) == before,
                       "未有内容到达收件方", "nothing reaches the recipient");
}

void day_appoint(struct day *d)
{
    const uint32_t today = date_from_ms(clock_real_ms());

    day_put(d, HEALTH, DAY_APPOINTMENT_FILE,
            records_appointment(&day_punished(d)->representative, day_clean(d), "潮卫任演示1号",
                                today));
}

static bool flag_seen(void *ctx, const char *name, const struct json *honour)
{
    bool *seen = ctx;

    (void)name;
    *seen = json_count(json_get(json_get(honour, "lianshu"), "advisories")) > 0;
    return !*seen;
}

static void gates(struct day *d)
{
    const uint32_t today = date_from_ms(clock_real_ms());
    const struct file_at appointment = {HEALTH, DAY_APPOINTMENT_FILE};
    const struct file_at clean = {HEALTH, "许可申请-clean.json"};
    const struct file_at punished = {HEALTH, "许可申请-punished.json"};
    const struct file_at honour = {INSURANCE, "honour.json"};
    bool flagged = false;

    day_step(d, "其法定代表人到别处任职", "its legal representative is appointed elsewhere");
    day_appoint(d);
    if (!refuse(d, &appointment, "M03", "sink/appointment"))
        return;

    day_step(d, "另一家清白企业申请许可", "another, clean company applies for a licence");
    day_put(d, HEALTH, clean.name, records_application(day_clean(d), "潮卫许演示1号", today));
    if (!day_wait(d, delivered, (void *)(uintptr_t)&clean, "清白企业的申请送达",
                  "the clean company's application is delivered"))
        return;
    tell_line(&d->tell, "清白企业的申请送达市场监管",
              "the clean company's application reaches market regulation");

    day_step(d, "被惩戒企业申请许可", "the punished company applies for a licence");
    day_put(d, HEALTH, punished.name, records_application(day_punished(d), "潮卫许演示2号", today));
    if (!refuse(d, &punished, "M01", "sink/licence.application"))
        return;

    day_step(d, "医保拟表彰被惩戒企业", "insurance would honour the punished company");
    day_put(d, INSURANCE, honour.name, records_honour(day_punished(d), today));
    if (!day_wait(d, delivered, (void *)(uintptr_t)&honour, "表彰附提示送达",
                  "the honour is delivered with an advisory"))
        return;
    desk_each(&d->desks[MARKET], "sink/honour", flag_seen, &flagged);
    if (tell_expect(&d->tell, flagged, "提示随表彰送达", "the advisory comes with the honour"))
        tell_line(&d->tell, "表彰送达，附签名提示（M21 酌定）",
                  "the honour is delivered with a signed advisory (M21, to consider)");
    tell_count(&d->tell, "flagged", "附提示送达", "delivered with an advisory", flagged ? 1 : 0);
}

/* ---- credit checks ---- */

struct answer_of {
    const char *id;
    bool found;
    bool clean;
    size_t restrictions;
};

static bool read_certificate(void *ctx, const char *name, const struct json *certificate)
{
    struct answer_of *of = ctx;
    const char *id = json_get_text(certificate, "tyshxydm");

    (void)name;
    if (id == NULL || strcmp(id, of->id) != 0)
        return true;
    of->found = true;
    of->clean = of->clean || json_flag(json_get(certificate, "wxz"));
    of->restrictions = json_count(json_get(certificate, "xz"));
    return true;
}

static bool certificates_here(struct day *d, void *ctx)
{
    return desk_count(&d->desks[INSURANCE], "sink/credit.certificate") >= *(const size_t *)ctx;
}

void day_check_credit(struct day *d, const struct company *c, const char *file, bool clean)
{
    const size_t wanted = desk_count(&d->desks[INSURANCE], "sink/credit.certificate") + 1;
    struct answer_of of = {.id = c->uscc};

    day_put(d, INSURANCE, file, records_check(c, "定点资格审核"));
    if (!day_wait(d, certificates_here, (void *)(uintptr_t)&wanted, "核查得到答复",
                  "the check is answered"))
        return;
    /* Of several about one company, the clean one can only be the newest. */
    desk_each(&d->desks[INSURANCE], "sink/credit.certificate", read_certificate, &of);
    if (clean)
        tell_expect(&d->tell, of.found && of.clean, "无限制证明",
                    "certificate that nothing is in force");
    else
        tell_expect(&d->tell, of.found && !of.clean && of.restrictions > 0, "答复列出限制",
                    "the answer lists restrictions");
    tell_linef(
        &d->tell, "信用核查答复：%s，限制 %zu 项", "credit check answered: %s, %zu restrictions",
        of.clean ? "无限制 clean" : "有限制 restricted", of.clean ? (size_t)0 : of.restrictions);
}

/* ---- the local mirror ---- */

struct mirror_of {
    struct sdk_mirror *mirror;
    const char *id;
    enum sdk_mirror_verdict wanted;
};

static bool mirror_says(struct day *d, void *ctx)
{
    static struct sdk_mirror_answer answer;
    const struct mirror_of *of = ctx;

    (void)d;
    return sdk_mirror_refresh(of->mirror) == OK &&
           sdk_mirror_check(of->mirror, lianshu_SubjectKind_SUBJECT_ENTERPRISE, of->id,
                            clock_real_ms(), &answer) == OK &&
           answer.verdict == of->wanted;
}

void day_check_mirror(struct day *d, const struct company *c, enum sdk_mirror_verdict wanted)
{
    char paths[3][DESK_PATH_MAX];
    static const char *const names[3] = {"keys/insurance.key", "keys/passphrase",
                                         "adapter/insurance"};
    struct fault f = {0};
    struct mirror_of of = {.id = c->uscc, .wanted = wanted};

    for (size_t i = 0; i < 3; i++)
        snprintf(paths[i], sizeof paths[i], "%s/%s", d->options->dir, names[i]);
    const struct sdk_mirror_config config = {"insurance.445100", paths[0], paths[1], paths[2]};
    if (!tell_expect(&d->tell, sdk_mirror_open(&of.mirror, &config, &f) == OK, "本地镜像可读",
                     "the local mirror can be read"))
        return;
    if (day_wait(d, mirror_says, &of, "本地镜像有答案", "the local mirror has the answer"))
        tell_linef(&d->tell, "本地镜像核查（不经枢纽）：%s",
                   "the local mirror, without the hub: %s", sdk_mirror_verdict_word(wanted));
    sdk_mirror_close(&of.mirror);
}

void story_gate(struct day *d)
{
    gates(d);
    if (d->broken)
        return;
    day_step(d, "医保核查两家企业的信用", "insurance checks the credit of both companies");
    day_check_credit(d, day_punished(d), "check-punished.json", false);
    day_check_credit(d, day_clean(d), "check-clean.json", true);
    day_check_mirror(d, day_punished(d), SDK_MIRROR_RESTRICTED);
    day_check_mirror(d, day_clean(d), SDK_MIRROR_CLEAN);
    tell_count_expected(&d->tell, "refused_by_gate", "关口拒绝", "refused by a gate",
                        d->gate_refusals, EXPECTED_GATE_REFUSALS);
}
