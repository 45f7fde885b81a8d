#include "cli/steps.h"

#include "cli/show.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *word, *zh;
} WORDS[] = {{"sealing", "密封"}, {"sending", "发送"}};

void steps_open(struct steps *s, const struct cli *cli, const char *dir, const char *name)
{
    *s = (struct steps){.name = name};
    if (cli->json)
        s->json = cli->world->out;
    else if (isatty(fileno(cli->world->err)) == 1)
        s->tty = cli->world->err;
    int n = snprintf(s->path, sizeof s->path, "%s/progress.json", dir);
    if (n < 0 || (size_t)n >= sizeof s->path)
        s->path[0] = '\0'; /* nothing to look at */
}

/* Takes step over. */
static void say(struct steps *s, struct json *step)
{
    if (show_json(s->json, step) == OK)
        fflush(s->json);
    json_close(&step);
}

void steps_put(struct steps *s, const char *file, uint64_t bytes)
{
    if (s->json == NULL)
        return;
    struct json *step = json_map();
    json_put_text(step, "step", "put");
    json_put_text(step, "file", file);
    json_put_uint(step, "bytes", bytes);
    say(s, step);
}

static void tell(struct steps *s, const struct json *now, size_t word, uint64_t bytes,
                 uint64_t total)
{
    if (s->json != NULL) {
        const char *root = json_get_text(now, "root");
        struct json *step = json_map();
        json_put_text(step, "step", WORDS[word].word);
        if (root != NULL)
            json_put_text(step, "root", root);
        json_put_uint(step, "bytes", bytes);
        json_put_uint(step, "total", total);
        say(s, step);
    } else {
        fprintf(s->tty, "\r%s / %s %" PRIu64 " / %" PRIu64 " B  %d %%\033[K", WORDS[word].zh,
                WORDS[word].word, bytes, total,
                total == 0 ? 100 : (int)((double)bytes / (double)total * 100.0));
        s->shown = true;
    }
}

/* True when the adapter is at an attachment of this record. */
static bool look_at_file(struct steps *s)
{
    struct json *now = NULL;
    uint64_t bytes = 0;
    uint64_t total = 0;
    bool found = false;

    if (s->path[0] == '\0' || json_open(&now, s->path, NULL) != OK)
        return false;
    const char *file = json_get_text(now, "file");
    const char *phase = json_get_text(now, "phase");
    if (file != NULL && phase != NULL && strcmp(file, s->name) == 0 &&
        json_uint(json_get(now, "bytes"), &bytes) && json_uint(json_get(now, "total"), &total)) {
        for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++) {
            if (strcmp(phase, WORDS[i].word) != 0)
                continue;
            found = bytes < total;
            if (strcmp(s->word, phase) != 0 || s->bytes != bytes)
                tell(s, now, i, bytes, total);
            snprintf(s->word, sizeof s->word, "%s", WORDS[i].word);
            s->bytes = bytes;
        }
    }
    json_close(&now);
    return found;
}

void steps_look(void *ctx, uint64_t waited_ms)
{
    struct steps *s = ctx;
    if ((s->json == NULL && s->tty == NULL) || look_at_file(s))
        return;
    if (s->tty != NULL) {
        fprintf(s->tty, "\r等待 / waiting … %" PRIu64 "s\033[K", waited_ms / 1000);
        s->shown = true;
    } else if (strcmp(s->word, "waiting") != 0) {
        struct json *step = json_map();
        json_put_text(step, "step", "waiting");
        snprintf(s->word, sizeof s->word, "waiting");
        say(s, step);
    }
}

void steps_over(void *ctx)
{
    struct steps *s = ctx;
    if (s->shown)
        fprintf(s->tty, "\n");
    s->shown = false;
}
