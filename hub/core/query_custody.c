/* Who held which file of a case when: whom each was sent to and with which document, what the
 * recipients' signed receipts say, and the hand-over lists. The hub knows files by the roots of
 * their ciphertext; names stand in sealed lists. */
#include "core/query.h"

#include <stdio.h>
#include <string.h>

enum {
    COURSE_MAX = 64,
    ITEMS_MAX = 256,
    /* The destinations of one envelope. */
    HOLDERS_MAX = sizeof((lianshu_Header *)0)->destination,
};

struct custody {
    struct query *q;
    uint8_t id[STORE_ID_LEN];
    size_t count;
    struct casefile_item item[ITEMS_MAX];
};

static struct json *event_of(const struct casefile_step *step, const char *word, uint64_t time_ms)
{
    struct json *item = json_map();
    json_put_ms(item, "time", time_ms);
    json_put_text(item, "event", word);
    json_put_uint(item, "step", step->number);
    return item;
}

/* Whom the step went to, separated by spaces. */
static enum err put_holders(struct custody *c, struct json *to, const struct casefile_step *step)
{
    char text[HOLDERS_MAX] = "";
    char member[STORE_MEMBER_MAX + 1] = "";
    size_t len = 0;
    enum err err = OK;
    while (len < sizeof text && (err = casefile_holder_next(c->q->core->store->casefiles, c->id,
                                                            step->seq, member)) == OK)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", len == 0 ? "" : " ", member);
    json_put_text(to, "to", text);
    return err == ERR_NOT_FOUND ? OK : err;
}

/* Delivered, opened, acted on; newest first, as chains and lists are. */
struct course {
    const struct casefile_step *step;
    size_t count;
    struct json *event[COURSE_MAX];
};

static void add_receipt(struct course *course, const lianshu_Receipt *q)
{
    if (course->count == COURSE_MAX || (q->kind != lianshu_ReceiptKind_RECEIPT_DELIVERED &&
                                        q->kind != lianshu_ReceiptKind_RECEIPT_OPENED &&
                                        q->kind != lianshu_ReceiptKind_RECEIPT_ACTED))
        return;
    struct json *event = event_of(course->step, receipt_kind_name(q->kind), q->time_ms);
    json_put_text(event, "by", q->by);
    course->event[course->count++] = event;
}

static enum err walk_chain(struct core *core, const struct message_row *message,
                           struct course *course)
{
    uint64_t leaf = message->last_leaf;
    enum err err = OK;
    for (size_t i = 0; err == OK && i < COURSE_MAX; i++) {
        struct chain_receipt at;
        lianshu_Receipt receipt;
        err = chain_next(core, &leaf, &at);
        if (err == OK)
            err = chain_read(core, &at, &receipt);
        if (err == OK)
            add_receipt(course, &receipt);
    }
    return err;
}

/* The step was here before this hub joined the case: what came with it. */
static enum err walk_paper(struct core *core, struct course *course)
{
    struct frame_receipts list;
    struct frame_receipt entry;
    enum err err = case_receipts_open(core, course->step, &list);
    while (err == OK && frame_receipts_next(&list, &entry)) {
        lianshu_Receipt receipt;
        if (wire_decode(&lianshu_Receipt_msg, entry.receipt, &receipt) != OK)
            return ERR_CORRUPT;
        add_receipt(course, &receipt);
    }
    return err;
}

static enum err put_receipts(struct custody *c, struct json *list, const struct casefile_step *step)
{
    struct core *core = c->q->core;
    struct course course = {.step = step};
    struct message_row message;
    enum err err = message_get(core->store->messages, step->by, step->message_id, &message);
    if (err == OK)
        err = walk_chain(core, &message, &course);
    else if (err == ERR_NOT_FOUND)
        err = walk_paper(core, &course);
    while (course.count > 0)
        json_add(list, course.event[--course.count]);
    return err == ERR_NOT_FOUND || err == ERR_ERASED ? OK : err;
}

static enum err has_item(struct custody *c, const struct casefile_step *step,
                         const struct casefile_item *item, bool *has)
{
    struct casefile_item at = {.byte_count = 0};
    enum err err = OK;
    *has = false;
    while (!*has &&
           (err = casefile_item_next(c->q->core->store->casefiles, c->id, step->seq, &at)) == OK)
        *has = memcmp(at.root, item->root, sizeof at.root) == 0;
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err put_sent(struct custody *c, struct json *list, const struct casefile_step *step)
{
    struct json *item = event_of(step, "sent", step->taken_ms);
    json_put_text(item, "by", step->by);
    enum err err = put_holders(c, item, step);
    json_put_hex(item, "document", span_of(step->document, sizeof step->document));
    json_add(list, item);
    return err == OK ? put_receipts(c, list, step) : err;
}

/* item NULL: the hand-over lists. */
static enum err put_chain(struct custody *c, struct json *list, const struct casefile_item *item)
{
    struct casefile_step step;
    uint64_t cursor = 0;
    enum err err;
    while ((err = casefile_step_next(c->q->core->store->casefiles, c->id, &cursor, &step)) == OK) {
        bool mine = step.type == lianshu_DocumentType_TYPE_CASE_HANDOVER;
        if (item != NULL)
            err = has_item(c, &step, item, &mine);
        if (err == OK && mine)
            err = put_sent(c, list, &step);
        if (err != OK)
            return err;
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

/* Each file once, however often it was sent on. */
static enum err find_items(struct custody *c)
{
    struct casefile_step step;
    uint64_t cursor = 0;
    enum err err;
    while ((err = casefile_step_next(c->q->core->store->casefiles, c->id, &cursor, &step)) == OK) {
        struct casefile_item item = {.byte_count = 0};
        while ((err = casefile_item_next(c->q->core->store->casefiles, c->id, step.seq, &item)) ==
               OK) {
            bool known = c->count == ITEMS_MAX;
            for (size_t i = 0; !known && i < c->count; i++)
                known = memcmp(c->item[i].root, item.root, sizeof item.root) == 0;
            if (!known)
                c->item[c->count++] = item;
        }
        if (err != ERR_NOT_FOUND)
            return err;
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err query_custody(struct query *q)
{
    struct custody c = {.q = q};
    struct casefile row;
    if (!query_hex(q, "id", c.id, sizeof c.id))
        return ERR_FIELD_VALUE;
    enum err err = casefile_get(q->core->store->casefiles, c.id, &row);
    if (err == OK)
        err = find_items(&c);
    if (err != OK)
        return err;
    json_put_hex(q->answer, "case", span_of(c.id, sizeof c.id));
    struct json *items = json_list();
    for (size_t i = 0; err == OK && i < c.count; i++) {
        struct json *item = json_map();
        struct json *chain = json_list();
        json_put_hex(item, "root", span_of(c.item[i].root, sizeof c.item[i].root));
        json_put_uint(item, "bytes", c.item[i].byte_count);
        err = put_chain(&c, chain, &c.item[i]);
        json_put(item, "custody", chain);
        json_add(items, item);
    }
    json_put(q->answer, "items", items);
    json_put_flag(q->answer, "more", c.count == ITEMS_MAX);
    struct json *handovers = json_list();
    if (err == OK)
        err = put_chain(&c, handovers, NULL);
    json_put(q->answer, "handovers", handovers);
    return err;
}
