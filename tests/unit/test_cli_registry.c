/* Checks the registry commands and cli/members.h in-process: built from members.yaml, believed by
 * the anchor alone. */
#include "terminal.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUILD                                                                                      \
    "registry build --realm demo --root root.key --registrar reg.key --passphrase-file p "         \
    "--unproven --members members.yaml --anchor-out anchor.yaml --out registry.lsg"

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

static void make_keys(struct terminal *t)
{
    must(t, "key passphrase p");
    must(t, "key generate --member root.000000 --use root --out root.key --passphrase-file p");
    must(
        t,
        "key generate --member registrar.445100 --use registrar --out reg.key --passphrase-file p");
    must(t, "key generate --member hub.445100 --use hub --out hub.key --passphrase-file p");
    must(t, "key generate --member hub.445100 --use signer --out signer.key --passphrase-file p");
    must(t,
         "key generate --member market.445100 --use adapter --out market.key --passphrase-file p");
    write_text("members.yaml", MEMBERS);
}

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

/* ---- officials, one after the other ---- */

#define NEW_KEY(member, use, name)                                                                 \
    must(t, "key generate --member " member " --use " use " --out " name ".key --passphrase-file " \
            "p")

/* Three roots of which two must sign, three officials of whom two must. */
static void make_offices(struct terminal *t)
{
    make_keys(t);
    NEW_KEY("root.000000", "root", "r1");
    NEW_KEY("root.000000", "root", "r2");
    NEW_KEY("root.000000", "root", "r3");
    NEW_KEY("registrar.000000", "registrar", "o1");
    NEW_KEY("registrar.000000", "registrar", "o2");
    NEW_KEY("registrar.000000", "registrar", "o3");
    must(t, "root create --realm demo --root r1.key.pub --root r2.key.pub --root r3.key.pub "
            "--threshold 2 --out anchor.yaml --json");
    assert_json(t);
    assert_says(t, "\"threshold\":2");
}

/* What the last answer says behind "agree". */
static void take_code(const struct terminal *t, char out[static 9])
{
    static const char mark[] = "\"agree\":\"";
    const char *at = strstr(t->out, mark);
    assert_non_null(at);
    snprintf(out, 9, "%.8s", at + sizeof mark - 1);
}

/* Looks, then signs what was shown. */
static void look_and_sign(struct terminal *t, const char *file, const char *key, const char *before)
{
    char line[512];
    char code[9];
    char with[64] = "";
    if (before != NULL)
        snprintf(with, sizeof with, " --before %s", before);
    snprintf(line, sizeof line,
             "registry sign %s --anchor anchor.yaml --key %s --passphrase-file p%s --json", file,
             key, with);
    must(t, line);
    assert_json(t);
    take_code(t, code);
    snprintf(line, sizeof line,
             "registry sign %s --anchor anchor.yaml --key %s --passphrase-file p%s --agree %s "
             "--json",
             file, key, with, code);
    must(t, line);
    assert_json(t);
}

#define APPOINT                                                                                    \
    "registry delegate --anchor anchor.yaml --member registrar.000000 --official o1.key.pub "      \
    "--official o2.key.pub --official o3.key.pub --threshold 2 --key r1.key --passphrase-file p "  \
    "--with r3.key.pub --out registrar.lsd"
#define DRAFT                                                                                      \
    "registry draft --anchor anchor.yaml --registrar o1.key --passphrase-file p --with "           \
    "o3.key.pub --unproven --members members.yaml --out draft.lsg --appointment registrar.lsd"

#define REGISTRY                                                                                   \
    "registry build --anchor anchor.yaml --registrar o1.key --registrar o2.key --passphrase-file " \
    "p --unproven --members members.yaml "

