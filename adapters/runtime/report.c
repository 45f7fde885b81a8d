#include "adapters/runtime/report.h"

#include <stdarg.h>
#include <stdio.h>

enum err report_add(struct report *r, enum err err, const char *field, const char *detail_fmt, ...)
{
    va_list args;

    if (r->count == REPORT_MAX) {
        r->more = true;
        return err;
    }
    struct problem *p = &r->item[r->count++];
    *p = (struct problem){.err = err, .row = r->row, .line = r->line};
    (void)snprintf(p->field, sizeof p->field, "%s", field); /* a cut name still shows the place */
    va_start(args, detail_fmt);
    (void)vsnprintf(p->detail, sizeof p->detail, detail_fmt, args);
    va_end(args);
    return err;
}

enum err report_fault(struct report *r, enum err err, const char *field, const struct fault *f)
{
    const unsigned line = r->line;

    if (f->line != 0)
        r->line = f->line;
    (void)report_add(r, err, field, "%s", f->detail);
    r->line = line;
    return err;
}

void report_put_code(struct json *map, enum err err)
{
    char label[ERR_LABEL_LEN + 1];

    err_label(err, label);
    json_put_text(map, "code", label);
    json_put_text(map, "zh", err_zh(err));
    json_put_text(map, "en", err_en(err));
    json_put_text(map, "todo_zh", err_todo_zh(err));
    json_put_text(map, "todo_en", err_todo_en(err));
}

struct json *report_json(const struct report *r, const char *file)
{
    struct json *out = json_map();
    struct json *list = json_list();
    char label[ERR_LABEL_LEN + 1];

    json_put_text(out, "file", file);
    report_put_code(out, r->count > 0 ? r->item[0].err : ERR_INTERNAL);
    for (size_t i = 0; i < r->count; i++) {
        const struct problem *p = &r->item[i];
        struct json *one = json_map();
        err_label(p->err, label);
        json_put_text(one, "code", label);
        json_put_text(one, "field", p->field);
        if (p->row != 0)
            json_put_uint(one, "row", p->row);
        if (p->line != 0)
            json_put_uint(one, "line", p->line);
        json_put_text(one, "zh", err_zh(p->err));
        json_put_text(one, "en", err_en(p->err));
        json_put_text(one, "detail", p->detail);
        json_add(list, one);
    }
    json_put(out, "problems", list);
    if (r->more)
        json_put_flag(out, "more", true);
    return out;
}
