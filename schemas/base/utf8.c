#include "base/utf8.h"

uint32_t utf8_next(struct span text, size_t *at)
{
    if (*at >= text.len)
        return 0;
    const uint8_t *p = text.data + *at;
    size_t left = text.len - *at;
    uint32_t c = p[0];
    size_t n = c < 0x80 ? 1 : c < 0xC2 ? 0 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF5 ? 4 : 0;
    if (n == 0 || n > left)
        return 0;
    if (n > 1)
        c &= 0xFFu >> (n + 1);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xC0u) != 0x80u)
            return 0;
        c = c << 6 | (p[i] & 0x3Fu);
    }
    /* Not the shortest form, a surrogate, or beyond Unicode. */
    if ((n == 3 && c < 0x800) || (n == 4 && c < 0x10000) || (c >= 0xD800 && c <= 0xDFFF) ||
        c > 0x10FFFF)
        return 0;
    *at += n;
    return c;
}

static bool character_allowed(uint32_t c)
{
    static const struct {
        uint32_t first;
        uint32_t last;
    } refused[] = {
        {0x00, 0x08},     {0x0B, 0x0C},     {0x0E, 0x1F},     {0x7F, 0x9F},
        {0x061C, 0x061C}, {0x200B, 0x200F}, {0x2028, 0x202E}, {0x2060, 0x2060},
        {0x2066, 0x2069}, {0xFDD0, 0xFDEF}, {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB},
    };
    if ((c & 0xFFFE) == 0xFFFE)
        return false;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (c >= refused[i].first && c <= refused[i].last)
            return false;
    }
    return true;
}

/* U+3000 to U+9FFF, the ideographs and their marks, are all allowed: of three bytes, the first
 * 0xE3 to 0xE9. Here they are the low bytes of a word. */
static bool is_common(uint64_t word)
{
    return (word & 0xC0C0F0) == 0x8080E0 && (word & 0x0F) >= 3 && (word & 0x0F) <= 9;
}

/* The first eight bytes, the first of them lowest. */
static uint64_t word_of(const uint8_t *p)
{
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
           (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 |
           (uint64_t)p[7] << 56;
}

/* How many of eight bytes are characters that are allowed, from the first on: a run of 0x20 to
 * 0x7E, or one or two ideographs. 0: look closer. A sum's carry touches later bytes only, so the
 * first byte that is marked is marked rightly. */
static size_t allowed_run(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t high = ones * 0x80;
    const uint64_t other = (word | ~(word + ones * 0x60) | (word + ones)) & high;
    if (other == 0)
        return 8;
    if ((other & 0x80) == 0)
        return (size_t)__builtin_ctzll(other) / 8;
    if (!is_common(word))
        return 0;
    return is_common(word >> 24) ? 6 : 3;
}

bool utf8_allowed(struct span text)
{
    for (size_t at = 0; at < text.len;) {
        /* Most text is plain ASCII or Chinese. */
        if (text.len - at >= 8) {
            const size_t run = allowed_run(word_of(text.data + at));
            at += run;
            if (run > 0)
                continue;
        } else if (text.data[at] >= 0x20 && text.data[at] < 0x7F) {
            at++;
            continue;
        }
        const uint32_t c = utf8_next(text, &at);
        if (c == 0 || !character_allowed(c))
            return false;
    }
    return true;
}

size_t utf8_put(uint32_t c, char out[static 4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c >= 0xD800 && c <= 0xDFFF)
        return 0;
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    if (c > 0x10FFFF)
        return 0;
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

size_t utf8_cut(struct span text, size_t max)
{
    if (text.len <= max)
        return text.len;
    while (max > 0 && (text.data[max] & 0xC0u) == 0x80u)
        max--;
    return max;
}
