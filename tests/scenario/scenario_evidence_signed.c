/* Who signed what is in a bundle: an envelope whose signature is another one is refused by both
 * verifiers, though its identifier, which the log has, does not cover the signature. */
#include "scenario/acts.h"
#include "scenario/evidencebook.h"

#include "cli/evidence.h"
#include "frame.h"

#include <stdio.h>
#include <stdlib.h>

#define VERIFY "evidence verify b --anchor anchor.yaml"

/* The frame of the bundle's envelope; for the caller to free. */
static uint8_t *frame_of(char name[static BUNDLE_NAME_MAX + 1], size_t *len)
{
    struct evidence_pack pack;
    const struct bundle_file *file;
    size_t i = 0;
    assert_int_equal(evidence_pack_read(&pack, "b", NULL), OK);
    while ((file = bundle_at(pack.bundle, i)) != NULL && strstr(file->name, ".lse") == NULL)
        i++;
    assert_non_null(file);
    snprintf(name, BUNDLE_NAME_MAX + 1, "%s", file->name);
    uint8_t *bytes = malloc(file->bytes.len);
    assert_non_null(bytes);
    memcpy(bytes, file->bytes.data, file->bytes.len);
    *len = file->bytes.len;
    evidence_pack_close(&pack);
    return bytes;
}

static void an_envelope_with_another_signature_is_refused_by_both(void **state)
{
    struct book *b = *state;
    struct frame_envelope frame;
    char name[BUNDLE_NAME_MAX + 1];
    size_t len;
    book_export_referral(b, "b");
    must(b->terminal, VERIFY);
    uint8_t *bytes = frame_of(name, &len);
    assert_int_equal(frame_parse_envelope(span_of(bytes, len), &frame), OK);
    const size_t begin = (size_t)(frame.signature.data - bytes);
    const size_t places[] = {begin + frame.signature.len / 2, begin + frame.signature.len - 1};
    for (size_t i = 0; i < T_COUNT(places); i++) {
        bytes[places[i]] ^= 1;
        book_add_file("b", name, span_of(bytes, len));
        refused(b->terminal, VERIFY, CLI_REFUSED, "E303 envelopes/", "");
        assert_int_equal(book_script(b, "b", "anchor.yaml"), 1);
        bytes[places[i]] ^= 1;
    }
    book_add_file("b", name, span_of(bytes, len));
    must(b->terminal, VERIFY);
    free(bytes);
}

#define EACH(fn) cmocka_unit_test_setup_teardown(fn, book_open, book_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(an_envelope_with_another_signature_is_refused_by_both),
    };
    return cmocka_run_group_tests_name("evidence_signed", tests, NULL, NULL);
}
