#include "adapters/runtime/csv.h"

#include "base/utf8.h"

#include <csv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    struct json *list;
    unsigned *lines;
    struct report *report;
    char names[CSV_COLUMNS_MAX][CSV_NAME_MAX];
    size_t columns; /* of the header; 0: not read yet */
    struct json *row;
    size_t cell;       /* of the present row */
    bool filled;       /* the row has a cell that is not empty */
    unsigned line;     /* being fed */
    unsigned row_line; /* at which the present row begins; 0: between rows */
};

static void problem(struct reader *r, enum err err, const char *field, const char *detail)
{
    r->report->line = r->row_line == 0 ? r->line : r->row_line;
    (void)report_add(r->report, err, field, "%s", detail);
}

static void take_name(struct reader *r, struct span text)
{
    if (r->cell >= CSV_COLUMNS_MAX) {
        if (r->cell == CSV_COLUMNS_MAX)
            problem(r, ERR_TOO_LARGE, "", "at most 64 columns");
        return;
    }
    char *name = r->names[r->cell];
    if (text.len == 0 || text.len >= CSV_NAME_MAX) {
        problem(r, ERR_SYNTAX, "", "a column without a name, or with one of over 95 bytes");
        return;
    }
    memcpy(name, text.data, text.len);
    name[text.len] = '\0';
    for (size_t i = 0; i < r->cell; i++)
        if (strcmp(r->names[i], name) == 0)
            problem(r, ERR_SYNTAX, name, "a column name that stands twice");
}

static void take_cell(void *bytes, size_t len, void *ctx)
{
    struct reader *r = ctx;
    const struct span text = span_of(bytes, len);

    if (!utf8_allowed(text)) {
        problem(r, ERR_UTF8, r->columns > r->cell ? r->names[r->cell] : "", "UTF-8 text");
    } else if (r->columns == 0) {
        take_name(r, text);
    } else if (len > 0 && r->cell < r->columns) {
        char *copy = strndup(bytes, len);
        (void)json_put_text(r->row, r->names[r->cell], copy == NULL ? "" : copy);
        free(copy);
    }
    r->filled = r->filled || len > 0;
    r->cell++;
}

static void end_row(int character, void *ctx)
{
    struct reader *r = ctx;

    (void)character;
    if (r->columns == 0) {
        r->columns = r->cell < CSV_COLUMNS_MAX ? r->cell : CSV_COLUMNS_MAX;
    } else if (r->filled) {
        if (r->cell != r->columns)
            problem(r, ERR_SYNTAX, "", "as many cells as the header has");
        const size_t n = json_count(r->list);
        if (n < CSV_ROWS_MAX) {
            r->lines[n] = r->row_line == 0 ? r->line : r->row_line;
            (void)json_add(r->list, r->row);
            r->row = NULL;
        } else {
            problem(r, ERR_TOO_LARGE, "", "at most 4096 rows");
        }
    }
    json_close(&r->row);
    r->row = json_map();
    r->cell = 0;
    r->filled = false;
    r->row_line = 0;
}

/* Feed the parser line by line: it does not count lines itself. */
static void feed(struct reader *r, struct csv_parser *parser, struct span text)
{
    while (text.len > 0 && !r->report->more) {
        const uint8_t *end = memchr(text.data, '\n', text.len);
        const size_t n = end == NULL ? text.len : (size_t)(end - text.data) + 1;
        r->line++;
        if (r->row_line == 0)
            r->row_line = r->line;
        if (csv_parse(parser, text.data, n, take_cell, end_row, r) != n) {
            problem(r, ERR_SYNTAX, "", csv_strerror(csv_error(parser)));
            return; /* after a stray quote nothing that follows can be told apart */
        }
        text.data += n;
        text.len -= n;
    }
    if (csv_fini(parser, take_cell, end_row, r) != 0)
        problem(r, ERR_SYNTAX, "", csv_strerror(csv_error(parser)));
}

enum err csv_records(struct span text, struct json **list, unsigned lines[static CSV_ROWS_MAX],
                     struct report *report)
{
    static const uint8_t bom[] = {0xef, 0xbb, 0xbf};
    struct csv_parser parser;
    const size_t before = report->count;
    struct reader *r = calloc(1, sizeof *r);

    *list = NULL;
    if (r == NULL || csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
        free(r);
        return ERR_NO_MEMORY;
    }
    if (text.len >= sizeof bom && memcmp(text.data, bom, sizeof bom) == 0)
        text = span_of(text.data + sizeof bom, text.len - sizeof bom);
    r->list = json_list();
    r->row = json_map();
    r->lines = lines;
    r->report = report;
    feed(r, &parser, text);
    csv_free(&parser);
    json_close(&r->row);
    *list = r->list;
    if (report->count == before && json_count(r->list) == 0) {
        report->line = 1;
        (void)report_add(report, ERR_SYNTAX, "", "a header row and at least one record");
    }
    report->line = 0;
    free(r);
    if (report->count == before)
        return OK;
    json_close(list);
    return report->item[before].err;
}
