/* Checks cli/cli_key.c and cli/pubfile.h in-process: what is made, for whom, and what is refused.
 */
#include "cli/pubfile.h"
#include "terminal.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void key_files_are_private_and_never_replaced(void **state)
{
    struct terminal *t = *state;
    static const char *const MADE[] = {"p", "k"};
    struct stat st;
    must(t, "key passphrase p");
    must(t, "key generate --member market.445100 --use adapter --adapter a1 --out k "
            "--passphrase-file p");
    for (size_t i = 0; i < T_COUNT(MADE); i++) {
        assert_int_equal(stat(MADE[i], &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
    assert_int_equal(run(t, "key passphrase p"), CLI_REFUSED);
    assert_memory_equal(t->err, "E026", 4);
    assert_int_equal(
        run(t, "key generate --member market.445100 --use adapter --out k --passphrase-file p"),
        CLI_REFUSED);
    assert_memory_equal(t->err, "E026", 4);
    assert_int_equal(unlink("k.pub"), 0);
    assert_int_equal(
        run(t, "key generate --member market.445100 --use adapter --out k --passphrase-file p"),
        CLI_REFUSED);
    assert_memory_equal(t->err, "E026", 4);
}

static void each_use_has_its_keys_and_symmetric_ones_stay_inside(void **state)
{
    struct terminal *t = *state;
    static const struct {
        const char *use;
        const char *member;
        const char *public[4];
    } rows[] = {
        {"adapter", "market.445100", {"sign", "seal", "transport"}},
        {"hub", "hub.445100", {"sign", "seal", "transport", "witness"}},
        {"signer", "hub.445100", {"log"}},
        {"official", "hub.445100", {"official"}},
        {"root", "root.000000", {"root"}},
        {"registrar", "registrar.445100", {"registrar"}},
    };
    must(t, "key passphrase p");
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char line[256];
        char pub_path[64];
        struct pubfile pub;
        snprintf(line, sizeof line,
                 "key generate --member %s --use %s --out %s.key --passphrase-file p",
                 rows[i].member, rows[i].use, rows[i].use);
        must(t, line);
        snprintf(pub_path, sizeof pub_path, "%s.key.pub", rows[i].use);
        assert_int_equal(pubfile_read(&pub, pub_path, NULL), OK);
        assert_string_equal(pub.member, rows[i].member);
        assert_string_equal(pub.use, rows[i].use);
        size_t k = 0;
        for (; k < 4 && rows[i].public[k] != NULL; k++) {
            assert_string_equal(key_use_name(pub.key[k].use), rows[i].public[k]);
            assert_int_equal(pub.key[k].valid_from_ms, TERMINAL_NOW_MS);
            assert_true(pub.key[k].valid_until_ms > TERMINAL_NOW_MS);
        }
        assert_int_equal(pub.key_count, k);
    }
    must(t, "key generate --member hub.445100 --use storage --out s.key --passphrase-file p");
    assert_false(there_is("s.key.pub"));
    must(t, "key show hub.key.pub --json");
    assert_json(t);
    assert_says(t, "\"use\":\"transport\"");
    must(t, "key show hub.key.pub");
    assert_says(t, "成员 / member: hub.445100");
    assert_says(t, "  transport  kid ");
}

static void adapters_of_one_member_can_share_the_encryption_key(void **state)
{
    struct terminal *t = *state;
    struct pubfile first;
    struct pubfile second;
    must(t, "key passphrase p");
    must(t, "key generate --member market.445100 --use adapter --out a --passphrase-file p");
    must(t, "key generate --member market.445100 --use adapter --out b --passphrase-file p "
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
    struct terminal *t = *state;
    must(t, "key passphrase p");
    must(t, "key passphrase q");
    must(t, "key generate --member market.445100 --use adapter --out a --passphrase-file p");
    assert_int_equal(run(t, "key generate --member market.445100 --use adapter --out b "
                            "--passphrase-file q --seal-from a"),
                     CLI_REFUSED);
    assert_memory_equal(t->err, "E028", 4);
    assert_false(there_is("b"));
    assert_int_equal(chmod("p", 0644), 0);
    assert_int_equal(run(t, "key generate --member market.445100 --use adapter --out b "
                            "--passphrase-file p"),
                     CLI_REFUSED);
    assert_memory_equal(t->err, "E003", 4);
}

static void a_file_of_public_keys_is_read_strictly(void **state)
{
    struct terminal *t = *state;
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
        {"HEAD  - {use: sign, public: \"%s\", valid_from_ms: 1, valid_until_ms: 2}\n", "E436"},
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
        assert_int_equal(run(t, "key show x.pub"), CLI_REFUSED);
        assert_memory_equal(t->err, rows[i].code, strlen(rows[i].code));
        assert_non_null(strstr(t->err, "x.pub:"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(key_files_are_private_and_never_replaced),
        CASE(each_use_has_its_keys_and_symmetric_ones_stay_inside),
        CASE(adapters_of_one_member_can_share_the_encryption_key),
        CASE(a_wrong_passphrase_or_loose_file_is_refused),
        CASE(a_file_of_public_keys_is_read_strictly),
    };
    return cmocka_run_group_tests_name("cli_key", tests, NULL, NULL);
}
