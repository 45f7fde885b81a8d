#include "cli/show.h"

#include "cli/table.h"
#include "cli/words.h"

#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 6, INDENT = 2 };

struct level {
    const struct json *node;
    const char *name; /* the key it stands under; NULL at the top */
    void *at;         /* of a map */
    size_t next;      /* of a list */
    unsigned indent;
};

static bool is_scalar(const struct json *j)
{
    return json_kind(j) != JSON_KIND_MAP && json_kind(j) != JSON_KIND_LIST;
}

/* Counts by code: {"303":2} or {"E303":2}. */
static bool counts_codes(const char *name)
{
    return name != NULL && (strcmp(name, "refused") == 0 || strcmp(name, "unverified") == 0);
}

/* Counts by state: {"lift_due":2}. */
static bool counts_states(const char *name)
{
    return name != NULL && (strcmp(name, "obligations") == 0 || strcmp(name, "receipts") == 0);
}

static void print_label(FILE *to, const char *parent, const char *key)
{
    const char *digits = key[0] == 'E' ? key + 1 : key;
    const char *zh = counts_states(parent) ? word_value(key) : NULL;
    if (zh == NULL)
        zh = word_label(key);
    if (counts_codes(parent) && digits[0] >= '0' && digits[0] <= '9') {
        enum err err = err_from_code((uint32_t)strtoul(digits, NULL, 10));
        char label[ERR_LABEL_LEN + 1];
        err_label(err, label);
        fprintf(to, "%s %s / %s:", label, err_zh(err), err_en(err));
        return;
    }
    fprintf(to, "%s%s%s:", zh == NULL ? "" : zh, zh == NULL ? "" : " ", key);
}

/* A sentence in both languages, or one value, as an item of a list. True when it was one. */
static bool print_simple_item(FILE *to, const struct json *item, unsigned indent)
{
    const char *zh = json_get_text(item, "zh");
    const char *en = json_get_text(item, "en");
    char cell[TABLE_CELL_MAX];
    if (zh != NULL && en != NULL && json_count(item) == 2) {
        fprintf(to, "%*s- %s / %s\n", (int)indent, "", zh, en);
        return true;
    }
    if (!is_scalar(item)) {
        fprintf(to, "%*s-\n", (int)indent, "");
        return false;
    }
    table_cell("", item, true, cell);
    fprintf(to, "%*s- %s\n", (int)indent, "", cell);
    return true;
}

/* Print up to the next container that needs a level of its own; NULL at the end. */
static const struct json *step_map(FILE *to, struct level *level, const char **name)
{
    const struct json *value;
    char cell[TABLE_CELL_MAX];
    while (json_entry(level->node, &level->at, name, &value)) {
        fprintf(to, "%*s", (int)level->indent, "");
        print_label(to, level->name, *name);
        if (is_scalar(value)) {
            /* Long texts (a checkpoint) are printed as they are. */
            const char *text = json_text(value);
            if (text != NULL && strlen(text) >= TABLE_CELL_MAX) {
                fprintf(to, " %s\n", text);
                continue;
            }
            table_cell(*name, value, true, cell);
            fprintf(to, " %s\n", cell);
            continue;
        }
        fprintf(to, json_count(value) == 0 ? " –\n" : "\n");
        if (table_fits(*name, value) && !(json_get(json_item(value, 0), "zh") != NULL &&
                                          json_count(json_item(value, 0)) == 2)) {
            table_print(to, *name, value, level->indent + INDENT);
            continue;
        }
        return value;
    }
    level->node = NULL;
    return NULL;
}

static const struct json *step_list(FILE *to, struct level *level)
{
    for (;;) {
        const struct json *item = json_item(level->node, level->next++);
        if (item == NULL) {
            level->node = NULL;
            return NULL;
        }
        if (!print_simple_item(to, item, level->indent))
            return item;
    }
}

void show_words(FILE *to, const struct json *j)
{
    struct level stack[DEPTH_MAX] = {{.node = j}};
    size_t depth = 1;

    while (depth > 0) {
        struct level *top = &stack[depth - 1];
        const char *name = NULL;
        if (top->node == NULL) {
            depth--;
            continue;
        }
        bool list = json_kind(top->node) == JSON_KIND_LIST;
        const struct json *child = list ? step_list(to, top) : step_map(to, top, &name);
        if (child == NULL || depth >= DEPTH_MAX)
            continue;
        stack[depth++] =
            (struct level){.node = child, .name = name, .indent = top->indent + INDENT};
    }
}

enum err show_json(FILE *to, const struct json *j)
{
    char *text = NULL;
    size_t len = 0;
    const enum err err = json_print(j, false, &text, &len);
    if (err == OK)
        fwrite(text, 1, len, to);
    free(text);
    return err;
}

enum err show_result(const struct cli *cli, const struct json *j)
{
    if (cli->json)
        return show_json(cli->world->out, j);
    show_words(cli->world->out, j);
    return OK;
}
