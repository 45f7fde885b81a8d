#include "adapters/runtime/progress.h"

#include "base/hex.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { HEAD_LEN = 4, SIZE_TEXT_MAX = 24, TENTHS = 10 };

static const struct {
    const char *zh, *en;
} words[] = {
    [SDK_SEALING] = {"密封", "sealing"},
    [SDK_SENDING] = {"发送", "sending"},
    [SDK_FETCHING] = {"接收", "fetching"},
    [SDK_SAVING] = {"保存", "saving"},
};

void progress_open(struct progress *p, int fd)
{
    *p = (struct progress){.fd = isatty(fd) == 1 ? fd : -1};
}

/* "1.2 GiB" */
static void size_text(uint64_t bytes, char out[static SIZE_TEXT_MAX])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;
    uint64_t tenths = bytes < UINT64_MAX / TENTHS ? bytes * TENTHS : UINT64_MAX;

    while (tenths >= 1024 * TENTHS && unit + 1 < sizeof units / sizeof units[0]) {
        tenths /= 1024;
        unit++;
    }
    (void)snprintf(out, SIZE_TEXT_MAX, "%llu.%llu %s", (unsigned long long)(tenths / TENTHS),
                   (unsigned long long)(tenths % TENTHS), units[unit]);
}

static uint64_t percent(const struct progress *p, uint64_t bytes)
{
    return p->total == 0 ? 100 : (uint64_t)((double)bytes / (double)p->total * 100.0);
}

/* Bytes a second since this process began with it. */
static uint64_t rate(const struct progress *p, uint64_t bytes, uint64_t now_ms)
{
    const uint64_t ms = now_ms > p->began_ms ? now_ms - p->began_ms : 1;
    return (bytes - p->first_bytes) * 1000 / ms;
}

static uint64_t left_s(const struct progress *p, uint64_t bytes, uint64_t now_ms)
{
    const uint64_t speed = rate(p, bytes, now_ms);
    return speed == 0 ? 0 : (p->total - bytes) / speed;
}

void progress_line(const struct progress *p, uint64_t bytes, uint64_t now_ms,
                   char out[static PROGRESS_LINE_MAX])
{
    char done[SIZE_TEXT_MAX], all[SIZE_TEXT_MAX], speed[SIZE_TEXT_MAX], head[2 * HEAD_LEN + 1];
    const unsigned long long left = left_s(p, bytes, now_ms);

    size_text(bytes, done);
    size_text(p->total, all);
    size_text(rate(p, bytes, now_ms), speed);
    hex_encode(span_of(p->root, HEAD_LEN), head);
    (void)snprintf(out, PROGRESS_LINE_MAX,
                   "%s / %s %s  %s / %s  %llu %%  %s/s  剩余 / left %llu:%02llu:%02llu",
                   words[p->phase].zh, words[p->phase].en, head, done, all,
                   (unsigned long long)percent(p, bytes), speed, left / 3600, left / 60 % 60,
                   left % 60);
}

static void say(struct progress *p, uint64_t bytes, uint64_t now_ms)
{
    char line[PROGRESS_LINE_MAX], head[2 * HEAD_LEN + 1];

    p->said_ms = now_ms;
    if (p->fd >= 0) {
        progress_line(p, bytes, now_ms, line);
        (void)dprintf(p->fd, "\r%s\033[K%s", line, bytes == p->total ? "\n" : "");
        p->shown = bytes != p->total;
        return;
    }
    hex_encode(span_of(p->root, HEAD_LEN), head);
    log_info("attachment",
             "phase=%s root=%s bytes=%llu total=%llu percent=%llu rate=%llu left_s=%llu",
             words[p->phase].en, head, (unsigned long long)bytes, (unsigned long long)p->total,
             (unsigned long long)percent(p, bytes), (unsigned long long)rate(p, bytes, now_ms),
             (unsigned long long)left_s(p, bytes, now_ms));
}

void progress_note(struct progress *p, const struct sdk_progress *now, uint64_t now_ms)
{
    const bool same = p->open && p->phase == now->phase && p->total == now->total &&
                      memcmp(p->root, now->root, sizeof p->root) == 0;
    const uint64_t every = p->fd >= 0 ? PROGRESS_SHOW_MS : PROGRESS_LOG_MS;

    if (!same) {
        if (p->shown)
            (void)dprintf(p->fd, "\n"); /* the line before this one stays as it is */
        *p = (struct progress){.fd = p->fd,
                               .phase = now->phase,
                               .total = now->total,
                               .first_bytes = now->bytes,
                               .began_ms = now_ms,
                               .said_ms = now_ms,
                               .open = true};
        memcpy(p->root, now->root, sizeof p->root);
    }
    const bool over = now->bytes >= now->total;
    /* What was over at once is not worth a line. */
    if (now_ms - p->said_ms >= every || (over && p->said_ms != p->began_ms))
        say(p, now->bytes, now_ms);
    p->open = !over;
}
