/*
 * Checks signer/state.h and signer/serve.h: what is signed, what is refused, and what a crash at
 * any point leaves behind.
 */
#include "base/clock.h"
#include "keys/init.h"
#include "net/local.h"
#include "net/signer_frame.h"
#include "signer/serve.h"
#include "signer/slots.h"

#include "folder.h"
#include "t.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define HUB    "hub.445100"
#define REALM  "demo"
#define ORIGIN HUB "." REALM "/audit/1"

enum { LEAVES = 300 };

static merkle_hash leaf[LEAVES];

struct fixture {
    char dir[FOLDER_MAX];
    char path[FOLDER_PATH_MAX];
    struct state *s;
};

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){.s = NULL};
    folder_make(f.dir, "signer");
    snprintf(f.path, sizeof f.path, "%s/state", f.dir);
    for (size_t i = 0; i < LEAVES; i++)
        hash_bytes(leaf[i], span_of(&i, sizeof i));
    assert_int_equal(state_create(f.path, ORIGIN, NULL), OK);
    assert_int_equal(state_open(&f.s, f.path, HUB, REALM, NULL), OK);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    state_close(&f->s);
    folder_remove(f->dir);
    return 0;
}

static void reopen(struct fixture *f)
{
    state_close(&f->s);
    assert_int_equal(state_open(&f->s, f->path, HUB, REALM, NULL), OK);
}

static void expect_head(const struct fixture *f, uint64_t size)
{
    struct checkpoint head;
    merkle_hash root;
    state_head(f->s, &head);
    merkle_root(root, (const merkle_hash *)leaf, size);
    assert_int_equal(head.size, size);
    assert_memory_equal(head.root, root, HASH_LEN);
    assert_string_equal(head.origin, ORIGIN);
}

static enum err extend(struct fixture *f, uint64_t from, size_t count)
{
    return state_extend(f->s, from, (const merkle_hash *)leaf + from, count);
}

static void both_paths_give_the_root_of_rfc_6962_for_all_small_sizes(void **state)
{
    merkle_hash scratch[LEAVES + 1];
    (void)state;
    for (size_t old = 0; old <= 40; old++) {
        struct merkle_frontier frontier;
        frontier_init(&frontier);
        for (size_t i = 0; i < old; i++)
            frontier_append(&frontier, leaf[i]);
        for (size_t more = 0; more <= 70; more++) {
            merkle_hash want;
            merkle_hash got;
            merkle_root(want, (const merkle_hash *)leaf, old + more);
            state_second_root(&frontier, (const merkle_hash *)leaf + old, more, scratch, got);
            if (memcmp(want, got, HASH_LEN) != 0)
                fail_msg("old %zu more %zu", old, more);
        }
    }
}

static void a_head_survives_reopen(void **state)
{
    struct fixture *f = *state;
    uint64_t size = 0;
    for (size_t step = 1; size + step <= LEAVES; step += 3) {
        assert_int_equal(extend(f, size, step), OK);
        size += step;
        reopen(f);
        expect_head(f, size);
    }
}

/* After 10, then 5 leaves: one row per request that is not "append to 15". */
static void any_tree_of_another_past_is_refused(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *what;
        uint64_t old_size;
        size_t first; /* leaves from here */
        size_t count;
        enum err err;
    } rows[] = {
        {"the last request again", 10, 10, 5, OK},
        {"the present head again", 15, 15, 0, OK},
        {"other leaves in the place of the last", 10, 11, 5, ERR_LOG_FORK},
        {"fewer leaves than the last", 10, 10, 4, ERR_LOG_ROLLBACK},
        {"more leaves than the last, from before it", 10, 10, 6, ERR_LOG_ROLLBACK},
        {"none, from before the last", 10, 10, 0, ERR_LOG_ROLLBACK},
        {"an empty log", 0, 0, 0, ERR_LOG_ROLLBACK},
        {"a log from the beginning", 0, 0, 15, ERR_LOG_ROLLBACK},
        {"a log from the beginning, longer", 0, 0, 20, ERR_LOG_ROLLBACK},
        {"one leaf behind", 14, 14, 1, ERR_LOG_ROLLBACK},
        {"one leaf ahead", 16, 16, 1, ERR_CONSISTENCY},
        {"far ahead", 1000, 0, 1, ERR_CONSISTENCY},
        {"beyond counting", UINT64_MAX, 0, 1, ERR_TOO_LARGE},
        {"too many leaves", 15, 0, SIGNER_LEAVES_MAX + 1, ERR_TOO_LARGE},
    };
    assert_int_equal(extend(f, 0, 10), OK);
    assert_int_equal(extend(f, 10, 5), OK);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < T_COUNT(rows); i++) {
            print_message("row %zu: %s\n", i, rows[i].what);
            assert_int_equal(state_extend(f->s, rows[i].old_size,
                                          (const merkle_hash *)leaf + rows[i].first, rows[i].count),
                             rows[i].err);
            expect_head(f, 15);
        }
        reopen(f); /* and the same after a restart */
    }
    assert_int_equal(extend(f, 15, 1), OK);
}

