#include "keys/registry.h"

#include "keys/registry_table.h"

#include "wire.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A record on its way into the file. */
struct row {
    char member[MEMBER_MAX + 1];
    struct span record;
    unsigned registrar;
};

/* A part, as its registrar made it. */
struct part {
    struct frame_registry frame;
    struct frame_registrar registrar;
    char member[MEMBER_MAX + 1];
    char issuer[MEMBER_MAX + 1];
    uint64_t valid_until_ms; /* of what it vouches for */
    unsigned number;         /* in the file; 0: not placed yet */
};

/* What is made on the way and dropped again. */
struct making {
    const struct registry_make *make;
    struct fault *fault;
    char member[MEMBER_MAX + 1]; /* the registrar who signs */
    lianshu_Document *document;
    lianshu_RegistryVersion *body;
    struct writer registrar; /* L */
    struct writer version;   /* G */
    struct writer own;       /* own records */
    struct part *parts;
    struct row *rows;
    size_t row_count;
    uint64_t valid_until_ms;
};

static enum err decode_document(struct making *m, struct span lsd1)
{
    struct frame_document frame;
    enum err err = frame_parse_document(lsd1, &frame);
    if (err == OK)
        err = wire_decode(&lianshu_Document_msg, frame.document, m->document);
    if (err == OK && m->document->issuers_count == 0)
        err = ERR_HEADER;
    return err;
}

static enum err decode_registrar(struct making *m, struct span lsd1, lianshu_Registrar *out)
{
    enum err err = decode_document(m, lsd1);
    return err != OK ? err
                     : wire_decode(&lianshu_Registrar_msg,
                                   span_of(m->document->body.bytes, m->document->body.size), out);
}

/* L: the roots name the registrar and its officials; or as it was given. */
static enum err make_registrar(struct making *m)
{
    const struct registry_make *make = m->make;
    lianshu_Registrar r = lianshu_Registrar_init_zero;

    if (make->registrar_document.len > 0) {
        enum err err = decode_registrar(m, make->registrar_document, &r);
        if (err != OK)
            return fault_set(m->fault, ERR_REGISTRY, 0, "registrar document", "%s", err_en(err));
        memcpy(m->member, r.member, sizeof m->member);
        write_span(&m->registrar, make->registrar_document);
        assert(!m->registrar.full); /* it was read as a document, and has room for the largest */
        return OK;
    }
    snprintf(m->member, sizeof m->member, "registrar.%s", make->region);
    const struct registrar_make appoint = {
        .realm = make->anchor->realm,
        .member = m->member,
        .region = make->region,
        .keys = make->officials,
        .key_count = make->official_count,
        .more = make->later,
        .more_count = make->later_count,
        .threshold = make->threshold,
        .number = make->version,
        .now_ms = make->now_ms,
        .valid_until_ms = make->valid_until_ms,
        .entropy = make->entropy,
    };
    const struct office_signers roots = {
        .anchor = make->anchor, .keys = make->roots, .key_count = make->root_count};
    enum err err = registrar_appoint(&appoint, &roots, &m->registrar);
    return err == OK ? OK
                     : fault_set(m->fault, err == ERR_KEY_NOT_SENDERS ? ERR_REGISTRY : err, 0,
                                 "registrar document", "%zu roots, %zu officials", make->root_count,
                                 make->official_count + make->later_count);
}

static enum err read_part(struct making *m, struct part *part, struct span file)
{
    lianshu_Registrar r;
    enum err err = frame_parse_registry(file, &part->frame);
    if (err == OK && part->frame.registrar_count != 1)
        err = ERR_FORM;
    if (err != OK)
        return err;
    const bool first = frame_registry_registrar(&part->frame, &part->registrar);
    assert(first); /* it has one */
    if ((err = decode_registrar(m, part->registrar.document, &r)) != OK)
        return err;
    memcpy(part->member, r.member, sizeof part->member);
    memcpy(part->issuer, m->document->issuers[0].member, sizeof part->issuer);
    part->valid_until_ms = r.valid_until_ms;
    if ((err = decode_document(m, part->registrar.version)) != OK)
        return err;
    err = wire_decode(&lianshu_RegistryVersion_msg,
                      span_of(m->document->body.bytes, m->document->body.size), m->body);
    if (err == OK && m->body->valid_until_ms < part->valid_until_ms)
        part->valid_until_ms = m->body->valid_until_ms;
    return err;
}

