/*
 * Target: frame_parse_receipts and the receipt codec.
 * Corpus: tests/fuzz/corpus/receipts.
 *
 * Holds for every input: what parses writes back, with as many entries as it says; a receipt that
 * decodes encodes back.
 */
#include "fuzz/again.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct span in = span_of(data, len);
    struct frame_receipts r;
    struct frame_receipt one;
    lianshu_Receipt receipt;
    unsigned count = 0;
    if (not_internal(frame_parse_receipts(in, &r)) != OK)
        return 0;
    struct writer w = again_writer();
    frame_receipts_begin(&w, r.first, r.count);
    for (; frame_receipts_next(&r, &one); count++) {
        frame_receipts_add(&w, &one);
        (void)decodes(&lianshu_Receipt_msg, one.receipt, &receipt);
    }
    must(count == r.count);
    frame_receipts_end(&w, r.checkpoint);
    must_equal(&w, in);
    return 0;
}
