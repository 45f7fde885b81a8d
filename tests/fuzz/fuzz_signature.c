/*
 * Target: frame_parse_signature.
 * Corpus: tests/fuzz/corpus/signature.
 *
 * Holds for every input: what parses writes back, its path is of the one length that its index and
 * size give.
 */
#include "fuzz/again.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct span in = span_of(data, len);
    struct frame_signature s;
    if (not_internal(frame_parse_signature(in, &s)) != OK)
        return 0;
    must(s.index < s.size && s.size <= FRAME_BATCH_MAX);
    must(s.n == frame_path_len(s.index, s.size) && s.path.len == s.n * (size_t)FRAME_HASH_LEN);
    struct writer w = again_writer();
    frame_write_signature(&w, &s);
    must_equal(&w, in);
    return 0;
}
