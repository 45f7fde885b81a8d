/*
 * Target: unfold, fold, and fold_in and fold_out around them.
 * Corpus: tests/fuzz/corpus/folded.
 *
 * Holds for every input: what unfolds is a bundle or receipts within the bounds; whatever the
 * bytes are, if they fold they unfold to the same, and what travels for them arrives as they are.
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
        struct writer narrow = writer_of(room, w.len - 1);
        must(unfold(in, &narrow) == ERR_FRAME_LENGTH);
        must(span_eq(fold_in(in, room), writer_span(&w)));
        in = writer_span(&w); /* and back again */
    }
    struct writer folded = writer_of(room, sizeof room);
    static uint8_t back[FRAME_MAX];
    if (in.len <= FRAME_MAX)
        must(span_eq(fold_in(fold_out(in, room), back), in));
    if (in.len <= FRAME_MAX && fold(in, &folded)) {
        struct writer b = writer_of(back, sizeof back);
        must(unfold(writer_span(&folded), &b) == OK);
        must_equal(&b, in);
    }
    return 0;
}
