/* What comes due by the clock, kind after kind: each row on its own in the open transaction, so
 * many in one step. */
#include "core/state.h"

enum err due_step(struct core *core, const struct due_kind *kind, void *row, bool *more)
{
    *more = false;
    for (size_t i = 0; i < kind->step; i++) {
        enum err err = kind->next(core, row);
        if (err == ERR_NOT_FOUND) {
            uint64_t first;
            err = kind->first(core, &first);
            core_wake_at(core, first);
            return err;
        }
        if (err == OK)
            err = core_begin(core);
        if (err == OK)
            err = kind->look(core, row);
        if (err != OK)
            return err;
    }
    *more = true;
    return OK;
}
