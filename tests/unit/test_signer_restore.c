/*
 * Checks signer/restore.h and what state.h says of a log that goes on from a copy: opened by two
 * officials and no less, from the tree they have signed, with the one entry that follows. L-05.
 */
#include "base/clock.h"
#include "base/file.h"
#include "catalogue.h"
#include "keys/document.h"
#include "signer/restore.h"
#include "signer/state.h"
#include "wire.h"

#include "realm.h"

#include "folder.h"
#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { COPY = 11, SIGNED = 17 };

static struct {
    char dir[FOLDER_MAX];
    struct realm *realm;
    struct signer_config config;
    char statement[FOLDER_PATH_MAX];
    merkle_hash leaf[SIGNED];
} f;

/* What a statement says, zeros being the right thing. */
struct says {
    lianshu_OfficialVerb verb;
    const struct key *first, *second;
    size_t signatures;
    const char *hub, *realm;
    uint32_t log_number;
    uint64_t size, signed_size;
    bool other_root, other_signed_root, other_tree;
    int64_t issued_ms; /* from now */
    const uint8_t *challenge;
};

static void root_of(uint64_t size, uint8_t out[static HASH_LEN])
{
    merkle_root(out, (const merkle_hash *)f.leaf, size);
}

static void fill_body(const struct says *t, lianshu_OfficialAct *body)
{
    *body = (lianshu_OfficialAct){
        .verb = t->verb != 0 ? t->verb : lianshu_OfficialVerb_OFFICIAL_RESTORED,
        .log_number = t->log_number != 0 ? t->log_number : 2,
        .log_size = t->size != 0 ? t->size : COPY,
        .signed_size = t->signed_size != 0 ? t->signed_size : SIGNED,
    };
    snprintf(body->recipient, sizeof body->recipient, "%s", t->hub != NULL ? t->hub : REALM_HUB);
    snprintf(body->sender, sizeof body->sender, "%s", t->hub != NULL ? t->hub : REALM_HUB);
    if (t->challenge != NULL)
        memcpy(body->message_id, t->challenge, sizeof body->message_id);
    body->object.size = body->signed_root.size = HASH_LEN;
    root_of(COPY, body->object.bytes);
    root_of(SIGNED, body->signed_root.bytes);
    body->object.bytes[0] ^= t->other_root;
    body->signed_root.bytes[0] ^= t->other_signed_root;
}

static void write_tree(const struct says *t)
{
    uint8_t bytes[MERKLE_FRONTIER_BYTES_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);
    struct merkle_frontier tree;
    char path[FOLDER_PATH_MAX + 16];
    frontier_init(&tree);
    for (size_t i = 0; i < COPY + (size_t)t->other_tree; i++)
        frontier_append(&tree, f.leaf[i]);
    frontier_write(&tree, &w);
    snprintf(path, sizeof path, "%s.frontier", f.statement);
    assert_int_equal(file_write(path, writer_span(&w), 0600, 0, NULL), OK);
}

static void write_statement(const struct says *t, struct writer *lsd1)
{
    static lianshu_Document d;
    static uint8_t bytes[FRAME_DOCUMENT_MAX];
    uint8_t hash[HASH_LEN];
    lianshu_OfficialAct body;
    const struct key *keys[] = {t->first != NULL ? t->first : realm_official(f.realm, 0),
                                t->second != NULL ? t->second : realm_official(f.realm, 1)};
    fill_body(t, &body);
    memset(&d, 0, sizeof d);
    d.type = lianshu_DocumentType_TYPE_OFFICIAL_ACT;
    document_prepare(&d, t->realm != NULL ? t->realm : REALM_NAME,
                     t->hub != NULL ? t->hub : REALM_HUB, keys[0],
                     REALM_NOW_MS + (uint64_t)t->issued_ms, &f.realm->entropy);
    d.valid_until_ms = d.issued_ms + HOUR_MS;
    d.issuers_count = 2;
    d.issuers[1] = d.issuers[0];
    memcpy(d.issuers[1].kid, key_kid(keys[1]), KID_LEN);
    struct writer b = writer_of(d.body.bytes, sizeof d.body.bytes);
    assert_int_equal(wire_encode(&lianshu_OfficialAct_msg, &body, &b), OK);
    d.body.size = (pb_size_t)b.len;
    struct writer encoded = writer_of(bytes, sizeof bytes);
    assert_int_equal(document_encode(&d, &encoded, hash), OK);
    assert_int_equal(
        document_sign(writer_span(&encoded), keys, t->signatures != 0 ? t->signatures : 2, lsd1),
        OK);
    assert_int_equal(file_write(f.statement, writer_span(lsd1), 0600, 0, NULL), OK);
    write_tree(t);
}