static bool is_placed(const struct making *m, const char *member)
{
    for (size_t i = 0; i < m->make->part_count; i++) {
        if (m->parts[i].number != 0 && strcmp(m->parts[i].member, member) == 0)
            return true;
    }
    return strcmp(m->member, member) == 0;
}

/* Who signed it stands before it. One whose issuer is nowhere goes to the end, where it is refused.
 */
static void place_parts(struct making *m)
{
    unsigned number = 0;
    for (unsigned pass = 0; pass <= REGISTRAR_CHAIN_MAX; pass++) {
        for (size_t i = 0; i < m->make->part_count; i++) {
            struct part *part = &m->parts[i];
            if (part->number == 0 && (is_placed(m, part->issuer) || pass == REGISTRAR_CHAIN_MAX))
                part->number = ++number;
        }
    }
}

static enum err read_parts(struct making *m)
{
    m->valid_until_ms = m->make->valid_until_ms;
    for (size_t i = 0; i < m->make->part_count; i++) {
        enum err err = read_part(m, &m->parts[i], m->make->parts[i]);
        if (err != OK)
            return fault_set(m->fault, ERR_REGISTRY, 0, "part", "number %zu: %s", i + 1,
                             err_en(err));
        if (m->parts[i].valid_until_ms < m->valid_until_ms)
            m->valid_until_ms = m->parts[i].valid_until_ms;
    }
    place_parts(m);
    return OK;
}

static enum err add_own(struct making *m, const lianshu_MemberRecord *record)
{
    uint8_t bytes[FRAME_RECORD_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);
    enum err err = wire_encode(&lianshu_MemberRecord_msg, record, &w);
    if (err == ERR_TOO_LARGE)
        return fault_set(m->fault, err, 0, record->member,
                         "the record with its keys and grants has more than %d bytes",
                         FRAME_RECORD_MAX);
    if (err != OK)
        return fault_set(m->fault, err, 0, record->member, "record");
    struct row *row = &m->rows[m->row_count++];
    memcpy(row->member, record->member, sizeof row->member);
    row->record = span_of(m->own.data + m->own.len, w.len);
    write_span(&m->own, writer_span(&w));
    assert(!m->own.full); /* it has room for as many of the largest */
    return OK;
}

static enum err add_part(struct making *m, const struct part *part)
{
    struct frame_registry frame = part->frame;
    struct span record;
    unsigned tag;
    lianshu_MemberRecord r;
    while (frame_registry_next(&frame, &tag, &record)) {
        enum err err = wire_decode(&lianshu_MemberRecord_msg, record, &r);
        if (err != OK)
            return fault_set(m->fault, ERR_REGISTRY, 0, part->member, "record: %s", err_en(err));
        struct row *row = &m->rows[m->row_count++];
        memcpy(row->member, r.member, sizeof row->member);
        row->record = record;
        row->registrar = part->number;
    }
    return OK;
}

static int order_of_row(const void *a, const void *b)
{
    return strcmp(((const struct row *)a)->member, ((const struct row *)b)->member);
}

/* Own records and those of the parts, in their order, and the root over them. */
static enum err make_rows(struct making *m, const lianshu_MemberRecord *records, size_t count)
{
    struct merkle_frontier f;
    merkle_hash leaf;
    for (size_t i = 0; i < count; i++) {
        enum err err = add_own(m, &records[i]);
        if (err != OK)
            return err;
    }
    for (size_t i = 0; i < m->make->part_count; i++) {
        enum err err = add_part(m, &m->parts[i]);
        if (err != OK)
            return err;
    }
    qsort(m->rows, m->row_count, sizeof m->rows[0], order_of_row);
    frontier_init(&f);
    for (size_t i = 0; i < m->row_count; i++) {
        merkle_leaf(leaf, m->rows[i].record);
        frontier_append(&f, leaf);
    }
    wire_clear(&lianshu_RegistryVersion_msg, m->body);
    frontier_root(&f, m->body->root);
    return OK;
}

