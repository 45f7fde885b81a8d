/*
 * Whatever asks for memory and does not get it says so, gives back what it had, and can be asked
 * again: schemas/ and keys/, each place in turn (fault/memory.h). And so does whatever calls
 * something below that fails (fault/refusal.h). The leak checker watches.
 */
#include "fault/memory.h"
#include "fault/refusal.h"

#include "base/calendar.h"
#include "base/file.h"
#include "base/yaml.h"
#include "ident.h"
#include "json.h"
#include "keys/attachment.h"
#include "keys/bundle.h"
#include "keys/certificate.h"
#include "keys/envelope.h"
#include "keys/keyfile.h"
#include "keys/log_readers.h"
#include "keys/mirror.h"
#include "keys/registry_proof.h"
#include "keys/root.h"
#include "keys/seal.h"
#include "keys/tlog_proof.h"
#include "keys/topology.h"
#include "realm.h"
#include "wire.h"

#include "folder.h"
#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_CAP = 256 << 10, ATTACHED_LEN = 3 * CHUNK_PLAIN_LEN };

static struct {
    struct realm *realm;
    struct entropy entropy;
    struct key *new_root;
    char dir[FOLDER_MAX];
    char keyfile[FOLDER_PATH_MAX];
    int fd;
    uint8_t file[FILE_CAP];
    uint8_t other[FILE_CAP];
    lianshu_Document document;
    struct fault fault;
} f;

static int setup(void **state)
{
    static const uint8_t zeros[ATTACHED_LEN];
    (void)state;
    f.entropy = entropy_system();
    f.realm = realm_open(7);
    assert_int_equal(key_make(&f.new_root, KEY_USE_ROOT, REALM_NOW_MS, &f.entropy), OK);
    folder_make(f.dir, "memory");
    snprintf(f.keyfile, sizeof f.keyfile, "%s/key", f.dir);
    f.fd = folder_nameless();
    assert_int_equal(pwrite(f.fd, zeros, sizeof zeros, 0), sizeof zeros);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    realm_close(&f.realm);
    key_close(&f.new_root);
    folder_remove(f.dir);
    close(f.fd);
    return 0;
}

static struct span realm_file(void)
{
    return span_of(f.realm->file, f.realm->file_len);
}

/* ---- schemas ---- */

static enum err tables(void)
{
    struct calendar *calendar = NULL;
    struct regions *regions = NULL;
    struct region_groups *groups = NULL;
    enum err err = calendar_open(&calendar, "schemas/data/calendar.csv", &f.fault);
    if (err == OK)
        err = regions_open(&regions, "schemas/data/regions.csv", &f.fault);
    if (err == OK)
        err = region_groups_open(&groups, "schemas/data/region_groups.csv", &f.fault);
    assert_true((err == OK) == (groups != NULL));
    calendar_close(&calendar);
    regions_close(&regions);
    region_groups_close(&groups);
    return err;
}

static enum err texts(void)
{
    struct yaml *yaml = NULL;
    struct json *json = NULL;
    char *text = NULL;
    size_t len;
    enum err err = yaml_open(&yaml, "hub/policy/rules/gates.yaml", &f.fault);
    assert_true((err == OK) == (yaml != NULL));
    if (err == OK)
        err = json_from_message(&json, &lianshu_MemberRecord_msg, &f.realm->records[0]);
    if (err == OK)
        err = json_print(json, true, &text, &len);
    json_close(&json);
    if (err == OK)
        err = json_parse(&json, span_of(text, len), "text", &f.fault);
    assert_true((err == OK) == (json != NULL));
    free(text);
    json_close(&json);
    yaml_close(&yaml);
    return err;
}

/* ---- keys ---- */

static enum err key_files(void)
{
    static const struct keyfile_cost cheap = {.ops = 1, .memory = KEYFILE_MEMORY_MIN};
    static const uint8_t secret[KEY_SECRET_LEN] = {1};
    struct passphrase *passphrase = NULL;
    struct keyring *ring = NULL;
    struct key *key = NULL;
    enum err err = passphrase_of(&passphrase, span_str("correct horse"));
    if (err == OK)
        err = key_import(&key, KEY_USE_STORAGE, REALM_NOW_MS, secret);
    if (err == OK)
        err = keyring_open(&ring, REALM_MARKET, "desk");
    if (err == OK)
        err = keyring_add(ring, &key);
    if (err == OK)
        err = key_make(&key, KEY_USE_SEAL, REALM_NOW_MS, &f.entropy);
    if (err == OK)
        err = keyring_add(ring, &key);
    if (err == OK)
        err = keyfile_write(ring, f.keyfile, true, passphrase, cheap, &f.entropy, &f.fault);
    keyring_close(&ring);
    if (err == OK)
        err = keyfile_read(&ring, f.keyfile, passphrase, &f.fault);
    assert_true((err == OK) == (ring != NULL));
    key_close(&key);
    keyring_close(&ring);
    passphrase_close(&passphrase);
    return err;
}

