/*
 * table - a list of JSON objects as aligned columns for people: the columns that a person needs
 * of what we know, those of the first object otherwise. --json has everything.
 *
 * Guarantees: ids are shortened to TABLE_ID_CHARS, times to the minute, codes get their sentence;
 * columns align on a terminal that shows Chinese two columns wide.
 * Thread rule: no state.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include "json.h"

#include <stdio.h>

enum { TABLE_COLUMNS_MAX = 10, TABLE_CELL_MAX = 512, TABLE_ID_CHARS = 12 };

/* Is this a list of objects that hold values only (or a list we know)? */
bool table_fits(const char *name, const struct json *list);

void table_print(FILE *to, const char *name, const struct json *list, unsigned indent);

/* One value as text. `key` decides how ids, times and codes are shown; whole: not shortened. */
void table_cell(const char *key, const struct json *value, bool whole,
                char out[static TABLE_CELL_MAX]);

#endif
