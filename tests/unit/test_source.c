/* Checks the promises in adapters/runtime/source.h: nothing lost, nothing twice, nothing half read.
 */
#include "site_world.h"

#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct site_world w;

/* Police have no honours of their own: canonical documents serve every department. */
static const char *honour(const char *title)
{
    static char text[4][1024];
    static unsigned next;
    char *out = text[next++ % 4];

    (void)snprintf(out, 1024,
                   "{\"type\":\"honour\",\"to\":[\"health\"],\"facts\":{\"subject\":{\"kind\":"
                   "\"enterprise\",\"id\":\"91445100DEMA00013Q\",\"name\":\"n\",\"region\":"
                   "\"445102\"},\"title\":\"%s\",\"date\":\"2025-11-01\"}}",
                   title);
    return out;
}

static int setup(void **state)
{
    (void)state;
    site_world_open(&w, REALM_MARKET, "adapters/market");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    site_world_close(&w);
    return 0;
}

/* Envelopes that would be sent now. */
static size_t envelopes(void)
{
    size_t n = 0;

    (void)exchange_pull(w.e, site_world_sdk(&w));
    for (size_t i = 0; i < w.e->frame_count; i++) {
        enum frame_kind kind;
        assert_int_equal(frame_kind(exchange_frame(w.e, i), &kind), OK);
        n += kind == FRAME_ENVELOPE;
    }
    return n;
}

static uint64_t queued(void)
{
    struct sdk_counts counts;
    assert_int_equal(sdk_counts(site_world_sdk(&w), &counts), OK);
    return counts.queued;
}

static void assert_reason(const char *path, const char *code, const char *field, unsigned line)
{
    struct json *reason = site_world_json(&w, path);
    uint64_t got = 0;
    const struct json *problem = json_item(json_get(reason, "problems"), 0);

    assert_string_equal(json_get_text(reason, "code"), code);
    assert_true(json_get_text(reason, "zh")[0] != '\0' && json_get_text(reason, "en")[0] != '\0');
    if (field != NULL)
        assert_string_equal(json_get_text(problem, "field"), field);
    (void)json_uint(json_get(problem, "line"), &got);
    assert_int_equal(got, line);
    json_close(&reason);
}

static void a_file_is_taken_sent_and_moved_to_done(void **state)
{
    (void)state;
    site_world_put(&w, "source/a.json", honour("a"));
    site_world_turn(&w);
    assert_false(site_world_has(&w, "source/a.json"));
    assert_true(site_world_has(&w, "done/a.json"));
    assert_true(site_world_has(&w, "done/a.json.receipt.json"));
    assert_int_equal(envelopes(), 1);
}

static void unfinished_and_foreign_names_are_left_alone(void **state)
{
    (void)state;
    static const char *const names[] = {".a.json", "a.json.tmp", "a.txt", "a", ".json", ".csv"};

    for (size_t i = 0; i < T_COUNT(names); i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "source/%s", names[i]);
        site_world_put(&w, path, honour("a"));
    }
    site_world_turn(&w);
    assert_int_equal(queued(), 0);
    assert_int_equal(site_world_count(&w, "done", NULL) + site_world_count(&w, "refused", NULL), 0);
    for (size_t i = 0; i < T_COUNT(names); i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "source/%s", names[i]);
        assert_true(site_world_has(&w, path));
    }
}

/* A kill between each two steps of a file that is taken. */
static void a_kill_at_any_step_neither_loses_nor_doubles(void **state)
{
    (void)state;
    char from[512], to[512];

    (void)snprintf(from, sizeof from, "%s/source/a.json", w.base);
    (void)snprintf(to, sizeof to, "%s/done/a.json", w.base);
    for (int step = 0; step < 4; step++) {
        print_message("killed after step %d\n", step);
        if (step > 0) {
            assert_int_equal(teardown(NULL), 0);
            assert_int_equal(setup(NULL), 0);
            (void)snprintf(from, sizeof from, "%s/source/a.json", w.base);
            (void)snprintf(to, sizeof to, "%s/done/a.json", w.base);
        }
        site_world_put(&w, "source/a.json", honour("a"));
        if (step >= 1) /* messages and row are on disk */
            assert_int_equal(source_take(adapter_source(w.adapter), "a.json", w.e->now_ms), OK);
        if (step == 2) /* moved, and the row does not know it yet */
            assert_int_equal(rename(from, to), 0);
        if (step >= 3)
            assert_int_equal(source_settle(adapter_source(w.adapter)), OK);
        site_world_restart(&w);
        site_world_turn(&w);
        assert_int_equal(queued(), 1);
        assert_false(site_world_has(&w, "source/a.json"));
        assert_true(site_world_has(&w, "done/a.json"));
        assert_true(site_world_has(&w, "done/a.json.receipt.json"));
        assert_int_equal(site_world_count(&w, "refused", NULL), 0);
    }
}

