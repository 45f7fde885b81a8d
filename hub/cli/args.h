/*
 * args - the command line as a table: which commands there are, what each takes, and its help.
 *
 * Guarantees:
 *   1. What the table does not name is refused with ERR_USAGE and one sentence that says what
 *      to do; a missing required option or operand likewise.
 *   2. No refusal quotes a value of the command line: it might be an identifier of a subject.
 *   3. Every command answers --help, in Chinese and English, from the same table; so do a group
 *      (`key --help`) and `help key generate`.
 *
 * Ownership: everything borrows from argv and the table. Thread rule: no state.
 */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include "base/err.h"

#include <stdbool.h>
#include <stdio.h>

enum {
    ARGS_VALUES_MAX = 64,
    ARGS_OPERANDS_MAX = 2,
    ARGS_OPTIONS_MAX = 20,
    ARGS_ID_PREFIX_MIN = 6,    /* tables show the first characters of an id */
    ARGS_ID_LEN = 32,          /* orders, obligations, cases, messages */
    ARGS_ENVELOPE_ID_LEN = 64, /* the hash of an envelope */
};

struct args_option {
    const char *name;  /* without "--"; NULL ends the list */
    const char *value; /* what stands for it in the help; NULL: a flag */
    bool required;
    bool many;
    const char *zh;
    const char *en;
};

struct cli;

typedef enum err args_run_fn(const struct cli *cli, struct fault *fault);

struct args_command {
    const char *group;                           /* "key"; NULL ends the table */
    const char *verb;                            /* "generate"; NULL: the group is the command */
    const char *operands[ARGS_OPERANDS_MAX + 1]; /* names for the help; all required */
    struct args_option options[ARGS_OPTIONS_MAX + 1];
    args_run_fn *run;
    const char *zh;
    const char *en;
    const char *example; /* one line; NULL: none */
};

struct args {
    const struct args_command *command;
    const char *operand[ARGS_OPERANDS_MAX];
    struct {
        const struct args_option *option;
        const char *text; /* "" for a flag */
    } value[ARGS_VALUES_MAX];
    size_t value_count;
    const char *group; /* with help: of this group only; NULL: of the command, or of all */
    bool help;
    bool version;
};

/* argv without the program's name. With help or version set, command may be NULL. */
MUST_USE enum err args_parse(struct args *out, const struct args_command *table, int argc,
                             const char *const *argv, struct fault *fault);

/* The first value of an option; NULL when it was not given. */
const char *args_value(const struct args *args, const char *name);
bool args_flag(const struct args *args, const char *name);
/* The i-th value of an option; NULL beyond the end. */
const char *args_value_at(const struct args *args, const char *name, size_t i);
/* A number in min..max; `otherwise` when not given. ERR_USAGE. */
MUST_USE enum err args_number(const struct args *args, const char *name, uint64_t min, uint64_t max,
                              uint64_t otherwise, uint64_t *out, struct fault *fault);

/* The value of an option that names a member; NULL when it was not given. ERR_USAGE. */
MUST_USE enum err args_member(const struct args *args, const char *name, const char **out,
                              struct fault *fault);
/* Ids are lower-case hexadecimal digits, least to most of them: else ERR_USAGE at `where`, which
 * says what was `expected`. */
MUST_USE enum err args_id(const char *id, size_t least, size_t most, const char *where,
                          const char *expected, struct fault *fault);

/* Help as it was asked for: of one command, of a group, or of all. */
void args_help(FILE *to, const struct args_command *table, const struct args *args);

#endif
