/*
 * folder - places on disk of a test's own, below TMPDIR or else in /tmp.
 *
 *   folder_make    an empty folder, until folder_remove takes it away with all that is in it
 *   folder_file    an empty file with a name
 *   folder_nameless   one without: it is gone when its descriptor is closed
 */
#ifndef TESTS_FOLDER_H
#define TESTS_FOLDER_H

#include "t.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    FOLDER_MAX = 96, /* a socket in it has a name that is short enough for the system */
    FOLDER_PATH_MAX = FOLDER_MAX + 64,
    FOLDER_DESCRIPTORS = 16,
};

/* Below that folder; NULL: where temporary files belong. */
static inline void folder_name(char out[static FOLDER_MAX], const char *below, const char *what)
{
    const char *place = below != NULL ? below : getenv("TMPDIR");
    const int len = snprintf(out, FOLDER_MAX, "%s/lianshu-%s-XXXXXX",
                             place == NULL || place[0] == '\0' ? "/tmp" : place, what);
    assert_in_range(len, 1, FOLDER_MAX - 1);
}

static inline void folder_make_in(char out[static FOLDER_MAX], const char *below, const char *what)
{
    folder_name(out, below, what);
    assert_non_null(mkdtemp(out));
}

static inline void folder_make(char out[static FOLDER_MAX], const char *what)
{
    folder_make_in(out, NULL, what);
}

static inline int folder_file(char out[static FOLDER_MAX], const char *what)
{
    folder_name(out, NULL, what);
    const int fd = mkstemp(out);
    assert_true(fd >= 0);
    return fd;
}

static inline int folder_nameless(void)
{
    char path[FOLDER_MAX];
    const int fd = folder_file(path, "nameless");
    assert_int_equal(unlink(path), 0);
    return fd;
}

static inline int folder_remove_one(const char *path, const struct stat *st, int kind,
                                    struct FTW *walk)
{
    (void)st, (void)kind, (void)walk;
    return remove(path);
}

static inline void folder_remove(const char *path)
{
    assert_int_equal(nftw(path, folder_remove_one, FOLDER_DESCRIPTORS, FTW_DEPTH | FTW_PHYS), 0);
}

#endif