static void what_is_staged_but_not_committed_is_taken_again(void **state)
{
    (void)state;
    uint8_t id[SDK_ID_LEN];
    static const char *const to[] = {REALM_HEALTH};
    const struct sdk_message m = {.key = "x",
                                  .type = lianshu_DocumentType_TYPE_HONOUR,
                                  .to = to,
                                  .to_count = 1,
                                  .facts = exchange_honour("x")};

    site_world_put(&w, "source/a.json", honour("a"));
    assert_int_equal(sdk_send(site_world_sdk(&w), &m, w.e->now_ms, id, NULL, NULL), OK);
    site_world_restart(&w);
    assert_int_equal(queued(), 0);
    site_world_turn(&w);
    assert_int_equal(queued(), 1);
}

static void the_same_file_again_is_a_repeat(void **state)
{
    (void)state;
    site_world_put(&w, "source/a.json", honour("a"));
    site_world_turn(&w);
    site_world_put(&w, "source/a.json", honour("a"));
    site_world_turn(&w);
    assert_int_equal(queued(), 1);
    assert_false(site_world_has(&w, "source/a.json"));
    /* Other content under that name is another message, and neither file is lost. */
    site_world_put(&w, "source/a.json", honour("b"));
    site_world_turn(&w);
    assert_int_equal(queued(), 2);
    assert_int_equal(site_world_count(&w, "done", NULL), 4);
}

static void a_newer_file_put_in_its_place_meanwhile_is_taken_too(void **state)
{
    (void)state;
    site_world_put(&w, "source/a.json", honour("old"));
    assert_int_equal(source_take(adapter_source(w.adapter), "a.json", w.e->now_ms), OK);
    site_world_put(&w, "source/a.json", honour("new"));
    site_world_turn(&w);
    site_world_turn(&w);
    assert_int_equal(queued(), 2);
    assert_false(site_world_has(&w, "source/a.json"));
}

static void bad_files_go_to_refused_with_code_and_place(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text, *code, *field;
        unsigned line;
    } rows[] = {
        {"1.json", "{\"type\":\n\"honour\",}", "E008", NULL, 2},
        {"2.json", "", "E008", NULL, 1},
        {"3.json", "[]", "E027", NULL, 0},
        {"4.json", "5", "E008", NULL, 0},
        {"5.json", "[5]", "E008", NULL, 0},
        {"6.json", "{\"type\":\"honour\",\"type\":\"honour\"}", "E008", NULL, 1},
        {"7.json", "{\"type\":\"\xff\"}", "E013", NULL, 1},
        {"8.json", "{\"类\":\"x\"}", "E010", "单据类型", 0},
        {"9.json",
         "{\"type\":\"honour\",\"to\":[\"market.440000\"],\"facts\":{\"subject\":{\"kind\":"
         "\"enterprise\",\"id\":\"91445100DEMA00013Q\",\"name\":\"n\",\"region\":\"445102\"},"
         "\"title\":\"t\",\"date\":\"2025-11-01\"}}",
         "E019", "to", 0},
        {"a.csv", "a,b\n1,2\n", "E017", NULL, 0},
        {"主体登记.csv", "主体类别,名称\n企业\n", "E008", NULL, 2},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char path[128];
        print_message("row %zu: %s\n", i, rows[i].name);
        (void)snprintf(path, sizeof path, "source/%s", rows[i].name);
        site_world_put(&w, path, rows[i].text);
        site_world_turn(&w);
        assert_false(site_world_has(&w, path));
        (void)snprintf(path, sizeof path, "refused/%s", rows[i].name);
        assert_true(site_world_has(&w, path));
        (void)snprintf(path, sizeof path, "refused/%s.reason.json", rows[i].name);
        assert_reason(path, rows[i].code, rows[i].field, rows[i].line);
    }
    assert_int_equal(queued(), 0);
}

