/*
 * Checks that every command that takes a file refuses what is none, by code and by name: missing,
 * a directory, empty, binary rubbish, or far too large. Nothing is made on the way.
 */
#include "terminal.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define ID32  "00112233445566778899aabbccddeeff"
#define BUILD "registry build --realm demo --anchor-out made.yaml --out made.lsg"
#define ACT                                                                                        \
    "held release " ID32 " --for market.445100 --sender hub.445100 --realm demo --control none"

enum { HUGE_BYTES = 100 << 20 };

/* What stands at `there` in a command line, one after the other. */
static const char *const FILES[] = {"missing", "directory", "empty", "rubbish", "huge"};

static void make_files(void)
{
    static const char NOISE[] = "\x7f\xff\xfe{\x80rubbish\x01\xc0\xaf---\xf8\n";
    assert_int_equal(mkdir("directory", 0700), 0);
    write_text("empty", "");
    write_text("rubbish", NOISE);
    int fd = open("huge", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(ftruncate(fd, HUGE_BYTES), 0);
    close(fd);
    write_text("order.json", "{\"member\":\"market.445100\",\"order\":{}}");
    write_text("one.json", "{}");
}

/* A registry with its anchor, which the commands about files need beside them. */
static void make_realm(struct terminal *t)
{
    static const char *const KEYS[] = {
        "hub.445100 --use hub --out h.key", "hub.445100 --use official --out o.key",
        "root.000000 --use root --out r.key", "registrar.445100 --use registrar --out g.key"};
    must(t, "key passphrase pass");
    for (size_t i = 0; i < T_COUNT(KEYS); i++) {
        char line[128];
        snprintf(line, sizeof line, "key generate --passphrase-file pass --member %s", KEYS[i]);
        must(t, line);
    }
    write_text("members.yaml", "members:\n  - member: hub.445100\n    name_zh: 枢纽\n"
                               "    name_en: Hub\n    keys: [h.key.pub]\n");
    must(t, "registry build --realm demo --members members.yaml --root r.key --registrar g.key "
            "--passphrase-file pass --anchor-out anchor.yaml --out registry.lsg");
    copy_rules(t, "bases", "", "");
}

/* The file, or one beneath it, is what the refusal names. */
static void assert_names(const struct terminal *t, const char *file)
{
    char place[32];
    snprintf(place, sizeof place, " %s", file);
    if (strstr(t->err, place) == NULL)
        fail_msg("does not name %s: %s", file, t->err);
}

/* One row a command: `@` is where the file stands, and the codes in the order of FILES; NULL: that
 * one may do (any bytes are a passphrase, a directory may hold rules). */
static const struct {
    const char *line;
    const char *code[T_COUNT(FILES)];
} COMMANDS[] = {
    {"key show @", {"E002", "E011", "E010", "E013", "E027"}},
    {"key generate --member market.445100 --use adapter --out k --passphrase-file @",
     {"E002", "E003", "E028", NULL, "E028"}},
    {"key generate --member market.445100 --use adapter --out k --passphrase-file pass "
     "--seal-from @",
     {"E002", "E003", "E434", "E434", "E434"}},
    {"registry show @ --anchor anchor.yaml", {"E002", "E011", "E410", "E410", "E027"}},
    {"registry list @ --anchor anchor.yaml", {"E002", "E011", "E410", "E410", "E027"}},
    {"registry check @ --anchor anchor.yaml", {"E002", "E011", "E410", "E410", "E027"}},
    {"registry show registry.lsg --anchor @", {"E002", "E011", "E010", "E013", "E027"}},
    {BUILD " --members @ --root r.key --registrar g.key --passphrase-file pass",
     {"E002", "E011", "E010", "E013", "E027"}},
    {BUILD " --members members.yaml --root @ --registrar g.key --passphrase-file pass",
     {"E002", "E003", "E434", "E434", "E434"}},
    {BUILD " --members members.yaml --root r.key --registrar @ --passphrase-file pass",
     {"E002", "E003", "E434", "E434", "E434"}},
    {"send one.json --adapter @", {"E002", "E011", "E010", "E013", "E027"}},
    {"send one.json --spool @", {"E002", "E002", "E002", "E002", "E002"}},
    {"status --config @", {"E002", "E011", "E010", "E013", "E027"}},
    {"certificate save " ID32 " c.lsp --adapter @", {"E002", "E011", "E010", "E013", "E027"}},
    {"certificate save " ID32 " c.lsp --spool @", {"E002", "E002", "E002", "E002", "E002"}},
    {"certificate verify @ --anchor anchor.yaml", {"E002", "E011", "E201", "E201", "E027"}},
    {"certificate verify registry.lsg --anchor @", {"E002", "E011", "E010", "E013", "E027"}},
    {"act show @", {"E002", "E011", "E201", "E201", "E027"}},
    {"act sign @ --key o.key --passphrase-file pass", {"E002", "E011", "E201", "E201", "E027"}},
    {"act submit @ --control none", {"E002", "E011", "E201", "E201", "E027"}},
    {ACT " --key @ --passphrase-file pass", {"E002", "E003", "E434", "E434", "E434"}},
    {ACT " --key o.key --passphrase-file @", {"E002", "E003", "E028", NULL, "E028"}},
    {ACT " --key o.key --passphrase-file pass --out a.lsd --second @",
     {"E002", "E011", "E010", "E013", "E027"}},
    {"rule check @", {"E002", NULL, "E002", "E002", "E002"}},
    {"rule sign @ --key o.key --passphrase-file pass --realm demo",
     {"E002", NULL, "E002", "E002", "E002"}},
    {"rule sign set --key @ --passphrase-file pass --realm demo",
     {"E002", "E003", "E434", "E434", "E434"}},
    {"rule try --order @ --control none", {"E002", "E011", "E008", "E008", "E027"}},
};

static void what_is_no_such_file_is_refused_by_code_and_name(void **state)
{
    static const char *const MADE[] = {"k",     "k.pub", "made.yaml",    "made.lsg",
                                       "c.lsp", "a.lsd", "set/rules.sig"};
    struct terminal *t = *state;
    make_files();
    make_realm(t);
    for (size_t i = 0; i < T_COUNT(COMMANDS); i++) {
        const char *at = strchr(COMMANDS[i].line, '@');
        assert_non_null(at);
        for (size_t k = 0; k < T_COUNT(FILES); k++) {
            char line[512];
            snprintf(line, sizeof line, "%.*s%s%s", (int)(at - COMMANDS[i].line), COMMANDS[i].line,
                     FILES[k], at + 1);
            if (COMMANDS[i].code[k] == NULL)
                continue;
            refused(t, line, CLI_REFUSED, COMMANDS[i].code[k], FILES[k]);
            assert_names(t, FILES[k]);
        }
    }
    for (size_t i = 0; i < T_COUNT(MADE); i++)
        assert_false(there_is(MADE[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_is_no_such_file_is_refused_by_code_and_name),
    };
    return cmocka_run_group_tests_name("cli_files", tests, NULL, NULL);
}
