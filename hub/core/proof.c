#include "core/state.h"

enum err proof_of(struct core *core, uint64_t leaf, struct leaf_proof *out)
{
    _Static_assert(FRAME_RECEIPT_MAX <= sizeof out->bytes,
                   "a receipt is no longer than a statement");
    struct span body;
    enum err err = log_body(core->store->log, leaf, &body);
    if (err != OK)
        return err;
    if (body.len > sizeof out->bytes)
        return ERR_CORRUPT;
    /* The next look into the log takes the body away. */
    memcpy(out->bytes, body.data, body.len);
    unsigned count;
    err = log_path(core->store->log, leaf, core->signed_size, out->hashes, &count);
    if (err != OK)
        return err;
    out->body = span_of(out->bytes, body.len);
    out->path = span_of(out->hashes, (size_t)count * HASH_LEN);
    out->checkpoint = span_of(core->checkpoint, core->checkpoint_len);
    return OK;
}
