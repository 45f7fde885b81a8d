/*
 * validate - is a document's body complete and plausible, before it is signed and again before
 * it takes effect: required fields per type, identifiers, regions, dates and their order.
 *
 * Guarantees:
 *   1. A refusal names the field by its JSON path and never quotes its value.
 *   2. ERR_FIELD_MISSING required field; ERR_CHECK_DIGIT, ERR_IDENTIFIER of subject and
 *      persons; ERR_REGION not in the table; ERR_FIELD_VALUE a date that is none, or dates in
 *      the wrong order.
 *   3. What is law and may change (terms, lists, triggers) is not judged here but by rules.
 *
 * Thread rule: no state.
 */
#ifndef SCHEMAS_VALIDATE_H
#define SCHEMAS_VALIDATE_H

#include "catalogue.h"
#include "ident.h"

/* desc is the body's descriptor (the type's facts or sealed). */
MUST_USE enum err body_validate(const struct document_type *type, const pb_msgdesc_t *desc,
                                const void *msg, const struct regions *regions, struct fault *f);
/* The facts body of type. */
MUST_USE enum err facts_validate(const struct document_type *type, const void *msg,
                                 const struct regions *regions, struct fault *f);

#endif
