/* The roots of a realm: the anchor that everybody gets, and its rotation. */
#include "cli/cli.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/hex.h"
#include "cli/show.h"
#include "cli/signing.h"
#include "keys/root.h"

#include <stdlib.h>

enum { VALID_DAYS_DEFAULT = 1825, VALID_DAYS_MAX = 3660 };

static enum err show_anchor(const struct cli *cli, const struct anchor *anchor)
{
    struct json *j = json_map();
    struct json *roots = json_list();
    for (unsigned i = 0; i < anchor->root_count; i++) {
        char member[MEMBER_MAX + 1];
        char text[2 * KEY_PUBLIC_LEN + 1];
        struct json *row = json_map();
        anchor_member(i + 1, member);
        hex_encode(span_of(anchor->root[i], KEY_PUBLIC_LEN), text);
        json_put_text(row, "member", member);
        json_put_text(row, "public", text);
        json_add(roots, row);
        if (!cli->json)
            fprintf(cli->world->out, "%-16s %s\n", member, text);
    }
    json_put_text(j, "realm", anchor->realm);
    json_put_uint(j, "number", anchor->number);
    json_put_uint(j, "threshold", anchor->threshold);
    json_put(j, "roots", roots);
    enum err err = OK;
    if (cli->json)
        err = show_json(cli->world->out, j);
    else
        fprintf(cli->world->out, "域 / realm: %s\n编号 / number: %u\n须签 / must sign: %u / %u\n",
                anchor->realm, anchor->number, anchor->threshold, anchor->root_count);
    json_close(&j);
    return err;
}

/* Realm, number and threshold are the caller's. */
static enum err read_roots(struct anchor *out, const struct args *args, struct fault *fault)
{
    size_t count;
    uint64_t threshold;
    enum err err =
        signing_public(args, "root", KEY_USE_ROOT, out->root, ANCHOR_ROOT_MAX, &count, fault);
    if (err == OK)
        err = args_number(args, "threshold", 1, count == 0 ? 1 : count, count, &threshold, fault);
    if (err != OK)
        return err;
    out->root_count = (unsigned)count;
    out->threshold = (unsigned)threshold;
    return OK;
}

enum err cli_root_create(const struct cli *cli, struct fault *fault)
{
    const struct args *args = cli->args;
    const char *realm = args_value(args, "realm");
    struct anchor anchor = {.number = 1};
    struct anchor back;
    if (strlen(realm) > REALM_LEN_MAX)
        return fault_set(fault, ERR_USAGE, 0, "--realm", "at most %d characters", REALM_LEN_MAX);
    snprintf(anchor.realm, sizeof anchor.realm, "%s", realm);
    enum err err = read_roots(&anchor, args, fault);
    if (err == OK)
        err = anchor_write(&anchor, args_value(args, "out"), false, fault);
    if (err == OK)
        err = anchor_read(&back, args_value(args, "out"), fault);
    return err == OK ? show_anchor(cli, &back) : err;
}

enum err cli_root_show(const struct cli *cli, struct fault *fault)
{
    struct anchor anchor;
    enum err err = anchor_read(&anchor, cli->args->operand[0], fault);
    return err == OK ? show_anchor(cli, &anchor) : err;
}

enum err cli_root_rotate(const struct cli *cli, struct fault *fault)
{
    const struct args *args = cli->args;
    const struct entropy entropy = entropy_system();
    struct signing signing = {.key_count = 0};
    struct anchor from, to = {.number = 0};
    uint64_t days;
    enum err err = anchor_read(&from, args_value(args, "anchor"), fault);
    if (err == OK)
        err = read_roots(&to, args, fault);
    if (err == OK)
        err = args_number(args, "valid-days", 1, VALID_DAYS_MAX, VALID_DAYS_DEFAULT, &days, fault);
    if (err == OK)
        err = signing_open(&signing, args, "key", KEY_USE_ROOT, true, fault);
    if (err != OK)
        return err;
    const uint64_t now = cli->world->now_ms();
    const struct root_make make = {
        .from = &from,
        .to = &to,
        .keys = signing.key,
        .key_count = signing.key_count,
        .later = (const uint8_t(*)[KEY_PUBLIC_LEN])signing.later,
        .later_count = signing.later_count,
        .now_ms = now,
        .valid_until_ms = now + days * (uint64_t)DAY_MS,
        .entropy = &entropy,
    };
    uint8_t *bytes = malloc(FRAME_DOCUMENT_FRAME_MAX);
    struct writer out = writer_of(bytes, FRAME_DOCUMENT_FRAME_MAX);
    err = bytes == NULL ? ERR_NO_MEMORY : root_rotate(&make, &out, fault);
    if (err == OK)
        err = file_write(args_value(args, "out"), writer_span(&out), 0644, FILE_NEW, fault);
    free(bytes);
    signing_close(&signing);
    if (err != OK)
        return err;
    if (cli->json)
        fprintf(cli->world->out, "{\"number\":%u,\"waits_for\":%zu}\n", from.number + 1,
                make.later_count);
    else
        fprintf(cli->world->out, "根更换 %u → %u；尚待 %zu 人签署 / rotation; %zu more must sign\n",
                from.number, from.number + 1, make.later_count, make.later_count);
    return OK;
}

enum err cli_root_accept(const struct cli *cli, struct fault *fault)
{
    const char *path = cli->args->operand[0];
    struct anchor anchor;
    uint8_t *data = NULL;
    size_t len;
    enum err err = anchor_read(&anchor, path, fault);
    if (err == OK)
        err = file_read(cli->args->operand[1], FRAME_DOCUMENT_FRAME_MAX, 0, &data, &len, fault);
    if (err == OK)
        err = root_accept(&anchor, span_of(data, len), cli->world->now_ms(), &anchor, fault);
    free(data);
    if (err == OK)
        err = anchor_write(&anchor, path, true, fault);
    return err == OK ? show_anchor(cli, &anchor) : err;
}
