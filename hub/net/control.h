/*
 * control - the hub's window for its operator: one JSON object per line in, one per line out,
 * over an AF_UNIX socket. Queries; what changes the exchange comes as a document of two officials,
 * whose signatures count, not who may open the socket.
 *
 *   request                                     answered by
 *   {"cmd":"ping"}                              net: {"ok":true}
 *   {"cmd":"stop"}                              net: {"ok":true}, then an orderly stop
 *   {"cmd":"reload"}                            net: the registry file is read again
 *   {"cmd":"status"|"trace"|"order"|"orders"|"obligations"|"restrictions"|"explain"|
 *    "checkpoint"|"leaves"|"held"|"parked", …}  the core (core_query)
 *   {"cmd":"act","document":"4c534431…"}        the core (core_act), after commit and signature
 *   {"cmd":"amend","document":"4c534431…"}      the core (core_amend), after commit and signature
 *   {"cmd":"topology"}                          the core (core_query)
 *   {"cmd":"probe","target":"220100"}           the core (core_probe), after commit and signature
 *   {"cmd":"release","list":…,"signatures":…}   the core (core_release), after commit and signature
 *   anything else                               {"error":{"code":…,"zh":…,"en":…,"detail":…}}
 *
 * Guarantees:
 *   1. Only the process's own user and root are answered (net/local.h), and auditors whom the
 *      configuration names: they ask and change nothing (else E003), and are not told of a person
 *      or enterprise that they name ("restrictions", "rule.try"), what a document says
 *      ("evidence.document") or what a decision read ("evidence.reads"). They hold at most
 *      CONTROL_AUDITORS_MAX connections.
 *   2. A request is at most CONTROL_REQUEST_MAX bytes and one line; a longer one is answered
 *      with E027 and the connection is closed. An unknown or malformed command is answered with
 *      its error and changes nothing.
 *   3. At most CONTROL_CLIENTS_MAX connections at once; the oldest idle one makes room. A
 *      client that does not read its answer holds up nobody: nothing blocks.
 *   4. No request and no answer is ever logged: they may hold identifiers of subjects.
 *
 * Thread rule: the loop's thread.
 */
#ifndef NET_CONTROL_H
#define NET_CONTROL_H

#include "base/err.h"
#include "base/span.h"
#include "net/local.h"

#include <poll.h>
#include <stdbool.h>

enum {
    CONTROL_REQUEST_MAX = 4096,
    CONTROL_ANSWER_MAX = (1 << 20) + 4096,
    CONTROL_CLIENTS_MAX = 8,
    CONTROL_AUDITORS_MAX = 4, /* of these */
    CONTROL_CMD_MAX = 24,
    CONTROL_POLL_MAX = CONTROL_CLIENTS_MAX + 1,
    CONTROL_DOCUMENT_MAX = CONTROL_REQUEST_MAX / 2,
};

enum control_verb {
    CONTROL_PING,
    CONTROL_STOP,
    CONTROL_RELOAD,
    CONTROL_QUERY,   /* the core's */
    CONTROL_ACT,     /* a document of two officials, for the core */
    CONTROL_AMEND,   /* a revocation or key record, for the core */
    CONTROL_PROBE,   /* a probe to another hub, by the core */
    CONTROL_RELEASE, /* a release into the log, by the core */
};

/* Answer one request: `verb` says whose it is. Writes one JSON object without a newline, or
 * returns an error, which control turns into an error object with fault's detail. */
typedef enum err control_fn(void *ctx, enum control_verb verb, struct span request,
                            struct writer *answer, struct fault *fault);

struct control;

/* Judge one request line: which verb it is, and may auditors ask it. ERR_SYNTAX,
 * ERR_FIELD_MISSING, ERR_FIELD_VALUE. */
MUST_USE enum err control_parse(struct span line, enum control_verb *verb, bool *auditors,
                                struct fault *fault);

/* The document of an act or amendment. ERR_FIELD_MISSING, ERR_FIELD_VALUE. */
MUST_USE enum err control_document(struct span line, uint8_t *out, size_t cap, size_t *len,
                                   struct fault *fault);

/* The answer object for an error. */
void control_error(const struct fault *fault, struct writer *answer);
/* The one for what was done but for this part: {"ok":true,"<part>":{…}}. */
void control_but(const char *part, const struct fault *fault, struct writer *answer);

/* auditors: copied; NULL: none. */
MUST_USE enum err control_open(struct control **out, const char *path,
                               const struct local_readers *auditors, control_fn *answer, void *ctx,
                               struct fault *fault);
void control_close(struct control **c);

/* Descriptors to poll: writes at most CONTROL_POLL_MAX, returns how many. */
size_t control_poll(const struct control *c, struct pollfd out[static CONTROL_POLL_MAX]);

/* Serve whatever is ready. Fails only when the listening socket is broken. */
MUST_USE enum err control_serve(struct control *c);

#endif
