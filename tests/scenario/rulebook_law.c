/* What must be the case by the lines of a play: who owes what, what stands against whom. */
#include "scenario/rulebook.h"

#include "scenario/naive.h"

#include <stdio.h>

static const char *text(const struct json *row, const char *key)
{
    const char *value = json_get_text(row, key);
    return value != NULL ? value : "";
}

static bool ended(const char *state)
{
    return strcmp(state, "lift_due") == 0 || strcmp(state, "lifted") == 0 ||
           strcmp(state, "cancelled") == 0;
}

bool rulebook_over(const struct owed_line *line, uint32_t today)
{
    return line->until[0] != '\0' && rulebook_number(line->until) < today;
}

static bool owes(const struct owed_line *line, const struct json *row)
{
    static const char *const words[] = {"", "must", "consider", "notify"};
    char member[48];
    uint64_t on = 99;
    snprintf(member, sizeof member, "%s ", text(row, "member"));
    (void)json_uint(json_get(row, "subject_index"), &on);
    return strcmp(line->measure, text(row, "measure")) == 0 && on == line->on &&
           strcmp(words[line->force], text(row, "force")) == 0 && strlen(member) > 1 &&
           strstr(line->who, member) != NULL && strcmp(line->until, text(row, "end_date")) == 0;
}

static size_t members_of(const struct owed_line *line)
{
    size_t count = 0;
    for (const char *at = line->who; (at = strchr(at, ' ')) != NULL; at++)
        count++;
    return count;
}

void rulebook_assert_owed(struct world *w, const struct play *play)
{
    struct json *json = world_ask(w, "{\"cmd\":\"obligations\"}");
    const struct json *rows = json_get(json, "obligations");
    const uint32_t today = naive_day(w->now_ms);
    size_t expected = 0;
    size_t live = 0;
    for (size_t i = 0; i < json_count(rows); i++) {
        const struct json *row = json_item(rows, i);
        bool caused = false;
        if (ended(text(row, "state")) || text(row, "member")[0] == '\0')
            continue;
        live++;
        for (const struct owed_line *l = play->line; l->measure != NULL; l++)
            caused = caused || (!rulebook_over(l, today) && owes(l, row));
        if (!caused)
            fail_msg("%s: %s owes %s (%s) until %s", play->rule, text(row, "member"),
                     text(row, "measure"), text(row, "force"), text(row, "end_date"));
    }
    for (const struct owed_line *l = play->line; l->measure != NULL; l++)
        expected += rulebook_over(l, today) ? 0 : members_of(l);
    json_close(&json);
    if (live != expected)
        fail_msg("%s: owed %zu times, by the law %zu", play->rule, live, expected);
}

static bool restricts(const struct owed_line *line)
{
    return line->measure[0] == 'M' && line->measure[1] != '3';
}

/* The subject or the n-th person of a play. */
static void identity(const struct play *play, unsigned on, const char **kind,
                     char id[static NAIVE_ID_LEN + 1])
{
    *kind = on > 0 ? "person" : play->kind != NULL ? play->kind : "enterprise";
    if (strcmp(*kind, "person") == 0)
        naive_person_id(on, id);
    else
        naive_subject_id(0, id);
}

static void assert_against(struct world *w, const struct play *play, unsigned on, bool any)
{
    const uint32_t today = naive_day(w->now_ms);
    const char *kind;
    char id[NAIVE_ID_LEN + 1];
    char request[128];
    size_t expected = 0;
    identity(play, on, &kind, id);
    snprintf(request, sizeof request, "{\"cmd\":\"restrictions\",\"kind\":\"%s\",\"id\":\"%s\"}",
             kind, id);
    struct json *json = world_ask(w, request);
    const struct json *rows = json_get(json, "restrictions");
    for (const struct owed_line *l = play->line; l->measure != NULL; l++) {
        size_t found = 0;
        if (!any || l->on != on || !restricts(l) || rulebook_over(l, today))
            continue;
        expected++;
        for (size_t i = 0; i < json_count(rows); i++)
            found += strcmp(text(json_item(rows, i), "measure"), l->measure) == 0 &&
                     strcmp(text(json_item(rows, i), "end_date"), l->until) == 0;
        if (found != 1)
            fail_msg("%s: %s against %u until %s is in force %zu times on %u", play->rule,
                     l->measure, on, l->until, found, today);
    }
    if (json_count(rows) != expected)
        fail_msg("%s: %zu restrictions against %u on %u, by the law %zu", play->rule,
                 json_count(rows), on, today, expected);
    json_close(&json);
}

void rulebook_assert_restricted(struct world *w, const struct play *play, bool any)
{
    const size_t persons = play->persons != NULL ? strlen(play->persons) : 0;
    for (unsigned on = 0; on <= persons; on++)
        assert_against(w, play, on, any);
}

void rulebook_assert_nothing_left(struct world *w)
{
    struct json *json = world_ask(w, "{\"cmd\":\"obligations\"}");
    const struct json *rows = json_get(json, "obligations");
    for (size_t i = 0; i < json_count(rows); i++) {
        const char *state = text(json_item(rows, i), "state");
        bool unassigned = text(json_item(rows, i), "member")[0] == '\0';
        if (strcmp(state, unassigned ? "cancelled" : "lifted") != 0)
            fail_msg("%s of %s is %s", text(json_item(rows, i), "measure"),
                     text(json_item(rows, i), "member"), state);
    }
    json_close(&json);
    assert_int_equal(world_status(w, "restrictions"), 0);
    world_settle(w);
    assert_int_equal(world_status(w, "undelivered"), 0);
    rulebook_put_away(w);
}
