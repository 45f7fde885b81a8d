#include "keys/guard.h"

#include <sodium.h>

void *guard_alloc(size_t len)
{
    void *memory = sodium_malloc(len);
    if (memory != NULL)
        sodium_memzero(memory, len); /* sodium fills with a pattern, not with zeros */
    return memory;
}

void guard_free(void *memory)
{
    sodium_free(memory);
}

void guard_wipe(void *memory, size_t len)
{
    sodium_memzero(memory, len);
}

bool guard_equal(const void *a, const void *b, size_t len)
{
    return sodium_memcmp(a, b, len) == 0;
}
