/*
 * subject - who a command is about, from standard input.
 *
 *   enterprise 91…   institution 12…   person 44…   or the bare code, whose own check tells its
 * kind
 *
 * Guarantees: a command line is seen by every user of the machine and kept in histories, so the
 * operand is `-` or refused (ERR_USAGE) without being repeated; the identifier's check digit holds.
 * Thread rule: no state.
 */
#ifndef CLI_SUBJECT_H
#define CLI_SUBJECT_H

#include "cli/cli.h"
#include "subject.pb.h"

enum { SUBJECT_LINE_MAX = 256 };

struct subject_line {
    char line[SUBJECT_LINE_MAX + 1];
    const char *word; /* "enterprise" */
    lianshu_SubjectKind kind;
    const char *id; /* in line */
};

/* The operand is the first one. */
MUST_USE enum err subject_read(const struct cli *cli, struct subject_line *out,
                               struct fault *fault);
/* The same from a line, for commands that take SUBJECT as an option. */
MUST_USE enum err subject_take(const struct cli *cli, const char *operand, struct subject_line *out,
                               struct fault *fault);

#endif
