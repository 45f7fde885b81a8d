/*
 * Target: the loaders of hub.yaml, signer.yaml, adapter.yaml, a department's map, an anchor, a
 * calendar, a policy of witnesses.
 * Corpus: tests/fuzz/corpus/settings.
 * Input: u8 loader ‖ text of the file.
 *
 * Holds for every input: what is refused names the file, and a line when it is about a line.
 */
#include "fuzz/scratch_file.h"

#include "adapters/runtime/config.h"
#include "adapters/runtime/map.h"
#include "base/calendar.h"
#include "keys/cosign.h"
#include "keys/registry.h"
#include "net/config.h"
#include "signer/config.h"

#include <string.h>

static enum err hub(const char *path, struct span text, struct fault *fault)
{
    static struct hub_config config;
    (void)text;
    return hub_config_read(&config, path, fault);
}

static enum err signer(const char *path, struct span text, struct fault *fault)
{
    static struct signer_config config;
    (void)text;
    return signer_config_read(&config, path, fault);
}

static enum err adapter(const char *path, struct span text, struct fault *fault)
{
    static struct config config;
    (void)text;
    return config_read(&config, path, fault);
}

/* A department's own file and, behind a 0, the one that it may include. */
static enum err map(const char *path, struct span text, struct fault *fault)
{
    char place[SCRATCH_PATH_MAX];
    struct map *m = NULL;
    struct span shared = text;
    const struct span own = until_zero(&shared);
    (void)path;
    scratch_path(place, "map.yaml");
    scratch_write(place, own);
    scratch_path(place, "shared.yaml");
    scratch_write(place, shared);
    const enum err err = map_open(&m, scratch_dir(), "market.445100", fault);
    map_close(&m);
    return err;
}

static enum err anchor(const char *path, struct span text, struct fault *fault)
{
    static struct anchor a;
    (void)text;
    return anchor_read(&a, path, fault);
}

static enum err calendar(const char *path, struct span text, struct fault *fault)
{
    struct calendar *c = NULL;
    const enum err err = calendar_parse(&c, text, path, fault);
    calendar_close(&c);
    return err;
}

static enum err witnesses(const char *path, struct span text, struct fault *fault)
{
    static struct witness_policy policy;
    (void)text;
    return cosign_policy_read(&policy, path, fault);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static enum err (*const loaders[])(const char *, struct span, struct fault *) = {
        hub, signer, adapter, map, anchor, calendar, witnesses};
    char path[SCRATCH_PATH_MAX];
    struct fault fault = {.err = OK};
    if (len < 1)
        return 0;
    const struct span text = span_of(data + 1, len - 1);
    scratch_path(path, "settings");
    scratch_write(path, text);
    const enum err err =
        not_internal(loaders[data[0] % (sizeof loaders / sizeof *loaders)](path, text, &fault));
    must(err == OK || (fault.err == err && fault.where[0] != '\0'));
    return 0;
}
