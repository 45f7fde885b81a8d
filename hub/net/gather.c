#include "net/gather.h"

void gather_committed(struct gather *g, size_t leaves, uint64_t now_ms)
{
    const size_t worth_ms = leaves / GATHER_LEAVES;
    g->since_ms = now_ms;
    g->wait_ms = worth_ms < GATHER_MS ? worth_ms : GATHER_MS;
}

uint64_t gather_left_ms(const struct gather *g, bool at_once, uint64_t now_ms)
{
    if (at_once || now_ms < g->since_ms || now_ms - g->since_ms >= g->wait_ms)
        return 0;
    return g->wait_ms - (now_ms - g->since_ms);
}
