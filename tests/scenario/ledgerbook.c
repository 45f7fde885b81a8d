#include "scenario/ledgerbook.h"

#include "base/clock.h"
#include "wire.h"

#include <stdio.h>

uint8_t book_env_id[HASH_LEN];

uint32_t book_send(struct world *w, const char *from, const char *type, const char *facts,
                   const char *basis, const char *also)
{
    const char *hub = "hub.445100"; /* destinations are sorted */
    bool before = also != NULL && strcmp(also, hub) < 0;
    const struct mail mail = {.from = from,
                              .type = type,
                              .to = {before ? also : hub, before ? hub : also},
                              .facts = facts,
                              .basis = {basis}};
    world_send(w, &mail, book_env_id);
    return world_code(w, from, book_env_id);
}

uint32_t book_tell(struct world *w, const char *from, const char *type, const char *facts)
{
    return book_send(w, from, type, facts, NULL, NULL);
}

static bool has(const struct json *row, const char *key, const char *value)
{
    const struct json *at = json_get(row, key);
    const char *text = json_get_text(row, key);
    uint64_t number = 0;
    char digits[24];
    if (text != NULL)
        return strcmp(text, value) == 0;
    if (!json_uint(at, &number))
        return strcmp(json_flag(at) ? "true" : "false", value) == 0;
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
    return strcmp(digits, value) == 0;
}

size_t book_count(struct world *w, const char *query, const char *list, const char *key,
                  const char *value)
{
    struct json *json = world_ask(w, query);
    const struct json *rows = json_get(json, list);
    size_t count = 0;
    assert_non_null(rows);
    for (size_t i = 0; i < json_count(rows); i++)
        count += key == NULL || has(json_item(rows, i), key, value);
    json_close(&json);
    return count;
}

const char *book_first(struct world *w, const char *query, const char *list, const char *key)
{
    static char text[128];
    struct json *json = world_ask(w, query);
    const struct json *rows = json_get(json, list);
    const char *value = json_count(rows) > 0 ? json_get_text(json_item(rows, 0), key) : NULL;
    snprintf(text, sizeof text, "%s", value != NULL ? value : "");
    json_close(&json);
    return text;
}

size_t book_warnings(struct world *w, const char *member, const char *owes, uint32_t percent,
                     lianshu_WarningTerm which)
{
    size_t count = 0;
    const struct got *got;
    for (size_t i = 0; (got = world_got(w, member, "obligation.warning", i)) != NULL; i++) {
        lianshu_ObligationWarning body;
        assert_int_equal(
            wire_decode(&lianshu_ObligationWarning_msg, span_of(got->facts, got->facts_len), &body),
            OK);
        assert_int_equal(got->seen, 1);
        count += (owes == NULL || strcmp(body.member, owes) == 0) &&
                 (percent == 0 || body.percent == percent) &&
                 (which == lianshu_WarningTerm_TERM_NONE || body.which == which);
    }
    return count;
}

size_t book_told(struct world *w, const char *member, lianshu_HubNoticeKind kind)
{
    static lianshu_HubNotice body;
    size_t count = 0;
    const struct got *got;
    for (size_t i = 0; (got = world_got(w, member, "hub.notice", i)) != NULL; i++) {
        assert_int_equal(
            wire_decode(&lianshu_HubNotice_msg, span_of(got->facts, got->facts_len), &body), OK);
        count += body.kind == kind;
    }
    return count;
}

void book_days(struct world *w, unsigned days)
{
    for (unsigned i = 0; i < 2 * days; i++)
        world_pass(w, 12 * (uint64_t)HOUR_MS);
}
