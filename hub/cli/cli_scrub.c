/* Is the log as it was written, and what was done to the hub; the list of released programs. */
#include "cli/ask.h"
#include "cli/copy.h"

#include "base/file.h"
#include "check.h"
#include "keys/keyfile.h"
#include "keys/release.h"

#include <stdlib.h>
#include <string.h>

enum err cli_log_scrub(const struct cli *cli, struct fault *fault)
{
    const char *path = args_value(cli->args, "offline");
    uint64_t entries;
    if (path == NULL)
        return ask_print(cli, ask_request("log.scrub"), fault);
    enum err err = copy_scrub(path, &entries, fault);
    if (err != OK)
        return err;
    if (cli->json)
        fprintf(cli->world->out, "{\"checked\":%llu}\n", (unsigned long long)entries);
    else
        fprintf(cli->world->out, "日志 %llu 条，全部无误 / %llu entries, each as it was written\n",
                (unsigned long long)entries, (unsigned long long)entries);
    return OK;
}

enum err cli_log_admin(const struct cli *cli, struct fault *fault)
{
    uint64_t since;
    enum err err = args_number(cli->args, "since", 0, INT64_MAX, 0, &since, fault);
    if (err != OK)
        return err;
    struct json *request = ask_request("log.admin");
    json_put_uint(request, "since", since);
    return ask_print(cli, request, fault);
}

static enum err add_signature(const struct cli *cli, const struct keyring *ring, const char *file,
                              struct fault *fault)
{
    const struct key *key = keyring_find(ring, KEY_USE_OFFICIAL);
    uint8_t *list = NULL;
    uint8_t signed_list[RELEASE_MAX];
    struct writer w = writer_of(signed_list, sizeof signed_list);
    size_t len;
    if (key == NULL)
        return fault_set(fault, ERR_KEY_USE, 0, args_value(cli->args, "key"),
                         "no key of an official");
    enum err err = file_read(file, RELEASE_MAX, 0, &list, &len, fault);
    if (err == OK) {
        err = release_sign(span_of(list, len), args_value(cli->args, "realm"), key, &w);
        if (err != OK)
            (void)fault_set(fault, err, 0, file, "lines of sha256sum, then signatures");
    }
    free(list);
    return err == OK ? file_write(file, writer_span(&w), 0644, 0, fault) : err;
}

enum err cli_release_sign(const struct cli *cli, struct fault *fault)
{
    struct passphrase *passphrase = NULL;
    struct keyring *ring = NULL;
    const char *file = cli->args->operand[0];
    if (!realm_valid(args_value(cli->args, "realm")))
        return fault_set(fault, ERR_USAGE, 0, "--realm", "letters, digits and -, at most 16");
    enum err err = passphrase_read(&passphrase, args_value(cli->args, "passphrase-file"), fault);
    if (err == OK)
        err = keyfile_read(&ring, args_value(cli->args, "key"), passphrase, fault);
    passphrase_close(&passphrase);
    if (err == OK)
        err = add_signature(cli, ring, file, fault);
    keyring_close(&ring);
    if (err == OK)
        fprintf(cli->world->out, cli->json ? "{\"signed\":\"%s\"}\n" : "已签署 / signed: %s\n",
                file);
    return err;
}
