/*
 * Target: json_parse and json_to_message.
 * Corpus: tests/fuzz/corpus/json. Input: the name of a message ‖ 0 ‖ text.
 *
 * Holds for every input: what is read can be encoded, and decodes; its JSON reads back to the same
 * bytes. No refusal holds a control byte of the input.
 */
#include "fuzz/again.h"

#include "base/utf8.h"
#include "json.h"
#include "message.h"

static void round_trip(const struct message *m, const void *msg, void *back)
{
    static uint8_t room[AGAIN_MAX];
    struct json *j;
    struct writer w = writer_of(room, sizeof room);
    must(wire_encode(m->desc, msg, &w) == OK);
    must(decodes(m->desc, writer_span(&w), back));
    must(json_from_message(&j, m->desc, msg) == OK);
    must(json_to_message(j, m->desc, back, NULL) == OK);
    json_close(&j);
    struct writer second = again_writer();
    must(wire_encode(m->desc, back, &second) == OK);
    must_equal(&second, writer_span(&w));
}

static void read_as(const struct message *m, const struct json *j)
{
    struct fault f = {.err = OK};
    void *msg = malloc(m->size);
    void *back = malloc(m->size);
    must(msg != NULL && back != NULL);
    if (not_internal(json_to_message(j, m->desc, msg, &f)) == OK)
        round_trip(m, msg, back);
    else
        must(utf8_allowed(span_str(f.where)) && utf8_allowed(span_str(f.detail)));
    free(msg);
    free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct json *j;
    struct fault f;
    if (len == 0)
        return 0;
    struct span text = span_of(data, len);
    const struct message *m = message_named(until_zero(&text));
    if (m == NULL || not_internal(json_parse(&j, text, "input", &f)) != OK)
        return 0;
    read_as(m, j);
    json_close(&j);
    return 0;
}
