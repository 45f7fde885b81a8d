/* Who may say what about a message of ours. */
#include "adapters/sdk/inner.h"

#include <string.h>

/* ERR_RECEIPT_BY unless the message went to that member. */
static enum err check_destination(struct sdk *s, const struct outbox_row *row, const char *member)
{
    enum err err;
    char destinations[SDK_DESTINATIONS_TEXT_MAX], needle[SDK_MEMBER_MAX + 2];
    struct writer w = writer_of(needle, sizeof needle);

    if (row->destination[0] != '\0')
        return strcmp(row->destination, member) == 0 ? OK : ERR_RECEIPT_BY;
    if ((err = outbox_destinations(s, row->id, destinations)) != OK)
        return err;
    write_bytes(&w, ",", 1);
    write_span(&w, span_str(member));
    write_bytes(&w, ",", 2); /* with its NUL */
    return !w.full && strstr(destinations, needle) != NULL ? OK : ERR_RECEIPT_BY;
}

/* Another hub speaks of what passes through it: between us and the recipient that it names, or one
 * of those it went to when it speaks of all. An end it may only say of one. */
static enum err check_other_hub(struct sdk *s, const struct outbox_row *row,
                                const lianshu_Receipt *r)
{
    enum err err;
    char destinations[SDK_DESTINATIONS_TEXT_MAX];

    if (!receipt_kind_by_hub(r->kind) || r->kind == lianshu_ReceiptKind_RECEIPT_ACCEPTED ||
        r->kind == lianshu_ReceiptKind_RECEIPT_REJECTED)
        return ERR_RECEIPT_BY;
    if (r->about[0] != '\0') {
        err = check_destination(s, row, r->about);
        if (err != OK)
            return err;
        return topology_speaks(s->registry, r->by, s->member, r->about) ? OK : ERR_RECEIPT_BY;
    }
    if (receipt_kind_final(r->kind))
        return ERR_RECEIPT_BY;
    if ((err = outbox_destinations(s, row->id, destinations)) != OK)
        return err;
    for (char *p = destinations + 1; *p != '\0'; p++) { /* a comma before and after each */
        char *end = strchr(p, ',');
        if (end == NULL)
            return ERR_CORRUPT;
        *end = '\0';
        if (topology_speaks(s->registry, r->by, s->member, p))
            return OK;
        p = end;
    }
    return ERR_RECEIPT_BY;
}

enum err outbox_check_by(struct sdk *s, const struct outbox_row *row, const lianshu_Receipt *r)
{
    if (strcmp(r->by, s->hub) == 0)
        return OK;
    if (receipt_kind_by_hub(r->kind))
        return check_other_hub(s, row, r);
    return check_destination(s, row, r->by);
}
