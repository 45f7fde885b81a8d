#include "policy/reader.h"

#include <string.h>

enum { NOTE_MAX = 512 };

static void note(struct reader *r, const struct writer *w)
{
    sha256_add(&r->notes, writer_span(w));
    if (r->view->notes != NULL)
        write_span(&r->view->notes->reads, writer_span(w));
}

/* Texts are noted with their length, so that no two sequences of texts look alike. */
static void note_text(struct writer *w, const char *text)
{
    struct span s = span_str(text);
    write_uint(w, s.len, 2);
    write_span(w, s);
}

static void note_result(struct reader *r, enum err err)
{
    uint8_t bytes[1 + 4];
    struct writer w = writer_of(bytes, sizeof bytes);
    write_uint(&w, READ_END, 1);
    write_uint(&w, (uint64_t)err, 4);
    note(r, &w);
}

void reader_init(struct reader *r, const struct view *view)
{
    r->view = view;
    sha256_init(&r->notes);
    sha256_add(&r->notes, LABEL("readset"));
}

void reader_done(struct reader *r, uint8_t out[static HASH_LEN])
{
    sha256_done(&r->notes, out);
}

enum err reader_token(struct reader *r, lianshu_SubjectKind kind, const char *id,
                      uint8_t out[static VIEW_TOKEN_LEN])
{
    /* A token is a function of identifier and key: it is an argument of later look-ups,
     * noted there, and no row of the state. */
    const enum err err = r->view->token(r->view->ctx, kind, id, out);
    if (err == OK && r->view->notes != NULL)
        write_bytes(&r->view->notes->tokens, out, VIEW_TOKEN_LEN);
    return err;
}

enum err reader_order(struct reader *r, const uint8_t id[static VIEW_ORDER_ID_LEN],
                      struct view_order *out)
{
    uint8_t bytes[NOTE_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);

    memset(out, 0, sizeof *out);
    enum err err = r->view->order(r->view->ctx, id, out);
    write_uint(&w, READ_ORDER, 1);
    write_bytes(&w, id, VIEW_ORDER_ID_LEN);
    if (err == OK) {
        write_uint(&w, READ_ROW, 1);
        write_uint(&w, (uint64_t)out->state, 1);
        write_uint(&w, out->version, 4);
        note_text(&w, out->issuer);
        note_text(&w, out->changed_by);
        note_text(&w, out->list);
        note_text(&w, out->rule);
        write_uint(&w, out->decision_date, 4);
        write_uint(&w, out->changed_date, 4);
        write_uint(&w, out->restored_date, 4);
        write_uint(&w, out->start_date, 4);
        write_uint(&w, out->earliest_repair_date, 4);
        write_uint(&w, out->end_date, 4);
        write_bytes(&w, out->token, VIEW_TOKEN_LEN);
    }
    note(r, &w);
    note_result(r, err);
    return err;
}

enum err reader_same_subject(struct reader *r, const struct view_order *order,
                             const lianshu_Subject *subject, bool *same)
{
    static const uint8_t unknown[VIEW_TOKEN_LEN] = {0};
    uint8_t token[VIEW_TOKEN_LEN];

    *same = true;
    if (memcmp(order->token, unknown, sizeof unknown) == 0)
        return OK;
    enum err err = reader_token(r, subject->kind, subject->id, token);
    *same = err == OK && memcmp(order->token, token, sizeof token) == 0;
    return err;
}

enum err reader_conflict(struct reader *r, const uint8_t token[static VIEW_TOKEN_LEN],
                         const char *list, const char *decision_number,
                         uint8_t order_id[static VIEW_ORDER_ID_LEN])
{
    uint8_t bytes[NOTE_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);

    enum err err = r->view->conflict(r->view->ctx, token, list, decision_number, order_id);
    write_uint(&w, READ_CONFLICT, 1);
    write_bytes(&w, token, VIEW_TOKEN_LEN);
    note_text(&w, list);
    note_text(&w, decision_number);
    if (err == OK) {
        write_uint(&w, READ_ROW, 1);
        write_bytes(&w, order_id, VIEW_ORDER_ID_LEN);
    }
    note(r, &w);
    note_result(r, err);
    return err;
}

