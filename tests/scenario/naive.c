#include "scenario/naive.h"

#include <stdlib.h>
#include <string.h>

/* ---- a calendar and check digits of its own ---- */

static int days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

uint32_t naive_plus(uint32_t date, int years, int months, int days)
{
    int year = (int)(date / 10000) + years;
    int month = (int)(date / 100 % 100) + months;
    int day = (int)(date % 100);
    year += (month - 1) / 12;
    month = (month - 1) % 12 + 1;
    if (day > days_in(year, month))
        day = days_in(year, month);
    for (int i = 0; i < days; i++) {
        if (++day <= days_in(year, month))
            continue;
        day = 1;
        month = month % 12 + 1;
        year += month == 1;
    }
    return (uint32_t)(year * 10000 + month * 100 + day);
}

uint32_t naive_day(uint64_t now_ms)
{
    uint64_t days = (now_ms + UINT64_C(8) * 3600 * 1000) / (UINT64_C(24) * 3600 * 1000);
    uint32_t year = 1970;
    while (days >= (days_in((int)year, 2) == 29 ? 366U : 365U))
        days -= days_in((int)year++, 2) == 29 ? 366U : 365U;
    return naive_plus(year * 10000 + 101, 0, 0, (int)days);
}

/* GB 32100: thirty-one letters and digits, weights 3^i. */
void naive_subject_id(size_t i, char out[NAIVE_ID_LEN + 1])
{
    static const char letters[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    strcpy(out, "91445100DEMA70000");
    out[15] = letters[1 + i];
    unsigned sum = 0;
    unsigned weight = 1;
    for (size_t k = 0; k < 17; k++, weight = weight * 3 % 31)
        sum += (unsigned)(strchr(letters, out[k]) - letters) * weight;
    out[17] = letters[(31 - sum % 31) % 31];
    out[18] = '\0';
}

/* GB 11643: ISO 7064 MOD 11-2. */
void naive_person_id(size_t i, char out[NAIVE_ID_LEN + 1])
{
    strcpy(out, "99999919900101300");
    out[16] = (char)('1' + i);
    unsigned rest = 0;
    for (size_t k = 0; k < 17; k++)
        rest = (rest + (unsigned)(out[k] - '0')) * 2 % 11;
    unsigned check = (12 - rest) % 11;
    out[17] = check == 10 ? 'X' : (char)('0' + check);
    out[18] = '\0';
}

/* ---- the law ---- */

enum on { ON_ENTERPRISE, ON_HEAD, ON_MANAGER };
enum { LIFE = -1, AS_LISTED = 0 };

static const struct line {
    enum naive_kind kind;
    char measure[4];
    enum on on;
    int years; /* LIFE, AS_LISTED, or so many from the start */
} law[] = {
    {NAIVE_FAKE_DRUGS, "M01", ON_ENTERPRISE, 10},
    {NAIVE_FAKE_DRUGS, "M02", ON_HEAD, LIFE},
    {NAIVE_FAKE_DRUGS, "M02", ON_MANAGER, LIFE},
    {NAIVE_FAKE_DRUGS, "M03", ON_HEAD, 3},
    {NAIVE_FAKE_DRUGS, "M07", ON_ENTERPRISE, AS_LISTED},
    {NAIVE_FAKE_DRUGS, "M08", ON_ENTERPRISE, AS_LISTED},
    {NAIVE_FAKE_DRUGS, "M20", ON_ENTERPRISE, AS_LISTED},
    {NAIVE_FAKE_DRUGS, "M21", ON_ENTERPRISE, AS_LISTED},
    {NAIVE_FAKE_DRUGS, "M22", ON_ENTERPRISE, AS_LISTED},
    {NAIVE_FAKE_DRUGS, "M23", ON_ENTERPRISE, AS_LISTED},
    {NAIVE_FAKE_DRUGS, "M24", ON_ENTERPRISE, AS_LISTED},
    {NAIVE_FAKE_DRUGS, "M25", ON_ENTERPRISE, AS_LISTED},
    {NAIVE_FAKE_DRUGS, "M27", ON_ENTERPRISE, AS_LISTED},
    {NAIVE_LICENCE_REVOKED, "M03", ON_HEAD, 3},
    {NAIVE_LICENCE_REVOKED, "M27", ON_ENTERPRISE, AS_LISTED},
    {NAIVE_HEAVY_PENALTY, "M21", ON_ENTERPRISE, AS_LISTED},
    {NAIVE_HEAVY_PENALTY, "M22", ON_ENTERPRISE, AS_LISTED},
    {NAIVE_HEAVY_PENALTY, "M23", ON_ENTERPRISE, AS_LISTED},
    {NAIVE_HEAVY_PENALTY, "M24", ON_ENTERPRISE, AS_LISTED},
    {NAIVE_HEAVY_PENALTY, "M25", ON_ENTERPRISE, AS_LISTED},
    {NAIVE_HEAVY_PENALTY, "M27", ON_ENTERPRISE, AS_LISTED},
    {NAIVE_LARGER_FINE, "M27", ON_ENTERPRISE, AS_LISTED},
};

enum { LAW_LINES = sizeof law / sizeof law[0] };

size_t naive_owed(const struct naive *n, enum naive_kind kind)
{
    /* M01 1, M02 2, M03 1, M07 1, M08 2, M21 6, M22 6, M23 2, M24 2, M27 1 | M03 1, M27 1 |
     * M21 1, M22 6, M23 2, M24 2, M27 1 | M27 1; M20 nobody has. A procurement body owes
     * M08, M25, M21, M22 | nothing | M22, M25 (honours are the listing departments') | nothing. */
    static const size_t owed[NAIVE_KINDS] = {24, 2, 12, 1};
    static const size_t by_tender[NAIVE_KINDS] = {4, 0, 2, 0};
    return owed[kind] + (n->tender ? by_tender[kind] : 0);
}

static uint32_t line_until(const struct line *line, const struct naive_order *o)
{
    if (line->years == LIFE)
        return 0;
    return line->years == AS_LISTED ? o->until : naive_plus(o->start, line->years, 0, 0);
}

/* The clock ends an order after the last day of its longest measure. */
static bool ran_out(const struct naive_order *o, uint32_t today)
{
    for (size_t i = 0; i < LAW_LINES; i++) {
        uint32_t until = line_until(&law[i], o);
        if (law[i].kind == o->kind && (until == 0 || today <= until))
            return false;
    }
    return true;
}

bool naive_over(const struct naive_order *o, uint32_t today)
{
    return o->state == NAIVE_LIFTED || o->state == NAIVE_ANNULLED || ran_out(o, today);
}

/* Fake drugs and heavy penalties are entries of one list. */
static unsigned list_of(enum naive_kind kind)
{
    return kind == NAIVE_HEAVY_PENALTY ? (unsigned)NAIVE_FAKE_DRUGS : (unsigned)kind;
}

struct naive_order *naive_find(struct naive *n, uint32_t number)
{
    for (size_t i = 0; i < n->count; i++) {
        if (n->order[i].number == number)
            return &n->order[i];
    }
    return NULL;
}

static bool one_act(const struct naive_order *a, const struct naive_order *b)
{
    return a->subject == b->subject && a->act == b->act && list_of(a->kind) == list_of(b->kind);
}

/* Another entry for the same act, alive. */
static bool punished(const struct naive *n, const struct naive_order *order, uint32_t today)
{
    for (size_t i = 0; i < n->count; i++) {
        const struct naive_order *o = &n->order[i];
        if (o->number != order->number && one_act(o, order) && !naive_over(o, today))
            return true;
    }
    return false;
}

/* A court has annulled an entry for the same act (行政诉讼法 71). */
static bool struck(const struct naive *n, const struct naive_order *order)
{
    for (size_t i = 0; i < n->count; i++) {
        const struct naive_order *o = &n->order[i];
        if (o->state == NAIVE_ANNULLED && o->by_court && one_act(o, order))
            return true;
    }
    return false;
}

bool naive_impose(struct naive *n, const struct naive_order *order, uint32_t today)
{
    if (n->count == NAIVE_ORDERS_MAX || order->decided > today ||
        naive_find(n, order->number) != NULL)
        return false;
    if (punished(n, order, today) || struck(n, order))
        return false;
    n->order[n->count] = *order;
    n->order[n->count].state = NAIVE_STANDS;
    n->order[n->count].changed = order->decided;
    n->order[n->count++].version = 1;
    return true;
}

/* What stands may be corrected by who imposed it: the same list and firm, one version on. */
bool naive_correct(struct naive *n, const struct naive_order *text, uint32_t today)
{
    struct naive_order *o = naive_find(n, text->number);
    if (o == NULL || text->version != o->version + 1 || text->decided > today ||
        o->state != NAIVE_STANDS || naive_over(o, today) || o->subject != text->subject ||
        list_of(o->kind) != list_of(text->kind) || punished(n, text, today))
        return false;
    const uint32_t changed = o->changed > text->decided ? o->changed : text->decided;
    *o = *text;
    o->state = NAIVE_STANDS;
    o->changed = changed;
    return true;
}

bool naive_change(struct naive *n, bool court, uint32_t number, enum naive_change change,
                  uint32_t version, uint32_t decided, uint32_t today)
{
    struct naive_order *o = naive_find(n, number);
    if (o == NULL || version != o->version + 1 || decided > today || decided < o->decided)
        return false;
    bool alive = !naive_over(o, today);
    bool allowed = false;
    enum naive_state to = o->state;
    switch (change) {
    case NAIVE_LIFT: /* repaired: not before its day */
        allowed = alive && today >= o->start && o->repair != 0 && decided >= o->repair;
        to = NAIVE_LIFTED;
        break;
    case NAIVE_ANNUL: /* as if it had never been: also what is over already, but only once */
        allowed = o->state != NAIVE_ANNULLED;
        to = NAIVE_ANNULLED;
        break;
    case NAIVE_SUSPEND:
        allowed = alive && o->state == NAIVE_STANDS;
        to = NAIVE_STAYED;
        break;
    case NAIVE_RESUME:
        allowed = alive && o->state == NAIVE_STAYED && (court || !o->by_court);
        to = NAIVE_STANDS;
        break;
    case NAIVE_RESTORE: /* repair by deceit */
        allowed = o->state == NAIVE_LIFTED && !ran_out(o, today) && !court && !o->by_court;
        to = NAIVE_STANDS;
        break;
    default:
        break;
    }
    /* What never was has no history, and a court need not know it; all else comes after what it
     * follows. */
    const bool unaware = change == NAIVE_ANNUL || (change == NAIVE_LIFT && court);
    if (!allowed || (!unaware && decided < o->changed))
        return false;
    o->state = to;
    o->by_court = court;
    o->changed = decided > o->changed ? decided : o->changed;
    o->version = version;
    return true;
}

static int by_measure(const void *a, const void *b)
{
    const struct naive_found *x = a;
    const struct naive_found *y = b;
    int order = strcmp(x->measure, y->measure);
    if (order != 0)
        return order;
    return x->order < y->order ? -1 : x->order > y->order;
}

static bool hits(const struct line *line, const struct naive_order *o, bool person, size_t i)
{
    if (line->kind != o->kind || (line->on != ON_ENTERPRISE) != person)
        return false;
    return i == (line->on == ON_ENTERPRISE ? o->subject
                 : line->on == ON_HEAD     ? o->head
                                           : o->manager);
}

static size_t against(const struct naive *n, bool person, size_t i, uint32_t today,
                      struct naive_found out[NAIVE_FOUND_MAX])
{
    size_t count = 0;
    for (size_t k = 0; k < n->count; k++) {
        const struct naive_order *o = &n->order[k];
        if (o->state != NAIVE_STANDS || today < o->start)
            continue;
        for (size_t l = 0; l < LAW_LINES && count < NAIVE_FOUND_MAX; l++) {
            uint32_t until = line_until(&law[l], o);
            if (!hits(&law[l], o, person, i) || (until != 0 && today > until))
                continue;
            out[count].order = o->number;
            out[count].until = until;
            memcpy(out[count++].measure, law[l].measure, sizeof law[l].measure);
        }
    }
    qsort(out, count, sizeof out[0], by_measure);
    return count;
}

size_t naive_against_subject(const struct naive *n, size_t i, uint32_t today,
                             struct naive_found out[NAIVE_FOUND_MAX])
{
    return against(n, false, i, today, out);
}

size_t naive_against_person(const struct naive *n, size_t i, uint32_t today,
                            struct naive_found out[NAIVE_FOUND_MAX])
{
    return against(n, true, i, today, out);
}
