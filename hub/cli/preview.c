#include "cli/preview.h"

#include "cli/show.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define RECEIPT_END ".receipt.json"

enum err preview_name(const char *name, uint64_t now_ms, char *out, size_t cap, struct fault *fault)
{
    const char *dot = strrchr(name, '.');
    if (dot == NULL || (strcmp(dot, ".json") != 0 && strcmp(dot, ".csv") != 0))
        return fault_set(fault, ERR_USAGE, 0, "FILE", "a .json or .csv file");
    int n = snprintf(out, cap, "%.*s.%" PRIu64 ".preview%s", (int)(dot - name), name, now_ms, dot);
    return n > 0 && (size_t)n < cap ? OK : fault_set(fault, ERR_USAGE, 0, "FILE", "a shorter name");
}

/* The answer to one record. */
static enum err fetch(const struct await *a, const struct await_watch *watch, uint64_t wait_ms,
                      const struct json *message, const char *place, struct json **answer,
                      struct fault *fault)
{
    char path[AWAIT_PATH_MAX];
    uint64_t row = 0;
    const size_t stem = strlen(place) - (sizeof RECEIPT_END - 1);
    (void)json_uint(json_get(message, "row"), &row); /* a receipt always has it */
    int n = snprintf(path, sizeof path, "%.*s.answer.%" PRIu64 ".json", (int)stem, place, row);
    if (n < 0 || (size_t)n >= sizeof path)
        return fault_set(fault, ERR_FIELD_LONG, 0, place, "path: at most %d bytes",
                         AWAIT_PATH_MAX - 1);
    return await_file(a, path, wait_ms, watch, answer, fault);
}

static void print_verdict(FILE *to, const struct json *answer, bool passes)
{
    const char *code = json_get_text(answer, "code");
    const char *zh = json_get_text(answer, "zh");
    const char *en = json_get_text(answer, "en");
    fputs(passes ? "可以办理 / it would pass" : "不能办理 / it would be refused or held", to);
    if (code != NULL)
        fprintf(to, ": %s %s / %s", code, zh == NULL ? "" : zh, en == NULL ? "" : en);
    fputc('\n', to);
}

static enum err print(const struct cli *cli, const struct json *answers, bool passes)
{
    if (cli->json) {
        struct json *out = json_map();
        json_put_flag(out, "passes", passes);
        json_put(out, "answers", json_clone(answers));
        const enum err err = show_json(cli->world->out, out);
        json_close(&out);
        return err;
    }
    for (size_t i = 0; i < json_count(answers); i++) {
        static const char *const shown[] = {"grounds",   "obligations", "members", "unassigned",
                                            "conflicts", "more",        "time"};
        const struct json *answer = json_item(answers, i);
        struct json *rest = json_map();
        const bool one = json_flag(json_get(answer, "passes"));
        if (json_count(answers) > 1)
            fprintf(cli->world->out, "%zu. ", i + 1);
        print_verdict(cli->world->out, answer, one);
        for (size_t k = 0; k < sizeof shown / sizeof shown[0]; k++) {
            const struct json *value = json_get(answer, shown[k]);
            if (value != NULL)
                json_put(rest, shown[k], json_clone(value));
        }
        show_words(cli->world->out, rest);
        json_close(&rest);
    }
    fputs("仅为预查，未发送任何单据 / only asked: nothing was sent\n", cli->world->out);
    return OK;
}

enum err preview_show(const struct cli *cli, const struct await *a, const struct await_watch *watch,
                      uint64_t wait_ms, const struct json *receipt, const char *place,
                      struct fault *fault)
{
    const struct json *messages = json_get(receipt, "messages");
    struct json *answers = json_list();
    bool passes = true;
    enum err err = OK;
    for (size_t i = 0; err == OK && i < json_count(messages); i++) {
        struct json *answer = NULL;
        err = fetch(a, watch, wait_ms, json_item(messages, i), place, &answer, fault);
        if (err != OK)
            break;
        passes = passes && json_flag(json_get(answer, "passes"));
        json_add(answers, answer);
    }
    if (watch->over != NULL)
        watch->over(watch->ctx);
    if (err == OK)
        err = print(cli, answers, passes);
    if (err == OK)
        *cli->status = passes ? CLI_DONE : CLI_RESTRICTED;
    json_close(&answers);
    return err;
}
