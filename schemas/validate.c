#include "validate.h"

#include "base/ascii.h"
#include "base/clock.h"
#include "frame.h"
#include "json_rule.h"
#include "message.h"
#include "validate_rule.h"

#include "case.pb.h"
#include "credit.pb.h"
#include "redress.pb.h"
#include "safety.pb.h"
#include "sanction.pb.h"

#include <assert.h>
#include <pb_common.h>
#include <stdio.h>
#include <string.h>

enum { CREDIT_INDEX_MAX = 1000 };

/* ---- fields by name ---- */

/* The rules name no field that is not there: a test looks at each. */
static void find(const pb_msgdesc_t *desc, const void *msg, const char *name, pb_field_iter_t *at)
{
    const struct message_field *field = message_field(message_of(desc), name);
    assert(field != NULL);
    const bool begun = pb_field_iter_begin_const(at, desc, msg);
    const bool found = pb_field_iter_find(at, field->tag);
    assert(begun && found);
    (void)begun, (void)found;
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

static uint32_t uint_named(const pb_msgdesc_t *desc, const void *msg, const char *name)
{
    pb_field_iter_t at;
    uint32_t value = 0;
    find(desc, msg, name, &at);
    assert(at.data_size == sizeof value);
    memcpy(&value, at.pData, sizeof value);
    return value;
}

/* ---- checks ---- */

static enum err check_required(const struct body_rule *rule, const void *msg, struct fault *f)
{
    for (size_t i = 0; rule->required[i] != NULL; i++) {
        pb_field_iter_t at;
        find(rule->desc, msg, rule->required[i], &at);
        if (!is_given(&at))
            return fault_set(f, ERR_FIELD_MISSING, 0, rule->required[i], "required");
    }
    return OK;
}

/* Fields that belong to another type with this body. */
static enum err check_forbidden(const struct body_rule *rule, const void *msg, struct fault *f)
{
    for (size_t i = 0; rule->forbidden[i] != NULL; i++) {
        pb_field_iter_t at;
        find(rule->desc, msg, rule->forbidden[i], &at);
        if (is_given(&at))
            return fault_set(f, ERR_FIELD_VALUE, 0, rule->forbidden[i], "not in this type");
    }
    return OK;
}

/* Letters, digits and _ . -: what a rule set or table names, never a sentence. */
static bool is_code(const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (!(*p >= 'A' && *p <= 'Z') && ascii_word(p, "_.-") == 0)
            return false;
    }
    return true;
}

static enum err check_codes(const struct body_rule *rule, const void *msg, struct fault *f)
{
    for (size_t i = 0; rule->codes[i] != NULL; i++) {
        pb_field_iter_t at;
        find(rule->desc, msg, rule->codes[i], &at);
        assert(PB_LTYPE(at.type) == PB_LTYPE_STRING);
        if (!is_code(at.pData))
            return fault_set(f, ERR_FIELD_VALUE, 0, rule->codes[i],
                             "a code: letters, digits, _ . and -");
    }
    return OK;
}

static enum err check_level(const struct body_rule *rule, const void *msg, struct fault *f)
{
    if (rule->level.field != NULL &&
        uint_named(rule->desc, msg, rule->level.field) > rule->level.max)
        return fault_set(f, ERR_FIELD_VALUE, 0, rule->level.field, "1 to %u", rule->level.max);
    return OK;
}

/* Every uint32 that ends in `date` is one that exists, or 0. */
static enum err check_dates(const struct body_rule *rule, const void *msg, struct fault *f)
{
    const struct message *m = message_of(rule->desc);
    pb_field_iter_t at;
    const bool begun = pb_field_iter_begin_const(&at, rule->desc, msg);
    assert(begun); /* a body has fields */
    (void)begun;
    do {
        const struct message_field *field = &m->fields[at.index];
        uint32_t date;
        if (!json_is_date(field, &at))
            continue;
        memcpy(&date, at.pData, sizeof date);
        if (date != 0 && !date_valid(date))
            return fault_set(f, ERR_FIELD_VALUE, 0, field->name, "a date that exists");
    } while (pb_field_iter_next(&at));
    for (size_t i = 0; rule->ordered[i].first != NULL; i++) {
        uint32_t first = uint_named(rule->desc, msg, rule->ordered[i].first);
        uint32_t second = uint_named(rule->desc, msg, rule->ordered[i].second);
        if (first != 0 && second != 0 && second < first)
            return fault_set(f, ERR_FIELD_VALUE, 0, rule->ordered[i].second, "not before %s",
                             rule->ordered[i].first);
    }
    return OK;
}

