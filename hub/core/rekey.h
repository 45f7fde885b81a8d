/*
 * rekey - the storage and token keys of the hub, and a job that puts others in their place while
 * the hub goes on serving.
 *
 *   one pair ──key file has a second pair──> waiting ──two officials──> RUNNING ──────────> one
 * pair (lianshu key rotate, restart)          (official.act)      moves handles, seals every value
 * again
 *
 * Guarantees:
 *   1. The database says under which keys it is; a key file without them is ERR_KEY_FILE at the
 *      start. Keys that the file holds beside them seal nothing before two officials decide so.
 *   2. While the job runs everything is written under the next keys, and what is under either
 *      pair is read and found.
 *   3. A step is bounded and in one transaction with where it stands: killed at any moment, the
 *      job goes on from its last commit.
 *   4. When it is over nothing is under the keys before, leaf rekey.done says so, and the key file
 *      no longer needs them. What neither pair opens stays as it is and is counted.
 *   5. Mirrors, whose keys follow from the token key, begin a new generation.
 *
 * A part of state.h, which includes it; nobody else does. PROTOCOL.md 5.3; what is
 * sealed and how: keys/rest.h. Thread rule: the core's.
 */
#ifndef CORE_REKEY_H
#define CORE_REKEY_H

enum {
    REKEY_ROWS = 64,        /* of one step … */
    REKEY_BYTES = 256 << 10 /* … and about so much */
};

struct core;

/* As far as memory needs to know. */
struct rekey {
    bool known;        /* the database says under which keys it is */
    bool look;         /* the job may have something to do */
    bool running;      /* as it was looked at last */
    uint64_t size;     /* log size when the token key was last replaced; 0: never */
    uint64_t begun_ms; /* when that was */
};

/* The keys to use, from key file and database. ERR_KEY_FILE. */
MUST_USE enum err rekey_open(struct core *core, struct fault *fault);
/* In the open batch: the database says so from now on. */
MUST_USE enum err rekey_note(struct core *core);
/* The act: object names the pair to come. ERR_KEY_FILE: the key file has no such pair; ERR_EXISTS:
 * a job is under way. In a batch; takes effect with rekey_look after its commit. */
MUST_USE enum err rekey_begin(struct core *core, struct span object);
/* Read again what the database says: after a commit or a batch that was given up. */
MUST_USE enum err rekey_look(struct core *core);
MUST_USE enum err rekey_step(struct core *core, bool *more);

#endif
