/*
 * Target: unfold, and fold.
 * Corpus: tests/fuzz/corpus/folded.
 *
 * Holds for every input: what unfolds is a bundle or receipts within the bounds; whatever the
 * bytes are, if they fold they unfold to the same.
 */
#include "fuzz/again.h"

#include "fold.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t room[FRAME_MAX];
    struct span in = span_of(data, len);
    struct writer w = again_writer();
    enum frame_kind kind;
    if (not_internal(unfold(in, &w)) == OK) {
        must(!w.full && w.len <= len * FOLD_RATIO);
        must(frame_kind(writer_span(&w), &kind) == OK);
        must(kind == FRAME_BUNDLE || kind == FRAME_RECEIPTS);
        in = writer_span(&w); /* and back again */
    }
    struct writer folded = writer_of(room, sizeof room);
    if (len <= FRAME_MAX && fold(in, &folded)) {
        static uint8_t back[FRAME_MAX];
        struct writer b = writer_of(back, sizeof back);
        must(unfold(writer_span(&folded), &b) == OK);
        must_equal(&b, in);
    }
    return 0;
}