static enum err check_region(const char *region, const char *where, const struct regions *regions,
                             struct fault *f)
{
    if (!region_valid(region) || regions_find(regions, region) == NULL)
        return fault_set(f, ERR_REGION, 0, where, "a code of the table of regions");
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
    return check_region(s->region, where, regions, f);
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

static enum err check_persons(const struct body_rule *rule, const lianshu_Person *persons,
                              size_t count, struct fault *f)
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

/* Subject and persons of facts bodies; those of sealed ones stand in fields of their own. */
static enum err check_sealed_who(const struct body_rule *rule, const void *msg,
                                 const struct regions *regions, struct fault *f, bool *done)
{
    *done = true;
    if (rule->desc == &lianshu_CaseReferral_msg) {
        const lianshu_CaseReferral *referral = msg;
        enum err err = check_subject(&referral->suspect, "suspect", regions, f);
        return err != OK ? err : check_persons(rule, referral->persons, referral->persons_count, f);
    }
    if (rule->desc == &lianshu_Clue_msg) {
        const lianshu_Clue *clue = msg;
        enum err err =
            clue->has_suspect ? check_subject(&clue->suspect, "suspect", regions, f) : OK;
        return err != OK ? err : check_persons(rule, clue->persons, clue->persons_count, f);
    }
    if (rule->desc == &lianshu_PriceRecord_msg) {
        const lianshu_PriceRecord *price = msg;
        return price->has_seller ? check_subject(&price->seller, "seller", regions, f) : OK;
    }
    *done = false;
    return OK;
}

static enum err check_who(const struct body_rule *rule, const void *msg,
                          const struct regions *regions, struct fault *f)
{
    size_t count;
    bool done;
    enum err sealed = check_sealed_who(rule, msg, regions, f, &done);
    if (done)
        return sealed;
    const lianshu_Subject *subject = facts_subject(rule->desc, msg);
    const lianshu_Person *persons = facts_persons(rule->desc, msg, &count);
    static const char nobody[] = "these facts name nobody";
    if (rule->subject_none && subject != NULL)
        return fault_set(f, ERR_PERSONAL_DATA, 0, "subject", nobody);
    if (rule->subject_none && count > 0)
        return fault_set(f, ERR_PERSONAL_DATA, 0, "persons", nobody);
    if (subject == NULL && rule->subject)
        return fault_set(f, ERR_FIELD_MISSING, 0, "subject", "required");
    enum err err = subject == NULL ? OK : check_subject(subject, "subject", regions, f);
    if (err == OK && subject != NULL && rule->kinds != KINDS_ANY &&
        (rule->kinds & 1u << subject->kind) == 0)
        err = fault_set(f, ERR_FIELD_VALUE, 0, "subject.kind",
                        rule->kinds == KINDS_BATCH ? "batch" : "product or batch");
    return err != OK ? err : check_persons(rule, persons, count, f);
}

/* ---- what only one body asks for ---- */

static enum err check_clock(const lianshu_CaseClock *clock, struct fault *f)
{
    const struct {
        const char *name;
        const char *text;
    } codes[] = {{"transition", clock->transition},
                 {"outcome", clock->outcome},
                 {"complexity", clock->complexity},
                 {"trigger", clock->trigger}};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (!is_code(codes[i].text))
            return fault_set(f, ERR_PERSONAL_DATA, 0, codes[i].name, "a code of the case table");
    }
    for (pb_size_t i = 0; i < clock->documents_count; i++) {
        if (!is_code(clock->documents[i]))
            return fault_set(f, ERR_PERSONAL_DATA, 0, "documents", "codes of the case table");
    }
    if (clock->owner[0] != '\0' && !member_valid(clock->owner))
        return fault_set(f, ERR_PERSONAL_DATA, 0, "owner", "a member id");
    return OK;
}

