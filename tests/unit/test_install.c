/* Checks cli/install.h: a release is installed whole, by the word of two officials, when the log
 * has it, and never an older one. U-04 */
#include "cli/install.h"

#include "base/file.h"
#include "base/hex.h"

#include "keys/tlog_proof.h"
#include "paper_release.h"

#include "t.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_CAP = 256, LIST_CAP = 4096 };

static struct {
    struct realm *realm;
    char dir[PATH_CAP / 4]; /* from/ and into/ lie in it */
    char list[LIST_CAP];    /* not signed yet */
    struct witness_policy policy;
    struct fault fault;
    struct installed done;
} f;

static const char *at(const char *name)
{
    static char path[4][PATH_CAP];
    static size_t turn;
    char *out = path[turn++ % T_COUNT(path)];
    snprintf(out, PATH_CAP, "%s/%s", f.dir, name);
    return out;
}

static void put(const char *name, const char *text)
{
    assert_int_equal(file_write(at(name), span_str(text), 0644, 0, NULL), OK);
}

static bool reads(const char *name, const char *text)
{
    uint8_t *bytes = NULL;
    size_t len;
    const enum err err = file_read(at(name), LIST_CAP, 0, &bytes, &len, NULL);
    const bool same = err == OK && span_eq(span_of(bytes, len), span_str(text));
    free(bytes);
    return same;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
    (void)st;
    (void)kind;
    (void)walk;
    return remove(path);
}

