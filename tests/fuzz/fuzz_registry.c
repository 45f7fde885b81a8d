/*
 * Target: frame_parse_registry, frame_parse_proof, the record codec, record_check.
 * Corpus: tests/fuzz/corpus/registry.
 *
 * Holds for every input: what parses writes back, with as many records as it says; a record that
 * decodes encodes back.
 */
#include "fuzz/again.h"

#include "check.h"

static void try_proof(struct span in)
{
    struct frame_proof p;
    static lianshu_MemberRecord member;
    if (not_internal(frame_parse_proof(in, &p)) != OK)
        return;
    struct writer w = again_writer();
    frame_write_proof(&w, &p);
    must_equal(&w, in);
    if (decodes(&lianshu_MemberRecord_msg, p.record, &member))
        (void)not_internal(record_check(&member));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct span in = span_of(data, len);
    struct frame_registry r;
    struct span record;
    static lianshu_MemberRecord member;
    struct frame_registrar registrar;
    unsigned number;
    uint32_t count = 0;
    try_proof(in);
    if (not_internal(frame_parse_registry(in, &r)) != OK)
        return 0;
    struct writer w = again_writer();
    frame_registry_begin(&w, r.registrar_count);
    while (frame_registry_registrar(&r, &registrar))
        frame_registry_put(&w, &registrar);
    frame_registry_records(&w, r.count);
    for (; frame_registry_next(&r, &number, &record); count++) {
        frame_registry_add(&w, number, record);
        if (decodes(&lianshu_MemberRecord_msg, record, &member))
            (void)not_internal(record_check(&member));
    }
    must(count == r.count);
    must_equal(&w, in);
    return 0;
}
