/* Checks net/measure.h: the program that runs counts as released only when its list is signed by
 * two officials and proven to be an entry of the log; whatever else is the case is told. The
 * program here is the test itself. I-03, U-04 */
#include "net/measure.h"

#include "base/file.h"
#include "base/hex.h"
#include "folder.h"
#include "keys/tlog_proof.h"
#include "paper_release.h"

#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_CAP = FOLDER_PATH_MAX, LIST_CAP = 4096 };

static struct {
    struct realm *realm;
    char dir[FOLDER_MAX];
    struct hub_config config;
    char config_path[PATH_CAP];
    char proof[PATH_CAP];
    uint8_t program[HASH_LEN]; /* of this test */
} f;

static void put(const char *path, const char *text)
{
    assert_int_equal(file_write(path, span_str(text), 0644, 0, NULL), OK);
}

static struct core_measured measure(void)
{
    struct core_measured out;
    struct fault fault = {.err = OK};
    assert_int_equal(
        measure_take(&out, &f.config, f.config_path, f.realm->registry, REALM_NOW_MS, &fault), OK);
    return out;
}

static enum err why(void)
{
    return measure().unlisted;
}

static int setup(void **state)
{
    (void)state;
    memset(&f, 0, sizeof f);
    f.realm = realm_open(11);
    folder_make(f.dir, "measure");
    snprintf(f.config_path, sizeof f.config_path, "%s/hub.yaml", f.dir);
    put(f.config_path, "realm: test\n");
    snprintf(f.config.member, sizeof f.config.member, "%s", REALM_HUB);
    memcpy(f.program, measure().program, HASH_LEN);
    snprintf(f.config.release, sizeof f.config.release, "%s/release.txt", f.dir);
    snprintf(f.proof, sizeof f.proof, "%s/release.txt" RELEASE_PROOF, f.dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    folder_remove(f.dir);
    realm_close(&f.realm);
    return 0;
}

/* The list of this program, or of another, with so many officials' signatures. */
static void list(bool other, size_t officials)
{
    static uint8_t room[2][LIST_CAP];
    uint8_t hash[HASH_LEN];
    char text[2 * HASH_LEN + 1];
    struct writer w = writer_of(room[0], sizeof room[0]);
    memcpy(hash, f.program, sizeof hash);
    hash[7] ^= other;
    hex_encode(span_of(hash, sizeof hash), text);
    write_span(&w, span_str("version 3\n"));
    write_span(&w, span_str(text));
    write_span(&w, span_str("  bin/lianshu-hub\n"));
    for (size_t i = 0; i < officials; i++) {
        struct writer next = writer_of(room[(i + 1) % 2], sizeof room[0]);
        assert_int_equal(
            release_sign(writer_span(&w), REALM_NAME, realm_official(f.realm, i), &next), OK);
        w = next;
    }
    assert_int_equal(file_write(f.config.release, writer_span(&w), 0644, 0, NULL), OK);
}

/* The proof of the list that lies there, or one that is wrong in this way. */
static void prove(const struct paper_way *way)
{
    struct paper_log log;
    uint8_t *bytes = NULL;
    size_t len;
    assert_int_equal(file_read(f.config.release, LIST_CAP, 0, &bytes, &len, NULL), OK);
    paper_log(&log, f.realm, span_of(bytes, len), way);
    paper_proof(&log, f.proof);
    free(bytes);
}

static void a_program_whose_list_is_signed_and_in_the_log_is_released(void **state)
{
    (void)state;
    list(false, 2);
    prove(&(struct paper_way){.kind = 0});
    assert_int_equal(why(), OK);
}

static void without_a_list_in_the_configuration_nobody_asks(void **state)
{
    (void)state;
    f.config.release[0] = '\0';
    const struct core_measured got = measure();
    uint8_t hash[HASH_LEN];
    hash_bytes(hash, span_str("realm: test\n"));
    assert_int_equal(got.unlisted, OK);
    assert_memory_equal(got.config, hash, HASH_LEN);
}

static void a_list_that_is_missing_unsigned_or_of_another_program_does_not_release_it(void **state)
{
    (void)state;
    assert_int_equal(why(), ERR_NOT_FOUND);
    for (size_t officials = 0; officials < 2; officials++) {
        list(false, officials);
        prove(&(struct paper_way){.kind = 0});
        assert_int_equal(why(), ERR_TWO_OFFICIALS);
    }
    list(true, 2);
    prove(&(struct paper_way){.kind = 0});
    assert_int_equal(why(), ERR_RELEASE_FILE);
    put(f.config.release, "no list\n");
    assert_int_equal(why(), ERR_SYNTAX);
}

static void a_signed_list_without_its_proof_does_not_release_it(void **state)
{
    (void)state;
    list(false, 2);
    assert_int_equal(why(), ERR_RELEASE_LOG);
    put(f.proof, "");
    assert_int_equal(why(), ERR_INCLUSION);
    put(f.proof, "c2sp.org/tlog-proof@v1\n");
    assert_int_equal(why(), ERR_INCLUSION);
}

static void the_proof_of_another_list_does_not_release_it(void **state)
{
    (void)state;
    list(true, 2);
    prove(&(struct paper_way){.kind = 0});
    list(false, 2);
    assert_int_equal(why(), ERR_RELEASE_LOG);
}

static void an_entry_of_another_kind_or_log_or_hub_does_not_release_it(void **state)
{
    struct key *stranger = NULL;
    (void)state;
    assert_int_equal(key_make(&stranger, KEY_USE_LOG, 0, &f.realm->entropy), OK);
    const struct {
        struct paper_way way;
        enum err want;
    } rows[] = {
        {{.event = "act.release"}, ERR_RELEASE_LOG},
        {{.by = "hub.440000"}, ERR_RELEASE_LOG},
        {{.kind = LOG_REGISTRY}, ERR_RELEASE_LOG},
        {{.origin = "hub.440000." REALM_NAME "/audit/1"}, ERR_CHECKPOINT},
        {{.origin = REALM_HUB ".other/audit/1"}, ERR_CHECKPOINT},
        {{.log_key = stranger}, ERR_CHECKPOINT},
    };
    list(false, 2);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        prove(&rows[i].way);
        assert_int_equal(why(), rows[i].want);
    }
    key_close(&stranger);
}

