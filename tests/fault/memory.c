#include "fault/memory.h"

#include "fault/places.h"

#include <jansson.h>
#include <stdlib.h>
#include <yaml.h>

void *__real_malloc(size_t len);
void *__real_calloc(size_t count, size_t len);
void *__real_realloc(void *old, size_t len);
void *__real_guard_alloc(size_t len);
void *__real_sodium_malloc(size_t len);
int __real_yaml_parser_initialize(yaml_parser_t *parser);
int __real_yaml_parser_parse(yaml_parser_t *parser, yaml_event_t *event);
void *__wrap_malloc(size_t len);
void *__wrap_calloc(size_t count, size_t len);
void *__wrap_realloc(void *old, size_t len);
void *__wrap_guard_alloc(size_t len);
void *__wrap_sodium_malloc(size_t len);
int __wrap_yaml_parser_initialize(yaml_parser_t *parser);
int __wrap_yaml_parser_parse(yaml_parser_t *parser, yaml_event_t *event);

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

int __wrap_yaml_parser_initialize(yaml_parser_t *parser)
{
    return is_refused(__builtin_return_address(0)) ? 0 : __real_yaml_parser_initialize(parser);
}

int __wrap_yaml_parser_parse(yaml_parser_t *parser, yaml_event_t *event)
{
    if (!is_refused(__builtin_return_address(0)))
        return __real_yaml_parser_parse(parser, event);
    parser->error = YAML_MEMORY_ERROR;
    return 0;
}

static bool says_so(enum err err)
{
    return err == ERR_NO_MEMORY;
}

static bool is_error(enum err err)
{
    return err != OK;
}

void memory_hold(const char *what, enum err (*live)(void))
{
    places_hold(PLACES_MEMORY, what, live, says_so);
}

void memory_hold_json(const char *what, enum err (*live)(void))
{
    json_set_alloc_funcs(__wrap_malloc, free);
    places_hold(PLACES_MEMORY, what, live, is_error);
    json_set_alloc_funcs(__real_malloc, free);
}
