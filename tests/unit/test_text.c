/* Checks the promises in base/utf8.h, base/hex.h, base/lines.h, base/log.h. */
#include "base/hex.h"
#include "base/lines.h"
#include "base/log.h"
#include "base/utf8.h"

#include "t.h"

#include <string.h>
#include <unistd.h>

static void ordinary_text_is_allowed(void **state)
{
    static const char *const rows[] = {"",  "abc", "潮州市示范医药有限公司", "a\tb\r\nc", "Ünïcödé",
                                       "😀", "·〇"};
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++)
        assert_true(utf8_allowed(span_str(rows[i])));
}

/* Whatever stands around it: every character that is refused alone is refused at every place of a
 * longer text, and every other one is allowed there. */
static void place_in_the_text_changes_nothing(void **state)
{
    static const char around[] = "药品ab 监管c示范医药 plain text";
    static const uint32_t odd[] = {0x1F,   0x20,   0x7E,   0x7F,   0x9F,   0xA0,   0x2FFF, 0x3000,
                                   0x9FFF, 0xA000, 0xD7FF, 0xFEFF, 0xFFFF, 0x200E, 0x10000};
    (void)state;
    for (size_t i = 0; i < T_COUNT(odd); i++) {
        char one[4], text[sizeof around + 4];
        const size_t len = utf8_put(odd[i], one);
        const bool alone = utf8_allowed(span_of(one, len));
        for (size_t at = 0; at<sizeof around; at = utf8_cut(span_str(around), at + 4)> at
                                ? utf8_cut(span_str(around), at + 4)
                                : sizeof around) {
            memcpy(text, around, at);
            memcpy(text + at, one, len);
            memcpy(text + at + len, around + at, sizeof around - 1 - at);
            assert_int_equal(utf8_allowed(span_of(text, sizeof around - 1 + len)), alone);
        }
    }
}

/* A byte out of place is found wherever it stands. */
static void every_broken_byte_is_found(void **state)
{
    static const char around[] = "药品ab 监管c示范医药 plain text";
    static const uint8_t bad[] = {0x00, 0x01, 0x7F, 0x80, 0xBF, 0xC0, 0xE4, 0xF8, 0xFF};
    (void)state;
    for (size_t at = 0; at < sizeof around - 1; at++) {
        for (size_t i = 0; i < T_COUNT(bad); i++) {
            char text[sizeof around];
            memcpy(text, around, sizeof around);
            if ((uint8_t)text[at] == bad[i])
                continue;
            /* another continuation or lead byte may make another good character */
            if ((uint8_t)text[at] >= 0x80 && bad[i] >= 0x80 && bad[i] < 0xC0)
                continue;
            if ((uint8_t)text[at] >= 0xE0 && bad[i] == 0xE4)
                continue;
            text[at] = (char)bad[i];
            assert_false(utf8_allowed(span_of(text, sizeof around - 1)));
        }
    }
}

static void misleading_or_broken_text_is_refused(void **state)
{
    static const struct {
        const char *why;
        struct span text;
    } rows[] = {
#define ROW(why, literal)                                                                          \
    {                                                                                              \
        why,                                                                                       \
        {                                                                                          \
            (const uint8_t *)literal, sizeof literal - 1                                           \
        }                                                                                          \
    }
        ROW("NUL", "a\0b"),
        ROW("control", "a\x01"),
        ROW("escape", "\x1b[31m"),
        ROW("delete", "\x7f"),
        ROW("C1 control", "\xc2\x85"),
        ROW("lone continuation", "\x80"),
        ROW("two bytes for one", "\xc1\x81"),
        ROW("three bytes for two", "\xe0\x81\x81"),
        ROW("four bytes for three", "\xf0\x80\x81\x81"),
        ROW("surrogate", "\xed\xa0\x80"),
        ROW("beyond Unicode", "\xf4\x90\x80\x80"),
        ROW("cut short", "\xe6\xbd"),
        ROW("byte order mark", "\xef\xbb\xbfx"),
        ROW("right-to-left override", "a\xe2\x80\xae"),
        ROW("isolate", "\xe2\x81\xa6"),
        ROW("Arabic letter mark", "\xd8\x9c"),
        ROW("zero-width space", "\xe2\x80\x8b"),
        ROW("word joiner", "\xe2\x81\xa0"),
        ROW("line separator", "\xe2\x80\xa8"),
        ROW("noncharacter", "\xef\xbf\xbf"),
        ROW("noncharacter", "\xef\xb7\x90"),
#undef ROW
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu: %s\n", i, rows[i].why);
        assert_false(utf8_allowed(rows[i].text));
    }
}