/* C-12, K-04 */
static void the_least_suite_is_kept_and_who_was_replaced_makes_no_registry(void **state)
{
    struct terminal *t = *state;
    make_offices(t);
    must(t, APPOINT);
    look_and_sign(t, "registrar.lsd", "r3.key", NULL);
    must(t, REGISTRY "--appointment registrar.lsd --out v1.lsg --least-suite 1");
    must(t, "registry show v1.lsg --anchor anchor.yaml");
    assert_says(t, "最低套件 / least suite: 1");
    must(t, REGISTRY "--before v1.lsg --out v2.lsg");
    must(t, "registry show v2.lsg --anchor anchor.yaml --json");
    assert_says(t, "\"least_suite\":1");
    assert_says(t, "\"number\":1");
    /* another appointment under the number of the first, and the next one */
    must(t, APPOINT ".twice");
    look_and_sign(t, "registrar.lsd.twice", "r3.key", NULL);
    refused(t, REGISTRY "--before v2.lsg --appointment registrar.lsd.twice --out x.lsg",
            CLI_REFUSED, "E440", "");
    must(t, APPOINT ".next --registry v2.lsg");
    look_and_sign(t, "registrar.lsd.next", "r3.key", NULL);
    must(t, REGISTRY "--before v2.lsg --appointment registrar.lsd.next --out v3.lsg");
    must(t, "registry show v3.lsg --anchor anchor.yaml --json");
    assert_says(t, "\"number\":2");
    refused(t, REGISTRY "--before v3.lsg --appointment registrar.lsd --out x.lsg", CLI_REFUSED,
            "E433", "");
    refused(t, APPOINT ".old --registry v3.lsg --number 2", CLI_REFUSED, "E433", "");
}

static void two_roots_and_two_officials_make_a_registry_in_steps(void **state)
{
    struct terminal *t = *state;
    make_offices(t);
    must(t, APPOINT);
    refused(t, DRAFT, CLI_REFUSED, "E410", ""); /* one root has signed it */
    look_and_sign(t, "registrar.lsd", "r3.key", NULL);
    assert_says(t, "\"complete\":true");
    must(t, DRAFT);
    assert_says(t, "尚待 1 人签署");
    assert_says(t, "+ market.445100");
    refused(t, "registry check draft.lsg --anchor anchor.yaml", CLI_REFUSED, "E410", "");
    look_and_sign(t, "draft.lsg", "o3.key", NULL);
    assert_says(t, "\"complete\":true");
    must(t, "registry check draft.lsg --anchor anchor.yaml --json");
    assert_json(t);
    assert_says(t, "\"members\":2");
    assert_says(t, "\"days_left\":365");
    must(t, "registry show draft.lsg --anchor anchor.yaml");
    assert_says(t, "registrar.000000 ← root：3 人中 2 人签署");
    must(t, "registry show draft.lsg --anchor anchor.yaml --json");
    assert_json(t);
    assert_says(t, "\"threshold\":2");
}

static void nobody_signs_unread_twice_or_unasked(void **state)
{
    struct terminal *t = *state;
    make_offices(t);
    must(t, APPOINT);
    look_and_sign(t, "registrar.lsd", "r3.key", NULL);
    must(t, DRAFT);
    /* Looking signs nothing. */
    must(t, "registry sign draft.lsg --anchor anchor.yaml --key o3.key --passphrase-file p");
    assert_says(t, "--agree");
    refused(t, "registry check draft.lsg --anchor anchor.yaml", CLI_REFUSED, "E410", "");
    refused(t,
            "registry sign draft.lsg --anchor anchor.yaml --key o3.key --passphrase-file p --agree "
            "00000000",
            CLI_REFUSED, "E011", "--agree");
    refused(t, "registry check draft.lsg --anchor anchor.yaml", CLI_REFUSED, "E410", "");
    static const struct {
        const char *key;
        const char *want;
    } rows[] = {
        {"o1.key", "E026"},  /* has signed */
        {"o2.key", "E306"},  /* an official, but this draft does not name him */
        {"r1.key", "E306"},  /* a root is no official */
        {"hub.key", "E408"}, /* nor is a hub */
    };
    char code[9];
    must(t, "registry sign draft.lsg --anchor anchor.yaml --key o3.key --passphrase-file p --json");
    take_code(t, code);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char line[256];
        print_message("row %zu\n", i);
        snprintf(line, sizeof line,
                 "registry sign draft.lsg --anchor anchor.yaml --key %s --passphrase-file p "
                 "--agree %s",
                 rows[i].key, code);
        refused(t, line, CLI_REFUSED, rows[i].want, "");
    }
    /* Not enough are named: the draft could never become a registry. */
    refused(t,
            "registry build --anchor anchor.yaml --registrar o1.key --passphrase-file p --unproven "
            "--members members.yaml --out r.lsg --appointment registrar.lsd",
            CLI_REFUSED, "E410", "1 of 2");
    assert_false(there_is("r.lsg"));
}

