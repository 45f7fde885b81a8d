/* A store in a directory of its own, for the tests of hub/store. */
#ifndef TESTS_STORE_PLACE_H
#define TESTS_STORE_PLACE_H

#include "store/store.h"

#include "folder.h"
#include "t.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
    char dir[FOLDER_MAX];
    char path[FOLDER_PATH_MAX];
    struct store *s;
    struct fault f;
    uint32_t checkpoint_pages;
    uint32_t fresh_window;
};

static inline enum err place_try_open(struct place *p)
{
    const struct store_options options = {
        .path = p->path, .checkpoint_pages = p->checkpoint_pages, .fresh_window = p->fresh_window};
    memset(&p->f, 0, sizeof p->f);
    return store_open(&p->s, &options, &p->f);
}

static inline void place_open(struct place *p)
{
    folder_make(p->dir, "store");
    snprintf(p->path, sizeof p->path, "%s/hub.db", p->dir);
    assert_int_equal(place_try_open(p), OK);
}

static inline void place_close(struct place *p)
{
    store_close(&p->s);
    folder_remove(p->dir);
}

/* What a restart sees. */
static inline void place_reopen(struct place *p)
{
    store_close(&p->s);
    assert_int_equal(place_try_open(p), OK);
}

static inline void copy_file(const char *from, const char *to)
{
    char buf[65536];
    ssize_t n;
    int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in == -1)
        return;
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_int_not_equal(out, -1);
    while ((n = read(in, buf, sizeof buf)) > 0)
        assert_int_equal(write(out, buf, (size_t)n), n);
    close(in);
    close(out);
}

/* What a kill at this moment leaves: database and log as they are, no lock, no wal-index. */
static inline void place_kill_copy(const struct place *p, struct place *copy)
{
    char from[FOLDER_PATH_MAX + 8];
    char to[FOLDER_PATH_MAX + 8];
    *copy = (struct place){.s = NULL};
    folder_make(copy->dir, "store");
    snprintf(copy->path, sizeof copy->path, "%s/hub.db", copy->dir);
    copy_file(p->path, copy->path);
    snprintf(from, sizeof from, "%s-wal", p->path);
    snprintf(to, sizeof to, "%s-wal", copy->path);
    copy_file(from, to);
}

static inline int place_setup(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    assert_non_null(p);
    place_open(p);
    *state = p;
    return 0;
}

static inline int place_teardown(void **state)
{
    struct place *p = *state;
    place_close(p);
    free(p);
    return 0;
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, place_setup, place_teardown)

static inline void begin(struct place *p)
{
    assert_int_equal(store_begin(p->s, 1000), OK);
}

static inline void commit(struct place *p)
{
    assert_int_equal(store_commit(p->s), OK);
}

/* Sixteen bytes that start with n, so that ids sort as their numbers. */
static inline const uint8_t *id_of(uint8_t out[static STORE_ID_LEN], uint32_t n)
{
    memset(out, 0, STORE_ID_LEN);
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(n >> (24 - 8 * i));
    out[15] = 1;
    return out;
}

#define ID(n) id_of((uint8_t[STORE_ID_LEN]){0}, (n))

#endif
