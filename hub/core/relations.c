/* Who holds which role where, and since when: from registrations, annual reports, appointments and
 * licences. Nothing is ever overwritten: a transfer ends the former holder's time and leaves what
 * was true at the time of an act (domain B.8, propagation 1 and 4). */
#include "core/state.h"

#include <string.h>

/* Roles that one person holds at a time. */
static bool exclusive(uint32_t role)
{
    return role == lianshu_Role_ROLE_LEGAL_REPRESENTATIVE ||
           role == lianshu_Role_ROLE_SOLE_SHAREHOLDER;
}

static enum err put_one(struct core *core, const struct incoming *in, uint32_t index,
                        struct relation_row *row)
{
    enum err err = orders_token(core, in->subject, in->persons, in->person_count, 0, row->subject);
    if (err == OK)
        err =
            orders_token(core, in->subject, in->persons, in->person_count, index + 1, row->person);
    if (err != OK)
        return err;
    uint8_t plain[lianshu_Person_size];
    struct writer text = writer_of(plain, sizeof plain);
    struct writer w = writer_of(core->frame, FRAME_MAX);
    err = wire_encode(&lianshu_Person_msg, &in->persons[index], &text);
    if (err == OK)
        err = rest_put(core, "relation", span_of(row->person, sizeof row->person), "person",
                       writer_span(&text), &w);
    if (err != OK)
        return err;
    row->role = (uint32_t)in->persons[index].role;
    memcpy(row->document, in->facts_hash, sizeof row->document);
    row->sealed = writer_span(&w);
    return relation_put(core->store->subjects, row);
}

/* The last day of a former holder: the day before the new one begins; of one that begins no later
 * than the former, as far as the register says, yesterday. */
static uint32_t last_day(const struct core *core, const struct relation_row *former, uint32_t from)
{
    uint32_t last = from > former->from_date ? date_add_days(from, -1)
                                             : date_add_days(date_from_ms(core->now_ms), -1);
    return last < former->from_date ? former->from_date : last;
}

/* End open relations of the subject in this role, of everybody but `kept` (NULL: of everybody). */
static enum err end_role(struct core *core, const struct relation_row *now, uint32_t role,
                         const uint8_t *kept)
{
    struct relation_cursor cursor = {0};
    struct relation_row row;
    enum err err;
    while ((err = relation_next_of_subject(core->store->subjects, now->subject, STORE_NEVER,
                                           &cursor, &row)) == OK) {
        if (row.role != role || row.to_date != 0 ||
            (kept != NULL && memcmp(row.person, kept, STORE_TOKEN_LEN) == 0))
            continue;
        row.to_date = last_day(core, &row, now->from_date);
        row.seq = now->seq;
        memcpy(row.document, now->document, sizeof row.document);
        err = relation_put(core->store->subjects, &row);
        if (err != OK)
            return err;
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err relations_put(struct core *core, const struct incoming *in, uint32_t from_date,
                       uint32_t to_date, uint64_t seq)
{
    for (uint32_t i = 0; i < in->person_count; i++) {
        struct relation_row row = {.from_date = from_date, .to_date = to_date, .seq = seq};
        enum err err = put_one(core, in, i, &row);
        if (err == OK && to_date == 0 && exclusive(row.role))
            err = end_role(core, &row, row.role, row.person);
        if (err == OK)
            err = orders_relations_changed(core, row.subject);
        if (err != OK)
            return err;
        gates_changed(core, row.subject);
    }
    return OK;
}

/* A licence that is revoked ends the roles that rested on it. */
static enum err revoke(struct core *core, const struct incoming *in, uint64_t seq)
{
    static const uint32_t roles[] = {lianshu_Role_ROLE_LICENCE_HOLDER,
                                     lianshu_Role_ROLE_QUALITY_AUTHORISED};
    struct relation_row now = {.from_date = in->body.licence.date, .seq = seq};
    enum err err = orders_token(core, in->subject, in->persons, in->person_count, 0, now.subject);
    memcpy(now.document, in->facts_hash, sizeof now.document);
    for (size_t i = 0; err == OK && i < sizeof roles / sizeof roles[0]; i++)
        err = end_role(core, &now, roles[i], NULL);
    if (err == OK)
        err = orders_relations_changed(core, now.subject);
    gates_changed(core, now.subject);
    return err;
}

enum err relations_take(struct core *core, const struct incoming *in, uint64_t seq)
{
    switch (in->header.type) {
    case lianshu_DocumentType_TYPE_SUBJECT_REGISTER:
        return relations_put(core, in, in->body.subject_register.registered_date, 0, seq);
    case lianshu_DocumentType_TYPE_SUBJECT_RELATION:
        return relations_put(core, in, in->body.subject_relation.from_date,
                             in->body.subject_relation.to_date, seq);
    case lianshu_DocumentType_TYPE_APPOINTMENT:
    case lianshu_DocumentType_TYPE_EMPLOYMENT:
        return relations_put(core, in, in->body.appointment.from_date, 0, seq);
    case lianshu_DocumentType_TYPE_LICENCE_GRANTED:
    case lianshu_DocumentType_TYPE_LICENCE_CHANGED:
        return relations_put(core, in, in->body.licence.date, in->body.licence.expires_date, seq);
    case lianshu_DocumentType_TYPE_LICENCE_REVOKED:
        return revoke(core, in, seq);
    default:
        return OK;
    }
}
