/*
 * Target: wire_decode of every message, and its way through JSON.
 * Corpus: tests/fuzz/corpus/message. Input: the name of a message ‖ 0 ‖ its encoding.
 *
 * Holds for every input: what decodes encodes back; written as JSON it is read back to the same
 * bytes or refused, and refused only for a value that JSON cannot hold.
 */
#include "fuzz/again.h"

#include "json.h"
#include "message.h"

static void through_json(const struct message *m, const void *msg, void *back, struct span in)
{
    struct json *j;
    struct fault f = {.err = OK};
    must(json_from_message(&j, m->desc, msg) == OK);
    enum err err = json_to_message(j, m->desc, back, &f);
    json_close(&j);
    if (err != OK) {
        must(err == ERR_FIELD_VALUE); /* a date that does not exist, a number beyond 2^63 - 1 */
        return;
    }
    struct writer w = again_writer();
    must(wire_encode(m->desc, back, &w) == OK);
    must_equal(&w, in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0)
        return 0;
    struct span in = span_of(data, len);
    const struct message *m = message_named(until_zero(&in));
    if (m == NULL)
        return 0;
    void *msg = malloc(m->size);
    void *back = malloc(m->size);
    must(msg != NULL && back != NULL);
    if (decodes(m->desc, in, msg))
        through_json(m, msg, back, in);
    free(msg);
    free(back);
    return 0;
}
