/* Checks the registry commands and cli/members.h in-process: built from members.yaml, believed by
 * the anchor alone. */
#include "unit/registry_desk.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void a_registry_is_built_shown_listed_and_checked(void **state)
{
    struct terminal *t = *state;
    make_keys(t);
    must(t, BUILD " --version 3 --json");
    assert_json(t);
    must(t, "registry show registry.lsg --anchor anchor.yaml --json");
    assert_json(t);
    assert_says(t, "\"version\":3");
    assert_says(t, "\"members\":2");
    must(t, "registry show registry.lsg --anchor anchor.yaml");
    assert_says(t, "版本 / version: 3");
    must(t, "registry list registry.lsg --anchor anchor.yaml");
    assert_says(t, "潮州市市场监督管理局");
    must(t, "registry list registry.lsg --anchor anchor.yaml --json");
    assert_json(t);
    assert_says(t, "\"types\":[\"sanction.notice\"]");
    must(t, "registry check registry.lsg --anchor anchor.yaml --json");
    assert_json(t);
    assert_says(t, "\"keys_not_valid\":0");

    assert_int_equal(run(t, BUILD), CLI_REFUSED); /* no silent replacing */
    assert_memory_equal(t->err, "E026", 4);
    must(t, BUILD " --replace --version 4");
}

static void a_changed_registry_or_another_anchor_is_refused(void **state)
{
    struct terminal *t = *state;
    make_keys(t);
    must(t, BUILD);
    int fd = open("registry.lsg", O_RDWR | O_CLOEXEC);
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    uint8_t byte;
    assert_int_equal(pread(fd, &byte, 1, st.st_size - 20), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, st.st_size - 20), 1);
    close(fd);
    assert_int_equal(run(t, "registry check registry.lsg --anchor anchor.yaml"), CLI_REFUSED);
    assert_memory_equal(t->err, "E410", 4);

    assert_int_equal(unlink("registry.lsg"), 0);
    assert_int_equal(rename("anchor.yaml", "old.yaml"), 0);
    must(t, "key generate --member root.000000 --use root --out root2.key --passphrase-file p");
    assert_int_equal(rename("root2.key", "root.key"), 0);
    must(t, BUILD);
    refused(t, "registry check registry.lsg --anchor old.yaml", CLI_REFUSED, "E410 registry.lsg",
            "");
}

/* One row per way to be wrong: a text of MEMBERS, what stands there instead, and the line. */
static void every_wrong_line_of_members_is_named(void **state)
{
    struct terminal *t = *state;
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
    make_keys(t);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char text[sizeof MEMBERS + 64];
        const char *at = strstr(MEMBERS, rows[i].from);
        print_message("row %zu: %s\n", i, rows[i].to);
        assert_non_null(at);
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - MEMBERS), MEMBERS, rows[i].to,
                 at + strlen(rows[i].from));
        write_text("members.yaml", text);
        assert_int_equal(run(t, BUILD), CLI_REFUSED);
        print_message("    %s", t->err);
        assert_non_null(strstr(t->err, rows[i].says));
        assert_false(there_is("registry.lsg"));
        assert_false(there_is("anchor.yaml"));
    }
}

/* One row may name every type that an envelope carries, and none that travels in files. */
static void all_types_fit_into_one_grant(void **state)
{
    struct terminal *t = *state;
    char text[sizeof MEMBERS + 64];
    const char *from = "[sanction.order], direction: send";
    const char *at = strstr(MEMBERS, from);
    make_keys(t);
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s[all], direction: both%s", (int)(at - MEMBERS), MEMBERS,
             at + strlen(from));
    write_text("members.yaml", text);
    must(t, BUILD);
    must(t, "registry list registry.lsg --anchor anchor.yaml --json");
    assert_json(t);
    assert_says(t, "\"risk.alert\"");
    assert_says(t, "\"hub.notice\"");
    assert_null(strstr(t->out, "\"manifest\""));
    assert_null(strstr(t->out, "\"official.act\""));
}

static void keys_of_the_wrong_kind_build_no_registry(void **state)
{
    struct terminal *t = *state;
    make_keys(t);
    assert_int_equal(
        run(t, "registry build --realm demo --root reg.key --registrar reg.key "
               "--passphrase-file p --unproven --members members.yaml --anchor-out a --out r"),
        CLI_REFUSED);
    assert_memory_equal(t->err, "E408", 4);
    assert_int_equal(
        run(t, "registry build --realm demo --root root.key --registrar hub.key "
               "--passphrase-file p --unproven --members members.yaml --anchor-out a --out r"),
        CLI_REFUSED);
    assert_memory_equal(t->err, "E408", 4);
    assert_int_equal(
        run(t,
            "registry build --realm a-realm-that-is-too-long --root root.key --registrar "
            "reg.key --passphrase-file p --unproven --members members.yaml --anchor-out a --out r"),
        CLI_USAGE);
}

static void a_proof_is_believed_by_the_anchor_alone(void **state)
{
    struct terminal *t = *state;
    make_keys(t);
    must(t, BUILD);
    must(t,
         "registry prove market.445100 --registry registry.lsg --anchor anchor.yaml --out m.lsp");
    must(t, "registry check m.lsp --anchor anchor.yaml");
    assert_says(t, "market.445100");
    must(t, "registry check m.lsp --anchor anchor.yaml --json");
    assert_json(t);
    refused(t,
            "registry prove police.445100 --registry registry.lsg --anchor anchor.yaml --out x.lsp",
            CLI_REFUSED, "E019", "");
    int fd = open("m.lsp", O_RDWR | O_CLOEXEC);
    uint8_t byte;
    assert_int_equal(pread(fd, &byte, 1, 700), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, 700), 1);
    close(fd);
    assert_int_equal(run(t, "registry check m.lsp --anchor anchor.yaml"), CLI_REFUSED);
}

static void what_ends_soon_is_said_and_refuses_nothing(void **state)
{
    struct terminal *t = *state;
    make_keys(t);
    must(t, BUILD " --valid-days 12");
    must(t, "registry check registry.lsg --anchor anchor.yaml");
    assert_says(t, "登记册 / registry：还有 12 天");
    must(t, "registry check registry.lsg --anchor anchor.yaml --json");
    assert_json(t);
    assert_says(t, "\"days_left\":12");
    assert_says(t, "\"what\":\"registrar.445100\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_registry_is_built_shown_listed_and_checked),
        CASE(a_changed_registry_or_another_anchor_is_refused),
        CASE(every_wrong_line_of_members_is_named),
        CASE(all_types_fit_into_one_grant),
        CASE(keys_of_the_wrong_kind_build_no_registry),
        CASE(a_proof_is_believed_by_the_anchor_alone),
        CASE(what_ends_soon_is_said_and_refuses_nothing),
    };
    return cmocka_run_group_tests_name("cli_registry", tests, NULL, NULL);
}