/* What stands between the caller's rows and the policy's function. */
struct tap {
    struct reader *reader;
    view_restriction_fn *restriction;
    view_relation_fn *relation;
    void *arg;
    uint32_t rows;
    bool too_many;
};

static bool tap_count(struct tap *tap)
{
    if (tap->rows == VIEW_ROWS_MAX) {
        tap->too_many = true;
        return false;
    }
    tap->rows++;
    return true;
}

static bool tap_restriction(void *arg, const struct view_restriction *row)
{
    struct tap *tap = arg;
    uint8_t bytes[NOTE_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);

    if (!tap_count(tap))
        return false;
    write_uint(&w, READ_ROW, 1);
    note_text(&w, row->measure);
    write_uint(&w, (uint64_t)row->force, 1);
    write_bytes(&w, row->order_id, VIEW_ORDER_ID_LEN);
    write_uint(&w, row->order_version, 4);
    note_text(&w, row->issuer);
    note_text(&w, row->rule);
    note_text(&w, row->basis);
    note_text(&w, row->scope);
    write_uint(&w, row->start_date, 4);
    write_uint(&w, row->end_date, 4);
    note(tap->reader, &w);
    return tap->restriction(tap->arg, row);
}

static bool tap_relation(void *arg, const struct view_relation *row)
{
    struct tap *tap = arg;
    uint8_t bytes[NOTE_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);

    if (!tap_count(tap))
        return false;
    write_uint(&w, READ_ROW, 1);
    write_uint(&w, (uint64_t)row->role, 1);
    write_bytes(&w, row->token, VIEW_TOKEN_LEN);
    note(tap->reader, &w);
    return tap->relation(tap->arg, row);
}

static void note_asked(struct reader *r, enum read_kind what, const uint8_t *token, uint32_t date)
{
    uint8_t bytes[NOTE_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);
    write_uint(&w, (uint64_t)what, 1);
    write_bytes(&w, token, VIEW_TOKEN_LEN);
    write_uint(&w, date, 4);
    note(r, &w);
}

static enum err tap_result(struct tap *tap, enum err err)
{
    /* Nothing found is an empty iteration, however the caller says it. */
    if (err == ERR_NOT_FOUND)
        err = OK;
    if (err == OK && tap->too_many)
        err = ERR_TOO_LARGE;
    note_result(tap->reader, err);
    return err;
}

enum err reader_restrictions(struct reader *r, const uint8_t token[static VIEW_TOKEN_LEN],
                             uint32_t date, view_restriction_fn *fn, void *arg)
{
    struct tap tap = {.reader = r, .restriction = fn, .arg = arg};
    note_asked(r, READ_RESTRICTIONS, token, date);
    return tap_result(&tap,
                      r->view->restrictions(r->view->ctx, token, date, tap_restriction, &tap));
}

enum err reader_relations(struct reader *r, const uint8_t token[static VIEW_TOKEN_LEN],
                          uint32_t date, view_relation_fn *fn, void *arg)
{
    struct tap tap = {.reader = r, .relation = fn, .arg = arg};
    note_asked(r, READ_RELATIONS, token, date);
    return tap_result(&tap, r->view->relations(r->view->ctx, token, date, tap_relation, &tap));
}

enum err reader_holdings(struct reader *r, const uint8_t token[static VIEW_TOKEN_LEN],
                         uint32_t date, view_relation_fn *fn, void *arg)
{
    struct tap tap = {.reader = r, .relation = fn, .arg = arg};
    note_asked(r, READ_HOLDINGS, token, date);
    return tap_result(&tap, r->view->holdings(r->view->ctx, token, date, tap_relation, &tap));
}

enum err reader_rating(struct reader *r, const uint8_t token[static VIEW_TOKEN_LEN],
                       struct view_rating *out)
{
    uint8_t bytes[NOTE_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);

    memset(out, 0, sizeof *out);
    enum err err = r->view->rating(r->view->ctx, token, out);
    write_uint(&w, READ_RATING, 1);
    write_bytes(&w, token, VIEW_TOKEN_LEN);
    if (err == OK) {
        write_uint(&w, READ_ROW, 1);
        write_uint(&w, out->from_date, 4);
        write_uint(&w, out->issued_ms, 8);
        write_bytes(&w, out->id, sizeof out->id);
    }
    note(r, &w);
    note_result(r, err);
    return err;
}
