/*
 * csv - CSV files as records: a header row of field names, then one record a row (libcsv below).
 *
 * Comma, double quotes, UTF-8 with or without a byte order mark, LF or CRLF. Empty cells are
 * absent fields; empty rows are skipped.
 *
 * Guarantees:
 *   1. Every problem names its line in the file: quotes that are not closed or stand wrong, a
 *      row with more or fewer cells than the header, a name that is empty or stands twice, text
 *      that base/utf8.h does not allow, too many rows or columns.
 *   2. All problems of a file are reported, up to the report's bound.
 *
 * Ownership: *list is the caller's, json_close. Thread rule: no state.
 */
#ifndef ADAPTERS_RUNTIME_CSV_H
#define ADAPTERS_RUNTIME_CSV_H

#include "adapters/runtime/report.h"
#include "base/span.h"

enum { CSV_ROWS_MAX = 4096, CSV_COLUMNS_MAX = 64, CSV_NAME_MAX = 96 };

/* A list of objects; lines[i] is the line at which the i-th begins. */
MUST_USE enum err csv_records(struct span text, struct json **list,
                              unsigned lines[static CSV_ROWS_MAX], struct report *report);

#endif
