/* The table of region groups: which hubs may be linked beside the tree. */
#include "keys/topology.h"

#include "base/file.h"
#include "base/lines.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

enum { GROUPS_FILE_MAX = 16 << 10 };

struct region_groups {
    size_t count;
    struct region_group rows[REGION_GROUPS_MAX];
};

static bool known(const struct region_groups *g, const char *code)
{
    for (size_t i = 0; i < g->count; i++) {
        if (strcmp(g->rows[i].code, code) == 0)
            return true;
    }
    return false;
}

/* "110000 120000 130000", rising */
static bool take_regions(struct span text, struct region_group *out)
{
    while (text.len > 0) {
        const uint8_t *space = memchr(text.data, ' ', text.len);
        const size_t len = space == NULL ? text.len : (size_t)(space - text.data);
        if (len != REGION_LEN || out->region_count == REGION_GROUP_REGIONS_MAX)
            return false;
        char *region = out->region[out->region_count];
        memcpy(region, text.data, len);
        region[len] = '\0';
        if (!region_valid(region) ||
            (out->region_count > 0 && strcmp(out->region[out->region_count - 1], region) >= 0))
            return false;
        out->region_count++;
        const size_t used = space == NULL ? len : len + 1;
        text = span_of(text.data + used, text.len - used);
        if (space != NULL && text.len == 0)
            return false;
    }
    return out->region_count > 1;
}

static enum err parse_row(struct region_groups *g, struct span line, unsigned number,
                          const char *name, struct fault *fault)
{
    struct region_group row = {.code = ""};
    const struct span code = field_take(&line);
    const struct span zh = field_take(&line);
    const struct span en = field_take(&line);
    if (code.len == 0 || !field_copy(code, row.code, sizeof row.code) || known(g, row.code))
        return fault_set(fault, ERR_SYNTAX, number, name, "a code of its own, 1 to %zu bytes",
                         sizeof row.code - 1);
    if (zh.len == 0 || en.len == 0 || !utf8_allowed(zh) || !utf8_allowed(en) ||
        !field_copy(zh, row.zh, sizeof row.zh) || !field_copy(en, row.en, sizeof row.en))
        return fault_set(fault, ERR_SYNTAX, number, name, "two names of 1 to %d bytes",
                         REGION_GROUP_NAME_MAX);
    if (!take_regions(line, &row))
        return fault_set(fault, ERR_REGION, number, name,
                         "2 to %d rising regions, divided by one space", REGION_GROUP_REGIONS_MAX);
    if (g->count == REGION_GROUPS_MAX)
        return fault_set(fault, ERR_TOO_LARGE, number, name, "at most %d groups",
                         REGION_GROUPS_MAX);
    g->rows[g->count++] = row;
    return OK;
}

enum err region_groups_parse(struct region_groups **out, struct span text, const char *name,
                             struct fault *fault)
{
    enum err err = ERR_SYNTAX;
    unsigned number = 1;
    *out = NULL;
    struct region_groups *g = calloc(1, sizeof *g);
    if (g == NULL)
        return fault_set(fault, ERR_NO_MEMORY, 0, name, "region groups");
    if (!span_eq(line_take(&text), span_str("code,zh,en,regions"))) {
        err = fault_set(fault, ERR_SYNTAX, number, name, "expected the heading code,zh,en,regions");
        goto out;
    }
    while (text.len > 0) {
        number++;
        if ((err = parse_row(g, line_take(&text), number, name, fault)) != OK)
            goto out;
    }
    *out = g; /* ownership leaves here */
    g = NULL;
    err = OK;
out:
    free(g);
    return err;
}

enum err region_groups_open(struct region_groups **out, const char *path, struct fault *fault)
{
    uint8_t *data;
    size_t len;
    *out = NULL;
    enum err err = file_read(path, GROUPS_FILE_MAX, 0, &data, &len, fault);
    if (err != OK)
        return err;
    err = region_groups_parse(out, span_of(data, len), path, fault);
    free(data);
    return err;
}

void region_groups_close(struct region_groups **groups)
{
    free(*groups);
    *groups = NULL;
}

static bool holds(const struct region_group *group, const char *region)
{
    for (size_t i = 0; i < group->region_count; i++) {
        if (region_contains(group->region[i], region))
            return true;
    }
    return false;
}

bool region_groups_share(const struct region_groups *groups, const char *a, const char *b)
{
    for (size_t i = 0; groups != NULL && i < groups->count; i++) {
        if (holds(&groups->rows[i], a) && holds(&groups->rows[i], b))
            return true;
    }
    return false;
}
