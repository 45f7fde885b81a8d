#include "fault/memory.h"

#include "t.h"

#include <stdlib.h>

struct place {
    const void *at;
    uint64_t calls;
};

static struct {
    struct place place[MEMORY_PLACES_MAX];
    size_t count;
    bool watching;
    const void *refuse; /* NULL: nobody */
    uint64_t nth;
    bool refused;
} m;

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

static void count_call(const void *at)
{
    size_t i = 0;
    while (i < m.count && m.place[i].at != at)
        i++;
    if (i == m.count) {
        assert_true(m.count < MEMORY_PLACES_MAX);
        m.place[m.count++] = (struct place){.at = at};
    }
    m.place[i].calls++;
}

static bool is_refused(const void *at)
{
    if (m.watching)
        count_call(at);
    if (m.refuse != at || m.refuse == NULL || --m.nth != 0)
        return false;
    m.refuse = NULL;
    m.refused = true;
    return true;
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

void memory_watch(void)
{
    m.count = 0;
    m.watching = true;
    m.refuse = NULL;
    m.refused = false;
}

size_t memory_places(void)
{
    return m.count;
}

uint64_t memory_calls(size_t place)
{
    assert_true(place < m.count);
    return m.place[place].calls;
}

void memory_refuse(size_t place, uint64_t nth)
{
    assert_true(place < m.count);
    m.refuse = m.place[place].at;
    m.nth = nth;
}

bool memory_rest(void)
{
    const bool refused = m.refused;
    m.watching = false;
    m.refuse = NULL;
    m.refused = false;
    return refused;
}

static void live_without(const char *what, enum err (*live)(void), size_t place, uint64_t nth)
{
    memory_refuse(place, nth);
    const enum err err = live();
    const bool refused = memory_rest();
    if (err != ERR_NO_MEMORY || !refused)
        print_message("%s: call %llu of place %zu (%p)\n", what, (unsigned long long)nth, place,
                      (void *)m.place[place].at);
    assert_true(refused);
    assert_int_equal(err, ERR_NO_MEMORY);
}

void memory_hold(const char *what, enum err (*live)(void))
{
    memory_watch();
    assert_int_equal(live(), OK);
    (void)memory_rest();
    assert_true(memory_places() > 0);
    for (size_t i = 0; i < memory_places(); i++) {
        live_without(what, live, i, 1);
        if (memory_calls(i) > 1)
            live_without(what, live, i, memory_calls(i));
    }
    print_message("%s: %zu places\n", what, memory_places());
    assert_int_equal(live(), OK);
}
