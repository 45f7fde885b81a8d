/* Evidence bundles of a real hub's log, made and verified by the real commands, and verified once
 * more by the script that stands in each of them, with the Python standard library and openssl. */
#include "scenario/acts.h"
#include "scenario/evidencebook.h"
#include "scenario/texts.h"

#include "base/clock.h"
#include "cli/evidence.h"
#include "keys/amend.h"
#include "keys/registrar.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define EXPORT(id, out)                                                                            \
    "evidence export " id " --out " out " --anchor anchor.yaml --control control"
#define VERIFY(path) "evidence verify " path " --anchor anchor.yaml"

/* An order that everybody obeyed, as a bundle of its own. */
static void punish_and_export(struct book *b, const char *options)
{
    uint8_t env_id[HASH_LEN];
    char line[TERMINAL_PATH_MAX + 512];
    acts_connect(b->world);
    acts_order(b->world, env_id);
    acts_obey(b->world, lianshu_NoticeStage_STAGE_IMPOSE);
    book_serve(b);
    snprintf(line, sizeof line, EXPORT(ORDER_ID, "order.tar") " %s", options);
    must(b->terminal, line);
}

static void an_order_is_proven_with_its_states_receipts_and_decisions(void **state)
{
    struct book *b = *state;
    punish_and_export(b, "");
    must(b->terminal, VERIFY("order.tar") " --json");
    assert_json(b->terminal);
    assert_says(b->terminal, "\"verdict\":\"verified\"");
    assert_says(b->terminal, "\"kind\":\"order\"");
    assert_says(b->terminal, "receipts are signed by the recipients' own keys");
    assert_says(b->terminal, "records are those whose hash the log has");
    must(b->terminal, VERIFY("order.tar"));
    assert_says(b->terminal, "未证明 / not proven");
}

static void nothing_in_it_names_a_subject_or_a_person(void **state)
{
    struct book *b = *state;
    punish_and_export(b, "");
    size_t len;
    char *bytes = book_read("order.tar", &len);
    assert_null(memmem(bytes, len, "DEMA00013Q", 10));
    assert_null(memmem(bytes, len, "999999199001010016", 18));
    assert_null(memmem(bytes, len, "示例甲", strlen("示例甲")));
    free(bytes);
}

static void documents_are_there_when_they_are_disclosed_and_the_exporter_is_warned(void **state)
{
    struct book *b = *state;
    size_t len;
    punish_and_export(b, "--disclose documents");
    assert_non_null(strstr(b->terminal->err, "personal data"));
    char *bytes = book_read("order.tar", &len);
    assert_non_null(memmem(bytes, len, "DEMA00013Q", 10));
    free(bytes);
    must(b->terminal, VERIFY("order.tar"));
    assert_says(b->terminal, "are signed by their issuers");
}

static void the_same_bundle_is_made_of_the_same_evidence(void **state)
{
    struct book *b = *state;
    size_t first_len, second_len;
    punish_and_export(b, "");
    must(b->terminal, EXPORT(ORDER_ID, "again.tar"));
    char *first = book_read("order.tar", &first_len);
    char *second = book_read("again.tar", &second_len);
    assert_int_equal(first_len, second_len);
    assert_memory_equal(first, second, first_len);
    free(first);
    free(second);
    refused(b->terminal, EXPORT(ORDER_ID, "order.tar"), CLI_REFUSED, "E026", "");
}

static void an_envelope_is_proven_with_its_frame_while_that_is_here(void **state)
{
    struct book *b = *state;
    book_export_referral(b, "e");
    must(b->terminal, VERIFY("e"));
    assert_says(b->terminal, "1 are signed by their senders");
    assert_says(b->terminal, "sealed parts are not disclosed");
    assert_int_equal(book_script(b, "e", "anchor.yaml"), 0);
}

