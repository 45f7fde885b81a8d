/* Checks the promises in policy/replay.h: what was read is answered again, and nothing else. */
#include "policy/reader.h"
#include "policy/replay.h"
#include "policy_world.h"

static const uint8_t ORDER[VIEW_ORDER_ID_LEN] = {0xA1, 1};
static const uint8_t NO_ORDER[VIEW_ORDER_ID_LEN] = {0xEE};

/* What somebody asks, and where another asker goes his own way. */
struct asker {
    const char *company;
    const char *number;
    const uint8_t *order;
    uint32_t date;
    size_t rows; /* of the restrictions: he has seen enough */
    bool skips;  /* the relations */
    bool rated;  /* he asks for the rating of the person, too */
};

static const struct asker SAME = {
    .company = COMPANY, .number = "1", .order = ORDER, .date = 20260420, .rows = 9};

/* What he hears: the answers in their order, and the hash of what was read. */
struct heard {
    enum err err;
    uint8_t bytes[4096];
    struct writer w;
    size_t rows, rows_max;
    uint8_t read[HASH_LEN];
};

static bool hear_restriction(void *arg, const struct view_restriction *row)
{
    struct heard *h = arg;
    write_span(&h->w, span_str(row->measure));
    write_span(&h->w, span_str(row->issuer));
    write_span(&h->w, span_str(row->basis));
    write_bytes(&h->w, row->order_id, sizeof row->order_id);
    write_uint(&h->w, row->end_date, 4);
    write_uint(&h->w, (uint64_t)row->force, 1);
    return ++h->rows < h->rows_max;
}

static bool hear_relation(void *arg, const struct view_relation *row)
{
    struct heard *h = arg;
    write_uint(&h->w, (uint64_t)row->role, 1);
    write_bytes(&h->w, row->token, sizeof row->token);
    return true;
}

static void hear(struct heard *h, enum err err)
{
    write_uint(&h->w, (uint64_t)err, 4);
    if (err != OK && err != ERR_NOT_FOUND && h->err == OK)
        h->err = err;
}

static void ask(const struct view *view, const struct asker *a, struct heard *h)
{
    struct reader r;
    struct view_order order;
    uint8_t company[VIEW_TOKEN_LEN];
    uint8_t boss[VIEW_TOKEN_LEN];
    uint8_t found[VIEW_ORDER_ID_LEN] = {0};
    struct view_rating rating;
    *h = (struct heard){.rows_max = a->rows};
    h->w = writer_of(h->bytes, sizeof h->bytes);
    reader_init(&r, view);
    hear(h, reader_order(&r, a->order, &order));
    write_uint(&h->w, order.version, 4);
    write_span(&h->w, span_str(order.issuer));
    hear(h, reader_order(&r, NO_ORDER, &order));
    hear(h, reader_token(&r, lianshu_SubjectKind_SUBJECT_ENTERPRISE, a->company, company));
    hear(h, reader_conflict(&r, company, "list", a->number, found));
    write_bytes(&h->w, found, sizeof found);
    hear(h, reader_restrictions(&r, company, a->date, hear_restriction, h));
    if (!a->skips)
        hear(h, reader_relations(&r, company, a->date, hear_relation, h));
    hear(h, reader_token(&r, lianshu_SubjectKind_SUBJECT_PERSON, BOSS, boss));
    hear(h, reader_holdings(&r, boss, a->date, hear_relation, h));
    hear(h, reader_token(&r, lianshu_SubjectKind_SUBJECT_ENTERPRISE, a->company, company));
    hear(h, reader_rating(&r, company, &rating));
    if (a->rated)
        hear(h, reader_rating(&r, boss, &rating));
    write_uint(&h->w, rating.from_date, 4);
    write_uint(&h->w, rating.issued_ms, 8);
    write_bytes(&h->w, rating.id, sizeof rating.id);
    reader_done(&r, h->read);
}

/* A world with something behind each look-up, and the notes of SAME. */
struct notes {
    uint8_t tokens[256];
    uint8_t reads[4096];
    struct view_notes at;
    struct heard heard;
};

