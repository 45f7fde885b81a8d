#include "scenario/gatebook.h"

#include "base/file.h"
#include "scenario/lawbook.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* How a copy of the shipped rules differs from them. */
struct edit {
    const char *rows; /* in place of all gates; NULL: the shipped ones */
    const char *from; /* this text, wherever it stands; NULL: none */
    const char *to;
    unsigned replaced;
};

static void write_replaced(FILE *to, const char *text, struct edit *edit)
{
    const char *at;
    while (edit->from != NULL && (at = strstr(text, edit->from)) != NULL) {
        fprintf(to, "%.*s%s", (int)(at - text), text, edit->to);
        text = at + strlen(edit->from);
        edit->replaced++;
    }
    fputs(text, to);
}

static void copy_file(const char *dir, const char *name, struct edit *edit)
{
    char path[512];
    uint8_t *text;
    size_t len;
    snprintf(path, sizeof path, "hub/policy/rules/%s", name);
    assert_int_equal(file_read(path, 1 << 20, 0, &text, &len, NULL), OK);
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *to = fopen(path, "w");
    assert_non_null(to);
    if (edit->rows != NULL && strcmp(name, "gates.yaml") == 0)
        fprintf(to, "gates:\n%s", edit->rows);
    else
        write_replaced(to, (const char *)text, edit);
    assert_int_equal(fclose(to), 0);
    free(text);
}

/* Every file of the rule set into the copy; edit NULL: out of it again. */
static void each_file(const char *dir, struct edit *edit)
{
    DIR *from = opendir("hub/policy/rules");
    assert_non_null(from);
    for (struct dirent *entry; (entry = readdir(from)) != NULL;) {
        char copy[512];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(copy, sizeof copy, "%s/%s", dir, entry->d_name);
        if (edit == NULL)
            assert_int_equal(unlink(copy), 0);
        else
            copy_file(dir, entry->d_name, edit);
    }
    closedir(from);
}

static struct ruleset *open_edited(struct world *w, struct edit *edit, bool keep)
{
    struct fault fault = {0};
    static struct ruleset_faults faults;
    struct ruleset *rules = NULL;
    char dir[160];
    snprintf(dir, sizeof dir, "%s/gatebook", w->dir);
    assert_int_equal(mkdir(dir, 0700), 0);
    each_file(dir, edit);
    assert_true(edit->from == NULL || edit->replaced > 0);
    if (ruleset_open(&rules, dir, &faults) != OK)
        fail_msg("rules: %s:%u %s", faults.fault[0].where, faults.fault[0].line,
                 faults.fault[0].detail);
    if (keep)
        assert_int_equal(archive_keep(w->archive, dir, rules, &fault), OK);
    each_file(dir, NULL);
    assert_int_equal(rmdir(dir), 0);
    return rules;
}

static const char *text_or_none(const char *text)
{
    return text == NULL ? "" : text;
}

/* From the lawbook, which has them read once. */
static const struct ruleset *lent(struct world *w, struct edit *edit)
{
    char *name = NULL;
    assert_true(asprintf(&name, "%s\n%s\n%s", text_or_none(edit->rows), text_or_none(edit->from),
                         text_or_none(edit->to)) > 0);
    const struct ruleset *rules = lawbook_find(name);
    if (rules == NULL)
        rules = lawbook_keep(name, open_edited(w, edit, false));
    free(name);
    return rules;
}

static void use(struct world *w, struct edit *edit)
{
    w->rules = lent(w, edit);
    world_restart(w);
}

const struct ruleset *gatebook_open(struct world *w, const char *rows)
{
    struct edit edit = {.rows = rows};
    return lent(w, &edit);
}

void gatebook_keep(struct world *w, const char *rows)
{
    struct edit edit = {.rows = rows};
    struct fault fault = {0};
    char dir[160];
    snprintf(dir, sizeof dir, "%s/archive", w->dir);
    if (w->archive == NULL)
        assert_int_equal(archive_open(&w->archive, dir, &fault), OK);
    struct ruleset *rules = open_edited(w, &edit, true);
    ruleset_close(&rules);
}

void gatebook_use(struct world *w, const char *rows)
{
    struct edit edit = {.rows = rows};
    use(w, &edit);
}

void gatebook_reword(struct world *w, const char *from, const char *to)
{
    struct edit edit = {.from = from, .to = to};
    use(w, &edit);
}