/* The market's own key of one part: what was sealed is shown, and nothing of the other part. */
static void a_disclosed_key_shows_the_one_part_that_it_is_of(void **state)
{
    struct book *b = *state;
    size_t len;
    book_export_referral(b, "e");
    book_disclose(b, "shown", "procuratorate.445100", 1);
    must(b->terminal,
         "evidence export " CASE_ID " --anchor anchor.yaml --control control --out f --with shown");
    assert_non_null(strstr(b->terminal->err, "personal data"));
    must(b->terminal, VERIFY("f"));
    assert_says(b->terminal, "1 parts were opened with disclosed keys");
    assert_says(b->terminal, "1 sealed parts are not disclosed");
    char *report = book_read("f/report.txt", &len);
    assert_non_null(strstr(report, "涉嫌销售假药")); /* stands in the sealed document alone */
    free(report);
    assert_int_equal(book_script(b, "f", "anchor.yaml"), 0);
    assert_true(book_flip_each(b, "f", BOOK_LIST_FITS) > 10);
}

/* The key of one part, offered for another one: the sender committed to something else. */
static void a_key_of_another_part_is_refused(void **state)
{
    struct book *b = *state;
    book_export_referral(b, "e");
    book_disclose(b, "shown", "procuratorate.445100", 1);
    book_rename_key(b, "shown", 0);
    refused(b->terminal,
            "evidence export " CASE_ID
            " --anchor anchor.yaml --control control --out f --with shown",
            CLI_REFUSED, "E308 disclosed/", "");
    assert_false(there_is("f"));
}

static void a_case_is_proven_with_its_messages_and_the_chain_of_custody(void **state)
{
    struct book *b = *state;
    book_export_referral(b, "e");
    must(b->terminal, EXPORT(CASE_ID, "case"));
    must(b->terminal, VERIFY("case") " --json");
    assert_says(b->terminal, "\"kind\":\"case\"");
    assert_says(b->terminal, "belong to the case is the hub's word");
    assert_true(there_is("case/custody.json"));
    assert_int_equal(book_script(b, "case", "anchor.yaml"), 0);
}

static void a_log_is_shown_to_go_on_from_a_checkpoint_that_somebody_kept(void **state)
{
    struct book *b = *state;
    uint8_t env_id[HASH_LEN];
    acts_connect(b->world);
    acts_order(b->world, env_id);
    book_keep_checkpoint(b, "kept.txt");
    acts_obey(b->world, lianshu_NoticeStage_STAGE_IMPOSE);
    book_serve(b);
    must(b->terminal, EXPORT(ORDER_ID, "order") " --seen kept.txt");
    must(b->terminal, VERIFY("order"));
    assert_says(b->terminal, "continues 1 earlier checkpoints");
    assert_int_equal(book_script(b, "order", "anchor.yaml"), 0);
}

static void a_members_name_is_no_mark_up_of_the_report(void **state)
{
    struct book *b = *state;
    size_t len;
    book_export_referral(b, "e");
    char *html = book_read("e/report.html", &len);
    assert_non_null(memmem(html, len, "&lt;b&gt;member", 15));
    assert_null(memmem(html, len, "<b>", 3));
    free(html);
}

