#include "mirror_paper.h"

#include "base/clock.h"
#include "ident.h"
#include "sanction.pb.h"
#include "wire.h"

#include "t.h"

#include <stdio.h>
#include <string.h>

const char *paper_company(unsigned i)
{
    static const char digits[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    static char text[8][19];
    static unsigned next;
    char *id = text[next++ % 8];

    for (size_t a = 0; a < 31; a++) {
        for (size_t b = 0; b < 31; b++) {
            (void)snprintf(id, 19, "91445100MA4%05u%c%c", i, digits[a], digits[b]);
            if (uscc_check(id, NULL) == OK)
                return id;
        }
    }
    fail_msg("no check digits for %u", i);
    return NULL;
}

void paper_begin(struct paper *p, uint64_t generation)
{
    mirror_tokens_close(&p->tokens);
    p->generation = generation;
    p->size = p->count = p->page = 0;
    memset(p->key, (int)(generation & 0xff), sizeof p->key);
    memset(p->head, 0, sizeof p->head);
    assert_int_equal(mirror_tokens_open(&p->tokens, p->key), OK);
    memset(&p->update, 0, sizeof p->update);
}

void paper_end(struct paper *p)
{
    mirror_tokens_close(&p->tokens);
}

lianshu_MirrorRow *paper_row(struct paper *p, uint64_t number, const char *company, bool ended)
{
    lianshu_MirrorRow *row = &p->update.rows[p->update.rows_count++];

    memset(row, 0, sizeof *row);
    row->number = number;
    row->ended = ended;
    mirror_token(p->tokens, lianshu_SubjectKind_SUBJECT_ENTERPRISE, span_str(company), row->token);
    p->count += ended ? UINT64_MAX : 1;
    if (ended)
        return row;
    strcpy(row->measure, "M01");
    strcpy(row->list, "SERIOUS");
    strcpy(row->rule, "R01");
    strcpy(row->basis, "DL116");
    strcpy(row->scope, "000000");
    row->force = lianshu_Force_FORCE_MUST;
    row->order_id.size = 16;
    memset(row->order_id.bytes, 0x0d, 16);
    row->order_version = 1;
    row->start_date = date_from_ms(p->now_ms);
    return row;
}

struct span paper_again(struct paper *p)
{
    struct writer room = writer_of(p->body, sizeof p->body);
    struct writer w = writer_of(p->body, sizeof p->body);

    assert_int_equal(mirror_head(&p->update, &room, p->update.head), OK);
    assert_int_equal(wire_encode(&lianshu_MirrorUpdate_msg, &p->update, &w), OK);
    memcpy(p->head, p->update.head, sizeof p->head);
    p->body_len = w.len;
    return writer_span(&w);
}

struct span paper_page(struct paper *p, uint64_t to_size, bool last)
{
    lianshu_MirrorUpdate *u = &p->update;

    (void)snprintf(u->member, sizeof u->member, "%s", p->member);
    memcpy(u->adapter, p->adapter, sizeof u->adapter);
    u->generation = p->generation;
    u->from_size = p->size;
    u->to_size = to_size;
    u->page = (uint32_t)++p->page;
    u->last = last;
    u->count = p->count;
    u->as_of_ms = p->now_ms;
    u->fresh_until_ms = p->now_ms + 2 * (uint64_t)HOUR_MS;
    u->valid_until_ms = p->now_ms + (uint64_t)DAY_MS;
    u->key.size = p->page == 1 ? MIRROR_KEY_LEN : 0;
    memcpy(u->key.bytes, p->key, sizeof p->key);
    memcpy(u->previous, p->head, sizeof u->previous);
    if (last)
        p->size = to_size;
    const struct span body = paper_again(p);
    u->rows_count = 0;
    return body;
}
