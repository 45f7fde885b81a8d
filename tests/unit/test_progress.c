/* Checks the promises in adapters/runtime/progress.h, on a pseudo terminal and on a pipe. */
#include "adapters/runtime/progress.h"

#include "base/log.h"
#include "t.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_MAX = 4096 };
static const uint64_t MIB = 1 << 20;

static void terminal(int *master, int *slave)
{
    *master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    assert_true(*master >= 0 && grantpt(*master) == 0 && unlockpt(*master) == 0);
    *slave = open(ptsname(*master), O_RDWR | O_NOCTTY);
    assert_true(*slave >= 0);
}

static size_t read_all(int fd, char out[static TEXT_MAX])
{
    const ssize_t n = read(fd, out, TEXT_MAX - 1);
    out[n > 0 ? n : 0] = '\0';
    return n > 0 ? (size_t)n : 0;
}

static void note(struct progress *p, enum sdk_phase phase, uint64_t mib, uint64_t ms)
{
    const struct sdk_progress now = {phase, {0x3f, 0x9c, 0x01, 0xaa}, mib * MIB, 1000 * MIB};
    progress_note(p, &now, ms);
}

static void a_line_says_bytes_percent_rate_and_time_left(void **state)
{
    (void)state;
    char line[PROGRESS_LINE_MAX];
    const struct progress p = {.phase = SDK_SENDING,
                               .root = {0x3f, 0x9c, 0x01, 0xaa},
                               .total = 10240 * MIB,
                               .first_bytes = 1024 * MIB, /* it went on after a kill */
                               .began_ms = 1000};
    progress_line(&p, 2048 * MIB, 11000, line);
    assert_string_equal(line, "发送 / sending 3f9c01aa  2.0 GiB / 10.0 GiB  20 %  102.3 MiB/s  "
                              "剩余 / left 0:01:20");
    const struct progress empty = {.phase = SDK_SAVING};
    progress_line(&empty, 0, 0, line);
    assert_string_equal(
        line, "保存 / saving 00000000  0.0 B / 0.0 B  100 %  0.0 B/s  剩余 / left 0:00:00");
}

static void a_terminal_has_one_line_rewritten_in_place(void **state)
{
    (void)state;
    int master, slave;
    char text[TEXT_MAX];
    struct progress p;

    terminal(&master, &slave);
    progress_open(&p, slave);
    note(&p, SDK_FETCHING, 1, 1000);
    note(&p, SDK_FETCHING, 50, 1000 + PROGRESS_SHOW_MS - 1);
    assert_int_equal(read_all(master, text), 0); /* not more often than that */
    note(&p, SDK_FETCHING, 100, 1000 + PROGRESS_SHOW_MS);
    assert_true(read_all(master, text) > 0);
    assert_true(text[0] == '\r' && strchr(text, '\n') == NULL);
    assert_non_null(strstr(text, "接收 / fetching 3f9c01aa  100.0 MiB"));
    note(&p, SDK_FETCHING, 1000, 2000);
    (void)read_all(master, text);
    assert_non_null(strstr(text, "100 %"));
    assert_non_null(strchr(text, '\n')); /* what is over stays */
    (void)close(slave);
    (void)close(master);
}

static void what_is_over_at_once_is_not_shown(void **state)
{
    (void)state;
    int master, slave;
    char text[TEXT_MAX];
    struct progress p;

    terminal(&master, &slave);
    progress_open(&p, slave);
    note(&p, SDK_SEALING, 1, 1000);
    note(&p, SDK_SEALING, 1000, 1000 + PROGRESS_SHOW_MS - 1);
    assert_int_equal(read_all(master, text), 0);
    (void)close(slave);
    (void)close(master);
}

static void a_log_has_a_line_every_ten_seconds(void **state)
{
    (void)state;
    int ends[2];
    char text[TEXT_MAX];
    struct progress p;

    assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    log_open(ends[1], LOG_LEVEL_INFO);
    progress_open(&p, ends[1]);
    note(&p, SDK_SENDING, 0, 1000);
    note(&p, SDK_SENDING, 400, 1000 + PROGRESS_LOG_MS - 1);
    assert_int_equal(read_all(ends[0], text), 0);
    note(&p, SDK_SENDING, 500, 1000 + PROGRESS_LOG_MS);
    assert_true(read_all(ends[0], text) > 0);
    assert_null(strchr(text, '\r'));
    assert_non_null(strstr(text, "event=attachment phase=sending root=3f9c01aa bytes=524288000 "
                                 "total=1048576000 percent=50 rate=52428800 left_s=10"));
    log_open(STDERR_FILENO, LOG_LEVEL_INFO);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_says_bytes_percent_rate_and_time_left),
        cmocka_unit_test(a_terminal_has_one_line_rewritten_in_place),
        cmocka_unit_test(what_is_over_at_once_is_not_shown),
        cmocka_unit_test(a_log_has_a_line_every_ten_seconds),
    };
    return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