static void who_signs_the_next_version_is_told_what_changes(void **state)
{
    struct terminal *t = *state;
    char text[sizeof MEMBERS + 64];
    make_offices(t);
    must(t, APPOINT);
    look_and_sign(t, "registrar.lsd", "r3.key", NULL);
    must(t, "registry build --anchor anchor.yaml --registrar o1.key --registrar o2.key "
            "--passphrase-file p --unproven --members members.yaml --out old.lsg --appointment "
            "registrar.lsd");
    /* The market gets another key and another grant; the hub is as it was. */
    NEW_KEY("market.445100", "adapter", "market2");
    const char *at = strstr(MEMBERS, "[market.key.pub]");
    snprintf(text, sizeof text, "%.*s[market2.key.pub]%s", (int)(at - MEMBERS), MEMBERS,
             at + strlen("[market.key.pub]"));
    write_text("members.yaml", text);
    must(t, "registry draft --anchor anchor.yaml --before old.lsg --registrar o1.key "
            "--passphrase-file p --with o2.key.pub --unproven --members members.yaml --out new.lsg "
            "--json");
    assert_json(t);
    assert_says(t, "\"version\":2");
    refused(t, "registry sign new.lsg --anchor anchor.yaml --key o2.key --passphrase-file p",
            CLI_USAGE, "E001", "");
    must(t, "registry sign new.lsg --anchor anchor.yaml --before old.lsg --key o2.key "
            "--passphrase-file p");
    assert_says(t, "~ market.445100");
    assert_says(t, "      + sign ");
    assert_says(t, "      - transport ");
    assert_says(t, "members unchanged: 1");
    assert_null(strstr(t->out, "hub.445100"));
    look_and_sign(t, "new.lsg", "o2.key", "old.lsg");
    must(t, "registry check new.lsg --anchor anchor.yaml");
    /* What is no later than what was there is not signed. */
    refused(t,
            "registry sign old.lsg --anchor anchor.yaml --before new.lsg --key o2.key "
            "--passphrase-file p",
            CLI_REFUSED, "E433", "");
    refused(t,
            "registry draft --anchor anchor.yaml --before new.lsg --version 2 --registrar o1.key "
            "--passphrase-file p --with o2.key.pub --unproven --members members.yaml --out x.lsg",
            CLI_REFUSED, "E433", "");
}

static void a_registrar_below_makes_its_part(void **state)
{
    struct terminal *t = *state;
    char text[2 * sizeof MEMBERS];
    make_offices(t);
    NEW_KEY("registrar.445100", "registrar", "c1");
    NEW_KEY("registrar.445100", "registrar", "c2");
    must(t, APPOINT);
    look_and_sign(t, "registrar.lsd", "r3.key", NULL);
    /* The hub is the realm's, the market the city's. */
    const char *market = strstr(MEMBERS, "  - member: market");
    snprintf(text, sizeof text, "members:\n%s", market);
    write_text("city.yaml", text);
    snprintf(text, sizeof text, "%.*s", (int)(market - MEMBERS), MEMBERS);
    write_text("members.yaml", text);
    must(t, "registry build --anchor anchor.yaml --registrar o1.key --registrar o2.key "
            "--passphrase-file p --unproven --members members.yaml --out old.lsg --appointment "
            "registrar.lsd");
    must(t, "registry delegate --anchor anchor.yaml --registry old.lsg --member registrar.445100 "
            "--official c1.key.pub --official c2.key.pub --key o1.key --passphrase-file p --with "
            "o3.key.pub --type sanction.order --type sanction.notice --out city.lsd");
    look_and_sign(t, "city.lsd", "o3.key", "old.lsg");
    must(t, "registry part --anchor anchor.yaml --registry old.lsg --appointment city.lsd "
            "--registrar c1.key --passphrase-file p --with c2.key.pub --unproven --members "
            "city.yaml --out "
            "city.lsg");
    refused(t,
            "registry build --anchor anchor.yaml --before old.lsg --registrar o1.key --registrar "
            "o2.key --passphrase-file p --unproven --members members.yaml --part city.lsg --out "
            "new.lsg",
            CLI_REFUSED, "E410", ""); /* one of its officials has signed */
    look_and_sign(t, "city.lsg", "c2.key", "old.lsg");
    must(t, "registry build --anchor anchor.yaml --before old.lsg --registrar o1.key --registrar "
            "o2.key --passphrase-file p --unproven --members members.yaml --part city.lsg --out "
            "new.lsg");
    must(t, "registry show new.lsg --anchor anchor.yaml");
    assert_says(t, "registrar.445100 ← registrar.000000");
    /* Its next part needs no appointment again. */
    must(t, "registry part --anchor anchor.yaml --registry new.lsg --registrar c1.key --registrar "
            "c2.key --passphrase-file p --unproven --members city.yaml --out city2.lsg --json");
    assert_json(t);
    assert_says(t, "\"version\":2");
    /* A type that it may not grant, a member that is not in its region. */
    const char *order = strstr(market, "[sanction.order]");
    snprintf(text, sizeof text, "members:\n%.*s[honour]%s", (int)(order - market), market,
             order + strlen("[sanction.order]"));
    write_text("city.yaml", text);
    refused(t,
            "registry part --anchor anchor.yaml --registry new.lsg --registrar c1.key --registrar "
            "c2.key --passphrase-file p --unproven --members city.yaml --out city3.lsg",
            CLI_REFUSED, "E409", "");
}

