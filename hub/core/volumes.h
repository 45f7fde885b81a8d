/*
 * volumes - what each member does in a day, held against what it usually does: a member that stays
 * within its rate and its rights, and asks for far more than it is used to, is told to the
 * auditors.
 *
 *   a document of its own, judged ─> volumes_count ─> beyond policy/volume.h's limit of today
 *        ─> log line, leaf (LOG_UNUSUAL), counter `unusual`, `lianshu volume`; once a day and
 * measure
 *
 * Guarantees:
 *   1. Nothing is refused or delayed for it: it is no rule, and somebody asks.
 *   2. Numbers and codes alone are kept, of members, never of subjects; the usual day outlives a
 *      restart. After a crash at most VOLUMES_WRITE_MS of counting are missing.
 *   3. A batch that is given up is told again.
 *
 * A part of state.h, which includes it; nobody else does. Thread rule: the core's.
 */
#ifndef CORE_VOLUMES_H
#define CORE_VOLUMES_H

enum { VOLUMES_WRITE_MS = 60 * 1000 };

struct volumes;
struct volume_row; /* of one member */

MUST_USE enum err volumes_open(struct core *core);
void volumes_close(struct core *core);
/* Another table from now on: usual days of measures that stay stay. */
void volumes_renew(struct core *core, const struct volume *volume);
/* A peer's own document of this type was judged. */
void volumes_count(struct core *core, uint32_t peer, uint32_t type);
/* Write what is to be told, and now and then the numbers. */
MUST_USE enum err volumes_step(struct core *core, bool *more);
/* The open batch was given up. */
void volumes_given_up(struct core *core);

#endif
