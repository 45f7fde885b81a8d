/*
 * Target: frame_parse_envelope, the header codec, header_check.
 * Corpus: tests/fuzz/corpus/envelope.
 *
 * Holds for every input: what parses writes back; a header that decodes encodes back; checks of a
 * decoded header end in OK or in a refusal of the peer.
 */
#include "fuzz/again.h"

#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static lianshu_Header h;
    struct span in = span_of(data, len);
    struct frame_envelope e;
    if (not_internal(frame_parse_envelope(in, &e)) != OK)
        return 0;
    struct writer w = again_writer();
    frame_write_envelope(&w, &e);
    must_equal(&w, in);
    must(frame_envelope_size(&e) == len);
    if (!decodes(&lianshu_Header_msg, e.header, &h))
        return 0;
    (void)not_internal(header_check(&h));
    (void)not_internal(frame_matches_header(&e, &h));
    (void)not_internal(frame_all_here(&e));
    return 0;
}
