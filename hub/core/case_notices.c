/* What a result means for listing: who may list hears of it. Domain C.4. */
#include "core/state.h"

#include "base/text.h"

#include <string.h>

enum { LISTERS_MAX = 4 /* members of one department that are told of a result */ };

/* Those who may impose an order under the rule, nearest to where the case began. */
static enum err tell_listing(struct core *core, const struct rule *rule, const char *region,
                             const lianshu_HubNotice *body)
{
    enum err err = OK;
    for (unsigned bit = 0; rule->list != NULL && bit < 32; bit++) {
        const char *member[LISTERS_MAX];
        size_t count = (rule->list->issuers >> bit & 1) != 0
                           ? copies_nearest(core, UINT32_C(1) << bit, region, member, LISTERS_MAX)
                           : 0;
        for (size_t i = 0; err == OK && i < count; i++)
            err = tell_notice(core, member[i], body);
    }
    return err;
}

/* T30: the final result of a case names a trigger of the rules: who may list hears the same day
 * under which rule, and evaluates. Whom it concerns stands in the sealed part. */
enum err cases_evaluate(struct core *core, const struct incoming *in, const struct casefile *row)
{
    const lianshu_CaseClock said = cases_read(core, in);
    const char *trigger = said.trigger;
    const struct rule_clock *term = ruleset_clock(core->opt.rules, "T30");
    lianshu_HubNotice body = {.kind = lianshu_HubNoticeKind_HUBNOTICE_LISTING};
    size_t count = 0;
    const struct rule *rules = ruleset_rules(core->opt.rules, &count);
    struct member opener;
    if (trigger[0] == '\0' || in->case_step != 0 || member_parse(row->opener, &opener) != OK)
        return OK; /* the hub that judged the step has said it */
    enum err err = OK;
    body.case_id.size = STORE_ID_LEN;
    memcpy(body.case_id.bytes, row->id, STORE_ID_LEN);
    body.env_id.size = HASH_LEN;
    memcpy(body.env_id.bytes, in->env_id, HASH_LEN);
    text_copy(body.reference, sizeof body.reference, trigger);
    if (term != NULL)
        err = term_due(&term->ordinary, cases_moment(core, in), core->opt.calendar, &body.due_ms);
    for (size_t i = 0; err == OK && i < count; i++) {
        if (!event_orders_by(&rules[i], trigger, date_from_ms(said.event_ms)))
            continue;
        text_copy(body.rule, sizeof body.rule, rules[i].id);
        text_copy(body.basis, sizeof body.basis, rules[i].basis_count > 0 ? rules[i].basis[0] : "");
        err = tell_listing(core, &rules[i], opener.region, &body);
    }
    return err;
}
