#include "keys/keyfile.h"

#include "keys/guard.h"
#include "keys/private_file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* All of it in guarded memory. */
struct passphrase {
    size_t len;
    uint8_t text[PASSPHRASE_MAX + 2]; /* a newline, and one byte that makes overlong visible */
};

enum err passphrase_of(struct passphrase **out, struct span text)
{
    *out = NULL;
    if (text.len < PASSPHRASE_MIN || text.len > PASSPHRASE_MAX)
        return ERR_PASSPHRASE;
    struct passphrase *p = guard_alloc(sizeof *p);
    if (p == NULL)
        return ERR_NO_MEMORY;
    p->len = text.len;
    memcpy(p->text, text.data, text.len);
    *out = p;
    return OK;
}

void passphrase_close(struct passphrase **passphrase)
{
    if (passphrase == NULL)
        return;
    guard_free(*passphrase);
    *passphrase = NULL;
}

struct span passphrase_text(const struct passphrase *passphrase)
{
    return span_of(passphrase->text, passphrase->len);
}

/* Read until a newline, the end, or the buffer is full. */
static enum err read_line(struct passphrase *p, int fd)
{
    while (p->len < sizeof p->text) {
        ssize_t n = read(fd, p->text + p->len, sizeof p->text - p->len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ERR_IO;
        if (n == 0)
            break;
        p->len += (size_t)n;
        if (memchr(p->text, '\n', p->len) != NULL)
            break;
    }
    const uint8_t *newline = p->len == 0 ? NULL : memchr(p->text, '\n', p->len);
    if (newline != NULL)
        p->len = (size_t)(newline - p->text);
    return OK;
}

static enum err read_named(struct passphrase **out, int fd, const char *name, struct fault *fault)
{
    *out = NULL;
    struct passphrase *p = guard_alloc(sizeof *p);
    if (p == NULL)
        return ERR_NO_MEMORY;
    enum err err = read_line(p, fd);
    if (err != OK) {
        (void)fault_set(fault, err, 0, name, "%s", strerror(errno)); /* err says it already */
    } else if (p->len < PASSPHRASE_MIN || p->len > PASSPHRASE_MAX) {
        err = fault_set(fault, ERR_PASSPHRASE, 1, name, "%d to %d bytes in the first line",
                        PASSPHRASE_MIN, PASSPHRASE_MAX);
    } else {
        *out = p;
        return OK;
    }
    passphrase_close(&p);
    return err;
}

enum err passphrase_read_fd(struct passphrase **out, int fd, struct fault *fault)
{
    return read_named(out, fd, "passphrase", fault);
}

enum err passphrase_read(struct passphrase **out, const char *path, struct fault *fault)
{
    int fd = -1;
    *out = NULL;
    enum err err = private_file_open(&fd, path, fault);
    if (err != OK)
        return err;
    err = read_named(out, fd, path, fault);
    close(fd);
    return err;
}
