#include "validate.h"

#include "base/clock.h"
#include "case.pb.h"
#include "message.h"
#include "sanction.pb.h"

#include <assert.h>
#include <pb_common.h>
#include <stdio.h>
#include <string.h>

enum { REQUIRED_MAX = 16, ORDERED_MAX = 4, PERSONS_ANY = 16 };

/* What a body must hold, beside being well formed. A subject that is given is always checked. */
struct rule {
    const pb_msgdesc_t *desc;
    const char *required[REQUIRED_MAX];
    struct {
        const char *first; /* not after `second`, when both are given */
        const char *second;
    } ordered[ORDERED_MAX];
    bool subject;      /* must be given */
    bool subject_none; /* must not be given: the hub is not to learn it */
    unsigned persons_min;
    unsigned persons_max;
};

#define BODY(name) .desc = &lianshu_##name##_msg

/* clang-format off */
static const struct rule rules[] = {
    {BODY(SubjectRegister), .required = {"trade", "registered_date"}, .subject = true,
     .persons_max = PERSONS_ANY},
    {BODY(SubjectRelation), .required = {"from_date"}, .ordered = {{"from_date", "to_date"}},
     .subject = true, .persons_min = 1, .persons_max = PERSONS_ANY},
    {BODY(Licence), .required = {"licence_kind", "date"}, .ordered = {{"date", "expires_date"}},
     .subject = true, .persons_max = PERSONS_ANY},
    {BODY(Appointment), .required = {"from_date"}, .subject = true,
     .persons_min = 1, .persons_max = 1},
    {BODY(Honour), .required = {"title", "date"}, .subject = true, .persons_max = 4},
    {BODY(SanctionOrder),
     .required = {"order_id", "version", "list", "trigger", "severity", "decision_body",
                  "decision_number", "decision_date", "start_date"},
     .ordered = {{"decision_date", "start_date"}, {"start_date", "max_date"},
                 {"earliest_repair_date", "max_date"}, {"act_date", "decision_date"}},
     .subject = true, .persons_max = PERSONS_ANY},
    {BODY(SanctionChange),
     .required = {"order_id", "version", "decision_body", "decision_number", "decision_date",
                  "reason"},
     .subject = true, .persons_max = PERSONS_ANY},
    {BODY(SanctionNotice),
     .required = {"obligation_id", "stage", "order_id", "order_version", "measure", "force", "rule",
                  "start_date", "issuer_document"},
     .ordered = {{"start_date", "end_date"}}, .subject = true, .persons_max = 1},
    {BODY(SanctionAnswer), .required = {"obligation_id", "answer"}, .persons_max = 1},
    {BODY(SanctionExecuted), .required = {"obligation_id", "stage", "reference", "executed_ms"},
     .persons_max = 1},
    {BODY(Evidence), .required = {"order_id", "summary"}},
    {BODY(CreditCheck), .required = {"question"}, .subject = true, .persons_max = 4},
    {BODY(CreditCertificate), .required = {"at_ms"}, .subject = true, .persons_max = 4},
    {BODY(CaseClock), .required = {"case_id", "transition", "event_ms"}, .subject_none = true},
    {BODY(CaseReferral),
     .required = {"case_id", "case_number", "cause", "suspect", "offence", "facts", "officer"},
     .persons_max = PERSONS_ANY},
    {BODY(CaseAnswer), .required = {"case_id", "number", "date", "officer"}},
    {BODY(BatchFacts),
     .required = {"product_name", "approval_number", "batch_number", "report_date"},
     .subject = true},
    {BODY(AefiReport),
     .required = {"report_number", "classification", "severity", "vaccination_date", "onset_ms",
                  "symptoms", "reporter"}},
    {BODY(Withdraw), .required = {"message_id", "env_id"}, .subject_none = true},
    {BODY(Manifest), .required = {"files"}},
};
/* clang-format on */

static const struct rule *rule_of(const pb_msgdesc_t *desc)
{
    size_t i = 0;
    while (i < sizeof rules / sizeof rules[0] && rules[i].desc != desc)
        i++;
    assert(i < sizeof rules / sizeof rules[0]); /* a test walks the whole catalogue */
    return &rules[i];
}

/* ---- fields by name ---- */

static bool find(const pb_msgdesc_t *desc, const void *msg, const char *name, pb_field_iter_t *at)
{
    const struct message_field *field = message_field(message_of(desc), name);
    return field != NULL && pb_field_iter_begin_const(at, desc, msg) &&
           pb_field_iter_find(at, field->tag);
}

