/*
 * log - one event, one line: `2026-11-22T10:00:00.123+08:00 info event=hub_ready peers=5`.
 *
 * error asks an operator to act, warn may, info is a state change, debug is off. Values are
 * ids, codes, counts and names of members or files: never a payload, a key, or an
 * identifier or name of a subject.
 *
 * Guarantees:
 *   1. A line is written whole by one write(2), at most LOG_LINE_MAX bytes; longer text is
 *      cut at a UTF-8 boundary and marked with "…".
 *   2. Control bytes and broken UTF-8 come out as \xNN, so that no value can forge a line.
 *   3. The event is a word [a-z0-9_]; anything else in it becomes '_'.
 *   4. Logging never fails its caller: what cannot be written is dropped.
 *
 * Thread rule: the sink is the one file-scope variable of the tree; set it before threads
 * start. Lines of several threads do not mix.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/err.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR, LOG_LEVEL_OFF };

enum { LOG_LINE_MAX = 2048 };

/* Where lines go (borrowed descriptor) and the least level written. Default: stderr, info. */
void log_open(int fd, enum log_level least);

/* level by name ("debug", "info", "warn", "error", "off"). */
MUST_USE enum err log_level_parse(const char *name, enum log_level *out);

/* fmt is "key=%s other=%u"; "" when the event says it all. */
void log_debug(const char *event, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_info(const char *event, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_warn(const char *event, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_error(const char *event, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* event=… code=E303 where=… line=… text=…; the level follows the class of the error. */
void log_fault(const char *event, const struct fault *f);

#endif
