#include "net/gather.h"

void gather_committed(struct gather *g, size_t leaves, uint64_t now_ms)
{
    *g = (struct gather){.since_ms = now_ms, .waits = leaves >= GATHER_FROM};
}

uint64_t gather_left_ms(const struct gather *g, bool at_once, uint64_t now_ms)
{
    if (!g->waits || at_once || now_ms < g->since_ms || now_ms - g->since_ms >= GATHER_MS)
        return 0;
    return GATHER_MS - (now_ms - g->since_ms);
}
