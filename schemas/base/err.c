#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct row {
    enum err err;
    enum err_class class;
    const char *name;
    const char *en;
    const char *zh;
    const char *todo_en;
    const char *todo_zh;
};

#define ERR_ROW(name, number, class, en, zh, todo_en, todo_zh)                                     \
    {name, ERR_CLASS_##class, #name, en, zh, todo_en, todo_zh},
static const struct row rows[] = {ERR_TABLE(ERR_ROW)};
#undef ERR_ROW

static const struct row *row_of(uint32_t number)
{
    const struct row *internal = NULL;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if ((uint32_t)rows[i].err == number)
            return &rows[i];
        if (rows[i].err == ERR_INTERNAL)
            internal = &rows[i];
    }
    return internal;
}

enum err_class err_class(enum err err)
{
    return row_of((uint32_t)err)->class;
}

const char *err_name(enum err err)
{
    return row_of((uint32_t)err)->name;
}

const char *err_en(enum err err)
{
    return row_of((uint32_t)err)->en;
}

const char *err_zh(enum err err)
{
    return row_of((uint32_t)err)->zh;
}

const char *err_todo_en(enum err err)
{
    return row_of((uint32_t)err)->todo_en;
}

const char *err_todo_zh(enum err err)
{
    return row_of((uint32_t)err)->todo_zh;
}

enum err err_from_code(uint32_t number)
{
    return row_of(number)->err;
}

void err_label(enum err err, char out[static ERR_LABEL_LEN + 1])
{
    snprintf(out, ERR_LABEL_LEN + 1, "E%03u", (unsigned)err % 1000u);
}

/* Cut text that did not fit back to the last whole UTF-8 character. */
static void trim_utf8(char *text, size_t cap, int wanted)
{
    if ((size_t)wanted < cap)
        return;
    /* text[cap - 1] is the NUL; step back over the bytes of the last character. */
    size_t start = cap - 1;
    while (start > 0 && ((unsigned char)text[start - 1] & 0xC0u) == 0x80u)
        start--;
    if (start > 0 && (unsigned char)text[start - 1] >= 0xC0u) {
        unsigned char lead = (unsigned char)text[start - 1];
        size_t need = lead >= 0xF0u ? 4 : lead >= 0xE0u ? 3 : 2;
        if (cap - 1 - (start - 1) < need)
            text[start - 1] = '\0';
    }
}

enum err fault_set(struct fault *f, enum err err, unsigned line, const char *where,
                   const char *detail_fmt, ...)
{
    if (f == NULL)
        return err;
    f->err = err;
    f->line = line;
    trim_utf8(f->where, sizeof f->where,
              snprintf(f->where, sizeof f->where, "%s", where == NULL ? "" : where));
    va_list args;
    va_start(args, detail_fmt);
    int wanted = vsnprintf(f->detail, sizeof f->detail, detail_fmt, args);
    va_end(args);
    trim_utf8(f->detail, sizeof f->detail, wanted);
    return err;
}

void fault_print(const struct fault *f, char *out, size_t cap)
{
    char label[ERR_LABEL_LEN + 1];
    char line[16] = "";
    err_label(f->err, label);
    if (f->line > 0)
        snprintf(line, sizeof line, ":%u", f->line);
    const char *todo_zh = err_todo_zh(f->err);
    const char *todo_en = err_todo_en(f->err);
    int wanted = snprintf(out, cap, "%s %s%s%s%s%s%s。 / %s%s%s%s%s%s", label, f->where, line,
                          f->where[0] != '\0' || f->line > 0 ? ": " : "", err_zh(f->err),
                          todo_zh[0] != '\0' ? "，" : "", todo_zh, err_en(f->err),
                          todo_en[0] != '\0' ? "; " : "", todo_en, f->detail[0] != '\0' ? " (" : "",
                          f->detail, f->detail[0] != '\0' ? ")" : "");
    trim_utf8(out, cap, wanted);
}