/* Who has the hub's key and the bundle dates it back to before the key was doubted. */
static void a_log_key_known_to_be_revoked_signs_nothing_whatever_time_the_bundle_gives(void **state)
{
    struct book *b = *state;
    struct world *w = b->world;
    uint8_t bytes[AMEND_DOCUMENT_MAX];
    struct writer lsd1 = writer_of(bytes, sizeof bytes);
    book_export_referral(b, "e");
    must(b->terminal, VERIFY("e"));
    lianshu_Revocation body = {.number = 1,
                               .reason = lianshu_RevocationReason_REVOCATION_COMPROMISED,
                               .compromised_since_ms = w->now_ms + HOUR_MS};
    snprintf(body.member, sizeof body.member, "%s", w->ids[0]);
    memcpy(body.kid, key_kid(keyring_find(w->signer, KEY_USE_LOG)), KID_LEN);
    const struct office_paper paper = {.realm = "demo",
                                       .type = lianshu_DocumentType_TYPE_KEY_REVOCATION,
                                       .desc = &lianshu_Revocation_msg,
                                       .body = &body,
                                       .now_ms = w->now_ms + 2 * (uint64_t)HOUR_MS,
                                       .entropy = &w->entropy};
    const struct key *registrar = keyring_find(w->root, KEY_USE_REGISTRAR);
    const struct office_signers by = {
        .member = "registrar.000000", .keys = &registrar, .key_count = 1};
    assert_int_equal(office_document(&paper, &by, &lsd1), OK);
    assert_int_equal(mkdir("e/revocations", 0755), 0);
    book_add_file("e", "revocations/registrar.000000-00000001.lsd", writer_span(&lsd1));
    refused(b->terminal, VERIFY("e"), CLI_REFUSED, "E807", "checkpoint.txt");
    assert_int_equal(book_script(b, "e", "anchor.yaml"), 1);
}

static void rules_are_those_that_the_decisions_name(void **state)
{
    struct book *b = *state;
    book_archive_rules(b, "archive");
    punish_and_export(b, "--rules archive");
    must(b->terminal, VERIFY("order.tar"));
    assert_says(b->terminal, "rule sets are those that decisions name");
    assert_int_equal(book_script(b, "order.tar", "anchor.yaml"), 0);
    must(b->terminal, EXPORT(ORDER_ID, "order") " --rules archive");
    char *report = read_text("order/report.txt");
    assert_non_null(strstr(report, "R01"));
    assert_non_null(strstr(report, "药品管理法"));
    free(report);
}

/* ---- decisions made again ---- */

/* An order with everything that it takes to decide it again. */
static void export_decided(struct book *b, const char *out)
{
    char options[TERMINAL_PATH_MAX + 64];
    char line[TERMINAL_PATH_MAX + 512];
    book_archive_rules(b, "archive");
    snprintf(options, sizeof options, "--rules archive --tables %s/schemas/data",
             b->terminal->before);
    punish_and_export(b, options);
    snprintf(line, sizeof line, EXPORT(ORDER_ID, "%s") " --disclose decisions %s", out, options);
    must(b->terminal, line);
    assert_non_null(strstr(b->terminal->err, "personal data"));
}

static void decisions_come_out_the_same_far_from_the_hub(void **state)
{
    struct book *b = *state;
    export_decided(b, "d");
    must(b->terminal, VERIFY("d"));
    assert_says(b->terminal, "each record came out the same to the byte");
    assert_says(b->terminal, "that a handle is a subject's is the hub's word");
    assert_null(strstr(b->terminal->out, "Made again: 0"));
    must(b->terminal, VERIFY("d") " --json");
    assert_says(b->terminal, "\"decisions\":1,\"decisions_same\":1,\"decisions_differing\":0");
    char *report = read_text("d/report.txt");
    assert_non_null(strstr(report, "已重演，逐字节一致"));
    /* who said what to whom; what was received, by whose signature; what is owed; by which rule */
    assert_non_null(strstr(report, "market.445100 → hub.445100\n     惩戒决定（信封 "));
    assert_non_null(strstr(report, "health.445100（本方签名）：已送达"));
    assert_non_null(strstr(report, "M01 不受理申请、限制市场或行业准入"));
    assert_non_null(strstr(report, "产生；2026-04-01 10:00:00 送达"));
    assert_non_null(strstr(report, "规则 R01“生产销售假药，吊销许可证”，依据药品管理法第116条"));
    free(report);
    assert_int_equal(book_script(b, "d", "anchor.yaml"), 0);
}

