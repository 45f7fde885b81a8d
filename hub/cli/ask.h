/*
 * ask - one question to a running hub over its control socket.
 *
 * Guarantees: at most ASK_WAIT_MS; the hub's refusal comes back as its own code with its detail
 * in *fault; an answer that is no JSON object, or too long, is ERR_SYNTAX. Nothing is logged.
 * Ownership: *text is the caller's, free() it; *answer (may be NULL) json_close().
 * Thread rule: no state.
 */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include "cli/cli.h"
#include "json.h"

enum { ASK_WAIT_MS = 10000 };

/* Takes request over. text: one line without its end. */
MUST_USE enum err ask_hub(const struct cli *cli, struct json *request, char **text,
                          struct json **answer, struct fault *fault);

/* A number of the answer; 0 when it is absent. */
uint64_t ask_number(const struct json *answer, const char *key);

#endif