static enum err registry_that_is_made(void)
{
    const struct registry_make make = realm_make(f.realm, 2);
    struct writer w = writer_of(f.file, sizeof f.file);
    return registry_write(&make, f.realm->records, REALM_MEMBERS, &w, &f.fault);
}

static enum err registry_that_is_opened(void)
{
    struct registry *r = NULL;
    enum err err = registry_open(&r, &f.realm->anchor, realm_file(), 1, &f.fault);
    assert_true((err == OK) == (r != NULL));
    registry_close(&r);
    return err;
}

static enum err registry_that_is_a_draft(void)
{
    struct registry *r = NULL;
    uint32_t signed_by;
    enum err err = registry_open_draft(&r, &f.realm->anchor, realm_file(), &signed_by, &f.fault);
    assert_true((err == OK) == (r != NULL));
    registry_close(&r);
    return err;
}

static enum err member_that_is_proven(void)
{
    static struct registry_proof proof;
    struct writer w = writer_of(f.file, sizeof f.file);
    enum err err = registry_prove(f.realm->registry, REALM_MARKET, &w);
    return err != OK ? err
                     : registry_proof_open(writer_span(&w), &f.realm->anchor, &proof, &f.fault);
}

static enum err roots_that_change(void)
{
    struct anchor to = f.realm->anchor;
    struct anchor out;
    const struct key *keys[] = {f.realm->root, f.new_root};
    memcpy(to.root[0], key_public(f.new_root), KEY_PUBLIC_LEN);
    const struct root_make make = {.from = &f.realm->anchor,
                                   .to = &to,
                                   .keys = keys,
                                   .key_count = T_COUNT(keys),
                                   .now_ms = REALM_NOW_MS,
                                   .valid_until_ms = REALM_NOW_MS + REALM_DAY_MS,
                                   .entropy = &f.entropy};
    struct writer w = writer_of(f.file, sizeof f.file);
    enum err err = root_rotate(&make, &w, &f.fault);
    return err != OK ? err
                     : root_accept(&f.realm->anchor, writer_span(&w), REALM_NOW_MS, &out, &f.fault);
}

/* The new root signs after the old one. */
static enum err roots_that_sign_later(void)
{
    struct anchor to = f.realm->anchor;
    const struct key *keys[] = {f.realm->root};
    uint8_t later[1][KEY_PUBLIC_LEN];
    memcpy(later[0], key_public(f.new_root), KEY_PUBLIC_LEN);
    memcpy(to.root[0], later[0], KEY_PUBLIC_LEN);
    const struct root_make make = {.from = &f.realm->anchor,
                                   .to = &to,
                                   .keys = keys,
                                   .key_count = 1,
                                   .later = (const uint8_t(*)[KEY_PUBLIC_LEN])later,
                                   .later_count = 1,
                                   .now_ms = REALM_NOW_MS,
                                   .valid_until_ms = REALM_NOW_MS + REALM_DAY_MS,
                                   .entropy = &f.entropy};
    struct writer w = writer_of(f.file, sizeof f.file);
    return root_rotate(&make, &w, &f.fault);
}

static enum err document_of(const char *member, uint32_t type, const pb_msgdesc_t *desc,
                            const void *message, struct writer *lsd1)
{
    const struct key *key = realm_key(f.realm, member, KEY_USE_SIGN);
    uint8_t hash[HASH_LEN];
    lianshu_Document *d = &f.document;
    memset(d, 0, sizeof *d);
    document_prepare(d, REALM_NAME, member, key, REALM_NOW_MS, &f.entropy);
    d->type = type;
    d->version = 1;
    d->valid_until_ms = REALM_NOW_MS + REALM_DAY_MS;
    d->addressees_count = 1;
    snprintf(d->addressees[0], sizeof d->addressees[0], REALM_HEALTH);
    struct writer body = writer_of(d->body.bytes, sizeof d->body.bytes);
    enum err err = wire_encode(desc, message, &body);
    d->body.size = (pb_size_t)body.len;
    return err == OK ? document_make(d, key, lsd1, hash) : err;
}

