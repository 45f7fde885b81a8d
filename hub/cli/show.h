/*
 * show - a result on standard output: for people, or with --json for a program.
 *
 * Guarantees: JSON is one object on one line, whole; for people every label is in both languages,
 * and the rows of a list stand as a table (table.h), which may shorten ids and times.
 * Ownership: nothing is taken. Thread rule: no state.
 */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include "cli/cli.h"
#include "json.h"

/* ERR_NO_MEMORY. That it could not be written is found by cli_run. */
MUST_USE enum err show_json(FILE *to, const struct json *j);
void show_words(FILE *to, const struct json *j);
/* The one that the command line asks for. */
MUST_USE enum err show_result(const struct cli *cli, const struct json *j);

#endif
