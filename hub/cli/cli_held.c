/* lianshu held inbox: what a member's adapter holds for two officials, read beside it. */
#include "adapters/sdk/sdk.h"
#include "base/clock.h"
#include "base/hex.h"
#include "base/yaml.h"
#include "catalogue.h"
#include "cli/cli.h"
#include "cli/show.h"
#include "net/place.h"

#include <stdio.h>

struct listing {
    const struct cli *cli;
    struct json *rows; /* NULL: text */
};

static enum err each(void *ctx, const struct sdk_held *held)
{
    const struct listing *l = ctx;
    const struct document_type *type = type_find(held->type);
    char id[2 * SDK_ID_LEN + 1];
    char time[CLOCK_TEXT_LEN + 1];
    hex_encode(span_of(held->message_id, SDK_ID_LEN), id);
    clock_format(held->held_ms, time);
    if (l->rows == NULL) {
        fprintf(l->cli->world->out, "%s %s %s %s\n", time, id, held->sender,
                type == NULL ? "?" : type->name);
        return OK;
    }
    struct json *row = json_map();
    json_put_text(row, "message_id", id);
    json_put_text(row, "sender", held->sender);
    json_put_text(row, "type", type == NULL ? "?" : type->name);
    json_put_text(row, "held", time);
    return json_add(l->rows, row) ? OK : ERR_NO_MEMORY;
}

static enum err read_state_dir(const char *path, char out[static PLACE_MAX], struct fault *fault)
{
    struct yaml *y = NULL;
    enum err err = yaml_open(&y, path, fault);
    if (err != OK)
        return err;
    err = place_read(yaml_root(y), "state_dir", false, path, out, PLACE_MAX, fault);
    yaml_close(&y);
    return err;
}

enum err cli_held_inbox(const struct cli *cli, struct fault *fault)
{
    char state_dir[PLACE_MAX];
    struct listing l = {.cli = cli, .rows = cli->json ? json_list() : NULL};
    enum err err = read_state_dir(args_value(cli->args, "adapter"), state_dir, fault);
    if (err == OK)
        err = sdk_held_beside(state_dir, each, &l, fault);
    if (err == OK && cli->json)
        err = show_json(cli->world->out, l.rows);
    json_close(&l.rows);
    return err;
}
