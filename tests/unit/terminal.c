#include "terminal.h"

#include "base/file.h"
#include "json.h"
#include "keys/keyfile.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 8192, FILE_MAX = 1 << 20 };

static struct terminal desk; /* one at a time; the clock of cli_world takes no argument */

static uint64_t now_ms(void)
{
    return desk.now_ms;
}

int terminal_open(void **state)
{
    desk = (struct terminal){.now_ms = TERMINAL_NOW_MS};
    folder_make(desk.dir, "cli");
    if (getcwd(desk.before, sizeof desk.before) == NULL || chdir(desk.dir) != 0)
        return -1;
    *state = &desk;
    return 0;
}

int terminal_close(void **state)
{
    struct terminal *t = *state;
    if (t->hub > 0) {
        kill(t->hub, SIGKILL);
        waitpid(t->hub, NULL, 0);
    }
    folder_remove(t->dir);
    return chdir(t->before);
}

int split_words(char *line, const char *argv[static TERMINAL_WORDS_MAX])
{
    int argc = 0;
    for (char *word; (word = strsep(&line, " ")) != NULL;) {
        assert_true(argc < TERMINAL_WORDS_MAX);
        if (word[0] != '\0')
            argv[argc++] = word;
    }
    return argc;
}

static int run_in(struct terminal *t, int in, const char *line)
{
    static char words[LINE_MAX_BYTES];
    const char *argv[TERMINAL_WORDS_MAX];

    int wanted = snprintf(words, sizeof words, "lianshu %s", line);
    assert_true(wanted > 0 && wanted < (int)sizeof words);
    const int argc = split_words(words, argv);
    memset(t->out, 0, sizeof t->out);
    memset(t->err, 0, sizeof t->err);
    const struct cli_world world = {
        .in = in,
        .out = fmemopen(t->out, sizeof t->out - 1, "w"),
        .err = fmemopen(t->err, sizeof t->err - 1, "w"),
        .now_ms = now_ms,
        .kdf_memory = KEYFILE_MEMORY_MIN,
    };
    const int code = cli_run(argc, argv, &world);
    fclose(world.out);
    fclose(world.err);
    return code;
}

int run(struct terminal *t, const char *line)
{
    return run_in(t, -1, line);
}

int run_with(struct terminal *t, const char *input, const char *line)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], input, strlen(input)), (ssize_t)strlen(input));
    close(ends[1]);
    const int code = run_in(t, ends[0], line);
    close(ends[0]);
    return code;
}

void must(struct terminal *t, const char *line)
{
    int code = run(t, line);
    if (code != CLI_DONE)
        fail_msg("%s: %d %s%s", line, code, t->err, t->out);
}

void assert_told(const struct terminal *t, const char *label, const char *says)
{
    assert_string_equal(t->out, "");
    if (strncmp(t->err, label, strlen(label)) != 0 || strstr(t->err, says) == NULL)
        fail_msg("%s … %s: %s", label, says, t->err);
    assert_non_null(strstr(t->err, "。 / "));
    assert_null(strstr(t->err, FIRM));
    assert_ptr_equal(strchr(t->err, '\n'), t->err + strlen(t->err) - 1);
}

void refused(struct terminal *t, const char *line, int code, const char *label, const char *says)
{
    print_message("lianshu %s\n", line);
    assert_int_equal(run(t, line), code);
    assert_told(t, label, says);
}

void assert_says(const struct terminal *t, const char *text)
{
    if (strstr(t->out, text) == NULL)
        fail_msg("no %s in: %s", text, t->out);
}

void assert_labels(const struct terminal *t)
{
    size_t found = 0;
    for (const char *line = t->out; *line != '\0';) {
        const size_t len = strcspn(line, "\n");
        const char *colon = memchr(line, ':', len);
        const char *space = memchr(line, ' ', len);
        bool both = false;
        for (const char *c = line; colon != NULL && c < colon; c++)
            both = both || (unsigned char)*c > 0x7f;
        if (colon != NULL && !(both && space != NULL && space < colon))
            fail_msg("%.*s", (int)len, line);
        found += colon != NULL;
        line += len + (line[len] == '\n');
    }
    assert_true(found > 0);
}