static void one_bad_row_refuses_the_file_and_all_bad_rows_are_listed(void **state)
{
    (void)state;
    static const char csv[] = "统一社会信用代码,名称,区划,行业,登记日期\n"
                              "91445100DEMA00013Q,甲,445102,药品批发,2020年01月02日\n"
                              "91445100DEMA00013X,乙,445102,药品批发,2020年01月02日\n"
                              "91445100DEMA00021K,丙,445102,药品批发,2020年01月02日\n"
                              "91445100DEMA00021K,丁,445102,卖药,2020年01月\n";
    uint64_t row = 0, line = 0;

    site_world_put(&w, "source/主体登记-1.csv", csv);
    site_world_turn(&w);
    assert_int_equal(queued(), 0);
    struct json *reason = site_world_json(&w, "refused/主体登记-1.csv.reason.json");
    const struct json *problems = json_get(reason, "problems");
    assert_int_equal(json_count(problems), 3);
    assert_true(json_uint(json_get(json_item(problems, 0), "row"), &row));
    assert_true(json_uint(json_get(json_item(problems, 0), "line"), &line));
    assert_int_equal(row, 2);
    assert_int_equal(line, 3);
    assert_string_equal(json_get_text(json_item(problems, 0), "code"), "E014");
    assert_string_equal(json_get_text(json_item(problems, 2), "field"), "登记日期");
    json_close(&reason);
    /* Put right, it goes. */
    site_world_put(&w, "source/主体登记-1.csv",
                   "统一社会信用代码,名称,区划,行业,登记日期\n"
                   "91445100DEMA00013Q,甲,445102,药品批发,2020年01月02日\n"
                   "91445100DEMA00021K,丙,445102,药品批发,2020年01月02日\n");
    site_world_turn(&w);
    assert_int_equal(queued(), 2);
}

static void attachments_must_be_there_and_follow_their_record(void **state)
{
    (void)state;
    static const char report[] =
        "{\"type\":\"aefi.report\",\"to\":[\"health\"],\"facts\":{\"subject\":{\"kind\":\"batch\","
        "\"id\":\"国药准字S20200001/"
        "B1\",\"name\":\"v\"},\"product_name\":\"v\",\"approval_number\":"
        "\"国药准字S20200001\",\"batch_number\":\"B1\",\"report_date\":\"2025-11-01\"},\"sealed\":{"
        "\"report_number\":\"r\",\"classification\":\"c\",\"severity\":\"s\",\"vaccination_date\":"
        "\"2025-10-01\",\"onset_ms\":\"2025-10-02T10:00:00+08:00\",\"symptoms\":\"x\",\"reporter\":"
        "\"y\"},\"attachments\":[{\"file\":\"a.pdf\"},{\"file\":\"more/b.pdf\"}]}";
    char folder[600];

    (void)snprintf(folder, sizeof folder, "%s/source/more", w.base);
    assert_int_equal(mkdir(folder, 0750), 0);
    site_world_put(&w, "source/a.pdf", "A");
    site_world_put(&w, "source/r.json", report);
    site_world_turn(&w);
    assert_reason("refused/r.json.reason.json", "E018", "more/b.pdf", 0);
    assert_true(site_world_has(&w, "refused/r.json.files/a.pdf"));
    assert_false(site_world_has(&w, "source/a.pdf"));

    site_world_put(&w, "source/a.pdf", "A");
    site_world_put(&w, "source/more/b.pdf", "B");
    site_world_put(&w, "source/r.json", report);
    site_world_turn(&w);
    assert_true(site_world_has(&w, "done/r.json"));
    assert_true(site_world_has(&w, "done/r.json.files/a.pdf"));
    assert_true(site_world_has(&w, "done/r.json.files/more/b.pdf"));
    assert_int_equal(envelopes(), 1);
    /* Who waits for it can see how far they are. */
    struct json *note = site_world_json(&w, "progress.json");
    assert_string_equal(json_get_text(note, "file"), "r.json");
    assert_string_equal(json_get_text(note, "phase"), "sealing");
    json_close(&note);
}

static void a_refusal_by_the_hub_moves_the_file_with_the_grounds(void **state)
{
    (void)state;
    site_world_put(&w, "source/a.json", honour("a"));
    site_world_turn(&w);
    assert_int_equal(envelopes(), 1);
    exchange_verdict(w.e, site_world_sdk(&w), exchange_find(w.e, FRAME_ENVELOPE),
                     lianshu_ReceiptKind_RECEIPT_REJECTED, ERR_RESTRICTED, 1);
    site_world_turn(&w);
    assert_false(site_world_has(&w, "done/a.json"));
    assert_false(site_world_has(&w, "done/a.json.receipt.json"));
    assert_true(site_world_has(&w, "refused/a.json"));
    assert_reason("refused/a.json.reason.json", "E660", NULL, 0);
    /* After the restriction has ended, the very same file is a new attempt. */
    site_world_put(&w, "source/a.json", honour("a"));
    site_world_turn(&w);
    assert_true(site_world_has(&w, "done/a.json"));
    assert_int_equal(envelopes(), 1);
}

