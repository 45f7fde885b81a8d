/* Who said what to whom and what came of it: one row a message, one row an obligation. The entries
 * themselves stand behind, in evidence_course.c. */
#include "base/clock.h"
#include "base/hex.h"
#include "catalogue.h"
#include "cli/evidence_report.h"
#include "keys/receipt.h"
#include "wire.h"

#include <stdarg.h>
#include <stdlib.h>

enum { ID_SHOWN = 8, TIME_SHOWN = 19, ROOM_MIN = 4096, PIECE_MAX = 512 };

/* What an entry says of an envelope. */
struct word {
    const struct evidence_leaf *leaf;
    uint8_t env_id[HASH_LEN];
    bool handed; /* a statement: to `about` */
    lianshu_ReceiptKind kind;
    uint32_t code;
    char by[MEMBER_MAX + 1];
    char about[MEMBER_MAX + 1];
    char sender[MEMBER_MAX + 1]; /* "": the hub itself */
};

/* A text that grows: nothing that is evidence is cut off. */
struct text {
    char *data; /* owns; NULL: nothing yet */
    size_t len;
    size_t room;
    bool lost; /* there was no memory for all of it */
};

/* One line of both languages. */
struct cell {
    struct text zh;
    struct text en;
};

static void text_fini(struct text *text)
{
    free(text->data);
    *text = (struct text){.data = NULL};
}

static const char *text_of(const struct text *text)
{
    return text->data == NULL ? "" : text->data;
}

static bool make_room(struct text *text, size_t more)
{
    if (text->room - text->len > more)
        return true;
    size_t room = text->room == 0 ? ROOM_MIN : text->room;
    while (room - text->len <= more)
        room *= 2;
    char *data = realloc(text->data, room);
    if (data == NULL)
        return false;
    text->data = data;
    text->room = room;
    return true;
}

__attribute__((format(printf, 2, 3))) static void put(struct text *text, const char *format, ...)
{
    char piece[PIECE_MAX];
    va_list values;
    va_start(values, format);
    const int len = vsnprintf(piece, sizeof piece, format, values);
    va_end(values);
    if (len < 0 || len >= PIECE_MAX || !make_room(text, (size_t)len)) {
        text->lost = true;
        return;
    }
    memcpy(text->data + text->len, piece, (size_t)len + 1);
    text->len += (size_t)len;
}

static void cell_fini(struct cell *c)
{
    text_fini(&c->en);
    text_fini(&c->zh);
}

static enum err cell_row(const struct paper *p, const struct text *head, struct cell *c)
{
    const bool lost = head->lost || c->zh.lost || c->en.lost;
    if (!lost)
        report_row(p, text_of(head), text_of(&c->zh), text_of(&c->en));
    return lost ? ERR_NO_MEMORY : OK;
}

/* Beijing time to the second; the annex has the milliseconds. */
static void show_time(uint64_t ms, char out[static CLOCK_TEXT_LEN + 1])
{
    clock_format(ms, out);
    out[TIME_SHOWN] = '\0';
    char *t = strchr(out, 'T');
    if (t != NULL)
        *t = ' ';
}

/* ---- messages ---- */

static bool read_word(const struct evidence *e, const struct evidence_leaf *leaf, struct word *out)
{
    lianshu_Receipt q;
    lianshu_Statement v;
    *out = (struct word){.leaf = leaf, .handed = leaf->kind == LOG_STATEMENT};
    if (out->handed) {
        if (wire_decode(&lianshu_Statement_msg, leaf->text, &v) != OK || v.env_id.size != HASH_LEN)
            return false;
        memcpy(out->env_id, v.env_id.bytes, HASH_LEN);
        memcpy(out->about, v.recipient, sizeof out->about);
        memcpy(out->by, e->hub, sizeof out->by);
        return true;
    }
    if ((leaf->kind != LOG_RECEIPT && leaf->kind != LOG_MEMBER_RECEIPT &&
         leaf->kind != LOG_OTHER_RECEIPT) ||
        wire_decode(&lianshu_Receipt_msg, leaf->text, &q) != OK)
        return false;
    memcpy(out->env_id, q.env_id, HASH_LEN);
    out->kind = q.kind;
    out->code = q.code;
    memcpy(out->by, q.by, sizeof out->by);
    memcpy(out->about, q.about, sizeof out->about);
    memcpy(out->sender, q.sender, sizeof out->sender);
    return true;
}

static size_t read_words(const struct evidence *e, struct word *words)
{
    size_t count = 0;
    for (size_t i = 0; i < e->leaf_count; i++)
        count += read_word(e, &e->leaves[i], &words[count]);
    return count;
}

