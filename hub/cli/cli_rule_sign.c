/* Officials sign a rule set: rules.sig beside its files. */
#include "cli/cli_rule.h"

#include "check.h"
#include "keys/keyfile.h"
#include "policy/rulesign.h"

#include <string.h>

static enum err sign(const struct cli *cli, const struct ruleset *rs, const char *realm,
                     struct fault *fault)
{
    struct passphrase *passphrase = NULL;
    struct keyring *ring = NULL;
    const char *dir = cli->args->operand[0];
    const char *path = args_value(cli->args, "key");

    enum err err = passphrase_read(&passphrase, args_value(cli->args, "passphrase-file"), fault);
    if (err == OK)
        err = keyfile_read(&ring, path, passphrase, fault);
    passphrase_close(&passphrase);
    if (err != OK)
        return err;
    const struct key *key = keyring_find(ring, KEY_USE_OFFICIAL);
    if (key == NULL)
        err = fault_set(fault, ERR_KEY_USE, 0, path, "no key of an official");
    else
        err = rulesign_add(rs, dir, realm, keyring_owner(ring), key, cli->world->now_ms(), fault);
    keyring_close(&ring);
    return err;
}

enum err cli_rule_sign(const struct cli *cli, struct fault *fault)
{
    struct ruleset *rs = NULL;
    unsigned count = 0;
    const char *dir = cli->args->operand[0];
    const char *realm = args_value(cli->args, "realm");

    if (!realm_valid(realm))
        return fault_set(fault, ERR_USAGE, 0, "--realm", "letters, digits and -, at most 16");
    enum err err = rule_set_open(cli, dir, &rs, fault);
    if (err == OK)
        err = sign(cli, rs, realm, fault);
    if (err == OK)
        err = rulesign_count(rs, dir, &count, fault);
    if (err == OK && cli->json)
        fprintf(cli->world->out, "{\"set\":\"%s\",\"signatures\":%u}\n", ruleset_name(rs), count);
    else if (err == OK)
        fprintf(cli->world->out, "%s：已签 %u 人 / signed by %u\n", ruleset_name(rs), count, count);
    ruleset_close(&rs);
    return err;
}