static bool any_byte(const void *data, size_t len)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != 0)
            return true;
    }
    return false;
}

static bool is_given(const pb_field_iter_t *at)
{
    if (PB_HTYPE(at->type) == PB_HTYPE_REPEATED)
        return *(const pb_size_t *)at->pSize > 0;
    if (PB_LTYPE_IS_SUBMSG(at->type))
        return *(const bool *)at->pSize;
    if (PB_LTYPE(at->type) == PB_LTYPE_BYTES)
        return ((const pb_bytes_array_t *)at->pData)->size > 0;
    if (PB_LTYPE(at->type) == PB_LTYPE_STRING)
        return *(const char *)at->pData != '\0';
    return any_byte(at->pData, at->data_size);
}

static uint32_t date_named(const pb_msgdesc_t *desc, const void *msg, const char *name)
{
    pb_field_iter_t at;
    uint32_t date = 0;
    bool found = find(desc, msg, name, &at);
    assert(found && at.data_size == sizeof date);
    (void)found;
    memcpy(&date, at.pData, sizeof date);
    return date;
}

/* ---- checks ---- */

static enum err check_required(const struct rule *rule, const void *msg, struct fault *f)
{
    for (size_t i = 0; i < REQUIRED_MAX && rule->required[i] != NULL; i++) {
        pb_field_iter_t at;
        bool found = find(rule->desc, msg, rule->required[i], &at);
        assert(found);
        (void)found;
        if (!is_given(&at))
            return fault_set(f, ERR_FIELD_MISSING, 0, rule->required[i], "required");
    }
    return OK;
}

/* Every uint32 that ends in `date` is one that exists, or 0. */
static enum err check_dates(const struct rule *rule, const void *msg, struct fault *f)
{
    const struct message *m = message_of(rule->desc);
    pb_field_iter_t at;
    if (!pb_field_iter_begin_const(&at, rule->desc, msg))
        return OK;
    do {
        const char *name = m->fields[at.index].name;
        size_t len = strlen(name);
        uint32_t date;
        if (at.data_size != sizeof date || len < 4 || strcmp(name + len - 4, "date") != 0)
            continue;
        memcpy(&date, at.pData, sizeof date);
        if (date != 0 && !date_valid(date))
            return fault_set(f, ERR_FIELD_VALUE, 0, name, "a date that exists");
    } while (pb_field_iter_next(&at));
    for (size_t i = 0; i < ORDERED_MAX && rule->ordered[i].first != NULL; i++) {
        uint32_t first = date_named(rule->desc, msg, rule->ordered[i].first);
        uint32_t second = date_named(rule->desc, msg, rule->ordered[i].second);
        if (first != 0 && second != 0 && second < first)
            return fault_set(f, ERR_FIELD_VALUE, 0, rule->ordered[i].second, "not before %s",
                             rule->ordered[i].first);
    }
    return OK;
}

static enum err check_subject(const lianshu_Subject *s, const char *path,
                              const struct regions *regions, struct fault *f)
{
    char where[64];
    snprintf(where, sizeof where, "%s.kind", path);
    if (s->kind == lianshu_SubjectKind_SUBJECT_NONE)
        return fault_set(f, ERR_FIELD_MISSING, 0, where, "required");
    snprintf(where, sizeof where, "%s.id", path);
    if (s->id[0] == '\0')
        return fault_set(f, ERR_FIELD_MISSING, 0, where, "required");
    enum err err = subject_id_check(s->kind, s->id);
    if (err != OK)
        return fault_set(f, err, 0, where, "%s",
                         err == ERR_CHECK_DIGIT ? "the check digit does not fit"
                                                : "the form of this kind of subject");
    snprintf(where, sizeof where, "%s.name", path);
    if (s->name[0] == '\0')
        return fault_set(f, ERR_FIELD_MISSING, 0, where, "required");
    /* A product or a batch belongs to no region of its own. */
    bool placed = s->kind != lianshu_SubjectKind_SUBJECT_PRODUCT &&
                  s->kind != lianshu_SubjectKind_SUBJECT_BATCH;
    snprintf(where, sizeof where, "%s.region", path);
    if (s->region[0] == '\0')
        return placed ? fault_set(f, ERR_FIELD_MISSING, 0, where, "required") : OK;
    if (!region_valid(s->region) || regions_find(regions, s->region) == NULL)
        return fault_set(f, ERR_REGION, 0, where, "a code of the table of regions");
    return OK;
}

