/*
 * Target: frame_parse_registry, the record codec, record_check.
 * Corpus: tests/fuzz/corpus/registry.
 *
 * Holds for every input: what parses writes back, with as many records as it says; a record that
 * decodes encodes back.
 */
#include "fuzz/again.h"

#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct span in = span_of(data, len);
    struct frame_registry r;
    struct span record;
    static lianshu_MemberRecord member;
    uint32_t count = 0;
    if (not_internal(frame_parse_registry(in, &r)) != OK)
        return 0;
    struct writer w = again_writer();
    frame_registry_begin(&w, r.registrar, r.version, r.count);
    for (; frame_registry_next(&r, &record); count++) {
        frame_registry_add(&w, record);
        if (decodes(&lianshu_MemberRecord_msg, record, &member))
            (void)not_internal(record_check(&member));
    }
    must(count == r.count);
    must_equal(&w, in);
    return 0;
}