static enum err certificate(void)
{
    lianshu_CreditCertificate body = lianshu_CreditCertificate_init_zero;
    static struct certificate out;
    uint8_t hash[HASH_LEN];
    struct verifier *verifier = NULL;
    struct writer lsd1 = writer_of(f.file, sizeof f.file);
    struct writer file = writer_of(f.other, sizeof f.other);
    body.has_subject = true;
    body.subject.kind = lianshu_SubjectKind_SUBJECT_ENTERPRISE;
    snprintf(body.subject.id, sizeof body.subject.id, "91445100DEMA00021K");
    body.at_ms = REALM_NOW_MS;
    body.clean = true;
    enum err err = document_of(REALM_HUB, lianshu_DocumentType_TYPE_CREDIT_CERTIFICATE,
                               &lianshu_CreditCertificate_msg, &body, &lsd1);
    if (err == OK)
        err = verifier_open(&verifier, 0);
    if (err == OK)
        err = registry_verify_document(f.realm->registry, REALM_NOW_MS, writer_span(&lsd1),
                                       verifier, &f.document, hash);
    if (err == OK)
        err = certificate_write(f.realm->registry, writer_span(&lsd1), &file);
    if (err == OK)
        err =
            certificate_verify(writer_span(&file), &f.realm->anchor, REALM_NOW_MS, &out, &f.fault);
    verifier_close(&verifier);
    return err;
}

static void address(lianshu_Header *h)
{
    static const char *const readers[] = {REALM_HUB, REALM_POLICE};
    *h = (lianshu_Header)lianshu_Header_init_zero;
    h->type = lianshu_DocumentType_TYPE_CASE_REFERRAL;
    h->created_ms = REALM_NOW_MS;
    h->expires_ms = REALM_NOW_MS + REALM_DAY_MS;
    h->destination_count = 1;
    snprintf(h->destination[0], sizeof h->destination[0], REALM_POLICE);
    h->parts_count = 1;
    h->parts[0].kind = lianshu_PartKind_PART_FACTS;
    h->parts[0].audience_count = T_COUNT(readers);
    for (size_t i = 0; i < T_COUNT(readers); i++)
        snprintf(h->parts[0].audience[i].member, sizeof h->parts[0].audience[i].member, "%s",
                 readers[i]);
}

static enum err opened(struct span bytes, lianshu_Header *h)
{
    struct frame_envelope frame;
    uint8_t hash[HASH_LEN], id[ENVELOPE_ID_LEN];
    struct span plain;
    enum err inner = OK;
    struct opener *opener = NULL;
    enum err err = opener_open(&opener, 64);
    if (err == OK)
        err = frame_parse_envelope(bytes, &frame);
    if (err == OK)
        err = wire_decode(&lianshu_Header_msg, frame.header, h);
    if (err == OK)
        envelope_id(&frame, hash, id);
    if (err == OK)
        err = envelope_open(opener, realm_ring(f.realm, REALM_POLICE), REALM_POLICE, h, &frame,
                            hash, 0, f.other, sizeof f.other, &plain, NULL, &inner);
    opener_close(&opener);
    return err;
}

static enum err envelope(void)
{
    static lianshu_Header h;
    const struct span plain = span_str("facts");
    uint8_t id[ENVELOPE_ID_LEN];
    struct envelope_batch *batch = NULL;
    const struct envelope_options options = {.realm = REALM_NAME,
                                             .sender = REALM_MARKET,
                                             .key = realm_key(f.realm, REALM_MARKET, KEY_USE_SIGN),
                                             .registry = f.realm->registry,
                                             .entropy = &f.entropy};
    struct writer w = writer_of(f.file, sizeof f.file);
    address(&h);
    enum err err = envelope_batch_open(&batch, 0);
    if (err == OK)
        err = envelope_batch_begin(batch, &options);
    if (err == OK)
        err = envelope_batch_add(batch, &h, &plain, NULL, id);
    if (err == OK)
        err = envelope_batch_finish(batch);
    if (err == OK)
        err = envelope_batch_frame(batch, 0, &w);
    envelope_batch_close(&batch);
    return err != OK ? err : opened(writer_span(&w), &h);
}

