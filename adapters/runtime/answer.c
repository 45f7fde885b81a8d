#include "adapters/runtime/answer.h"

#include "adapters/runtime/report.h"
#include "base/hex.h"
#include "wire.h"

#include "redress.pb.h"

#include <stdlib.h>

enum { ORDER_ID_LEN = sizeof((lianshu_PreviewAnswer *)0)->conflicts[0] };

static struct json *grounds(const lianshu_PreviewAnswer *a)
{
    struct json *list = json_list();

    for (size_t i = 0; i < a->grounds_count; i++) {
        const lianshu_Ground *g = &a->grounds[i];
        struct json *one = json_map();
        (void)json_put_text(one, "measure", g->measure);
        (void)json_put_hex(one, "order", span_of(g->order_id, sizeof g->order_id));
        (void)json_put_uint(one, "version", g->order_version);
        (void)json_put_text(one, "rule", g->rule);
        (void)json_put_text(one, "basis", g->basis);
        (void)json_add(list, one);
    }
    return list;
}

static void add_id(struct json *list, const uint8_t id[static ORDER_ID_LEN])
{
    char text[2 * ORDER_ID_LEN + 1];

    hex_encode(span_of(id, ORDER_ID_LEN), text);
    (void)json_add_text(list, text);
}

static struct json *build(const lianshu_PreviewAnswer *a)
{
    struct json *out = json_map();
    struct json *members = json_list();
    struct json *unassigned = json_list();
    struct json *conflicts = json_list();

    (void)json_put_flag(out, "passes", a->code == 0 || a->code == (uint32_t)ERR_FLAGGED);
    if (a->code != 0)
        report_put_code(out, err_from_code(a->code));
    (void)json_put(out, "grounds", grounds(a));
    (void)json_put_uint(out, "obligations", a->obligations);
    for (size_t i = 0; i < a->members_count; i++)
        (void)json_add_text(members, a->members[i]);
    for (size_t i = 0; i < a->unassigned_count; i++)
        (void)json_add_text(unassigned, a->unassigned[i]);
    for (size_t i = 0; i < a->conflicts_count; i++)
        add_id(conflicts, a->conflicts[i]);
    (void)json_put(out, "members", members);
    (void)json_put(out, "unassigned", unassigned);
    (void)json_put(out, "conflicts", conflicts);
    (void)json_put_flag(out, "more", a->more);
    (void)json_put_ms(out, "time", a->at_ms);
    return out;
}

enum err answer_json(struct span facts, struct json **out)
{
    lianshu_PreviewAnswer *a = malloc(sizeof *a);

    *out = NULL;
    if (a == NULL)
        return ERR_NO_MEMORY;
    const bool read = wire_decode(&lianshu_PreviewAnswer_msg, facts, a) == OK;
    if (read)
        *out = build(a);
    free(a);
    if (!read)
        return ERR_POISON;
    return *out == NULL ? ERR_NO_MEMORY : OK;
}
