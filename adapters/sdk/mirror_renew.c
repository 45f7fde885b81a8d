/* The way out after the hub was restored from a copy: two of its officials say so, an operator
 * brings their statement, and the mirror begins anew. */
#include "adapters/sdk/inner.h"
#include "adapters/sdk/sdk_mirror.h"
#include "keys/restored.h"

static const char FLOOR[] = "mirror_floor";
static const char LOG_NUMBER[] = "mirror_log";

/* Each statement once, and none that is older than one before. */
static enum err check_newer(struct sdk *s, const struct sdk_renewal *renewal)
{
    uint64_t floor_ms;
    uint64_t log_number;

    enum err err = inner_value(s, FLOOR, &floor_ms);
    if (err == OK)
        err = inner_value(s, LOG_NUMBER, &log_number);
    if (err != OK)
        return err;
    return renewal->issued_ms > floor_ms && renewal->log_number > log_number ? OK
                                                                             : ERR_LIST_ROLLBACK;
}

static enum err begin_anew(struct sdk *s, const struct sdk_renewal *renewal, uint64_t now_ms)
{
    enum err err = sdk_begin(s);

    if (err == OK)
        err = mirror_forget(s->mirror_in);
    if (err == OK)
        err = inner_value_set(s, FLOOR, renewal->issued_ms);
    if (err == OK)
        err = inner_value_set(s, LOG_NUMBER, renewal->log_number);
    if (err == OK)
        return sdk_commit(s, now_ms);
    sdk_rollback(s);
    return err;
}

enum err sdk_mirror_renew(struct sdk *s, struct span lsd1, uint64_t now_ms, struct sdk_renewal *out,
                          struct fault *fault)
{
    const struct restored_reader reader = {s->registry, s->realm, s->hub, s->verifier};
    struct restored r;

    *out = (struct sdk_renewal){0};
    enum err err = restored_read(&reader, lsd1, &r);
    if (err == OK)
        err = restored_timely(&r, now_ms);
    if (err == OK) {
        *out = (struct sdk_renewal){r.issued_ms, r.log_number, r.size};
        err = check_newer(s, out);
    }
    if (err == OK)
        err = begin_anew(s, out, now_ms);
    return err == OK ? OK : fault_set(fault, err, 0, "mirror", "the statement is not taken");
}
