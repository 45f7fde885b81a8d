/*
 * Target: frame_parse_statement and the statement codec.
 * Corpus: tests/fuzz/corpus/statement.
 *
 * Holds for every input: what parses writes back; a statement that decodes encodes back.
 */
#include "fuzz/again.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct span in = span_of(data, len);
    struct frame_statement s;
    lianshu_Statement statement;
    if (not_internal(frame_parse_statement(in, &s)) != OK)
        return 0;
    struct writer w = again_writer();
    frame_write_statement(&w, &s);
    must_equal(&w, in);
    (void)decodes(&lianshu_Statement_msg, s.statement, &statement);
    return 0;
}