/* Whoever signs a registry vouches for every key in it. */
static void a_key_without_an_approved_enrolment_is_refused_unless_somebody_says_so(void **state)
{
    static const char way[] = "registry build --anchor anchor.yaml --registrar o1.key --registrar "
                              "o2.key --passphrase-file p --members members.yaml --out old.lsg "
                              "--appointment registrar.lsd";
    struct terminal *t = *state;
    char line[sizeof way + 32];
    make_offices(t);
    must(t, APPOINT);
    look_and_sign(t, "registrar.lsd", "r3.key", NULL);
    refused(t, way, CLI_REFUSED, "E431", "--enrolment");
    assert_false(there_is("old.lsg"));
    snprintf(line, sizeof line, "%s --unproven --json", way);
    must(t, line);
    assert_json(t);
    assert_null(strstr(t->out, "\"unproven\":0"));
    /* What the version before has needs no proof again. */
    must(t, "registry build --anchor anchor.yaml --before old.lsg --registrar o1.key --registrar "
            "o2.key --passphrase-file p --members members.yaml --out 2.lsg --json");
    assert_says(t, "\"unproven\":0");
}

static void a_version_without_a_list_of_members_has_those_of_the_one_before(void **state)
{
    struct terminal *t = *state;
    make_offices(t);
    must(t, APPOINT);
    look_and_sign(t, "registrar.lsd", "r3.key", NULL);
    refused(t,
            "registry draft --anchor anchor.yaml --registrar o1.key --passphrase-file p --with "
            "o2.key.pub --out old.lsg --appointment registrar.lsd",
            CLI_USAGE, "E001", "--members");
    must(t, "registry build --anchor anchor.yaml --registrar o1.key --registrar o2.key "
            "--passphrase-file p --unproven --members members.yaml --out old.lsg --appointment "
            "registrar.lsd");
    must(t, "registry draft --anchor anchor.yaml --before old.lsg --registrar o1.key "
            "--passphrase-file p --with o2.key.pub --out 2.lsg");
    assert_says(t, "members unchanged: 2");
    look_and_sign(t, "2.lsg", "o2.key", "old.lsg");
    must(t, "registry check 2.lsg --anchor anchor.yaml");
}

