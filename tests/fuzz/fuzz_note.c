/*
 * Target: note_open, note_parse, note_line.
 * Corpus: tests/fuzz/corpus/note.
 *
 * Holds for every input: both readers agree; the text that is signed and the lines lie in the note;
 * every line is put back to the same bytes; a checkpoint written again reads the same.
 */
#include "fuzz/again.h"

#include "keys/note.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool within(struct span outer, struct span inner)
{
    return inner.len == 0 ||
           (inner.data >= outer.data && inner.data + inner.len <= outer.data + outer.len);
}

/* The text of a checkpoint has one form. */
static void same_text(const struct checkpoint *c, struct span text)
{
    char head[NOTE_ORIGIN_MAX + 64];
    int n = snprintf(head, sizeof head, "%s\n%" PRIu64 "\n", c->origin, c->size);
    must(n > 0 && (size_t)n < sizeof head && text.len > (size_t)n);
    must(memcmp(text.data, head, (size_t)n) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct span in = span_of(data, len);
    struct span text;
    struct span lines;
    struct checkpoint one;
    struct checkpoint two;
    struct note_line line;
    unsigned count = 0;
    const enum err err = not_internal(note_open(in, &one, &text, &lines));
    must(not_internal(note_parse(in, &two)) == err);
    if (err != OK)
        return 0;
    must(one.size == two.size && strcmp(one.origin, two.origin) == 0 &&
         memcmp(one.root, two.root, sizeof one.root) == 0);
    must(len <= NOTE_LEN_MAX && within(in, text) && within(in, lines));
    same_text(&one, text);
    for (struct span rest = lines; note_line(&rest, &line); count++) {
        struct writer w = again_writer();
        note_put_line(&w, line.name, span_of(line.proof, line.proof_len));
        must(!w.full && w.len <= lines.len && memcmp(lines.data, writer_span(&w).data, w.len) == 0);
        must(within(in, rest) && rest.len + w.len == lines.len);
        lines = rest;
    }
    must(count <= NOTE_EXTRA_MAX);
    return 0;
}
