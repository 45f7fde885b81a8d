/* The log for people: the newest checkpoint, who has cosigned, and entries as they are hashed. */
#include "core/query.h"

#include "base/hex.h"

#include <stdio.h>
#include <stdlib.h>

static void put_note(struct json *row, struct span note)
{
    char text[NOTE_LEN_MAX + 1];
    snprintf(text, sizeof text, "%.*s", (int)note.len, (const char *)note.data);
    json_put_text(row, "checkpoint", text);
}

static void put_witnesses(struct query *q)
{
    struct json *list = json_list();
    struct cosigning_witness witness;
    for (size_t i = 0; cosigning_witness(q->core, i, &witness); i++) {
        struct json *row = json_map();
        json_put_text(row, "witness", witness.member);
        json_put_uint(row, "size", witness.size);
        json_put_ms(row, "time", witness.time_ms);
        if (witness.refused != OK) {
            char label[ERR_LABEL_LEN + 1];
            err_label(witness.refused, label);
            json_put_text(row, "refused", label);
        }
        json_add(list, row);
    }
    json_put(q->answer, "witnesses", list);
}

enum err query_checkpoint(struct query *q)
{
    const struct core *core = q->core;
    const struct cosigning_state state = cosigning_state(core);
    json_put_uint(q->answer, "size", core->signed_size);
    put_note(q->answer, span_of(core->checkpoint, core->checkpoint_len));
    json_put_uint(q->answer, "needed", state.needed);
    json_put_flag(q->answer, "met", state.met);
    if (state.checkpoint.len > 0) {
        struct json *cosigned = json_map();
        json_put_uint(cosigned, "size", state.size);
        json_put_ms(cosigned, "time", state.cosigned_ms);
        put_note(cosigned, state.checkpoint);
        json_put(q->answer, "cosigned", cosigned);
    }
    put_witnesses(q);
    return OK;
}

/* Leaves from `from` on, as many as an answer holds, of those that are signed. */
enum err query_leaves(struct query *q)
{
    enum { ROOM = CORE_QUERY_BYTES - 4096, HEX_TEXT_MAX = 2 * LOG_LEAF_MAX + 1 };
    struct core *core = q->core;
    uint64_t from = 0;
    if (!json_uint(json_get(q->args, "from"), &from))
        return ERR_FIELD_MISSING;
    uint8_t *leaf = malloc(LOG_LEAF_MAX + HEX_TEXT_MAX);
    if (leaf == NULL)
        return ERR_NO_MEMORY;
    char *text = (char *)leaf + LOG_LEAF_MAX;
    struct json *list = json_list();
    size_t used = 0;
    enum err err = OK;
    for (uint64_t i = from; err == OK && i < core->signed_size; i++) {
        struct log_entry entry;
        struct writer w = writer_of(leaf, LOG_LEAF_MAX);
        err = log_get(core->store->log, i, &entry);
        if (err == OK)
            err = log_leaf_write(&w, (enum log_kind)entry.kind, entry.time_ms, entry.body);
        if (err == OK && used + 2 * w.len + 3 > ROOM)
            break;
        if (err != OK)
            break;
        used += 2 * w.len + 3;
        hex_encode(writer_span(&w), text);
        json_add_text(list, text);
    }
    free(leaf);
    json_put_uint(q->answer, "from", from);
    json_put_uint(q->answer, "size", core->signed_size);
    json_put(q->answer, "leaves", list);
    return err;
}
