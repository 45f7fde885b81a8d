#include "keys/registry.h"

#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is made on the way and dropped again. */
struct making {
    const struct registry_make *make;
    struct fault *fault;
    lianshu_Document *document;
    uint8_t *d;              /* one D */
    struct writer registrar; /* L */
    struct writer version;   /* G */
    struct writer records;   /* u16|record| ‖ record, … */
};

static int order_of_member(const void *a, const void *b)
{
    return strcmp(((const lianshu_MemberRecord *)a)->member,
                  ((const lianshu_MemberRecord *)b)->member);
}

/* A document of the registry around a body that is encoded into it. */
static enum err fill_document(struct making *m, uint32_t type, const pb_msgdesc_t *desc,
                              const void *body)
{
    const struct registry_make *make = m->make;
    lianshu_Document *d = m->document;
    wire_clear(&lianshu_Document_msg, d);
    snprintf(d->realm, sizeof d->realm, "%s", make->anchor->realm);
    entropy_fill(make->entropy, d->salt, sizeof d->salt);
    entropy_id(make->entropy, make->now_ms, d->id);
    d->type = type;
    d->version = 1;
    d->issued_ms = make->now_ms;
    d->valid_until_ms = make->valid_until_ms;

    struct writer w = writer_of(d->body.bytes, sizeof d->body.bytes);
    enum err err = wire_encode(desc, body, &w);
    d->body.size = (pb_size_t)w.len;
    return err;
}

static enum err sign_document(struct making *m, const struct key *const *keys, size_t key_count,
                              struct writer *out)
{
    uint8_t hash[HASH_LEN];
    struct writer d = writer_of(m->d, FRAME_DOCUMENT_MAX);
    enum err err = document_encode(m->document, &d, hash);
    return err != OK ? err : document_sign(writer_span(&d), keys, key_count, out);
}

/* Place of a root key in the anchor, from 1; 0 when it is not there. */
static unsigned root_number(const struct anchor *anchor, const struct key *key)
{
    for (unsigned i = 0; i < anchor->root_count; i++) {
        if (memcmp(anchor->root[i], key_public(key), KEY_PUBLIC_LEN) == 0)
            return i + 1;
    }
    return 0;
}

/* L: the roots name the registrar. */
static enum err make_registrar(struct making *m)
{
    const struct registry_make *make = m->make;
    lianshu_Registrar r = lianshu_Registrar_init_zero;

    if (make->registrar_document.len > 0) {
        write_span(&m->registrar, make->registrar_document);
        return m->registrar.full ? ERR_TOO_LARGE : OK;
    }
    if (make->root_count == 0 || make->root_count > FRAME_ISSUERS_MAX)
        return fault_set(m->fault, ERR_REGISTRY, 0, "registrar", "%zu root keys", make->root_count);
    snprintf(r.member, sizeof r.member, "registrar.%s", make->region);
    snprintf(r.region, sizeof r.region, "%s", make->region);
    memcpy(r.public_key, key_public(make->registrar), KEY_PUBLIC_LEN);
    r.valid_from_ms = make->now_ms;
    r.valid_until_ms = make->valid_until_ms;
    enum err err =
        fill_document(m, lianshu_DocumentType_TYPE_REGISTRAR, &lianshu_Registrar_msg, &r);
    if (err != OK)
        return err;
    for (size_t i = 0; i < make->root_count; i++) {
        lianshu_Issuer *issuer = &m->document->issuers[i];
        const unsigned number = root_number(make->anchor, make->roots[i]);
        if (number == 0)
            return fault_set(m->fault, ERR_REGISTRY, 0, "registrar",
                             "a root key is not in the anchor");
        if (number == 1)
            snprintf(issuer->member, sizeof issuer->member, "root.000000");
        else
            snprintf(issuer->member, sizeof issuer->member, "root-%u.000000", number);
        memcpy(issuer->kid, key_kid(make->roots[i]), KID_LEN);
    }
    m->document->issuers_count = (pb_size_t)make->root_count;
    return sign_document(m, make->roots, make->root_count, &m->registrar);
}