static void spoil(const struct fixture *f, off_t at, size_t len)
{
    uint8_t bytes[STATE_SLOT_LEN];
    int fd = open(f->path, O_RDWR | O_CLOEXEC);
    assert_int_equal(pread(fd, bytes, len, at), len);
    for (size_t i = 0; i < len; i++)
        bytes[i] ^= 0x5a;
    assert_int_equal(pwrite(fd, bytes, len, at), len);
    close(fd);
}

/* The newest slot is torn at any place: the state is the one before, and the request that was
 * answered to nobody is carried out again. */
static void a_torn_newest_slot_leaves_the_state_before(void **state)
{
    struct fixture *f = *state;
    static const off_t TORN_AT[] = {
        0, 6, 14, 40, 100, 2000, STATE_SLOT_LEN - 32, STATE_SLOT_LEN - 1};
    uint64_t generation = 1; /* of state_create */
    uint64_t size = 0;
    for (size_t i = 0; i < T_COUNT(TORN_AT); i++) {
        assert_int_equal(extend(f, size, 3), OK);
        generation++;
        state_close(&f->s);
        spoil(f, (off_t)(generation % 2) * STATE_SLOT_LEN + TORN_AT[i], 1);
        assert_int_equal(state_open(&f->s, f->path, HUB, REALM, NULL), OK);
        expect_head(f, size);
        assert_int_equal(extend(f, size, 3), OK);
        size += 3;
        expect_head(f, size);
    }
}

static void a_torn_older_slot_leaves_the_newest_state(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(extend(f, 0, 7), OK); /* generation 2: slot 0; generation 1 in slot 1 */
    state_close(&f->s);
    spoil(f, STATE_SLOT_LEN, STATE_SLOT_LEN);
    assert_int_equal(state_open(&f->s, f->path, HUB, REALM, NULL), OK);
    expect_head(f, 7);
    assert_int_equal(extend(f, 0, 7),
                     ERR_LOG_ROLLBACK); /* what it can no longer prove, it refuses */
    assert_int_equal(extend(f, 7, 1), OK);
}

static void without_a_whole_slot_it_does_not_start(void **state)
{
    struct fixture *f = *state;
    struct state *s;
    struct fault fault = {.err = OK};
    assert_int_equal(extend(f, 0, 7), OK);
    state_close(&f->s);
    spoil(f, 100, 1);
    spoil(f, STATE_SLOT_LEN + 100, 1);
    assert_int_equal(state_open(&s, f->path, HUB, REALM, &fault), ERR_CORRUPT);
    assert_null(s);
    assert_string_equal(fault.where, f->path);

    assert_int_equal(truncate(f->path, 10), 0);
    assert_int_equal(state_open(&s, f->path, HUB, REALM, NULL), ERR_CORRUPT);
}

static void a_file_that_is_not_right_is_refused(void **state)
{
    struct fixture *f = *state;
    struct state *s;
    char missing[FOLDER_PATH_MAX + 16];
    snprintf(missing, sizeof missing, "%s-none", f->path);
    assert_int_equal(state_open(&s, missing, HUB, REALM, NULL), ERR_NOT_FOUND);
    assert_int_equal(state_open(&s, f->path, HUB, REALM, NULL), ERR_BUSY_ELSEWHERE);
    assert_int_equal(state_create(f->path, ORIGIN, NULL), ERR_EXISTS);
    state_close(&f->s);
    assert_int_equal(state_open(&s, f->path, HUB, "other", NULL), ERR_CHECKPOINT);
    assert_int_equal(chmod(f->path, 0640), 0);
    assert_int_equal(state_open(&s, f->path, HUB, REALM, NULL), ERR_PERMISSION);
    assert_int_equal(chmod(f->path, 0600), 0);
    assert_int_equal(symlink(f->path, missing), 0);
    assert_int_not_equal(state_open(&s, missing, HUB, REALM, NULL), OK);
    unlink(missing);
    assert_int_equal(state_open(&f->s, f->path, HUB, REALM, NULL), OK);
}