/* Many bytes are looked at together: what is refused alone is refused at every place. */
static void no_place_in_a_long_text_hides_a_control(void **state)
{
    static const char text[] = "plain text 潮州 of several words, long enough for all ways";
    char bytes[sizeof text];
    (void)state;
    for (unsigned c = 0; c < 0x80; c++) {
        const bool allowed = c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c < 0x7F);
        for (size_t at = 0; at < sizeof text - 1; at++) {
            memcpy(bytes, text, sizeof bytes);
            if ((text[at] & 0x80) != 0)
                continue;
            bytes[at] = (char)c;
            assert_int_equal(utf8_allowed(span_of(bytes, sizeof bytes - 1)), allowed);
            bytes[at] = (char)(c | 0x80); /* half a character */
            assert_false(utf8_allowed(span_of(bytes, sizeof bytes - 1)));
        }
    }
}

static void characters_go_both_ways(void **state)
{
    static const uint32_t rows[] = {1,      0x7F,   0x80,   0x7FF,   0x800,
                                    0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF};
    char bytes[4];
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        size_t at = 0;
        size_t n = utf8_put(rows[i], bytes);
        assert_int_equal(utf8_next(span_of(bytes, n), &at), rows[i]);
        assert_int_equal(at, n);
    }
    assert_int_equal(utf8_put(0xD800, bytes), 0);
    assert_int_equal(utf8_put(0x110000, bytes), 0);
    assert_int_equal(utf8_cut(span_str("潮州"), 5), 3);
    assert_int_equal(utf8_cut(span_str("潮州"), 6), 6);
    assert_int_equal(utf8_cut(span_str("潮州"), 2), 0);
}

static void hex_accepts_what_it_writes_and_nothing_else(void **state)
{
    static const char *const bad[] = {"0A", "0", "0g", "000", "", "0 ", "-1"};
    uint8_t bytes[4] = {0x00, 0xff, 0x5a, 0x10};
    uint8_t back[4];
    char text[9];
    (void)state;
    hex_encode(span_of(bytes, 4), text);
    assert_string_equal(text, "00ff5a10");
    assert_true(hex_decode(text, back, 4));
    assert_memory_equal(back, bytes, 4);
    assert_false(hex_decode(text, back, 3));
    for (size_t i = 0; i < T_COUNT(bad); i++)
        assert_false(hex_decode(bad[i], back, 1));
}

static void base64_accepts_what_it_writes_and_nothing_else(void **state)
{
    static const char *const bad[] = {
        "A", "AA", "AAA", "AB==", "AAB=", "====", "A===", "AA=A", "AA-_", "AA\n=", "AA==AA=="};
    uint8_t bytes[64];
    uint8_t back[64];
    char text[89];
    size_t len;
    (void)state;
    for (size_t n = 0; n < sizeof bytes; n++) {
        bytes[n] = (uint8_t)(n * 37 + 200);
        base64_encode(span_of(bytes, n), text);
        assert_int_equal(strlen(text), base64_text_len(n));
        assert_true(base64_decode(text, back, n, &len));
        assert_int_equal(len, n);
        assert_true(span_eq(span_of(back, n), span_of(bytes, n)));
        if (n > 0)
            assert_false(base64_decode(text, back, n - 1, &len));
    }
    for (size_t i = 0; i < T_COUNT(bad); i++)
        assert_false(base64_decode(bad[i], back, sizeof back, &len));
}

static void lines_and_fields_are_split(void **state)
{
    struct span text = span_str("a,b,,c\r\n\nlast");
    struct span line = line_take(&text);
    char out[3];
    (void)state;
    assert_true(span_eq(field_take(&line), span_str("a")));
    assert_true(span_eq(field_take(&line), span_str("b")));
    assert_int_equal(field_take(&line).len, 0);
    assert_true(span_eq(field_take(&line), span_str("c")));
    assert_int_equal(line_take(&text).len, 0);
    assert_true(span_eq(line_take(&text), span_str("last")));
    assert_int_equal(text.len, 0);
    assert_true(field_copy(span_str("ab"), out, sizeof out));
    assert_false(field_copy(span_str("abc"), out, sizeof out));
    assert_false(field_copy(span_of("a\0", 2), out, sizeof out));
}

/* Log into a pipe and read the line back. */
static size_t logged(char *out, size_t cap, const char *event, const char *value)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    log_open(ends[1], LOG_LEVEL_INFO);
    log_debug(event, "value=%s", value);
    log_info(event, "value=%s", value);
    log_open(STDERR_FILENO, LOG_LEVEL_INFO);
    close(ends[1]);
    ssize_t n = read(ends[0], out, cap - 1);
    assert_true(n >= 0);
    close(ends[0]);
    out[n] = '\0';
    return (size_t)n;
}

