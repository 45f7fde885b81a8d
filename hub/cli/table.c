#include "cli/table.h"

#include "cli/words.h"

#include <string.h>

enum { HEX_ID_MIN = 32, TIME_LEN = 29, MINUTE_LEN = 16, DATE_PART = 10, HEAD_MAX = 64 };

static const struct {
    const char *list;
    const char *column[TABLE_COLUMNS_MAX + 1];
} KNOWN[] = {
    {"members", {"member", "connected", "queued", "leased", "held", "parked", "receipts_waiting"}},
    {"obligations",
     {"obligation", "member", "measure", "force", "state", "answer_due", "execute_due", "lift_due",
      "overdue_hours"}},
    {"redress",
     {"kind", "outcome", "stage", "asker", "owner", "clock", "due", "overdue_hours", "late"}},
    {"orders",
     {"order", "version", "state", "list", "rule", "issuer", "decision_date", "start_date",
      "end_date"}},
    {"history",
     {"version", "episode", "state", "changed_by", "decision_date", "start_date", "end_date"}},
    {"restrictions",
     {"measure", "force", "scope", "list", "rule", "basis", "start_date", "end_date", "order"}},
    {"waiting", {"recipient", "state", "in_flight", "attempts", "delivery_number", "due", "code"}},
    {"held", {"recipient", "sender", "type", "type_zh", "message_id", "since", "code", "expires"}},
    {"parked",
     {"recipient", "sender", "type", "type_zh", "message_id", "since", "attempts", "code",
      "expires"}},
    {"duties",
     {"measure", "zh", "force", "on", "from", "until", "departments", "obligations", "unassigned",
      "basis"}},
    {"gates", {"gate", "type", "measure", "action", "zh"}},
    {"rule_set",
     {"rule", "list", "class", "term", "repair", "measure", "until", "departments", "basis",
      "mark"}},
    {"breakers", {"member", "adapter", "next"}},
    {"volume",
     {"member", "counted", "counted_zh", "count", "usual", "limit", "unusual", "last_unusual",
      "unusual_days"}},
    {"course", {"time", "stage", "about", "by", "code"}},
    {"cases",
     {"case", "type_zh", "state", "state_zh", "owner", "opener", "clock", "clock_zh", "due",
      "overdue_hours"}},
    {"steps",
     {"number", "transition", "step_zh", "step_en", "type_zh", "papers", "by", "time", "state",
      "code"}},
    {"lost", {"number", "transition", "step_zh", "step_en", "type_zh", "by", "time", "code"}},
    {"papers", {"paper", "paper_zh", "paper_en"}},
    {"clocks",
     {"clock", "clock_zh", "clock_en", "state", "owner", "waits", "started", "due", "stopped",
      "overdue"}},
    {"custody", {"time", "event", "by", "to", "step", "document"}},
    {"handovers", {"time", "event", "by", "to", "step", "document"}},
};

static bool is_scalar(const struct json *j)
{
    return json_kind(j) != JSON_KIND_MAP && json_kind(j) != JSON_KIND_LIST;
}

static const char *const *known_columns(const char *name)
{
    for (size_t i = 0; name != NULL && i < sizeof KNOWN / sizeof KNOWN[0]; i++) {
        if (strcmp(KNOWN[i].list, name) == 0)
            return KNOWN[i].column;
    }
    return NULL;
}

bool table_fits(const char *name, const struct json *list)
{
    if (json_kind(list) != JSON_KIND_LIST || json_count(list) == 0)
        return false;
    for (size_t i = 0; i < json_count(list); i++) {
        const struct json *item = json_item(list, i);
        void *at = NULL;
        const char *key;
        const struct json *value;
        if (json_kind(item) != JSON_KIND_MAP)
            return false;
        while (known_columns(name) == NULL && json_entry(item, &at, &key, &value)) {
            if (!is_scalar(value))
                return false;
        }
    }
    return true;
}

/* Values that are words of ours, not names or texts of somebody. */
static bool holds_word(const char *key)
{
    static const char *const KEYS[] = {"state",  "force", "stage",  "verdict",
                                       "mirror", "kind",  "outcome"};
    for (size_t i = 0; i < sizeof KEYS / sizeof KEYS[0]; i++) {
        if (strcmp(KEYS[i], key) == 0)
            return true;
    }
    return false;
}

