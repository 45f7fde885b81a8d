/* What a gate holds: accepted, in nobody's way, without effects, until two officials or the rule's
 * own deadline let it go or send it back. What a rule that holds it causes by itself (R28: no sale)
 * begins with the hold; its release ends that, a return does not. A hold is of the message: all its
 * rows that are held, the hub's own among them, end together. PROTOCOL.md, Held. */
#include "core/state.h"

#include <string.h>

enum { REF_LEN = 9 }; /* u64 deadline ‖ u8 what follows */

void holds_note(struct queue_row *row, const struct verdict *verdict)
{
    struct writer w = writer_of(row->ref, sizeof row->ref);
    write_uint(&w, verdict->deadline_ms, 8);
    write_uint(&w, verdict->breach, 1);
    row->ref_len = (uint8_t)w.len;
}

static bool read_ref(const struct queue_row *row, uint64_t *due_ms, enum gate_action *breach)
{
    struct span ref = {row->ref, row->ref_len};
    uint64_t action = 0;
    *due_ms = 0;
    if (row->state != QUEUE_HELD || row->ref_len != REF_LEN || !span_take_uint(&ref, 8, due_ms) ||
        !span_take_uint(&ref, 1, &action))
        return false;
    *breach = (enum gate_action)action;
    return *due_ms > 0;
}

bool holds_decided(const struct queue_row *row)
{
    return row->state != QUEUE_HELD && row->ref_len == REF_LEN;
}

uint64_t holds_due_ms(const struct queue_row *row)
{
    uint64_t due_ms;
    enum gate_action breach;
    return read_ref(row, &due_ms, &breach) ? due_ms : STORE_NEVER;
}

enum err holds_begin(struct core *core, const struct queue_row *row,
                     const struct message_row *message, const struct verdict *verdict)
{
    struct queue_row held = *row;
    uint64_t told;
    uint64_t statement;
    holds_note(&held, verdict);
    const struct receipt_about receipt = {
        .kind = lianshu_ReceiptKind_RECEIPT_HELD,
        .sender = row->sender,
        .origin = message->origin,
        .message_id = row->message_id,
        .env_id = message->env_id,
        .about = row->recipient,
        .code = ERR_HELD,
        .grounds = verdict->ground,
        .ground_count = verdict->ground_count,
        .previous = &message->last_leaf,
    };
    enum err err = apply_receipt(core, &receipt, &told);
    if (err == OK)
        err = message_stage(core->store->messages, row->sender, row->message_id,
                            (uint8_t)receipt.kind, told);
    if (err == OK)
        err = apply_restate(core, row, row->number, verdict, &statement);
    if (err == OK)
        err = queue_seal(core->store->queue, row->recipient, row->seq, row->message_id, row->number,
                         statement);
    if (err != OK)
        return err;
    deliver_released(core, row->recipient, row->seq, row->bytes);
    err = queue_hold(core->store->queue, row->recipient, row->seq, ERR_HELD, told,
                     span_of(held.ref, held.ref_len));
    if (err != OK)
        return err;
    held.state = QUEUE_HELD;
    sweep_note(core, &held);
    peers_wake(&core->peers, row->recipient, WAKE_QUEUE); /* what waited behind it may go */
    return store_count(core->store, "gate.held", 1);
}

/* ---- its end ---- */

/* The grounds of a gate stand in the statement that was made with the hold. */
static enum err read_grounds(struct core *core, const struct queue_row *row,
                             lianshu_Statement *statement)
{
    struct span body;
    *statement = (lianshu_Statement)lianshu_Statement_init_zero;
    if (row->state != QUEUE_HELD)
        return OK;
    enum err err = log_body(core->store->log, row->statement_leaf, &body);
    return err == OK ? wire_decode(&lianshu_Statement_msg, body, statement) : err;
}

enum err holds_return_row(struct core *core, const struct queue_row *row, enum err code,
                          const struct verdict *newer)
{
    lianshu_Statement *statement = &core->stored_statement;
    enum err err = read_grounds(core, row, statement);
    if (code == OK)
        code = row->state == QUEUE_HELD ? ERR_RESTRICTED : err_from_code(row->code);
    const struct ending what = {
        .kind = lianshu_ReceiptKind_RECEIPT_REFUSED,
        .code = code,
        .grounds = newer != NULL ? newer->ground : statement->advisories,
        .ground_count = newer != NULL ? newer->ground_count : statement->advisories_count,
    };
    return err == OK ? ending_close(core, row, &what) : err;
}

/* Its number was closed, or never given: it gets one, and the statement that tells of the gap,
 * when its turn comes. Of the hub's own row nothing is delivered. */
