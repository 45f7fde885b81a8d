/*
 * realm - several real hubs in one process: a world each, one registry, one clock, and roads
 * between them that a test cuts, mutes, delays and heals.
 *
 * A road is the connection of a link: its subordinate (of group peers: the later of the two in the
 * plan) dials. What lies on a road that is cut is lost; what a mute road is given is lost, too, and
 * neither side is told. Frames keep their order on a road.
 */
#ifndef TESTS_SCENARIO_REALM_H
#define TESTS_SCENARIO_REALM_H

#include "scenario/world.h"

enum {
    REALM_HUBS = 8,
    REALM_ROADS = 12,
    REALM_FRAMES = 8192, /* on one road at once */
    REALM_EXTRA = 4,
};

/* One hub of the plan. Six members of its region come with it (world.h). */
struct realm_hub {
    const char *region;
    const char *extra[REALM_EXTRA]; /* further members that it serves; NULL: no more */
    const char *peer[2];            /* regions of group peers that stand before it in the plan */
    bool unlinked;                  /* neither it nor its superior names the other */
    uint32_t quota_per_s;           /* of each of its links; 0: as of an adapter */
};

struct road_frame {
    bool to_dialler;
    uint64_t due_ms;
    size_t len;
    uint8_t *bytes; /* owns */
};

struct road {
    size_t dialler; /* indexes of realm.world */
    size_t listener;
    uint32_t peer_at_dialler; /* numbers of each other */
    uint32_t peer_at_listener;
    bool up;
    bool mute;
    uint64_t delay_ms;
    size_t count;
    struct road_frame frame[REALM_FRAMES];
    uint64_t carried; /* frames that arrived, either way */
};

struct realm {
    uint64_t now_ms;
    size_t count;
    struct realm_hub plan[REALM_HUBS];
    struct world *world[REALM_HUBS];
    struct link links[REALM_HUBS][REALM_HUBS];
    struct region_groups *groups;
    struct anchor anchor;
    struct keyring *root; /* owns: root and registrar */
    size_t road_count;
    struct road *road[REALM_ROADS];
};

/* Hubs of the plan, from above downwards; superiors are those of the registry, every road is up. */
struct realm *realm_new(const struct realm_hub *plan, size_t count);
void realm_free(struct realm *r);

/* A registry of everybody here in that version, signed as the first one is; another `day` of its
 * signing makes another file. Its length. */
size_t realm_registry(struct realm *r, uint64_t version, unsigned day, uint8_t *out, size_t cap);
/* The same of what `change` leaves of the records: how many they are then. */
typedef size_t realm_change(lianshu_MemberRecord *records, size_t count, uint64_t arg);
size_t realm_registry_changed(struct realm *r, uint64_t version, realm_change *change, uint64_t arg,
                              uint8_t *out, size_t cap);
/* The hub uses it from now on, as after a reload. */
void realm_reload(struct realm *r, const char *region, struct span file);

/* The hub of this region. */
struct world *realm_world(struct realm *r, const char *region);
/* The world of the hub that serves a member. */
struct world *realm_home(struct realm *r, const char *member);
struct road *realm_road(struct realm *r, const char *one, const char *other);

/* Everybody moves until nothing does at this time. */
void realm_turn(struct realm *r);
/* Time passes in one step: who sleeps wakes at its end. */
void realm_pass(struct realm *r, uint64_t ms);
/* So much time in steps of so much. */
void realm_live(struct realm *r, uint64_t ms, uint64_t step_ms);

/* The connection ends, and both sides notice. */
void realm_cut(struct realm *r, const char *one, const char *other);
/* It seems to stand and carries nothing. */
void realm_mute(struct realm *r, const char *one, const char *other);
/* It is there again, with a hello of both sides. */
void realm_heal(struct realm *r, const char *one, const char *other);
/* The hub ends as a killed process does, starts again, and its roads come up. */
void realm_restart(struct realm *r, const char *region);

/* Killed, its disk lost, and begun anew with another log; its roads come up. */
void realm_lose(struct realm *r, const char *region);

/* Made, given to the sender's hub, and everybody moves. */
struct sent realm_send(struct realm *r, const struct mail *mail);
/* A frame as this hub gives it to its neighbour, past its own core. */
void realm_give(struct realm *r, const char *from, const char *to, struct span frame);
/* With which code this hub has refused a document of that sender last, since so many leaves of its
 * log; 0: with none. */
uint32_t realm_refused(struct realm *r, const char *region, uint64_t since, const char *sender);
size_t realm_has(struct realm *r, const char *member, const char *type);
/* How many receipts of a kind about an envelope its sender holds. */
size_t realm_heard(struct realm *r, const char *sender, const struct sent *sent,
                   lianshu_ReceiptKind kind);

#endif
