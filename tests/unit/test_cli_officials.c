/* Checks the registry commands in-process as officials use them, one after the other: appointments,
 * drafts, next versions, parts of registrars below, other roots. */
#include "unit/registry_desk.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

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
        CASE(two_roots_and_two_officials_make_a_registry_in_steps),
        CASE(the_least_suite_is_kept_and_who_was_replaced_makes_no_registry),
        CASE(nobody_signs_unread_twice_or_unasked),
        CASE(who_signs_the_next_version_is_told_what_changes),
        CASE(a_registrar_below_makes_its_part),
        CASE(a_key_without_an_approved_enrolment_is_refused_unless_somebody_says_so),
        CASE(a_version_without_a_list_of_members_has_those_of_the_one_before),
        CASE(a_revocation_that_is_folded_in_stays),
        CASE(the_roots_are_changed_by_old_and_new_ones),
    };
    return cmocka_run_group_tests_name("cli_officials", tests, NULL, NULL);
}
