/*
 * Checks the guarantees of cli/cli.h and cli/args.h in-process: the table of commands, key files,
 * the registry, rules, and sending through a directory.
 */
#include "cli/cli.h"

#include "base/file.h"
#include "cli/pubfile.h"
#include "keys/keyfile.h"

#include "t.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARGV_MAX = 32, TEXT_MAX = 256 << 10, NOW = 1700000000 };

struct fixture {
    char dir[32];
    char before[512];
    char out[TEXT_MAX];
    char err[TEXT_MAX];
};

static uint64_t now_ms(void)
{
    return (uint64_t)NOW * 1000;
}

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){.dir = "/tmp/cli-XXXXXX"};
    if (mkdtemp(f.dir) == NULL || getcwd(f.before, sizeof f.before) == NULL || chdir(f.dir) != 0)
        return -1;
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    char command[64];
    pid_t child = fork();
    if (child == 0) {
        snprintf(command, sizeof command, "%s", f->dir);
        execlp("rm", "rm", "-rf", command, (char *)NULL);
        _exit(1);
    }
    waitpid(child, NULL, 0);
    return chdir(f->before);
}

/* Run a command line given as words separated by blanks. */
static int run_in(struct fixture *f, int in, const char *line)
{
    static char words[8192];
    const char *argv[ARGV_MAX] = {"lianshu"};
    int argc = 1;
    char *rest = words;

    snprintf(words, sizeof words, "%s", line);
    for (char *word; (word = strsep(&rest, " ")) != NULL;) {
        assert_true(argc < ARGV_MAX);
        if (word[0] != '\0')
            argv[argc++] = word;
    }
    memset(f->out, 0, sizeof f->out);
    memset(f->err, 0, sizeof f->err);
    struct cli_world world = {
        .in = in,
        .out = fmemopen(f->out, sizeof f->out - 1, "w"),
        .err = fmemopen(f->err, sizeof f->err - 1, "w"),
        .now_ms = now_ms,
        .kdf_memory = KEYFILE_MEMORY_MIN,
    };
    int code = cli_run(argc, argv, &world);
    fclose(world.out);
    fclose(world.err);
    return code;
}

static int run(struct fixture *f, const char *line)
{
    return run_in(f, -1, line);
}

static void must(struct fixture *f, const char *line)
{
    int code = run(f, line);
    if (code != CLI_DONE)
        fail_msg("%s: %d %s", line, code, f->err);
}

static void write_text(const char *path, const char *text)
{
    FILE *to = fopen(path, "w");
    assert_non_null(to);
    assert_true(fputs(text, to) >= 0);
    assert_int_equal(fclose(to), 0);
}

/* ---- the table ---- */

static void wrong_arguments_are_one_line_with_code_and_place(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *line;
        const char *says;
    } rows[] = {
        {"", "a command is missing"},
        {"frobnicate", "unknown command"},
        {"key", "a subcommand is missing"},
        {"key frobnicate", "unknown subcommand"},
        {"key passphrase", "FILE is missing"},
        {"key passphrase a b", "argument 4 is one too many"},
        {"key generate", "--member MEMBER is missing"},
        {"key generate --member", "--member needs a value"},
        {"key generate --member= --use hub", "--member is empty"},
        {"key generate --colour blue", "unknown option"},
        {"key generate -x", "unknown option"},
        {"key generate --member a --member b", "given twice"},
        {"key show f --json=yes", "--json takes no value"},
        {"key generate --member hub.445100 --use king --out k --passphrase-file p", "--use"},
        {"key generate --member hub.445100 --use hub --out k --passphrase-file p --days 0",
         "--days"},
        {"key generate --member hub.445100 --use hub --out k --passphrase-file p --days 1e3",
         "--days"},
        {"key generate --member hub.445100 --use hub --out k --passphrase-file p --adapter a/b",
         "--adapter"},
        {"key generate --member hub.445100 --use hub --out k --passphrase-file p --seal-from x",
         "--seal-from"},
        {"registry show r", "--anchor ANCHOR.yaml is missing"},
        {"registry build --realm demo", "--root KEY is missing"},
        {"send x.json", "--spool"},
        {"send x.json --spool a --adapter b", "--spool"},
        {"send x.json --spool a --timeout 0", "--timeout"},
        {"send .hidden --spool a", "no leading dot"},
        {"status", "--control"},
        {"status --control s now", "argument 4 is one too many"},
        {"trace --control s", "ENVELOPE_ID is missing"},
        {"trace 0g0g0g0g --control s", "hexadecimal"},
        {"trace ABABABAB --control s", "hexadecimal"},
        {"trace abcdefab --control s", "64"},
        {"trace 00112233445566778899aabbccddeeff00 --control s", "64"},
        {"order show abcde --control s", "first 6"},
        {"order show 00112233445566778899aabbccddeeff00 --control s", "32"},
        {"explain 00112233445566778899aabbccddeeff00 --control s", "64"},
        {"explain xyz --control s", "ID"},
        {"order show --control s", "ORDER_ID is missing"},
        {"obligation list --order x --control s", "hexadecimal"},
        {"obligation list --state Open! --control s", "--state"},
        {"rule check", "DIR is missing"},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu: lianshu %s\n", i, rows[i].line);
        assert_int_equal(run(f, rows[i].line), CLI_USAGE);
        assert_string_equal(f->out, "");
        assert_memory_equal(f->err, "E001 ", 5);
        assert_non_null(strstr(f->err, rows[i].says));
        assert_ptr_equal(strchr(f->err, '\n'), f->err + strlen(f->err) - 1);
    }
}

