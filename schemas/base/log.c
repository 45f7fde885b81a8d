#include "base/log.h"

#include "base/clock.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The one file-scope variable of the tree: where lines go. */
static struct {
    int fd;
    enum log_level least;
} sink = {STDERR_FILENO, LOG_LEVEL_INFO};

static const char *const level_names[] = {"debug", "info", "warn", "error", "off"};

void log_open(int fd, enum log_level least)
{
    sink.fd = fd;
    sink.least = least;
}

enum err log_level_parse(const char *name, enum log_level *out)
{
    for (size_t i = 0; i < sizeof level_names / sizeof level_names[0]; i++) {
        if (strcmp(level_names[i], name) == 0) {
            *out = (enum log_level)i;
            return OK;
        }
    }
    return ERR_FIELD_VALUE;
}

/* Append text so that it can neither end the line nor break the terminal. */
static void write_safe(struct writer *w, struct span text)
{
    for (size_t at = 0; at < text.len && !w->full;) {
        size_t start = at;
        uint32_t c = utf8_next(text, &at);
        struct span one = {text.data + start, at - start};
        if (c != 0 && c != '\t' && c != '\n' && c != '\r' && utf8_allowed(one)) {
            write_span(w, one);
            continue;
        }
        at = start + 1;
        char escaped[5];
        snprintf(escaped, sizeof escaped, "\\x%02x", text.data[start]);
        write_bytes(w, escaped, 4);
    }
}

static void write_event(struct writer *w, const char *event)
{
    for (; *event != '\0'; event++) {
        bool word = (*event >= 'a' && *event <= 'z') || (*event >= '0' && *event <= '9');
        write_bytes(w, word ? event : "_", 1);
    }
}

static void log_line(enum log_level level, const char *event, const char *fmt, va_list args)
    __attribute__((format(printf, 3, 0)));

static void log_line(enum log_level level, const char *event, const char *fmt, va_list args)
{
    static const char ellipsis[] = "…";
    char line[LOG_LINE_MAX];
    char text[LOG_LINE_MAX];
    char stamp[CLOCK_TEXT_LEN + 1];

    if (level < sink.least || sink.fd < 0)
        return;
    clock_format(clock_real_ms(), stamp);
    struct writer w = writer_of(line, sizeof line - sizeof ellipsis);
    write_bytes(&w, stamp, CLOCK_TEXT_LEN);
    write_bytes(&w, " ", 1);
    write_span(&w, span_str(level_names[level]));
    write_bytes(&w, " event=", 7);
    write_event(&w, event);
    int wanted = vsnprintf(text, sizeof text, fmt, args);
    if (wanted > 0) {
        struct span span = span_str(text);
        if ((size_t)wanted >= sizeof text)
            span.len = utf8_cut(span, span.len - 4);
        write_bytes(&w, " ", 1);
        write_safe(&w, span);
        if ((size_t)wanted >= sizeof text)
            w.full = true;
    }
    if (w.full) {
        memcpy(line + w.len, ellipsis, sizeof ellipsis - 1);
        w.len += sizeof ellipsis - 1;
    }
    line[w.len++] = '\n';
    /* A log that cannot be written must not stop what it reports on. */
    ssize_t written = write(sink.fd, line, w.len);
    (void)written;
}

#define LOG_FUNCTION(name, level)                                                                  \
    void name(const char *event, const char *fmt, ...)                                             \
    {                                                                                              \
        va_list args;                                                                              \
        va_start(args, fmt);                                                                       \
        log_line(level, event, fmt, args);                                                         \
        va_end(args);                                                                              \
    }

LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_warn, LOG_LEVEL_WARN)
LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
#undef LOG_FUNCTION

void log_fault(const char *event, const struct fault *f)
{
    char label[ERR_LABEL_LEN + 1];
    err_label(f->err, label);
    enum err_class class = err_class(f->err);
    void (*log)(const char *, const char *, ...) __attribute__((format(printf, 2, 3))) = log_info;
    if (class == ERR_CLASS_REJECT || class == ERR_CLASS_RETRY)
        log = log_warn;
    else if (class == ERR_CLASS_INTERNAL || class == ERR_CLASS_FATAL)
        log = log_error;
    log(event, "code=%s where=\"%s\" line=%u text=\"%s\" detail=\"%s\"", label, f->where, f->line,
        err_en(f->err), f->detail);
}
