/*
 * hub - the process lianshu-hub, put together: what it holds, opened in an order in which nothing
 * is reachable before everything behind it is sound.
 *
 *   keys ─> registry ─> rules, tables ─> store ─> signer ─> core ─> ZAP ─> bind ─> self-test ─>
 * control
 *
 * Guarantees:
 *   1. No socket is bound before the log has been checked against its signed head (E802, E803,
 *      E804), the registry verifies and names this hub's own keys.
 *   2. A registry older than the newest ever used with this database is refused (E433).
 *   3. hub_check changes nothing on disk, opens no socket and says what hub_open would refuse
 *      of configuration, keys, registry, rules and tables.
 *   4. A reload takes effect between two turns as a whole, or not at all.
 *
 * Thread rule: main only.
 */
#ifndef NET_HUB_H
#define NET_HUB_H

#include "base/err.h"

#include <stdbool.h>

struct hub;
struct local_readers;

/* Give up for good what this hub's configuration does not name (base/sandbox.h): before the others,
 * by the process whose whole work this hub is. Who the auditors are is asked before. */
MUST_USE enum err hub_confine(const char *config_path, bool check, struct local_readers *auditors,
                              struct fault *fault);

/* On failure *out is NULL and the fault says what and where. Auditors are copied. */
MUST_USE enum err hub_open(struct hub **out, const char *config_path,
                           const struct local_readers *auditors, struct fault *fault);
MUST_USE enum err hub_check(const char *config_path, struct fault *fault);

/* Until SIGTERM, SIGINT or control's "stop". */
MUST_USE enum err hub_run(struct hub *hub, struct fault *fault);

void hub_close(struct hub **hub);

#endif