static void identifiers_on_the_command_line_are_refused_and_not_repeated(void **state)
{
    struct fixture *f = *state;
    static const char *const LINES[] = {
        "restriction list 91445100MA4W0000XX --control s",
        "restriction list enterprise:91445100MA4W0000XX --control s",
        "restriction list - 91445100MA4W0000XX --control s",
        "restriction list --subject 91445100MA4W0000XX --control s",
        "order show 91445100MA4W0000XX --control s",
        "91445100MA4W0000XX",
        "status --91445100MA4W0000XX",
        "obligation list --state 91445100MA4W0000XX --control s",
    };
    for (size_t i = 0; i < T_COUNT(LINES); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(run(f, LINES[i]), CLI_USAGE);
        assert_null(strstr(f->err, "91445100MA4W0000XX"));
        assert_string_equal(f->out, "");
    }
}

static void every_command_explains_itself_in_both_languages(void **state)
{
    struct fixture *f = *state;
    must(f, "--help");
    for (const struct args_command *c = cli_commands(); c->group != NULL; c++)
        assert_non_null(strstr(f->out, c->zh));
    for (const struct args_command *c = cli_commands(); c->group != NULL; c++) {
        char line[64];
        snprintf(line, sizeof line, "%s %s --help", c->group, c->verb == NULL ? "" : c->verb);
        must(f, line);
        assert_non_null(strstr(f->out, c->zh));
        assert_non_null(strstr(f->out, c->en));
        assert_true(strlen(c->en) > 0 && c->run != NULL);
        for (const struct args_option *o = c->options; o->name != NULL; o++) {
            assert_non_null(strstr(f->out, o->zh));
            assert_non_null(strstr(f->out, o->en));
        }
    }
    must(f, "--version");
    assert_memory_equal(f->out, "lianshu ", 8);
    must(f, "key --help");
}

static void with_json_a_refusal_is_one_object(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(run(f, "key show none.pub --json"), CLI_REFUSED);
    assert_memory_equal(f->out, "{\"error\":{\"code\":\"E002\"", 23);
    assert_string_equal(f->err, "");
    assert_int_equal(run(f, "key frobnicate --json"), CLI_USAGE);
    assert_non_null(strstr(f->out, "E001"));
}

/* ---- keys ---- */

