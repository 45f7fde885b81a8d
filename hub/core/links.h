/*
 * links - other hubs as peers: who may be one, hello on both sides, and the registry from hub to
 * hub.
 *
 *   dialled by us    up ─> Hello ─> (its Welcome, its Hello) ─> ready
 *   dialling us      its Hello ─> Welcome, our Hello ─> ready
 *
 *   registry: have{version} to every link, at hello, at each new one and every LINK_TELL_MS;
 *             wanted{version, offset} ─> part … part ─> whole ─> verified (net) ─> in use ─> have
 *
 * Guarantees:
 *   1. A hub that is not among core_options.links, or that the tree of the registry does not
 *      confirm as what it is there, is answered E904 whatever it sends, and nothing of it is taken.
 *   2. One registry is fetched at a time, whole and in order; one whose version is not above ours
 * is neither asked for nor taken (E433). Who does not bring it to an end within its turn, of
 *      LINK_TELL_MS and twice that in each further round, gives way to the next link that offers
 *      one: nobody keeps it from others. Nothing here believes it: core_registry_offered gives the
 *      bytes to whoever can verify them.
 *   3. A version that did not verify is not asked for again from that hub before it says hello
 * anew.
 *   4. Another registry of our own version is not taken; it is noticed once per link (E437, log).
 *   5. A hello names how much of the other's receipts is on our disk, and of which log; it counts
 *      only at the hub that still speaks in that log.
 *   6. A link that has been silent for LINK_SILENCE_MS counts as gone: what it holds is due again.
 *
 * A part of state.h, which includes it; nobody else does. Bounds: registry files of
 * REGISTRY_FILE_MAX. PROTOCOL: hubs. Thread rule: the core's.
 */
#ifndef CORE_LINKS_H
#define CORE_LINKS_H

enum {
    LINK_TELL_MS = 10 * 1000,
    LINK_SILENCE_MS = 4 * LINK_TELL_MS,
    LINK_CREDIT_MESSAGES = 1024,
    LINK_CREDIT_BYTES = 32 << 20,
    LINK_PIECE = 16 << 10, /* of a registry in one control frame */
};

MUST_USE enum err links_book_open(struct core *core);
void links_book_close(struct core *core);

/* The link with this hub; NULL: there is none, or the registry does not confirm it. */
const struct link *link_of_member(const struct core *core, const char *member);
const struct link *link_of_peer(const struct core *core, uint32_t peer);

/* Frames of this peer are taken: it is no hub, or one we are linked with, which was heard now. */
bool links_admit(struct core *core, uint32_t peer);
/* It has said hello: answer, note, and begin what two hubs compare. */
void links_hello(struct core *core, uint32_t peer, const lianshu_Hello *body);
/* The number that its hello acknowledges is of the stream in which we speak now. */
bool links_streams(const struct core *core, const lianshu_Hello *body);
/* The origin of our log; empty: nothing is signed yet. */
void links_own_log(const struct core *core, char out[static NOTE_ORIGIN_MAX + 1]);
/* More of its receipts is on disk: peer->in.landed. */
void links_landed(struct core *core, const struct peer *peer);
void links_gone(struct core *core, uint32_t peer);
/* Controls that only hubs say; ERR_WIRE_ENUM from anybody else. */
MUST_USE enum err links_control(struct core *core, uint32_t peer, const lianshu_Control *control);
/* What time alone causes. */
MUST_USE enum err links_step(struct core *core, bool *more);
/* Another registry is in use: who is linked is looked up again, and every link is told. */
void links_registry(struct core *core);

/* How a link is, for people. */
struct link_state {
    bool up;
    uint64_t since_ms; /* 0: not known */
    uint64_t heard_ms; /* 0: never */
    uint64_t version;  /* of its registry, as it said last; 0: not known */
    bool differs;      /* that is our version, and another file */
};
struct link_state link_state(const struct core *core, const char *member);

#endif
