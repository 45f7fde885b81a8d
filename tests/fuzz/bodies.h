/*
 * bodies - one valid body for every part of every document type, as the JSON in which adapters and
 * tools write it: where the tests of the catalogue start from, and seeds of the fuzz targets.
 *
 * Subjects are synthetic; ids of 16 bytes are made up.
 */
#ifndef FUZZ_BODIES_H
#define FUZZ_BODIES_H

#include "catalogue.h"

/* JSON text of a valid body; NULL: the table lacks it, and a test says so. */
const char *body_sample(const struct document_type *type, const pb_msgdesc_t *desc);

#endif