static void fill_world(struct world *w)
{
    w->has_order = w->has_conflict = true;
    w->order = (struct view_order){
        .state = ORDER_ACTIVE, .version = 3, .issuer = ISSUER, .list = "list", .rule = "R01"};
    memcpy(w->order.id, ORDER, sizeof w->order.id);
    memcpy(w->conflict, ORDER, sizeof w->conflict);
    for (size_t i = 0; i < 2; i++) {
        w->restriction[i].of = COMPANY;
        w->restriction[i].row = (struct view_restriction){.measure = "M07",
                                                          .issuer = ISSUER,
                                                          .rule = "R01",
                                                          .basis = "DL118",
                                                          .end_date = 20290420};
    }
    w->restriction_count = 2;
    w->relation[0].of = COMPANY;
    w->relation[0].person = BOSS;
    w->relation[0].role = lianshu_Role_ROLE_LEGAL_REPRESENTATIVE;
    w->relation[0].from = 20200101;
    w->relation_count = 1;
    w->has_rating = true;
    w->rating = (struct view_rating){20260401, 1775000000000, {7}};
}

static void note_again(struct world *w, struct notes *n)
{
    n->at = (struct view_notes){writer_of(n->tokens, sizeof n->tokens),
                                writer_of(n->reads, sizeof n->reads)};
    struct view view = w->view;
    view.notes = &n->at;
    ask(&view, &SAME, &n->heard);
    assert_int_equal(n->heard.err, OK);
    assert_false(n->at.tokens.full || n->at.reads.full);
}

static void take_notes(struct world *w, struct notes *n)
{
    fill_world(w);
    note_again(w, n);
}

/* True when it went as it did the first time. */
static bool replays(const struct notes *n, struct span tokens, struct span reads,
                    const struct asker *a)
{
    static struct replay r;
    struct heard h;
    replay_init(&r, tokens, reads);
    const struct view view = replay_view(&r);
    ask(&view, a, &h);
    return h.err == OK && replay_done(&r) && h.w.len == n->heard.w.len &&
           memcmp(h.bytes, n->heard.bytes, h.w.len) == 0 &&
           memcmp(h.read, n->heard.read, HASH_LEN) == 0;
}

static bool replays_to(const struct notes *n, const struct asker *a)
{
    return replays(n, writer_span(&n->at.tokens), writer_span(&n->at.reads), a);
}

/* Promise 1 */
static void whoever_asks_the_same_hears_the_same(void **state)
{
    struct notes n;
    take_notes(*state, &n);
    assert_true(replays_to(&n, &SAME));
}

/* Promise 1 */
static void whoever_asks_otherwise_strays(void **state)
{
    const struct asker others[] = {
        {.company = CLEAN, .number = "1", .order = ORDER, .date = 20260420, .rows = 9},
        {.company = COMPANY, .number = "2", .order = ORDER, .date = 20260420, .rows = 9},
        {.company = COMPANY, .number = "11", .order = ORDER, .date = 20260420, .rows = 9},
        {.company = COMPANY, .number = "1", .order = NO_ORDER, .date = 20260420, .rows = 9},
        {.company = COMPANY, .number = "1", .order = ORDER, .date = 20260421, .rows = 9},
        {.company = COMPANY, .number = "1", .order = ORDER, .date = 20260420, .rows = 1},
        {.company = COMPANY,
         .number = "1",
         .order = ORDER,
         .date = 20260420,
         .rows = 9,
         .skips = true},
        {.company = COMPANY,
         .number = "1",
         .order = ORDER,
         .date = 20260420,
         .rows = 9,
         .rated = true},
    };
    struct notes n;
    take_notes(*state, &n);
    /* The first gets tokens in their order, whoever he names: that is the hub's word. */
    assert_true(replays_to(&n, &others[0]));
    for (size_t i = 1; i < T_COUNT(others); i++) {
        print_message("row %zu\n", i);
        assert_false(replays_to(&n, &others[i]));
    }
}

