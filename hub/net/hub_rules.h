/*
 * hub_rules - the rule sets that the hub runs by: loaded and their signatures checked at start and
 * reload, followed only forwards, changed at their moment; and the calendar that their terms are
 * counted with, read again with them.
 *
 *   hub_rules_open ─> hub_rules_note (the database remembers) ─> in use ─> hub_rules_due ─> reload
 *
 * Guarantees:
 *   1. No set is in use that the configured number of this hub's officials has not signed with
 *      keys of the registry (E421, E303, E610), or whose day has not come (E611).
 *   2. The database remembers the set in use: an older one is refused (E612), and a newer one that
 *      was not announced in time (E611).
 *   3. A reload that is refused leaves the sets in use as they are.
 *   4. Every set that was in use is in the archive before anything is decided by it.
 *
 * Ownership: sets and tables are lent until hub_rules_close. Thread rule: main only.
 */
#ifndef NET_HUB_RULES_H
#define NET_HUB_RULES_H

#include "keys/registry.h"
#include "net/config.h"
#include "policy/retention.h"
#include "policy/rulearchive.h"
#include "policy/rulesets.h"
#include "policy/volume.h"
#include "store/store.h"

struct calendar;
struct hub_rules;

MUST_USE enum err hub_rules_open(struct hub_rules **out, const struct hub_config *config,
                                 const struct registry *registry, uint64_t now_ms,
                                 struct fault *fault);
void hub_rules_close(struct hub_rules **rules);

/* Compare with what this database has used, and remember the set in use. */
MUST_USE enum err hub_rules_note(const struct hub_rules *rules, struct store *store,
                                 uint64_t now_ms, struct fault *fault);

/* Open the archive of a hub: state_dir/rules. */
MUST_USE enum err hub_rules_archive(struct rulearchive **out, const char *state_dir,
                                    struct fault *fault);
/* Keep the set in use in the archive (policy/rulearchive.h). */
MUST_USE enum err hub_rules_keep(const struct hub_rules *rules, struct rulearchive *archive,
                                 struct fault *fault);

/* All three, for a reload at this moment; refused, *out is NULL. */
MUST_USE enum err hub_rules_renew(struct hub_rules **out, const struct hub_config *config,
                                  const struct registry *registry, struct store *store,
                                  struct rulearchive *archive, struct fault *fault);

const struct ruleset *hub_rules_active(const struct hub_rules *rules);
const struct retention *hub_rules_retention(const struct hub_rules *rules);
const struct volume *hub_rules_volume(const struct hub_rules *rules);
const struct calendar *hub_rules_calendar(const struct hub_rules *rules);
/* The rules that a request names for a trial ("rules": a directory), until the next call; NULL when
 * it names none. ERR_RULE_SET and the like with the first fault; ERR_PERMISSION: a hub reads only
 * what lies beside its own rules. Signatures are not asked for. */
MUST_USE enum err hub_rules_trial(struct hub_rules *rules, struct span request,
                                  const struct ruleset **out, struct fault *fault);
/* Does another set decide by now? Then it is time for a reload. */
bool hub_rules_due(const struct hub_rules *rules, uint64_t now_ms);

#endif
