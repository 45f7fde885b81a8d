#include "ident.h"

#include "base/ascii.h"
#include "base/file.h"
#include "base/lines.h"
#include "base/utf8.h"

#include <stdlib.h>

struct regions {
    size_t count;
    struct writer names; /* owns; one after the other */
    struct region rows[REGIONS_MAX];
};

static const char *const level_names[] = {"nation", "province", "prefecture", "county"};

enum { LEVEL_COUNT = sizeof level_names / sizeof level_names[0] };

bool region_valid(const char *code)
{
    return ascii_digits(code) == REGION_LEN && code[REGION_LEN] == '\0';
}

bool region_contains(const char *outer, const char *inner)
{
    if (!region_valid(outer) || !region_valid(inner))
        return false;
    size_t len = REGION_LEN;
    while (len > 0 && outer[len - 2] == '0' && outer[len - 1] == '0')
        len -= 2;
    return memcmp(outer, inner, len) == 0;
}

/* "code,name,level,parent" */
static enum err parse_row(struct regions *r, struct span line, unsigned number, const char *name,
                          struct fault *f)
{
    char level[16];
    char label[REGION_NAME_MAX + 1];
    struct region row = {0};
    struct span code = field_take(&line);
    struct span title = field_take(&line);
    if (!field_copy(code, row.code, sizeof row.code) || !region_valid(row.code))
        return fault_set(f, ERR_REGION, number, name, "a code has six digits");
    if (!utf8_allowed(title))
        return fault_set(f, ERR_UTF8, number, name, "the name of the region");
    if (title.len == 0 || !field_copy(title, label, sizeof label))
        return fault_set(f, ERR_FIELD_LONG, number, name, "a name has 1 to %d bytes",
                         REGION_NAME_MAX);
    row.name = (const char *)r->names.data + r->names.len;
    write_bytes(&r->names, label, title.len + 1); /* shorter than its line */
    bool known = field_copy(field_take(&line), level, sizeof level);
    while (known && row.level < LEVEL_COUNT && strcmp(level, level_names[row.level]) != 0)
        row.level++;
    if (!known || row.level == LEVEL_COUNT)
        return fault_set(f, ERR_SYNTAX, number, name,
                         "level: nation, province, prefecture or county");
    if (!field_copy(line, row.parent, sizeof row.parent) ||
        (row.level > 0 ? regions_find(r, row.parent) == NULL : row.parent[0] != '\0'))
        return fault_set(f, ERR_REGION, number, name, "the parent must stand above");
    if (r->count > 0 && strcmp(r->rows[r->count - 1].code, row.code) >= 0)
        return fault_set(f, ERR_SYNTAX, number, name, "codes must rise");
    if (r->count == REGIONS_MAX)
        return fault_set(f, ERR_TOO_LARGE, number, name, "at most %d regions", REGIONS_MAX);
    r->rows[r->count++] = row;
    return OK;
}

enum err regions_parse(struct regions **out, struct span text, const char *name, struct fault *f)
{
    enum err err = ERR_SYNTAX;
    unsigned number = 1;
    *out = NULL;
    struct regions *r = calloc(1, sizeof *r);
    uint8_t *names = malloc(text.len + 1);
    if (r == NULL || names == NULL) {
        free(names);
        free(r);
        return fault_set(f, ERR_NO_MEMORY, 0, name, "regions");
    }
    r->names = writer_of(names, text.len + 1);
    if (!span_eq(line_take(&text), span_str("code,name,level,parent"))) {
        err = fault_set(f, ERR_SYNTAX, number, name, "expected the heading code,name,level,parent");
        goto out;
    }
    while (text.len > 0) {
        number++;
        if ((err = parse_row(r, line_take(&text), number, name, f)) != OK)
            goto out;
    }
    *out = r; /* ownership leaves here */
    r = NULL;
    err = OK;
out:
    regions_close(&r);
    return err;
}

enum err regions_open(struct regions **out, const char *path, struct fault *f)
{
    uint8_t *data;
    size_t len;
    *out = NULL;
    enum err err = file_read(path, REGIONS_FILE_MAX, 0, &data, &len, f);
    if (err != OK)
        return err;
    err = regions_parse(out, span_of(data, len), path, f);
    free(data);
    return err;
}

void regions_close(struct regions **r)
{
    if (*r != NULL)
        free((*r)->names.data);
    free(*r);
    *r = NULL;
}

const struct region *regions_find(const struct regions *r, const char *code)
{
    size_t low = 0;
    size_t high = r->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(r->rows[middle].code, code);
        if (order == 0)
            return &r->rows[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct region *regions_at(const struct regions *r, size_t i)
{
    return i < r->count ? &r->rows[i] : NULL;
}
