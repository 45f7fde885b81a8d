/*
 * Whatever asks for memory and does not get it says so, gives back what it had, and can be asked
 * again: notes, receipts, what is kept at rest, and appointments, each place in turn
 * (fault/memory.h). And so does whatever calls something below that fails (fault/refusal.h); reads
 * that a signal interrupts are made again. The leak checker watches.
 */
#include "fault/memory.h"
#include "fault/refusal.h"

#include "keys/attachment.h"
#include "keys/cosign.h"
#include "keys/document.h"
#include "keys/keyfile.h"
#include "keys/log_readers.h"
#include "keys/mirror.h"
#include "keys/registrar.h"
#include "keys/rest.h"
#include "keys/restored.h"
#include "keys/twice.h"
#include "keys/witness.h"
#include "realm.h"
#include "wire.h"

#include "folder.h"
#include "t.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    struct realm *realm;
    struct key *witness;
    struct key *official;
    char dir[FOLDER_MAX];
    uint8_t bytes[2][8192];
    struct fault fault;
} f;

static int setup(void **state)
{
    (void)state;
    f.realm = realm_open(4);
    assert_int_equal(key_make(&f.witness, KEY_USE_WITNESS, 0, &f.realm->entropy), OK);
    assert_int_equal(key_make(&f.official, KEY_USE_REGISTRAR, 0, &f.realm->entropy), OK);
    folder_make(f.dir, "memory");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    key_close(&f.witness);
    key_close(&f.official);
    realm_close(&f.realm);
    folder_remove(f.dir);
    return 0;
}

/* A note of the hub's log over one leaf. */
static enum err note_over(const merkle_hash leaf, struct writer *w)
{
    struct checkpoint c = {.size = 1};
    memcpy(c.root, leaf, HASH_LEN);
    const enum err err = note_origin(c.origin, REALM_HUB, REALM_NAME, 1);
    return err == OK ? note_sign(&c, realm_key(f.realm, REALM_HUB, KEY_USE_LOG), w) : err;
}

static enum err witnessed(void)
{
    static const merkle_hash leaf = {1};
    struct witness_policy policy = {.needed = 1, .count = 1};
    struct witness_head head;
    lianshu_WitnessAnswer answer = lianshu_WitnessAnswer_init_zero;
    uint64_t time_ms = 0;
    struct writer note = writer_of(f.bytes[0], sizeof f.bytes[0]);
    struct writer line = writer_of(f.bytes[1], sizeof f.bytes[1]);
    struct witness_key *row = &policy.row[0];
    memcpy(row->public_key, key_public(f.witness), KEY_PUBLIC_LEN);
    row->valid_until_ms = UINT64_MAX;
    enum err err = cosign_name(row->name, "hub.440000", REALM_NAME);
    if (err == OK)
        err = note_over(leaf, &note);
    if (err == OK)
        err = witness_head(writer_span(&note), &head);
    if (err == OK)
        err = witness_answer(&head, head.checkpoint.origin, OK, row->name, f.witness, REALM_NOW_MS,
                             &answer);
    if (err == OK)
        err = cosign(writer_span(&note), row->name, f.witness, REALM_NOW_MS / 1000, &line);
    if (err == OK)
        err = cosign_check(writer_span(&note), writer_span(&line), row->name, &policy, REALM_NOW_MS,
                           &time_ms);
    return err;
}

static lianshu_Receipt said(void)
{
    lianshu_Receipt q = {.kind = lianshu_ReceiptKind_RECEIPT_ACCEPTED, .time_ms = REALM_NOW_MS};
    snprintf(q.realm, sizeof q.realm, REALM_NAME);
    snprintf(q.by, sizeof q.by, REALM_HUB);
    snprintf(q.sender, sizeof q.sender, REALM_MARKET);
    return q;
}

static enum err received(void)
{
    const lianshu_Receipt q = said();
    lianshu_Receipt out;
    merkle_hash leaf;
    struct log_readers *readers = NULL;
    struct writer w = writer_of(f.bytes[0], sizeof f.bytes[0]);
    struct writer note = writer_of(f.bytes[1], sizeof f.bytes[1]);
    enum err err = receipt_encode(&q, &w);
    if (err == OK)
        err = log_leaf(leaf, LOG_RECEIPT, REALM_NOW_MS, writer_span(&w));
    if (err == OK)
        err = note_over(leaf, &note);
    if (err == OK)
        err = log_readers_open(&readers);
    if (err == OK)
        err = log_readers_receipt(readers, f.realm->registry, REALM_NOW_MS, writer_span(&w),
                                  span_of(NULL, 0), writer_span(&note), &out);
    log_readers_close(&readers);
    return err;
}

