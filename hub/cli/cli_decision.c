/* Recorded decisions made again by the running hub, step by step. */
#include "cli/ask.h"
#include "cli/show.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    STEP = 128,            /* decisions of one question: the hub does nothing else meanwhile */
    COUNT_DEFAULT = 10000, /* the oldest that many, unless said otherwise */
    MISSING_MAX = 8,
};

struct totals {
    uint64_t checked, same, erased, other_rules, differing, total;
    uint64_t next;
    bool end;
    struct json *missing; /* rule sets that the archive does not have */
};

static void add_difference(struct json *rows, const struct json *found)
{
    static const char *const texts[] = {"type", "time", "why", "code"};
    struct json *row = json_map();
    json_put_uint(row, "seq", ask_number(found, "seq"));
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const char *text = json_get_text(found, texts[i]);
        json_put_text(row, texts[i], text != NULL ? text : "");
    }
    json_add(rows, row);
}

static void add_missing(struct json *list, const char *hash)
{
    for (size_t i = 0; hash != NULL && i < json_count(list); i++) {
        if (strcmp(json_text(json_item(list, i)), hash) == 0)
            return;
    }
    if (hash != NULL && json_count(list) < MISSING_MAX)
        json_add_text(list, hash);
}

static enum err ask_step(const struct cli *cli, struct totals *t, uint64_t count, struct json *rows,
                         struct fault *fault)
{
    struct json *request = json_map();
    struct json *answer = NULL;
    char *text = NULL;
    json_put_text(request, "cmd", "decision.verify");
    json_put_uint(request, "since", t->next);
    json_put_uint(request, "count", count);
    enum err err = ask_hub(cli, request, &text, &answer, fault);
    if (err != OK)
        return err;
    t->checked += ask_number(answer, "checked");
    t->same += ask_number(answer, "same");
    t->erased += ask_number(answer, "erased");
    t->other_rules += ask_number(answer, "other_rules");
    t->differing += ask_number(answer, "differing");
    t->total = ask_number(answer, "total");
    t->next = ask_number(answer, "next");
    t->end = json_flag(json_get(answer, "end"));
    const struct json *missing = json_get(answer, "missing_rules");
    for (size_t i = 0; i < json_count(missing); i++)
        add_missing(t->missing, json_text(json_item(missing, i)));
    const struct json *found = json_get(answer, "differences");
    for (size_t i = 0; i < json_count(found); i++)
        add_difference(rows, json_item(found, i));
    free(text);
    json_close(&answer);
    return OK;
}

static void show_progress(const struct cli *cli, const struct totals *t)
{
    if (!isatty(fileno(cli->world->err)))
        return;
    fprintf(cli->world->err, "\r%" PRIu64 " / %" PRIu64, t->checked, t->total);
    if (t->end)
        fputc('\n', cli->world->err);
    fflush(cli->world->err);
}

/* Takes rows over. */
static struct json *report(const struct totals *t, struct json *rows)
{
    struct json *j = json_map();
    json_put_uint(j, "checked", t->checked);
    json_put_uint(j, "same", t->same);
    json_put_uint(j, "erased", t->erased);
    json_put_uint(j, "other_rules", t->other_rules);
    json_put_uint(j, "differing", t->differing);
    json_put_uint(j, "total", t->total);
    json_put_uint(j, "next", t->next);
    json_put(j, "differences", rows);
    json_put(j, "missing_rules", json_clone(t->missing));
    return j;
}

/* Takes result over. */
static enum err conclude(const struct cli *cli, const struct totals *t, struct json *result,
                         struct fault *fault)
{
    if (t->differing == 0 && t->other_rules == 0) {
        const enum err err = show_result(cli, result);
        json_close(&result);
        return err;
    }
    const struct json *first = json_item(json_get(result, "differences"), 0);
    if (t->differing > 0)
        (void)fault_set(fault, ERR_REEXECUTION, 0, "decision",
                        "%" PRIu64 " differ, the first: log entry %" PRIu64 ", %s %s", t->differing,
                        ask_number(first, "seq"), json_get_text(first, "why"),
                        json_get_text(first, "code"));
    cli_refuse_with(cli, result);
    if (t->differing > 0)
        return ERR_REEXECUTION;
    return fault_set(fault, ERR_RULE_ARCHIVE, 0, "state_dir/rules",
                     "%" PRIu64 " decisions not made again", t->other_rules);
}

enum err cli_decision_verify(const struct cli *cli, struct fault *fault)
{
    struct totals t = {0};
    uint64_t left;
    enum err err = args_number(cli->args, "since", 0, INT64_MAX, 0, &t.next, fault);
    if (err == OK)
        err = args_number(cli->args, "count", 1, INT64_MAX, COUNT_DEFAULT, &left, fault);
    if (err != OK)
        return err;
    if (args_flag(cli->args, "all"))
        left = UINT64_MAX;
    struct json *rows = json_list();
    t.missing = json_list();
    while (err == OK && left > 0 && !t.end) {
        const uint64_t before = t.checked;
        err = ask_step(cli, &t, left < STEP ? left : STEP, rows, fault);
        left -= t.checked - before;
        if (err == OK)
            show_progress(cli, &t);
    }
    if (err == OK)
        err = conclude(cli, &t, report(&t, rows), fault);
    else
        json_close(&rows);
    json_close(&t.missing);
    return err;
}