/* The batch that is named twice is one. */
static enum err check_batch(const lianshu_BatchFacts *facts, struct fault *f)
{
    char id[sizeof facts->approval_number + sizeof facts->batch_number];
    snprintf(id, sizeof id, "%s/%s", facts->approval_number, facts->batch_number);
    if (strcmp(id, facts->subject.id) != 0)
        return fault_set(f, ERR_FIELD_VALUE, 0, "batch_number",
                         "subject.id is approval number / batch number");
    if (!is_code(facts->grade))
        return fault_set(f, ERR_PERSONAL_DATA, 0, "grade", "a code of the case table");
    return OK;
}

static enum err check_rating(const lianshu_CreditRating *rating, struct fault *f)
{
    char where[32];
    for (size_t i = 0; i < rating->indices_count; i++) {
        const lianshu_IndexValue *index = &rating->indices[i];
        snprintf(where, sizeof where, "indices[%zu].code", i);
        if (index->code[0] == '\0')
            return fault_set(f, ERR_FIELD_MISSING, 0, where, "required");
        bool fits = is_code(index->code);
        for (size_t k = 0; k < i; k++)
            fits = fits && strcmp(rating->indices[k].code, index->code) != 0;
        if (!fits)
            return fault_set(f, ERR_FIELD_VALUE, 0, where, "a code, once");
        snprintf(where, sizeof where, "indices[%zu].value", i);
        if (index->value > CREDIT_INDEX_MAX)
            return fault_set(f, ERR_FIELD_VALUE, 0, where, "0 to %d", CREDIT_INDEX_MAX);
    }
    return OK;
}

static enum err check_recall(const lianshu_Recall *recall, struct fault *f)
{
    char where[32];
    for (size_t i = 0; i < recall->batches_count; i++) {
        snprintf(where, sizeof where, "batches[%zu]", i);
        if (recall->batches[i][0] == '\0')
            return fault_set(f, ERR_FIELD_MISSING, 0, where, "required");
        for (size_t k = 0; k < i; k++) {
            if (strcmp(recall->batches[k], recall->batches[i]) == 0)
                return fault_set(f, ERR_FIELD_VALUE, 0, where, "each batch once");
        }
    }
    return OK;
}

static enum err check_preview(const lianshu_Preview *preview, struct fault *f)
{
    const struct document_type *type = type_find(preview->type);
    if (type == NULL)
        return fault_set(f, ERR_TYPE_UNKNOWN, 0, "type", "a type of the catalogue");
    if (type->facts == NULL || type->facts == &lianshu_Preview_msg ||
        (type->flags & TYPE_BY_HUB) != 0)
        return fault_set(f, ERR_FIELD_VALUE, 0, "type",
                         "a type with facts that a department sends");
    return OK;
}

/* Ids that may be there or not, but never in part. */
static enum err check_length(pb_size_t size, pb_size_t whole, const char *where, struct fault *f)
{
    return size == 0 || size == whole ? OK
                                      : fault_set(f, ERR_FIELD_VALUE, 0, where, "%u bytes", whole);
}

static enum err check_answer(const lianshu_SanctionAnswer *answer, struct fault *f)
{
    if (answer->answer == lianshu_AnswerKind_ANSWER_DECLINED && answer->legal_reason[0] == '\0')
        return fault_set(f, ERR_DECLINE_REASON, 0, "legal_reason", "required when declined");
    return OK;
}

