/*
 * ascii - how far a text consists of lower-case letters, digits and a few marks: what identifiers
 * are made of. strspn builds a table of 256 entries at every call; these are asked per message.
 *
 * Guarantee: answers the length of the longest beginning of `text` (NUL-terminated) of such
 * characters. Thread rule: no state.
 */
#ifndef BASE_ASCII_H
#define BASE_ASCII_H

#include <stddef.h>

static inline size_t ascii_letters(const char *text)
{
    size_t n = 0;
    while (text[n] >= 'a' && text[n] <= 'z')
        n++;
    return n;
}

static inline size_t ascii_digits(const char *text)
{
    size_t n = 0;
    while (text[n] >= '0' && text[n] <= '9')
        n++;
    return n;
}

/* Letters, digits, and the marks; marks may be "". */
static inline size_t ascii_word(const char *text, const char *marks)
{
    size_t n = 0;
    for (;; n++) {
        const char c = text[n];
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            continue;
        const char *mark = marks;
        while (*mark != '\0' && *mark != c)
            mark++;
        if (*mark == '\0')
            return n;
    }
}

#endif