static enum err stated(void)
{
    lianshu_Statement v = {.accepted_ms = REALM_NOW_MS};
    lianshu_Statement out;
    merkle_hash leaf;
    struct checkpoint head;
    struct log_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL)
        return ERR_NO_MEMORY;
    reader->registry = f.realm->registry;
    reader->hub = REALM_HUB;
    reader->at_ms = REALM_NOW_MS;
    snprintf(v.realm, sizeof v.realm, REALM_NAME);
    struct writer w = writer_of(f.bytes[0], sizeof f.bytes[0]);
    struct writer note = writer_of(f.bytes[1], sizeof f.bytes[1]);
    enum err err = wire_encode(&lianshu_Statement_msg, &v, &w);
    if (err == OK)
        err = log_leaf(leaf, LOG_STATEMENT, REALM_NOW_MS, writer_span(&w));
    if (err == OK)
        err = note_over(leaf, &note);
    if (err == OK)
        err = log_reader_checkpoint(reader, writer_span(&note), &head);
    if (err == OK)
        err = statement_verify(reader, &head, writer_span(&w), NULL, 0, &out);
    free(reader);
    return err;
}

static enum err kept(void)
{
    const struct rest_place place = {"table", span_str("row"), "column"};
    const struct key *storage = realm_key(f.realm, REALM_HUB, KEY_USE_STORAGE);
    uint8_t token[REST_TOKEN_LEN];
    lianshu_MirrorUpdate update = lianshu_MirrorUpdate_init_zero;
    uint8_t head[HASH_LEN];
    struct writer sealed = writer_of(f.bytes[0], sizeof f.bytes[0]);
    struct writer text = writer_of(f.bytes[1], sizeof f.bytes[1]);
    enum err err = rest_seal(storage, &place, span_str("text"), &f.realm->entropy, &sealed);
    if (err == OK)
        err = rest_open(storage, &place, writer_span(&sealed), &text);
    if (err == OK)
        err = rest_token(token, realm_key(f.realm, REALM_HUB, KEY_USE_TOKEN), 1, span_str("id"));
    if (err == OK)
        err = mirror_head(&update, &text, head);
    return err;
}

static enum err appointed(void)
{
    struct twice twice;
    const struct key *root[] = {f.realm->root};
    const struct key *keys[] = {f.official};
    struct registrar_make make = {.realm = REALM_NAME,
                                  .member = "registrar.445100",
                                  .region = "445100",
                                  .keys = keys,
                                  .key_count = 1,
                                  .threshold = 1,
                                  .now_ms = REALM_NOW_MS,
                                  .valid_until_ms = REALM_NOW_MS + REALM_DAY_MS,
                                  .entropy = &f.realm->entropy};
    const struct office_signers signers = {
        .anchor = &f.realm->anchor, .keys = root, .key_count = 1};
    struct writer held = writer_of(f.bytes[0], sizeof f.bytes[0]);
    struct writer next = writer_of(f.bytes[1], sizeof f.bytes[1]);
    enum err err = registrar_appoint(&make, &signers, &held);
    make.number = 1;
    if (err == OK)
        err = registrar_appoint(&make, &signers, &next);
    if (err == OK)
        err = registrar_follows(writer_span(&held), writer_span(&next), &twice, &f.fault);
    return err;
}

/* A statement of two officials that a copy was restored, the second signature added to the first.
 */
static enum err restored(void)
{
    static lianshu_Document d;
    uint8_t encoded[2048];
    uint8_t hash[HASH_LEN];
    merkle_hash leaf;
    struct restored r;
    lianshu_OfficialAct act = {.verb = lianshu_OfficialVerb_OFFICIAL_RESTORED,
                               .log_number = 2,
                               .log_size = 7,
                               .object = {.size = HASH_LEN},
                               .signed_root = {.size = HASH_LEN}};
    struct restored_reader reader = {f.realm->registry, REALM_NAME, REALM_HUB, NULL};
    const struct key *first[] = {realm_official(f.realm, 0)};
    struct writer e = writer_of(encoded, sizeof encoded);
    struct writer half = writer_of(f.bytes[0], sizeof f.bytes[0]);
    struct writer whole = writer_of(f.bytes[1], sizeof f.bytes[1]);
    memset(&d, 0, sizeof d);
    d.type = lianshu_DocumentType_TYPE_OFFICIAL_ACT;
    document_prepare(&d, REALM_NAME, REALM_HUB, first[0], REALM_NOW_MS, &f.realm->entropy);
    d.valid_until_ms = d.issued_ms + 3600 * 1000;
    d.issuers_count = 2;
    d.issuers[1] = d.issuers[0];
    memcpy(d.issuers[1].kid, key_kid(realm_official(f.realm, 1)), KID_LEN);
    snprintf(act.recipient, sizeof act.recipient, REALM_HUB);
    snprintf(act.sender, sizeof act.sender, REALM_HUB);
    struct writer b = writer_of(d.body.bytes, sizeof d.body.bytes);
    enum err err = wire_encode(&lianshu_OfficialAct_msg, &act, &b);
    d.body.size = (pb_size_t)b.len;
    if (err == OK)
        err = document_encode(&d, &e, hash);
    if (err == OK)
        err = document_sign(writer_span(&e), first, 1, &half);
    if (err == OK)
        err = document_add_signature(writer_span(&half), realm_official(f.realm, 1), &whole);
    if (err == OK)
        err = verifier_open(&reader.verifier, VERIFIER_NODES_MIN);
    if (err == OK)
        err = restored_read(&reader, writer_span(&whole), &r);
    half.len = 0;
    if (err == OK)
        err = restored_leaf(&r, &half, leaf);
    verifier_close(&reader.verifier);
    return err;
}

