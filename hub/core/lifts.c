/* The end of an obligation: whoever may have the notice undoes it and says so;
 * for the others it is cancelled. */
#include "core/state.h"

#include <string.h>

/* A notice that was sealed and not answered: it is not sent again, but may have
 * arrived, so that its end is told as if it had. */
static enum err supersede(struct core *core, struct obligation *row)
{
    struct queue_row queued;
    enum err err = queue_get(core->store->queue, row->member, row->notice_seq, &queued);
    const struct ending what = {.kind = lianshu_ReceiptKind_RECEIPT_SUPERSEDED, .code = OK};
    if (err == OK)
        err = ending_close(core, &queued, &what);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    return obligations_move(core, row, OBLIGATION_DELIVERED, 0, span_of(NULL, 0), "", NULL);
}

static enum err cancel(struct core *core, struct obligation *row, uint32_t cause)
{
    enum err err =
        row->member[0] == '\0' ? OK : queue_done(core->store->queue, row->member, row->notice_seq);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    return obligations_end(core, row, OBLIGATION_CANCELLED, cause);
}

/* Has the member, or might it have, the notice? */
static bool told(const struct obligation *row)
{
    return row->state != OBLIGATION_CREATED || notices_sealed(row->notice_id);
}

enum err lifts_end(struct core *core, struct obligation *row, uint32_t cause)
{
    if (row->member[0] == '\0' || !told(row))
        return cancel(core, row, cause);
    enum err err = row->state == OBLIGATION_CREATED ? supersede(core, row) : OK;
    if (err != OK)
        return err;
    row->ended_ms = core->now_ms;
    row->warned = 0;
    err = warnings_lift_term(core, cause, row);
    uint64_t seq = log_size(core->store->log);
    if (err == OK)
        err = obligations_end(core, row, OBLIGATION_LIFT_DUE, cause);
    return err == OK ? notices_queue(core, row, seq, FORM_LIFT) : err;
}