enum err holds_release_row(struct core *core, const struct queue_row *row, uint64_t told,
                           const struct verdict *newer)
{
    struct queue *queue = core->store->queue;
    uint64_t statement = row->statement_leaf;
    if (strcmp(row->recipient, core->opt.member) == 0) {
        enum err err = queue_done(queue, row->recipient, row->seq);
        return err == OK ? message_settle(core->store->messages, row->sender, row->message_id,
                                          lianshu_ReceiptKind_RECEIPT_RELEASED, told, NULL)
                         : err;
    }
    enum err err = newer == NULL ? OK : apply_restate(core, row, 0, newer, &statement);
    if (err == OK)
        err = queue_release(queue, row->recipient, row->seq, 0, statement);
    if (err == OK && newer != NULL) /* nobody has decided on anything: a later hold is one */
        err = queue_refer(queue, row->recipient, row->seq, span_of(NULL, 0));
    /* Decided now: only what changes from now on is a reason to ask the gate again. */
    if (err == OK && row->gated_at > 0)
        err = queue_gated(queue, row->recipient, row->seq, log_size(core->store->log), row->tokens,
                          row->token_count);
    if (err != OK)
        return err;
    sweep_note(core, row);
    peers_wake(&core->peers, row->recipient, WAKE_QUEUE);
    return OK;
}

enum err holds_tell_released(struct core *core, const struct message_row *message,
                             const char *about, enum err code, uint64_t *told)
{
    const struct receipt_about receipt = {
        .kind = lianshu_ReceiptKind_RECEIPT_RELEASED,
        .sender = message->sender,
        .origin = message->origin,
        .message_id = message->id,
        .env_id = message->env_id,
        .about = about,
        .code = code,
        .previous = &message->last_leaf,
    };
    enum err err = apply_receipt(core, &receipt, told);
    return err == OK ? message_stage(core->store->messages, message->sender, message->id,
                                     (uint8_t)receipt.kind, *told)
                     : err;
}

static enum err one_held(struct core *core, const struct message_row *message,
                         const char *recipient, const struct hold_end *what, uint64_t told)
{
    struct queue_row row;
    enum err err = queue_get(core->store->queue, recipient, message->seq, &row);
    if (err == OK && row.state == QUEUE_HELD && what->case_step != 0)
        err = apply_restep(core, &row, what->case_step, &row.statement_leaf);
    if (err == OK && row.state == QUEUE_HELD)
        err = what->release ? holds_release_row(core, &row, told, what->newer)
                            : holds_return_row(core, &row, what->code, what->newer);
    return err == ERR_NOT_FOUND ? OK : err; /* ended before, or not that way */
}

/* Every row of the message that is held: of our recipients, and of the next hubs. */
static enum err each_held(struct core *core, const struct message_row *message,
                          const lianshu_Header *h, const struct hold_end *what, uint64_t told)
{
    enum err err = OK;
    for (pb_size_t i = 0; err == OK && i < h->destination_count; i++)
        err = one_held(core, message, h->destination[i], what, told);
    for (size_t i = 0; err == OK && i < core->opt.link_count; i++)
        err = one_held(core, message, core->opt.links[i].member, what, told);
    return err;
}

enum err holds_end(struct core *core, const struct queue_row *row,
                   const struct message_row *message, const struct hold_end *what)
{
    struct incoming *in = &core->in;
    struct span frame;
    /* One that was held on its way has had its effects when it was accepted. */
    const bool effects = message->code == (uint32_t)ERR_HELD;
    enum err err = message_frame(core->store->messages, message->seq, &frame);
    if (err == OK)
        err = ingest_reopen(core, in, frame, message->accepted_ms);
    if (err_class(err) != ERR_CLASS_OK && err_class(err) != ERR_CLASS_REJECT)
        return err;
    if (err != OK && what->release)
        return err;
    const bool readable = err == OK;
    err = OK;
    if (effects)
        err = message_decide(core->store->messages, message->sender, message->id,
                             (uint32_t)(what->release ? OK : ERR_RESTRICTED), message->open);
    if (err != OK)
        return err;
    if (!readable) /* of what cannot be read any more, the recipient that is named */
        return holds_return_row(core, row, what->code, what->newer);
    uint64_t told = 0;
    struct hold_end end = *what;
    if (what->release) {
        err = holds_tell_released(core, message, effects ? "" : row->recipient, what->code, &told);
        if (err == OK && effects)
            err = apply_released(core, in, message);
        if (err == OK && effects)
            end.case_step = core->judged.case_step;
    }
    return err == OK ? each_held(core, message, &in->header, &end, told) : err;
}

/* What the effects refuse by now goes back instead: nothing of the release remains. */
static enum err release_or_return(struct core *core, const struct queue_row *row,
                                  const struct message_row *message, struct hold_end *what)
{
    enum err err = store_savepoint(core->store);
    if (err != OK)
        return err;
    err = holds_end(core, row, message, what);
    if (err == OK)
        return store_release(core->store);
    enum err undone = store_rollback_to(core->store);
    if (undone != OK)
        return undone;
    if (err_class(err) != ERR_CLASS_REJECT)
        return err;
    what->release = false;
    what->code = err;
    return holds_end(core, row, message, what);
}

enum err holds_overdue(struct core *core, const struct queue_row *row)
{
    uint64_t due_ms;
    enum gate_action breach;
    struct message_row message;
    if (!read_ref(row, &due_ms, &breach) || due_ms > core->now_ms)
        return OK;
    enum err err = message_get(core->store->messages, row->sender, row->message_id, &message);
    if (err != OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    struct hold_end what = {.release = breach != GATE_REFUSE, .code = ERR_HOLD_OVER};
    err = store_count(core->store, what.release ? "gate.hold_released" : "gate.hold_refused", 1);
    return err == OK ? release_or_return(core, row, &message, &what) : err;
}