static void key_files_are_private_and_never_replaced(void **state)
{
    struct fixture *f = *state;
    static const char *const MADE[] = {"p", "k"};
    struct stat st;
    must(f, "key passphrase p");
    must(f, "key generate --member market.445100 --use adapter --adapter a1 --out k "
            "--passphrase-file p");
    for (size_t i = 0; i < T_COUNT(MADE); i++) {
        assert_int_equal(stat(MADE[i], &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
    assert_int_equal(run(f, "key passphrase p"), CLI_REFUSED);
    assert_memory_equal(f->err, "E026", 4);
    assert_int_equal(
        run(f, "key generate --member market.445100 --use adapter --out k --passphrase-file p"),
        CLI_REFUSED);
    assert_memory_equal(f->err, "E026", 4);
    assert_int_equal(unlink("k.pub"), 0);
    assert_int_equal(
        run(f, "key generate --member market.445100 --use adapter --out k --passphrase-file p"),
        CLI_REFUSED);
    assert_memory_equal(f->err, "E026", 4);
}

static void each_use_has_its_keys_and_symmetric_ones_stay_inside(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *use;
        const char *member;
        const char *public[4];
    } rows[] = {
        {"adapter", "market.445100", {"sign", "seal", "transport"}},
        {"hub", "hub.445100", {"sign", "seal", "transport"}},
        {"signer", "hub.445100", {"log"}},
        {"official", "hub.445100", {"official"}},
        {"root", "root.000000", {"root"}},
        {"registrar", "registrar.445100", {"registrar"}},
    };
    must(f, "key passphrase p");
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char line[256];
        char pub_path[64];
        struct pubfile pub;
        snprintf(line, sizeof line,
                 "key generate --member %s --use %s --out %s.key --passphrase-file p",
                 rows[i].member, rows[i].use, rows[i].use);
        must(f, line);
        snprintf(pub_path, sizeof pub_path, "%s.key.pub", rows[i].use);
        assert_int_equal(pubfile_read(&pub, pub_path, NULL), OK);
        assert_string_equal(pub.member, rows[i].member);
        assert_string_equal(pub.use, rows[i].use);
        size_t k = 0;
        for (; k < 4 && rows[i].public[k] != NULL; k++) {
            assert_string_equal(key_use_name(pub.key[k].use), rows[i].public[k]);
            assert_int_equal(pub.key[k].valid_from_ms, now_ms());
            assert_true(pub.key[k].valid_until_ms > now_ms());
        }
        assert_int_equal(pub.key_count, k);
    }
    must(f, "key generate --member hub.445100 --use storage --out s.key --passphrase-file p");
    assert_int_not_equal(access("s.key.pub", F_OK), 0);
    must(f, "key show hub.key.pub --json");
    assert_non_null(strstr(f->out, "\"use\":\"transport\""));
    must(f, "key show hub.key.pub");
}

static void adapters_of_one_member_can_share_the_encryption_key(void **state)
{
    struct fixture *f = *state;
    struct pubfile first;
    struct pubfile second;
    must(f, "key passphrase p");
    must(f, "key generate --member market.445100 --use adapter --out a --passphrase-file p");
    must(f, "key generate --member market.445100 --use adapter --out b --passphrase-file p "
            "--seal-from a");
    assert_int_equal(pubfile_read(&first, "a.pub", NULL), OK);
    assert_int_equal(pubfile_read(&second, "b.pub", NULL), OK);
    for (size_t i = 0; i < first.key_count; i++) {
        bool same = memcmp(first.key[i].public_key, second.key[i].public_key, KEY_PUBLIC_LEN) == 0;
        assert_true(same == (first.key[i].use == KEY_USE_SEAL));
    }
}

static void a_wrong_passphrase_or_loose_file_is_refused(void **state)
{
    struct fixture *f = *state;
    must(f, "key passphrase p");
    must(f, "key passphrase q");
    must(f, "key generate --member market.445100 --use adapter --out a --passphrase-file p");
    assert_int_equal(run(f, "key generate --member market.445100 --use adapter --out b "
                            "--passphrase-file q --seal-from a"),
                     CLI_REFUSED);
    assert_memory_equal(f->err, "E028", 4);
    assert_int_not_equal(access("b", F_OK), 0);
    assert_int_equal(chmod("p", 0644), 0);
    assert_int_equal(run(f, "key generate --member market.445100 --use adapter --out b "
                            "--passphrase-file p"),
                     CLI_REFUSED);
    assert_memory_equal(f->err, "E003", 4);
}

static void a_file_of_public_keys_is_read_strictly(void **state)
{
    struct fixture *f = *state;
    static const char HEAD[] = "member: market.445100\nuse: adapter\nkeys:\n";
    static const char ZERO[] = "0000000000000000000000000000000000000000000000000000000000000000";
    char text[1024];
    static const struct {
        const char *format; /* %s: 64 zeros */
        const char *code;
    } rows[] = {
        {"member: market.445100\nuse: adapter\nkeys: []\n", "E011"},
        {"member: market\nuse: adapter\nkeys: []\n", "E015"},
        {"member: market.445100\nuse: adapter\ncolour: x\nkeys: []\n", "E009"},
        {"HEAD  - {use: sign, public: \"%s\", valid_from_ms: 1, valid_until_ms: 2}\n", "E"},
        {"HEAD  - {use: sign, public: \"00\", valid_from_ms: 1, valid_until_ms: 2}\n", "E011"},
        {"HEAD  - {use: storage, public: \"%s\", valid_from_ms: 1, valid_until_ms: 2}\n", "E011"},
        {"HEAD  - {use: king, public: \"%s\", valid_from_ms: 1, valid_until_ms: 2}\n", "E011"},
        {"HEAD  - {use: sign, public: \"%s\", valid_from_ms: 1}\n", "E010"},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        const char *format = rows[i].format;
        size_t at = 0;
        bool with_head = strncmp(format, "HEAD", 4) == 0;
        print_message("row %zu\n", i);
        if (with_head)
            at = (size_t)snprintf(text, sizeof text, "%s", HEAD);
        format += with_head ? 4 : 0;
        const char *zero = strstr(format, "%s");
        if (zero != NULL)
            snprintf(text + at, sizeof text - at, "%.*s%s%s", (int)(zero - format), format, ZERO,
                     zero + 2);
        else
            snprintf(text + at, sizeof text - at, "%s", format);
        write_text("x.pub", text);
        assert_int_equal(run(f, "key show x.pub"), CLI_REFUSED);
        assert_memory_equal(f->err, rows[i].code, strlen(rows[i].code));
        assert_non_null(strstr(f->err, "x.pub:"));
    }
}

/* ---- registry ---- */

#define BUILD                                                                                      \
    "registry build --realm demo --root root.key --registrar reg.key --passphrase-file p "         \
    "--members members.yaml --anchor-out anchor.yaml --out registry.lsg"

static const char MEMBERS[] =
    "members:\n"
    "  - member: hub.445100\n"
    "    name_zh: 潮州市联枢\n"
    "    name_en: Hub of Chaozhou\n"
    "    keys: [hub.key.pub, signer.key.pub]\n"
    "    grants:\n"
    "      - {types: [sanction.notice], direction: send, departments: [all], region: \"445100\"}\n"
    "  - member: market.445100\n"
    "    name_zh: 潮州市市场监督管理局\n"
    "    name_en: Market regulation of Chaozhou\n"
    "    keys: [market.key.pub]\n"
    "    grants:\n"
    "      - {types: [sanction.order], direction: send, departments: [hub, health], region: "
    "\"445100\"}\n"
    "      - {types: [sanction.notice], direction: receive, departments: [hub], region: "
    "\"445100\"}\n";

static void make_keys(struct fixture *f)
{
    must(f, "key passphrase p");
    must(f, "key generate --member root.000000 --use root --out root.key --passphrase-file p");
    must(
        f,
        "key generate --member registrar.445100 --use registrar --out reg.key --passphrase-file p");
    must(f, "key generate --member hub.445100 --use hub --out hub.key --passphrase-file p");
    must(f, "key generate --member hub.445100 --use signer --out signer.key --passphrase-file p");
    must(f,
         "key generate --member market.445100 --use adapter --out market.key --passphrase-file p");
    write_text("members.yaml", MEMBERS);
}

static void a_registry_is_built_shown_listed_and_checked(void **state)
{
    struct fixture *f = *state;
    make_keys(f);
    must(f, BUILD " --version 3");
    must(f, "registry show registry.lsg --anchor anchor.yaml --json");
    assert_non_null(strstr(f->out, "\"version\":3"));
    assert_non_null(strstr(f->out, "\"members\":2"));
    must(f, "registry show registry.lsg --anchor anchor.yaml");
    must(f, "registry list registry.lsg --anchor anchor.yaml");
    assert_non_null(strstr(f->out, "潮州市市场监督管理局"));
    must(f, "registry list registry.lsg --anchor anchor.yaml --json");
    assert_non_null(strstr(f->out, "\"types\":[\"sanction.notice\"]"));
    must(f, "registry check registry.lsg --anchor anchor.yaml --json");
    assert_non_null(strstr(f->out, "\"keys_not_valid\":0"));

    assert_int_equal(run(f, BUILD), CLI_REFUSED); /* no silent replacing */
    assert_memory_equal(f->err, "E026", 4);
    must(f, BUILD " --replace --version 4");
}

static void a_changed_registry_or_another_anchor_is_refused(void **state)
{
    struct fixture *f = *state;
    make_keys(f);
    must(f, BUILD);
    int fd = open("registry.lsg", O_RDWR | O_CLOEXEC);
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    uint8_t byte;
    assert_int_equal(pread(fd, &byte, 1, st.st_size - 20), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, st.st_size - 20), 1);
    close(fd);
    assert_int_equal(run(f, "registry check registry.lsg --anchor anchor.yaml"), CLI_REFUSED);
    assert_memory_equal(f->err, "E410", 4);

    assert_int_equal(unlink("registry.lsg"), 0);
    assert_int_equal(rename("anchor.yaml", "old.yaml"), 0);
    must(f, "key generate --member root.000000 --use root --out root2.key --passphrase-file p");
    assert_int_equal(rename("root2.key", "root.key"), 0);
    must(f, BUILD);
    assert_int_equal(run(f, "registry check registry.lsg --anchor old.yaml"), CLI_REFUSED);
}

