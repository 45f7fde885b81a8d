/*
 * What libFuzzer's own mutations hardly hit: one element more of a list, and the count in front of
 * it one higher. A list is a run that repeats itself; its count is the byte before the run.
 */
#include "fuzz/again.h"

#include <string.h>

enum { SAME = 8, PERIOD_MAX = 1024, ONE_IN = 16 };

size_t LLVMFuzzerMutate(uint8_t *data, size_t len, size_t cap);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t len, size_t cap, unsigned seed);

/* The distance from `at` to where its next bytes stand again; 0: nowhere near. */
static size_t period_at(const uint8_t *data, size_t len, size_t at)
{
    for (size_t p = 1; p <= PERIOD_MAX && at + p + SAME <= len; p++) {
        if (memcmp(data + at, data + at + p, SAME) == 0)
            return p;
    }
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t len, size_t cap, unsigned seed)
{
    const size_t at = len == 0 ? 0 : (seed / ONE_IN) % len;
    const size_t period = seed % ONE_IN == 0 ? period_at(data, len, at) : 0;
    if (period == 0 || len + period > cap)
        return LLVMFuzzerMutate(data, len, cap);
    size_t start = at;
    while (start > 0 && data[start - 1] == data[start - 1 + period])
        start--;
    memmove(data + start + period, data + start, len - start);
    if (start > 0)
        data[start - 1]++;
    return len + period;
}
