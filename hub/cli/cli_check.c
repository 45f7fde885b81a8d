/* lianshu check: what the adapter's own mirror says of somebody; the hub is not asked. */
#include "adapters/sdk/sdk_mirror.h"
#include "base/hex.h"
#include "cli/show.h"
#include "cli/site.h"
#include "cli/subject.h"
#include "cli/words.h"
#include "net/place.h"

#include <stdlib.h>
#include <string.h>

static struct json *restrictions(const struct sdk_mirror_answer *a)
{
    struct json *list = json_list();
    for (size_t i = 0; i < a->line_count; i++) {
        const struct sdk_restriction *line = &a->line[i];
        char order[2 * SDK_ID_LEN + 1];
        struct json *row = json_map();
        hex_encode(span_of(line->order_id, SDK_ID_LEN), order);
        json_put_text(row, "measure", line->measure);
        json_put_text(row, "force", force_word(line->force));
        json_put_text(row, "order", order);
        json_put_uint(row, "version", line->order_version);
        json_put_text(row, "list", line->list);
        json_put_text(row, "rule", line->rule);
        json_put_text(row, "basis", line->basis);
        json_put_text(row, "scope", line->scope);
        json_put_date(row, "start_date", line->start_date);
        json_put_date(row, "end_date", line->end_date);
        json_add(list, row);
    }
    return list;
}

static enum err show(const struct cli *cli, const struct sdk_mirror_answer *a)
{
    enum { SECOND = 1000 };
    struct json *j = json_map();
    json_put_text(j, "verdict", sdk_mirror_verdict_word(a->verdict));
    json_put_text(j, "mirror", sdk_mirror_state_word(a->state));
    json_put_ms(j, "as_of", a->as_of_ms);
    json_put_ms(j, "others_known", a->known_ms);
    json_put_uint(j, "age_s", a->state == SDK_MIRROR_ABSENT ? 0 : a->age_ms / SECOND);
    json_put_uint(j, "generation", a->generation);
    json_put_uint(j, "log_size", a->log_size);
    json_put_uint(j, "unnamed", a->unnamed);
    json_put_flag(j, "more", a->more);
    json_put(j, "restrictions", restrictions(a));
    const enum err err = show_result(cli, j);
    json_close(&j);
    return err;
}

enum err cli_check(const struct cli *cli, struct fault *fault)
{
    struct site_adapter conf;
    struct subject_line subject;
    struct sdk_mirror *mirror = NULL;
    static const int status[] = {
        [SDK_MIRROR_UNKNOWN] = CLI_UNKNOWN,
        [SDK_MIRROR_CLEAN] = CLI_DONE,
        [SDK_MIRROR_RESTRICTED] = CLI_RESTRICTED,
    };
    enum err err = subject_read(cli, &subject, fault);
    if (err == OK)
        err = site_adapter_read(args_value(cli->args, "adapter"), &conf, fault);
    if (err != OK)
        return err;
    struct sdk_mirror_answer *answer = calloc(1, sizeof *answer);
    const struct sdk_mirror_config config = {conf.member, conf.key_file, conf.passphrase_file,
                                             conf.state_dir};
    err = answer == NULL ? ERR_NO_MEMORY : sdk_mirror_open(&mirror, &config, fault);
    if (err == OK)
        err = sdk_mirror_check(mirror, (uint32_t)subject.kind, subject.id, cli->world->now_ms(),
                               answer);
    if (err == OK)
        err = show(cli, answer);
    if (err == OK)
        *cli->status = status[answer->verdict];
    sdk_mirror_close(&mirror);
    free(answer);
    return err;
}