static void what_is_not_disclosed_is_not_made_again_and_that_is_said(void **state)
{
    struct book *b = *state;
    export_decided(b, "d");
    must(b->terminal, VERIFY("order.tar"));
    assert_says(b->terminal, "1 decisions are not, because the document that was judged is not");
    assert_says(b->terminal, "it fixes rule set, document and what was read by their hashes");
    must(b->terminal, EXPORT(ORDER_ID, "papers") " --disclose documents --rules archive");
    must(b->terminal, VERIFY("papers"));
    assert_says(b->terminal, "because the rows that were read are not disclosed");
    assert_false(there_is("papers/reads"));
    must(b->terminal, EXPORT(ORDER_ID, "bare") " --disclose decisions");
    must(b->terminal, VERIFY("bare"));
    assert_says(b->terminal, "because the rule set is not in this bundle");
    must(b->terminal, EXPORT(ORDER_ID, "no-tables") " --disclose decisions --rules archive");
    must(b->terminal, VERIFY("no-tables"));
    assert_says(b->terminal, "because the table of regions or the calendar is not");
    refused(b->terminal, EXPORT(ORDER_ID, "x") " --disclose everything", CLI_USAGE, "E001", "");
}

/* The bundle is proven, and a decision in it is not what its rules give. */
static void differs(struct book *b, const char *where)
{
    assert_int_equal(run(b->terminal, VERIFY("d") " --json"), CLI_REFUSED);
    assert_says(b->terminal, "{\"error\":{\"code\":\"E631\"");
    assert_says(b->terminal, "\"decisions_differing\":1");
    assert_int_equal(run(b->terminal, VERIFY("d")), CLI_REFUSED);
    assert_non_null(strstr(b->terminal->err, "E631 decisions/"));
    assert_non_null(strstr(b->terminal->err, where));
}

/* Where the subject's region is none the order would have been refused. */
static void a_decision_that_comes_out_otherwise_is_refused_with_its_record(void **state)
{
    struct book *b = *state;
    size_t len;
    export_decided(b, "d");
    char *regions = book_read("d/tables/regions.csv", &len);
    const char *row = memmem(regions, len, "\n4451", 5);
    assert_non_null(row);
    book_add_file("d", "tables/regions.csv", span_of(regions, (size_t)(row + 1 - regions)));
    free(regions);
    differs(b, "code");
    assert_says(b->terminal, "DIFFERS: taken or refused otherwise");
    assert_says(b->terminal, "report.txt is not what this program derives");
}

/* The record commits to what was read; to whose tokens these are it does not, and so they are
 * tried. */
static void what_was_read_is_fixed_by_the_record(void **state)
{
    struct book *b = *state;
    size_t len;
    struct evidence_pack pack;
    char name[BUNDLE_NAME_MAX + 3];
    export_decided(b, "d");
    assert_int_equal(evidence_pack_read(&pack, "d", NULL), OK);
    size_t i = 0;
    while (strncmp(bundle_at(pack.bundle, i)->name, "reads/", 6) != 0)
        i++;
    snprintf(name, sizeof name, "d/%s", bundle_at(pack.bundle, i)->name);
    evidence_pack_close(&pack);
    char *reads = book_read(name, &len);
    reads[len - 1] ^= 1;
    book_add_file("d", name + 2, span_of(reads, len));
    refused(b->terminal, VERIFY("d"), CLI_REFUSED, "E814 reads/", "");
    assert_int_equal(book_script(b, "d", "anchor.yaml"), 1);
    reads[len - 1] ^= 1;
    reads[2] ^= 1;
    book_add_file("d", name + 2, span_of(reads, len));
    differs(b, "reads");
    book_add_file("d", name + 2, span_of(reads, 1));
    refused(b->terminal, VERIFY("d"), CLI_REFUSED, "E814 reads/", "");
    assert_int_equal(book_script(b, "d", "anchor.yaml"), 1);
    free(reads);
}

