/*
 * Checks net/signer_client.h against a real signer in a child process, killed and restarted
 * between requests.
 */
#include "base/clock.h"
#include "keys/init.h"
#include "net/local.h"
#include "net/signer_client.h"
#include "net/signer_frame.h"
#include "signer/serve.h"

#include "folder.h"
#include "t.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define HUB    "hub.445100"
#define REALM  "demo"
#define ORIGIN HUB "." REALM "/audit/1"

struct fixture {
    char dir[FOLDER_MAX];
    char state[FOLDER_PATH_MAX];
    char socket[FOLDER_PATH_MAX];
    struct logkeys keys;
    const struct key *key; /* of keys */
    pid_t child;
    int stop[2]; /* what the child takes for its signalfd */
};

/* In the child: never returns. */
static void serve(const struct fixture *f)
{
    struct signer signer = {.keys = &f->keys, .now_ms = clock_real_ms};
    int listener;
    signer.leaves = malloc(sizeof *signer.leaves * SIGNER_LEAVES_MAX);
    if (signer.leaves == NULL || state_open(&signer.state, f->state, HUB, REALM, NULL) != OK ||
        local_listen(&listener, f->socket, LOCAL_NO_UID, NULL) != OK)
        _exit(1);
    _exit(signer_serve(&signer, listener, LOCAL_NO_UID, f->stop[0]) == OK ? 0 : 2);
}

static void start(struct fixture *f)
{
    f->child = fork();
    assert_true(f->child >= 0);
    if (f->child == 0)
        serve(f);
}

static void kill_signer(struct fixture *f)
{
    assert_int_equal(kill(f->child, SIGKILL), 0);
    assert_int_equal(waitpid(f->child, NULL, 0), f->child);
}

static int setup(void **state)
{
    static struct fixture f;
    const struct entropy entropy = entropy_system();
    f = (struct fixture){.child = 0};
    folder_make(f.dir, "signer");
    if (pipe(f.stop) != 0)
        return -1;
    snprintf(f.state, sizeof f.state, "%s/state", f.dir);
    snprintf(f.socket, sizeof f.socket, "%s/socket", f.dir);
    struct key *made = NULL;
    assert_int_equal(key_make(&made, KEY_USE_LOG, 1, &entropy), OK);
    assert_int_equal(keyring_open(&f.keys.ring[0], HUB, "log"), OK);
    assert_int_equal(keyring_add(f.keys.ring[0], &made), OK);
    f.key = keyring_find(f.keys.ring[0], KEY_USE_LOG);
    assert_int_equal(state_create(f.state, ORIGIN, NULL), OK);
    start(&f);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    kill_signer(f);
    logkeys_close(&f->keys);
    close(f->stop[0]);
    close(f->stop[1]);
    folder_remove(f->dir);
    return 0;
}

static enum err sign(struct signer_client *c, const struct fixture *f, uint64_t old_size,
                     const uint8_t (*leaves)[32], size_t count)
{
    uint8_t note[SIGNER_NOTE_MAX];
    struct writer w = writer_of(note, sizeof note);
    struct checkpoint head;
    enum err err = signer_client_sign(c, old_size, leaves, count, &w);
    if (err != OK)
        return err;
    assert_int_equal(note_verify(writer_span(&w), ORIGIN, key_public(f->key), &head), OK);
    assert_int_equal(head.size, old_size + count);
    return OK;
}

static void a_signer_killed_in_between_is_asked_again_and_forgets_nothing(void **state)
{
    struct fixture *f = *state;
    static const uint8_t LEAVES[6][32] = {{1}, {2}, {3}, {4}, {5}, {6}};
    struct signer_client *c;
    uint8_t root[32];
    uint8_t bytes[SIGNER_NOTE_MAX];
    struct writer statement = writer_of(bytes, sizeof bytes);
    uint64_t size;

    assert_int_equal(signer_client_open(&c, f->socket, NULL), OK);
    assert_int_equal(sign(c, f, 0, LEAVES, 2), OK);
    kill_signer(f);
    start(f);
    assert_int_equal(sign(c, f, 2, LEAVES + 2, 2), OK);
    kill_signer(f);
    start(f);
    assert_int_equal(sign(c, f, 2, LEAVES + 2, 2), OK); /* as if the answer had been lost */
    assert_int_equal(sign(c, f, 4, NULL, 0), OK);
    assert_int_equal(signer_client_head(c, &size, root, &statement), OK);
    assert_int_equal(statement.len, 0);
    assert_int_equal(size, 4);
    signer_client_close(&c);
}

static void the_signers_refusals_come_back_as_its_own_codes(void **state)
{
    struct fixture *f = *state;
    static const uint8_t LEAVES[3][32] = {{1}, {2}, {3}};
    static const uint8_t OTHER[3][32] = {{7}, {8}, {9}};
    struct signer_client *c;
    assert_int_equal(signer_client_open(&c, f->socket, NULL), OK);
    assert_int_equal(sign(c, f, 0, LEAVES, 3), OK);
    assert_int_equal(sign(c, f, 0, OTHER, 3), ERR_LOG_FORK);
    assert_int_equal(sign(c, f, 1, LEAVES, 1), ERR_LOG_ROLLBACK);
    assert_int_equal(sign(c, f, 9, LEAVES, 1), ERR_CONSISTENCY);
    assert_int_equal(sign(c, f, 3, LEAVES, 1), OK); /* a refusal does not end the conversation */
    signer_client_close(&c);
}

static void a_second_hub_takes_the_conversation_over(void **state)
{
    struct fixture *f = *state;
    static const uint8_t LEAVES[2][32] = {{1}, {2}};
    struct signer_client *first;
    struct signer_client *second;
    assert_int_equal(signer_client_open(&first, f->socket, NULL), OK);
    assert_int_equal(sign(first, f, 0, LEAVES, 1), OK);
    assert_int_equal(signer_client_open(&second, f->socket, NULL), OK);
    assert_int_equal(sign(second, f, 1, LEAVES + 1, 1), OK);
    signer_client_close(&second);
    signer_client_close(&first);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_signer_killed_in_between_is_asked_again_and_forgets_nothing),
        CASE(the_signers_refusals_come_back_as_its_own_codes),
        CASE(a_second_hub_takes_the_conversation_over),
    };
    if (keys_init() != OK)
        return 1;
    return cmocka_run_group_tests_name("signer_client", tests, NULL, NULL);
}
