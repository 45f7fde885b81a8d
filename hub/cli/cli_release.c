/* A release that two officials have signed: put in the place of the one before. */
#include "cli/cli.h"
#include "cli/install.h"

enum err cli_release_install(const struct cli *cli, struct fault *fault)
{
    struct anchor anchor;
    struct registry *registry = NULL;
    uint64_t version = 0;
    const char *into = args_value(cli->args, "into");
    const uint64_t now_ms = cli->world->now_ms();
    enum err err = anchor_read(&anchor, args_value(cli->args, "anchor"), fault);
    if (err == OK)
        err = registry_read(&registry, &anchor, args_value(cli->args, "registry"), 0, fault);
    if (err == OK && (err = registry_fresh(registry, now_ms)) != OK)
        (void)fault_set(fault, err, 0, "--registry", "its time is over or has not begun");
    const struct release_reader reader = {registry, args_value(cli->args, "hub"), now_ms};
    const struct install what = {&reader, cli->args->operand[0], into};
    if (err == OK)
        err = install_release(&what, &version, fault);
    const bool repeated = err == ERR_REPEAT;
    if (repeated)
        err = OK;
    if (err == OK && cli->json)
        fprintf(cli->world->out, "{\"version\":%llu,\"repeated\":%s}\n",
                (unsigned long long)version, repeated ? "true" : "false");
    else if (err == OK)
        fprintf(cli->world->out, "%s：第 %llu 版%s / version %llu %s\n", into,
                (unsigned long long)version, repeated ? "此前已安装" : "已安装",
                (unsigned long long)version, repeated ? "was installed before" : "is installed");
    registry_close(&registry);
    return err;
}
