/*
 * preview - `lianshu send --preview`: what the hub would answer, while nothing is sent.
 *
 * Guarantees:
 *   1. The question goes under a name of its own, so an answer of another moment is never shown.
 *   2. The status is CLI_DONE when every record would be delivered (with an advisory or not),
 *      CLI_RESTRICTED when one would be refused or held.
 *
 * Thread rule: plain values. PROTOCOL: Preview.
 */
#ifndef CLI_PREVIEW_H
#define CLI_PREVIEW_H

#include "cli/await.h"
#include "cli/cli.h"

/* "order.json" of that moment is "order.<ms>.preview.json"; ERR_USAGE when too long. */
MUST_USE enum err preview_name(const char *name, uint64_t now_ms, char *out, size_t cap,
                               struct fault *fault);

/* The question was accepted, as `receipt` at `place` says: wait for what is answered to each of its
 * records and print it. */
MUST_USE enum err preview_show(const struct cli *cli, const struct await *a,
                               const struct await_watch *watch, uint64_t wait_ms,
                               const struct json *receipt, const char *place, struct fault *fault);

#endif
