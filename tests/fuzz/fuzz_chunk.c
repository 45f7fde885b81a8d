/*
 * Target: frame_parse_chunk.
 * Corpus: tests/fuzz/corpus/chunk.
 *
 * Holds for every input: what parses writes back.
 */
#include "fuzz/again.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct span in = span_of(data, len);
    struct frame_chunk c;
    if (not_internal(frame_parse_chunk(in, &c)) != OK)
        return 0;
    struct writer w = again_writer();
    frame_write_chunk(&w, &c);
    must_equal(&w, in);
    return 0;
}
