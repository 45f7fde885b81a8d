#include "cli/evidence_again.h"

#include "base/calendar.h"
#include "catalogue.h"
#include "ident.h"
#include "keys/receipt.h"
#include "policy/hearing.h"
#include "policy/replay.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>

/* What one decision needs; too much for the stack. */
struct room {
    const struct evidence *e;
    const struct rules_shown *rules;
    struct calendar *calendar; /* owns; NULL: not here */
    struct regions *regions;   /* owns; NULL: not here */
    lianshu_DecisionRecord record;
    lianshu_DecisionRecord again;
    struct decision decision;
    struct event_decision events;
    struct verdict verdict;
    struct replay replay;
    uint8_t facts[REPORT_BODY_MAX] __attribute__((aligned(16)));
    uint8_t bytes[64 << 10]; /* of a record */
};

static const struct {
    const char *word;
    const char *differs_zh, *differs_en;
    const char *not_zh, *not_en;
} WHERE[AGAIN_WHERES] = {
    [AGAIN_RECORD] = {"record", "", "", "记录已按期清除", "its record was erased"},
    [AGAIN_PAPER] = {"document", "文书与记录所称种类不符", "the document is of another kind",
                     "所裁决的文书未披露", "the document that was judged is not disclosed"},
    [AGAIN_READS] = {"reads", "重演时所需查询与当时所读不符",
                     "it asks for other rows than were read", "当时所读各行未披露",
                     "the rows that were read are not disclosed"},
    [AGAIN_RULES] = {"rules", "所适用的规则或理由不同", "other rules match, or for other reasons",
                     "所依据的规则集不在本包", "the rule set is not in this bundle"},
    [AGAIN_TABLES] = {"tables", "", "", "区划表或工作日历不在本包",
                      "the table of regions or the calendar is not in this bundle"},
    [AGAIN_CODE] = {"code", "受理与否或退回代码不同", "taken or refused otherwise", "", ""},
    [AGAIN_OUTCOME] = {"outcome", "措施、对象、期限或依据不同",
                       "other measures, subjects, dates or articles", "", ""},
};

const char *again_word(enum again_where where)
{
    return WHERE[where].word;
}

const char *again_zh(const struct again_row *row)
{
    return row->is == AGAIN_NOT ? WHERE[row->where].not_zh : WHERE[row->where].differs_zh;
}

const char *again_en(const struct again_row *row)
{
    return row->is == AGAIN_NOT ? WHERE[row->where].not_en : WHERE[row->where].differs_en;
}

/* ---- one decision ---- */

static const struct evidence_document *find_document(const struct evidence *e,
                                                     const uint8_t hash[static HASH_LEN])
{
    for (size_t i = 0; i < e->document_count; i++) {
        if (memcmp(e->documents[i].hash, hash, HASH_LEN) == 0)
            return &e->documents[i];
    }
    return NULL;
}

static bool open_matter(struct room *r, const struct evidence_document *d, struct matter *out)
{
    const struct document_type *type = type_find(d->document.type);
    const struct span body = span_of(d->document.body.bytes, d->document.body.size);
    if (type == NULL || type->facts == NULL || type->number != r->record.type ||
        wire_decode(type->facts, body, r->facts) != OK)
        return false;
    *out = (struct matter){.type = type,
                           .document = &d->document,
                           .sha256 = d->hash,
                           .facts = r->facts,
                           .subject = facts_subject(type->facts, r->facts)};
    out->persons = facts_persons(type->facts, r->facts, &out->person_count);
    if (out->subject != NULL && out->subject->kind == lianshu_SubjectKind_SUBJECT_NONE)
        out->subject = NULL;
    return true;
}

static bool same_outcome(const lianshu_DecisionRecord *a, const lianshu_DecisionRecord *b)
{
    bool same = a->outcome_count == b->outcome_count;
    for (pb_size_t i = 0; same && i < a->outcome_count; i++) {
        const lianshu_Outcome *x = &a->outcome[i];
        const lianshu_Outcome *y = &b->outcome[i];
        same = strcmp(x->measure, y->measure) == 0 && x->force == y->force &&
               strcmp(x->rule, y->rule) == 0 && strcmp(x->basis, y->basis) == 0 &&
               x->subject_index == y->subject_index && x->start_date == y->start_date &&
               x->end_date == y->end_date && strcmp(x->action, y->action) == 0;
    }
    return same;
}

