#include "keys/twice.h"

#include "wire.h"

#include <stdlib.h>
#include <string.h>

void twice_keep(struct twice_document *out, const uint8_t hash[static HASH_LEN], struct span lsd1)
{
    memcpy(out->hash, hash, HASH_LEN);
    out->len = lsd1.len <= sizeof out->lsd1 ? lsd1.len : 0;
    if (out->len > 0)
        memcpy(out->lsd1, lsd1.data, out->len);
}

/* What a registrar document says, and SHA-256(D). */
static enum err read_one(struct span lsd1, lianshu_Document *d, lianshu_Registrar *out,
                         uint8_t hash[static HASH_LEN])
{
    struct frame_document frame;
    enum err err = frame_parse_document(lsd1, &frame);
    if (err == OK)
        err = wire_decode(&lianshu_Document_msg, frame.document, d);
    if (err == OK)
        err = wire_decode(&lianshu_Registrar_msg, span_of(d->body.bytes, d->body.size), out);
    if (err == OK)
        hash_bytes(hash, frame.document);
    return err == OK ? OK : ERR_REGISTRY;
}

enum err registrar_follows(struct span held, struct span next, struct twice *twice,
                           struct fault *fault)
{
    uint8_t hash[2][HASH_LEN];
    lianshu_Registrar is, comes;
    lianshu_Document *d = calloc(1, sizeof *d);
    enum err err = d == NULL ? ERR_NO_MEMORY : read_one(held, d, &is, hash[0]);
    if (err == OK)
        err = read_one(next, d, &comes, hash[1]);
    free(d);
    if (err != OK || memcmp(hash[0], hash[1], HASH_LEN) == 0)
        return err;
    if (comes.number > is.number)
        return OK;
    if (comes.number < is.number)
        return fault_set(fault, ERR_REGISTRY_ROLLBACK, 0, is.member,
                         "its document %llu, but %llu has taken its place",
                         (unsigned long long)comes.number, (unsigned long long)is.number);
    memcpy(twice->issuer, is.member, sizeof twice->issuer);
    twice->type = lianshu_DocumentType_TYPE_REGISTRAR;
    twice->number = is.number;
    twice_keep(&twice->held, hash[0], held);
    twice_keep(&twice->offered, hash[1], next);
    return fault_set(fault, ERR_NUMBER_TWICE, 0, is.member, "its document %llu is another one here",
                     (unsigned long long)is.number);
}