static void a_kill_while_a_refused_file_moves_is_made_good(void **state)
{
    (void)state;
    char from[512], to[512];

    site_world_put(&w, "source/a.json", honour("a"));
    site_world_turn(&w);
    assert_int_equal(envelopes(), 1);
    exchange_verdict(w.e, site_world_sdk(&w), exchange_find(w.e, FRAME_ENVELOPE),
                     lianshu_ReceiptKind_RECEIPT_REJECTED, ERR_NO_RIGHT, 1);
    site_world_restart(&w); /* the receipt is stored, nothing is shown */
    site_world_turn(&w);
    assert_reason("refused/a.json.reason.json", "E401", NULL, 0);

    site_world_put(&w, "source/b.json", "{");
    assert_int_equal(source_take(adapter_source(w.adapter), "b.json", w.e->now_ms), OK);
    (void)snprintf(from, sizeof from, "%s/source/b.json", w.base);
    (void)snprintf(to, sizeof to, "%s/refused/b.json", w.base);
    assert_int_equal(rename(from, to), 0); /* killed after the move */
    site_world_restart(&w);
    site_world_turn(&w);
    assert_true(site_world_has(&w, "refused/b.json.reason.json"));
}

static void of_several_records_only_the_refused_are_told_as_refused(void **state)
{
    (void)state;
    char text[2100];

    (void)snprintf(text, sizeof text, "[%s,%s]", honour("a"), honour("b"));
    site_world_put(&w, "source/a.json", text);
    site_world_turn(&w);
    assert_int_equal(envelopes(), 2);
    static uint8_t first[1 << 16];
    const size_t len = exchange_frame(w.e, 0).len;
    memcpy(first, exchange_frame(w.e, 0).data, len);
    exchange_verdict(w.e, site_world_sdk(&w), exchange_frame(w.e, 1),
                     lianshu_ReceiptKind_RECEIPT_REJECTED, ERR_RESTRICTED, 1);
    exchange_verdict(w.e, site_world_sdk(&w), span_of(first, len),
                     lianshu_ReceiptKind_RECEIPT_ACCEPTED, OK, 2);
    site_world_turn(&w);
    assert_true(site_world_has(&w, "done/a.json"));
    struct json *reason = site_world_json(&w, "refused/a.json.reason.json");
    assert_int_equal(json_count(json_get(reason, "problems")), 1);
    json_close(&reason);
    struct json *receipt = site_world_json(&w, "done/a.json.receipt.json");
    assert_string_equal(json_get_text(json_item(json_get(receipt, "messages"), 0), "state"),
                        "accepted");
    assert_string_equal(json_get_text(json_item(json_get(receipt, "messages"), 1), "state"),
                        "rejected");
    json_close(&receipt);
}

static void many_records_in_one_file_are_one_step(void **state)
{
    (void)state;
    const size_t cap = 400 * 1024;
    char *text = malloc(cap);
    size_t n = 0;
    char title[16];

    assert_non_null(text);
    for (unsigned i = 0; i < 300; i++) {
        (void)snprintf(title, sizeof title, "t%u", i);
        n += (size_t)snprintf(text + n, cap - n, "%s%s", i == 0 ? "[" : ",", honour(title));
    }
    (void)snprintf(text + n, cap - n, "]");
    site_world_put(&w, "source/many.json", text);
    site_world_turn(&w);
    assert_int_equal(queued(), 300);
    free(text);
}

static void put_withdrawal(const char *name, const char *message_id, const char *env_id)
{
    char text[512], path[64];

    (void)snprintf(path, sizeof path, "source/%s", name);
    (void)snprintf(text, sizeof text,
                   "{\"type\":\"withdraw\",\"facts\":{\"message_id\":\"%s\",\"env_id\":\"%s\"}}",
                   message_id, env_id);
    site_world_put(&w, path, text);
    site_world_turn(&w);
}

