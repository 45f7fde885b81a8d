/*
 * terminal - a person at a command line, for the tests of hub/cli: an empty directory as working
 * directory, one line typed at a time, and what came of it.
 *
 * Guarantees:
 *   1. `lianshu` runs in-process, with a clock that stands (at TERMINAL_NOW_MS unless a test sets
 * now_ms) and the cheapest key files; out and err hold what the last run wrote, and nothing older.
 *   2. Nothing of a test is left behind: CASE makes the directory and removes it.
 *
 * A paper adapter is a child that plays one move of an adapter, a paper hub one that answers at
 * the socket `control` (paper_hub.c, for those that link lianshu_net).
 */
#ifndef TESTS_UNIT_TERMINAL_H
#define TESTS_UNIT_TERMINAL_H

#include "cli/cli.h"

#include "folder.h"
#include "t.h"

#include <stdbool.h>
#include <string.h>
#include <sys/types.h>

#define TERMINAL_NOW_MS UINT64_C(1700000000000)

/* The identifier that no refusal may repeat: made up, with a right check digit. */
#define FIRM "91445100DEMA00013Q"

enum { TERMINAL_TEXT_MAX = 256 << 10, TERMINAL_PATH_MAX = 512, TERMINAL_WORDS_MAX = 48 };

struct terminal {
    char dir[FOLDER_MAX];
    char before[TERMINAL_PATH_MAX]; /* where the test program was started: the source tree */
    char out[TERMINAL_TEXT_MAX];
    char err[TERMINAL_TEXT_MAX];
    uint64_t now_ms;
    pid_t hub; /* a paper hub, ended with the test; 0: none */
};

int terminal_open(void **state);
int terminal_close(void **state);

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, terminal_open, terminal_close)

/* The words of a line, cut in place; how many. */
int split_words(char *line, const char *argv[static TERMINAL_WORDS_MAX]);

/* Type `lianshu <line>`, words separated by blanks; the exit code. run_with: with a text on
 * standard input; run closes it. */
int run(struct terminal *t, const char *line);
int run_with(struct terminal *t, const char *input, const char *line);
/* It must succeed. */
void must(struct terminal *t, const char *line);
/* It must end with `code`, told as assert_told says. */
void refused(struct terminal *t, const char *line, int code, const char *label, const char *says);

/* The last run wrote nothing to standard output and one line to standard error: it begins with
 * the label ("E002 none.yaml") and says `says`, in Chinese and English, and does not hold FIRM. */
void assert_told(const struct terminal *t, const char *label, const char *says);
/* A text is in what the last run wrote to standard output. */
void assert_says(const struct terminal *t, const char *text);

/* Every line "label: value" of the last run has a label in Chinese and English. */
void assert_labels(const struct terminal *t);
/* The last run wrote one JSON object on one line to standard output, and nothing else. */
void assert_json(const struct terminal *t);

void write_text(const char *path, const char *text);
/* A whole file; free() it. */
char *read_text(const char *path);
/* The same of the source tree. */
char *read_tree(const struct terminal *t, const char *path);
bool there_is(const char *path);

/* The shipped rule set, copied to set/, the first `from` in one of its files replaced. */
void copy_rules(const struct terminal *t, const char *file, const char *from, const char *to);

/* NAME.pass and NAME.key of a member. */
void make_key(struct terminal *t, const char *name, const char *member, const char *use);

/* ---- an adapter's directory ---- */

/* site/ with its folders, and order.json to send. */
void make_site(void);

struct answer {
    const char *path, *text;
};

enum { ANSWERS_MAX = 2 };

/* A child that waits for site/source/<name>, moves it to `to` and then writes the answers. */
pid_t adapter(const char *name, const char *to, const struct answer answers[ANSWERS_MAX]);
/* It has done all of that. */
void join_adapter(pid_t child);

#endif