/* G: the registrar names the records, and what the other registrars vouch for. */
static enum err make_version(struct making *m)
{
    const struct registry_make *make = m->make;
    lianshu_RegistryVersion *v = m->body;
    v->version = make->version;
    v->valid_until_ms = m->valid_until_ms;
    v->member_count = (uint32_t)m->row_count;
    v->revocations = make->revocations;
    v->least_suite = make->least_suite;
    v->parts_count = (pb_size_t)make->part_count;
    for (size_t i = 0; i < make->part_count; i++)
        hash_bytes(v->parts[m->parts[i].number - 1], m->parts[i].registrar.version);
    const struct office_paper paper = {
        .realm = make->anchor->realm,
        .type = lianshu_DocumentType_TYPE_REGISTRY,
        .desc = &lianshu_RegistryVersion_msg,
        .body = v,
        .now_ms = make->now_ms,
        .valid_until_ms = m->valid_until_ms,
        .entropy = make->entropy,
    };
    const struct office_signers signers = {
        .member = m->member,
        .keys = make->officials,
        .key_count = make->official_count,
        .later = make->later,
        .later_count = make->later_count,
    };
    enum err err = office_document(&paper, &signers, &m->version);
    return err == OK ? OK : fault_set(m->fault, err, 0, m->member, "registry document");
}

/* What a hub would refuse must not be handed out. */
static enum err read_back(const struct making *m, struct span file)
{
    const struct registry_make *make = m->make;
    struct registry *check = NULL;
    uint32_t signed_by;
    enum err err;
    if (make->above != NULL)
        err = registry_open_part(&check, make->anchor, make->above, file, &signed_by, m->fault);
    else if (make->later_count > 0)
        err = registry_open_draft(&check, make->anchor, file, &signed_by, m->fault);
    else
        err = registry_open(&check, make->anchor, file, make->version, m->fault);
    registry_close(&check);
    return err;
}

static enum err write_file(struct making *m, struct writer *w)
{
    const size_t begin = w->len;
    const struct registry_make *make = m->make;
    const struct frame_registrar own = {writer_span(&m->registrar), writer_span(&m->version)};

    frame_registry_begin(w, 1 + (unsigned)make->part_count);
    frame_registry_put(w, &own);
    for (unsigned number = 1; number <= make->part_count; number++) {
        for (size_t i = 0; i < make->part_count; i++) {
            if (m->parts[i].number == number)
                frame_registry_put(w, &m->parts[i].registrar);
        }
    }
    frame_registry_records(w, (uint32_t)m->row_count);
    for (size_t i = 0; i < m->row_count; i++)
        frame_registry_add(w, m->rows[i].registrar, m->rows[i].record);
    return w->full ? ERR_TOO_LARGE : read_back(m, span_of(w->data + begin, w->len - begin));
}

/* Room for the own records and those of the parts. */
static enum err take_rows(struct making *m, size_t own)
{
    size_t count = own;
    for (size_t i = 0; i < m->make->part_count; i++)
        count += m->parts[i].frame.count;
    if (count > REGISTRY_MEMBER_MAX)
        return ERR_TOO_LARGE;
    m->rows = calloc(count + 1, sizeof m->rows[0]);
    return m->rows != NULL ? OK : ERR_NO_MEMORY;
}

static enum err make_all(struct making *m, const lianshu_MemberRecord *records, size_t count,
                         struct writer *w)
{
    enum err err = make_registrar(m);
    if (err == OK)
        err = read_parts(m);
    if (err == OK)
        err = take_rows(m, count);
    if (err == OK)
        err = make_rows(m, records, count);
    if (err == OK)
        err = make_version(m);
    return err == OK ? write_file(m, w) : err;
}

enum err registry_write(const struct registry_make *make, const lianshu_MemberRecord *records,
                        size_t record_count, struct writer *w, struct fault *fault)
{
    enum err err = ERR_NO_MEMORY;
    struct making m = {.make = make, .fault = fault};
    const size_t own_max = record_count * FRAME_RECORD_MAX;

    if (record_count > REGISTRY_MEMBER_MAX || make->part_count >= FRAME_REGISTRARS_MAX)
        return ERR_TOO_LARGE;
    m.document = calloc(1, sizeof *m.document);
    m.body = calloc(1, sizeof *m.body);
    m.registrar = writer_of(malloc(FRAME_DOCUMENT_FRAME_MAX), FRAME_DOCUMENT_FRAME_MAX);
    m.version = writer_of(malloc(FRAME_DOCUMENT_FRAME_MAX), FRAME_DOCUMENT_FRAME_MAX);
    m.own = writer_of(malloc(own_max + 1), own_max);
    m.parts = calloc(make->part_count + 1, sizeof m.parts[0]);
    if (m.document != NULL && m.body != NULL && m.registrar.data != NULL &&
        m.version.data != NULL && m.own.data != NULL && m.parts != NULL)
        err = make_all(&m, records, record_count, w);
    free(m.document);
    free(m.body);
    free(m.registrar.data);
    free(m.version.data);
    free(m.own.data);
    free(m.parts);
    free(m.rows);
    return err;
}
