#include "cli/registry_diff.h"

#include "base/clock.h"
#include "base/hex.h"
#include "json.h"
#include "keys/roles.h"

#include <string.h>

static bool is_of(const struct registry_diff *d, const struct registry *r,
                  const struct registry_member *m)
{
    return d->registrar == NULL ||
           strcmp(registry_registrar_at(r, m->registrar)->member, d->registrar) == 0;
}

static const struct registry_member *find(const struct registry_diff *d, const struct registry *r,
                                          const char *id)
{
    const struct registry_member *m = r == NULL ? NULL : registry_member(r, id);
    return m != NULL && is_of(d, r, m) ? m : NULL;
}

/* "official security 8a3f… → 2027-01-01": who signs sees which role he gives */
static void add_key(struct json *list, const lianshu_MemberKey *key)
{
    char text[96];
    char until[CLOCK_TEXT_LEN + 1];
    char kid_text[2 * KID_LEN + 1];
    uint8_t kid[KID_LEN];
    const enum key_use use = (enum key_use)key->use;
    kid_of(kid, key_use_alg(use), key->public_key);
    hex_encode(span_of(kid, KID_LEN), kid_text);
    clock_format(key->valid_until_ms, until);
    const char *role = roles_word(key->roles);
    snprintf(text, sizeof text, "%s%s%s %s → %.10s%s", key_use_name(use), role != NULL ? " " : "",
             role != NULL ? role : "", kid_text, until, key->revoked_ms != 0 ? " revoked" : "");
    json_add_text(list, text);
}

static bool same_key(const lianshu_MemberKey *a, const lianshu_MemberKey *b)
{
    return a->use == b->use && memcmp(a->public_key, b->public_key, KEY_PUBLIC_LEN) == 0 &&
           a->valid_from_ms == b->valid_from_ms && a->valid_until_ms == b->valid_until_ms &&
           a->roles == b->roles && a->revoked_ms == b->revoked_ms;
}

/* Keys of a that b has not. */
static struct json *keys_beyond(const lianshu_MemberRecord *a, const lianshu_MemberRecord *b)
{
    struct json *list = json_list();
    for (pb_size_t i = 0; i < a->keys_count; i++) {
        pb_size_t k = 0;
        while (k < b->keys_count && !same_key(&a->keys[i], &b->keys[k]))
            k++;
        if (k == b->keys_count)
            add_key(list, &a->keys[i]);
    }
    return list;
}

static bool same_grants(const lianshu_MemberRecord *a, const lianshu_MemberRecord *b)
{
    if (a->grants_count != b->grants_count)
        return false;
    for (pb_size_t i = 0; i < a->grants_count; i++) {
        const lianshu_Grant *x = &a->grants[i];
        const lianshu_Grant *y = &b->grants[i];
        if (memcmp(x->types, y->types, sizeof x->types) != 0 || x->direction != y->direction ||
            x->departments != y->departments || strcmp(x->region, y->region) != 0)
            return false;
    }
    return true;
}

static enum err add_row(struct json *list, const struct registry_member *old,
                        const struct registry_member *new)
{
    lianshu_MemberRecord a = lianshu_MemberRecord_init_zero;
    lianshu_MemberRecord b = lianshu_MemberRecord_init_zero;
    enum err err = old == NULL ? OK : registry_record(old, &a);
    if (err == OK && new != NULL)
        err = registry_record(new, &b);
    if (err != OK)
        return err;
    struct json *row = json_map();
    json_put_text(row, "member", old != NULL ? old->id : new->id);
    if (strcmp(a.name_zh, b.name_zh) != 0 || strcmp(a.name_en, b.name_en) != 0) {
        json_put_text(row, "name_zh", new == NULL ? a.name_zh : b.name_zh);
        json_put_text(row, "name_en", new == NULL ? a.name_en : b.name_en);
    }
    json_put(row, "keys_added", keys_beyond(&b, &a));
    json_put(row, "keys_removed", keys_beyond(&a, &b));
    if (!same_grants(&a, &b)) {
        json_put_uint(row, "grants_before", a.grants_count);
        json_put_uint(row, "grants", b.grants_count);
    }
    json_add(list, row);
    return OK;
}

static bool same_record(const struct registry_member *a, const struct registry_member *b)
{
    return span_eq(a->record, b->record);
}

enum err registry_diff_json(const struct registry_diff *diff, struct json **out)
{
    struct json *added = json_list(), *removed = json_list(), *changed = json_list();
    const struct registry_member *m;
    uint64_t same = 0;
    enum err err = OK;
    for (size_t i = 0; err == OK && (m = registry_member_at(diff->after, i)) != NULL; i++) {
        const struct registry_member *old = find(diff, diff->before, m->id);
        if (!is_of(diff, diff->after, m))
            continue;
        if (old == NULL)
            err = add_row(added, NULL, m);
        else if (!same_record(old, m))
            err = add_row(changed, old, m);
        else
            same++;
    }
    for (size_t i = 0;
         err == OK && diff->before != NULL && (m = registry_member_at(diff->before, i)) != NULL;
         i++) {
        if (is_of(diff, diff->before, m) && find(diff, diff->after, m->id) == NULL)
            err = add_row(removed, m, NULL);
    }
    struct json *j = json_map();
    json_put(j, "added", added);
    json_put(j, "removed", removed);
    json_put(j, "changed", changed);
    json_put_uint(j, "same", same);
    if (err != OK)
        json_close(&j);
    *out = j;
    return err;
}

static long long count_of(const struct json *j)
{
    int64_t value = 0;
    (void)json_int(j, &value); /* made above: a number */
    return value;
}

static void show_texts(FILE *to, const struct json *list, const char *mark)
{
    for (size_t i = 0; i < json_count(list); i++)
        fprintf(to, "      %s %s\n", mark, json_text(json_item(list, i)));
}

static void show_rows(FILE *to, const struct json *list, const char *mark, const char *what)
{
    if (json_count(list) > 0)
        fprintf(to, "%s: %zu\n", what, json_count(list));
    for (size_t i = 0; i < json_count(list); i++) {
        const struct json *row = json_item(list, i);
        const char *name = json_text(json_get(row, "name_zh"));
        fprintf(to, "  %s %s%s%s\n", mark, json_text(json_get(row, "member")),
                name == NULL ? "" : "  ", name == NULL ? "" : name);
        show_texts(to, json_get(row, "keys_added"), "+");
        show_texts(to, json_get(row, "keys_removed"), "-");
        if (json_get(row, "grants") != NULL)
            fprintf(to, "      授权 / grants: %lld → %lld\n",
                    count_of(json_get(row, "grants_before")), count_of(json_get(row, "grants")));
    }
}

void registry_diff_show(FILE *to, const struct json *diff)
{
    show_rows(to, json_get(diff, "added"), "+", "新增成员 / members added");
    show_rows(to, json_get(diff, "removed"), "-", "移除成员 / members removed");
    show_rows(to, json_get(diff, "changed"), "~", "变更成员 / members changed");
    fprintf(to, "不变成员 / members unchanged: %lld\n", count_of(json_get(diff, "same")));
}
