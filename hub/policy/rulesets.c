#include "policy/rulesets.h"

#include "base/clock.h"
#include "base/file.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct shelf {
    struct ruleset *set; /* owned */
    uint64_t signed_ms;  /* 0: not signed */
    char dir[PATH_MAX];
};

struct rulesets {
    struct shelf row[RULESETS_MAX]; /* by activation */
    size_t count;
    unsigned signatures;
    uint64_t notice_ms;
};

static void fault_add(struct ruleset_faults *faults, const struct fault *fault)
{
    assert(faults->count < RULESET_FAULTS_MAX); /* what is refused so, loaded without any */
    faults->total++;
    faults->fault[faults->count++] = *fault;
}

static enum err refuse(struct ruleset_faults *faults, enum err err, const char *dir,
                       const char *detail)
{
    struct fault fault = {0};
    (void)fault_set(&fault, err, 0, dir, "%s", detail);
    fault_add(faults, &fault);
    return err;
}

static bool holds_rules(const char *dir)
{
    char path[PATH_MAX];
    struct stat st;
    int n = snprintf(path, sizeof path, "%s/rules.yaml", dir);
    return (size_t)n < sizeof path && stat(path, &st) == 0;
}

/* Load one set, check who signed it, and put it in its place. */
static enum err take(struct rulesets *sets, const char *dir, const struct rulesets_terms *terms,
                     struct ruleset_faults *faults)
{
    struct fault fault = {0};
    struct shelf new = {0};
    if (sets->count == RULESETS_MAX)
        return refuse(faults, ERR_TOO_LARGE, dir, "too many sets");
    enum err err = ruleset_open(&new.set, dir, faults);
    if (err != OK)
        return err;
    snprintf(new.dir, sizeof new.dir, "%s", dir);
    err = rulesign_check(new.set, dir, terms->realm, terms->signatures, terms->find,
                         terms->find_ctx, &new.signed_ms, &fault);
    size_t at = 0;
    bool twice = false;
    const uint64_t active = ruleset_activate_at_ms(new.set);
    for (size_t i = 0; i < sets->count; i++) {
        const uint64_t other = ruleset_activate_at_ms(sets->row[i].set);
        at += other < active;
        twice |= other == active;
    }
    if (err == OK && twice)
        err = fault_set(&fault, ERR_RULE_SET, 0, dir,
                        "duplicate: 与另一规则集同时启用 / two sets of one activation");
    if (err != OK) {
        fault_add(faults, &fault);
        ruleset_close(&new.set);
        return err;
    }
    memmove(&sets->row[at + 1], &sets->row[at], (sets->count - at) * sizeof sets->row[0]);
    sets->row[at] = new;
    sets->count++;
    return OK;
}

static enum err take_all(struct rulesets *sets, const char *dir, const struct rulesets_terms *terms,
                         struct ruleset_faults *faults)
{
    char path[PATH_MAX];
    enum err err = OK;
    DIR *d = opendir(dir);
    if (d == NULL)
        return refuse(faults, file_errno(errno), dir,
                      "规则目录不可读 / the rule directory cannot be read");
    for (const struct dirent *e = readdir(d); err == OK && e != NULL; e = readdir(d)) {
        int n = snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        if (e->d_name[0] != '.' && (size_t)n < sizeof path && holds_rules(path))
            err = take(sets, path, terms, faults);
    }
    (void)closedir(d); /* read only: nothing to lose */
    if (err == OK && sets->count == 0)
        err = refuse(faults, ERR_NOT_FOUND, dir, "没有规则集 / no rule set in it");
    return err;
}

static bool noticed(const struct rulesets *sets, const struct shelf *row)
{
    return sets->signatures == 0 ||
           row->signed_ms + sets->notice_ms <= ruleset_activate_at_ms(row->set);
}

enum err rulesets_open(struct rulesets **out, const char *dir, const struct rulesets_terms *terms,
                       struct ruleset_faults *faults)
{
    *out = NULL;
    memset(faults, 0, sizeof *faults);
    struct rulesets *sets = calloc(1, sizeof *sets);
    if (sets == NULL)
        return ERR_NO_MEMORY;
    sets->signatures = terms->signatures;
    sets->notice_ms = terms->notice_ms;
    enum err err =
        holds_rules(dir) ? take(sets, dir, terms, faults) : take_all(sets, dir, terms, faults);
    for (size_t i = 1; err == OK && i < sets->count; i++)
        if (!noticed(sets, &sets->row[i]))
            err = refuse(faults, ERR_RULE_NOTICE, sets->row[i].dir,
                         "签署至启用不足公告期 / signed too shortly before its activation");
    if (err != OK)
        rulesets_close(&sets);
    *out = sets;
    return err;
}

void rulesets_close(struct rulesets **sets)
{
    if (*sets == NULL)
        return;
    for (size_t i = 0; i < (*sets)->count; i++)
        ruleset_close(&(*sets)->row[i].set);
    free(*sets);
    *sets = NULL;
}

const struct ruleset *rulesets_at(const struct rulesets *sets, uint64_t now_ms)
{
    const struct ruleset *found = NULL;
    for (size_t i = 0; i < sets->count; i++)
        if (ruleset_activate_at_ms(sets->row[i].set) <= now_ms)
            found = sets->row[i].set;
    return found;
}

static const struct shelf *shelf_of(const struct rulesets *sets, const struct ruleset *set)
{
    for (size_t i = 0; i < sets->count; i++)
        if (sets->row[i].set == set)
            return &sets->row[i];
    return NULL;
}

const char *rulesets_dir(const struct rulesets *sets, const struct ruleset *set)
{
    const struct shelf *row = shelf_of(sets, set);
    return row == NULL ? "" : row->dir;
}

enum err rulesets_follow(const struct rulesets *sets, const struct ruleset *set,
                         const uint8_t last_hash[static RULESET_HASH_LEN],
                         uint64_t last_activate_ms, struct fault *fault)
{
    uint8_t hash[RULESET_HASH_LEN];
    const struct shelf *row = shelf_of(sets, set);
    if (row == NULL)
        return ERR_NOT_FOUND;
    ruleset_hash(set, hash);
    if (memcmp(hash, last_hash, sizeof hash) == 0)
        return OK;
    const uint64_t active = ruleset_activate_at_ms(set);
    if (active < last_activate_ms)
        return fault_set(fault, ERR_RULE_ROLLBACK, 0, row->dir,
                         "启用早于现行规则集 / activated before the set in use");
    if (sets->signatures > 0 && active == last_activate_ms)
        return fault_set(fault, ERR_RULE_NOTICE, 0, row->dir,
                         "内容已改而启用日未改 / changed, but its activation is the same");
    if (!noticed(sets, row))
        return fault_set(fault, ERR_RULE_NOTICE, 0, row->dir,
                         "签署至启用不足公告期 / signed too shortly before its activation");
    return OK;
}
