/*
 * Target: frame_parse_bundle.
 * Corpus: tests/fuzz/corpus/bundle.
 *
 * Holds for every input: what parses writes back, with as many frames as it says, each of a known
 * kind and none a bundle.
 */
#include "fuzz/again.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct span in = span_of(data, len);
    struct frame_bundle b;
    struct span one;
    unsigned count = 0;
    if (not_internal(frame_parse_bundle(in, &b)) != OK)
        return 0;
    struct writer w = again_writer();
    frame_bundle_begin(&w);
    for (; frame_bundle_next(&b, &one); count++) {
        enum frame_kind kind;
        must(frame_kind(one, &kind) == OK && kind != FRAME_BUNDLE);
        must(frame_bundle_add(&w, 0, one));
    }
    must(count == b.count);
    must_equal(&w, in);
    return 0;
}