static enum err restore(const struct says *t)
{
    uint8_t bytes[RESTORED_MAX];
    struct writer lsd1 = writer_of(bytes, sizeof bytes);
    struct fault fault = {.err = OK};
    write_statement(t, &lsd1);
    return signer_restore(&f.config, f.statement, REALM_NOW_MS, &fault);
}

static int setup(void **state)
{
    struct state *s = NULL;
    char path[NOTE_ORIGIN_MAX + 1];
    (void)state;
    memset(&f, 0, sizeof f);
    folder_make(f.dir, "restored");
    f.realm = realm_open(9);
    snprintf(f.config.realm, sizeof f.config.realm, "%s", REALM_NAME);
    snprintf(f.config.member, sizeof f.config.member, "%s", REALM_HUB);
    snprintf(f.config.state_file, sizeof f.config.state_file, "%s/state", f.dir);
    snprintf(f.config.anchor, sizeof f.config.anchor, "%s/anchor.yaml", f.dir);
    snprintf(f.config.registry, sizeof f.config.registry, "%s/registry.lsg", f.dir);
    snprintf(f.statement, sizeof f.statement, "%s/restored.lsd", f.dir);
    assert_int_equal(anchor_write(&f.realm->anchor, f.config.anchor, true, NULL), OK);
    assert_int_equal(
        file_write(f.config.registry, span_of(f.realm->file, f.realm->file_len), 0600, 0, NULL),
        OK);
    for (size_t i = 0; i < SIGNED; i++)
        hash_bytes(f.leaf[i], span_of(&i, sizeof i));
    assert_int_equal(note_origin(path, REALM_HUB, REALM_NAME, 1), OK);
    assert_int_equal(state_create(f.config.state_file, path, NULL), OK);
    assert_int_equal(state_open(&s, f.config.state_file, REALM_HUB, REALM_NAME, NULL), OK);
    assert_int_equal(state_extend(s, 0, (const merkle_hash *)f.leaf, SIGNED), OK);
    state_close(&s);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    folder_remove(f.dir);
    realm_close(&f.realm);
    return 0;
}

static void expect_head(const char *origin, uint64_t size)
{
    struct state *s = NULL;
    struct checkpoint head;
    merkle_hash root;
    assert_int_equal(state_open(&s, f.config.state_file, REALM_HUB, REALM_NAME, NULL), OK);
    state_head(s, &head);
    root_of(size, root);
    assert_string_equal(head.origin, origin);
    assert_int_equal(head.size, size);
    assert_memory_equal(head.root, root, HASH_LEN);
    state_close(&s);
}

