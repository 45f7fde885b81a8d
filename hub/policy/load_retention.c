#include "policy/load.h"
#include "policy/retention.h"

#include <stdlib.h>
#include <string.h>

#define DAY_MS UINT64_C(86400000)

static const char file_name[] = "retention.yaml";

/* What a class is called, and the event its days are counted from. */
static const struct {
    const char *word;
    const char *after;
} classes[RETENTION_CLASSES] = {
    [RETENTION_PARKED] = {"parked", "expired"},
    [RETENTION_DECISION] = {"decision", "decided"},
    [RETENTION_SUBJECT] = {"subject", "replaced"},
    [RETENTION_ORDER] = {"order", "ended"},
    [RETENTION_OBLIGATION] = {"obligation", "ended"},
    [RETENTION_CASE] = {"case", "closed"},
    [RETENTION_MESSAGE] = {"message", "accepted"},
    [RETENTION_REPORTER] = {"reporter", "accepted"},
};

struct retention {
    struct yaml *tree; /* owns; all strings live here */
    struct retention_rule rule[RETENTION_CLASSES];
    bool known[RETENTION_CLASSES];
};

static bool class_of(const char *word, enum retention_class *class)
{
    for (unsigned i = 0; i < RETENTION_CLASSES; i++) {
        if (strcmp(classes[i].word, word) == 0) {
            *class = (enum retention_class)i;
            return true;
        }
    }
    return false;
}

static void load_one(struct load *l, struct retention *r, const struct yaml_node *node)
{
    static const char *const keys[] = {"class", "zh", "en", "after", "days", "basis", "mark", NULL};
    enum retention_class class;
    if (!load_keys(l, node, keys))
        return;
    const char *word = load_text(l, node, "class", true);
    if (!class_of(word, &class)) {
        load_problem(l, yaml_line(node), PROBLEM_VALUE, "class: %s", word);
        return;
    }
    if (r->known[class])
        load_problem(l, yaml_line(node), PROBLEM_DUPLICATE, "%s", word);
    r->known[class] = true;
    struct retention_rule *rule = &r->rule[class];
    *rule = (struct retention_rule){
        .zh = load_text(l, node, "zh", true),
        .en = load_text(l, node, "en", true),
        .after = load_text(l, node, "after", true),
        .days = load_uint(l, node, "days", RETENTION_DAYS_MAX, UINT32_MAX),
        .basis = load_text(l, node, "basis", true),
        .mark = load_mark(l, node, "mark"),
        .line = yaml_line(node),
    };
    if (strcmp(rule->after, classes[class].after) != 0)
        load_problem(l, rule->line, PROBLEM_VALUE, "%s: after: %s", word, classes[class].after);
    if (yaml_get(node, "days") == NULL)
        load_problem(l, rule->line, PROBLEM_KEY_MISSING, "days");
}

static void load_all(struct load *l, struct retention *r)
{
    static const char *const keys[] = {"retention", NULL};
    const struct yaml_node *root = yaml_root(r->tree);
    if (!load_keys(l, root, keys))
        return;
    const struct yaml_node *list = load_list(l, root, "retention", true);
    for (size_t i = 0; i < yaml_count(list); i++)
        load_one(l, r, yaml_item(list, i));
    for (unsigned i = 0; i < RETENTION_CLASSES; i++) {
        if (!r->known[i])
            load_problem(l, yaml_line(root), PROBLEM_KEY_MISSING, "class: %s", classes[i].word);
    }
}

enum err retention_open(struct retention **out, const char *dir, struct ruleset_faults *faults)
{
    *out = NULL;
    memset(faults, 0, sizeof *faults);
    struct retention *r = calloc(1, sizeof *r);
    if (r == NULL)
        return ERR_NO_MEMORY;
    struct load l = {.faults = faults, .file = file_name};
    load_tree(&l, &r->tree, dir);
    if (faults->total == 0)
        load_all(&l, r);
    if (r->tree != NULL)
        yaml_keep_texts(r->tree);
    const enum err err = load_err(&l);
    if (err != OK) {
        retention_close(&r);
        return err;
    }
    *out = r;
    return OK;
}

void retention_close(struct retention **r)
{
    if (*r != NULL)
        yaml_close(&(*r)->tree);
    free(*r);
    *r = NULL;
}

const struct retention_rule *retention_rule(const struct retention *r, enum retention_class class)
{
    return &r->rule[class];
}

void retention_before(const struct retention *r, uint64_t now_ms,
                      uint64_t before_ms[static RETENTION_CLASSES])
{
    for (unsigned i = 0; i < RETENTION_CLASSES; i++) {
        uint64_t kept = r->rule[i].days * DAY_MS;
        before_ms[i] = kept > 0 && now_ms > kept ? now_ms - kept : 0;
    }
}