static const lianshu_Header *find_header(const struct evidence *e, const uint8_t *env_id)
{
    for (size_t i = 0; i < e->envelope_count; i++) {
        if (memcmp(e->envelopes[i].env_id, env_id, HASH_LEN) == 0)
            return &e->envelopes[i].header;
    }
    return NULL;
}

/* By its frame; else by the decision on it, which stands before the next receipt of the hub. */
static const struct document_type *find_type(const struct evidence *e, const struct word *first,
                                             const lianshu_Header *h)
{
    const struct document_type *type = h == NULL ? NULL : type_find(h->type);
    lianshu_DecisionRecord *r = malloc(sizeof *r);
    const struct evidence_leaf *end = &e->leaves[e->leaf_count];
    if (first->handed || first->leaf->kind != LOG_RECEIPT)
        end = first->leaf;
    for (const struct evidence_leaf *l = first->leaf + 1; type == NULL && r != NULL && l < end;
         l++) {
        if (l->kind == LOG_RECEIPT)
            break;
        if (l->kind == LOG_DECISION && l->text.len > 0 &&
            wire_decode(&lianshu_DecisionRecord_msg, l->text, r) == OK)
            type = type_find(r->type);
    }
    free(r);
    return type;
}

static void put_code(struct cell *c, uint32_t code)
{
    char label[ERR_LABEL_LEN + 1];
    if (code == 0)
        return;
    err_label(err_from_code(code), label);
    put(&c->zh, " %s %s", label, err_zh(err_from_code(code)));
    put(&c->en, " %s %s", label, err_en(err_from_code(code)));
}

static bool is_handed(const struct word *w, const struct word *first)
{
    return w->handed && memcmp(w->env_id, first->env_id, HASH_LEN) == 0;
}

/* The statement is made again with each delivery. */
static bool handed_before(const struct word *words, size_t index, const struct word *first)
{
    for (size_t i = 0; i < index; i++) {
        if (is_handed(&words[i], first) && strcmp(words[i].about, words[index].about) == 0)
            return true;
    }
    return false;
}

/* To whom: as the sender says in its header; else to whom it was handed over. */
static void put_recipients(struct text *to, const struct word *words, size_t count,
                           const struct word *first, const lianshu_Header *h)
{
    size_t n = 0;
    for (pb_size_t i = 0; h != NULL && i < h->destination_count; i++)
        put(to, "%s%s", n++ == 0 ? "" : "、", h->destination[i]);
    for (size_t i = 0; h == NULL && i < count; i++) {
        if (is_handed(&words[i], first) && !handed_before(words, i, first))
            put(to, "%s%s", n++ == 0 ? "" : "、", words[i].about);
    }
    if (n == 0) /* read by the hub alone */
        put(to, "%s", first->by);
}

/* What came of it, in the order of the log; whose own key says so is said. */
static void put_results(struct cell *c, const struct word *words, size_t count,
                        const struct word *first)
{
    char time[CLOCK_TEXT_LEN + 1];
    for (size_t i = 0; i < count; i++) {
        const struct word *w = &words[i];
        if (memcmp(w->env_id, first->env_id, HASH_LEN) != 0)
            continue;
        show_time(w->leaf->time_ms, time);
        if (w->handed) {
            put(&c->zh, "；%s 枢纽交付 %s", time, w->about);
            put(&c->en, "; %s handed over to %s", time, w->about);
            continue;
        }
        const bool own = w->leaf->kind == LOG_MEMBER_RECEIPT;
        put(&c->zh, "；%s %s%s：%s", time, w->by, own ? "（本方签名）" : "",
            receipt_kind_zh(w->kind));
        put(&c->en, "; %s %s%s: %s", time, w->by, own ? " (its own signature)" : "",
            receipt_kind_name(w->kind));
        put_code(c, w->code);
    }
}

static enum err put_message(const struct paper *p, const struct word *words, size_t count,
                            const struct word *first)
{
    struct text head = {.data = NULL};
    struct cell cell = {.zh = {.data = NULL}};
    struct cell *c = &cell;
    char id[2 * ID_SHOWN + 1];
    char time[CLOCK_TEXT_LEN + 1];
    const struct evidence *e = p->reading->e;
    const lianshu_Header *h = find_header(e, first->env_id);
    const struct document_type *type = find_type(e, first, h);
    hex_encode(span_of(first->env_id, ID_SHOWN), id);
    show_time(first->leaf->time_ms, time);
    put(&head, "%s  %s → ", time, first->sender[0] != '\0' ? first->sender : first->by);
    put_recipients(&head, words, count, first, h);
    const bool hubs = first->handed; /* what a member sent begins with a receipt */
    put(&c->zh, "%s（信封 %s）",
        type != NULL ? type->zh
        : hubs       ? "枢纽自身的文书，内容不在本包"
                     : "内容不在本包",
        id);
    put(&c->en, "%s (envelope %s)",
        type != NULL ? type->en
        : hubs       ? "a document of the hub itself, not in here"
                     : "not in here",
        id);
    put_results(c, words, count, first);
    const enum err err = cell_row(p, &head, c);
    cell_fini(c);
    text_fini(&head);
    return err;
}