static int setup(void **state)
{
    (void)state;
    memset(&f, 0, sizeof f);
    f.realm = realm_open(9);
    snprintf(f.dir, sizeof f.dir, "/tmp/install-XXXXXX");
    assert_non_null(mkdtemp(f.dir));
    assert_int_equal(mkdir(at("from"), 0755), 0);
    assert_int_equal(mkdir(at("from/bin"), 0755), 0);
    assert_int_equal(mkdir(at("from/share"), 0755), 0);
    assert_int_equal(mkdir(at("into"), 0755), 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(nftw(f.dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
    realm_close(&f.realm);
    return 0;
}

static void add_row(const char *name, const char *text)
{
    uint8_t hash[HASH_LEN];
    char hex[2 * HASH_LEN + 1];
    const size_t len = strlen(f.list);
    hash_bytes(hash, span_str(text));
    hex_encode(span_of(hash, sizeof hash), hex);
    snprintf(f.list + len, sizeof f.list - len, "%s  %s\n", hex, name);
}

#define PROOF "from/" INSTALL_LIST RELEASE_PROOF

/* The proof of the list, or one that is wrong in this way. */
static void prove(const struct paper_way *way)
{
    uint8_t *bytes = NULL;
    size_t len;
    struct paper_log log;
    assert_int_equal(file_read(at("from/release.txt"), LIST_CAP, 0, &bytes, &len, NULL), OK);
    paper_log(&log, f.realm, span_of(bytes, len), way);
    paper_proof(&log, at(PROOF));
    free(bytes);
}

/* The list with so many officials' signatures, as from/release.txt, and its proof. */
static void sign(size_t officials)
{
    static uint8_t room[2][2 * LIST_CAP];
    struct writer w = writer_of(room[0], sizeof room[0]);
    write_span(&w, span_str(f.list));
    for (size_t i = 0; i < officials; i++) {
        struct writer next = writer_of(room[(i + 1) % 2], sizeof room[0]);
        assert_int_equal(
            release_sign(writer_span(&w), REALM_NAME, realm_official(f.realm, i), &next), OK);
        w = next;
    }
    assert_int_equal(file_write(at("from/release.txt"), writer_span(&w), 0644, 0, NULL), OK);
    prove(&(struct paper_way){.kind = 0});
}

/* A release of two files, whose contents name it. */
static void release(unsigned version, const char *text)
{
    snprintf(f.list, sizeof f.list, "version %u\n", version);
    add_row("bin/lianshu-hub", text);
    add_row("share/regions.csv", "regions");
    put("from/bin/lianshu-hub", text);
    put("from/share/regions.csv", "regions");
    sign(2);
}

static enum err install(void)
{
    char from[PATH_CAP], into[PATH_CAP];
    const struct release_reader reader = {f.realm->registry, REALM_HUB, REALM_NOW_MS};
    snprintf(from, sizeof from, "%s", at("from"));
    snprintf(into, sizeof into, "%s", at("into"));
    const struct install what = {&reader, &f.policy, from, into};
    f.fault = (struct fault){.err = OK};
    return install_release(&what, &f.done, &f.fault);
}

/* What is installed is this one, whole, and nothing half-done lies beside it. */
static void installed_is(const char *text)
{
    assert_true(reads("into/current/bin/lianshu-hub", text));
    assert_true(reads("into/current/share/regions.csv", "regions"));
    assert_int_not_equal(access(at("into/.staging"), F_OK), 0);
    assert_int_not_equal(access(at("into/.current"), F_OK), 0);
}

static void a_signed_release_is_installed_and_a_newer_one_takes_its_place(void **state)
{
    struct stat st;
    (void)state;
    release(1, "one");
    assert_int_equal(install(), OK);
    assert_int_equal(f.done.version, 1);
    assert_int_equal(f.done.place.index, PAPER_LOG_INDEX);
    assert_string_equal(f.done.place.origin, REALM_HUB "." REALM_NAME "/audit/1");
    installed_is("one");
    assert_int_equal(stat(at("into/current/bin/lianshu-hub"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0755);
    assert_int_equal(install(), ERR_REPEAT);
    release(12, "twelve");
    assert_int_equal(install(), OK);
    installed_is("twelve");
    assert_true(reads("into/1/bin/lianshu-hub", "one"));
    /* what it was installed by lies beside it */
    assert_int_equal(access(at("into/current/" INSTALL_LIST RELEASE_PROOF), F_OK), 0);
}

static void an_older_release_and_another_one_of_the_same_version_are_refused(void **state)
{
    (void)state;
    release(2, "two");
    assert_int_equal(install(), OK);
    release(1, "one");
    assert_int_equal(install(), ERR_RELEASE_OLD);
    release(2, "another two");
    assert_int_equal(install(), ERR_RELEASE_OLD);
    installed_is("two");
}

static void without_two_officials_nothing_is_installed(void **state)
{
    (void)state;
    release(1, "one");
    assert_int_equal(install(), OK);
    for (size_t officials = 0; officials < 2; officials++) {
        release(2, "two");
        sign(officials);
        assert_int_equal(install(), ERR_TWO_OFFICIALS);
        installed_is("one");
    }
    /* signed, and then changed */
    release(2, "two");
    uint8_t *bytes = NULL;
    size_t len;
    assert_int_equal(file_read(at("from/release.txt"), LIST_CAP, 0, &bytes, &len, NULL), OK);
    for (size_t i = 0; i < len; i += 11) {
        bytes[i] ^= 1;
        assert_int_equal(file_write(at("from/release.txt"), span_of(bytes, len), 0644, 0, NULL),
                         OK);
        assert_int_not_equal(install(), OK);
        installed_is("one");
        bytes[i] ^= 1;
    }
    free(bytes);
}

static void a_file_that_was_not_released_ends_the_installation_and_leaves_nothing(void **state)
{
    (void)state;
    release(1, "one");
    assert_int_equal(install(), OK);
    release(2, "two");
    put("from/share/regions.csv", "other regions");
    assert_int_equal(install(), ERR_RELEASE_FILE);
    installed_is("one");
    assert_int_equal(unlink(at("from/share/regions.csv")), 0);
    assert_int_equal(install(), ERR_NOT_FOUND);
    installed_is("one");
    /* a link in the place of a file is not followed */
    assert_int_equal(symlink("/etc/hostname", at("from/share/regions.csv")), 0);
    assert_int_not_equal(install(), OK);
    installed_is("one");
    assert_int_not_equal(access(at("into/2"), F_OK), 0);
}

/* Ended by force at any point before the last rename: the old one runs, and the next run removes
 * what was begun. */
static void what_an_ended_installation_left_is_removed_by_the_next(void **state)
{
    (void)state;
    release(1, "one");
    assert_int_equal(install(), OK);
    assert_int_equal(mkdir(at("into/.staging"), 0755), 0);
    assert_int_equal(mkdir(at("into/.staging/bin"), 0755), 0);
    put("into/.staging/bin/lianshu-hub", "half");
    put("into/.staging/bin/planted", "planted");
    assert_int_equal(mkdir(at("into/2"), 0755), 0);
    put("into/2/planted", "planted");
    assert_int_equal(symlink("2", at("into/.current")), 0);
    assert_true(reads("into/current/bin/lianshu-hub", "one"));
    release(2, "two");
    assert_int_equal(install(), OK);
    installed_is("two");
    assert_int_not_equal(access(at("into/2/planted"), F_OK), 0);
    assert_int_not_equal(access(at("into/current/bin/planted"), F_OK), 0);
}

static void a_list_that_leads_out_of_its_folder_or_has_no_version_is_refused(void **state)
{
    static const char *const names[] = {"../x",    "/etc/x", "bin/../../x", ".x",     "bin/.x",
                                        "bin//x",  "bin/",   "-x",          "bin x",  "bin/x\\",
                                        "share/é", "./x",    "bin/-x",      "bin/\tx"};
    (void)state;
    for (size_t i = 0; i < T_COUNT(names); i++) {
        print_message("row %zu\n", i);
        snprintf(f.list, sizeof f.list, "version 1\n");
        add_row(names[i], "x");
        sign(2);
        assert_int_equal(install(), ERR_FIELD_VALUE);
    }
    snprintf(f.list, sizeof f.list, "version 1\n");
    add_row("bin/x", "x");
    add_row("bin/x", "y");
    sign(2);
    assert_int_equal(install(), ERR_FIELD_VALUE); /* one name twice */
    f.list[0] = '\0';
    add_row("bin/x", "x");
    sign(2);
    assert_int_equal(install(), ERR_FIELD_MISSING);
    assert_int_not_equal(access(at("into/current"), F_OK), 0);
}

/* ---- the log ---- */

static void without_a_proof_of_the_log_nothing_is_installed(void **state)
{
    (void)state;
    release(1, "one");
    assert_int_equal(install(), OK);
    release(2, "two");
    assert_int_equal(unlink(at(PROOF)), 0);
    assert_int_equal(install(), ERR_RELEASE_LOG);
    assert_non_null(strstr(f.fault.where, PROOF + sizeof "from"));
    installed_is("one");
    /* a link in its place is not followed */
    assert_int_equal(symlink("../into/current/release.txt.tlog-proof", at(PROOF)), 0);
    assert_int_not_equal(install(), OK);
    installed_is("one");
}

static void the_proof_of_another_list_is_none(void **state)
{
    uint8_t *other = NULL;
    size_t len;
    (void)state;
    release(1, "one");
    assert_int_equal(file_read(at(PROOF), LIST_CAP, 0, &other, &len, NULL), OK);
    assert_int_equal(install(), OK);
    release(2, "two");
    assert_int_equal(file_write(at(PROOF), span_of(other, len), 0644, 0, NULL), OK);
    assert_int_equal(install(), ERR_RELEASE_LOG);
    installed_is("one");
    free(other);
}

static void an_entry_of_another_kind_or_log_or_hub_is_none(void **state)
{
    (void)state;
    const struct {
        struct paper_way way;
        enum err want;
    } rows[] = {
        {{.other_hash = true}, ERR_RELEASE_LOG},
        {{.event = "act.release"}, ERR_RELEASE_LOG}, /* of a held message */
        {{.event = ""}, ERR_RELEASE_LOG},
        {{.by = "hub.440000"}, ERR_RELEASE_LOG},
        {{.by = REALM_MARKET}, ERR_RELEASE_LOG},
        {{.kind = LOG_REGISTRY}, ERR_RELEASE_LOG},
        {{.kind = LOG_DECISION}, ERR_RELEASE_LOG},
        {{.origin = "hub.440000." REALM_NAME "/audit/1"}, ERR_CHECKPOINT},
        {{.origin = REALM_HUB ".other/audit/1"}, ERR_CHECKPOINT},
    };
    release(1, "one");
    assert_int_equal(install(), OK);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        release(2, "two");
        prove(&rows[i].way);
        assert_int_equal(install(), rows[i].want);
        installed_is("one");
    }
    release(2, "two");
    prove(&(struct paper_way){.origin = REALM_HUB "." REALM_NAME "/audit/7"});
    assert_int_equal(install(), OK); /* the log of a hub that was restored */
    installed_is("two");
}

static void a_log_that_another_key_signs_is_not_believed(void **state)
{
    struct key *stranger = NULL;
    (void)state;
    assert_int_equal(key_make(&stranger, KEY_USE_LOG, 0, &f.realm->entropy), OK);
    release(1, "one");
    prove(&(struct paper_way){.log_key = stranger});
    assert_int_equal(install(), ERR_CHECKPOINT);
    assert_int_not_equal(access(at("into/current"), F_OK), 0);
    key_close(&stranger);
}

static void every_changed_byte_of_a_proof_is_refused(void **state)
{
    uint8_t *bytes = NULL;
    size_t len;
    (void)state;
    release(1, "one");
    assert_int_equal(file_read(at(PROOF), LIST_CAP, 0, &bytes, &len, NULL), OK);
    for (size_t i = 0; i < len; i += 3) {
        bytes[i] ^= 1;
        assert_int_equal(file_write(at(PROOF), span_of(bytes, len), 0644, 0, NULL), OK);
        assert_int_not_equal(install(), OK);
        bytes[i] ^= 1;
    }
    for (size_t cut = 0; cut < len; cut += 41) {
        assert_int_equal(file_write(at(PROOF), span_of(bytes, cut), 0644, 0, NULL), OK);
        assert_int_not_equal(install(), OK);
    }
    assert_int_not_equal(access(at("into/current"), F_OK), 0);
    assert_int_equal(file_write(at(PROOF), span_of(bytes, len), 0644, 0, NULL), OK);
    assert_int_equal(install(), OK);
    free(bytes);
}

/* One witness counts once, a stranger and one from the future not at all. */
static void fewer_witnesses_than_the_policy_needs_are_refused(void **state)
{
    struct key *key[3] = {NULL, NULL, NULL};
    (void)state;
    for (size_t i = 0; i < T_COUNT(key); i++)
        assert_int_equal(key_make(&key[i], KEY_USE_WITNESS, 0, &f.realm->entropy), OK);
    const struct key *known[2] = {key[0], key[1]};
    const struct {
        struct paper_way way;
        unsigned needed;
        enum err want;
        unsigned counted;
    } rows[] = {
        {{.kind = 0}, 1, ERR_WITNESSES, 0},
        {{.witness = {key[0], NULL}}, 2, ERR_WITNESSES, 1},
        {{.witness = {key[2], NULL}}, 1, ERR_WITNESSES, 0},
        {{.witness = {key[1], key[0]}}, 1, ERR_WITNESSES, 0}, /* under each other's names */
        {{.witness = {key[0], key[1]}, .cosigned_ms = REALM_NOW_MS + REALM_DAY_MS},
         1,
         ERR_WITNESSES,
         0},
        {{.witness = {key[0], key[1]}}, 2, OK, 2},
        {{.kind = 0}, 0, OK, 0},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        release(1 + (unsigned)i, "one");
        prove(&rows[i].way);
        paper_policy(&f.policy, known, rows[i].needed);
        assert_int_equal(install(), rows[i].want);
        assert_int_equal(f.done.place.cosigners, rows[i].counted);
        assert_int_equal(access(at("into/current"), F_OK) == 0, i >= 5);
    }
    for (size_t i = 0; i < T_COUNT(key); i++)
        key_close(&key[i]);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_signed_release_is_installed_and_a_newer_one_takes_its_place),
        CASE(an_older_release_and_another_one_of_the_same_version_are_refused),
        CASE(without_two_officials_nothing_is_installed),
        CASE(a_file_that_was_not_released_ends_the_installation_and_leaves_nothing),
        CASE(what_an_ended_installation_left_is_removed_by_the_next),
        CASE(a_list_that_leads_out_of_its_folder_or_has_no_version_is_refused),
        CASE(without_a_proof_of_the_log_nothing_is_installed),
        CASE(the_proof_of_another_list_is_none),
        CASE(an_entry_of_another_kind_or_log_or_hub_is_none),
        CASE(a_log_that_another_key_signs_is_not_believed),
        CASE(every_changed_byte_of_a_proof_is_refused),
        CASE(fewer_witnesses_than_the_policy_needs_are_refused),
    };
    return cmocka_run_group_tests_name("install", tests, NULL, NULL);
}