/* One row per way to be wrong: a text of MEMBERS, what stands there instead, and the line. */
static void every_wrong_line_of_members_is_named(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *from;
        const char *to;
        const char *says;
    } rows[] = {
        {"member: market.445100", "member: market", "E015 members.yaml:8"},
        {"member: market.445100", "member: kings.445100", "members.yaml:8"},
        {"[market.key.pub]", "[hub.key.pub]", "belongs to hub.445100"},
        {"[market.key.pub]", "[none.pub]", "E002"},
        {"[market.key.pub]", "[root.key.pub]", "members.yaml:11"},
        {"[market.key.pub]", "market.key.pub", "members.yaml:11"},
        {"types: [sanction.order]", "types: [sanction.ordre]", "E017 members.yaml:13"},
        {"types: [sanction.order]", "types: []", "members.yaml:13"},
        {"direction: receive", "direction: up", "members.yaml:14"},
        {"departments: [hub, health]", "departments: [hub, kings]", "members.yaml:13"},
        {"departments: [hub, health]", "departments: []", "members.yaml:13"},
        {"departments: [hub], region: \"445100\"", "departments: [hub], region: \"4451\"",
         "E016 members.yaml:14"},
        {"    name_en: Hub", "    name_fr: Hub", "E009 members.yaml:4"},
        {"    name_en: Hub of Chaozhou\n", "", "E010 members.yaml"},
        {"members:\n", "people:\n", "E009 members.yaml:1"},
    };
    make_keys(f);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char text[sizeof MEMBERS + 64];
        const char *at = strstr(MEMBERS, rows[i].from);
        print_message("row %zu: %s\n", i, rows[i].to);
        assert_non_null(at);
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - MEMBERS), MEMBERS, rows[i].to,
                 at + strlen(rows[i].from));
        write_text("members.yaml", text);
        assert_int_equal(run(f, BUILD), CLI_REFUSED);
        print_message("    %s", f->err);
        assert_non_null(strstr(f->err, rows[i].says));
        assert_int_not_equal(access("registry.lsg", F_OK), 0);
        assert_int_not_equal(access("anchor.yaml", F_OK), 0);
    }
}

