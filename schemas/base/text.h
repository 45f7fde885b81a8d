/*
 * text - copying texts into fields of fixed size, without the cost of a format string.
 *
 * Thread rule: no state.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stddef.h>
#include <string.h>

/* Copy a text that is known to fit; cut otherwise. cap >= 1. */
static inline void text_copy(char *out, size_t cap, const char *text)
{
    size_t len = strlen(text);
    if (len >= cap)
        len = cap - 1;
    memcpy(out, text, len);
    out[len] = '\0';
}

#endif