static void an_event_is_one_line(void **state)
{
    char line[LOG_LINE_MAX + 64];
    (void)state;
    logged(line, sizeof line, "hub_ready", "潮州");
    assert_non_null(strstr(line, "+08:00 info event=hub_ready value=潮州\n"));
}

static void an_event_without_words_is_a_line(void **state)
{
    int ends[2];
    char line[LOG_LINE_MAX];
    (void)state;
    assert_int_equal(pipe(ends), 0);
    log_open(ends[1], LOG_LEVEL_INFO);
    log_info("hub_ready", "%s", "");
    log_open(STDERR_FILENO, LOG_LEVEL_INFO);
    close(ends[1]);
    const ssize_t len = read(ends[0], line, sizeof line - 1);
    close(ends[0]);
    assert_true(len > 0);
    line[len] = '\0';
    assert_non_null(strstr(line, "+08:00 info event=hub_ready\n"));
}

static void no_value_can_forge_a_line(void **state)
{
    char line[LOG_LINE_MAX + 64];
    (void)state;
    size_t len = logged(line, sizeof line, "bad event\n", "x\ny\x1b[2J\xff\xe2\x80\xae");
    assert_non_null(strstr(line, "event=bad_event_ value=x\\x0ay\\x1b[2J\\xff\\xe2\\x80\\xae\n"));
    assert_ptr_equal(strchr(line, '\n'), line + len - 1);
}

static void long_lines_are_cut_and_marked(void **state)
{
    static char value[3 * LOG_LINE_MAX];
    char line[LOG_LINE_MAX + 64];
    (void)state;
    for (size_t i = 0; i + 3 < sizeof value; i += 3)
        memcpy(value + i, "潮", 4);
    size_t len = logged(line, sizeof line, "long", value);
    assert_true(len <= LOG_LINE_MAX);
    assert_true(utf8_allowed(span_of(line, len)));
    assert_string_equal(line + len - 4, "…\n");
}

static void levels_are_known_by_name(void **state)
{
    enum log_level level;
    (void)state;
    assert_int_equal(log_level_parse("warn", &level), OK);
    assert_int_equal(level, LOG_LEVEL_WARN);
    assert_int_equal(log_level_parse("loud", &level), ERR_FIELD_VALUE);
}

/* One line about that error, with the level that its class asks for. */
static void a_fault_is_logged_by_its_class(void **state)
{
    static const struct {
        enum err err;
        const char *level;
    } rows[] = {
        {ERR_SIGNATURE, " warn "}, {ERR_BUSY, " warn "}, {ERR_INTERNAL, " error "},
        {ERR_FSYNC, " error "},    {OK, " info "},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char line[LOG_LINE_MAX + 64];
        struct fault f;
        int ends[2];
        (void)fault_set(&f, rows[i].err, 3, "a.yaml", "one of them");
        assert_int_equal(pipe(ends), 0);
        log_open(ends[1], LOG_LEVEL_INFO);
        log_fault("seen", &f);
        log_open(STDERR_FILENO, LOG_LEVEL_INFO);
        close(ends[1]);
        const ssize_t n = read(ends[0], line, sizeof line - 1);
        close(ends[0]);
        assert_true(n > 0);
        line[n] = '\0';
        assert_non_null(strstr(line, rows[i].level));
        assert_non_null(strstr(line, "event=seen code=E"));
        assert_non_null(strstr(line, "where=\"a.yaml\" line=3"));
    }
}

static void nothing_is_logged_where_there_is_no_sink(void **state)
{
    (void)state;
    log_open(-1, LOG_LEVEL_INFO);
    log_error("seen", "%s", "value"); /* dropped, and its caller goes on */
    log_open(STDERR_FILENO, LOG_LEVEL_INFO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ordinary_text_is_allowed),
        cmocka_unit_test(place_in_the_text_changes_nothing),
        cmocka_unit_test(every_broken_byte_is_found),
        cmocka_unit_test(misleading_or_broken_text_is_refused),
        cmocka_unit_test(no_place_in_a_long_text_hides_a_control),
        cmocka_unit_test(characters_go_both_ways),
        cmocka_unit_test(hex_accepts_what_it_writes_and_nothing_else),
        cmocka_unit_test(base64_accepts_what_it_writes_and_nothing_else),
        cmocka_unit_test(lines_and_fields_are_split),
        cmocka_unit_test(an_event_is_one_line),
        cmocka_unit_test(an_event_without_words_is_a_line),
        cmocka_unit_test(no_value_can_forge_a_line),
        cmocka_unit_test(long_lines_are_cut_and_marked),
        cmocka_unit_test(a_fault_is_logged_by_its_class),
        cmocka_unit_test(nothing_is_logged_where_there_is_no_sink),
        cmocka_unit_test(levels_are_known_by_name),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