/* The records in their order, and the root over them. */
static enum err make_records(struct making *m, lianshu_MemberRecord *records, size_t count,
                             merkle_hash root)
{
    struct merkle_frontier f;
    merkle_hash leaf;

    if (count > 0)
        qsort(records, count, sizeof records[0], order_of_member);
    frontier_init(&f);
    for (size_t i = 0; i < count; i++) {
        uint8_t bytes[FRAME_RECORD_MAX];
        struct writer w = writer_of(bytes, sizeof bytes);
        enum err err = wire_encode(&lianshu_MemberRecord_msg, &records[i], &w);
        if (err == ERR_TOO_LARGE)
            return fault_set(m->fault, err, 0, records[i].member,
                             "the record with its keys and grants has more than %d bytes",
                             FRAME_RECORD_MAX);
        if (err != OK)
            return fault_set(m->fault, err, 0, records[i].member, "record");
        write_uint(&m->records, w.len, 2);
        write_span(&m->records, writer_span(&w));
        merkle_leaf(leaf, writer_span(&w));
        frontier_append(&f, leaf);
    }
    frontier_root(&f, root);
    return OK;
}

/* G: the registrar names the records. */
static enum err make_version(struct making *m, size_t count, const merkle_hash root)
{
    const struct registry_make *make = m->make;
    lianshu_RegistryVersion v = lianshu_RegistryVersion_init_zero;
    v.version = make->version;
    v.valid_until_ms = make->valid_until_ms;
    v.member_count = (uint32_t)count;
    memcpy(v.root, root, HASH_LEN);
    enum err err =
        fill_document(m, lianshu_DocumentType_TYPE_REGISTRY, &lianshu_RegistryVersion_msg, &v);
    if (err != OK)
        return err;
    lianshu_Issuer *issuer = &m->document->issuers[0];
    m->document->issuers_count = 1;
    snprintf(issuer->member, sizeof issuer->member, "registrar.%s", make->region);
    memcpy(issuer->kid, key_kid(make->registrar), KID_LEN);
    return sign_document(m, &make->registrar, 1, &m->version);
}

static enum err write_file(struct making *m, size_t count, struct writer *w)
{
    const size_t begin = w->len;
    struct registry *check = NULL;
    frame_registry_begin(w, writer_span(&m->registrar), writer_span(&m->version), (uint32_t)count);
    write_span(w, writer_span(&m->records));
    if (w->full)
        return ERR_TOO_LARGE;
    /* What a hub would refuse must not be handed out. */
    enum err err = registry_open(&check, m->make->anchor, span_of(w->data + begin, w->len - begin),
                                 m->make->version, m->fault);
    registry_close(&check);
    return err;
}

enum err registry_write(const struct registry_make *make, lianshu_MemberRecord *records,
                        size_t record_count, struct writer *w, struct fault *fault)
{
    enum err err = ERR_NO_MEMORY;
    struct making m = {.make = make, .fault = fault};
    merkle_hash root = {0};
    const size_t records_max = record_count * (2 + (size_t)FRAME_RECORD_MAX);

    if (record_count > REGISTRY_MEMBER_MAX)
        return ERR_TOO_LARGE;
    m.document = calloc(1, sizeof *m.document);
    m.d = malloc(FRAME_DOCUMENT_MAX);
    m.registrar = writer_of(malloc(FRAME_DOCUMENT_FRAME_MAX), FRAME_DOCUMENT_FRAME_MAX);
    m.version = writer_of(malloc(FRAME_DOCUMENT_FRAME_MAX), FRAME_DOCUMENT_FRAME_MAX);
    m.records = writer_of(malloc(records_max + 1), records_max);
    if (m.document == NULL || m.d == NULL || m.registrar.data == NULL || m.version.data == NULL ||
        m.records.data == NULL)
        goto out;

    if ((err = make_registrar(&m)) != OK ||
        (err = make_records(&m, records, record_count, root)) != OK ||
        (err = make_version(&m, record_count, root)) != OK)
        goto out;
    err = write_file(&m, record_count, w);
out:
    free(m.document);
    free(m.d);
    free(m.registrar.data);
    free(m.version.data);
    free(m.records.data);
    return err;
}
