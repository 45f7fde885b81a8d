#include "base/hex.h"

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void hex_encode(struct span in, char *out)
{
    for (size_t i = 0; i < in.len; i++) {
        *out++ = hex_digits[in.data[i] >> 4];
        *out++ = hex_digits[in.data[i] & 15];
    }
    *out = '\0';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hex_decode(const char *text, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        int high = hex_value(text[2 * i]);
        int low = high < 0 ? -1 : hex_value(text[2 * i + 1]);
        if (low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return text[2 * len] == '\0';
}

void base64_encode(struct span in, char *out)
{
    for (size_t i = 0; i < in.len; i += 3) {
        size_t n = in.len - i < 3 ? in.len - i : 3;
        uint32_t bits = (uint32_t)in.data[i] << 16;
        if (n > 1)
            bits |= (uint32_t)in.data[i + 1] << 8;
        if (n > 2)
            bits |= in.data[i + 2];
        *out++ = base64_digits[bits >> 18];
        *out++ = base64_digits[bits >> 12 & 63];
        *out++ = n > 1 ? base64_digits[bits >> 6 & 63] : '=';
        *out++ = n > 2 ? base64_digits[bits & 63] : '=';
    }
    *out = '\0';
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

bool base64_decode(const char *text, uint8_t *out, size_t cap, size_t *len)
{
    size_t chars = strlen(text);
    if (chars % 4 != 0)
        return false;
    *len = 0;
    for (size_t i = 0; i < chars; i += 4) {
        size_t n = 4; /* characters of this group before the padding */
        if (i + 4 == chars && text[i + 3] == '=')
            n = text[i + 2] == '=' ? 2 : 3;
        uint32_t bits = 0;
        for (size_t j = 0; j < 4; j++) {
            int value = j < n ? base64_value(text[i + j]) : 0;
            if (value < 0)
                return false;
            bits = bits << 6 | (uint32_t)value;
        }
        /* Bits that belong to no byte are zero, or two texts would mean the same bytes. */
        if ((bits & (0xFFFFFFu >> (8 * (n - 1)))) != 0 || n - 1 > cap - *len)
            return false;
        for (size_t j = 0; j < n - 1; j++)
            out[(*len)++] = (uint8_t)(bits >> (16 - 8 * j));
    }
    return true;
}