static void what_is_less_than_two_officials_statement_opens_no_log(void **state)
{
    const struct {
        struct says says;
        enum err want;
    } rows[] = {
        {{.signatures = 1}, ERR_TWO_OFFICIALS},
        {{.second = realm_official(f.realm, 0)}, ERR_TWO_OFFICIALS},
        {{.second = realm_key(f.realm, REALM_HUB, KEY_USE_SIGN)}, ERR_KEY_USE},
        {{.second = realm_key(f.realm, REALM_HEALTH, KEY_USE_SIGN)}, ERR_KEY_NOT_SENDERS},
        {{.verb = lianshu_OfficialVerb_OFFICIAL_RELEASE}, ERR_HEADER},
        {{.hub = "hub.440000"}, ERR_OTHER_HUB},
        {{.realm = "other"}, ERR_REALM},
        {{.log_number = 1}, ERR_HEADER},
        {{.log_number = 3}, ERR_LOG_ROLLBACK}, /* one after the next */
        {{.signed_size = SIGNED - 1}, ERR_LOG_ROLLBACK},
        {{.other_signed_root = true}, ERR_LOG_ROLLBACK},
        {{.other_root = true}, ERR_CONSISTENCY},
        {{.size = COPY + 1}, ERR_CONSISTENCY},
        {{.other_tree = true}, ERR_CONSISTENCY},
        {{.issued_ms = 10 * (int64_t)MINUTE_MS}, ERR_FUTURE},
        {{.issued_ms = -2 * (int64_t)HOUR_MS}, ERR_EXPIRED},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(restore(&rows[i].says), rows[i].want);
        expect_head(REALM_HUB "." REALM_NAME "/audit/1", SIGNED);
    }
    f.config.registry[0] = '\0'; /* nobody to ask who the officials are */
    assert_int_equal(restore(&(struct says){0}), ERR_FIELD_MISSING);
}

static void the_next_log_goes_on_from_the_copy_with_the_officials_entry_alone(void **state)
{
    const struct restored_reader reader = {f.realm->registry, REALM_NAME, REALM_HUB, NULL};
    struct restored_reader with = reader;
    struct restored r;
    struct state *s = NULL;
    uint8_t bytes[RESTORED_MAX];
    uint8_t body[lianshu_Restored_size];
    struct writer lsd1 = writer_of(bytes, sizeof bytes);
    struct writer w = writer_of(body, sizeof body);
    merkle_hash entry[2];
    char kept[PLACE_MAX + 16];
    (void)state;
    write_statement(&(struct says){0}, &lsd1);
    assert_int_equal(signer_restore(&f.config, f.statement, REALM_NOW_MS, NULL), OK);
    snprintf(kept, sizeof kept, "%s.audit-1", f.config.state_file);
    assert_int_equal(access(kept, F_OK), 0); /* the old head stays */
    expect_head(REALM_HUB "." REALM_NAME "/audit/2", COPY);
    assert_int_equal(signer_restore(&f.config, f.statement, REALM_NOW_MS, NULL), ERR_LOG_ROLLBACK);

    struct verifier *verifier = NULL;
    assert_int_equal(verifier_open(&verifier, VERIFIER_NODES_MIN), OK);
    with.verifier = verifier;
    assert_int_equal(restored_read(&with, writer_span(&lsd1), &r), OK);
    assert_int_equal(restored_leaf(&r, &w, entry[0]), OK);
    verifier_close(&verifier);
    memcpy(entry[1], f.leaf[COPY], HASH_LEN);
    assert_int_equal(state_open(&s, f.config.state_file, REALM_HUB, REALM_NAME, NULL), OK);
    assert_true(span_eq(state_statement(s), writer_span(&lsd1)));
    assert_int_equal(state_extend(s, COPY, (const merkle_hash *)entry + 1, 1), ERR_LOG_FORK);
    assert_int_equal(state_extend(s, 0, (const merkle_hash *)f.leaf, COPY), ERR_LOG_ROLLBACK);
    assert_int_equal(state_extend(s, COPY, (const merkle_hash *)entry, 2), OK);
    assert_int_equal(state_statement(s).len, 0); /* it has an entry of its own */
    assert_int_equal(state_extend(s, COPY, (const merkle_hash *)entry, 2), OK);
    assert_int_equal(state_extend(s, COPY + 2, (const merkle_hash *)f.leaf, 3), OK);
    state_close(&s);
}

/* The signer's disk was lost, too: a head that somebody has kept stands in for its own, and two
 * officials answer for it. */
