/* lianshu evidence disclose: at a member's own site, the frame of one message and the key of one of
 * its parts, as files of an evidence bundle; and what was disclosed, for ever in the site's list.
 */
#include "adapters/sdk/sdk_archive.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/hex.h"
#include "cli/evidence.h"
#include "cli/show.h"
#include "cli/site.h"
#include "net/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PART_NONE = FRAME_PARTS_MAX, LINE_ROOM = 256 };

/* On disk before the key is: what was disclosed cannot be taken back. */
static enum err note_it(const struct cli *cli, const struct site_adapter *conf, const char *hex,
                        unsigned part, struct fault *fault)
{
    char path[PLACE_MAX + 16];
    char line[LINE_ROOM];
    char time[CLOCK_TEXT_LEN + 1];
    clock_format(cli->world->now_ms(), time);
    snprintf(path, sizeof path, "%s/disclosed.log", conf->state_dir);
    const int len =
        part == PART_NONE
            ? snprintf(line, sizeof line, "%s event=disclosed envelope=%s part=none uid=%u\n", time,
                       hex, (unsigned)geteuid())
            : snprintf(line, sizeof line, "%s event=disclosed envelope=%s part=%u uid=%u\n", time,
                       hex, part, (unsigned)geteuid());
    const int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fault_set(fault, file_errno(errno), 0, path, "what is disclosed is noted there");
    const bool good = write(fd, line, (size_t)len) == len && fsync(fd) == 0;
    close(fd);
    return good ? OK : fault_set(fault, ERR_IO, 0, path, "what is disclosed is noted there");
}

static enum err add_key(struct sdk_archive *archive, const char *hex, unsigned part,
                        struct bundle *b)
{
    char name[BUNDLE_NAME_MAX + 1];
    uint8_t dek[SEAL_DEK_LEN];
    enum err err = sdk_archive_key(archive, part, dek);
    snprintf(name, sizeof name, "disclosed/%s-%u.dek", hex, part);
    if (err == OK)
        err = bundle_add(b, name, span_of(dek, sizeof dek));
    explicit_bzero(dek, sizeof dek);
    return err;
}

static void warn(const struct cli *cli, unsigned part)
{
    fputs(part == PART_NONE ? "已导出信封；其内容未披露 / the frame was written; nothing of its "
                              "contents is disclosed\n"
                            : "注意：持有该文件者可阅读此部分的全部内容，不可收回 / "
                              "Take care: whoever has this file can read all of that part; it "
                              "cannot be taken back\n",
          cli->world->err);
}

static enum err disclose(const struct cli *cli, const struct site_adapter *conf,
                         struct sdk_archive *archive, unsigned part, struct fault *fault)
{
    uint8_t id[SDK_ID_LEN];
    char hex[2 * HASH_LEN + 1];
    char name[BUNDLE_NAME_MAX + 1];
    struct sdk_archived found;
    struct bundle *b = NULL;
    const char *out = args_value(cli->args, "out");
    if (!hex_decode(cli->args->operand[0], id, sizeof id))
        return fault_set(fault, ERR_USAGE, 0, "MESSAGE_ID", "32 lower-case hexadecimal digits");
    enum err err = sdk_archive_find(archive, id, &found);
    if (err != OK)
        return fault_set(fault, err, 0, "MESSAGE_ID", "the archive of this adapter");
    hex_encode(span_of(found.env_id, HASH_LEN), hex);
    snprintf(name, sizeof name, "envelopes/%s.lse", hex);
    err = bundle_open(&b);
    if (err == OK)
        err = bundle_add(b, name, found.frame);
    if (err == OK && part != PART_NONE && (err = add_key(archive, hex, part, b)) != OK)
        (void)fault_set(fault, err, 0, "--part", "a part that this member may read");
    if (err == OK && access(out, F_OK) == 0)
        err = fault_set(fault, ERR_EXISTS, 0, out, "a new directory is made");
    if (err == OK)
        err = note_it(cli, conf, hex, part, fault);
    if (err == OK)
        err = evidence_pack_write(b, out, fault);
    bundle_close(&b);
    return err;
}

enum err cli_evidence_disclose(const struct cli *cli, struct fault *fault)
{
    struct site_adapter conf;
    struct sdk_archive *archive = NULL;
    uint64_t part;
    enum err err = args_number(cli->args, "part", 0, FRAME_PARTS_MAX - 1, PART_NONE, &part, fault);
    if (err == OK)
        err = site_adapter_read(args_value(cli->args, "adapter"), &conf, fault);
    if (err != OK)
        return err;
    const struct sdk_mirror_config config = {conf.member, conf.key_file, conf.passphrase_file,
                                             conf.state_dir};
    err = sdk_archive_open(&archive, &config, fault);
    if (err == OK)
        err = disclose(cli, &conf, archive, (unsigned)part, fault);
    if (err == OK)
        warn(cli, (unsigned)part);
    sdk_archive_close(&archive);
    return err;
}
