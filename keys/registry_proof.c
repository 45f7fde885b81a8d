#include "keys/registry_proof.h"

#include "keys/registry_load.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct leaves {
    merkle_hash *hash;
    size_t count;
};

static enum err subtree(void *ctx, unsigned level, uint64_t index, merkle_hash out)
{
    const struct leaves *l = ctx;
    const size_t first = (size_t)index << level;
    const size_t width = (size_t)1 << level;
    assert(first + width <= l->count); /* a proof is made of whole subtrees */
    merkle_root(out, (const merkle_hash *)l->hash + first, width);
    return OK;
}

enum err registry_prove(const struct registry *registry, const char *member, struct writer *w)
{
    merkle_hash path[MERKLE_PATH_MAX];
    unsigned path_len;
    struct frame_registry frame;
    struct frame_proof proof;
    const struct registry_member *row = registry_member(registry, member);
    struct leaves l = {.count = registry_member_count(registry)};
    if (row == NULL)
        return ERR_MEMBER_UNKNOWN;
    enum err err = frame_parse_registry(registry_file(registry), &frame);
    if (err != OK)
        return err;
    const bool first = frame_registry_registrar(&frame, &proof.registrar);
    assert(first); /* it was opened with one */
    proof.index = (uint64_t)(row - registry_member_at(registry, 0));
    proof.record = row->record;
    l.hash = malloc(l.count * sizeof *l.hash);
    if (l.hash == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < l.count; i++)
        merkle_leaf(l.hash[i], registry_member_at(registry, i)->record);
    err = merkle_inclusion(proof.index, l.count, subtree, &l, path, &path_len);
    free(l.hash);
    if (err != OK)
        return err;
    proof.path = span_of(path, path_len * sizeof path[0]);
    frame_write_proof(w, &proof);
    return w->full ? ERR_TOO_LARGE : OK;
}

enum err registry_proof_open(struct span lsp1, const struct anchor *anchor,
                             struct registry_proof *out, struct fault *fault)
{
    struct frame_proof frame;
    struct registry *head = calloc(1, sizeof *head);
    if (head == NULL)
        return ERR_NO_MEMORY;
    enum err err = frame_parse_proof(lsp1, &frame);
    if (err != OK)
        (void)fault_set(fault, err, 0, "registry proof", "file");
    else
        err = registry_load_proof(head, anchor, &frame, &out->record, fault);
    if (err == OK) {
        out->index = frame.index;
        out->member_count = head->registrars[0].member_count;
        out->version = head->version;
        out->valid_from_ms = head->valid_from_ms;
        out->valid_until_ms = head->valid_until_ms;
        memcpy(out->registrar, head->registrars[0].member, sizeof out->registrar);
    }
    registry_close(&head);
    return err;
}