/* One row may name every type that an envelope carries, and none that travels in files. */
static void all_types_fit_into_one_grant(void **state)
{
    struct fixture *f = *state;
    char text[sizeof MEMBERS + 64];
    const char *from = "[sanction.order], direction: send";
    const char *at = strstr(MEMBERS, from);
    make_keys(f);
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s[all], direction: both%s", (int)(at - MEMBERS), MEMBERS,
             at + strlen(from));
    write_text("members.yaml", text);
    must(f, BUILD);
    must(f, "registry list registry.lsg --anchor anchor.yaml --json");
    assert_non_null(strstr(f->out, "\"risk.alert\""));
    assert_non_null(strstr(f->out, "\"hub.notice\""));
    assert_null(strstr(f->out, "\"manifest\""));
    assert_null(strstr(f->out, "\"official.act\""));
}

static void keys_of_the_wrong_kind_build_no_registry(void **state)
{
    struct fixture *f = *state;
    make_keys(f);
    assert_int_equal(run(f, "registry build --realm demo --root reg.key --registrar reg.key "
                            "--passphrase-file p --members members.yaml --anchor-out a --out r"),
                     CLI_REFUSED);
    assert_memory_equal(f->err, "E408", 4);
    assert_int_equal(run(f, "registry build --realm demo --root root.key --registrar hub.key "
                            "--passphrase-file p --members members.yaml --anchor-out a --out r"),
                     CLI_REFUSED);
    assert_memory_equal(f->err, "E408", 4);
    assert_int_equal(
        run(f, "registry build --realm a-realm-that-is-too-long --root root.key --registrar "
               "reg.key --passphrase-file p --members members.yaml --anchor-out a --out r"),
        CLI_USAGE);
}

