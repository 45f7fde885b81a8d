#include "net/measure.h"

#include "base/file.h"
#include "base/hex.h"
#include "base/log.h"
#include "keys/hash.h"
#include "keys/release_log.h"
#include "keys/tlog_proof.h"

#include <stdio.h>
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

/* Two officials have signed the list, and it has this program. */
static enum err check_list(const struct release_reader *reader, struct span list,
                           const uint8_t program[static HASH_LEN])
{
    const enum err err = release_check(reader, list, "lianshu-hub", program);
    return err == ERR_NOT_FOUND ? ERR_RELEASE_FILE : err;
}

/* The list is an entry of our log, by the proof beside it. */
static enum err check_entry(const struct release_reader *reader, const struct hub_config *config,
                            struct span list)
{
    char path[PLACE_MAX + sizeof RELEASE_PROOF];
    struct release_place place;
    uint8_t *bytes = NULL;
    size_t len = 0;
    struct witness_policy *policy = calloc(1, sizeof *policy);
    if (policy == NULL)
        return ERR_NO_MEMORY;
    cosign_policy(policy, reader->registry, reader->member);
    policy->needed = (unsigned)config->witness_needed;
    snprintf(path, sizeof path, "%s%s", config->release, RELEASE_PROOF);
    enum err err = file_read(path, TLOG_PROOF_MAX, 0, &bytes, &len, NULL);
    if (err == OK)
        err = release_proven(reader, policy, list, span_of(bytes, len), &place);
    else if (err == ERR_NOT_FOUND)
        err = ERR_RELEASE_LOG;
    free(bytes);
    free(policy);
    return err;
}

static enum err check_release(const struct core_measured *measured, const struct hub_config *config,
                              const struct registry *registry, uint64_t now_ms)
{
    const struct release_reader reader = {registry, config->member, now_ms};
    uint8_t *bytes = NULL;
    size_t len = 0;
    enum err err = file_read(config->release, RELEASE_MAX, 0, &bytes, &len, NULL);
    const struct span list = span_of(bytes, len);
    if (err == OK)
        err = check_list(&reader, list, measured->program);
    if (err == OK)
        err = check_entry(&reader, config, list);
    free(bytes);
    return err;
}

enum err measure_take(struct core_measured *out, const struct hub_config *config,
                      const char *config_path, const struct registry *registry, uint64_t now_ms,
                      struct fault *fault)
{
    char hex[2 * HASH_LEN + 1];
    *out = (struct core_measured){.unlisted = OK};
    enum err err = hash_file(out->program, "/proc/self/exe", PROGRAM_BYTES_MAX, fault);
    if (err == OK)
        err = hash_file(out->config, config_path, CONFIG_BYTES_MAX, fault);
    if (err != OK || config->release[0] == '\0')
        return err;
    out->unlisted = check_release(out, config, registry, now_ms);
    hex_encode(span_of(out->program, HASH_LEN), hex);
    if (out->unlisted != OK)
        log_error("program_unlisted", "code=%d sha256=%s", (int)out->unlisted, hex);
    return OK;
}
