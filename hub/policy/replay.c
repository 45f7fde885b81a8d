#include "policy/replay.h"

#include "policy/reader.h"

#include <string.h>

/* ---- the next bytes ---- */

static enum err stray(struct replay *r)
{
    r->strayed = true;
    return ERR_REEXECUTION;
}

static void take_number(struct replay *r, size_t len, uint64_t *out)
{
    *out = 0;
    if (!r->strayed && !span_take_uint(&r->reads, len, out))
        (void)stray(r);
}

static uint32_t take_u32(struct replay *r)
{
    uint64_t number;
    take_number(r, 4, &number);
    return (uint32_t)number;
}

static uint8_t take_u8(struct replay *r)
{
    uint64_t number;
    take_number(r, 1, &number);
    return (uint8_t)number;
}

/* A value of an enumeration: deciders count with it. */
static uint8_t take_word(struct replay *r, unsigned max)
{
    const uint8_t value = take_u8(r);
    if (value > max)
        (void)stray(r);
    return r->strayed ? 0 : value;
}

static void take_bytes(struct replay *r, uint8_t *out, size_t len)
{
    struct span bytes;
    memset(out, 0, len);
    if (r->strayed)
        return;
    if (span_take(&r->reads, len, &bytes))
        memcpy(out, bytes.data, len);
    else
        (void)stray(r);
}

/* A text without NUL that fits. */
static void take_text(struct replay *r, char *out, size_t cap)
{
    uint64_t len;
    out[0] = '\0';
    take_number(r, 2, &len);
    if (len >= cap)
        (void)stray(r);
    if (r->strayed)
        return;
    take_bytes(r, (uint8_t *)out, (size_t)len);
    out[len] = '\0';
    if (strlen(out) != len)
        (void)stray(r);
}

/* ---- what has to be there ---- */

static void expect_kind(struct replay *r, enum read_kind kind)
{
    if (take_u8(r) != (uint8_t)kind)
        (void)stray(r);
}

static void expect_bytes(struct replay *r, const uint8_t *want, size_t len)
{
    struct span have;
    if (r->strayed)
        return;
    if (!span_take(&r->reads, len, &have) || memcmp(have.data, want, len) != 0)
        (void)stray(r);
}

static void expect_text(struct replay *r, const char *want)
{
    uint64_t len;
    const struct span text = span_str(want);
    take_number(r, 2, &len);
    if (len != text.len)
        (void)stray(r);
    expect_bytes(r, text.data, text.len);
}

static bool row_follows(struct replay *r)
{
    const uint8_t mark = take_u8(r);
    if (mark != READ_ROW && mark != READ_END)
        (void)stray(r);
    return !r->strayed && mark == READ_ROW;
}

/* A decision that has a record came to an end: nothing else was answered on its way. */
static enum err take_result(struct replay *r, bool row)
{
    const uint32_t result = take_u32(r);
    if (result != (row ? OK : ERR_NOT_FOUND))
        (void)stray(r);
    return r->strayed ? ERR_REEXECUTION : (enum err)result;
}

/* ---- the view ---- */

static enum err look_token(void *ctx, lianshu_SubjectKind kind, const char *id,
                           uint8_t out[static VIEW_TOKEN_LEN])
{
    static const uint8_t nobody[VIEW_TOKEN_LEN] = {0}; /* of whom no row speaks */
    struct replay *r = ctx;
    struct span token;
    uint8_t hash[HASH_LEN];
    (void)kind; /* one body may be called by several kinds */
    hash_bytes(hash, span_str(id));
    if (r->strayed || !span_take(&r->tokens, VIEW_TOKEN_LEN, &token))
        return stray(r);
    memcpy(out, token.data, VIEW_TOKEN_LEN);
    const bool named = memcmp(out, nobody, VIEW_TOKEN_LEN) != 0;
    for (size_t i = 0; i < r->known_count; i++) {
        const bool same = memcmp(r->known[i].identifier, hash, HASH_LEN) == 0;
        const bool equal = memcmp(r->known[i].token, out, VIEW_TOKEN_LEN) == 0;
        if (same != equal && (same || named))
            return stray(r);
        if (same)
            return OK;
    }
    if (r->known_count == REPLAY_TOKENS_MAX)
        return stray(r);
    memcpy(r->known[r->known_count].identifier, hash, HASH_LEN);
    memcpy(r->known[r->known_count].token, out, VIEW_TOKEN_LEN);
    r->known_count++;
    return OK;
}

