/* The steps of a case by the word of its hub (custody.json): which documents took effect, which
 * did not and why, also those that lost to another one of their number. */
#include "base/hex.h"
#include "cli/evidence_report.h"
#include "keys/receipt.h"
#include "wire.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { CELL_MAX = 1024, ID_SHOWN = 8 };

/* NULL: there is none, or it is none. */
static struct json *read_word(const struct bundle *b)
{
    struct json *word = NULL;
    struct fault fault = {0};
    const struct bundle_file *file = bundle_find(b, "custody.json");
    if (file == NULL || json_parse(&word, file->bytes, file->name, &fault) != OK)
        return NULL;
    return word;
}

static uint64_t number_of(const struct json *row, const char *key)
{
    uint64_t value = 0;
    return json_uint(json_get(row, key), &value) ? value : 0;
}

size_t reading_without_effect(const struct bundle *b)
{
    struct json *word = read_word(b);
    const struct json *steps = json_get(word, "steps");
    size_t count = json_count(json_get(word, "lost"));
    for (size_t i = 0; i < json_count(steps); i++)
        count += number_of(json_item(steps, i), "code") != 0;
    json_close(&word);
    return count;
}

/* It may have been written by anybody: no lines of its own. */
static void put_word(char *text, size_t cap, const struct json *row, const char *key)
{
    const char *value = json_get_text(row, key);
    size_t len = strlen(text);
    for (; value != NULL && *value != '\0' && len + 1 < cap; value++)
        text[len++] = (unsigned char)*value < ' ' || *value == 0x7f ? ' ' : *value;
    text[len] = '\0';
}

static void put(char *text, size_t cap, const char *more)
{
    const size_t len = strlen(text);
    snprintf(text + len, cap - len, "%s", more);
}

/* The envelope that brought it: receipts about it are here, whether its frame is or not. */
static bool find_envelope(const struct evidence *e, const struct json *row,
                          uint8_t env_id[static HASH_LEN])
{
    lianshu_Receipt q;
    uint8_t id[sizeof q.message_id];
    const char *by = json_get_text(row, "by");
    const char *message = json_get_text(row, "message");
    if (by == NULL || message == NULL || !hex_decode(message, id, sizeof id))
        return false;
    for (size_t i = 0; i < e->leaf_count; i++) {
        const struct evidence_leaf *leaf = &e->leaves[i];
        if ((leaf->kind != LOG_RECEIPT && leaf->kind != LOG_MEMBER_RECEIPT &&
             leaf->kind != LOG_OTHER_RECEIPT) ||
            wire_decode(&lianshu_Receipt_msg, leaf->text, &q) != OK || strcmp(q.sender, by) != 0 ||
            memcmp(q.message_id, id, sizeof id) != 0)
            continue;
        memcpy(env_id, q.env_id, HASH_LEN);
        return true;
    }
    return false;
}

struct cell {
    char zh[CELL_MAX];
    char en[CELL_MAX];
};

static void say_effect(struct cell *c, const struct json *row, bool lost)
{
    char label[ERR_LABEL_LEN + 1];
    const enum err code = err_from_code((uint32_t)number_of(row, "code"));
    if (!lost && code == OK) {
        put(c->zh, sizeof c->zh, "生效");
        put(c->en, sizeof c->en, "in effect");
        return;
    }
    err_label(code, label);
    put(c->zh, sizeof c->zh,
        lost ? "未生效（落选）：同一序号另有文书有效；" : "未生效：此前状态不容许此步；");
    put(c->en, sizeof c->en,
        lost ? "LOST, without effect: another document of this number stands; "
             : "without effect: the state before does not allow it; ");
    put(c->zh, sizeof c->zh, label);
    put(c->en, sizeof c->en, label);
    put(c->zh, sizeof c->zh, " ");
    put(c->en, sizeof c->en, " ");
    put(c->zh, sizeof c->zh, err_zh(code));
    put(c->en, sizeof c->en, err_en(code));
}

static void put_step(const struct paper *p, const struct json *row, bool lost)
{
    char head[CELL_MAX] = "";
    char id[2 * ID_SHOWN + 1] = "";
    struct cell c = {.zh = ""};
    uint8_t env_id[HASH_LEN];
    const bool here = find_envelope(p->reading->e, row, env_id);
    static const char *const keys[] = {"transition", "step_zh", "step_en", "by", "time"};
    snprintf(head, sizeof head, "%" PRIu64, number_of(row, "number"));
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        put(head, sizeof head, "  ");
        put_word(head, sizeof head, row, keys[i]);
    }
    say_effect(&c, row, lost);
    if (here)
        hex_encode(span_of(env_id, ID_SHOWN), id);
    put(c.zh, sizeof c.zh, here ? "；信封 " : "；本枢纽未经手其信封");
    put(c.en, sizeof c.en, here ? "; envelope " : "; its envelope did not pass this hub");
    put(c.zh, sizeof c.zh, id);
    put(c.en, sizeof c.en, id);
    report_row(p, head, c.zh, c.en);
}

void report_steps(const struct paper *p)
{
    struct json *word = read_word(p->reading->b);
    const struct json *steps = json_get(word, "steps");
    const struct json *lost = json_get(word, "lost");
    if (json_count(steps) > 0) {
        report_section(p, "案件环节（枢纽所述）", "Steps of the case (the hub's word)");
        fputs("<table>\n", p->html);
    }
    for (size_t i = 0; i < json_count(steps); i++) {
        const struct json *row = json_item(steps, i);
        put_step(p, row, false);
        for (size_t k = 0; k < json_count(lost); k++)
            if (number_of(json_item(lost, k), "number") == number_of(row, "number"))
                put_step(p, json_item(lost, k), true);
    }
    if (json_count(steps) > 0)
        fputs("</table>\n", p->html);
    json_close(&word);
}
