#include "paper_release.h"

#include "base/file.h"
#include "keys/tlog_proof.h"
#include "wire.h"

#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_SPAN_MS = 1000 };

void paper_witness(char out[static WITNESS_NAME_MAX + 1], size_t i)
{
    static const char *const members[] = {"witness.440000", "witness.330000"};
    assert_int_equal(cosign_name(out, members[i], REALM_NAME), OK);
}

void paper_policy(struct witness_policy *out, const struct key *const witness[static 2],
                  unsigned needed)
{
    *out = (struct witness_policy){.needed = needed};
    for (size_t i = 0; i < 2; i++) {
        struct witness_key *row = &out->row[out->count++];
        paper_witness(row->name, i);
        memcpy(row->public_key, key_public(witness[i]), KEY_PUBLIC_LEN);
        row->valid_until_ms = UINT64_MAX;
    }
}

static void make_leaf(struct paper_log *out, struct span list, const struct paper_way *way)
{
    static const uint8_t kids[2][KID_LEN] = {{1}, {2}};
    struct release_signed what;
    lianshu_Admin body;
    uint8_t bytes[lianshu_Admin_size];
    struct writer w = writer_of(bytes, sizeof bytes);
    struct writer leaf = writer_of(out->leaf, sizeof out->leaf);
    assert_int_equal(release_read(list, &what), OK);
    what.hash[5] ^= way->other_hash;
    release_entry(&body, way->by == NULL ? REALM_HUB : way->by, what.hash, kids);
    if (way->event != NULL)
        snprintf(body.event, sizeof body.event, "%s", way->event);
    assert_int_equal(wire_encode(&lianshu_Admin_msg, &body, &w), OK);
    assert_int_equal(log_leaf_write(&leaf, way->kind == 0 ? LOG_ADMIN : (enum log_kind)way->kind,
                                    REALM_NOW_MS - NUMBER_SPAN_MS, writer_span(&w)),
                     OK);
    out->leaf_len = leaf.len;
}

static enum err subtree(void *ctx, unsigned level, uint64_t index, merkle_hash out)
{
    const merkle_hash *leaves = ctx;
    merkle_root(out, &leaves[index << level], (size_t)1 << level);
    return OK;
}

void paper_log(struct paper_log *out, const struct realm *realm, struct span list,
               const struct paper_way *way)
{
    merkle_hash leaves[PAPER_LOG_SIZE];
    struct checkpoint checkpoint = {.size = PAPER_LOG_SIZE};
    const uint64_t at_ms = way->cosigned_ms == 0 ? REALM_NOW_MS : way->cosigned_ms;
    make_leaf(out, list, way);
    for (uint8_t i = 0; i < PAPER_LOG_SIZE; i++)
        merkle_leaf(leaves[i], i == PAPER_LOG_INDEX ? span_of(out->leaf, out->leaf_len)
                                                    : span_of(&i, sizeof i));
    merkle_root(checkpoint.root, (const merkle_hash *)leaves, PAPER_LOG_SIZE);
    assert_int_equal(merkle_inclusion(PAPER_LOG_INDEX, PAPER_LOG_SIZE, subtree, leaves, out->path,
                                      &out->path_len),
                     OK);
    snprintf(checkpoint.origin, sizeof checkpoint.origin, "%s",
             way->origin == NULL ? REALM_HUB "." REALM_NAME "/audit/1" : way->origin);
    struct writer w = writer_of(out->note, sizeof out->note);
    const struct key *key =
        way->log_key == NULL ? realm_key(realm, REALM_HUB, KEY_USE_LOG) : way->log_key;
    assert_int_equal(note_sign(&checkpoint, key, &w), OK);
    for (size_t i = 0; i < 2; i++) {
        char name[WITNESS_NAME_MAX + 1];
        paper_witness(name, i);
        if (way->witness[i] != NULL)
            assert_int_equal(cosign(writer_span(&w), name, way->witness[i], at_ms / 1000, &w), OK);
    }
    out->note_len = w.len;
}

void paper_proof(const struct paper_log *log, const char *path)
{
    uint8_t *bytes = malloc(TLOG_PROOF_MAX);
    struct writer w = writer_of(bytes, TLOG_PROOF_MAX);
    assert_non_null(bytes);
    assert_int_equal(tlog_proof_write(&w, span_of(log->leaf, log->leaf_len), PAPER_LOG_INDEX,
                                      (const merkle_hash *)log->path, log->path_len,
                                      span_of(log->note, log->note_len)),
                     OK);
    assert_int_equal(file_write(path, writer_span(&w), 0644, 0, NULL), OK);
    free(bytes);
}