/* What an official would look at first comes first. */
static void compare(struct room *r, const struct evidence_leaf *leaf, enum err err,
                    struct again_row *row)
{
    struct writer w = writer_of(r->bytes, sizeof r->bytes);
    row->is = AGAIN_DIFFERS;
    if (err != OK || r->replay.strayed)
        row->where = AGAIN_READS;
    else if (r->again.code != r->record.code)
        row->where = AGAIN_CODE;
    else if (!same_outcome(&r->again, &r->record))
        row->where = AGAIN_OUTCOME;
    else if (!replay_done(&r->replay))
        row->where = AGAIN_READS;
    else if (wire_encode(&lianshu_DecisionRecord_msg, &r->again, &w) != OK ||
             !span_eq(writer_span(&w), leaf->text))
        row->where = AGAIN_RULES;
    else
        row->is = AGAIN_SAME;
}

static void decide_again(struct room *r, const struct evidence_leaf *leaf, struct again_row *row)
{
    struct matter matter;
    *row = (struct again_row){leaf, AGAIN_NOT, AGAIN_RECORD};
    if (leaf->text.len == 0 ||
        wire_decode(&lianshu_DecisionRecord_msg, leaf->text, &r->record) != OK)
        return;
    const struct evidence_document *d = find_document(r->e, r->record.document_sha256);
    const struct ruleset *rules = rules_shown_find(r->rules, r->record.rule_set_sha256);
    const bool tables = r->calendar != NULL && r->regions != NULL;
    if (d == NULL || leaf->reads.data == NULL || rules == NULL || !tables) {
        row->where = d == NULL                  ? AGAIN_PAPER
                     : leaf->reads.data == NULL ? AGAIN_READS
                     : rules == NULL            ? AGAIN_RULES
                                                : AGAIN_TABLES;
        return;
    }
    if (!open_matter(r, d, &matter)) {
        *row = (struct again_row){leaf, AGAIN_DIFFERS, AGAIN_PAPER};
        return;
    }
    replay_init(&r->replay, leaf->tokens, leaf->reads);
    const struct view view = replay_view(&r->replay);
    const struct hearing hearing = {.rules = rules,
                                    .view = &view,
                                    .calendar = r->calendar,
                                    .regions = r->regions,
                                    .now_ms = r->record.now_ms,
                                    .log_size = r->record.log_size};
    const struct hearing_room room = {&r->decision, &r->events, &r->verdict};
    const enum err err = hearing_again(&hearing, &matter, &r->record, &room, &r->again);
    compare(r, leaf, err, row);
}

/* ---- all of them ---- */

static enum err open_tables(struct room *r, const struct bundle *b)
{
    const struct bundle_file *calendar = bundle_find(b, "tables/calendar.csv");
    const struct bundle_file *regions = bundle_find(b, "tables/regions.csv");
    enum err err = OK;
    if (calendar != NULL)
        err = calendar_parse(&r->calendar, calendar->bytes, calendar->name, NULL);
    if (err != ERR_NO_MEMORY && regions != NULL)
        err = regions_parse(&r->regions, regions->bytes, regions->name, NULL);
    return err == ERR_NO_MEMORY ? err : OK; /* what is no table is not here */
}

enum err evidence_again(const struct evidence *e, const struct bundle *b,
                        const struct rules_shown *rules, struct evidence_again *out)
{
    struct room *r = calloc(1, sizeof *r);
    *out = (struct evidence_again){.row = calloc(e->leaf_count + 1, sizeof *out->row)};
    enum err err = r == NULL || out->row == NULL ? ERR_NO_MEMORY : OK;
    if (err == OK) {
        r->e = e;
        r->rules = rules;
        err = open_tables(r, b);
    }
    for (size_t i = 0; err == OK && i < e->leaf_count; i++) {
        if (e->leaves[i].kind != LOG_DECISION)
            continue;
        struct again_row *row = &out->row[out->count++];
        decide_again(r, &e->leaves[i], row);
        out->same += row->is == AGAIN_SAME;
        out->differing += row->is == AGAIN_DIFFERS;
    }
    if (r != NULL) {
        calendar_close(&r->calendar);
        regions_close(&r->regions);
    }
    free(r);
    return err;
}

void evidence_again_close(struct evidence_again *again)
{
    free(again->row);
    again->row = NULL;
    again->count = 0;
}

const struct again_row *evidence_again_of(const struct evidence_again *again,
                                          const struct evidence_leaf *leaf)
{
    for (size_t i = 0; i < again->count; i++) {
        if (again->row[i].leaf == leaf)
            return &again->row[i];
    }
    return NULL;
}
