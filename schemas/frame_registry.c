#include "frame.h"

#include "frame_take.h"

/* ---- LSG1 ---- */

static bool take_registrar(struct span *in, struct frame_registrar *out)
{
    return frame_take_sized(in, 4, 1, FRAME_DOCUMENT_FRAME_MAX, &out->document) &&
           frame_take_sized(in, 4, 1, FRAME_DOCUMENT_FRAME_MAX, &out->version);
}

static enum err check_registrar(const struct frame_registrar *r)
{
    struct frame_document document;
    enum err err = frame_parse_document(r->document, &document);
    return err == OK ? frame_parse_document(r->version, &document) : err;
}

static bool take_record(struct span *in, unsigned *registrar, struct span *record)
{
    uint64_t number;
    if (!span_take_uint(in, 1, &number) || !frame_take_sized(in, 2, 1, FRAME_RECORD_MAX, record))
        return false;
    *registrar = (unsigned)number;
    return true;
}

static enum err take_registrars(struct span *file, struct frame_registry *out)
{
    uint64_t count;
    if (!span_take_uint(file, 1, &count) || count == 0)
        return ERR_FRAME_LENGTH;
    out->registrar_count = (unsigned)count;
    out->registrars = *file;
    for (uint64_t i = 0; i < count; i++) {
        struct frame_registrar one;
        if (!take_registrar(file, &one))
            return ERR_FRAME_LENGTH;
        enum err err = check_registrar(&one);
        if (err != OK)
            return err;
    }
    out->registrars.len -= file->len;
    return OK;
}

enum err frame_parse_registry(struct span file, struct frame_registry *out)
{
    uint64_t count;
    size_t whole = file.len;
    enum err err = frame_take_magic(&file, FRAME_REGISTRY);
    if (err != OK)
        return err;
    if (whole > FRAME_REGISTRY_MAX)
        return ERR_FRAME_LENGTH;
    if ((err = take_registrars(&file, out)) != OK)
        return err;
    if (!span_take_uint(&file, 4, &count))
        return ERR_FRAME_LENGTH;
    if (count > FRAME_MEMBERS_MAX)
        return ERR_NESTING;
    out->count = (uint32_t)count;
    out->rest = file;
    for (uint64_t i = 0; i < count; i++) {
        struct span record;
        unsigned registrar;
        if (!take_record(&file, &registrar, &record))
            return ERR_FRAME_LENGTH;
        if (registrar >= out->registrar_count)
            return ERR_WIRE_ENUM;
    }
    return file.len == 0 ? OK : ERR_FRAME_LENGTH;
}

bool frame_registry_registrar(struct frame_registry *r, struct frame_registrar *out)
{
    return take_registrar(&r->registrars, out);
}

bool frame_registry_next(struct frame_registry *r, unsigned *registrar, struct span *record)
{
    return take_record(&r->rest, registrar, record);
}

void frame_registry_begin(struct writer *w, unsigned registrar_count)
{
    frame_write_magic(w, FRAME_REGISTRY);
    write_uint(w, registrar_count, 1);
}

void frame_registry_put(struct writer *w, const struct frame_registrar *registrar)
{
    frame_write_sized(w, 4, registrar->document);
    frame_write_sized(w, 4, registrar->version);
}

void frame_registry_records(struct writer *w, uint32_t count)
{
    write_uint(w, count, 4);
}

void frame_registry_add(struct writer *w, unsigned registrar, struct span record)
{
    write_uint(w, registrar, 1);
    frame_write_sized(w, 2, record);
}

/* ---- LSP1 ---- */

enum err frame_parse_proof(struct span file, struct frame_proof *out)
{
    enum err err = frame_take_magic(&file, FRAME_PROOF);
    if (err != OK)
        return err;
    if (!take_registrar(&file, &out->registrar) || !span_take_uint(&file, 8, &out->index) ||
        !frame_take_path(&file, FRAME_MEMBERS_PATH_MAX, &out->path) ||
        !frame_take_sized(&file, 2, 1, FRAME_RECORD_MAX, &out->record) || file.len != 0)
        return ERR_FRAME_LENGTH;
    if (out->index >= FRAME_MEMBERS_MAX)
        return ERR_PATH_SHAPE;
    return check_registrar(&out->registrar);
}

void frame_write_proof(struct writer *w, const struct frame_proof *proof)
{
    frame_write_magic(w, FRAME_PROOF);
    frame_registry_put(w, &proof->registrar);
    write_uint(w, proof->index, 8);
    frame_write_path(w, proof->path);
    frame_write_sized(w, 2, proof->record);
}
