/* What the hub gives up before it opens anything: base/sandbox.h. */
#include "net/hub.h"

#include "base/file.h"
#include "base/log.h"
#include "base/sandbox.h"
#include "keys/keyfile.h"
#include "net/config.h"

#include <stdlib.h>
#include <unistd.h>

enum { FIXED_PLACES = 12 };

static enum err confine(const struct hub_config *config, const char *config_path, bool check,
                        struct fault *fault)
{
    log_open(STDERR_FILENO, config->log_level);
    struct sandbox_place places[FIXED_PLACES + PLACE_SANDBOX_MAX] = {
        {config_path, SANDBOX_READ | SANDBOX_BESIDE},
        {private_file_place(config->key_file), SANDBOX_READ},
        {private_file_place(config->passphrase_file), SANDBOX_READ},
        {config->anchor, SANDBOX_READ},
        {config->registry, SANDBOX_WRITE | SANDBOX_BESIDE}, /* a newer one may come over a link */
        {config->rules, SANDBOX_READ | SANDBOX_BESIDE},     /* and the sets that are tried */
        {config->regions, SANDBOX_READ},
        {config->calendar, SANDBOX_READ | SANDBOX_BESIDE}, /* another year comes as another file */
        {config->control_socket, SANDBOX_WRITE | SANDBOX_BESIDE},
        {config->state_dir, SANDBOX_WRITE},
        {config->release, SANDBOX_READ | SANDBOX_BESIDE},
        {"/proc/self/exe", SANDBOX_READ}, /* it is measured */
    };
    const enum err err = check ? OK : file_private_dir(config->state_dir, 0700, fault);
    if (err != OK)
        return err;
    const size_t count = place_list_allow(&config->token_paths, places, FIXED_PLACES);
    return sandbox_enter(SANDBOX_HUB, places, count, fault);
}

enum err hub_confine(const char *config_path, bool check, struct local_readers *auditors,
                     struct fault *fault)
{
    /* Not on the stack, whose pages would stay. */
    struct hub_config *config = malloc(sizeof *config);
    if (config == NULL)
        return ERR_NO_MEMORY;
    enum err err = hub_config_read(config, config_path, fault);
    if (err == OK)
        err = hub_config_auditors(config, auditors, fault);
    if (err == OK)
        err = confine(config, config_path, check, fault);
    free(config);
    return err;
}
