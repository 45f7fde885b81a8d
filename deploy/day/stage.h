/*
 * stage - the processes of one realm on this machine: signer, hub, adapters. Starts them,
 * sees them ready, stops them, kills them, and notices when one ends by itself.
 *
 *            stage_start            "event=ready" in its log
 *   DOWN ----------------> STARTING -------------------------> READY
 *    ^                        |                                  |
 *    +--- stage_stop, stage_kill (expected) ---------------------+
 *    +--- anything else is an accident: stage_accident names it
 *
 * Guarantees:
 *   1. Only processes that this stage started are ever signalled, by their id.
 *   2. Each process writes its standard error to log/<name>.log, appended over restarts.
 *   3. stage_close leaves none of them behind, unless stage_release gave them away.
 *
 * Nothing here waits: stage_look is called when SIGCHLD or a change in log/ was seen.
 * Thread rule: one thread; SIGCHLD must be blocked before stage_open.
 */
#ifndef DAY_STAGE_H
#define DAY_STAGE_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { STAGE_PROCESSES_MAX = 8, STAGE_PATH_MAX = 512, STAGE_NAME_MAX = 24 };

enum stage_state { STAGE_DOWN, STAGE_STARTING, STAGE_READY };

struct stage_process {
    char name[STAGE_NAME_MAX];    /* signer, hub, market, … */
    char program[STAGE_NAME_MAX]; /* lianshu-signer, … */
    enum stage_state state;
    pid_t pid;
    bool ending;     /* we told it to */
    bool revive;     /* start it again as soon as it is down */
    int exit_status; /* of the last end, as waitpid gives it */
    off_t log_seen;  /* read up to here since the start */
    uint64_t started_ms;
    uint64_t ready_longest_ms;
    unsigned starts;
};

struct stage {
    char bin[STAGE_PATH_MAX];
    char dir[STAGE_PATH_MAX]; /* <name>.yaml and log/ lie here */
    unsigned count;
    bool released;
    const struct stage_process *accident;
    struct stage_process processes[STAGE_PROCESSES_MAX];
};

void stage_open(struct stage *s, const char *bin, const char *dir);
/* Stops what runs, the last started first, and collects it. */
void stage_close(struct stage *s);
/* Leave the processes running after the end; their ids go to pids, one "<pid> <name>" a line. */
MUST_USE enum err stage_release(struct stage *s, struct fault *f);

/* Add a process: `program --config dir/name.yaml`. */
struct stage_process *stage_add(struct stage *s, const char *name, const char *program);
struct stage_process *stage_find(struct stage *s, const char *name); /* NULL: none */

MUST_USE enum err stage_start(struct stage *s, struct stage_process *p, struct fault *f);
void stage_stop(struct stage_process *p); /* SIGTERM */
void stage_kill(struct stage_process *p); /* SIGKILL */
/* Collect what ended, find what became ready. */
void stage_look(struct stage *s, uint64_t now_ms);
/* The last lines of a log, to standard error. */
void stage_show_log(const struct stage *s, const struct stage_process *p);

#endif
