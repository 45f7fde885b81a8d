/*
 * lines - walk text by lines and comma-separated fields. For our own tables (regions, calendar),
 * which hold no quotes; files of departments are read by libcsv in adapters/runtime.
 *
 * Guarantees: the text is walked to its end whatever it holds; a missing line end or field is an
 * empty or a last one, never a read beyond.
 *
 * Thread rule: no state. Spans are borrowed from the text.
 */
#ifndef BASE_LINES_H
#define BASE_LINES_H

#include "base/span.h"

/* Split the next line off *text, without its line end (LF or CRLF). */
struct span line_take(struct span *text);

/* Split the field up to the next comma, or the rest, off *line. */
struct span field_take(struct span *line);

/* Copy the field into out[cap] as a string; false when it does not fit or holds a NUL. */
bool field_copy(struct span field, char *out, size_t cap);

#endif
