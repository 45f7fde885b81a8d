#include "adapters/runtime/value.h"

#include "base/clock.h"
#include "base/hex.h"
#include "ident.h"
#include "keys/hash.h"

#include <stdio.h>
#include <string.h>

enum { MOMENT_TEXT_MAX = 96, DERIVED_LEN = 16 };

enum err value_kind_of(const char *name, enum value_kind *out)
{
    static const char *const names[] = {
        [VALUE_TEXT] = "text", [VALUE_ID] = "id",     [VALUE_DATE] = "date",
        [VALUE_TIME] = "time", [VALUE_YUAN] = "yuan", [VALUE_WHOLE] = "whole",
        [VALUE_FLAG] = "flag", [VALUE_LIST] = "list", [VALUE_DERIVE] = "derive",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (name != NULL && strcmp(names[i], name) == 0) {
            *out = (enum value_kind)i;
            return OK;
        }
    return ERR_CONFIG;
}

/* ---- moments ---- */

struct moment {
    uint32_t year, month, day, hour, minute, second;
};

/* The part of a moment that a letter of a form stands for. */
static uint32_t *part_of(struct moment *m, char letter)
{
    switch (letter) {
    case 'Y':
        return &m->year;
    case 'M':
        return &m->month;
    case 'D':
        return &m->day;
    case 'h':
        return &m->hour;
    case 'm':
        return &m->minute;
    case 's':
        return &m->second;
    default:
        return NULL;
    }
}

static size_t run_len(const char *form)
{
    size_t n = 1;
    while (form[n] == form[0])
        n++;
    return n;
}

static bool take_digits(const char **text, size_t n, uint32_t *out)
{
    const size_t max = n == 1 ? 2 : n;
    size_t got = 0;

    *out = 0;
    for (; got < max && (*text)[got] >= '0' && (*text)[got] <= '9'; got++)
        *out = *out * 10 + (uint32_t)((*text)[got] - '0');
    *text += got;
    return n == 1 ? got >= 1 : got == n;
}

static bool moment_parse(const char *form, const char *text, struct moment *m)
{
    *m = (struct moment){0};
    while (*form != '\0') {
        uint32_t *part = part_of(m, *form);
        if (part == NULL) {
            if (*text++ != *form++)
                return false;
            continue;
        }
        const size_t n = run_len(form);
        if (!take_digits(&text, n, part))
            return false;
        form += n;
    }
    return *text == '\0' && m->hour < 24 && m->minute < 60 && m->second < 60;
}

static void moment_format(const char *form, struct moment *m, struct writer *w)
{
    char digits[16];

    while (*form != '\0') {
        const uint32_t *part = part_of(m, *form);
        if (part == NULL) {
            write_bytes(w, form++, 1);
            continue;
        }
        const size_t n = run_len(form);
        const int len = snprintf(digits, sizeof digits, "%0*u", (int)n, (unsigned)*part);
        write_bytes(w, digits, len > 0 ? (size_t)len : 0);
        form += n;
    }
    write_bytes(w, "", 1);
}

static uint32_t moment_date(const struct moment *m)
{
    return m->year * 10000 + m->month * 100 + m->day;
}

bool value_form_valid(const char *form, bool time)
{
    bool year = false, month = false, day = false, hour = false;

    for (size_t i = 0; form[i] != '\0' && i < MOMENT_TEXT_MAX / 2; i++) {
        year = year || strncmp(form + i, "YYYY", 4) == 0;
        month = month || form[i] == 'M';
        day = day || form[i] == 'D';
        hour = hour || form[i] == 'h';
    }
    return strlen(form) < MOMENT_TEXT_MAX / 2 && year && month && day && hour == time;
}

/* ---- out ---- */

static enum err out_date(const struct value_rule *rule, const char *text, struct json *map,
                         const char *key, const char **expected)
{
    struct moment m;

    *expected = rule->date;
    if (!moment_parse(rule->date, text, &m) || m.month > 12 || m.day > 31 ||
        !date_valid(moment_date(&m)))
        return ERR_FIELD_VALUE;
    json_put_date(map, key, moment_date(&m));
    return OK;
}

static enum err out_time(const struct value_rule *rule, const char *text, struct json *map,
                         const char *key, const char **expected)
{
    struct moment m;

    *expected = rule->time;
    if (!moment_parse(rule->time, text, &m) || m.month > 12 || m.day > 31 ||
        !date_valid(moment_date(&m)))
        return ERR_FIELD_VALUE;
    json_put_ms(map, key,
                date_start_ms(moment_date(&m)) + (uint64_t)m.hour * HOUR_MS +
                    (uint64_t)m.minute * MINUTE_MS + (uint64_t)m.second * SECOND_MS);
    return OK;
}

/* Digits, with at most two after a point: *out in hundredths. */
static bool parse_hundredths(const char *text, uint64_t *out)
{
    size_t digits = 0, after = 0;
    bool point = false;

    *out = 0;
    for (; *text != '\0'; text++) {
        if (*text == '.' && !point && digits > 0) {
            point = true;
            continue;
        }
        if (*text < '0' || *text > '9' || ++digits > 15 || (point && ++after > 2))
            return false;
        *out = *out * 10 + (uint64_t)(*text - '0');
    }
    for (; after < 2; after++)
        *out *= 10;
    return digits > 0;
}

static enum err out_yuan(const struct json *in, struct json *map, const char *key,
                         const char **expected)
{
    uint64_t value;
    const char *text = json_text(in);

    *expected = "12345.60";
    if (json_uint(in, &value) && value < UINT64_MAX / 1000)
        value *= 100;
    else if (text == NULL || !parse_hundredths(text, &value))
        return ERR_FIELD_VALUE;
    json_put_uint(map, key, value);
    return OK;
}

static enum err out_whole(const struct json *in, struct json *map, const char *key,
                          const char **expected)
{
    uint64_t value;
    const char *text = json_text(in);

    *expected = "digits";
    if (!json_uint(in, &value)) {
        if (text == NULL || strchr(text, '.') != NULL || !parse_hundredths(text, &value))
            return ERR_FIELD_VALUE;
        value /= 100;
    }
    json_put_uint(map, key, value);
    return OK;
}

static enum err out_flag(const struct json *in, struct json *map, const char *key,
                         const char **expected)
{
    static const char *const yes[] = {"是", "Y", "1", "true"};
    static const char *const no[] = {"否", "N", "0", "false"};
    const char *text = json_text(in);

    *expected = "true / false / 是 / 否";
    if (json_kind(in) == JSON_KIND_BOOL) {
        json_put_flag(map, key, json_flag(in));
        return OK;
    }
    for (size_t i = 0; text != NULL && i < sizeof yes / sizeof yes[0]; i++)
        if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
            json_put_flag(map, key, strcmp(text, yes[i]) == 0);
            return OK;
        }
    return ERR_FIELD_VALUE;
}

