/*
 * doubled - issuers who signed two documents under one number: found, written with both documents
 * beside the leaf (LOG_NUMBER_TWICE), told, and never settled by the hub itself.
 *
 *   amending, links, the registry's reader ─> doubled_found ─> leaf, counter, alarm
 *
 * Guarantees:
 *   1. What is found is in the log with the next batch; a batch that is given up is written again.
 *   2. One leaf for each issuer and number, DOUBLED_MAX in all until the next start, of which
 *      members have half: nobody fills the log with what he signs himself, or hides a registrar.
 *
 * A part of state.h, which includes it; nobody else does. PROTOCOL 5.1. Thread rule: the core's.
 */
#ifndef CORE_DOUBLED_H
#define CORE_DOUBLED_H

#include "keys/twice.h"

enum { DOUBLED_MAX = 8 };

struct doubled;

MUST_USE enum err doubled_open(struct core *core);
void doubled_close(struct core *core);
/* by: who handed the second one over; "": it was given here. */
void doubled_found(struct core *core, const struct twice *twice, const char *by);
/* Write what is not there yet. */
MUST_USE enum err doubled_step(struct core *core, bool *more);
/* The open batch was given up. */
void doubled_given_up(struct core *core);

#endif