/* What a decision read, and frames, may be longer than an answer. */
static void what_comes_piece_by_piece_is_whole_in_the_bundle(void **state)
{
    struct book *b = *state;
    world_limit(b->world, &(struct core_options){.piece_bytes = 100});
    export_decided(b, "d");
    assert_null(strstr(b->terminal->err, "E027"));
    must(b->terminal, VERIFY("d"));
    assert_says(b->terminal, "each record came out the same to the byte");
}

/* Beyond the bound it is said to who makes the bundle, and by the bundle to who verifies it. */
static void what_was_read_beyond_the_bound_is_left_out_and_told(void **state)
{
    struct book *b = *state;
    world_limit(b->world, &(struct core_options){.reads_max = 8});
    export_decided(b, "less");
    assert_non_null(strstr(b->terminal->err, "所读各行未列入本包"));
    assert_non_null(
        strstr(b->terminal->err, "is not in this bundle, which does not make it again: E027"));
    assert_false(there_is("less/reads"));
    must(b->terminal, VERIFY("less"));
    assert_says(b->terminal, "because the rows that were read are not disclosed");
    char *report = read_text("less/report.txt");
    assert_non_null(strstr(report, "当时所读各行未披露"));
    free(report);
    assert_int_equal(book_script(b, "less", "anchor.yaml"), 0);
}

/* ---- what is changed is found ---- */

/* One byte in the middle of each file, and of the list itself: both verifiers name the file. */
static void one_byte_changed_in_any_file_is_found_by_both_verifiers(void **state)
{
    struct book *b = *state;
    book_archive_rules(b, "archive");
    book_export_referral(b, "e --rules archive");
    assert_true(book_flip_each(b, "e", 0) > 20);
}

/* The same by somebody who makes the list fit again. */
static void evidence_that_was_changed_together_with_its_list_is_found_by_both(void **state)
{
    struct book *b = *state;
    punish_and_export(b, "--disclose documents");
    must(b->terminal, EXPORT(ORDER_ID, "order") " --disclose documents");
    assert_true(book_flip_each(b, "order", BOOK_LIST_FITS) > 20);
}

static void a_file_that_is_missing_or_too_many_is_named(void **state)
{
    struct book *b = *state;
    punish_and_export(b, "");
    must(b->terminal, EXPORT(ORDER_ID, "order"));
    write_text("order/extra.txt", "x");
    refused(b->terminal, VERIFY("order"), CLI_REFUSED, "E814 extra.txt", "");
    assert_int_equal(book_script(b, "order", "anchor.yaml"), 1);
    assert_int_equal(remove("order/extra.txt"), 0);
    assert_int_equal(remove("order/bundle.json"), 0);
    refused(b->terminal, VERIFY("order"), CLI_REFUSED, "E814", "");
    assert_int_equal(book_script(b, "order", "anchor.yaml"), 1);
}

static void another_anchor_believes_none_of_it(void **state)
{
    struct book *b = *state;
    punish_and_export(b, "");
    book_other_anchor(b, "other.yaml");
    refused(b->terminal, "evidence verify order.tar --anchor other.yaml", CLI_REFUSED, "E",
            "registry/");
    assert_int_equal(book_script(b, "order.tar", "other.yaml"), 1);
}

static void without_an_anchor_the_answer_says_that_it_came_with_the_bundle(void **state)
{
    struct book *b = *state;
    punish_and_export(b, "");
    must(b->terminal, "evidence verify order.tar");
    assert_says(b->terminal, "compare its roots by other means");
    must(b->terminal, VERIFY("order.tar"));
    assert_null(strstr(b->terminal->out, "compare its roots by other means"));
}

