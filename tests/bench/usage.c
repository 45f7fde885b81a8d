#include "bench/usage.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static size_t read_proc(int pid, const char *name, char *out, size_t cap)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    FILE *f = fopen(path, "r");
    size_t len = f == NULL ? 0 : fread(out, 1, cap - 1, f);
    out[len] = '\0';
    if (f != NULL)
        (void)fclose(f);
    return len;
}

static uint64_t number_after(const char *text, const char *key)
{
    uint64_t value = 0;
    const char *at = strstr(text, key);
    if (at != NULL && sscanf(at + strlen(key), "%" SCNu64, &value) != 1)
        value = 0;
    return value;
}

struct usage usage_of(int pid)
{
    struct usage u = {0};
    char text[4096];
    uint64_t user = 0, sys = 0;

    if (pid <= 0)
        return u;
    (void)read_proc(pid, "stat", text, sizeof text);
    const char *at = strrchr(text, ')'); /* the name may hold anything */
    if (at != NULL &&
        sscanf(at + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64, &user,
               &sys) == 2)
        u.cpu_us = (user + sys) * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);
    (void)read_proc(pid, "status", text, sizeof text);
    u.rss_kib = number_after(text, "VmRSS:");
    (void)read_proc(pid, "io", text, sizeof text);
    u.written = number_after(text, "\nwrite_bytes:");
    return u;
}
