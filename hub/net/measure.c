#include "net/measure.h"

#include "base/file.h"
#include "base/hex.h"
#include "base/log.h"
#include "keys/hash.h"
#include "keys/release.h"

#include <stdlib.h>

enum { PROGRAM_BYTES_MAX = 256 << 20, CONFIG_BYTES_MAX = 1 << 20 };

static enum err hash_file(uint8_t out[static HASH_LEN], const char *path, size_t max,
                          struct fault *fault)
{
    uint8_t *bytes = NULL;
    size_t len;
    enum err err = file_read(path, max, 0, &bytes, &len, fault);
    if (err == OK)
        hash_bytes(out, span_of(bytes, len));
    free(bytes);
    return err;
}

static enum err check_release(const struct core_measured *measured, const struct hub_config *config,
                              const struct registry *registry, uint64_t now_ms)
{
    const struct release_reader reader = {registry, config->member, now_ms};
    uint8_t *bytes = NULL;
    size_t len;
    enum err err = file_read(config->release, RELEASE_MAX, 0, &bytes, &len, NULL);
    if (err == OK)
        err = release_check(&reader, span_of(bytes, len), "lianshu-hub", measured->program);
    free(bytes);
    return err;
}

enum err measure_take(struct core_measured *out, const struct hub_config *config,
                      const char *config_path, const struct registry *registry, uint64_t now_ms,
                      struct fault *fault)
{
    char hex[2 * HASH_LEN + 1];
    *out = (struct core_measured){.unlisted = false};
    enum err err = hash_file(out->program, "/proc/self/exe", PROGRAM_BYTES_MAX, fault);
    if (err == OK)
        err = hash_file(out->config, config_path, CONFIG_BYTES_MAX, fault);
    if (err != OK || config->release[0] == '\0')
        return err;
    err = check_release(out, config, registry, now_ms);
    out->unlisted = err != OK;
    hex_encode(span_of(out->program, HASH_LEN), hex);
    if (out->unlisted)
        log_error("program_unlisted", "code=%d sha256=%s", (int)err, hex);
    return OK;
}