static void a_record_takes_back_what_was_sent_by_the_name_in_its_receipt_file(void **state)
{
    (void)state;
    static lianshu_Header h;
    static uint8_t kept[1 << 14];
    struct frame_envelope frame;

    site_world_put(&w, "source/a.json", honour("a"));
    site_world_turn(&w);
    assert_int_equal(envelopes(), 1);
    const struct span envelope = exchange_find(w.e, FRAME_ENVELOPE);
    const size_t len = envelope.len;
    memcpy(kept, envelope.data, len);
    exchange_verdict(w.e, site_world_sdk(&w), span_of(kept, len),
                     lianshu_ReceiptKind_RECEIPT_ACCEPTED, OK, 0);
    struct json *receipt = site_world_json(&w, "done/a.json.receipt.json");
    const struct json *message = json_item(json_get(receipt, "messages"), 0);
    put_withdrawal("w.json", json_get_text(message, "message_id"),
                   json_get_text(message, "envelope"));
    json_close(&receipt);
    assert_true(site_world_has(&w, "done/w.json"));
    assert_int_equal(envelopes(), 1);
    assert_int_equal(frame_parse_envelope(exchange_find(w.e, FRAME_ENVELOPE), &frame), OK);
    assert_int_equal(wire_decode(&lianshu_Header_msg, frame.header, &h), OK);
    assert_int_equal(h.type, lianshu_DocumentType_TYPE_WITHDRAW);
    assert_string_equal(h.destination[0], REALM_HEALTH);
}

static void what_was_not_sent_from_here_cannot_be_taken_back_from_here(void **state)
{
    (void)state;
    char id[33], env_id[65];

    (void)snprintf(id, sizeof id, "%032d", 7);
    (void)snprintf(env_id, sizeof env_id, "%064d", 7);
    put_withdrawal("w.json", id, env_id);
    assert_true(site_world_has(&w, "refused/w.json"));
    assert_reason("refused/w.json.reason.json", "E002", "message_id", 0);
    assert_int_equal(envelopes(), 0);
}

static void a_record_may_name_a_group_and_nobody_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *to;
        const char *code; /* NULL: taken */
    } rows[] = {
        {"health.445100/*", NULL},   {"health/*", NULL},
        {"health.110000/*", "E019"}, {"/*", "E019"},
        {"health.445100/", "E019"},  {"nobody.445100/*", "E019"},
    };

    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char text[1024], path[64];
        print_message("row %s\n", rows[i].to);
        (void)snprintf(text, sizeof text,
                       "{\"type\":\"honour\",\"to\":[\"%s\"],\"facts\":{\"subject\":{\"kind\":"
                       "\"enterprise\",\"id\":\"91445100DEMA00013Q\",\"name\":\"n\",\"region\":"
                       "\"445102\"},\"title\":\"%zu\",\"date\":\"2025-11-01\"}}",
                       rows[i].to, i);
        (void)snprintf(path, sizeof path, "source/g%zu.json", i);
        site_world_put(&w, path, text);
        site_world_turn(&w);
        (void)snprintf(path, sizeof path, "refused/g%zu.json.reason.json", i);
        if (rows[i].code != NULL)
            assert_reason(path, rows[i].code, "to", 0);
        assert_int_equal(site_world_has(&w, path), rows[i].code != NULL);
    }
    assert_int_equal(envelopes(), 2);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_file_is_taken_sent_and_moved_to_done),
        CASE(unfinished_and_foreign_names_are_left_alone),
        CASE(a_kill_at_any_step_neither_loses_nor_doubles),
        CASE(what_is_staged_but_not_committed_is_taken_again),
        CASE(the_same_file_again_is_a_repeat),
        CASE(a_newer_file_put_in_its_place_meanwhile_is_taken_too),
        CASE(bad_files_go_to_refused_with_code_and_place),
        CASE(one_bad_row_refuses_the_file_and_all_bad_rows_are_listed),
        CASE(attachments_must_be_there_and_follow_their_record),
        CASE(a_refusal_by_the_hub_moves_the_file_with_the_grounds),
        CASE(a_kill_while_a_refused_file_moves_is_made_good),
        CASE(of_several_records_only_the_refused_are_told_as_refused),
        CASE(many_records_in_one_file_are_one_step),
        CASE(a_record_takes_back_what_was_sent_by_the_name_in_its_receipt_file),
        CASE(what_was_not_sent_from_here_cannot_be_taken_back_from_here),
        CASE(a_record_may_name_a_group_and_nobody_is_refused),
    };
    return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
