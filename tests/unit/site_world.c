#include "site_world.h"

#include "base/file.h"

#include "t.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void open_adapter(struct site_world *w)
{
    static struct config config;
    struct fault fault = {0};

    config = (struct config){
        .sdk = exchange_config(w->e, w->member),
        .regions = "schemas/data/regions.csv",
        .directory = w->base,
        .department = w->department,
    };
    const enum err err = adapter_open(&w->adapter, &config, false, w->e->now_ms, &fault);
    if (err != OK)
        print_message("%s:%u %s\n", fault.where, fault.line, fault.detail);
    assert_int_equal(err, OK);
    exchange_connect(w->e, site_world_sdk(w));
}

void site_world_open(struct site_world *w, const char *member, const char *department)
{
    *w = (struct site_world){.member = member, .department = department};
    w->e = exchange_open(3);
    (void)snprintf(w->base, sizeof w->base, "%s/site", w->e->dir);
    open_adapter(w);
}

void site_world_close(struct site_world *w)
{
    adapter_close(&w->adapter);
    exchange_close(&w->e);
}

void site_world_restart(struct site_world *w)
{
    adapter_close(&w->adapter);
    open_adapter(w);
}

struct sdk *site_world_sdk(struct site_world *w)
{
    return adapter_sdk(w->adapter);
}

static const char *full(struct site_world *w, const char *path)
{
    static char out[1024];
    (void)snprintf(out, sizeof out, "%s/%s", w->base, path);
    return out;
}

void site_world_put(struct site_world *w, const char *path, const char *text)
{
    assert_int_equal(file_write(full(w, path), span_str(text), 0640, 0, NULL), OK);
}

bool site_world_has(struct site_world *w, const char *path)
{
    return access(full(w, path), F_OK) == 0;
}

size_t site_world_count(struct site_world *w, const char *folder, const char **first)
{
    static char name[256];
    DIR *dir = opendir(full(w, folder));
    size_t n = 0;

    if (dir == NULL)
        return 0;
    for (const struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        if (e->d_name[0] == '.')
            continue;
        if (n++ == 0)
            (void)snprintf(name, sizeof name, "%s", e->d_name);
    }
    (void)closedir(dir);
    if (first != NULL)
        *first = name;
    return n;
}

struct json *site_world_json(struct site_world *w, const char *path)
{
    struct json *j = NULL;
    const enum err err = json_open(&j, full(w, path), NULL);
    if (err != OK)
        print_message("no %s\n", path);
    assert_int_equal(err, OK);
    return j;
}

void site_world_turn(struct site_world *w)
{
    struct source *source = adapter_source(w->adapter);
    bool more = true;

    w->e->now_ms += 1000;
    for (int i = 0; i < 64 && more; i++)
        assert_int_equal(source_scan(source, true, w->e->now_ms, &more), OK);
    assert_int_equal(source_show(source, w->e->now_ms), OK);
}
