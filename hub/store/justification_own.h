/* justification_own - a row of the table justification, read by what stands in force against a
 * subject (restriction.c) and by what the mirrors are told of it (mirror.c). */
#ifndef STORE_JUSTIFICATION_OWN_H
#define STORE_JUSTIFICATION_OWN_H

#include "store/restriction.h"

/* What a statement selects for justification_read, in its order. */
#define JUSTIFICATION                                                                              \
    "row, subject, measure, scope, order_id, order_version, subject_index, rule, force, basis, "   \
    "list, start_date, end_date, begun_seq, ended_seq"

/* The row that was stepped to; all but its issuer. */
MUST_USE enum err justification_read(struct stmt *q, struct justification *out);

/* Step, read and end. ERR_NOT_FOUND: there is none, *out is zeros. */
MUST_USE enum err justification_take(struct stmt *q, struct justification *out);

#endif