/* Promise 2: the company is asked for twice, the person once, between. */
static void one_identifier_has_one_token_and_two_have_two(void **state)
{
    enum { COMPANY_FIRST, PERSON, COMPANY_AGAIN };
    struct notes n;
    take_notes(*state, &n);
    assert_int_equal(n.at.tokens.len, 3 * VIEW_TOKEN_LEN);
    n.tokens[COMPANY_AGAIN * VIEW_TOKEN_LEN] ^= 1;
    assert_false(replays_to(&n, &SAME));
    n.tokens[COMPANY_AGAIN * VIEW_TOKEN_LEN] ^= 1;
    memcpy(n.tokens + PERSON * VIEW_TOKEN_LEN, n.tokens, VIEW_TOKEN_LEN);
    assert_false(replays_to(&n, &SAME));
}

/* Promises 3 and 4: a bit anywhere, a byte less or more. */
static void changed_or_cut_notes_are_never_what_was_read(void **state)
{
    struct notes n;
    take_notes(*state, &n);
    const struct span tokens = writer_span(&n.at.tokens);
    const struct span reads = writer_span(&n.at.reads);
    for (size_t i = 0; i < 8 * reads.len; i++) {
        n.reads[i / 8] ^= (uint8_t)(1u << i % 8);
        if (replays(&n, tokens, reads, &SAME))
            fail_msg("bit %zu", i);
        n.reads[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    for (size_t len = 0; len < reads.len; len++)
        assert_false(replays(&n, tokens, span_of(reads.data, len), &SAME));
    for (size_t len = 0; len < tokens.len; len++)
        assert_false(replays(&n, span_of(tokens.data, len), reads, &SAME));
    assert_false(replays(&n, tokens, span_of(reads.data, reads.len + 1), &SAME));
    assert_true(replays(&n, tokens, reads, &SAME));
}

/* Promise 4: whoever hears a role, a force or a state may count with it. */
static void a_role_force_or_state_that_there_is_not_strays(void **state)
{
    static const struct {
        unsigned role, force;
        bool known;
    } rows[] = {
        {_lianshu_Role_MAX, _lianshu_Force_MAX, true},
        {_lianshu_Role_MIN, _lianshu_Force_MIN, true},
        {_lianshu_Role_MAX + 1, _lianshu_Force_MAX, false},
        {255, 0, false},
        {_lianshu_Role_MAX, _lianshu_Force_MAX + 1, false},
        {0, 255, false},
    };
    struct world *w = *state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct notes n;
        print_message("row %zu\n", i);
        fill_world(w);
        w->relation[0].role = (lianshu_Role)rows[i].role;
        w->restriction[1].row.force = (lianshu_Force)rows[i].force;
        note_again(w, &n);
        assert_int_equal(replays_to(&n, &SAME), rows[i].known);
    }
    for (unsigned order = 0; order <= ORDER_STATES; order++) {
        struct notes n;
        fill_world(w);
        w->order.state = (enum order_state)order;
        note_again(w, &n);
        assert_int_equal(replays_to(&n, &SAME), order < ORDER_STATES);
    }
}

/* Promise 2: of zeros nothing follows; of so many identifiers no more is kept. */
static void an_identifier_too_many_strays(void **state)
{
    static uint8_t tokens[(REPLAY_TOKENS_MAX + 1) * VIEW_TOKEN_LEN];
    static struct replay r;
    uint8_t out[VIEW_TOKEN_LEN];
    (void)state;
    for (int named = 0; named <= 1; named++) {
        replay_init(&r, span_of(tokens, sizeof tokens), span_of(NULL, 0));
        const struct view view = replay_view(&r);
        for (unsigned i = 0; i <= REPLAY_TOKENS_MAX; i++) {
            char id[16];
            snprintf(id, sizeof id, "%u", i);
            tokens[i * VIEW_TOKEN_LEN] = (uint8_t)(named ? i + 1 : 0);
            tokens[i * VIEW_TOKEN_LEN + 1] = (uint8_t)(named ? (i + 1) >> 8 : 0);
            assert_int_equal(view.token(view.ctx, lianshu_SubjectKind_SUBJECT_PERSON, id, out),
                             i < REPLAY_TOKENS_MAX ? OK : ERR_REEXECUTION);
        }
    }
    /* Who was nobody once is nobody again. */
    memset(tokens, 0, sizeof tokens);
    tokens[VIEW_TOKEN_LEN] = 1;
    replay_init(&r, span_of(tokens, sizeof tokens), span_of(NULL, 0));
    const struct view view = replay_view(&r);
    assert_int_equal(view.token(view.ctx, lianshu_SubjectKind_SUBJECT_PERSON, BOSS, out), OK);
    assert_int_equal(view.token(view.ctx, lianshu_SubjectKind_SUBJECT_PERSON, BOSS, out),
                     ERR_REEXECUTION);
}

static bool stop(void *arg, const struct view_relation *row)
{
    (void)arg, (void)row;
    return false;
}

/* Promise 1: whoever had enough of the rows did not hear the next one. */
static void whoever_has_seen_enough_people_strays(void **state)
{
    struct world *w = *state;
    static struct replay r;
    struct notes n;
    struct reader reader;
    uint8_t token[VIEW_TOKEN_LEN];
    fill_world(w);
    w->relation[1] = w->relation[0];
    w->relation_count = 2;
    n.at = (struct view_notes){writer_of(n.tokens, sizeof n.tokens),
                               writer_of(n.reads, sizeof n.reads)};
    n.heard.w = writer_of(n.heard.bytes, sizeof n.heard.bytes);
    struct view view = w->view;
    view.notes = &n.at;
    reader_init(&reader, &view);
    world_token_of(COMPANY, token);
    assert_int_equal(reader_relations(&reader, token, 20260420, hear_relation, &n.heard), OK);
    for (int enough = 0; enough <= 1; enough++) {
        replay_init(&r, span_of(NULL, 0), writer_span(&n.at.reads));
        const struct view again = replay_view(&r);
        assert_int_equal(
            again.relations(again.ctx, token, 20260420, enough ? stop : hear_relation, &n.heard),
            enough ? ERR_REEXECUTION : OK);
        assert_int_equal(replay_done(&r), !enough);
    }
}

/* Promise 3: tokens that nobody asked for are no part of what was read. */
static void notes_that_nobody_read_are_not_done_with(void **state)
{
    static const uint8_t more[VIEW_TOKEN_LEN] = {1};
    static struct replay r;
    (void)state;
    for (int i = 0; i < 4; i++) {
        replay_init(&r, span_of(more, i % 2 == 0 ? 0 : VIEW_TOKEN_LEN),
                    span_of(more, i < 2 ? 0 : 1));
        assert_int_equal(replay_done(&r), i == 0);
    }
}

/* What does not fit is said to be full, and is not half of something. */
static void notes_without_room_say_so(void **state)
{
    struct world *w = *state;
    struct notes n;
    take_notes(w, &n);
    for (size_t cap = 0; cap < n.at.reads.len; cap += 17) {
        uint8_t small[4096];
        struct heard h;
        struct view_notes notes = {writer_of(n.tokens, sizeof n.tokens), writer_of(small, cap)};
        struct view view = w->view;
        view.notes = &notes;
        ask(&view, &SAME, &h);
        assert_true(notes.reads.full);
        assert_memory_equal(h.read, n.heard.read, HASH_LEN);
    }
}

#define CASE(fn) cmocka_unit_test_setup(fn, world_setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(whoever_asks_the_same_hears_the_same),
        CASE(whoever_asks_otherwise_strays),
        CASE(one_identifier_has_one_token_and_two_have_two),
        CASE(changed_or_cut_notes_are_never_what_was_read),
        CASE(a_role_force_or_state_that_there_is_not_strays),
        CASE(an_identifier_too_many_strays),
        CASE(whoever_has_seen_enough_people_strays),
        CASE(notes_that_nobody_read_are_not_done_with),
        CASE(notes_without_room_say_so),
    };
    return cmocka_run_group_tests_name("replay", tests, world_group_open, world_group_close);
}
