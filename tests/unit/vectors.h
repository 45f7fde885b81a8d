/*
 * vectors - reads published test vectors: files of lines `name = hex`, `#` begins a comment.
 * An empty value is written as `name =`.
 */
#ifndef TESTS_UNIT_VECTORS_H
#define TESTS_UNIT_VECTORS_H

#include "base/hex.h"
#include "base/span.h"

#include "t.h"

#include <stdio.h>
#include <string.h>

enum { VECTOR_LINE_MAX = 16384 };

/* The bytes called name in schemas/vectors/file, into buffer. Asserts that they are there. */
static inline struct span vector_get(const char *file, const char *name, uint8_t *buffer,
                                     size_t cap)
{
    char path[128];
    char line[VECTOR_LINE_MAX];
    const size_t name_len = strlen(name);
    snprintf(path, sizeof path, "schemas/vectors/%s", file);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    struct span out = {NULL, 0};
    while (out.data == NULL && fgets(line, sizeof line, f) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, name, name_len) != 0 || strncmp(line + name_len, " =", 2) != 0)
            continue;
        const char *hex = line + name_len + 2;
        hex += strspn(hex, " ");
        const size_t len = strlen(hex) / 2;
        assert_true(len <= cap);
        assert_true(hex_decode(hex, buffer, len));
        out = span_of(buffer, len);
    }
    fclose(f);
    if (out.data == NULL)
        fail_msg("%s has no %s", path, name);
    return out;
}

#endif