static bool said_before(const struct word *words, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (memcmp(words[i].env_id, words[index].env_id, HASH_LEN) == 0)
            return true;
    }
    return false;
}

static enum err put_messages(const struct paper *p)
{
    const struct evidence *e = p->reading->e;
    struct word *words = calloc(e->leaf_count + 1, sizeof *words);
    const size_t count = words == NULL ? 0 : read_words(e, words);
    enum err err = words == NULL ? ERR_NO_MEMORY : OK;
    report_section(p, "往来：何人于何时向何人说了什么，签收与结果（北京时间）",
                   "Who said what to whom and when, and what was received (Beijing time)");
    fputs("<table>\n", p->html);
    for (size_t i = 0; err == OK && i < count; i++) {
        if (!said_before(words, i))
            err = put_message(p, words, count, &words[i]);
    }
    fputs("</table>\n", p->html);
    free(words);
    return err;
}

/* ---- obligations ---- */

static bool read_duty(const struct evidence_leaf *leaf, lianshu_StateChange *out)
{
    return leaf->kind == LOG_OBLIGATION_STATE &&
           wire_decode(&lianshu_StateChange_msg, leaf->text, out) == OK;
}

static bool began_before(const struct evidence *e, size_t index, const lianshu_StateChange *duty)
{
    lianshu_StateChange other;
    for (size_t i = 0; i < index; i++) {
        if (read_duty(&e->leaves[i], &other) && memcmp(other.id, duty->id, sizeof other.id) == 0)
            return true;
    }
    return false;
}

static const struct rule_measure *find_measure(const struct rules_shown *rules, const char *code)
{
    const struct rule_measure *found = NULL;
    for (size_t i = 0; found == NULL && i < rules->count; i++)
        found = ruleset_measure(rules->set[i], code);
    return found;
}

static enum err put_duty(const struct paper *p, size_t index, const lianshu_StateChange *duty)
{
    struct text head = {.data = NULL};
    struct cell cell = {.zh = {.data = NULL}};
    struct cell *c = &cell;
    char time[CLOCK_TEXT_LEN + 1];
    lianshu_StateChange state;
    const struct evidence *e = p->reading->e;
    const struct rule_measure *m = find_measure(&p->reading->rules, duty->measure);
    put(&head, "%s %s %s — %s", duty->measure, m == NULL ? "" : m->zh, m == NULL ? "" : m->en,
        duty->member[0] == '\0' ? "无对应成员 nobody to owe it" : duty->member);
    for (size_t i = index; i < e->leaf_count; i++) {
        if (!read_duty(&e->leaves[i], &state) || memcmp(state.id, duty->id, sizeof state.id) != 0)
            continue;
        show_time(e->leaves[i].time_ms, time);
        put(&c->zh, "%s%s %s", i == index ? "" : "；", time, duty_state_zh(state.state));
        put(&c->en, "%s%s %s", i == index ? "" : "; ", time, duty_state_en(state.state));
    }
    const enum err err = cell_row(p, &head, c);
    cell_fini(c);
    text_fini(&head);
    return err;
}

static enum err put_duties(const struct paper *p)
{
    const struct evidence *e = p->reading->e;
    bool any = false;
    enum err err = OK;
    for (size_t i = 0; err == OK && i < e->leaf_count; i++) {
        lianshu_StateChange duty;
        if (!read_duty(&e->leaves[i], &duty) || began_before(e, i, &duty))
            continue;
        if (!any) {
            report_section(p, "义务：何措施由谁承担，进展如何",
                           "Obligations: which measure is owed by whom, and how it went");
            fputs("<table>\n", p->html);
        }
        any = true;
        err = put_duty(p, i, &duty);
    }
    if (any)
        fputs("</table>\n", p->html);
    return err;
}

enum err report_parties(const struct paper *p)
{
    const enum err err = put_messages(p);
    return err == OK ? put_duties(p) : err;
}
