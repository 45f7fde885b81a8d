/* Whom a restriction concerns, and under which token a member finds its subject.
 *
 * The store has tokens of the hub's own key, of which no member can make one. So the identifier is
 * taken from the signed document that named it, which lies sealed beside the order, and forgotten
 * again when its token for this member is made. */
#include "core/mirror_inner.h"

#include <stdlib.h>
#include <string.h>

/* ---- concerns ---- */

static uint32_t owners_mask(const struct owners *o)
{
    return o->who == WHO_EVERY ? UINT32_MAX : o->who == WHO_ISSUER ? 0 : o->each | o->either;
}

static bool may_pass(const lianshu_MemberRecord *record, uint32_t type)
{
    for (pb_size_t i = 0; i < record->grants_count; i++) {
        if (grant_names(record->grants[i].types, type))
            return true;
    }
    return false;
}

/* The gates of whatever the member may send or receive ask for these. */
static uint64_t gated(const struct ruleset *rs, const struct rule_measure *first,
                      const lianshu_MemberRecord *record)
{
    size_t gate_count;
    uint64_t bits = 0;
    const struct rule_gate *gates = ruleset_gates(rs, &gate_count);
    for (size_t i = 0; i < gate_count; i++) {
        if (gates[i].measure != NULL && may_pass(record, gates[i].type))
            bits |= UINT64_C(1) << (gates[i].measure - first);
    }
    return bits;
}

/* Departments that owe each measure, by the table or by a rule. */
static void owed(const struct ruleset *rs, uint32_t departments[static RULES_MEASURES_MAX])
{
    size_t measure_count;
    size_t rule_count;
    const struct rule_measure *measures = ruleset_measures(rs, &measure_count);
    const struct rule *rules = ruleset_rules(rs, &rule_count);
    for (size_t i = 0; i < measure_count; i++)
        departments[i] = owners_mask(&measures[i].owners);
    for (size_t r = 0; r < rule_count; r++) {
        for (uint32_t i = 0; i < rules[r].item_count; i++) {
            const struct rule_item *item = &rules[r].item[i];
            departments[item->measure - measures] |= owners_mask(&item->owners);
        }
    }
}

/* Which adapters keep a mirror and may: asked once, not at every change of a restriction. One that
 * never came has none; it begins when it comes. */
static enum err find_readers(struct core *core)
{
    static const uint8_t none[PEER_ADAPTER_LEN];
    struct mirror *m = core->mirror;
    const struct registry *registry = core->opt.registry;
    struct mirror_reader *readers = malloc((core->peers.count + 1) * sizeof *readers);
    if (readers == NULL)
        return ERR_NO_MEMORY;
    size_t count = 0;
    for (uint32_t i = 0; i < core->peers.count; i++) {
        const struct peer *peer = core_peer_at(core, i);
        const struct registry_member *member = registry_member(registry, peer->member);
        if (member == NULL || !peer->mirror || memcmp(peer->adapter, none, sizeof none) == 0 ||
            registry_may(registry, core->opt.member, lianshu_DocumentType_TYPE_MIRROR_UPDATE,
                         peer->member) != OK)
            continue;
        readers[count++] = (struct mirror_reader){
            .member = (uint32_t)(member - registry_member_at(registry, 0)), .peer = i};
    }
    free(m->readers);
    m->readers = readers;
    m->reader_count = count;
    m->readers_known = true;
    return OK;
}

enum err mirror_concerns_load(struct core *core)
{
    struct mirror *m = core->mirror;
    const struct registry *registry = core->opt.registry;
    if (m->registry == registry && m->rules == core->opt.rules)
        return m->readers_known ? OK : find_readers(core);
    size_t measure_count;
    uint32_t departments[RULES_MEASURES_MAX] = {0};
    const struct rule_measure *measures = ruleset_measures(core->opt.rules, &measure_count);
    const size_t members = registry_member_count(registry);
    uint64_t *bits = calloc(members + 1, sizeof *bits);
    lianshu_MemberRecord *record = malloc(sizeof *record);
    enum err err = bits == NULL || record == NULL ? ERR_NO_MEMORY : OK;

    owed(core->opt.rules, departments);
    for (size_t i = 0; err == OK && i < members; i++) {
        const struct registry_member *member = registry_member_at(registry, i);
        if ((err = registry_record(member, record)) != OK)
            break;
        bits[i] = gated(core->opt.rules, measures, record);
        for (size_t n = 0; n < measure_count; n++)
            bits[i] |= (uint64_t)(departments[n] >> member->department & 1) << n;
    }
    free(record);
    if (err == OK)
        err = find_readers(core);
    if (err != OK) {
        free(bits);
        return err;
    }
    free(m->measures);
    m->measures = bits;
    m->registry = registry;
    m->rules = core->opt.rules;
    return OK;
}

_Static_assert(RULES_MEASURES_MAX <= 64, "a bit a measure");

bool mirror_concerns(const struct core *core, size_t member, const struct justification *row)
{
    size_t measure_count;
    const struct rule_measure *measures = ruleset_measures(core->opt.rules, &measure_count);
    const struct rule_measure *measure = ruleset_measure(core->opt.rules, row->measure);
    /* A measure that the rules of today do not have: better told than kept back. */
    if (measure != NULL && (core->mirror->measures[member] >> (measure - measures) & 1) == 0)
        return false;
    return region_contains(row->scope, registry_member_at(core->opt.registry, member)->region);
}