static void a_rule_set_is_checked_or_its_faults_are_named(void **state)
{
    struct fixture *f = *state;
    char line[600];
    snprintf(line, sizeof line, "rule check %s/hub/policy/rules --json", f->before);
    must(f, line);
    assert_non_null(strstr(f->out, "\"sha256\""));
    assert_non_null(strstr(f->out, "\"complete\":true"));
    for (unsigned i = 1; i <= 29; i++) {
        char id[16];
        snprintf(id, sizeof id, "\"id\":\"R%02u\"", i);
        assert_non_null(strstr(f->out, id));
    }
    snprintf(line, sizeof line, "rule check %s/hub/policy/rules", f->before);
    must(f, line);
    assert_non_null(strstr(f->out, "有效且完整"));
    assert_int_equal(run(f, "rule check none"), CLI_REFUSED);
    assert_int_equal(mkdir("empty", 0700), 0);
    assert_int_equal(run(f, "rule check empty"), CLI_REFUSED);
}

#define ORDER_FILE                                                                                 \
    "{\"member\":\"market.445100\",\"basis\":[\"DL116\"],\"order\":{\"subject\":{\"kind\":"        \
    "\"enterprise\",\"id\":\"91445100DEMA00013Q\",\"region\":\"445102\"},\"persons\":[{\"role\":"  \
    "\"legal_representative\",\"id\":\"440524188001010014\",\"responsible\":true}],\"order_id\":"  \
    "\"a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1\",\"version\":1,\"list\":\"serious_dishonesty\","          \
    "\"trigger\":\"DL116_118\",\"severity\":\"serious\",\"decision_body\":\"b\",\"decision_"       \
    "number\":"                                                                                    \
    "\"%s\",\"decision_date\":\"2023-04-20\",\"start_date\":\"2023-04-20\",\"prior_notice_date\":" \
    "\"2023-04-01\",\"consent_number\":\"7\",\"remedy\":\"r\"}}"

static void an_order_is_tried_without_a_hub(void **state)
{
    struct fixture *f = *state;
    char line[1400];
    char text[1200];
    snprintf(text, sizeof text, ORDER_FILE, "1");
    write_text("order.json", text);
    snprintf(line, sizeof line,
             "rule try --order order.json --rules %s/hub/policy/rules --calendar "
             "%s/schemas/data/calendar.csv --json",
             f->before, f->before);
    must(f, line);
    assert_non_null(strstr(f->out, "\"rule\":\"R01\""));
    assert_non_null(strstr(f->out, "\"code\":0"));
    assert_non_null(strstr(f->out, "\"gate\":\"G03\""));
    assert_null(strstr(f->out, "91445100")); /* no identifier in it */
    snprintf(text, sizeof text, ORDER_FILE, "");
    write_text("order.json", text);
    must(f, line);
    assert_non_null(strstr(f->out, "\"why\":\"decision_number\""));
    assert_int_equal(run(f, "rule try --order order.json"), CLI_USAGE);
    write_text("order.json", "{\"member\":\"market.445100\"}");
    assert_int_equal(run(f, line), CLI_REFUSED);
}