static enum err check_person(const lianshu_Person *p, size_t i, struct fault *f)
{
    char where[64];
    snprintf(where, sizeof where, "persons[%zu].id", i);
    if (p->id[0] == '\0')
        return fault_set(f, ERR_FIELD_MISSING, 0, where, "required");
    enum err err = citizen_check(p->id);
    if (err != OK)
        return fault_set(f, err, 0, where, "a citizen identity number");
    snprintf(where, sizeof where, "persons[%zu].name", i);
    if (p->name[0] == '\0')
        return fault_set(f, ERR_FIELD_MISSING, 0, where, "required");
    snprintf(where, sizeof where, "persons[%zu].role", i);
    if (p->role == lianshu_Role_ROLE_NONE)
        return fault_set(f, ERR_FIELD_MISSING, 0, where, "required");
    return OK;
}

static enum err check_persons(const struct rule *rule, const lianshu_Person *persons, size_t count,
                              struct fault *f)
{
    if (count < rule->persons_min)
        return fault_set(f, ERR_FIELD_MISSING, 0, "persons", "at least %u", rule->persons_min);
    if (count > rule->persons_max)
        return fault_set(f, ERR_FIELD_LONG, 0, "persons", "at most %u", rule->persons_max);
    for (size_t i = 0; i < count; i++) {
        enum err err = check_person(&persons[i], i, f);
        if (err != OK)
            return err;
    }
    return OK;
}

/* Subject and persons of facts bodies; those of a sealed referral stand in fields of their own. */
static enum err check_who(const struct rule *rule, const void *msg, const struct regions *regions,
                          struct fault *f)
{
    size_t count;
    if (rule->desc == &lianshu_CaseReferral_msg) {
        const lianshu_CaseReferral *referral = msg;
        enum err err = check_subject(&referral->suspect, "suspect", regions, f);
        return err != OK ? err : check_persons(rule, referral->persons, referral->persons_count, f);
    }
    const lianshu_Subject *subject = facts_subject(rule->desc, msg);
    const lianshu_Person *persons = facts_persons(rule->desc, msg, &count);
    if (rule->subject_none && (subject != NULL || count > 0))
        return fault_set(f, ERR_PERSONAL_DATA, 0, subject != NULL ? "subject" : "persons",
                         "these facts name nobody");
    if (subject == NULL && rule->subject)
        return fault_set(f, ERR_FIELD_MISSING, 0, "subject", "required");
    enum err err = subject == NULL ? OK : check_subject(subject, "subject", regions, f);
    return err != OK ? err : check_persons(rule, persons, count, f);
}

/* What only one type asks for. */
static enum err check_special(const pb_msgdesc_t *desc, const void *msg, struct fault *f)
{
    if (desc == &lianshu_SanctionAnswer_msg) {
        const lianshu_SanctionAnswer *answer = msg;
        if (answer->answer == lianshu_AnswerKind_ANSWER_DECLINED && answer->legal_reason[0] == '\0')
            return fault_set(f, ERR_DECLINE_REASON, 0, "legal_reason", "required when declined");
    }
    if (desc == &lianshu_CaseClock_msg) {
        const lianshu_CaseClock *clock = msg;
        if (clock->owner[0] != '\0' && !member_valid(clock->owner))
            return fault_set(f, ERR_PERSONAL_DATA, 0, "owner", "a member id");
    }
    if (desc == &lianshu_BatchFacts_msg) {
        const lianshu_BatchFacts *facts = msg;
        if (facts->subject.kind != lianshu_SubjectKind_SUBJECT_BATCH)
            return fault_set(f, ERR_FIELD_VALUE, 0, "subject.kind", "batch");
    }
    return OK;
}

enum err body_validate(const struct document_type *type, const pb_msgdesc_t *desc, const void *msg,
                       const struct regions *regions, struct fault *f)
{
    if (desc != type->facts && desc != type->sealed)
        return fault_set(f, ERR_INTERNAL, 0, type->name, "body of another type");
    const struct rule *rule = rule_of(desc);
    enum err err = check_required(rule, msg, f);
    if (err == OK)
        err = check_who(rule, msg, regions, f);
    if (err == OK)
        err = check_dates(rule, msg, f);
    return err == OK ? check_special(desc, msg, f) : err;
}

enum err facts_validate(const struct document_type *type, const void *msg,
                        const struct regions *regions, struct fault *f)
{
    if (type->facts == NULL)
        return fault_set(f, ERR_FACTS_MISSING, 0, type->name, "this type has no facts");
    return body_validate(type, type->facts, msg, regions, f);
}
