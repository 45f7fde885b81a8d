/* The first entry of its own that a restored hub's new log has: what two officials have said of the
 * copy and of the log before. PROTOCOL 8.3. */
#include "core/renewal.h"

#include "core/state.h"

#include "base/log.h"
#include "keys/restored.h"

#include <string.h>

static enum err append(struct core *core, const struct restored *r, struct span statement)
{
    uint8_t bytes[lianshu_Restored_size];
    struct writer body = writer_of(bytes, sizeof bytes);
    merkle_hash leaf;
    uint64_t index;
    enum err err = restored_leaf(r, &body, leaf);
    if (err == OK)
        err = core_begin(core);
    if (err == OK) /* the signed statement itself stays beside its leaf */
        err = log_append(core->store->log, LOG_RESTORED, r->issued_ms, writer_span(&body),
                         statement, &index);
    if (err == OK)
        err = store_count(core->store, "restored", 1);
    if (err == OK) /* their readers may be ahead of the copy, or have forgotten theirs */
        err = mirror_break_all(core->store->mirrors);
    return err == OK ? core_commit(core, core->now_ms) : err;
}

enum err renewal_begin(struct core *core, struct span statement, struct fault *fault)
{
    const struct restored_reader reader = {core->opt.registry, core->opt.realm, core->opt.member,
                                           core->verifier};
    const uint64_t ours = log_size(core->store->log);
    struct restored r;
    uint8_t root[HASH_LEN];

    enum err err = restored_read(&reader, statement, &r);
    if (err == OK)
        err = log_root(core->store->log, r.size, root);
    if (err != OK)
        return fault_set(fault, err, 0, "log", "the officials' statement on the copy");
    if (memcmp(root, r.root, HASH_LEN) != 0)
        return fault_set(fault, ERR_LOG_FORK, 0, "log", "this is another copy than the officials'");
    if (ours > r.size)
        return OK; /* stopped after it was written: the signer knows whether this is the entry */
    if (r.issued_ms < log_time(core->store->log))
        return fault_set(fault, ERR_LOG_ROLLBACK, 0, "log", "the statement is older than the copy");
    err = append(core, &r, statement);
    if (err != OK)
        return fault_set(fault, err, 0, "log", "the new log could not be begun");
    log_warn("restored", "log=%u entries=%llu lost=%llu", (unsigned)r.log_number,
             (unsigned long long)r.size,
             (unsigned long long)(r.signed_size > r.size ? r.signed_size - r.size : 0));
    return OK;
}
