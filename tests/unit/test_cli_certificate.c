/* Checks `lianshu certificate` in-process: kept as it came, and believed by the anchor alone. */
#include "base/file.h"
#include "keys/certificate.h"
#include "realm.h"
#include "terminal.h"
#include "wire.h"

#include <stdlib.h>
#include <sys/stat.h>

#define ID32   "00112233445566778899aabbccddeeff"
#define VERIFY "certificate verify c.lsp --anchor anchor.yaml"

static void a_certificate_is_saved_once_for_its_holder_alone(void **state)
{
    struct terminal *t = *state;
    struct stat st;
    assert_int_equal(mkdir("site", 0700), 0);
    assert_int_equal(mkdir("site/certificates", 0700), 0);
    write_text("site/certificates/" ID32 ".lsp", "LSQ1 as it came");
    must(t, "certificate save " ID32 " f.lsp --spool site --json");
    assert_string_equal(t->out, "{\"file\":\"f.lsp\",\"bytes\":15}\n");
    char *saved = read_text("f.lsp");
    assert_string_equal(saved, "LSQ1 as it came");
    free(saved);
    assert_int_equal(stat("f.lsp", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    refused(t, "certificate save " ID32 " f.lsp --spool site", CLI_REFUSED, "E026 f.lsp", "");
}

/* ---- verify ---- */

/* c.lsp: one month long, about FIRM, by the realm's hub; and the realm's anchor.yaml. */
static void make_certificate(struct terminal *t, const struct realm *realm)
{
    lianshu_CreditCertificate body = {.has_subject = true, .clean = true, .log_size = 77};
    lianshu_Document *d = calloc(1, sizeof *d);
    uint8_t *lsd1 = malloc(FRAME_DOCUMENT_FRAME_MAX);
    uint8_t *file = malloc(CERTIFICATE_FILE_MAX);
    uint8_t hash[HASH_LEN];
    struct entropy entropy = realm->entropy;
    const struct key *key = realm_key(realm, REALM_HUB, KEY_USE_SIGN);
    assert_true(d != NULL && lsd1 != NULL && file != NULL);
    body.subject.kind = lianshu_SubjectKind_SUBJECT_ENTERPRISE;
    memcpy(body.subject.id, FIRM, sizeof FIRM);
    body.at_ms = REALM_NOW_MS - 5000;
    document_prepare(d, REALM_NAME, REALM_HUB, key, REALM_NOW_MS, &entropy);
    d->type = lianshu_DocumentType_TYPE_CREDIT_CERTIFICATE;
    d->version = 1;
    d->valid_until_ms = REALM_NOW_MS + 30 * REALM_DAY_MS;
    d->addressees_count = 1;
    memcpy(d->addressees[0], REALM_HEALTH, sizeof REALM_HEALTH);
    struct writer to_body = writer_of(d->body.bytes, sizeof d->body.bytes);
    assert_int_equal(wire_encode(&lianshu_CreditCertificate_msg, &body, &to_body), OK);
    d->body.size = (pb_size_t)to_body.len;
    struct writer to_lsd1 = writer_of(lsd1, FRAME_DOCUMENT_FRAME_MAX);
    assert_int_equal(document_make(d, key, &to_lsd1, hash), OK);
    struct writer to_file = writer_of(file, CERTIFICATE_FILE_MAX);
    assert_int_equal(certificate_write(realm->registry, writer_span(&to_lsd1), &to_file), OK);
    assert_int_equal(file_write("c.lsp", writer_span(&to_file), 0600, 0, NULL), OK);
    assert_int_equal(anchor_write(&realm->anchor, "anchor.yaml", false, NULL), OK);
    t->now_ms = REALM_NOW_MS + REALM_DAY_MS;
    free(file);
    free(lsd1);
    free(d);
}

/* One row a byte that is changed, from the end backwards: nothing of it may be believed. */
static void a_certificate_that_was_changed_or_is_over_is_refused_by_name(void **state)
{
    struct terminal *t = *state;
    struct realm *realm = realm_open(5);
    uint8_t *bytes = NULL;
    size_t len;
    make_certificate(t, realm);
    assert_int_equal(file_read("c.lsp", CERTIFICATE_FILE_MAX, 0, &bytes, &len, NULL), OK);
    for (size_t i = len; i > 0; i -= i > 97 ? 97 : i) {
        bytes[i - 1] ^= 1;
        assert_int_equal(file_write("c.lsp", span_of(bytes, len), 0600, 0, NULL), OK);
        refused(t, VERIFY, CLI_REFUSED, "E", " c.lsp");
        bytes[i - 1] ^= 1;
    }
    assert_int_equal(file_write("c.lsp", span_of(bytes, len - 1), 0600, 0, NULL), OK);
    refused(t, VERIFY, CLI_REFUSED, "E", " c.lsp");
    assert_int_equal(file_write("c.lsp", span_of(bytes, len), 0600, 0, NULL), OK);
    must(t, VERIFY);
    t->now_ms = REALM_NOW_MS + 31 * REALM_DAY_MS;
    refused(t, VERIFY, CLI_REFUSED, "E503 c.lsp", "");
    t->now_ms = REALM_NOW_MS - REALM_DAY_MS;
    refused(t, VERIFY, CLI_REFUSED, "E", " c.lsp");
    free(bytes);
    realm_close(&realm);
}

static void a_certificate_is_believed_by_the_anchor_alone(void **state)
{
    struct terminal *t = *state;
    struct realm *realm = realm_open(5);
    make_certificate(t, realm);
    must(t, VERIFY " --json");
    assert_json(t);
    assert_says(t, "\"verdict\":\"clean\"");
    assert_says(t, "\"subject_confirmed\":false");
    assert_says(t, "\"issuer\":\"" REALM_HUB "\"");
    assert_null(strstr(t->out, FIRM)); /* masked: whoever holds it may not know it */
    must(t, VERIFY);
    assert_says(t, "结论 verdict: 无限制 clean\n");
    assert_labels(t);
    assert_int_equal(run_with(t, "enterprise " FIRM "\n", VERIFY " --subject - --json"), CLI_DONE);
    assert_says(t, "\"subject_confirmed\":true");
    assert_int_equal(run_with(t, "enterprise 91445100DEMA00021K\n", VERIFY " --subject -"),
                     CLI_REFUSED);
    assert_told(t, "E029 --subject", "somebody else");
    refused(t, VERIFY " --subject " FIRM, CLI_USAGE, "E001 SUBJECT", "");
    realm_close(&realm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_certificate_is_saved_once_for_its_holder_alone),
        CASE(a_certificate_that_was_changed_or_is_over_is_refused_by_name),
        CASE(a_certificate_is_believed_by_the_anchor_alone),
    };
    return cmocka_run_group_tests_name("cli_certificate", tests, NULL, NULL);
}
