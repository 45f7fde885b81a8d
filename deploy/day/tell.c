#include "day/tell.h"

#include "base/file.h"
#include "json.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

uint64_t tell_clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void tell_open(struct tell *t)
{
    *t = (struct tell){.start_ms = tell_clock_ms()};
}

static void stamp(const struct tell *t)
{
    const uint64_t passed = tell_clock_ms() - t->start_ms;
    printf("[%4u.%03u] ", (unsigned)(passed / 1000), (unsigned)(passed % 1000));
}

void tell_line(struct tell *t, const char *zh, const char *en)
{
    stamp(t);
    printf("%s / %s\n", zh, en);
    fflush(stdout);
}

void tell_linef(struct tell *t, const char *zh, const char *en, ...)
{
    va_list args;

    stamp(t);
    va_start(args, en);
    vprintf(zh, args);
    va_end(args);
    fputs(" / ", stdout);
    va_start(args, en);
    vprintf(en, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);
}

bool tell_expect(struct tell *t, bool holds, const char *zh, const char *en)
{
    if (holds)
        return true;
    t->failures++;
    stamp(t);
    printf("不符预期：%s / not as expected: %s\n", zh, en);
    fflush(stdout);
    return false;
}

static struct tell_count *slot(struct tell *t, const char *key)
{
    for (unsigned i = 0; i < t->count; i++)
        if (strcmp(t->counts[i].key, key) == 0)
            return &t->counts[i];
    assert(t->count < TELL_COUNTS_MAX);
    return &t->counts[t->count++];
}

void tell_count(struct tell *t, const char *key, const char *zh, const char *en, uint64_t value)
{
    *slot(t, key) = (struct tell_count){key, zh, en, value, 0, false};
}

void tell_count_expected(struct tell *t, const char *key, const char *zh, const char *en,
                         uint64_t value, uint64_t wanted)
{
    *slot(t, key) = (struct tell_count){key, zh, en, value, wanted, true};
    if (value == wanted)
        return;
    t->failures++;
    stamp(t);
    printf("不符预期：%s 应为 %llu，实为 %llu / not as expected: %s should be %llu, is %llu\n", zh,
           (unsigned long long)wanted, (unsigned long long)value, en, (unsigned long long)wanted,
           (unsigned long long)value);
    fflush(stdout);
}

void tell_table(const struct tell *t)
{
    printf("\n%10s %10s  %s\n", "实际 / got", "应为 / due", "项目 / what");
    for (unsigned i = 0; i < t->count; i++) {
        const struct tell_count *c = &t->counts[i];
        char wanted[24] = "-";
        if (c->checked)
            snprintf(wanted, sizeof wanted, "%llu", (unsigned long long)c->wanted);
        printf("%10llu %10s  %s / %s%s\n", (unsigned long long)c->value, wanted, c->zh, c->en,
               c->checked && c->value != c->wanted ? "  <<<" : "");
    }
    putchar('\n');
    fflush(stdout);
}

enum err tell_json(const struct tell *t, const char *path, struct fault *f)
{
    enum err err = ERR_NO_MEMORY;
    struct json *map = json_map();
    char *text = NULL;
    size_t len;

    for (unsigned i = 0; i < t->count; i++)
        json_put_uint(map, t->counts[i].key, t->counts[i].value);
    json_put_uint(map, "failures", t->failures);
    if ((err = json_print(map, true, &text, &len)) != OK)
        goto out;
    err = file_write(path, (struct span){(const uint8_t *)text, len}, 0644, 0, f);

out:
    free(text);
    json_close(&map);
    return err;
}
