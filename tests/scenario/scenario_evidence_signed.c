/* Signatures and proofs that are in a bundle and not what they must be: an envelope whose signature
 * is another one, though its identifier, which the log has, does not cover the signature; an
 * earlier checkpoint whose proof is missing. Both verifiers refuse. */
#include "scenario/both.h"

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

/* The one proof of an earlier checkpoint that the bundle has. */
static void name_of_proof(char name[static BUNDLE_NAME_MAX + 1])
{
    struct evidence_pack pack;
    const struct bundle_file *file;
    size_t i = 0;
    assert_int_equal(evidence_pack_read(&pack, "b", NULL), OK);
    while ((file = bundle_at(pack.bundle, i)) != NULL &&
           (strncmp(file->name, "seen/", 5) != 0 || strstr(file->name, ".path") == NULL))
        i++;
    assert_non_null(file);
    snprintf(name, BUNDLE_NAME_MAX + 1, "%s", file->name);
    evidence_pack_close(&pack);
}

static void an_earlier_checkpoint_without_its_proof_is_refused_by_both(void **state)
{
    struct book *b = *state;
    char name[BUNDLE_NAME_MAX + 1];
    char path[BUNDLE_NAME_MAX + 8];
    size_t len;
    both_export_seen(b);
    name_of_proof(name);
    snprintf(path, sizeof path, "b/%s", name);
    char *proof = book_read(path, &len);
    assert_true(len > 0);
    proof[0] = (char)(proof[0] ^ 1); /* of another log */
    book_add_file("b", name, span_of(proof, len));
    refused(b->terminal, VERIFY, CLI_REFUSED, "E806 seen/", "");
    assert_int_equal(book_script(b, "b", "anchor.yaml"), 1);
    proof[0] = (char)(proof[0] ^ 1);
    book_add_file("b", name, span_of(proof, len - 1)); /* not whole */
    refused(b->terminal, VERIFY, CLI_REFUSED, "E", "");
    assert_int_equal(book_script(b, "b", "anchor.yaml"), 1);
    assert_int_equal(remove(path), 0);
    book_fit("b");
    refused(b->terminal, VERIFY, CLI_REFUSED, "E", "");
    assert_int_equal(book_script(b, "b", "anchor.yaml"), 1);
    free(proof);
}

/* What the hub signs is of that size of that log, or it is no earlier state of this one. */
static void an_earlier_checkpoint_of_another_size_or_log_is_refused_by_both(void **state)
{
    static const struct {
        const char *origin; /* NULL: as it is */
        uint64_t more;
        const char *label;
    } rows[] = {{NULL, 1, "E807 seen/"},
                {"hub.445100.demo/audit/2", 0, "E807 seen/"},
                {"hub.440000.demo/audit/1", 0, "E807 seen/"}};
    struct book *b = *state;
    char name[BUNDLE_NAME_MAX + 1];
    char path[BUNDLE_NAME_MAX + 8];
    struct checkpoint was;
    size_t len;
    both_export_seen(b);
    name_of_proof(name);
    strcpy(strrchr(name, '.'), ".txt");
    snprintf(path, sizeof path, "b/%s", name);
    char *note = book_read(path, &len);
    assert_int_equal(note_parse(span_of(note, len), &was), OK);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        uint8_t room[NOTE_LEN_MAX];
        struct writer w = writer_of(room, sizeof room);
        struct checkpoint head = was;
        print_message("row %zu\n", i);
        head.size += rows[i].more;
        if (rows[i].origin != NULL)
            strcpy(head.origin, rows[i].origin);
        assert_int_equal(note_sign(&head, keyring_find(b->world->signer, KEY_USE_LOG), &w), OK);
        book_add_file("b", name, writer_span(&w));
        refused(b->terminal, VERIFY, CLI_REFUSED, rows[i].label, "");
        assert_int_equal(book_script(b, "b", "anchor.yaml"), 1);
    }
    free(note);
}

#define EACH(fn) cmocka_unit_test_setup_teardown(fn, book_open, book_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(an_envelope_with_another_signature_is_refused_by_both),
        EACH(an_earlier_checkpoint_without_its_proof_is_refused_by_both),
        EACH(an_earlier_checkpoint_of_another_size_or_log_is_refused_by_both),
    };
    return cmocka_run_group_tests_name("evidence_signed", tests, NULL, NULL);
}
