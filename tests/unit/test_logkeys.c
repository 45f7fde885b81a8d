/* Checks signer/logkeys.h with the signer's own process: which of two log keys signs, as the
 * registry has it, and that readers verify what either signed. */
#include "base/clock.h"
#include "base/file.h"
#include "keys/keyfile.h"
#include "keys/log_readers.h"
#include "keys/note.h"
#include "signer/logkeys.h"
#include "signer/state.h"

#include "realm.h"

#include "folder.h"
#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HOUR = 3600 * 1000, COST_OPS = 1, COST_MEMORY = 64 << 10, TEXT_MAX = 4096 };

static struct {
    char dir[FOLDER_MAX];
    struct realm *realm;
    const struct key *old;
    struct key *next; /* public half and secret; the file has a copy */
    struct signer_config config;
    uint64_t now_ms;
    pb_size_t keys; /* of the hub, without the next one */
} f;

static const char *place(const char *name)
{
    static char path[8][FOLDER_PATH_MAX];
    static unsigned at;
    char *out = path[at++ % 8];
    snprintf(out, FOLDER_PATH_MAX, "%s/%s", f.dir, name);
    return out;
}

static void write_keys(const char *name, const struct key *key, const char *owner)
{
    struct keyring *ring = NULL;
    struct key *copy = NULL;
    struct passphrase *passphrase = NULL;
    const struct entropy entropy = entropy_system();
    assert_int_equal(keyring_open(&ring, owner, "log"), OK);
    assert_int_equal(key_import(&copy, key_use(key), 1, key_secret(key)), OK);
    assert_int_equal(keyring_add(ring, &copy), OK);
    assert_int_equal(passphrase_of(&passphrase, span_str("correct horse")), OK);
    assert_int_equal(keyfile_write(ring, place(name), true, passphrase,
                                   (struct keyfile_cost){COST_OPS, COST_MEMORY}, &entropy, NULL),
                     OK);
    passphrase_close(&passphrase);
    keyring_close(&ring);
}

/* A version whose hub has the next log key from that moment on, to that one. */
static void registered(uint64_t from_ms, uint64_t until_ms)
{
    lianshu_MemberRecord *record = &f.realm->records[0];
    const pb_size_t before = f.keys;
    record->keys_count = before;
    for (pb_size_t i = 0; i < before; i++)
        record->keys[i].valid_until_ms = f.now_ms + 90 * REALM_DAY_MS;
    if (until_ms != 0) {
        lianshu_MemberKey *key = &record->keys[record->keys_count++];
        *key = (lianshu_MemberKey){
            .use = lianshu_KeyUse_KEY_LOG, .valid_from_ms = from_ms, .valid_until_ms = until_ms};
        memcpy(key->public_key, key_public(f.next), KEY_PUBLIC_LEN);
    }
    struct registry_make make = realm_make(f.realm, 2);
    make.now_ms = f.now_ms;
    make.valid_until_ms = f.now_ms + 30 * REALM_DAY_MS;
    realm_write(&make, f.realm->records, REALM_MEMBERS, place("registry.lsg"));
}

static void configure(const char *more)
{
    char text[TEXT_MAX];
    snprintf(text, sizeof text,
             "realm: %s\nmember: %s\nkey_file: old.key\npassphrase_file: passphrase\n"
             "state_file: state\nsocket: signer.sock\n%s",
             REALM_NAME, REALM_HUB, more);
    assert_int_equal(file_write(place("signer.yaml"), span_str(text), 0600, 0, NULL), OK);
}

#define BOTH "next_key_file: next.key\nanchor: anchor.yaml\nregistry: registry.lsg\n"

