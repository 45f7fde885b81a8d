#include "scenario/gatebook.h"

#include "base/file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void write_text(const char *path, const char *head, const char *text)
{
    FILE *to = fopen(path, "w");
    assert_non_null(to);
    fprintf(to, "%s%s", head, text);
    assert_int_equal(fclose(to), 0);
}

/* Every file of the rule set into the copy; or out of it again. */
static void each_file(const char *dir, const char *rows)
{
    DIR *from = opendir("hub/policy/rules");
    assert_non_null(from);
    for (struct dirent *entry; (entry = readdir(from)) != NULL;) {
        char source[512];
        char copy[512];
        uint8_t *text;
        size_t len;
        if (entry->d_name[0] == '.')
            continue;
        snprintf(source, sizeof source, "hub/policy/rules/%s", entry->d_name);
        snprintf(copy, sizeof copy, "%s/%s", dir, entry->d_name);
        if (rows == NULL) {
            assert_int_equal(unlink(copy), 0);
        } else if (strcmp(entry->d_name, "gates.yaml") == 0) {
            write_text(copy, "gates:\n", rows);
        } else {
            assert_int_equal(file_read(source, 1 << 20, 0, &text, &len, NULL), OK);
            write_text(copy, "", (const char *)text);
            free(text);
        }
    }
    closedir(from);
}

struct ruleset *gatebook_open(struct world *w, const char *rows)
{
    static struct ruleset_faults faults;
    struct ruleset *rules = NULL;
    char dir[160];
    snprintf(dir, sizeof dir, "%s/gatebook", w->dir);
    assert_int_equal(mkdir(dir, 0700), 0);
    each_file(dir, rows);
    if (ruleset_open(&rules, dir, &faults) != OK)
        fail_msg("rules: %s:%u %s", faults.fault[0].where, faults.fault[0].line,
                 faults.fault[0].detail);
    each_file(dir, NULL);
    assert_int_equal(rmdir(dir), 0);
    return rules;
}

void gatebook_use(struct world *w, const char *rows)
{
    struct ruleset *before = w->rules;
    w->rules = gatebook_open(w, rows);
    world_restart(w);
    ruleset_close(&before);
}