void mirror_concern_hash(const struct core *core, size_t member, uint8_t out[static HASH_LEN])
{
    size_t measure_count;
    struct sha256 s;
    const struct rule_measure *measures = ruleset_measures(core->opt.rules, &measure_count);
    sha256_init(&s);
    sha256_add(&s, span_str(registry_member_at(core->opt.registry, member)->region));
    for (size_t i = 0; i < measure_count; i++) {
        if ((core->mirror->measures[member] >> i & 1) == 0)
            continue;
        sha256_add(&s, span_of("/", 1));
        sha256_add(&s, span_str(measures[i].code));
    }
    sha256_done(&s, out);
}

/* ---- names ---- */

/* Is this the subject of the row? Then its token for the member. */
static enum err accept(struct core *core, const struct justification *row, uint8_t kind,
                       const char *id, uint8_t token[static REST_TOKEN_LEN])
{
    uint8_t own[STORE_TOKEN_LEN];
    if (id[0] == '\0')
        return ERR_NOT_FOUND;
    enum err err = view_token(core, kind, span_str(id), own);
    if (err != OK)
        return err;
    if (memcmp(own, row->subject, sizeof own) != 0)
        return ERR_NOT_FOUND;
    mirror_token(core->mirror->tokens, view_kind(kind), span_str(id), token);
    return OK;
}

static enum err by_order(struct core *core, const struct justification *row,
                         uint8_t token[static REST_TOKEN_LEN])
{
    struct mirror *m = core->mirror;
    enum err err = OK;
    if (!m->order_loaded || memcmp(m->order_id, row->order_id, sizeof m->order_id) != 0) {
        struct order_row origin;
        struct writer lsd1 = writer_of(core->frame, FRAME_MAX);
        m->order_loaded = false;
        err = order_text(core->store->orders, row->order_id, row->order_version, row->begun_seq + 1,
                         &origin);
        /* An order without a list is a document of another kind: it names its subject elsewhere. */
        if (err == OK && (store_is_erased(origin.sealed) || origin.list[0] == '\0'))
            err = ERR_NOT_FOUND;
        if (err == OK)
            err = plans_unseal(core, &origin, &lsd1, &lianshu_SanctionOrder_msg, &m->order);
        if (err != OK)
            return err;
        memcpy(m->order_id, row->order_id, sizeof m->order_id);
        m->order_loaded = true;
    }
    err = accept(core, row, (uint8_t)m->order.subject.kind, m->order.subject.id, token);
    for (pb_size_t i = 0; err == ERR_NOT_FOUND && i < m->order.persons_count; i++)
        err = accept(core, row, (uint8_t)lianshu_SubjectKind_SUBJECT_PERSON, m->order.persons[i].id,
                     token);
    return err;
}

/* A person whom a registration or a relation has named. */
static enum err by_relation(struct core *core, const struct justification *row,
                            uint8_t token[static REST_TOKEN_LEN])
{
    struct relation_cursor cursor = {0};
    struct relation_row relation;
    struct mirror *m = core->mirror;
    enum err err = relation_next_of_person(core->store->subjects, row->subject, STORE_NEVER,
                                           &cursor, &relation);
    if (err != OK || store_is_erased(relation.sealed))
        return err == OK ? ERR_NOT_FOUND : err;
    struct writer w = writer_of(core->frame, FRAME_MAX);
    err = rest_get(core, "relation", span_of(relation.person, sizeof relation.person), "person",
                   relation.sealed, &w);
    if (err == OK)
        err = wire_decode(&lianshu_Person_msg, writer_span(&w), &m->person);
    return err == OK
               ? accept(core, row, (uint8_t)lianshu_SubjectKind_SUBJECT_PERSON, m->person.id, token)
               : err;
}

/* A body that was registered. */
static enum err by_register(struct core *core, const struct justification *row,
                            uint8_t token[static REST_TOKEN_LEN])
{
    struct subject_row subject;
    struct mirror *m = core->mirror;
    enum err err = subject_get(core->store->subjects, row->subject, STORE_NEVER, &subject);
    if (err != OK || store_is_erased(subject.sealed))
        return err == OK ? ERR_NOT_FOUND : err;
    struct writer w = writer_of(core->frame, FRAME_MAX);
    err = rest_get(core, "subject", span_of(subject.token, sizeof subject.token), "body",
                   subject.sealed, &w);
    if (err == OK && wire_decode(&lianshu_SubjectRegister_msg, writer_span(&w), &m->subject) != OK)
        err = ERR_NOT_FOUND; /* named by another kind of document */
    return err == OK
               ? accept(core, row, (uint8_t)m->subject.subject.kind, m->subject.subject.id, token)
               : err;
}

enum err mirror_name(struct core *core, const struct justification *row,
                     uint8_t token[static REST_TOKEN_LEN])
{
    enum err err = by_order(core, row, token);
    if (err == ERR_NOT_FOUND)
        err = by_relation(core, row, token);
    return err == ERR_NOT_FOUND ? by_register(core, row, token) : err;
}
