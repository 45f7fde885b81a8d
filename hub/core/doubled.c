#include "core/state.h"

#include "base/log.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

struct row {
    struct twice twice;
    uint64_t leaf; /* of what is written */
    char by[CORE_USER_ID_MAX];
};

struct doubled {
    size_t count;
    size_t written;
    size_t by_members; /* of count */
    struct row rows[DOUBLED_MAX];
};

enum err doubled_open(struct core *core)
{
    core->doubled = calloc(1, sizeof *core->doubled);
    return core->doubled != NULL ? OK : ERR_NO_MEMORY;
}

void doubled_close(struct core *core)
{
    free(core->doubled);
}

static bool is_known(const struct doubled *d, const struct twice *twice)
{
    for (size_t i = 0; i < d->count; i++) {
        const struct twice *known = &d->rows[i].twice;
        if (known->type == twice->type && known->number == twice->number &&
            strcmp(known->issuer, twice->issuer) == 0)
            return true;
    }
    return false;
}

void doubled_found(struct core *core, const struct twice *twice, const char *by)
{
    struct doubled *d = core->doubled;
    const bool member = twice->type == lianshu_DocumentType_TYPE_KEY_RECORD;
    if (is_known(d, twice))
        return;
    log_error("number_twice", "code=E%03d issuer=%s number=%llu by=%s what=%s / %s",
              (int)ERR_NUMBER_TWICE, twice->issuer, (unsigned long long)twice->number, by,
              err_zh(ERR_NUMBER_TWICE), err_en(ERR_NUMBER_TWICE));
    if (d->count == DOUBLED_MAX || (member && d->by_members == DOUBLED_MAX / 2))
        return;
    struct row *row = &d->rows[d->count++];
    row->twice = *twice;
    text_copy(row->by, sizeof row->by, by);
    d->by_members += member;
    core_wake_at(core, core->now_ms);
}

static enum err write_row(struct core *core, struct row *row)
{
    uint8_t bytes[2 * (TWICE_DOCUMENT_MAX + sizeof(uint32_t))];
    struct writer beside = writer_of(bytes, sizeof bytes);
    const struct twice *t = &row->twice;
    lianshu_NumberTwice body = {.type = t->type, .number = t->number};
    text_copy(body.issuer, sizeof body.issuer, t->issuer);
    text_copy(body.by, sizeof body.by, row->by);
    memcpy(body.held, t->held.hash, HASH_LEN);
    memcpy(body.offered, t->offered.hash, HASH_LEN);
    write_uint(&beside, t->held.len, sizeof(uint32_t));
    write_bytes(&beside, t->held.lsd1, t->held.len);
    write_uint(&beside, t->offered.len, sizeof(uint32_t));
    write_bytes(&beside, t->offered.lsd1, t->offered.len);
    const enum err err =
        apply_leaf_at(core, LOG_NUMBER_TWICE, core->now_ms, &lianshu_NumberTwice_msg, &body,
                      writer_span(&beside), &row->leaf);
    return err == OK ? store_count(core->store, "numbers_twice", 1) : err;
}

enum err doubled_step(struct core *core, bool *more)
{
    struct doubled *d = core->doubled;
    (void)more;
    while (d->written < d->count) {
        enum err err = core_begin(core);
        if (err == OK)
            err = store_savepoint(core->store);
        if (err != OK)
            return err;
        if ((err = write_row(core, &d->rows[d->written])) != OK) {
            const enum err undone = store_rollback_to(core->store);
            if (undone != OK)
                core->poison = undone; /* what is left of the transaction is unknown */
            return err;
        }
        if ((err = store_release(core->store)) != OK)
            return err;
        d->written++;
    }
    return OK;
}

void doubled_given_up(struct core *core)
{
    struct doubled *d = core->doubled;
    while (d->written > 0 && d->rows[d->written - 1].leaf >= log_size(core->store->log))
        d->written--;
}

void core_number_twice(struct core *core, const struct twice *twice)
{
    doubled_found(core, twice, "");
}