/* ---- files ---- */

static enum err passphrases(void)
{
    char path[FOLDER_PATH_MAX];
    struct passphrase *p = NULL;
    snprintf(path, sizeof path, "%s/passphrase", f.dir);
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    enum err err = fd >= 0 && write(fd, "correct horse\n", 14) == 14 ? OK : ERR_IO;
    if (fd >= 0 && close(fd) != 0)
        err = ERR_IO;
    if (err == OK)
        err = passphrase_read(&p, path, &f.fault);
    passphrase_close(&p);
    return err;
}

/* The same as a credential of the unit. */
static enum err credentials(void)
{
    struct passphrase *p = NULL;
    enum err err = setenv("CREDENTIALS_DIRECTORY", f.dir, 1) == 0 ? OK : ERR_IO;
    if (err == OK)
        err = passphrases();
    if (err == OK)
        err = passphrase_read(&p, "credential:passphrase", &f.fault);
    passphrase_close(&p);
    return err;
}

static enum err read_passphrase(void)
{
    char path[FOLDER_PATH_MAX];
    struct passphrase *p = NULL;
    snprintf(path, sizeof path, "%s/passphrase", f.dir);
    const enum err err = passphrase_read(&p, path, &f.fault);
    passphrase_close(&p);
    return err;
}

static enum err read_key_file(void)
{
    char path[FOLDER_PATH_MAX];
    struct passphrase *p = NULL;
    struct keyring *ring = NULL;
    snprintf(path, sizeof path, "%s/key", f.dir);
    enum err err = passphrase_of(&p, span_str("correct horse"));
    if (err == OK)
        err = keyfile_read(&ring, path, p, &f.fault);
    keyring_close(&ring);
    passphrase_close(&p);
    return err;
}

/* The same bytes as before, or they are not what the manifest says. */
static enum err read_attachment(void)
{
    static lianshu_ManifestFile before;
    static bool known;
    char path[FOLDER_PATH_MAX];
    struct attachment *a = NULL;
    snprintf(path, sizeof path, "%s/key", f.dir);
    const int fd = open(path, O_RDONLY);
    enum err err =
        fd >= 0 ? attachment_open(&a, fd, known ? &before : NULL, &f.realm->entropy) : ERR_IO;
    if (err == OK)
        err = attachment_measure(a);
    if (err == OK && !known)
        attachment_manifest(a, &before);
    known = known || err == OK;
    attachment_close(&a);
    if (fd >= 0)
        close(fd);
    return err;
}

static void a_signal_interrupts_no_file_of_keys(void **state)
{
    static const struct keyfile_cost cheap = {1, KEYFILE_MEMORY_MIN};
    char path[FOLDER_PATH_MAX];
    struct passphrase *p = NULL;
    (void)state;
    snprintf(path, sizeof path, "%s/key", f.dir);
    assert_int_equal(passphrases(), OK);
    assert_int_equal(passphrase_of(&p, span_str("correct horse")), OK);
    assert_int_equal(keyfile_write(realm_ring(f.realm, REALM_HUB), path, true, p, cheap,
                                   &f.realm->entropy, &f.fault),
                     OK);
    passphrase_close(&p);
    refusal_interrupt("passphrase", read_passphrase);
    refusal_interrupt("key file", read_key_file);
    refusal_interrupt("attachment", read_attachment);
}

#define HELD(life)                                                                                 \
    static void where_a_call_fails_##life(void **state)                                            \
    {                                                                                              \
        (void)state;                                                                               \
        refusal_hold(#life, life);                                                                 \
    }
#define BOTH(life)                                                                                 \
    HELD(life)                                                                                     \
    static void without_memory_##life(void **state)                                                \
    {                                                                                              \
        (void)state;                                                                               \
        memory_hold(#life, life);                                                                  \
    }

HELD(witnessed)
HELD(kept)
BOTH(received)
BOTH(stated)
BOTH(appointed)
BOTH(restored)
BOTH(passphrases)
HELD(credentials)

#define RUN(life)                                                                                  \
    cmocka_unit_test(where_a_call_fails_##life), cmocka_unit_test(without_memory_##life)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_a_call_fails_witnessed),
        cmocka_unit_test(where_a_call_fails_kept),
        RUN(received),
        RUN(stated),
        RUN(appointed),
        RUN(restored),
        RUN(passphrases),
        cmocka_unit_test(where_a_call_fails_credentials),
        cmocka_unit_test(a_signal_interrupts_no_file_of_keys),
    };
    return cmocka_run_group_tests_name("no_memory_log", tests, setup, teardown);
}
