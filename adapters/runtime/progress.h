/*
 * progress - how far attachments are, for whoever looks: on a terminal one line that is rewritten
 * in place; in a log a line every PROGRESS_LOG_MS, and none for what is over before that.
 *
 *   发送 / sending 3f9c01aa  1.2 GiB / 10.0 GiB  12 %  84.3 MiB/s  剩余 / left 0:01:47
 *
 * Guarantees: nothing but phase, numbers and the head of the root, which names the attachment to
 * nobody else. Nothing is written to a terminal more often than every PROGRESS_SHOW_MS.
 * Thread rule: that of the SDK.
 */
#ifndef ADAPTERS_RUNTIME_PROGRESS_H
#define ADAPTERS_RUNTIME_PROGRESS_H

#include "adapters/sdk/sdk.h"

enum { PROGRESS_SHOW_MS = 200, PROGRESS_LOG_MS = 10 * 1000, PROGRESS_LINE_MAX = 160 };

struct progress {
    int fd; /* a terminal; -1: log lines */
    enum sdk_phase phase;
    uint8_t root[SDK_ENV_ID_LEN];
    uint64_t total;
    uint64_t first_bytes, began_ms; /* where and when this process began */
    uint64_t said_ms;
    bool open;  /* a phase is under way */
    bool shown; /* a line stands on the terminal */
};

/* fd: where people may look; a line is rewritten there only when it is a terminal. */
void progress_open(struct progress *p, int fd);
void progress_note(struct progress *p, const struct sdk_progress *now, uint64_t now_ms);

/* The line, without its end. For tests. */
void progress_line(const struct progress *p, uint64_t bytes, uint64_t now_ms,
                   char out[static PROGRESS_LINE_MAX]);

#endif