/* The public key files know nothing of a revocation; the registry does, from version to version. */
static void a_revocation_that_is_folded_in_stays(void **state)
{
    struct terminal *t = *state;
    char line[512];
    char kid[33];
    static const char mark[] = "\"kid\":\"";
    make_offices(t);
    must(t, APPOINT);
    look_and_sign(t, "registrar.lsd", "r3.key", NULL);
    must(t, "registry build --anchor anchor.yaml --registrar o1.key --registrar o2.key "
            "--passphrase-file p --unproven --members members.yaml --out old.lsg --appointment "
            "registrar.lsd");
    must(t, "key show market.key.pub --json");
    const char *at = strstr(t->out, mark);
    assert_non_null(at);
    snprintf(kid, sizeof kid, "%.32s", at + sizeof mark - 1);
    snprintf(line, sizeof line,
             "key revoke %s --reason lost --key o1.key --passphrase-file p --key o2.key "
             "--passphrase-file p --anchor anchor.yaml --registry old.lsg --out lost.lsd",
             kid);
    must(t, line);
    must(t, "registry build --anchor anchor.yaml --before old.lsg --registrar o1.key --registrar "
            "o2.key --passphrase-file p --unproven --members members.yaml --amendment lost.lsd "
            "--out 2.lsg");
    assert_says(t, "~ market.445100");
    must(t, "registry build --anchor anchor.yaml --before 2.lsg --registrar o1.key --registrar "
            "o2.key --passphrase-file p --unproven --members members.yaml --out 3.lsg");
    assert_says(t, "members unchanged: 2");
    must(t, "registry check 3.lsg --anchor anchor.yaml");
    assert_says(t, "market.445100 sign: 密钥已吊销");
    /* Its number is taken. */
    refused(t,
            "registry build --anchor anchor.yaml --before 2.lsg --registrar o1.key --registrar "
            "o2.key --passphrase-file p --unproven --members members.yaml --amendment lost.lsd "
            "--out 4.lsg",
            CLI_REFUSED, "E433", "");
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

static void the_roots_are_changed_by_old_and_new_ones(void **state)
{
    struct terminal *t = *state;
    make_offices(t);
    NEW_KEY("root.000000", "root", "n1");
    NEW_KEY("root.000000", "root", "n2");
    must(t, "root rotate --anchor anchor.yaml --root n1.key.pub --root n2.key.pub --key r1.key "
            "--passphrase-file p --with r2.key.pub --with n1.key.pub --with n2.key.pub --out "
            "rotation.lsd");
    refused(t, "root accept anchor.yaml rotation.lsd", CLI_REFUSED, "E432", "");
    look_and_sign(t, "rotation.lsd", "n2.key", NULL);
    look_and_sign(t, "rotation.lsd", "r2.key", NULL);
    refused(t, "root accept anchor.yaml rotation.lsd", CLI_REFUSED, "E432", "");
    must(t, "root show anchor.yaml --json");
    assert_says(t, "\"number\":1");
    look_and_sign(t, "rotation.lsd", "n1.key", NULL);
    must(t, "root accept anchor.yaml rotation.lsd");
    assert_says(t, "number: 2");
    must(t, "root show anchor.yaml --json");
    assert_json(t);
    assert_says(t, "\"number\":2");
    refused(t, "root accept anchor.yaml rotation.lsd", CLI_REFUSED, "E432", "does not follow");
    /* The new keys alone. */
    refused(t,
            "root rotate --anchor anchor.yaml --root r1.key.pub --root r2.key.pub --key r1.key "
            "--key r2.key --passphrase-file p --out again.lsd",
            CLI_REFUSED, "E432", "0 of 2 old roots");
    assert_false(there_is("again.lsd"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_registry_is_built_shown_listed_and_checked),
        CASE(a_changed_registry_or_another_anchor_is_refused),
        CASE(every_wrong_line_of_members_is_named),
        CASE(all_types_fit_into_one_grant),
        CASE(keys_of_the_wrong_kind_build_no_registry),
        CASE(two_roots_and_two_officials_make_a_registry_in_steps),
        CASE(the_least_suite_is_kept_and_who_was_replaced_makes_no_registry),
        CASE(nobody_signs_unread_twice_or_unasked),
        CASE(who_signs_the_next_version_is_told_what_changes),
        CASE(a_registrar_below_makes_its_part),
        CASE(a_key_without_an_approved_enrolment_is_refused_unless_somebody_says_so),
        CASE(a_version_without_a_list_of_members_has_those_of_the_one_before),
        CASE(a_revocation_that_is_folded_in_stays),
        CASE(a_proof_is_believed_by_the_anchor_alone),
        CASE(what_ends_soon_is_said_and_refuses_nothing),
        CASE(the_roots_are_changed_by_old_and_new_ones),
    };
    return cmocka_run_group_tests_name("cli_registry", tests, NULL, NULL);
}
