/* The system, and what schemas/ answers. */
#include "fault/refusal.h"

#include "fault/refusal_rows.h"

#include "base/yaml.h"
#include "check.h"
#include "frame.h"
#include "ident.h"
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- the system: a call that is refused is not made ---- */

static bool is_refused(const void *at)
{
    const bool refused = places_refused(PLACES_REFUSAL, at);
    if (refused)
        errno = EIO;
    return refused;
}

/* Of reads and writes, which a signal may interrupt. */
static bool is_cut(const void *at)
{
    if (is_refused(at))
        return true;
    const bool cut = places_refused(PLACES_INTERRUPT, at);
    if (cut)
        errno = EINTR;
    return cut;
}

/* One byte of them, when the signal came later. */
static size_t cut_of(const void *at, size_t len)
{
    return len > 1 && places_refused(PLACES_SHORT, at) ? 1 : len;
}

#define AT __builtin_return_address(0)
#define NOT_MADE(name, params, args)                                                               \
    int __real_##name params;                                                                      \
    int __wrap_##name params;                                                                      \
    int __wrap_##name params                                                                       \
    {                                                                                              \
        return is_refused(AT) ? -1 : __real_##name args;                                           \
    }
#define CUT(name, params, args)                                                                    \
    ssize_t __real_##name params;                                                                  \
    ssize_t __wrap_##name params;                                                                  \
    ssize_t __wrap_##name params                                                                   \
    {                                                                                              \
        if (is_cut(AT))                                                                            \
            return -1;                                                                             \
        len = cut_of(AT, len);                                                                     \
        return __real_##name args;                                                                 \
    }

NOT_MADE(__open_2, (const char *path, int flags), (path, flags))
NOT_MADE(fstat, (int fd, struct stat *st), (fd, st))
NOT_MADE(fsync, (int fd), (fd))
NOT_MADE(fchmod, (int fd, mode_t mode), (fd, mode))
NOT_MADE(link, (const char *from, const char *to), (from, to))
NOT_MADE(rename, (const char *from, const char *to), (from, to))
NOT_MADE(mkdir, (const char *path, mode_t mode), (path, mode))
NOT_MADE(clock_gettime, (clockid_t clock, struct timespec *now), (clock, now))
CUT(read, (int fd, void *out, size_t len), (fd, out, len))
CUT(__read_chk, (int fd, void *out, size_t len, size_t cap), (fd, out, len, cap))
CUT(pread, (int fd, void *out, size_t len, off_t at), (fd, out, len, at))
CUT(write, (int fd, const void *from, size_t len), (fd, from, len))

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __real_openat(int dir, const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, ...);

static mode_t mode_of(int flags, va_list rest)
{
    return (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
}

int __wrap_open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    const mode_t mode = mode_of(flags, rest);
    va_end(rest);
    return is_refused(AT) ? -1 : __real_open(path, flags, mode);
}

int __wrap_openat(int dir, const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    const mode_t mode = mode_of(flags, rest);
    va_end(rest);
    return is_refused(AT) ? -1 : __real_openat(dir, path, flags, mode);
}

/* A close that fails has closed. What was only read is closed without asking. */
int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd)
{
    const bool written = (fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY;
    const int said = __real_close(fd);
    return written && is_refused(AT) ? -1 : said;
}

/* ---- schemas/ ---- */

REFUSED_ERR(wire_encode, (const pb_msgdesc_t *desc, const void *msg, struct writer *w),
            (desc, msg, w))
REFUSED_ERR(wire_decode, (const pb_msgdesc_t *desc, struct span in, void *msg), (desc, in, msg))
REFUSED_ERR(header_check, (const lianshu_Header *h), (h))
REFUSED_ERR(document_check, (const lianshu_Document *d), (d))
REFUSED_ERR(record_check, (const lianshu_MemberRecord *r), (r))
REFUSED_ERR(member_parse, (const char *id, struct member *out), (id, out))
REFUSED_ERR(frame_kind, (struct span frame, enum frame_kind *kind), (frame, kind))
REFUSED_ERR(frame_parse_signature, (struct span s, struct frame_signature *out), (s, out))
REFUSED_ERR(frame_parse_envelope, (struct span frame, struct frame_envelope *out), (frame, out))
REFUSED_ERR(frame_parse_document, (struct span frame, struct frame_document *out), (frame, out))
REFUSED_ERR(frame_parse_registry, (struct span file, struct frame_registry *out), (file, out))
REFUSED_ERR(frame_parse_proof, (struct span file, struct frame_proof *out), (file, out))
REFUSED_ERR(frame_parse_receipts, (struct span frame, struct frame_receipts *out), (frame, out))
REFUSED_ERR(frame_parse_statement, (struct span frame, struct frame_statement *out), (frame, out))
REFUSED_ERR(frame_parse_chunk, (struct span frame, struct frame_chunk *out), (frame, out))
REFUSED_ERR(yaml_need,
            (const struct yaml_node *map, const char *key, enum yaml_kind kind,
             const struct yaml_node **out, struct fault *f),
            (map, key, kind, out, f))
REFUSED_ERR(yaml_only_keys, (const struct yaml_node *map, const char *const *keys, struct fault *f),
            (map, keys, f))
REFUSED_ERR(yaml_uint, (const struct yaml_node *node, uint64_t max, uint64_t *out, struct fault *f),
            (node, max, out, f))
REFUSED_ERR(yaml_copy, (const struct yaml_node *node, char *out, size_t cap, struct fault *f),
            (node, out, cap, f))

/* ---- the loops ---- */

static bool is_error(enum err err)
{
    return err != OK;
}

static bool is_ok(enum err err)
{
    return err == OK;
}

void refusal_hold(const char *what, enum err (*live)(void))
{
    places_hold(PLACES_REFUSAL, what, live, is_error);
}

void refusal_interrupt(const char *what, enum err (*live)(void))
{
    places_hold(PLACES_INTERRUPT, what, live, is_ok);
    places_hold(PLACES_SHORT, what, live, is_ok);
}
