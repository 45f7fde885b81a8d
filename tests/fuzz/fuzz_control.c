/*
 * Target: frame_parse_control, frame_read_control, frame_put_control.
 * Corpus: tests/fuzz/corpus/control.
 *
 * Holds for every input: what reads as a control parses, and is put back to the same bytes.
 */
#include "fuzz/again.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static lianshu_Control control;
    struct span in = span_of(data, len);
    struct span k;
    if (not_internal(frame_parse_control(in, &k)) != OK)
        return 0;
    if (not_internal(frame_read_control(in, &control)) != OK)
        return 0;
    struct writer w = again_writer();
    must(frame_put_control(&w, &control) == OK);
    must_equal(&w, in);
    return 0;
}
