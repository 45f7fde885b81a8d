#include "cli/cli.h"

#include "base/hex.h"
#include "policy/ruleset.h"

#include <stdlib.h>

enum { LINE_MAX_BYTES = 1024 };

static enum err say_faults(const struct cli *cli, const struct ruleset_faults *faults, enum err err,
                           struct fault *fault)
{
    if (faults->count == 0)
        return fault_set(fault, err, 0, cli->args->operand[0], "the directory cannot be read");
    /* All but the last here, the last as the error of the command: one line each. */
    for (size_t i = 0; i + 1 < faults->count; i++) {
        char line[LINE_MAX_BYTES];
        fault_print(&faults->fault[i], line, sizeof line);
        fprintf(cli->world->err, "%s\n", line);
    }
    *fault = faults->fault[faults->count - 1];
    return fault->err == OK ? err : fault->err;
}

enum err cli_rule_check(const struct cli *cli, struct fault *fault)
{
    struct ruleset *rules = NULL;
    uint8_t hash[RULESET_HASH_LEN];
    char hash_text[2 * RULESET_HASH_LEN + 1];
    size_t measures;
    size_t lists;
    size_t count;

    struct ruleset_faults *faults = calloc(1, sizeof *faults);
    if (faults == NULL)
        return ERR_NO_MEMORY;
    enum err err = ruleset_open(&rules, cli->args->operand[0], faults);
    if (err != OK) {
        err = say_faults(cli, faults, err, fault);
        free(faults);
        return err;
    }
    free(faults);
    ruleset_hash(rules, hash);
    hex_encode(span_of(hash, sizeof hash), hash_text);
    (void)ruleset_measures(rules, &measures);
    (void)ruleset_lists(rules, &lists);
    (void)ruleset_rules(rules, &count);
    if (cli->json)
        fprintf(cli->world->out,
                "{\"rules\":%zu,\"measures\":%zu,\"lists\":%zu,\"sha256\":\"%s\"}\n", count,
                measures, lists, hash_text);
    else
        fprintf(cli->world->out,
                "规则集有效：%zu 条规则，%zu 项措施，%zu 个名单 / the rule set is valid: %zu "
                "rules, %zu "
                "measures, %zu lists\nSHA-256: %s\n",
                count, measures, lists, count, measures, lists, hash_text);
    ruleset_close(&rules);
    return OK;
}