/* Two kinds of findings for two types. */
static enum err check_finding(const struct document_type *type, const lianshu_Finding *finding,
                              struct fault *f)
{
    const bool sampled = finding->kind == lianshu_FindingKind_FINDING_SAMPLING ||
                         finding->kind == lianshu_FindingKind_FINDING_MONITORING;
    if (sampled != (type->number == lianshu_DocumentType_TYPE_SAMPLING_RESULT))
        return fault_set(f, ERR_FIELD_VALUE, 0, "kind", "of this type");
    return OK;
}

static enum err check_notice(const lianshu_HubNotice *notice, struct fault *f)
{
    enum err err = check_length(notice->env_id.size, FRAME_HASH_LEN, "env_id", f);
    if (err == OK)
        err = check_length(notice->order_id.size, FRAME_ID_LEN, "order_id", f);
    if (err == OK && notice->member[0] != '\0' && !member_valid(notice->member))
        err = fault_set(f, ERR_FIELD_VALUE, 0, "member", "a member id");
    return err != OK ? err : check_length(notice->case_id.size, FRAME_ID_LEN, "case_id", f);
}

static enum err check_special(const struct document_type *type, const pb_msgdesc_t *desc,
                              const void *msg, const struct regions *regions, struct fault *f)
{
    if (desc == &lianshu_SanctionAnswer_msg)
        return check_answer(msg, f);
    if (desc == &lianshu_CaseClock_msg)
        return check_clock(msg, f);
    if (desc == &lianshu_BatchFacts_msg)
        return check_batch(msg, f);
    if (desc == &lianshu_CreditRating_msg)
        return check_rating(msg, f);
    if (desc == &lianshu_Finding_msg)
        return check_finding(type, msg, f);
    if (desc == &lianshu_Recall_msg)
        return check_recall(msg, f);
    if (desc == &lianshu_Preview_msg)
        return check_preview(msg, f);
    if (desc == &lianshu_Redress_msg)
        return check_length(((const lianshu_Redress *)msg)->request_doc.size, FRAME_ID_LEN,
                            "request_doc", f);
    if (desc == &lianshu_ReporterFacts_msg)
        return check_length(((const lianshu_ReporterFacts *)msg)->request_id.size, FRAME_ID_LEN,
                            "request_id", f);
    if (desc == &lianshu_HubNotice_msg)
        return check_notice(msg, f);
    if (desc == &lianshu_ObligationWarning_msg &&
        !member_valid(((const lianshu_ObligationWarning *)msg)->member))
        return fault_set(f, ERR_FIELD_VALUE, 0, "member", "a member id");
    if (desc == &lianshu_Emergency_msg)
        return check_region(((const lianshu_Emergency *)msg)->region, "region", regions, f);
    if (desc == &lianshu_Shortage_msg)
        return check_region(((const lianshu_Shortage *)msg)->region, "region", regions, f);
    if (desc == &lianshu_PriceRecord_msg)
        return check_region(((const lianshu_PriceRecord *)msg)->region, "region", regions, f);
    return OK;
}

enum err body_validate(const struct document_type *type, const pb_msgdesc_t *desc, const void *msg,
                       const struct regions *regions, struct fault *f)
{
    if (desc != type->facts && desc != type->sealed)
        return fault_set(f, ERR_INTERNAL, 0, type->name, "body of another type");
    const struct body_rule *rule = body_rule_of(type, desc);
    enum err err = check_required(rule, msg, f);
    if (err == OK)
        err = check_forbidden(rule, msg, f);
    if (err == OK)
        err = check_who(rule, msg, regions, f);
    if (err == OK)
        err = check_dates(rule, msg, f);
    if (err == OK)
        err = check_codes(rule, msg, f);
    if (err == OK)
        err = check_level(rule, msg, f);
    return err == OK ? check_special(type, desc, msg, regions, f) : err;
}

enum err facts_validate(const struct document_type *type, const void *msg,
                        const struct regions *regions, struct fault *f)
{
    if (type->facts == NULL)
        return fault_set(f, ERR_FACTS_MISSING, 0, type->name, "this type has no facts");
    return body_validate(type, type->facts, msg, regions, f);
}
