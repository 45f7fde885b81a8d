/*
 * zap - who may connect: the ZAP 1.0 handler (ZeroMQ RFC 27) of this process, served by the
 * same loop as everything else.
 *
 *   client ── CURVE ──> library ── request on inproc://zeromq.zap.01 ──> zap_decide ──> 200 | 400
 *
 * Guarantees:
 *   1. 200 is said only to a request of version 1.0, mechanism CURVE, domain "lianshu", one
 *      credential of 32 bytes, that the look-up knows and finds valid now. Everything else, of
 *      whatever shape, is 400 with an empty User-Id; so is every request once a look-up failed
 *      for a reason of ours. There is no 300 and no 500: fail closed.
 *   2. The answer to 200 carries the User-Id "<member>/<16 hex of the transport key's kid>".
 *   3. zap_open binds before any other bind of the process can succeed with it; zap_selftest
 *      proves on the real socket that an unknown key and a client without CURVE are refused and
 *      returns ERR_ZAP_DOMAIN otherwise, also when it cannot find out in time.
 *   4. zap_serve failing means that nobody authenticates any more: the caller must end the
 *      process (ERR_ZAP_DOMAIN, which the programs treat as fatal).
 *
 * PROTOCOL.md: Transport. Thread rule: the loop's thread.
 */
#ifndef NET_ZAP_H
#define NET_ZAP_H

#include "base/err.h"
#include "base/span.h"
#include "net/endpoint.h"

enum {
    ZAP_PARTS_MAX = 8, /* more parts than a request can have */
    ZAP_PART_BYTES_MAX = 256,
    ZAP_BATCH_MAX = 64, /* requests answered per turn of the loop */
    ZAP_SELFTEST_MS = 5000,
};

/* Write the User-Id of this transport key, if it is registered and valid now. Any error: refused.
 */
typedef enum err zap_lookup_fn(void *ctx, const uint8_t key[static ENDPOINT_KEY_LEN],
                               uint64_t now_ms, char user[static ENDPOINT_USER_MAX]);

struct zap_policy {
    zap_lookup_fn *lookup;
    void *ctx;
};

struct zap_answer {
    unsigned status;              /* 200 or 400 */
    struct span request_id;       /* of the request; empty when it had none */
    const char *reason;           /* static, for the log; the peer learns "" */
    char user[ENDPOINT_USER_MAX]; /* "" unless 200 */
};

struct zap;

/* Judge one request, given as its parts after the empty delimiter. Never fails: it refuses. */
void zap_decide(const struct zap_policy *policy, const struct span *parts, size_t part_count,
                uint64_t now_ms, struct zap_answer *out);

MUST_USE enum err zap_open(struct zap **out, struct net_context *ctx,
                           const struct zap_policy *policy, struct fault *fault);
void zap_close(struct zap **zap);

/* Answer what waits, at most ZAP_BATCH_MAX requests. */
MUST_USE enum err zap_serve(struct zap *zap, uint64_t now_ms);

uint64_t zap_refused(const struct zap *zap);
void *zap_zmq(struct zap *zap);

/* Try the bound server from outside, as a stranger. now_ms is only passed on to the look-up. */
MUST_USE enum err zap_selftest(struct zap *zap, struct net_context *ctx,
                               const struct endpoint *server, const uint8_t server_key[static 32],
                               uint64_t now_ms, struct fault *fault);

#endif
