/*
 * site_world - an adapter with its folders, over the paper exchange: files in, frames by hand,
 * files out.
 */
#ifndef TESTS_UNIT_SITE_WORLD_H
#define TESTS_UNIT_SITE_WORLD_H

#include "adapters/runtime/adapter.h"
#include "exchange.h"

struct site_world {
    struct exchange *e;
    struct adapter *adapter;
    const char *member, *department;
    char base[EXCHANGE_PATH];
};

void site_world_open(struct site_world *w, const char *member, const char *department);
void site_world_close(struct site_world *w);
/* As after a kill: what was not committed is gone. Connected again. */
void site_world_restart(struct site_world *w);
struct sdk *site_world_sdk(struct site_world *w);

/* Write base/<path>, whole. */
void site_world_put(struct site_world *w, const char *path, const char *text);
bool site_world_has(struct site_world *w, const char *path);
/* Number of entries in base/<folder>; the first name goes to *first (static memory). */
size_t site_world_count(struct site_world *w, const char *folder, const char **first);
/* The JSON in base/<path>; the caller closes it. */
struct json *site_world_json(struct site_world *w, const char *path);
/* Take and settle what is in source/, and write what is known. */
void site_world_turn(struct site_world *w);

#endif