void assert_json(const struct terminal *t)
{
    struct json *j = NULL;
    assert_string_equal(t->err, "");
    assert_ptr_equal(strchr(t->out, '\n'), t->out + strlen(t->out) - 1);
    assert_int_equal(json_parse(&j, span_str(t->out), "standard output", NULL), OK);
    assert_int_equal(json_kind(j), JSON_KIND_MAP);
    json_close(&j);
}

void write_text(const char *path, const char *text)
{
    assert_int_equal(file_write(path, span_str(text), 0600, 0, NULL), OK);
}

char *read_text(const char *path)
{
    uint8_t *text = NULL;
    size_t len;
    assert_int_equal(file_read(path, FILE_MAX, 0, &text, &len, NULL), OK);
    return (char *)text;
}

char *read_tree(const struct terminal *t, const char *path)
{
    char full[2 * TERMINAL_PATH_MAX];
    snprintf(full, sizeof full, "%s/%s", t->before, path);
    return read_text(full);
}

bool there_is(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

void copy_rules(const struct terminal *t, const char *file, const char *from, const char *to)
{
    static const char *const NAMES[] = {"bases", "cases", "clocks",   "credit",
                                        "gates", "lists", "measures", "rules"};
    (void)mkdir("set", 0700); /* of an earlier row: it is written over */
    for (size_t i = 0; i < T_COUNT(NAMES); i++) {
        char path[64];
        snprintf(path, sizeof path, "hub/policy/rules/%s.yaml", NAMES[i]);
        char *text = read_tree(t, path);
        char *at = strcmp(file, NAMES[i]) == 0 ? strstr(text, from) : NULL;
        assert_true(at != NULL || strcmp(file, NAMES[i]) != 0);
        snprintf(path, sizeof path, "set/%s.yaml", NAMES[i]);
        FILE *out = fopen(path, "w");
        assert_non_null(out);
        if (at != NULL)
            fprintf(out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
        else
            fputs(text, out);
        assert_int_equal(fclose(out), 0);
        free(text);
    }
}

void make_key(struct terminal *t, const char *name, const char *member, const char *use)
{
    char line[256];
    snprintf(line, sizeof line, "key passphrase %s.pass", name);
    must(t, line);
    snprintf(line, sizeof line,
             "key generate --member %s --use %s --out %s.key --passphrase-file %s.pass", member,
             use, name, name);
    must(t, line);
}

/* ---- an adapter's directory ---- */

void make_site(void)
{
    static const char *const FOLDERS[] = {"site", "site/source", "site/done", "site/refused"};
    for (size_t i = 0; i < T_COUNT(FOLDERS); i++)
        assert_int_equal(mkdir(FOLDERS[i], 0700), 0);
    write_text("order.json", "{\"type\":\"sanction.order\"}");
}

/* In the child, where an assertion of cmocka would run the parent's tests on. */
static bool play(const char *name, const char *to, const struct answer answers[ANSWERS_MAX])
{
    char from[128];
    char events[4096];
    int fd = inotify_init1(IN_CLOEXEC);
    if (fd < 0 || inotify_add_watch(fd, "site/source", IN_MOVED_TO) < 0)
        return false;
    snprintf(from, sizeof from, "site/source/%s", name);
    while (!there_is(from)) {
        if (read(fd, events, sizeof events) < 0)
            return false;
    }
    if (rename(from, to) != 0)
        return false;
    for (size_t i = 0; i < ANSWERS_MAX && answers[i].path != NULL; i++) {
        FILE *f = fopen("site/answer", "w");
        if (f == NULL || fputs(answers[i].text, f) < 0 || fclose(f) != 0 ||
            rename("site/answer", answers[i].path) != 0)
            return false;
    }
    return true;
}

pid_t adapter(const char *name, const char *to, const struct answer answers[ANSWERS_MAX])
{
    pid_t child = fork();
    if (child == 0)
        _exit(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && play(name, to, answers) ? 0 : 1);
    return child;
}

void join_adapter(pid_t child)
{
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}
