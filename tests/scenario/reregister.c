#include "scenario/reregister.h"

#include "base/clock.h"
#include "cli/evidence.h"
#include "keys/merkle.h"
#include "keys/registrar.h"
#include "wire.h"

enum { MEMBERS_MAX = 16, PAPER_MAX = 8 << 10 };

/* Records of the bundle, and what a registrar makes of them. */
static struct {
    char name[MEMBERS_MAX][BUNDLE_NAME_MAX + 1];
    uint8_t record[MEMBERS_MAX][FRAME_RECORD_MAX];
    size_t len[MEMBERS_MAX];
    merkle_hash leaf[MEMBERS_MAX];
    size_t count;
    uint8_t document[PAPER_MAX];
    size_t document_len;
    uint8_t version[PAPER_MAX];
    uint8_t proof[FRAME_PROOF_MAX];
} registered;

static void read_records(void)
{
    struct evidence_pack pack;
    const struct bundle_file *file;
    struct frame_proof proof;
    registered.count = 0;
    assert_int_equal(evidence_pack_read(&pack, "b", NULL), OK);
    for (size_t i = 0; (file = bundle_at(pack.bundle, i)) != NULL; i++) {
        if (strncmp(file->name, "registry/", 9) != 0)
            continue;
        const size_t n = registered.count++;
        assert_true(n < MEMBERS_MAX);
        assert_int_equal(frame_parse_proof(file->bytes, &proof), OK);
        memcpy(registered.name[n], file->name, strlen(file->name) + 1);
        memcpy(registered.record[n], proof.record.data, proof.record.len);
        registered.len[n] = proof.record.len;
        merkle_leaf(registered.leaf[n], proof.record);
    }
    evidence_pack_close(&pack);
}

static enum err record_tree(void *ctx, unsigned level, uint64_t index, merkle_hash out)
{
    (void)ctx;
    merkle_root(out, &registered.leaf[index << level], (size_t)1 << level);
    return OK;
}

/* The registrar's appointment, by the root. */
static void appoint(struct book *b, const char *member, const uint8_t *types)
{
    struct world *w = b->world;
    const struct key *own = keyring_find(w->root, KEY_USE_REGISTRAR);
    const struct key *root = keyring_find(w->root, KEY_USE_ROOT);
    const struct registrar_make make = {.realm = "demo",
                                        .member = member,
                                        .region = strchr(member, '.') + 1,
                                        .types = types,
                                        .keys = &own,
                                        .key_count = 1,
                                        .number = 1,
                                        .now_ms = w->now_ms,
                                        .valid_from_ms = WORLD_START_MS,
                                        .valid_until_ms = w->now_ms + 300 * (uint64_t)DAY_MS,
                                        .entropy = &w->entropy};
    const struct office_signers signers = {.anchor = &w->anchor, .keys = &root, .key_count = 1};
    struct writer out = writer_of(registered.document, sizeof registered.document);
    assert_int_equal(registrar_appoint(&make, &signers, &out), OK);
    registered.document_len = out.len;
}

static struct span make_version(struct book *b, const char *member, uint64_t number)
{
    struct world *w = b->world;
    const struct key *own = keyring_find(w->root, KEY_USE_REGISTRAR);
    static lianshu_RegistryVersion body;
    body = (lianshu_RegistryVersion){.version = number,
                                     .valid_until_ms = w->now_ms + 200 * (uint64_t)DAY_MS,
                                     .member_count = (uint32_t)registered.count};
    merkle_root(body.root, (const merkle_hash *)registered.leaf, registered.count);
    const struct office_paper paper = {.realm = "demo",
                                       .type = lianshu_DocumentType_TYPE_REGISTRY,
                                       .desc = &lianshu_RegistryVersion_msg,
                                       .body = &body,
                                       .now_ms = w->now_ms,
                                       .entropy = &w->entropy};
    const struct office_signers signers = {.member = member, .keys = &own, .key_count = 1};
    struct writer out = writer_of(registered.version, sizeof registered.version);
    assert_int_equal(office_document(&paper, &signers, &out), OK);
    return writer_span(&out);
}

static void change_record(size_t n, const struct reregister *how)
{
    static lianshu_MemberRecord record;
    const struct span was = span_of(registered.record[n], registered.len[n]);
    assert_int_equal(wire_decode(&lianshu_MemberRecord_msg, was, &record), OK);
    how->change(&record, how->ctx);
    struct writer w = writer_of(registered.record[n], FRAME_RECORD_MAX);
    assert_int_equal(wire_encode(&lianshu_MemberRecord_msg, &record, &w), OK);
    registered.len[n] = w.len;
    merkle_leaf(registered.leaf[n], writer_span(&w));
}

void reregister(struct book *b, const struct reregister *how)
{
    const char *member = how->member != NULL ? how->member : "registrar.000000";
    read_records();
    for (size_t i = 0; how->change != NULL && i < registered.count; i++)
        change_record(i, how);
    if (!how->same_office)
        appoint(b, member, how->types);
    const struct span document = span_of(registered.document, registered.document_len);
    struct frame_proof proof = {
        .registrar = {document, make_version(b, member, how->version != 0 ? how->version : 9)}};
    for (size_t i = 0; i < registered.count; i++) {
        merkle_hash path[MERKLE_PATH_MAX];
        unsigned len;
        struct writer w = writer_of(registered.proof, sizeof registered.proof);
        assert_int_equal(merkle_inclusion(i, registered.count, record_tree, NULL, path, &len), OK);
        proof.index = i;
        proof.record = span_of(registered.record[i], registered.len[i]);
        proof.path = span_of(path, len * sizeof path[0]);
        frame_write_proof(&w, &proof);
        assert_false(w.full);
        book_put_file("b", registered.name[i], writer_span(&w));
    }
    book_fit("b");
}