/* The disk does not take the slot: not extended, not in memory either. */
static void what_is_not_on_disk_did_not_happen(void **state)
{
    struct fixture *f = *state;
    struct rlimit before;
    assert_int_equal(extend(f, 0, 5), OK);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit none = {0, before.rlim_max};
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    assert_int_equal(sigaction(SIGXFSZ, &ignore, NULL), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    enum err err = extend(f, 5, 5);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(err, ERR_FSYNC);
    expect_head(f, 5);
    reopen(f);
    expect_head(f, 5);
}

static void a_changed_byte_anywhere_in_a_slot_is_seen(void **state)
{
    uint8_t bytes[STATE_SLOT_LEN];
    struct slot slot = {.generation = 4, .origin = ORIGIN};
    struct slot back;
    (void)state;
    frontier_init(&slot.frontier);
    for (size_t i = 0; i < 11; i++)
        frontier_append(&slot.frontier, leaf[i]);
    frontier_root(&slot.frontier, slot.root);
    slot_write(&slot, bytes);
    assert_int_equal(slot_read(&back, bytes), OK);
    assert_int_equal(back.generation, 4);
    for (size_t i = 0; i < STATE_SLOT_LEN; i++) {
        bytes[i] ^= 1;
        assert_int_equal(slot_read(&back, bytes), ERR_CORRUPT);
        bytes[i] ^= 1;
    }
}

/* ---- the conversation ---- */

struct talk {
    struct signer signer;
    struct logkeys keys;
    const struct key *key; /* of keys */
    int hub;
    int fd;
};

static void talk_open(struct talk *t, struct fixture *f)
{
    static merkle_hash room[SIGNER_LEAVES_MAX];
    const struct entropy entropy = entropy_system();
    int pair[2];
    struct key *made = NULL;
    assert_int_equal(key_make(&made, KEY_USE_LOG, 1, &entropy), OK);
    t->keys = (struct logkeys){.ring = {NULL, NULL}};
    assert_int_equal(keyring_open(&t->keys.ring[0], HUB, "log"), OK);
    assert_int_equal(keyring_add(t->keys.ring[0], &made), OK);
    t->key = keyring_find(t->keys.ring[0], KEY_USE_LOG);
    t->signer = (struct signer){f->s, &t->keys, room, clock_real_ms};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
    t->hub = pair[0];
    t->fd = pair[1];
}

static void talk_close(struct talk *t)
{
    close(t->hub);
    close(t->fd);
    logkeys_close(&t->keys);
}

static enum err ask(struct talk *t, struct signer_request request, size_t first,
                    struct signer_answer *answer, uint8_t note[static SIGNER_NOTE_MAX])
{
    uint8_t head[SIGNER_REQUEST_LEN];
    uint8_t back[SIGNER_ANSWER_LEN];
    signer_request_write(&request, head);
    assert_int_equal(write(t->hub, head, sizeof head), sizeof head);
    if (request.leaf_count > 0)
        assert_int_equal(write(t->hub, leaf[first], request.leaf_count * HASH_LEN),
                         request.leaf_count * HASH_LEN);
    enum err err = signer_serve_one(&t->signer, t->fd);
    assert_int_equal(local_read_all(t->hub, back, sizeof back, 1000), OK);
    assert_int_equal(signer_answer_read(back, answer), OK);
    assert_int_equal(local_read_all(t->hub, note, answer->note_len, 1000), OK);
    return err;
}

static void an_accepted_tree_is_answered_with_a_checkpoint_that_verifies(void **state)
{
    struct fixture *f = *state;
    struct talk t;
    struct signer_answer answer;
    struct checkpoint head;
    uint8_t note[SIGNER_NOTE_MAX];

    talk_open(&t, f);
    assert_int_equal(ask(&t, (struct signer_request){SIGNER_SIGN, 0, 9}, 0, &answer, note), OK);
    assert_int_equal(answer.err, OK);
    assert_int_equal(answer.size, 9);
    assert_int_equal(note_verify(span_of(note, answer.note_len), ORIGIN, key_public(t.key), &head),
                     OK);
    assert_int_equal(head.size, 9);
    assert_memory_equal(head.root, answer.root, HASH_LEN);
    expect_head(f, 9);

    assert_int_equal(ask(&t, (struct signer_request){SIGNER_HEAD, 0, 0}, 0, &answer, note), OK);
    assert_int_equal(answer.size, 9);
    assert_int_equal(answer.note_len, 0);
    talk_close(&t);
}

static void a_fork_is_answered_with_its_code_and_no_checkpoint(void **state)
{
    struct fixture *f = *state;
    struct talk t;
    struct signer_answer answer;
    uint8_t note[SIGNER_NOTE_MAX];

    talk_open(&t, f);
    assert_int_equal(ask(&t, (struct signer_request){SIGNER_SIGN, 0, 9}, 0, &answer, note), OK);
    assert_int_equal(ask(&t, (struct signer_request){SIGNER_SIGN, 0, 9}, 1, &answer, note), OK);
    assert_int_equal(answer.err, ERR_LOG_FORK);
    assert_int_equal(answer.note_len, 0);
    assert_int_equal(ask(&t, (struct signer_request){SIGNER_SIGN, 3, 1}, 3, &answer, note), OK);
    assert_int_equal(answer.err, ERR_LOG_ROLLBACK);
    assert_int_equal(answer.note_len, 0);
    expect_head(f, 9);
    talk_close(&t);
}

static void a_malformed_request_costs_its_connection_and_nothing_else(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *what;
        const char *bytes;
    } rows[] = {
        {"magic", "LSGX\2\0\0\0\0\0\0\0\0\0\0\0\0"},
        {"op 0", "LSGQ\0\0\0\0\0\0\0\0\0\0\0\0\0"},
        {"op 3", "LSGQ\3\0\0\0\0\0\0\0\0\0\0\0\0"},
        {"head with leaves", "LSGQ\1\0\0\0\0\0\0\0\0\0\0\0\1"},
        {"leaves beyond the bound", "LSGQ\2\0\0\0\0\0\0\0\0\0\0\x80\1"},
        {"leaves beyond reason", "LSGQ\2\0\0\0\0\0\0\0\0\xff\xff\xff\xff"},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct talk t;
        print_message("row %zu: %s\n", i, rows[i].what);
        talk_open(&t, f);
        assert_int_equal(write(t.hub, rows[i].bytes, SIGNER_REQUEST_LEN), SIGNER_REQUEST_LEN);
        assert_int_equal(signer_serve_one(&t.signer, t.fd), ERR_UNREACHABLE);
        talk_close(&t);
    }
    struct talk t;
    talk_open(&t, f);
    assert_int_equal(write(t.hub, "LSGQ\2\0\0", 7), 7);
    assert_int_equal(shutdown(t.hub, SHUT_WR), 0); /* cut in the middle */
    assert_int_equal(signer_serve_one(&t.signer, t.fd), ERR_UNREACHABLE);
    talk_close(&t);
    expect_head(f, 0);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(both_paths_give_the_root_of_rfc_6962_for_all_small_sizes),
        CASE(a_head_survives_reopen),
        CASE(any_tree_of_another_past_is_refused),
        CASE(a_torn_newest_slot_leaves_the_state_before),
        CASE(a_torn_older_slot_leaves_the_newest_state),
        CASE(without_a_whole_slot_it_does_not_start),
        CASE(a_file_that_is_not_right_is_refused),
        CASE(what_is_not_on_disk_did_not_happen),
        CASE(a_changed_byte_anywhere_in_a_slot_is_seen),
        CASE(an_accepted_tree_is_answered_with_a_checkpoint_that_verifies),
        CASE(a_fork_is_answered_with_its_code_and_no_checkpoint),
        CASE(a_malformed_request_costs_its_connection_and_nothing_else),
    };
    if (keys_init() != OK)
        return 1;
    return cmocka_run_group_tests_name("signer", tests, NULL, NULL);
}
