/*
 * cli_rule - what the `rule` commands share: opening a rule set and telling every fault.
 *
 * Guarantee: every fault is told: one as the command's own, the others by cli_refuse_also.
 * Thread rule: no state.
 */
#ifndef CLI_CLI_RULE_H
#define CLI_CLI_RULE_H

#include "cli/cli.h"
#include "policy/ruleset.h"

MUST_USE enum err rule_set_open(const struct cli *cli, const char *dir, struct ruleset **out,
                                struct fault *fault);

#endif