/* The next item of a text split at ; or 、 (U+3001), trimmed of spaces. */
static bool next_item(const char **text, char out[static VALUE_TEXT_MAX])
{
    size_t n = 0;

    while (**text == ' ' || **text == ';' || strncmp(*text, "、", 3) == 0)
        *text += **text == ' ' || **text == ';' ? 1 : 3;
    while (**text != '\0' && **text != ';' && strncmp(*text, "、", 3) != 0 &&
           n + 1 < VALUE_TEXT_MAX)
        out[n++] = *(*text)++;
    while (n > 0 && out[n - 1] == ' ')
        n--;
    out[n] = '\0';
    return n > 0;
}

static enum err out_list(const struct json *in, struct json *map, const char *key,
                         const char **expected)
{
    struct json *list = json_list();
    const char *text = json_text(in);
    char item[VALUE_TEXT_MAX];

    *expected = "list of texts";
    for (int i = 0; text != NULL && i < VALUE_LIST_MAX && next_item(&text, item); i++)
        json_add_text(list, item);
    for (size_t i = 0; json_kind(in) == JSON_KIND_LIST && i < json_count(in); i++) {
        const char *one = json_text(json_item(in, i));
        if (one == NULL || i == VALUE_LIST_MAX) {
            json_close(&list);
            return ERR_FIELD_VALUE;
        }
        json_add_text(list, one);
    }
    if (text == NULL && json_kind(in) != JSON_KIND_LIST) {
        json_close(&list);
        return ERR_FIELD_VALUE;
    }
    json_put(map, key, list);
    return OK;
}

static enum err out_derive(const struct value_rule *rule, const char *text, struct json *map,
                           const char *key)
{
    uint8_t bytes[HASH_LEN];
    const struct span spans[] = {span_str("lianshu.derive"), span_of("", 1), span_str(rule->member),
                                 span_of("", 1), span_str(text)};

    if (strlen(text) == 2 * DERIVED_LEN && hex_decode(text, bytes, DERIVED_LEN)) {
        json_put_text(map, key, text);
        return OK;
    }
    hash_spans(bytes, spans, sizeof spans / sizeof spans[0]);
    json_put_hex(map, key, span_of(bytes, DERIVED_LEN));
    return OK;
}

