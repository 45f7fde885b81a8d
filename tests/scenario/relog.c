#include "scenario/relog.h"

#include "cli/evidence.h"
#include "keys/merkle.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { KIND_AT = 17, TIME_LEN = 8, BODY_AT = 28, LEAVES_MAX = 4096 };

static merkle_hash leaves[LEAVES_MAX];

static uint64_t index_of(const struct bundle_file *file)
{
    return strtoull(strchr(file->name, '/') + 1, NULL, 10);
}

static bool is_leaf(const struct bundle_file *file)
{
    return strstr(file->name, ".leaf") != NULL;
}

void relog_find(unsigned kind, unsigned nth, struct relog_entry *out)
{
    struct evidence_pack pack;
    const struct bundle_file *file;
    memset(out, 0, sizeof *out);
    assert_int_equal(evidence_pack_read(&pack, "b", NULL), OK);
    for (size_t i = 0; (file = bundle_at(pack.bundle, i)) != NULL; i++) {
        if (is_leaf(file) && file->bytes.data[KIND_AT] == kind && nth-- == 0)
            break;
    }
    assert_non_null(file);
    struct span time = span_of(file->bytes.data + KIND_AT + 1, TIME_LEN);
    assert_true(span_take_uint(&time, TIME_LEN, &out->time_ms));
    memcpy(out->name, file->name, strlen(file->name) + 1);
    out->kind = kind;
    out->index = index_of(file);
    out->len = file->bytes.len - BODY_AT;
    memcpy(out->body, file->bytes.data + BODY_AT, out->len);
    evidence_pack_close(&pack);
}

void relog_put(const struct relog_entry *entry)
{
    uint8_t leaf[LOG_BODY_MAX + BODY_AT];
    struct writer w = writer_of(leaf, sizeof leaf);
    assert_int_equal(log_leaf_write(&w, (enum log_kind)entry->kind, entry->time_ms,
                                    span_of(entry->body, entry->len)),
                     OK);
    book_put_file("b", entry->name, writer_span(&w));
}

static enum err subtree(void *ctx, unsigned level, uint64_t index, merkle_hash out)
{
    (void)ctx;
    merkle_root(out, &leaves[index << level], (size_t)1 << level);
    return OK;
}

static void put_path(uint64_t index, uint64_t size)
{
    char name[BUNDLE_NAME_MAX + 1];
    merkle_hash path[MERKLE_PATH_MAX];
    unsigned len;
    assert_int_equal(merkle_inclusion(index, size, subtree, NULL, path, &len), OK);
    snprintf(name, sizeof name, "log/%012" PRIu64 ".path", index);
    book_put_file("b", name, span_of(path, len * sizeof path[0]));
}

void relog_sign(struct book *b)
{
    struct evidence_pack pack;
    struct checkpoint head;
    const struct bundle_file *file;
    uint8_t bytes[NOTE_LEN_MAX];
    memset(leaves, 0, sizeof leaves);
    assert_int_equal(evidence_pack_read(&pack, "b", NULL), OK);
    assert_int_equal(note_parse(bundle_find(pack.bundle, "checkpoint.txt")->bytes, &head), OK);
    assert_true(head.size <= LEAVES_MAX);
    for (size_t i = 0; (file = bundle_at(pack.bundle, i)) != NULL; i++) {
        if (is_leaf(file))
            merkle_leaf(leaves[index_of(file)], file->bytes);
    }
    merkle_root(head.root, leaves, head.size);
    for (size_t i = 0; (file = bundle_at(pack.bundle, i)) != NULL; i++) {
        if (is_leaf(file))
            put_path(index_of(file), head.size);
    }
    struct writer note = writer_of(bytes, sizeof bytes);
    assert_int_equal(note_sign(&head, keyring_find(b->world->signer, KEY_USE_LOG), &note), OK);
    book_put_file("b", "checkpoint.txt", writer_span(&note));
    evidence_pack_close(&pack);
    book_fit("b");
}
