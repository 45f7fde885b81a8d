#include "fault/memory.h"

#include "fault/places.h"

#include <stdlib.h>

void *__real_malloc(size_t len);
void *__real_calloc(size_t count, size_t len);
void *__real_realloc(void *old, size_t len);
void *__real_guard_alloc(size_t len);
void *__real_sodium_malloc(size_t len);
void *__wrap_malloc(size_t len);
void *__wrap_calloc(size_t count, size_t len);
void *__wrap_realloc(void *old, size_t len);
void *__wrap_guard_alloc(size_t len);
void *__wrap_sodium_malloc(size_t len);

static bool is_refused(const void *at)
{
    return places_refused(PLACES_MEMORY, at);
}

void *__wrap_malloc(size_t len)
{
    return is_refused(__builtin_return_address(0)) ? NULL : __real_malloc(len);
}

void *__wrap_calloc(size_t count, size_t len)
{
    return is_refused(__builtin_return_address(0)) ? NULL : __real_calloc(count, len);
}

void *__wrap_realloc(void *old, size_t len)
{
    return is_refused(__builtin_return_address(0)) ? NULL : __real_realloc(old, len);
}

void *__wrap_guard_alloc(size_t len)
{
    return is_refused(__builtin_return_address(0)) ? NULL : __real_guard_alloc(len);
}

void *__wrap_sodium_malloc(size_t len)
{
    return is_refused(__builtin_return_address(0)) ? NULL : __real_sodium_malloc(len);
}

static bool says_so(enum err err)
{
    return err == ERR_NO_MEMORY;
}

void memory_hold(const char *what, enum err (*live)(void))
{
    places_hold(PLACES_MEMORY, what, live, says_so);
}
