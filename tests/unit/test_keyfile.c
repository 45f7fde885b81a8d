/* Checks the promises in keys/keyfile.h. */
#include "keys/init.h"
#include "keys/keyfile.h"

#include "folder.h"
#include "t.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD_LEN = 62, OPS_AT = 6, MEMORY_AT = 10, SOMEBODY_ELSE = 12345 };

static const struct keyfile_cost cheap = {.ops = 1, .memory = KEYFILE_MEMORY_MIN};

struct fixture {
    char dir[FOLDER_MAX];
    char path[FOLDER_PATH_MAX];
    struct keyring *ring;
    struct passphrase *passphrase;
    struct entropy entropy;
    struct fault fault;
};

static struct fixture f;

static int setup(void **state)
{
    static const enum key_use uses[] = {KEY_USE_SIGN, KEY_USE_SEAL, KEY_USE_TRANSPORT,
                                        KEY_USE_STORAGE, KEY_USE_TOKEN};
    (void)state;
    f = (struct fixture){.entropy = entropy_system()};
    folder_make(f.dir, "keys");
    snprintf(f.path, sizeof f.path, "%s/key", f.dir);
    assert_int_equal(keyring_open(&f.ring, "market.445100", "desk"), OK);
    for (size_t i = 0; i < T_COUNT(uses); i++) {
        struct key *key = NULL;
        assert_int_equal(key_make(&key, uses[i], 1000 + i, &f.entropy), OK);
        assert_int_equal(keyring_add(f.ring, &key), OK);
    }
    assert_int_equal(passphrase_of(&f.passphrase, span_str("correct horse")), OK);
    assert_int_equal(
        keyfile_write(f.ring, f.path, false, f.passphrase, cheap, &f.entropy, &f.fault), OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    keyring_close(&f.ring);
    passphrase_close(&f.passphrase);
    folder_remove(f.dir);
    return 0;
}

static enum err read_back(void)
{
    struct keyring *ring = NULL;
    enum err err = keyfile_read(&ring, f.path, f.passphrase, &f.fault);
    assert_true((err == OK) == (ring != NULL));
    keyring_close(&ring);
    return err;
}

static size_t load(uint8_t *out, size_t cap)
{
    FILE *file = fopen(f.path, "rb");
    size_t len = fread(out, 1, cap, file);
    fclose(file);
    return len;
}

static void store(const uint8_t *data, size_t len)
{
    FILE *file = fopen(f.path, "wb");
    assert_int_equal(fwrite(data, 1, len, file), len);
    fclose(file);
}

static void every_key_comes_back(void **state)
{
    struct keyring *ring = NULL;
    (void)state;
    assert_int_equal(keyfile_read(&ring, f.path, f.passphrase, &f.fault), OK);
    assert_string_equal(keyring_owner(ring), "market.445100");
    assert_string_equal(keyring_name(ring), "desk");
    assert_int_equal(keyring_count(ring), keyring_count(f.ring));
    for (size_t i = 0; i < keyring_count(ring); i++) {
        const struct key *a = keyring_at(ring, i), *b = keyring_at(f.ring, i);
        assert_int_equal(key_use(a), key_use(b));
        assert_int_equal(key_created_ms(a), key_created_ms(b));
        assert_memory_equal(key_public(a), key_public(b), KEY_PUBLIC_LEN);
        assert_memory_equal(key_secret(a), key_secret(b), KEY_SECRET_LEN);
    }
    keyring_close(&ring);
}

static void file_is_for_its_owner_alone(void **state)
{
    struct stat st;
    (void)state;
    assert_int_equal(stat(f.path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

/* Guarantee 1 */
static void open_permissions_links_and_directories_are_refused(void **state)
{
    static const mode_t modes[] = {0640, 0604, 0660, 0601, 0777};
    char link_path[FOLDER_PATH_MAX + 16];
    (void)state;
    for (size_t i = 0; i < T_COUNT(modes); i++) {
        assert_int_equal(chmod(f.path, modes[i]), 0);
        assert_int_equal(read_back(), ERR_PERMISSION);
    }
    assert_int_equal(chmod(f.path, 0400), 0);
    assert_int_equal(read_back(), OK);
    if (geteuid() == 0) { /* nobody else can give a file away */
        assert_int_equal(chown(f.path, SOMEBODY_ELSE, (gid_t)-1), 0);
        assert_int_equal(read_back(), ERR_PERMISSION);
        assert_non_null(strstr(f.fault.detail, "owner"));
        assert_int_equal(chown(f.path, 0, (gid_t)-1), 0);
        assert_int_equal(read_back(), OK);
    }
    assert_int_equal(chmod(f.path, 0600), 0);
    snprintf(link_path, sizeof link_path, "%s/link", f.dir);
    assert_int_equal(symlink(f.path, link_path), 0);
    struct keyring *ring = NULL;
    assert_int_equal(keyfile_read(&ring, link_path, f.passphrase, &f.fault), ERR_PERMISSION);
    unlink(link_path);
    assert_int_equal(mkfifo(link_path, 0600), 0); /* must not block */
    assert_int_equal(keyfile_read(&ring, link_path, f.passphrase, &f.fault), ERR_PERMISSION);
    unlink(link_path);
    assert_int_equal(keyfile_read(&ring, f.dir, f.passphrase, &f.fault), ERR_PERMISSION);
    assert_int_equal(keyfile_read(&ring, link_path, f.passphrase, &f.fault), ERR_NOT_FOUND);
}

/* Guarantee 2. K-05 */
static void truncated_or_overlong_file_is_434(void **state)
{
    uint8_t file[KEYFILE_LEN_MAX + 10] = {0};
    const size_t len = load(file, sizeof file);
    (void)state;
    for (size_t cut = 0; cut < len; cut++) {
        store(file, cut);
        assert_int_equal(read_back(), ERR_KEY_FILE);
    }
    store(file, len + 1);
    assert_int_equal(read_back(), ERR_KEY_FILE);
    store(file, sizeof file);
    assert_int_equal(read_back(), ERR_KEY_FILE);
}

/* K-05: what would take 16 GiB, or for ever, is refused by its header. */
static void work_bombs_are_434(void **state)
{
    static const struct {
        uint32_t ops;
        uint64_t memory;
    } rows[] = {
        {1, UINT64_C(16) << 30},
        {1, UINT64_MAX},
        {1, KEYFILE_MEMORY_MAX + 1},
        {1, 0},
        {1, KEYFILE_MEMORY_MIN - 1},
        {0, KEYFILE_MEMORY_MIN},
        {KEYFILE_OPS_MAX + 1, KEYFILE_MEMORY_MIN},
        {UINT32_MAX, KEYFILE_MEMORY_MIN},
    };
    uint8_t file[KEYFILE_LEN_MAX];
    const size_t len = load(file, sizeof file);
    struct rusage before;
    struct rusage after;
    (void)state;
    assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct writer w = writer_of(file + OPS_AT, MEMORY_AT - OPS_AT + 8);
        write_uint(&w, rows[i].ops, 4);
        write_uint(&w, rows[i].memory, 8);
        store(file, len);
        assert_int_equal(read_back(), ERR_KEY_FILE);
        const struct keyfile_cost cost = {rows[i].ops, rows[i].memory};
        if (cost.ops != 0 && cost.memory != 0)
            assert_int_equal(
                keyfile_write(f.ring, f.path, true, f.passphrase, cost, &f.entropy, &f.fault),
                ERR_KEY_FILE);
    }
    assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
    assert_true(after.ru_maxrss - before.ru_maxrss < KEYFILE_MEMORY_DEFAULT >> 10); /* KiB */
}

/* Guarantee 3 */
static void every_changed_byte_is_refused(void **state)
{
    uint8_t file[KEYFILE_LEN_MAX];
    const size_t len = load(file, sizeof file);
    (void)state;
    for (size_t at = 0; at < len; at++) {
        file[at] ^= 0x01;
        store(file, len);
        enum err err = read_back();
        assert_true(at < 18 || (at >= HEAD_LEN - 4 && at < HEAD_LEN)
                        ? err == ERR_KEY_FILE || err == ERR_PASSPHRASE
                        : err == ERR_PASSPHRASE);
        file[at] ^= 0x01;
    }
    store(file, len);
    assert_int_equal(read_back(), OK);
}

static void wrong_passphrase_is_028(void **state)
{
    struct passphrase *other = NULL;
    struct keyring *ring = NULL;
    (void)state;
    assert_int_equal(passphrase_of(&other, span_str("correct horsf")), OK);
    assert_int_equal(keyfile_read(&ring, f.path, other, &f.fault), ERR_PASSPHRASE);
    assert_null(ring);
    passphrase_close(&other);
}

static void a_file_costs_what_is_usual_where_nothing_is_said(void **state)
{
    const struct keyfile_cost usual = {0, 0};
    uint8_t file[KEYFILE_LEN_MAX];
    (void)state;
    assert_int_equal(keyfile_write(f.ring, f.path, true, f.passphrase, usual, &f.entropy, &f.fault),
                     OK);
    const size_t len = load(file, sizeof file);
    struct span head = span_of(file + OPS_AT, len - OPS_AT);
    uint64_t ops = 0;
    uint64_t memory = 0;
    assert_true(span_take_uint(&head, MEMORY_AT - OPS_AT, &ops));
    assert_true(span_take_uint(&head, 8, &memory));
    assert_int_equal(ops, KEYFILE_OPS_DEFAULT);
    assert_int_equal(memory, KEYFILE_MEMORY_DEFAULT);
    assert_int_equal(read_back(), OK);
}

/* Guarantee 4 */
static void existing_file_is_kept_unless_replaced(void **state)
{
    struct keyring *empty = NULL;
    (void)state;
    assert_int_equal(keyring_open(&empty, "", ""), OK);
    assert_int_equal(keyfile_write(empty, f.path, false, f.passphrase, cheap, &f.entropy, &f.fault),
                     ERR_EXISTS);
    every_key_comes_back(state);
    assert_int_equal(keyfile_write(empty, f.path, true, f.passphrase, cheap, &f.entropy, &f.fault),
                     OK);
    assert_int_equal(read_back(), OK);
    assert_int_equal(keyfile_write(f.ring, "no-such-directory/key", false, f.passphrase, cheap,
                                   &f.entropy, &f.fault),
                     ERR_NOT_FOUND);
    keyring_close(&empty);
}

static void secrets_are_not_in_the_file(void **state)
{
    uint8_t file[KEYFILE_LEN_MAX];
    const size_t len = load(file, sizeof file);
    (void)state;
    for (size_t i = 0; i < keyring_count(f.ring); i++)
        assert_null(memmem(file, len, key_secret(keyring_at(f.ring, i)), 8));
    assert_null(memmem(file, len, "market", 6));
}

static void full_ring_fits(void **state)
{
    struct key *key = NULL;
    (void)state;
    while (keyring_count(f.ring) < KEYRING_MAX) {
        assert_int_equal(key_make(&key, KEY_USE_SEAL, 5, &f.entropy), OK);
        assert_int_equal(keyring_add(f.ring, &key), OK);
    }
    assert_int_equal(keyfile_write(f.ring, f.path, true, f.passphrase, cheap, &f.entropy, &f.fault),
                     OK);
    every_key_comes_back(state);
}

static void passphrase_is_the_first_line_of_a_private_file(void **state)
{
    static const struct {
        const char *text;
        mode_t mode;
        enum err want;
    } rows[] = {
        {"correct horse", 0600, OK},
        {"correct horse\n", 0400, OK},
        {"correct horse\nmore\n", 0600, OK},
        {"short\n", 0600, ERR_PASSPHRASE},
        {"", 0600, ERR_PASSPHRASE},
        {"\ncorrect horse\n", 0600, ERR_PASSPHRASE},
        {"correct horse\n", 0640, ERR_PERMISSION},
    };
    char path[FOLDER_PATH_MAX];
    (void)state;
    snprintf(path, sizeof path, "%s/pass", f.dir);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct passphrase *p = NULL;
        struct keyring *ring = NULL;
        int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
        print_message("row %zu\n", i);
        assert_int_equal(write(fd, rows[i].text, strlen(rows[i].text)), strlen(rows[i].text));
        assert_int_equal(fchmod(fd, rows[i].mode), 0);
        close(fd);
        assert_int_equal(passphrase_read(&p, path, &f.fault), rows[i].want);
        if (p != NULL)
            assert_int_equal(keyfile_read(&ring, f.path, p, &f.fault), OK);
        keyring_close(&ring);
        passphrase_close(&p);
        unlink(path);
    }
}

static void passphrase_bounds_hold_on_a_descriptor(void **state)
{
    static const size_t lens[] = {PASSPHRASE_MAX, PASSPHRASE_MAX + 1, PASSPHRASE_MAX + 2, 4000};
    char text[4000];
    (void)state;
    memset(text, 'x', sizeof text);
    for (size_t i = 0; i < T_COUNT(lens); i++) {
        struct passphrase *p = NULL;
        int fds[2];
        assert_int_equal(pipe(fds), 0);
        assert_int_equal(write(fds[1], text, lens[i]), lens[i]);
        close(fds[1]);
        assert_int_equal(passphrase_read_fd(&p, fds[0], &f.fault), i == 0 ? OK : ERR_PASSPHRASE);
        close(fds[0]);
        passphrase_close(&p);
    }
}

/* ---- credentials of the service manager ---- */

/* $CREDENTIALS_DIRECTORY with one credential in it. */
static void give_credential(const char *name, const char *text, mode_t mode, mode_t dir_mode)
{
    char path[FOLDER_PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", f.dir, name);
    assert_int_equal(chmod(f.dir, 0700), 0);
    unlink(path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
    assert_int_equal(chmod(f.dir, dir_mode), 0);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", f.dir, 1), 0);
}

static enum err read_credential(const char *text)
{
    struct passphrase *p = NULL;
    const enum err err = passphrase_read(&p, text, &f.fault);
    assert_true((err == OK) == (p != NULL));
    passphrase_close(&p);
    return err;
}

static void take_credentials_back(void)
{
    char path[FOLDER_PATH_MAX];
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    assert_int_equal(chmod(f.dir, 0700), 0);
    snprintf(path, sizeof path, "%s/hub-passphrase", f.dir);
    unlink(path);
}

static void a_passphrase_may_be_a_credential_of_the_unit(void **state)
{
    struct keyring *ring = NULL;
    (void)state;
    give_credential("hub-passphrase", "correct horse\n", 0400, 0500);
    assert_int_equal(keyfile_open(&ring, f.path, "credential:hub-passphrase", &f.fault), OK);
    keyring_close(&ring);
    /* systemd lets the user in by a list of access: the group's bits are its mask. */
    give_credential("hub-passphrase", "correct horse\n", 0440, 0550);
    assert_int_equal(keyfile_open(&ring, f.path, "credential:hub-passphrase", &f.fault), OK);
    keyring_close(&ring);
    take_credentials_back();
}

static void a_credential_that_others_reach_or_could_replace_is_refused(void **state)
{
    static const struct {
        mode_t mode, dir_mode;
    } rows[] = {
        {0404, 0500}, {0420, 0500}, {0410, 0500}, {0444, 0500},
        {0400, 0770}, {0400, 0705}, {0400, 0707}, {0400, 0701},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        give_credential("hub-passphrase", "correct horse\n", rows[i].mode, rows[i].dir_mode);
        assert_int_equal(read_credential("credential:hub-passphrase"), ERR_PERMISSION);
    }
    take_credentials_back();
}

static void a_credential_has_a_name_and_no_path(void **state)
{
    static const char *const bad[] = {
        "credential:",
        "credential:/etc/passwd",
        "credential:../key",
        "credential:.",
        "credential:a/b",
        "credential:.hidden",
        "credential:a b",
        "credential:\n",
        "credential:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };
    (void)state;
    give_credential("hub-passphrase", "correct horse\n", 0400, 0500);
    for (size_t i = 0; i < T_COUNT(bad); i++)
        assert_int_equal(read_credential(bad[i]), ERR_FIELD_VALUE);
    assert_int_equal(read_credential("credential:other"), ERR_NOT_FOUND);
    take_credentials_back();
}

/* The service manager's, or ours; nobody else's. */
static void credentials_lie_in_a_directory_of_their_owner(void **state)
{
    static const mode_t modes[] = {0710, 0730, 0701, 0704, 0702};
    (void)state;
    give_credential("hub-passphrase", "correct horse\n", 0400, 0500);
    if (geteuid() == 0) { /* nobody else can give a directory away */
        assert_int_equal(chown(f.dir, SOMEBODY_ELSE, (gid_t)-1), 0);
        assert_int_equal(read_credential("credential:hub-passphrase"), ERR_PERMISSION);
        assert_int_equal(chown(f.dir, 0, (gid_t)-1), 0);
    }
    for (size_t i = 0; i < T_COUNT(modes); i++) {
        assert_int_equal(chmod(f.dir, modes[i]), 0);
        assert_int_equal(read_credential("credential:hub-passphrase"),
                         i == 0 ? OK : ERR_PERMISSION);
    }
    take_credentials_back();
}

static void without_the_service_manager_there_are_no_credentials(void **state)
{
    char link_path[FOLDER_PATH_MAX + 16];
    (void)state;
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    assert_int_equal(read_credential("credential:hub-passphrase"), ERR_NOT_FOUND);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", "relative", 1), 0);
    assert_int_equal(read_credential("credential:hub-passphrase"), ERR_NOT_FOUND);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", f.path, 1), 0); /* a file */
    assert_int_equal(read_credential("credential:hub-passphrase"), ERR_NOT_FOUND);
    /* A link in place of the directory, or of the credential. */
    snprintf(link_path, sizeof link_path, "%s/link", f.dir);
    assert_int_equal(symlink(f.dir, link_path), 0);
    give_credential("hub-passphrase", "correct horse\n", 0400, 0700);
    assert_int_equal(read_credential("credential:link"), ERR_PERMISSION);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", link_path, 1), 0);
    assert_int_not_equal(read_credential("credential:hub-passphrase"), OK);
    unlink(link_path);
    take_credentials_back();
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_key_comes_back),
        CASE(file_is_for_its_owner_alone),
        CASE(open_permissions_links_and_directories_are_refused),
        CASE(truncated_or_overlong_file_is_434),
        CASE(work_bombs_are_434),
        CASE(every_changed_byte_is_refused),
        CASE(wrong_passphrase_is_028),
        CASE(a_file_costs_what_is_usual_where_nothing_is_said),
        CASE(existing_file_is_kept_unless_replaced),
        CASE(secrets_are_not_in_the_file),
        CASE(full_ring_fits),
        CASE(passphrase_is_the_first_line_of_a_private_file),
        CASE(passphrase_bounds_hold_on_a_descriptor),
        CASE(a_passphrase_may_be_a_credential_of_the_unit),
        CASE(a_credential_that_others_reach_or_could_replace_is_refused),
        CASE(a_credential_has_a_name_and_no_path),
        CASE(credentials_lie_in_a_directory_of_their_owner),
        CASE(without_the_service_manager_there_are_no_credentials),
    };
    return keys_init() == OK ? cmocka_run_group_tests_name("keyfile", tests, NULL, NULL) : 1;
}