static void officials_sign_a_rule_set_once_each(void **state)
{
    static const char *const files[] = {"bases", "cases", "clocks",   "credit",
                                        "gates", "lists", "measures", "rules"};
    struct fixture *f = *state;
    char path[600];
    assert_int_equal(mkdir("set", 0700), 0);
    for (size_t i = 0; i < T_COUNT(files); i++) {
        uint8_t *text = NULL;
        size_t len = 0;
        snprintf(path, sizeof path, "%s/hub/policy/rules/%s.yaml", f->before, files[i]);
        assert_int_equal(file_read(path, 1 << 20, 0, &text, &len, NULL), OK);
        snprintf(path, sizeof path, "set/%s.yaml", files[i]);
        assert_int_equal(file_write(path, span_of(text, len), 0644, 0, NULL), OK);
        free(text);
    }
    must(f, "key passphrase op");
    must(f, "key generate --member hub.445100 --use official --out o1.key --passphrase-file op");
    must(f, "key generate --member market.445100 --adapter a1 --use adapter --out m.key "
            "--passphrase-file op");
    assert_int_equal(run(f, "rule sign set --key m.key --passphrase-file op --realm demo"),
                     CLI_REFUSED);
    must(f, "rule sign set --key o1.key --passphrase-file op --realm demo");
    assert_non_null(strstr(f->out, "已签 1 人"));
    assert_int_equal(run(f, "rule sign set --key o1.key --passphrase-file op --realm demo"),
                     CLI_REFUSED);
    assert_memory_equal(f->err, "E026", 4);
    assert_int_equal(run(f, "rule sign set --key o1.key --passphrase-file op --realm a/b"),
                     CLI_USAGE);
}

/* ---- sending ---- */

#define DIGEST "4776ed50"

static void make_site(void)
{
    assert_int_equal(mkdir("site", 0700), 0);
    assert_int_equal(mkdir("site/source", 0700), 0);
    assert_int_equal(mkdir("site/done", 0700), 0);
    assert_int_equal(mkdir("site/refused", 0700), 0);
    write_text("order.json", "{\"type\":\"sanction.order\"}");
}

/* An adapter that takes one file `order.json`, moves it to `to` and writes the answer beside. */
static pid_t adapter(const char *to, const char *answer_path, const char *answer)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    char events[4096];
    int fd = inotify_init1(IN_CLOEXEC);
    if (fd < 0 || inotify_add_watch(fd, "site/source", IN_MOVED_TO) < 0)
        _exit(1);
    while (access("site/source/order.json", F_OK) != 0) {
        if (read(fd, events, sizeof events) < 0)
            _exit(1);
    }
    if (rename("site/source/order.json", to) != 0)
        _exit(1);
    FILE *f = fopen("site/answer", "w");
    if (f == NULL || fputs(answer, f) < 0 || fclose(f) != 0 ||
        rename("site/answer", answer_path) != 0)
        _exit(1);
    _exit(0);
}