/* The realm's registry has no witness, so that nobody's cosignature counts. */
static void fewer_cosignatures_than_the_hub_needs_do_not_release_it(void **state)
{
    struct key *stranger = NULL;
    (void)state;
    assert_int_equal(key_make(&stranger, KEY_USE_WITNESS, 0, &f.realm->entropy), OK);
    list(false, 2);
    prove(&(struct paper_way){.witness = {stranger, NULL}});
    assert_int_equal(why(), OK); /* none is needed */
    f.config.witness_needed = 1;
    assert_int_equal(why(), ERR_WITNESSES);
    key_close(&stranger);
}

static void every_changed_or_missing_byte_of_list_or_proof_is_told(void **state)
{
    const char *const files[] = {f.config.release, f.proof};
    (void)state;
    list(false, 2);
    prove(&(struct paper_way){.kind = 0});
    for (size_t i = 0; i < T_COUNT(files); i++) {
        uint8_t *bytes = NULL;
        size_t len;
        assert_int_equal(file_read(files[i], LIST_CAP, 0, &bytes, &len, NULL), OK);
        for (size_t at = 0; at < len; at += 7) {
            bytes[at] ^= 1;
            assert_int_equal(file_write(files[i], span_of(bytes, len), 0644, 0, NULL), OK);
            assert_int_not_equal(why(), OK);
            bytes[at] ^= 1;
        }
        assert_int_equal(file_write(files[i], span_of(bytes, len - 1), 0644, 0, NULL), OK);
        assert_int_not_equal(why(), OK);
        assert_int_equal(file_write(files[i], span_of(bytes, len), 0644, 0, NULL), OK);
        assert_int_equal(why(), OK);
        free(bytes);
    }
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_program_whose_list_is_signed_and_in_the_log_is_released),
        CASE(without_a_list_in_the_configuration_nobody_asks),
        CASE(a_list_that_is_missing_unsigned_or_of_another_program_does_not_release_it),
        CASE(a_signed_list_without_its_proof_does_not_release_it),
        CASE(the_proof_of_another_list_does_not_release_it),
        CASE(an_entry_of_another_kind_or_log_or_hub_does_not_release_it),
        CASE(fewer_cosignatures_than_the_hub_needs_do_not_release_it),
        CASE(every_changed_or_missing_byte_of_list_or_proof_is_told),
    };
    return cmocka_run_group_tests_name("measure", tests, NULL, NULL);
}
