/*
 * What links.c and links_registry.c share: the links as long as the process runs, and the registry
 * that is being fetched over one of them. Nobody else includes it.
 *
 * Thread rule: the core's.
 */
#ifndef CORE_LINKS_INNER_H
#define CORE_LINKS_INNER_H

#include "core/state.h"

/* A link, as long as the process runs. */
struct link_row {
    const struct link *link;
    bool confirmed; /* by the registry's tree */
    bool up;
    uint64_t since_ms;
    uint64_t heard_ms;
    uint64_t version;
    uint64_t refused; /* a version of its that did not verify; 0: none */
    bool differs;     /* its registry has our version and is another one: said once */
    uint64_t heard;   /* of its stream of receipts everything up to here is on our disk … */
    char log[NOTE_ORIGIN_MAX + 1]; /* … and this is the log of that stream */
};

struct link_book {
    size_t count;
    struct link_row *rows; /* owns */
    uint64_t told_ms;      /* when every link was told last that we are there */
    /* The registry that is being fetched. */
    size_t from; /* row + 1 of who gives it; 0: none is */
    uint32_t peer;
    uint64_t version;
    uint64_t asked_ms;
    uint64_t begun_ms;
    size_t last;     /* row whose file was fetched last */
    unsigned rounds; /* how often everybody who offers one has had a turn since our version */
    bool passing;    /* the next one who offers one is to have its turn */
    uint64_t total;  /* 0: not known yet */
    uint64_t len;
    uint8_t *bytes; /* owns total */
};

/* ---- links_registry.c ---- */
/* Which registry is in use here; false: no room. */
bool links_tell(struct core *core, uint32_t peer);
/* It has this version: fetch it when it is newer than ours, and none is being fetched. */
void links_heard(struct core *core, uint32_t peer, struct link_row *row, uint64_t version);
/* Two files of one version: the registrar's mistake, or somebody's who has its key. Ours stays. */
void links_compare(struct core *core, uint32_t peer, struct link_row *row,
                   const lianshu_RegistryHave *have);
void links_give_part(struct core *core, uint32_t peer, const lianshu_RegistryWanted *wanted);
void links_take_part(struct core *core, uint32_t peer, const lianshu_RegistryPart *part);
/* The one that is being fetched will not come to its end: whoever else offers one is next, not who
 * says so first. */
void links_pass_on(struct core *core);
/* It is of no use any more. */
void links_stop_fetching(struct link_book *book);
/* Whose turn is over gives way. */
void links_turns(struct core *core);

#endif