static void join_adapter(pid_t child)
{
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void an_accepted_document_ends_with_its_envelope(void **state)
{
    struct fixture *f = *state;
    make_site();
    write_text("evidence.pdf", "evidence");
    pid_t child = adapter("site/done/order.json", "site/done/order.json.receipt.json",
                          "{\"file\":\"order.json\",\"messages\":[{\"row\":1,\"envelope\":\"abcd\","
                          "\"state\":\"accepted\"}]}");
    must(f, "send order.json --spool site --attach evidence.pdf --timeout 20");
    join_adapter(child);
    assert_non_null(strstr(f->out, "accepted abcd"));
    assert_int_equal(access("site/source/evidence.pdf", F_OK), 0);
    assert_int_equal(access("order.json", F_OK), 0); /* copied, not taken away */
}

static void a_refused_document_ends_with_the_reason(void **state)
{
    struct fixture *f = *state;
    make_site();
    pid_t child =
        adapter("site/refused/order.json", "site/refused/order.json.reason.json",
                "{\"file\":\"order.json\",\"code\":\"E014\",\"problems\":[{\"code\":\"E014\","
                "\"field\":\"subject.id\",\"line\":7,\"detail\":\"check digit\"}]}");
    assert_int_equal(run(f, "send order.json --spool site --timeout 20"), CLI_REFUSED);
    join_adapter(child);
    assert_memory_equal(f->err, "E014 ", 5);
    assert_non_null(strstr(f->err, "order.json.reason.json:7"));
    assert_non_null(strstr(f->err, "subject.id: check digit"));
}

static void an_older_file_of_the_same_name_is_not_mistaken_for_ours(void **state)
{
    struct fixture *f = *state;
    make_site();
    write_text("site/done/order.json", "another document");
    write_text("site/done/order.json.receipt.json",
               "{\"messages\":[{\"envelope\":\"0000\",\"state\":\"accepted\"}]}");
    write_text("site/refused/order.json", "a third one");
    write_text("site/refused/order.json.reason.json", "{\"code\":\"E014\"}");
    /* SHA-256 of the name, a zero byte and the content begins with these digits. */
    pid_t child =
        adapter("site/done/order." DIGEST ".json", "site/done/order." DIGEST ".json.receipt.json",
                "{\"messages\":[{\"envelope\":\"abcd\",\"state\":\"final\"}]}");
    must(f, "send order.json --spool site --timeout 20");
    join_adapter(child);
    assert_non_null(strstr(f->out, "final abcd"));

    /* The same file again is a repeat: the receipt that is there already counts. */
    child = adapter("site/done/order." DIGEST ".json", "site/done/ignored", "{}");
    must(f, "send order.json --spool site --timeout 20");
    join_adapter(child);
}

static void a_gates_refusal_names_measure_and_basis(void **state)
{
    struct fixture *f = *state;
    make_site();
    pid_t child = adapter("site/refused/order.json", "site/refused/order.json.reason.json",
                          "{\"file\":\"order.json\",\"code\":\"E660\",\"problems\":[],\"grounds\":"
                          "[{\"measure\":\"M03\",\"basis\":\"DL118\"}]}");
    assert_int_equal(run(f, "send order.json --spool site --timeout 20"), CLI_REFUSED);
    join_adapter(child);
    assert_memory_equal(f->err, "E660 ", 5);
    assert_non_null(strstr(f->err, "measure M03 basis DL118"));
}

static void what_cannot_be_sent_is_told_and_leaves_nothing_behind(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *line;
        const char *code;
    } rows[] = {
        {"send none.json --spool site", "E002"},
        {"send order.json --spool nowhere", "E002"},
        {"send site --spool site", "E003"},
        {"send order.json --spool site --attach none.pdf", "E002"},
        {"send order.json --adapter none.yaml", "E002"},
    };
    make_site();
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu: %s\n", i, rows[i].line);
        assert_int_equal(run(f, rows[i].line), CLI_REFUSED);
        assert_memory_equal(f->err, rows[i].code, 4);
        assert_int_not_equal(access("site/source/order.json", F_OK), 0);
        assert_int_not_equal(access("site/source/.order.json.tmp", F_OK), 0);
    }
    write_text("site/source/order.json", "waiting");
    assert_int_equal(run(f, "send order.json --spool site"), CLI_REFUSED);
    assert_memory_equal(f->err, "E026", 4);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(wrong_arguments_are_one_line_with_code_and_place),
        CASE(identifiers_on_the_command_line_are_refused_and_not_repeated),
        CASE(every_command_explains_itself_in_both_languages),
        CASE(with_json_a_refusal_is_one_object),
        CASE(key_files_are_private_and_never_replaced),
        CASE(each_use_has_its_keys_and_symmetric_ones_stay_inside),
        CASE(adapters_of_one_member_can_share_the_encryption_key),
        CASE(a_wrong_passphrase_or_loose_file_is_refused),
        CASE(a_file_of_public_keys_is_read_strictly),
        CASE(a_registry_is_built_shown_listed_and_checked),
        CASE(a_changed_registry_or_another_anchor_is_refused),
        CASE(every_wrong_line_of_members_is_named),
        CASE(all_types_fit_into_one_grant),
        CASE(keys_of_the_wrong_kind_build_no_registry),
        CASE(a_rule_set_is_checked_or_its_faults_are_named),
        CASE(an_order_is_tried_without_a_hub),
        CASE(officials_sign_a_rule_set_once_each),
        CASE(an_accepted_document_ends_with_its_envelope),
        CASE(a_refused_document_ends_with_the_reason),
        CASE(an_older_file_of_the_same_name_is_not_mistaken_for_ours),
        CASE(a_gates_refusal_names_measure_and_basis),
        CASE(what_cannot_be_sent_is_told_and_leaves_nothing_behind),
    };
    return cmocka_run_group_tests_name("cli", tests, NULL, NULL);
}
