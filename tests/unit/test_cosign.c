/* Checks the promises in keys/cosign.h. */
#include "keys/cosign.h"
#include "keys/init.h"
#include "realm.h"

#include "base/hex.h"

#include "folder.h"
#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { WITNESSES = 4 };
#define NOW_S (REALM_NOW_MS / 1000)

struct fixture {
    struct key *log;
    struct key *key[WITNESSES]; /* the last one is nobody's */
    struct witness_policy policy;
    uint8_t note[NOTE_LEN_MAX];
    size_t len;
};

static struct fixture f;

static const char *const names[WITNESSES] = {"hub.440000.test/witness",
                                             "witness.445100.test/witness",
                                             "hub.000000.test/witness", "hub.350000.test/witness"};

static int setup(void **state)
{
    const struct entropy e = entropy_system();
    struct checkpoint c = {.size = 7};
    struct writer w = writer_of(f.note, sizeof f.note);
    (void)state;
    assert_int_equal(keys_init(), OK);
    memset(&f.policy, 0, sizeof f.policy);
    memset(c.root, 0x17, HASH_LEN);
    assert_int_equal(key_make(&f.log, KEY_USE_LOG, 0, &e), OK);
    assert_int_equal(note_origin(c.origin, "hub.445100", "test", 1), OK);
    assert_int_equal(note_sign(&c, f.log, &w), OK);
    f.len = w.len;
    f.policy.needed = 2;
    for (size_t i = 0; i < WITNESSES; i++) {
        assert_int_equal(key_make(&f.key[i], KEY_USE_WITNESS, 0, &e), OK);
        if (i == WITNESSES - 1)
            continue;
        struct witness_key *row = &f.policy.row[f.policy.count++];
        snprintf(row->name, sizeof row->name, "%s", names[i]);
        memcpy(row->public_key, key_public(f.key[i]), KEY_PUBLIC_LEN);
        row->valid_from_ms = REALM_NOW_MS - REALM_DAY_MS;
        row->valid_until_ms = REALM_NOW_MS + REALM_DAY_MS;
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    key_close(&f.log);
    for (size_t i = 0; i < WITNESSES; i++)
        key_close(&f.key[i]);
    return 0;
}

static struct span note(void)
{
    return span_of(f.note, f.len);
}

static void add(size_t key, const char *name, uint64_t time_s)
{
    struct writer w = writer_of(f.note + f.len, sizeof f.note - f.len);
    assert_int_equal(cosign(note(), name, f.key[key], time_s, &w), OK);
    f.len += w.len;
}

static unsigned counted(void)
{
    struct cosigners who;
    assert_int_equal(cosign_count(note(), &f.policy, REALM_NOW_MS, &who), OK);
    return who.count;
}

static void two_known_witnesses_are_two(void **state)
{
    struct cosigners who;
    (void)state;
    add(0, names[0], NOW_S - 3);
    assert_int_equal(cosign_count(note(), &f.policy, REALM_NOW_MS, &who), OK);
    assert_false(cosign_met(&f.policy, &who));
    add(1, names[1], NOW_S);
    assert_int_equal(cosign_count(note(), &f.policy, REALM_NOW_MS, &who), OK);
    assert_int_equal(who.count, 2);
    assert_true(cosign_met(&f.policy, &who));
    assert_string_equal(who.by[0].name, names[0]);
    assert_int_equal(who.by[0].time_ms, (NOW_S - 3) * 1000);
}

/* The bytes of C2SP tlog-cosignature v1, written out by hand. */
static void a_cosignature_has_the_bytes_of_c2sp(void **state)
{
    char message[512];
    char base64[256];
    char want[512];
    uint8_t hashed[256];
    uint8_t hash[HASH_LEN];
    uint8_t proof[4 + 8 + 64];
    const char *text = (const char *)f.note;
    const size_t text_len = (size_t)(strstr(text, "\n\n") - text) + 1;
    struct writer w = writer_of(hashed, sizeof hashed);
    struct writer p = writer_of(proof, sizeof proof);
    (void)state;
    write_bytes(&w, names[0], strlen(names[0]));
    write_bytes(&w, "\n\x04", 2);
    write_bytes(&w, key_public(f.key[0]), KEY_PUBLIC_LEN);
    hash_bytes(hash, writer_span(&w));
    write_bytes(&p, hash, 4);
    write_uint(&p, 1679315147, 8);
    const int len = snprintf(message, sizeof message, "cosignature/v1\ntime 1679315147\n%.*s",
                             (int)text_len, text);
    assert_int_equal(key_sign(f.key[0], span_of(message, (size_t)len), proof + 12), OK);
    base64_encode(span_of(proof, sizeof proof), base64);
    const int line = snprintf(want, sizeof want, "\u2014 %s %s\n", names[0], base64);
    const size_t before = f.len;
    add(0, names[0], 1679315147);
    assert_int_equal(f.len - before, line);
    assert_memory_equal(f.note + before, want, (size_t)line);
}

/* L-08 */
static void a_stranger_counts_nothing(void **state)
{
    (void)state;
    add(3, names[3], NOW_S);
    assert_int_equal(counted(), 0);
    add(3, names[0], NOW_S); /* under a name that is known */
    assert_int_equal(counted(), 0);
}

/* L-08 */
static void a_witness_counts_once_however_many_lines_and_keys_it_has(void **state)
{
    (void)state;
    add(0, names[0], NOW_S);
    add(0, names[0], NOW_S - 1);
    add(0, names[0], NOW_S);
    assert_int_equal(counted(), 1);
    memcpy(f.policy.row[1].name, f.policy.row[0].name, sizeof f.policy.row[1].name);
    add(1, names[0], NOW_S);
    assert_int_equal(counted(), 1);
}

/* L-08: a plain signature of type 0x01 by a witness's own key is no cosignature */
static void another_type_counts_nothing(void **state)
{
    uint8_t proof[4 + 8 + 64] = {0};
    struct writer w = writer_of(f.note + f.len, sizeof f.note - f.len);
    const size_t text_len = (size_t)(strstr((char *)f.note, "\n\n") - (char *)f.note) + 1;
    (void)state;
    note_key_hash(proof, names[0], NOTE_ED25519, key_public(f.key[0]));
    assert_int_equal(key_sign(f.key[0], span_of(f.note, text_len), proof + 4), OK);
    note_put_line(&w, names[0], span_of(proof, 4 + 64));
    f.len += w.len;
    assert_int_equal(counted(), 0);
    add(0, names[0], NOW_S); /* a good line whose hash says type 0x01 */
    struct span lines = span_of(f.note + f.len - w.len, 0);
    struct checkpoint c;
    struct span text;
    struct note_line line;
    assert_int_equal(note_open(note(), &c, &text, &lines), OK);
    assert_true(note_line(&lines, &line));
    const size_t good = (size_t)(lines.data - f.note);
    assert_true(note_line(&lines, &line));
    assert_int_equal(counted(), 1);
    note_key_hash(line.proof, names[0], NOTE_ED25519, key_public(f.key[0]));
    struct writer again = writer_of(f.note + good, sizeof f.note - good);
    note_put_line(&again, names[0], span_of(line.proof, line.proof_len));
    f.len = good + again.len;
    assert_int_equal(counted(), 0);
}

/* L-08 */
static void a_time_ahead_counts_nothing(void **state)
{
    (void)state;
    add(0, names[0], NOW_S + COSIGN_AHEAD_S + 1);
    assert_int_equal(counted(), 0);
    add(0, names[0], UINT64_MAX);
    assert_int_equal(counted(), 0);
    add(0, names[0], NOW_S + COSIGN_AHEAD_S);
    assert_int_equal(counted(), 1);
}

static void a_key_that_was_not_valid_then_counts_nothing(void **state)
{
    (void)state;
    f.policy.row[0].valid_from_ms = REALM_NOW_MS + 1000;
    add(0, names[0], NOW_S);
    f.policy.row[1].valid_until_ms = REALM_NOW_MS;
    add(1, names[1], NOW_S);
    assert_int_equal(counted(), 0);
}

static void a_line_for_another_checkpoint_counts_nothing(void **state)
{
    uint8_t line[COSIGNATURE_LINE_MAX];
    struct writer l = writer_of(line, sizeof line);
    struct checkpoint c = {.size = 8};
    struct writer w = writer_of(f.note, sizeof f.note);
    uint64_t time_ms;
    (void)state;
    assert_int_equal(cosign(note(), names[0], f.key[0], NOW_S, &l), OK);
    assert_int_equal(
        cosign_check(note(), writer_span(&l), names[0], &f.policy, REALM_NOW_MS, &time_ms), OK);
    assert_int_equal(time_ms, NOW_S * 1000);
    assert_int_equal(
        cosign_check(note(), writer_span(&l), names[1], &f.policy, REALM_NOW_MS, &time_ms),
        ERR_CHECKPOINT);
    memset(c.root, 0x17, HASH_LEN);
    assert_int_equal(note_origin(c.origin, "hub.445100", "test", 1), OK);
    assert_int_equal(note_sign(&c, f.log, &w), OK);
    f.len = w.len;
    assert_int_equal(
        cosign_check(note(), writer_span(&l), names[0], &f.policy, REALM_NOW_MS, &time_ms),
        ERR_CHECKPOINT);
    write_bytes(&w, line, l.len);
    f.len = w.len;
    assert_int_equal(counted(), 0);
}

static void every_changed_byte_of_a_line_counts_nothing(void **state)
{
    (void)state;
    const size_t from = f.len;
    add(0, names[0], NOW_S);
    for (size_t at = from; at < f.len; at++) {
        struct cosigners who;
        f.note[at] ^= 1;
        if (cosign_count(note(), &f.policy, REALM_NOW_MS, &who) == OK)
            assert_int_equal(who.count, 0);
        f.note[at] ^= 1;
    }
    assert_int_equal(counted(), 1);
}

static void only_a_witness_key_cosigns_and_only_a_note(void **state)
{
    uint8_t line[COSIGNATURE_LINE_MAX];
    struct writer w = writer_of(line, sizeof line);
    (void)state;
    assert_int_equal(cosign(note(), names[0], f.log, NOW_S, &w), ERR_KEY_USE);
    assert_int_equal(cosign(span_str("hello\n"), names[0], f.key[0], NOW_S, &w), ERR_CHECKPOINT);
    struct writer small = writer_of(line, 20);
    assert_int_equal(cosign(note(), names[0], f.key[0], NOW_S, &small), ERR_TOO_LARGE);
}

static void the_logs_own_hub_is_no_witness_of_itself(void **state)
{
    struct realm *r = realm_open(1);
    struct witness_policy policy = {.needed = 1};
    (void)state;
    for (size_t i = 0; i < REALM_MEMBERS; i++) { /* hub and market each get a witness key */
        lianshu_MemberRecord *record = &r->records[i];
        const bool hub = strcmp(record->member, REALM_HUB) == 0;
        if (!hub && strcmp(record->member, REALM_MARKET) != 0)
            continue;
        lianshu_MemberKey *row = &record->keys[record->keys_count++];
        *row = record->keys[0];
        row->use = lianshu_KeyUse_KEY_WITNESS;
        memcpy(row->public_key, key_public(f.key[hub]), KEY_PUBLIC_LEN);
    }
    static uint8_t bytes[64 << 10];
    struct writer w = writer_of(bytes, sizeof bytes);
    struct fault fault = {0};
    struct registry *registry = NULL;
    const struct registry_make make = realm_make(r, 2);
    assert_int_equal(registry_write(&make, r->records, REALM_MEMBERS, &w, &fault), OK);
    assert_int_equal(registry_open(&registry, &r->anchor, writer_span(&w), 1, &fault), OK);
    cosign_policy(&policy, registry, REALM_HUB);
    assert_int_equal(policy.count, 1);
    assert_string_equal(policy.row[0].name, REALM_MARKET ".test/witness");
    cosign_policy(&policy, registry, REALM_MARKET);
    assert_string_equal(policy.row[0].name, REALM_HUB ".test/witness");
    assert_int_equal(policy.needed, 1);
    registry_close(&registry);
    realm_close(&r);
}

static enum err read_text(const char *text, struct fault *fault)
{
    char path[FOLDER_MAX];
    const int fd = folder_file(path, "cosign");
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    enum err err = cosign_policy_read(&f.policy, path, fault);
    unlink(path);
    return err;
}

static void a_policy_is_read_from_a_file(void **state)
{
    char text[512];
    char hex[2 * KEY_PUBLIC_LEN + 1];
    struct fault fault = {0};
    (void)state;
    hex_encode(span_of(key_public(f.key[0]), KEY_PUBLIC_LEN), hex);
    snprintf(text, sizeof text,
             "needed: 1\nwithin_s: 90\nwitnesses:\n  - {name: %s, key: \"%s\"}\n", names[0], hex);
    assert_int_equal(read_text(text, &fault), OK);
    assert_int_equal(f.policy.needed, 1);
    assert_int_equal(f.policy.within_ms, 90000);
    add(0, names[0], NOW_S);
    assert_int_equal(counted(), 1);
    static const char *const bad[] = {
        "needed: 1\n",
        "needed: 1\nwitnesses: []\nmore: 1\n",
        "needed: 8\nwitnesses: []\n",
        "needed: 1\nwitnesses:\n  - {name: a/witness, key: \"00\"}\n",
        "needed: 1\nwitnesses:\n  - {name: a/witness, key: "
        "\"0000000000000000000000000000000000000000000000000000000000000000\"}\n",
        "needed: 1\nwitnesses:\n  - {name: a/witness}\n",
        "needed: 1\nwitnesses:\n  - {key: \"00\"}\n",
        "needed: 1\nwitnesses:\n  - {name: a/witness, key: \"00\", since: 7}\n",
        "needed: 1\nwitnesses:\n  - {name: [a], key: \"00\"}\n",
        "needed: 1\nwitnesses:\n  - {name: "
        "a-name-that-is-longer-than-any-member-and-any-realm-together-are/witness, key: \"00\"}\n",
        "witnesses: []\n",
        "needed: all\nwitnesses: []\n",
        "needed: 1\nwithin_s: soon\nwitnesses: []\n",
        "needed: 1\nwithin_s: 86401\nwitnesses: []\n",
    };
    for (size_t i = 0; i < T_COUNT(bad); i++) {
        fault = (struct fault){0};
        assert_int_not_equal(read_text(bad[i], &fault), OK);
        assert_int_not_equal(fault.line, 0);
    }
}

static void a_policy_of_more_witnesses_than_there_is_room_for_is_refused(void **state)
{
    static char text[(WITNESSES_MAX + 2) * 128];
    char hex[2 * KEY_PUBLIC_LEN + 1];
    struct fault fault = {0};
    (void)state;
    hex_encode(span_of(key_public(f.key[0]), KEY_PUBLIC_LEN), hex);
    size_t len = (size_t)snprintf(text, sizeof text, "needed: 1\nwitnesses:\n");
    for (size_t i = 0; i <= WITNESSES_MAX; i++) {
        if (i == WITNESSES_MAX)
            assert_int_equal(read_text(text, &fault), OK);
        len += (size_t)snprintf(text + len, sizeof text - len, "  - {name: %s, key: \"%s\"}\n",
                                names[0], hex);
    }
    assert_int_equal(read_text(text, &fault), ERR_TOO_LARGE);
    assert_int_not_equal(fault.line, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* Only a member's name is a witness's. */
static void a_name_that_is_no_members_is_refused(void **state)
{
    char name[WITNESS_NAME_MAX + 1];
    (void)state;
    assert_int_equal(cosign_name(name, "hub.445100", "test"), OK);
    assert_string_equal(name, "hub.445100.test/witness");
    assert_int_equal(cosign_name(name, "Hub.445100", "test"), ERR_MEMBER_UNKNOWN);
    assert_int_equal(cosign_name(name, "", "test"), ERR_MEMBER_UNKNOWN);
}

/* One line of one witness about this note, and nothing else. */
static void a_line_is_checked_for_the_witness_that_is_asked(void **state)
{
    uint8_t bytes[2 * NOTE_LEN_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);
    uint64_t time_ms = 0;
    (void)state;
    assert_int_equal(cosign(note(), names[0], f.key[0], NOW_S, &w), OK);
    const struct span line = writer_span(&w);
    assert_int_equal(cosign_check(note(), line, names[0], &f.policy, REALM_NOW_MS, &time_ms), OK);
    assert_int_equal(time_ms, NOW_S * 1000);
    assert_int_equal(cosign_check(note(), line, names[1], &f.policy, REALM_NOW_MS, &time_ms),
                     ERR_CHECKPOINT);
    assert_int_equal(
        cosign_check(span_str("no note"), line, names[0], &f.policy, REALM_NOW_MS, &time_ms),
        ERR_CHECKPOINT);
    assert_int_equal(cosign_check(note(), span_of(bytes, line.len - 1), names[0], &f.policy,
                                  REALM_NOW_MS, &time_ms),
                     ERR_CHECKPOINT);
    assert_int_equal(cosign(note(), names[1], f.key[1], NOW_S, &w), OK);
    assert_int_equal(
        cosign_check(note(), writer_span(&w), names[0], &f.policy, REALM_NOW_MS, &time_ms),
        ERR_CHECKPOINT);
}

/* More keys of witnesses than there is room for: the first count, in the order of the registry. */
static void a_policy_has_room_for_so_many_keys_of_a_registry(void **state)
{
    enum { EACH = 11 }; /* with the key that signs a record is full */
    struct realm *realm = realm_open(4);
    struct registry *r = NULL;
    const struct registry_make make = realm_make(realm, 2);
    static uint8_t file[256 << 10];
    struct writer w = writer_of(file, sizeof file);
    struct fault fault;
    (void)state;
    for (size_t i = 0; i < REALM_MEMBERS; i++) {
        lianshu_MemberRecord *m = &realm->records[i];
        for (m->keys_count = 1; m->keys_count <= EACH; m->keys_count++) {
            struct key *key = NULL;
            assert_int_equal(key_make(&key, KEY_USE_WITNESS, 0, &realm->entropy), OK);
            lianshu_MemberKey *row = &m->keys[m->keys_count];
            *row = m->keys[0];
            row->use = lianshu_KeyUse_KEY_WITNESS;
            memcpy(row->public_key, key_public(key), KEY_PUBLIC_LEN);
            key_close(&key);
        }
    }
    assert_int_equal(registry_write(&make, realm->records, REALM_MEMBERS, &w, &fault), OK);
    assert_int_equal(registry_open(&r, &realm->anchor, writer_span(&w), 1, &fault), OK);
    cosign_policy(&f.policy, r, REALM_POLICE);
    assert_int_equal(f.policy.count, 5 * EACH);
    cosign_policy(&f.policy, r, "hub.440000");
    assert_int_equal(f.policy.count, WITNESSES_MAX);
    assert_string_equal(f.policy.row[0].name, REALM_HEALTH ".test/witness");
    registry_close(&r);
    realm_close(&realm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(two_known_witnesses_are_two),
        TEST(a_cosignature_has_the_bytes_of_c2sp),
        TEST(a_stranger_counts_nothing),
        TEST(a_witness_counts_once_however_many_lines_and_keys_it_has),
        TEST(another_type_counts_nothing),
        TEST(a_time_ahead_counts_nothing),
        TEST(a_key_that_was_not_valid_then_counts_nothing),
        TEST(a_line_for_another_checkpoint_counts_nothing),
        TEST(every_changed_byte_of_a_line_counts_nothing),
        TEST(only_a_witness_key_cosigns_and_only_a_note),
        TEST(the_logs_own_hub_is_no_witness_of_itself),
        TEST(a_policy_is_read_from_a_file),
        TEST(a_policy_of_more_witnesses_than_there_is_room_for_is_refused),
        TEST(a_name_that_is_no_members_is_refused),
        TEST(a_line_is_checked_for_the_witness_that_is_asked),
        TEST(a_policy_has_room_for_so_many_keys_of_a_registry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
