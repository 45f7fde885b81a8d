/* A copy of the shipped rule set that a test may spoil, and what the loader says of it. */
#ifndef TESTS_RULESET_COPY_H
#define TESTS_RULESET_COPY_H

#include "policy/ruleset.h"

#include "base/file.h"

#include "folder.h"
#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RULES_DIR "hub/policy/rules"

enum { SET_FILES = 8, PATH_LEN = 256 };

static const char *const names[SET_FILES] = {"bases.yaml",    "cases.yaml", "clocks.yaml",
                                             "credit.yaml",   "gates.yaml", "lists.yaml",
                                             "measures.yaml", "rules.yaml"};

struct fixture {
    char dir[FOLDER_MAX];
    struct ruleset_faults faults;
};

/* Put in line, it makes some compilers take what it returns for a pointer to its own variable. */
__attribute__((noinline, unused)) static uint8_t *read_text(const char *dir, const char *name,
                                                            size_t *len)
{
    char path[PATH_LEN];
    uint8_t *text = NULL;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(file_read(path, RULESET_FILE_MAX, 0, &text, len, NULL), OK);
    return text;
}

static inline void write_text(const char *dir, const char *name, const char *text, size_t len)
{
    char path[PATH_LEN];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static inline void restore(const struct fixture *f)
{
    for (size_t i = 0; i < SET_FILES; i++) {
        size_t len = 0;
        uint8_t *text = read_text(RULES_DIR, names[i], &len);
        write_text(f->dir, names[i], (const char *)text, len);
        free(text);
    }
}

static inline int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    folder_make(f->dir, "ruleset");
    restore(f);
    *state = f;
    return 0;
}

static inline int teardown(void **state)
{
    struct fixture *f = *state;
    folder_remove(f->dir);
    free(f);
    return 0;
}

/* Write a file of the copy as it is in dir, but with the first `find` replaced. */
static inline void spoil_from(const char *dir, const struct fixture *f, const char *name,
                              const char *find, const char *replace)
{
    size_t len = 0;
    char *text = (char *)read_text(dir, name, &len);
    char *hit = strstr(text, find);
    if (hit == NULL)
        print_message("not in %s: %s\n", name, find);
    assert_non_null(hit);
    size_t head = (size_t)(hit - text);
    size_t cap = len + strlen(replace) + 1;
    char *changed = calloc(1, cap);
    memcpy(changed, text, head);
    memcpy(changed + head, replace, strlen(replace));
    memcpy(changed + head + strlen(replace), hit + strlen(find), len - head - strlen(find));
    write_text(f->dir, name, changed, strlen(changed));
    free(text);
    free(changed);
}

/* Of the shipped file … */
static inline void spoil(const struct fixture *f, const char *name, const char *find,
                         const char *replace)
{
    spoil_from(RULES_DIR, f, name, find, replace);
}

/* … and of the copy as it is by now. */
static inline void spoil_more(const struct fixture *f, const char *name, const char *find,
                              const char *replace)
{
    spoil_from(f->dir, f, name, find, replace);
}

/* The line of the first `at` in a file of the copy. */
static inline unsigned line_of(const struct fixture *f, const char *name, const char *at)
{
    size_t len = 0;
    char *text = (char *)read_text(f->dir, name, &len);
    const char *c = text;
    unsigned line = 1;
    for (; *c != '\0' && strncmp(c, at, strlen(at)) != 0; c++)
        line += *c == '\n';
    if (*c == '\0')
        print_message("not in %s: %s\n", name, at);
    assert_true(*c != '\0');
    free(text);
    return line;
}

/* Both: the line that the text has after the change. */
static inline unsigned spoiled(const struct fixture *f, const char *name, const char *find,
                               const char *replace, const char *at)
{
    spoil(f, name, find, replace);
    return line_of(f, name, at);
}

static inline bool has_fault(const struct ruleset_faults *faults, const char *file, unsigned line,
                             enum ruleset_problem problem)
{
    const char *word = ruleset_problem_word(problem);
    for (size_t i = 0; i < faults->count; i++) {
        const struct fault *f = &faults->fault[i];
        bool place = line == 0 || (f->line == line && strcmp(f->where, file) == 0);
        if (place && f->err == ERR_RULE_SET && f->line > 0 &&
            strncmp(f->detail, word, strlen(word)) == 0 && f->detail[strlen(word)] == ':')
            return true;
    }
    return false;
}

#endif
