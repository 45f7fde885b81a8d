/* Who holds which role where, and since when: from registrations, annual reports, appointments and
 * licences. Nothing is ever overwritten: a transfer ends the former holder's time and leaves what
 * was true at the time of an act (domain B.8, propagation 1 and 4). */
#include "core/state.h"

#include <string.h>

enum { NAMED_MAX = sizeof(((lianshu_SubjectRelation *)NULL)->persons) / sizeof(lianshu_Person) };

/* Whom a document names, and in which role. */
struct named {
    struct {
        uint8_t person[STORE_TOKEN_LEN];
        uint32_t role;
    } row[NAMED_MAX];
    uint32_t count;
};

/* Roles that one person holds at a time. */
static bool exclusive(uint32_t role)
{
    return role == lianshu_Role_ROLE_LEGAL_REPRESENTATIVE ||
           role == lianshu_Role_ROLE_SOLE_SHAREHOLDER;
}

static enum err put_one(struct core *core, const struct incoming *in, uint32_t index,
                        struct relation_row *row)
{
    uint8_t plain[lianshu_Person_size];
    struct writer text = writer_of(plain, sizeof plain);
    struct writer w = writer_of(core->frame, FRAME_MAX);
    enum err err = wire_encode(&lianshu_Person_msg, &in->persons[index], &text);
    if (err == OK)
        err = rest_put(core, "relation", span_of(row->person, sizeof row->person), "person",
                       writer_span(&text), &w);
    if (err != OK)
        return err;
    row->sealed = writer_span(&w);
    err = relation_put(core->store->subjects, row);
    return err == ERR_EXISTS ? OK : err; /* one document names the person twice in the role */
}

static enum err name_all(struct core *core, const struct incoming *in, struct named *named)
{
    if (in->person_count > NAMED_MAX)
        return ERR_TOO_LARGE;
    for (uint32_t i = 0; i < in->person_count; i++) {
        enum err err = orders_token(core, in->subject, in->persons, in->person_count, i + 1,
                                    named->row[i].person);
        if (err != OK)
            return err;
        named->row[i].role = (uint32_t)in->persons[i].role;
    }
    named->count = (uint32_t)in->person_count;
    return OK;
}

static bool names(const struct named *named, const struct relation_row *row)
{
    bool found = false;
    for (uint32_t i = 0; i < named->count && !found; i++)
        found = named->row[i].role == row->role &&
                memcmp(named->row[i].person, row->person, STORE_TOKEN_LEN) == 0;
    return found;
}

/* The last day of a former holder: the day before the new one begins; of one that begins no later
 * than the former, as far as the register says, yesterday. */
static uint32_t last_day(const struct core *core, const struct relation_row *former, uint32_t from)
{
    uint32_t last = from > former->from_date ? date_add_days(from, -1)
                                             : date_add_days(date_from_ms(core->now_ms), -1);
    return last < former->from_date ? former->from_date : last;
}

/* End open relations of the subject in this role, of everybody whom the document does not name in
 * it. */
static enum err end_role(struct core *core, const struct relation_row *now, uint32_t role,
                         const struct named *named)
{
    struct relation_cursor cursor = {0};
    struct relation_row row;
    enum err err;
    while ((err = relation_next_of_subject(core->store->subjects, now->subject, STORE_NEVER,
                                           &cursor, &row)) == OK) {
        if (row.role != role || row.to_date != 0 || names(named, &row))
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

/* A document that names two in an exclusive role is believed: both are looked at. Ending comes
 * first, for a person has one row per role, first day and size. */
static enum err put_roles(struct core *core, const struct incoming *in, uint32_t from_date,
                          uint32_t to_date, uint64_t seq)
{
    struct relation_row row = {.from_date = from_date, .to_date = to_date, .seq = seq};
    struct named named = {0};
    if (in->person_count == 0)
        return OK;
    enum err err = orders_name(core, in);
    if (err == OK)
        err = name_all(core, in, &named);
    if (err == OK)
        err = orders_token(core, in->subject, in->persons, in->person_count, 0, row.subject);
    memcpy(row.document, in->facts_hash, sizeof row.document);
    for (uint32_t i = 0; err == OK && i < named.count; i++)
        if (to_date == 0 && exclusive(named.row[i].role))
            err = end_role(core, &row, named.row[i].role, &named);
    for (uint32_t i = 0; err == OK && i < named.count; i++) {
        row.role = named.row[i].role;
        memcpy(row.person, named.row[i].person, sizeof row.person);
        err = put_one(core, in, i, &row);
    }
    if (err == OK)
        err = orders_relations_changed(core, row.subject);
    if (err == OK)
        gates_changed(core, row.subject);
    return err;
}

/* A licence that is revoked ends the roles that rested on it. */
static enum err revoke(struct core *core, const struct incoming *in, uint64_t seq)
{
    static const uint32_t roles[] = {lianshu_Role_ROLE_LICENCE_HOLDER,
                                     lianshu_Role_ROLE_QUALITY_AUTHORISED};
    static const struct named nobody;
    struct relation_row now = {.from_date = in->body.licence.date, .seq = seq};
    enum err err = orders_token(core, in->subject, in->persons, in->person_count, 0, now.subject);
    memcpy(now.document, in->facts_hash, sizeof now.document);
    for (size_t i = 0; err == OK && i < sizeof roles / sizeof roles[0]; i++)
        err = end_role(core, &now, roles[i], &nobody);
    if (err == OK)
        err = orders_relations_changed(core, now.subject);
    gates_changed(core, now.subject);
    return err;
}

enum err relations_take(struct core *core, const struct incoming *in, uint64_t seq)
{
    switch (in->header.type) {
    case lianshu_DocumentType_TYPE_SUBJECT_REGISTER:
        return put_roles(core, in, in->body.subject_register.registered_date, 0, seq);
    case lianshu_DocumentType_TYPE_SUBJECT_RELATION:
        return put_roles(core, in, in->body.subject_relation.from_date,
                         in->body.subject_relation.to_date, seq);
    case lianshu_DocumentType_TYPE_APPOINTMENT:
    case lianshu_DocumentType_TYPE_EMPLOYMENT:
        return put_roles(core, in, in->body.appointment.from_date, 0, seq);
    case lianshu_DocumentType_TYPE_LICENCE_GRANTED:
    case lianshu_DocumentType_TYPE_LICENCE_CHANGED:
        return put_roles(core, in, in->body.licence.date, in->body.licence.expires_date, seq);
    case lianshu_DocumentType_TYPE_LICENCE_REVOKED:
        return revoke(core, in, seq);
    default:
        return OK;
    }
}