static void a_lost_state_signs_nothing_until_two_officials_have_answered_for_this_loss(void **state)
{
    static const uint8_t first[STATE_CHALLENGE_LEN] = {1, 2, 3};
    static const uint8_t second[STATE_CHALLENGE_LEN] = {4};
    struct state *s = NULL;
    (void)state;
    assert_int_equal(unlink(f.config.state_file), 0);
    assert_int_equal(restore(&(struct says){.log_number = 2}), ERR_NOT_FOUND);
    assert_int_equal(state_lose(f.config.state_file, first, NULL), OK);
    assert_int_equal(state_lose(f.config.state_file, second, NULL), ERR_EXISTS);
    assert_int_equal(state_open(&s, f.config.state_file, REALM_HUB, REALM_NAME, NULL), OK);
    assert_memory_equal(state_challenge(s), first, sizeof first);
    assert_int_equal(state_extend(s, 0, (const merkle_hash *)f.leaf, 1), ERR_LOG_ROLLBACK);
    assert_int_equal(state_extend(s, 0, (const merkle_hash *)f.leaf, 0), ERR_LOG_ROLLBACK);
    state_close(&s);
    assert_int_equal(restore(&(struct says){.log_number = 3}), ERR_LOG_ROLLBACK);
    assert_int_equal(restore(&(struct says){.log_number = 3, .challenge = second}),
                     ERR_LOG_ROLLBACK);
    assert_int_equal(restore(&(struct says){.log_number = 3, .challenge = first, .signatures = 1}),
                     ERR_TWO_OFFICIALS);
    assert_int_equal(restore(&(struct says){.log_number = 3, .challenge = first}), OK);
    expect_head(REALM_HUB "." REALM_NAME "/audit/3", COPY);
}

/* What was answered once opens nothing after the next loss, and nothing where nothing was lost. */
static void a_statement_for_another_loss_opens_no_log(void **state)
{
    static const uint8_t first[STATE_CHALLENGE_LEN] = {1, 2, 3};
    static const uint8_t second[STATE_CHALLENGE_LEN] = {4};
    (void)state;
    assert_int_equal(restore(&(struct says){.challenge = first}), ERR_LOG_ROLLBACK);
    expect_head(REALM_HUB "." REALM_NAME "/audit/1", SIGNED);
    assert_int_equal(unlink(f.config.state_file), 0);
    assert_int_equal(state_lose(f.config.state_file, first, NULL), OK);
    assert_int_equal(restore(&(struct says){.log_number = 3, .challenge = first}), OK);
    assert_int_equal(unlink(f.config.state_file), 0);
    assert_int_equal(state_lose(f.config.state_file, second, NULL), OK);
    assert_int_equal(restore(&(struct says){.log_number = 3, .challenge = first}),
                     ERR_LOG_ROLLBACK);
}

/* Who has taken an official's key dates a statement back to before it was revoked. */
static void a_revoked_official_opens_no_log_by_a_date_before_its_revocation(void **state)
{
    uint8_t kid[KID_LEN];
    const struct registry_make make = realm_make(f.realm, 2);
    (void)state;
    for (size_t i = 0; i < REALM_MEMBERS; i++) {
        lianshu_MemberRecord *m = &f.realm->records[i];
        for (pb_size_t k = 0; k < m->keys_count; k++) {
            if (m->keys[k].use != lianshu_KeyUse_KEY_OFFICIAL)
                continue;
            kid_of(kid, ALG_ED25519, m->keys[k].public_key);
            if (memcmp(kid, key_kid(realm_official(f.realm, 1)), KID_LEN) == 0)
                m->keys[k].revoked_ms = REALM_NOW_MS - 10 * (uint64_t)MINUTE_MS;
        }
    }
    realm_write(&make, f.realm->records, REALM_MEMBERS, f.config.registry);
    assert_int_equal(restore(&(struct says){0}), ERR_REVOKED);
    assert_int_equal(restore(&(struct says){.issued_ms = -20 * (int64_t)MINUTE_MS}), ERR_REVOKED);
    expect_head(REALM_HUB "." REALM_NAME "/audit/1", SIGNED);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_is_less_than_two_officials_statement_opens_no_log),
        CASE(the_next_log_goes_on_from_the_copy_with_the_officials_entry_alone),
        CASE(a_lost_state_signs_nothing_until_two_officials_have_answered_for_this_loss),
        CASE(a_statement_for_another_loss_opens_no_log),
        CASE(a_revoked_official_opens_no_log_by_a_date_before_its_revocation),
    };
    return cmocka_run_group_tests_name("signer_restore", tests, NULL, NULL);
}
