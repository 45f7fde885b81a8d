/*
 * steps - how far a sending is, for whoever looks: people on a terminal (one line, rewritten in
 * place), or with --json a program (one object a line on standard output, before the result).
 *
 *   {"step":"put","file":"decision.pdf","bytes":1048576}     copied into the adapter's source/
 *   {"step":"sealing","bytes":524288,"total":1048576}        the adapter seals an attachment
 *   {"step":"sending","root":"…","bytes":1048576,"total":1048576}   the hub has so much of it
 *   {"step":"waiting"}                                       for the hub
 *
 * Guarantees: a line only when something has changed; the last line of a run has no "step": it is
 * the result or {"error":…}. What the adapter says about other files is not shown.
 * Thread rule: plain values. adapters/README.md, Attachments.
 */
#ifndef CLI_STEPS_H
#define CLI_STEPS_H

#include "cli/cli.h"
#include "json.h"

#include <stdio.h>

enum { STEPS_PATH_MAX = 1024, STEPS_WORD_MAX = 16 };

struct steps {
    FILE *json;                /* NULL: not asked for */
    FILE *tty;                 /* NULL: nobody looks */
    const char *name;          /* of the record in source/; borrowed */
    char path[STEPS_PATH_MAX]; /* what the adapter says */
    char word[STEPS_WORD_MAX]; /* what was said last */
    uint64_t bytes;
    bool shown; /* a line stands on the terminal */
};

/* dir: of the adapter's folders. */
void steps_open(struct steps *s, const struct cli *cli, const char *dir, const char *name);
void steps_put(struct steps *s, const char *file, uint64_t bytes);
/* await_tick_fn: look what the adapter says. ctx is a struct steps. */
void steps_look(void *ctx, uint64_t waited_ms);
/* The terminal's line is over; may be called again. */
void steps_over(void *ctx);

#endif
