#include "cli/site.h"

#include "net/place.h"

_Static_assert((int)SITE_PATH_MAX == (int)PLACE_MAX, "a place fits");

enum err site_dir(const struct args *args, char out[static SITE_PATH_MAX], struct fault *fault)
{
    const char *spool = args_value(args, "spool");
    const char *config = args_value(args, "adapter");
    struct yaml *y = NULL;

    if ((spool == NULL) == (config == NULL))
        return fault_set(fault, ERR_USAGE, 0, "--spool",
                         "either --spool SITE_DIR or --adapter ADAPTER.yaml");
    if (spool != NULL)
        return snprintf(out, SITE_PATH_MAX, "%s", spool) < SITE_PATH_MAX
                   ? OK
                   : fault_set(fault, ERR_USAGE, 0, "--spool", "at most %d bytes",
                               SITE_PATH_MAX - 1);
    enum err err = yaml_open(&y, config, fault);
    if (err != OK)
        return err;
    err = place_read(yaml_root(y), "directory", false, config, out, SITE_PATH_MAX, fault);
    yaml_close(&y);
    return err;
}

enum err site_adapter_read(const char *path, struct site_adapter *out, struct fault *fault)
{
    struct yaml *y = NULL;
    enum err err = yaml_open(&y, path, fault);
    if (err != OK)
        return err;
    const struct yaml_node *root = yaml_root(y);
    const struct yaml_node *member;
    err = yaml_need(root, "member", YAML_KIND_SCALAR, &member, fault);
    if (err == OK)
        err = yaml_copy(member, out->member, sizeof out->member, fault);
    if (err == OK)
        err = place_read(root, "key_file", false, path, out->key_file, PLACE_MAX, fault);
    if (err == OK)
        err = place_read(root, "passphrase_file", false, path, out->passphrase_file, PLACE_MAX,
                         fault);
    if (err == OK)
        err = place_read(root, "state_dir", false, path, out->state_dir, PLACE_MAX, fault);
    yaml_close(&y);
    return err;
}
