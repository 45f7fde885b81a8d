/*
 * process - what the hub's and the signer's mains have in common.
 *
 * Guarantees:
 *   1. process_harden leaves no way for memory to reach a core file or another process of the
 *      same user, files are made for the owner only, a vanished reader is an error of the
 *      write instead of the end of the process, and what is freed goes back to the system.
 *   2. After process_signals, SIGTERM, SIGINT and SIGHUP are read from the descriptor only.
 *   3. process_args refuses what it does not know with ERR_USAGE.
 *
 * Thread rule: main only, before any thread is started.
 */
#ifndef NET_PROCESS_H
#define NET_PROCESS_H

#include "base/err.h"

#include <stdbool.h>

/* Exit codes of the daemons. */
enum { PROCESS_DONE = 0, PROCESS_FAILED = 1, PROCESS_USAGE = 2 };

struct process_args {
    const char *config;  /* borrowed from argv; NULL with help and version */
    bool check;          /* -n: say whether it would start, and end */
    bool init;           /* --init, of the signer as the two that follow */
    bool head;           /* --head */
    bool lost;           /* --lost */
    const char *restore; /* --restore FILE; borrowed from argv */
    bool help;
    bool version;
};

enum process_kind { PROCESS_HUB, PROCESS_SIGNER };
MUST_USE enum err process_args(struct process_args *out, int argc, const char *const *argv,
                               enum process_kind kind, struct fault *fault);

void process_harden(void);
/* Its tables are there. The code that made them is not kept in memory for its own sake. What comes
 * and goes from here on is frames: a mapping for each would cost a fault for each of its pages. */
void process_opened(void);
/* When all secrets are wiped: lets leak checkers look at what is left. */
void process_soften(void);

/* A signalfd, non-blocking. */
MUST_USE enum err process_signals(int *fd);

/* One line on standard error, and the exit code that belongs to the error. */
int process_end(const char *program, enum err err, const struct fault *fault);

#endif