static enum err look_order(void *ctx, const uint8_t id[static VIEW_ORDER_ID_LEN],
                           struct view_order *out)
{
    struct replay *r = ctx;
    expect_kind(r, READ_ORDER);
    expect_bytes(r, id, VIEW_ORDER_ID_LEN);
    const bool row = row_follows(r);
    if (row) {
        memcpy(out->id, id, sizeof out->id);
        out->state = (enum order_state)take_word(r, ORDER_STATES - 1);
        out->version = take_u32(r);
        take_text(r, out->issuer, sizeof out->issuer);
        take_text(r, out->changed_by, sizeof out->changed_by);
        take_text(r, out->list, sizeof out->list);
        take_text(r, out->rule, sizeof out->rule);
        out->decision_date = take_u32(r);
        out->changed_date = take_u32(r);
        out->restored_date = take_u32(r);
        out->start_date = take_u32(r);
        out->earliest_repair_date = take_u32(r);
        out->end_date = take_u32(r);
        take_bytes(r, out->token, sizeof out->token);
        expect_kind(r, READ_END);
    }
    return take_result(r, row);
}

static enum err look_conflict(void *ctx, const uint8_t token[static VIEW_TOKEN_LEN],
                              const char *list, const char *decision_number,
                              uint8_t order_id[static VIEW_ORDER_ID_LEN])
{
    struct replay *r = ctx;
    expect_kind(r, READ_CONFLICT);
    expect_bytes(r, token, VIEW_TOKEN_LEN);
    expect_text(r, list);
    expect_text(r, decision_number);
    const bool row = row_follows(r);
    if (row) {
        take_bytes(r, order_id, VIEW_ORDER_ID_LEN);
        expect_kind(r, READ_END);
    }
    return take_result(r, row);
}

static void expect_asked(struct replay *r, enum read_kind kind, const uint8_t *token, uint32_t date)
{
    expect_kind(r, kind);
    expect_bytes(r, token, VIEW_TOKEN_LEN);
    if (take_u32(r) != date)
        (void)stray(r);
}

static void take_restriction(struct replay *r, struct view_restriction *row)
{
    take_text(r, row->measure, sizeof row->measure);
    row->force = (lianshu_Force)take_word(r, _lianshu_Force_MAX);
    take_bytes(r, row->order_id, sizeof row->order_id);
    row->order_version = take_u32(r);
    take_text(r, row->issuer, sizeof row->issuer);
    take_text(r, row->rule, sizeof row->rule);
    take_text(r, row->basis, sizeof row->basis);
    take_text(r, row->scope, sizeof row->scope);
    row->start_date = take_u32(r);
    row->end_date = take_u32(r);
}

/* Whoever asks wants no row behind the last of the notes. */
static enum err look_restrictions(void *ctx, const uint8_t token[static VIEW_TOKEN_LEN],
                                  uint32_t date, view_restriction_fn *fn, void *arg)
{
    struct replay *r = ctx;
    expect_asked(r, READ_RESTRICTIONS, token, date);
    bool more = true;
    while (row_follows(r)) {
        struct view_restriction row;
        take_restriction(r, &row);
        if (!more)
            (void)stray(r);
        more = !r->strayed && fn(arg, &row);
    }
    return take_result(r, true);
}

static enum err look_people(struct replay *r, enum read_kind kind, const uint8_t *token,
                            uint32_t date, view_relation_fn *fn, void *arg)
{
    expect_asked(r, kind, token, date);
    bool more = true;
    while (row_follows(r)) {
        struct view_relation row = {.role = (lianshu_Role)take_word(r, _lianshu_Role_MAX)};
        take_bytes(r, row.token, sizeof row.token);
        if (!more)
            (void)stray(r);
        more = !r->strayed && fn(arg, &row);
    }
    return take_result(r, true);
}

static enum err look_relations(void *ctx, const uint8_t token[static VIEW_TOKEN_LEN], uint32_t date,
                               view_relation_fn *fn, void *arg)
{
    return look_people(ctx, READ_RELATIONS, token, date, fn, arg);
}

static enum err look_holdings(void *ctx, const uint8_t token[static VIEW_TOKEN_LEN], uint32_t date,
                              view_relation_fn *fn, void *arg)
{
    return look_people(ctx, READ_HOLDINGS, token, date, fn, arg);
}

static enum err look_rating(void *ctx, const uint8_t token[static VIEW_TOKEN_LEN],
                            struct view_rating *out)
{
    struct replay *r = ctx;
    expect_kind(r, READ_RATING);
    expect_bytes(r, token, VIEW_TOKEN_LEN);
    const bool row = row_follows(r);
    if (row) {
        out->from_date = take_u32(r);
        take_number(r, 8, &out->issued_ms);
        take_bytes(r, out->id, sizeof out->id);
        expect_kind(r, READ_END);
    }
    return take_result(r, row);
}

void replay_init(struct replay *r, struct span tokens, struct span reads)
{
    *r = (struct replay){.tokens = tokens, .reads = reads};
}

struct view replay_view(struct replay *r)
{
    return (struct view){.ctx = r,
                         .token = look_token,
                         .order = look_order,
                         .conflict = look_conflict,
                         .restrictions = look_restrictions,
                         .relations = look_relations,
                         .holdings = look_holdings,
                         .rating = look_rating};
}

bool replay_done(const struct replay *r)
{
    return !r->strayed && r->tokens.len == 0 && r->reads.len == 0;
}