static enum err out_id(const char *text, struct json *map, const char *key, const char **expected)
{
    char normal[VALUE_TEXT_MAX];

    *expected = "an identifier";
    const enum err err = ident_normalise(text, normal, sizeof normal);
    if (err == OK)
        json_put_text(map, key, normal);
    return err;
}

enum err value_out(const struct value_rule *rule, const struct json *in, struct json *map,
                   const char *key, const char **expected)
{
    const char *text = json_text(in);

    *expected = "text";
    if (rule->codes != NULL) {
        *expected = "a word of the code table";
        const char *word = text == NULL ? NULL : yaml_text(yaml_get(rule->codes, text));
        if (word == NULL)
            return ERR_FIELD_VALUE;
        json_put_text(map, key, word);
        return OK;
    }
    switch (rule->as) {
    case VALUE_YUAN:
        return out_yuan(in, map, key, expected);
    case VALUE_WHOLE:
        return out_whole(in, map, key, expected);
    case VALUE_FLAG:
        return out_flag(in, map, key, expected);
    case VALUE_LIST:
        return out_list(in, map, key, expected);
    default:
        break;
    }
    if (text == NULL)
        return ERR_FIELD_VALUE;
    if (strlen(text) >= VALUE_TEXT_MAX) {
        *expected = "at most 16383 bytes";
        return ERR_FIELD_LONG;
    }
    if (rule->as == VALUE_DATE)
        return out_date(rule, text, map, key, expected);
    if (rule->as == VALUE_TIME)
        return out_time(rule, text, map, key, expected);
    if (rule->as == VALUE_ID)
        return out_id(text, map, key, expected);
    if (rule->as == VALUE_DERIVE)
        return out_derive(rule, text, map, key);
    json_put_text(map, key, text);
    return OK;
}

/* ---- in ---- */

/* The department's word for ours; NULL when its table has none. */
static const char *word_of(const struct yaml_node *codes, const char *ours)
{
    for (size_t i = 0; ours != NULL && i < yaml_count(codes); i++) {
        const char *value = yaml_text(yaml_item(codes, i));
        if (value != NULL && strcmp(value, ours) == 0)
            return yaml_key(codes, i);
    }
    return NULL;
}

static bool in_moment(const struct value_rule *rule, const char *text, struct json *map,
                      const char *key)
{
    char out[MOMENT_TEXT_MAX];
    struct writer w = writer_of(out, sizeof out);
    uint64_t ms = 0;
    uint32_t date = 0;

    if (rule->as == VALUE_DATE ? !date_parse(text, &date) : !clock_parse(text, &ms))
        return false;
    if (rule->as == VALUE_TIME)
        date = date_from_ms(ms);
    const uint64_t rest = rule->as == VALUE_TIME ? (ms - date_start_ms(date)) / SECOND_MS : 0;
    struct moment m = {
        .year = date / 10000,
        .month = date / 100 % 100,
        .day = date % 100,
        .hour = (uint32_t)(rest / 3600),
        .minute = (uint32_t)(rest / 60 % 60),
        .second = (uint32_t)(rest % 60),
    };
    moment_format(rule->as == VALUE_DATE ? rule->date : rule->time, &m, &w);
    if (w.full)
        return false;
    json_put_text(map, key, out);
    return true;
}

void value_in(const struct value_rule *rule, const struct json *in, struct json *map,
              const char *key)
{
    const char *text = json_text(in);
    char yuan[32];
    uint64_t fen;

    if (rule->codes != NULL) {
        const char *word = word_of(rule->codes, text);
        if (word != NULL) {
            json_put_text(map, key, word);
            return;
        }
    } else if ((rule->as == VALUE_DATE || rule->as == VALUE_TIME) && text != NULL) {
        if (in_moment(rule, text, map, key))
            return;
    } else if (rule->as == VALUE_YUAN && json_uint(in, &fen)) {
        (void)snprintf(yuan, sizeof yuan, "%llu.%02u", (unsigned long long)(fen / 100),
                       (unsigned)(fen % 100));
        json_put_text(map, key, yuan);
        return;
    }
    json_put(map, key, json_clone(in));
}