static enum err attachment(void)
{
    static lianshu_ManifestFile file;
    static uint8_t frame[CHUNK_FRAME_MAX];
    struct attachment *a = NULL;
    struct writer w = writer_of(frame, sizeof frame);
    enum err err = attachment_open(&a, f.fd, NULL, &f.entropy);
    assert_true((err == OK) == (a != NULL));
    if (err == OK)
        err = attachment_measure(a);
    if (err == OK) {
        attachment_manifest(a, &file);
        err = attachment_chunk(a, 1, &w);
    }
    attachment_close(&a);
    return err;
}

static enum err bundle(void)
{
    struct bundle *made = NULL;
    struct bundle *read = NULL;
    char name[BUNDLE_NAME_MAX];
    enum err err = bundle_open(&made);
    for (int i = 0; err == OK && i < 64; i++) {
        snprintf(name, sizeof name, "log/%d.leaf", i);
        err = bundle_add(made, name, span_str(name));
    }
    if (err == OK)
        err = bundle_seal(made);
    if (err == OK) {
        assert_true(bundle_tar_len(made) <= sizeof f.file);
        struct writer w = writer_of(f.file, sizeof f.file);
        bundle_tar(made, &w);
        err = bundle_untar(&read, writer_span(&w), &f.fault);
        assert_true((err == OK) == (read != NULL));
    }
    if (err == OK)
        err = bundle_check(read, &f.fault);
    bundle_close(&made);
    bundle_close(&read);
    return err;
}

static enum err proof_in_a_file(void)
{
    static struct tlog_proof proof;
    static const merkle_hash path[] = {{1}, {2}};
    struct writer w = writer_of(f.file, sizeof f.file);
    enum err err =
        tlog_proof_write(&w, span_str("leaf"), 1, path, T_COUNT(path), span_str("note\n"));
    return err == OK ? tlog_proof_read(&proof, writer_span(&w)) : err;
}

static enum err mirror(void)
{
    static const uint8_t adapter[MIRROR_ADAPTER_LEN] = {1};
    const struct key *token = realm_key(f.realm, REALM_HUB, KEY_USE_TOKEN);
    struct mirror_tokens *tokens = NULL;
    struct log_readers *readers = NULL;
    struct key *key = NULL;
    enum err err = mirror_key(&key, token, REALM_MARKET, adapter, 1);
    assert_true((err == OK) == (key != NULL));
    if (err == OK)
        err = mirror_tokens_open(&tokens, key_secret(key));
    if (err == OK)
        err = log_readers_open(&readers);
    assert_true((err == OK) == (readers != NULL));
    key_close(&key);
    mirror_tokens_close(&tokens);
    log_readers_close(&readers);
    return err;
}

#define ONLY_MEMORY(life)                                                                          \
    static void without_memory_##life(void **state)                                                \
    {                                                                                              \
        (void)state;                                                                               \
        memory_hold(#life, life);                                                                  \
    }
#define HELD(life)                                                                                 \
    ONLY_MEMORY(life)                                                                              \
    static void where_a_call_fails_##life(void **state)                                            \
    {                                                                                              \
        (void)state;                                                                               \
        refusal_hold(#life, life);                                                                 \
    }

HELD(tables)
HELD(texts)
HELD(key_files)
HELD(registry_that_is_made)
HELD(registry_that_is_opened)
HELD(registry_that_is_a_draft)
HELD(member_that_is_proven)
HELD(roots_that_change)
HELD(roots_that_sign_later)
HELD(certificate)
HELD(envelope)
HELD(attachment)
ONLY_MEMORY(bundle)
ONLY_MEMORY(proof_in_a_file)
HELD(mirror)

#define BOTH(life)                                                                                 \
    cmocka_unit_test(without_memory_##life), cmocka_unit_test(where_a_call_fails_##life)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(tables),
        BOTH(texts),
        BOTH(key_files),
        BOTH(registry_that_is_made),
        BOTH(registry_that_is_opened),
        BOTH(registry_that_is_a_draft),
        BOTH(member_that_is_proven),
        BOTH(roots_that_change),
        BOTH(roots_that_sign_later),
        BOTH(certificate),
        BOTH(envelope),
        BOTH(attachment),
        cmocka_unit_test(without_memory_bundle),
        cmocka_unit_test(without_memory_proof_in_a_file),
        BOTH(mirror),
    };
    return cmocka_run_group_tests_name("no_memory", tests, setup, teardown);
}