static void text_cell(const char *key, const char *text, bool whole,
                      char out[static TABLE_CELL_MAX])
{
    size_t len = strlen(text);
    const char *zh = holds_word(key) ? word_value(text) : NULL;
    if (zh != NULL)
        snprintf(out, TABLE_CELL_MAX, "%s %s", zh, text);
    else if (!whole && len >= HEX_ID_MIN && strspn(text, "0123456789abcdef") == len)
        snprintf(out, TABLE_CELL_MAX, "%.*s", TABLE_ID_CHARS, text);
    else if (!whole && len == TIME_LEN && text[DATE_PART] == 'T')
        snprintf(out, TABLE_CELL_MAX, "%.*s %.*s", DATE_PART, text, MINUTE_LEN - DATE_PART - 1,
                 text + DATE_PART + 1);
    else
        snprintf(out, TABLE_CELL_MAX, "%s", text[0] == '\0' ? "–" : text);
}

static void number_cell(const char *key, const struct json *value, char out[static TABLE_CELL_MAX])
{
    int64_t number;
    if (!json_int(value, &number)) {
        snprintf(out, TABLE_CELL_MAX, "–");
        return;
    }
    if (strcmp(key, "code") != 0 || number <= 0) {
        snprintf(out, TABLE_CELL_MAX, "%lld", (long long)number);
        return;
    }
    enum err err = err_from_code((uint32_t)number);
    char label[ERR_LABEL_LEN + 1];
    err_label(err, label);
    snprintf(out, TABLE_CELL_MAX, "%s %s / %s", label, err_zh(err), err_en(err));
}

void table_cell(const char *key, const struct json *value, bool whole,
                char out[static TABLE_CELL_MAX])
{
    switch (json_kind(value)) {
    case JSON_KIND_TEXT:
        text_cell(key, json_text(value), whole, out);
        break;
    case JSON_KIND_NUMBER:
        number_cell(key, value, out);
        break;
    case JSON_KIND_BOOL:
        snprintf(out, TABLE_CELL_MAX, "%s", json_flag(value) ? "是 yes" : "否 no");
        break;
    default:
        snprintf(out, TABLE_CELL_MAX, "–");
        break;
    }
}

static size_t columns_of(const char *name, const struct json *list,
                         const char *column[static TABLE_COLUMNS_MAX])
{
    const char *const *known = known_columns(name);
    const struct json *value;
    void *at = NULL;
    size_t count = 0;
    if (known != NULL) {
        for (; count < TABLE_COLUMNS_MAX && known[count] != NULL; count++)
            column[count] = known[count];
        return count;
    }
    while (count < TABLE_COLUMNS_MAX && json_entry(json_item(list, 0), &at, &column[count], &value))
        count++;
    return count;
}

static void head_of(const char *key, char out[static HEAD_MAX])
{
    const char *zh = word_label(key);
    snprintf(out, HEAD_MAX, "%s%s%s", zh == NULL ? "" : zh, zh == NULL ? "" : " ", key);
}

static void put_padded(FILE *to, const char *text, size_t width, bool last)
{
    fprintf(to, "%s", text);
    for (size_t i = words_width(text); !last && i < width + 2; i++)
        fputc(' ', to);
}

void table_print(FILE *to, const char *name, const struct json *list, unsigned indent)
{
    const char *column[TABLE_COLUMNS_MAX];
    size_t width[TABLE_COLUMNS_MAX];
    char head[HEAD_MAX];
    char cell[TABLE_CELL_MAX];
    const size_t count = columns_of(name, list, column);

    for (size_t c = 0; c < count; c++) {
        head_of(column[c], head);
        width[c] = words_width(head);
        for (size_t i = 0; i < json_count(list); i++) {
            table_cell(column[c], json_get(json_item(list, i), column[c]), false, cell);
            if (words_width(cell) > width[c])
                width[c] = words_width(cell);
        }
    }
    fprintf(to, "%*s", (int)indent, "");
    for (size_t c = 0; c < count; c++) {
        head_of(column[c], head);
        put_padded(to, head, width[c], c + 1 == count);
    }
    for (size_t i = 0; i < json_count(list); i++) {
        fprintf(to, "\n%*s", (int)indent, "");
        for (size_t c = 0; c < count; c++) {
            table_cell(column[c], json_get(json_item(list, i), column[c]), false, cell);
            put_padded(to, cell, width[c], c + 1 == count);
        }
    }
    fputc('\n', to);
}