/* The process prints the head that it signs; its exit code. */
static int head(uint8_t *out, size_t *len)
{
    int pipes[2];
    int status;
    assert_int_equal(pipe(pipes), 0);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(pipes[1], STDOUT_FILENO);
        close(pipes[0]);
        close(pipes[1]);
        execl(SIGNER_PROGRAM, SIGNER_PROGRAM, "--config", place("signer.yaml"), "--head",
              (char *)NULL);
        _exit(127);
    }
    close(pipes[1]);
    *len = 0;
    for (ssize_t got; (got = read(pipes[0], out + *len, TEXT_MAX - *len)) > 0;)
        *len += (size_t)got;
    close(pipes[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static bool by(const struct key *key, struct span note)
{
    char origin[NOTE_ORIGIN_MAX + 1];
    struct checkpoint c;
    assert_int_equal(note_origin(origin, REALM_HUB, REALM_NAME, 1), OK);
    return note_verify(note, origin, key_public(key), &c) == OK;
}

/* Whom a reader with this registry believes at that moment. */
static enum err believed(struct span note, uint64_t at_ms)
{
    struct registry *registry = NULL;
    struct checkpoint c;
    assert_int_equal(registry_read(&registry, &f.realm->anchor, place("registry.lsg"), 0, NULL),
                     OK);
    struct log_reader reader = {.registry = registry, .hub = REALM_HUB, .at_ms = at_ms};
    const enum err err = log_reader_checkpoint(&reader, note, &c);
    registry_close(&registry);
    return err;
}

static int setup(void **state)
{
    char origin[NOTE_ORIGIN_MAX + 1];
    (void)state;
    memset(&f, 0, sizeof f);
    folder_make(f.dir, "logkeys");
    f.now_ms = clock_real_ms();
    f.realm = realm_open(11);
    f.keys = f.realm->records[0].keys_count;
    f.old = realm_key(f.realm, REALM_HUB, KEY_USE_LOG);
    assert_int_equal(key_make(&f.next, KEY_USE_LOG, 1, &f.realm->entropy), OK);
    write_keys("old.key", f.old, REALM_HUB);
    write_keys("next.key", f.next, REALM_HUB);
    assert_int_equal(file_write(place("passphrase"), span_str("correct horse\n"), 0600, 0, NULL),
                     OK);
    assert_int_equal(anchor_write(&f.realm->anchor, place("anchor.yaml"), true, NULL), OK);
    assert_int_equal(note_origin(origin, REALM_HUB, REALM_NAME, 1), OK);
    assert_int_equal(state_create(place("state"), origin, NULL), OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    folder_remove(f.dir);
    key_close(&f.next);
    realm_close(&f.realm);
    return 0;
}

static void the_next_key_signs_from_its_moment_on_and_readers_believe_either(void **state)
{
    uint8_t note[TEXT_MAX];
    size_t len;
    (void)state;
    for (int begun = 0; begun < 2; begun++) {
        print_message("begun: %d\n", begun);
        registered(begun ? f.now_ms - HOUR : f.now_ms + HOUR, f.now_ms + 60 * REALM_DAY_MS);
        configure(BOTH);
        assert_int_equal(head(note, &len), 0);
        const struct span text = span_of(note, len);
        assert_int_equal(by(f.next, text), begun);
        assert_int_equal(by(f.old, text), !begun);
        assert_int_equal(believed(text, f.now_ms), OK);
        /* what the next one signs is nobody's before */
        assert_int_equal(believed(text, f.now_ms - 2 * (uint64_t)HOUR),
                         begun ? ERR_CHECKPOINT : OK);
    }
    /* alone it goes on with its own */
    configure("");
    assert_int_equal(head(note, &len), 0);
    assert_true(by(f.old, span_of(note, len)));
}

static void a_key_that_is_not_this_hubs_log_key_stops_the_start(void **state)
{
    uint8_t note[TEXT_MAX];
    size_t len;
    (void)state;
    registered(0, 0); /* unknown */
    configure(BOTH);
    assert_int_not_equal(head(note, &len), 0);
    registered(f.now_ms - 2 * (uint64_t)HOUR, f.now_ms - HOUR); /* over */
    assert_int_not_equal(head(note, &len), 0);
    registered(f.now_ms - HOUR, f.now_ms + 60 * REALM_DAY_MS);
    assert_int_equal(head(note, &len), 0);
    configure("next_key_file: next.key\n"); /* nothing to look it up in */
    assert_int_not_equal(head(note, &len), 0);
    configure(BOTH);
    write_keys("next.key", f.next, REALM_HEALTH);
    assert_int_not_equal(head(note, &len), 0);
    write_keys("next.key", realm_key(f.realm, REALM_HUB, KEY_USE_SIGN), REALM_HUB);
    assert_int_not_equal(head(note, &len), 0);
    assert_int_equal(len, 0);
}

/* The running process: from one signature to the next. */
static void it_changes_while_the_signer_runs(void **state)
{
    struct logkeys keys;
    struct fault fault = {.err = OK};
    (void)state;
    const uint64_t from_ms = f.now_ms + HOUR;
    registered(from_ms, f.now_ms + 60 * REALM_DAY_MS);
    configure(BOTH);
    assert_int_equal(signer_config_read(&f.config, place("signer.yaml"), &fault), OK);
    assert_int_equal(logkeys_open(&keys, &f.config, f.now_ms, &fault), OK);
    assert_memory_equal(key_kid(logkeys_at(&keys, from_ms - 1)), key_kid(f.old), KID_LEN);
    assert_memory_equal(key_kid(logkeys_at(&keys, from_ms)), key_kid(f.next), KID_LEN);
    logkeys_close(&keys);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_next_key_signs_from_its_moment_on_and_readers_believe_either),
        CASE(a_key_that_is_not_this_hubs_log_key_stops_the_start),
        CASE(it_changes_while_the_signer_runs),
    };
    return cmocka_run_group_tests_name("logkeys", tests, NULL, NULL);
}
