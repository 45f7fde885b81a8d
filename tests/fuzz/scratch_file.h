/* For targets whose loader takes a path: the input as a file of a directory of this run. */
#ifndef FUZZ_SCRATCH_FILE_H
#define FUZZ_SCRATCH_FILE_H

#include "fuzz/again.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { SCRATCH_PATH_MAX = 512 };

/* The directory, made at the first call and left to the system's cleaning. */
static inline const char *scratch_dir(void)
{
    static char dir[SCRATCH_PATH_MAX];
    const char *base = getenv("TMPDIR");
    if (dir[0] != '\0')
        return dir;
    int n = snprintf(dir, sizeof dir, "%s/lianshu-fuzz-XXXXXX", base == NULL ? "/tmp" : base);
    must(n > 0 && n < SCRATCH_PATH_MAX && mkdtemp(dir) != NULL);
    return dir;
}

static inline void scratch_path(char out[static SCRATCH_PATH_MAX], const char *name)
{
    int n = snprintf(out, SCRATCH_PATH_MAX, "%s/%s", scratch_dir(), name);
    must(n > 0 && n < SCRATCH_PATH_MAX);
}

static inline void scratch_write(const char *path, struct span data)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    must(fd >= 0 && write(fd, data.data == NULL ? (const void *)"" : data.data, data.len) ==
                        (ssize_t)data.len);
    must(close(fd) == 0);
}

#endif