/* L-09 */
static void a_path_of_another_leaf_or_an_index_off_by_one_is_refused(void **state)
{
    struct book *b = *state;
    punish_and_export(b, "");
    must(b->terminal, EXPORT(ORDER_ID, "order"));
    book_swap_paths(b, "order");
    refused(b->terminal, VERIFY("order"), CLI_REFUSED, "E808 log/", "");
    assert_int_equal(book_script(b, "order", "anchor.yaml"), 1);
    must(b->terminal, EXPORT(ORDER_ID, "moved"));
    book_move_leaf(b, "moved");
    refused(b->terminal, VERIFY("moved"), CLI_REFUSED, "E808 log/", "");
    assert_int_equal(book_script(b, "moved", "anchor.yaml"), 1);
}

static void the_script_runs_in_an_empty_environment_within_ten_seconds(void **state)
{
    struct book *b = *state;
    punish_and_export(b, "");
    assert_int_equal(book_script(b, "order.tar", "anchor.yaml"), 0);
    print_message("verify.py: %llu ms\n", (unsigned long long)b->script_ms);
    assert_true(b->script_ms < 10000);
}

static void what_the_hub_does_not_know_is_not_exported(void **state)
{
    struct book *b = *state;
    acts_connect(b->world);
    book_serve(b);
    refused(b->terminal, EXPORT("ffffffffffffffffffffffffffffffff", "x"), CLI_REFUSED, "E", "");
    assert_false(there_is("x"));
    refused(b->terminal, EXPORT("12345", "x"), CLI_USAGE, "E001", "");
}

static bool everything; /* scenario_evidence all: by hand, some minutes */

static int open_all(void **state)
{
    const int opened = book_open(state);
    if (opened == 0)
        ((struct book *)*state)->all = everything;
    return opened;
}

#define EACH(fn) cmocka_unit_test_setup_teardown(fn, open_all, book_close)

int main(int argc, char **argv)
{
    everything = argc == 2 && strcmp(argv[1], "all") == 0;
    const struct CMUnitTest tests[] = {
        EACH(an_order_is_proven_with_its_states_receipts_and_decisions),
        EACH(nothing_in_it_names_a_subject_or_a_person),
        EACH(documents_are_there_when_they_are_disclosed_and_the_exporter_is_warned),
        EACH(the_same_bundle_is_made_of_the_same_evidence),
        EACH(an_envelope_is_proven_with_its_frame_while_that_is_here),
        EACH(a_disclosed_key_shows_the_one_part_that_it_is_of),
        EACH(a_key_of_another_part_is_refused),
        EACH(a_case_is_proven_with_its_messages_and_the_chain_of_custody),
        EACH(a_log_is_shown_to_go_on_from_a_checkpoint_that_somebody_kept),
        EACH(a_members_name_is_no_mark_up_of_the_report),
        EACH(a_log_key_known_to_be_revoked_signs_nothing_whatever_time_the_bundle_gives),
        EACH(rules_are_those_that_the_decisions_name),
        EACH(decisions_come_out_the_same_far_from_the_hub),
        EACH(what_is_not_disclosed_is_not_made_again_and_that_is_said),
        EACH(a_decision_that_comes_out_otherwise_is_refused_with_its_record),
        EACH(what_was_read_is_fixed_by_the_record),
        EACH(what_comes_piece_by_piece_is_whole_in_the_bundle),
        EACH(what_was_read_beyond_the_bound_is_left_out_and_told),
        EACH(one_byte_changed_in_any_file_is_found_by_both_verifiers),
        EACH(evidence_that_was_changed_together_with_its_list_is_found_by_both),
        EACH(a_file_that_is_missing_or_too_many_is_named),
        EACH(another_anchor_believes_none_of_it),
        EACH(without_an_anchor_the_answer_says_that_it_came_with_the_bundle),
        EACH(a_path_of_another_leaf_or_an_index_off_by_one_is_refused),
        EACH(the_script_runs_in_an_empty_environment_within_ten_seconds),
        EACH(what_the_hub_does_not_know_is_not_exported),
    };
    return cmocka_run_group_tests_name("evidence", tests, NULL, NULL);
}
