/* An order by itself, before the rules are asked: identifiers, dates, and what it must tell whoever
 * is listed. */
#include "policy/judging.h"
#include "policy/record.h"

#include "base/clock.h"
#include "ident.h"
#include "message.h"

#include <string.h>

const char *const decide_offences[] = {"subject_id",
                                       "person_id",
                                       "person_role",
                                       "subject_region",
                                       "issuer",
                                       "dates",
                                       "decision_in_future",
                                       "back_dated",
                                       "act_after_decision",
                                       "notice_after_decision",
                                       "served_before_decision",
                                       "served_in_future",
                                       "ends_before_start",
                                       "remedy_before_decision",
                                       "remedy_before_served",
                                       "decision_number",
                                       "list_trigger",
                                       "severity",
                                       "list_unknown",
                                       "remedy",
                                       "remedy_deadline",
                                       "served",
                                       "act_date",
                                       "contact",
                                       "facts",
                                       "withheld",
                                       "version",
                                       "not_issuer",
                                       "other_list",
                                       "other_subject",
                                       "state",
                                       "basis_missing",
                                       "basis_unknown",
                                       "trigger_unknown",
                                       "list_department",
                                       "list_level",
                                       "subject_elsewhere",
                                       "prior_notice",
                                       "consent",
                                       "conflict",
                                       "annulled_by_court",
                                       "annulled_by_superior",
                                       "reason",
                                       "not_by_this_rank",
                                       "stayed_by_higher",
                                       "lifted_by_higher",
                                       "order_unknown",
                                       "before_order",
                                       "before_change",
                                       "repair_after_deceit",
                                       "term_over",
                                       NULL};

enum err judging_refuse(struct judging *j, enum err err, const char *why, const char *basis)
{
    if (basis[0] == '\0')
        basis = ruleset_offence(j->rs, why, j->order->list, j->order->decision_date);
    text_copy(j->out->why, sizeof j->out->why, why);
    text_copy(j->out->basis, sizeof j->out->basis, basis);
    return err;
}

static enum err check_identifiers(struct judging *j)
{
    const lianshu_SanctionOrder *o = j->order;
    enum err err = subject_id_check(o->subject.kind, o->subject.id);
    if (err != OK)
        return judging_refuse(j, err, "subject_id", "");
    for (pb_size_t i = 0; i < o->persons_count; i++) {
        err = citizen_check(o->persons[i].id);
        if (err != OK)
            return judging_refuse(j, err, "person_id", "");
        if (o->persons[i].role == lianshu_Role_ROLE_NONE)
            return judging_refuse(j, ERR_FIELD_MISSING, "person_role", "");
    }
    if (!region_valid(o->subject.region) ||
        (j->in->regions != NULL && regions_find(j->in->regions, o->subject.region) == NULL))
        return judging_refuse(j, ERR_REGION, "subject_region", "");
    if (member_parse(j->in->issuer, &j->issuer) != OK)
        return judging_refuse(j, ERR_LIST_RIGHT, "issuer", "");
    return OK;
}

/* Dates that every order has, and their order in time. */
static enum err check_dates(struct judging *j)
{
    const lianshu_SanctionOrder *o = j->order;
    const uint32_t dates[] = {
        o->decision_date,     o->start_date,  o->earliest_repair_date, o->max_date,
        o->prior_notice_date, o->served_date, o->remedy_deadline_date, o->act_date};
    if (o->decision_date == 0 || o->start_date == 0)
        return judging_refuse(j, ERR_FIELD_MISSING, "dates", "");
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++)
        if (dates[i] != 0 && !date_valid(dates[i]))
            return judging_refuse(j, ERR_FIELD_VALUE, "dates", "");
    if (o->decision_date > j->today)
        return judging_refuse(j, ERR_TERM, "decision_in_future", "");
    if (o->start_date < o->decision_date)
        return judging_refuse(j, ERR_TERM, "back_dated", "");
    if (o->act_date > o->decision_date)
        return judging_refuse(j, ERR_TERM, "act_after_decision", "");
    if (o->prior_notice_date > o->decision_date)
        return judging_refuse(j, ERR_TERM, "notice_after_decision", "");
    if (o->served_date != 0 && o->served_date < o->decision_date)
        return judging_refuse(j, ERR_TERM, "served_before_decision", "");
    if (o->served_date > j->today)
        return judging_refuse(j, ERR_TERM, "served_in_future", "");
    if (o->max_date != 0 && o->max_date < o->start_date)
        return judging_refuse(j, ERR_TERM, "ends_before_start", "");
    if (o->remedy_deadline_date != 0 && o->remedy_deadline_date < o->decision_date)
        return judging_refuse(j, ERR_TERM, "remedy_before_decision", "");
    /* The time to seek redress runs from service: it cannot be over by then. */
    if (o->remedy_deadline_date != 0 && o->remedy_deadline_date < o->served_date)
        return judging_refuse(j, ERR_TERM, "remedy_before_served", "");
    return OK;
}

/* A field is withheld by a name that the document has, and not published beside that. */
static enum err check_withheld(struct judging *j)
{
    const lianshu_SanctionOrder *o = j->order;
    const struct message *form = message_of(&lianshu_SanctionOrder_msg);
    for (pb_size_t i = 0; i < o->withheld_count; i++) {
        const char *name = o->withheld[i];
        if (message_field(form, name) == NULL || (o->public_subject && !strcmp(name, "subject")) ||
            (o->public_persons && !strcmp(name, "persons")))
            return judging_refuse(j, ERR_FIELD_VALUE, "withheld", "");
    }
    return OK;
}

/* What whoever is listed must be told so that he can seek redress (B.9). */
static enum err check_redress(struct judging *j)
{
    const lianshu_SanctionOrder *o = j->order;
    const struct {
        unsigned need;
        bool there;
        const char *why;
    } rows[] = {
        {NEEDS_REMEDY, o->remedy[0] != '\0', "remedy"},
        {NEEDS_REMEDY_DEADLINE, o->remedy_deadline_date != 0, "remedy_deadline"},
        {NEEDS_SERVED, o->served_date != 0, "served"},
        {NEEDS_ACT_DATE, o->act_date != 0, "act_date"},
        {NEEDS_CONTACT, o->contact[0] != '\0', "contact"},
        {NEEDS_FACTS, o->facts_summary[0] != '\0', "facts"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if ((j->list->needs & rows[i].need) != 0 && !rows[i].there)
            return judging_refuse(j, ERR_FIELD_MISSING, rows[i].why, "");
    return check_withheld(j);
}

static enum err check_fields(struct judging *j)
{
    const lianshu_SanctionOrder *o = j->order;
    if (o->decision_number[0] == '\0' || o->decision_body[0] == '\0')
        return judging_refuse(j, ERR_FIELD_MISSING, "decision_number", "");
    if (o->list[0] == '\0' || o->trigger[0] == '\0')
        return judging_refuse(j, ERR_FIELD_MISSING, "list_trigger", "");
    if (o->severity == lianshu_Severity_SEVERITY_NONE)
        return judging_refuse(j, ERR_FIELD_MISSING, "severity", "");
    j->list = ruleset_list(j->rs, o->list);
    if (j->list == NULL)
        return judging_refuse(j, ERR_LIST_RIGHT, "list_unknown", "");
    return check_redress(j);
}

enum err judging_paper(struct judging *j)
{
    enum err err = check_identifiers(j);
    if (err == OK)
        err = check_dates(j);
    return err == OK ? check_fields(j) : err;
}
