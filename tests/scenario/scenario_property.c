/*
 * Orders, corrections, their ends, a member that comes later and the clock at random, against the
 * model of naive.h. After each step: every restriction has a live justification, every live
 * justification its restriction, and what is over is owed by nobody. At the end: retraction in any
 * order gives the same state, and so does doing again only what was accepted.
 *
 *   scenario_property [SEED [LIVES]]     with a count: a campaign, the seeds that follow
 */
#include "scenario/acts.h"
#include "scenario/naive.h"
#include "scenario/papers.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    STEPS = 40,
    DAYS_MAX = 300, /* the registry of the world is valid for a year */
    TEXT_MAX = 2048,
    LIVES_IN_THE_TEST_RUN = 6,
};

enum step_kind { STEP_IMPOSE, STEP_CORRECT, STEP_CHANGE, STEP_DAYS, STEP_KILL, STEP_ENROL };

static const char TENDER[] = "procurement.445100"; /* who comes later */
static const char COURT[] = "court.440000";

struct step {
    enum step_kind kind;
    bool taken;
    struct naive_order order;
    bool court; /* it changes, not the market */
    enum naive_change change;
    uint32_t number;
    uint32_t version;
    uint32_t decided;
    unsigned days;
};

struct life {
    uint64_t random;
    struct naive model;
    struct step steps[STEPS + NAIVE_ORDERS_MAX];
    size_t step_count;
    unsigned days;
    uint32_t next_number;
    size_t accepted;
    size_t refused;
};

static uint64_t draw(struct life *life, uint64_t below)
{
    uint64_t z = life->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % below;
}

/* ---- the engine's side: documents, and what it says of itself ---- */

static const struct {
    const char *list;
    const char *trigger;
    const char *severity;
    const char *basis[2];
} papers[NAIVE_KINDS] = {
    [NAIVE_FAKE_DRUGS] = {"serious_dishonesty", "DL116_118", "serious", {"DL116", "DL118"}},
    [NAIVE_LICENCE_REVOKED] = {"licence_revoked", "licence_revoked", "serious", {"CL178-4", NULL}},
    [NAIVE_HEAVY_PENALTY] = {"serious_dishonesty", "SAMR44_6_1", "serious", {"SAMR44-6", NULL}},
    [NAIVE_LARGER_FINE] = {"penalty_record", "penalty_larger_fine", "ordinary", {"AP48", NULL}},
};

static const char *const changes[NAIVE_CHANGES] = {
    "sanction.lift", "sanction.annul", "sanction.suspend", "sanction.resume", "sanction.restore"};

static void date_text(uint32_t date, char out[16])
{
    snprintf(out, 16, "%04u-%02u-%02u", date / 10000 % 10000, date / 100 % 100, date % 100);
}

static void subject_text(size_t i, char out[256])
{
    char id[NAIVE_ID_LEN + 1];
    naive_subject_id(i, id);
    snprintf(out, 256,
             "{\"kind\":\"enterprise\",\"id\":\"%s\",\"name\":\"潮州样本%zu公司\","
             "\"region\":\"445102\"}",
             id, i);
}

static void persons_text(const struct naive_order *o, char out[512])
{
    char head[NAIVE_ID_LEN + 1];
    char manager[NAIVE_ID_LEN + 1];
    naive_person_id(o->head, head);
    naive_person_id(o->manager, manager);
    if (o->kind == NAIVE_HEAVY_PENALTY || o->kind == NAIVE_LARGER_FINE)
        out[0] = '\0';
    else
        snprintf(out, 512,
                 "{\"role\":\"legal_representative\",\"id\":\"%s\",\"name\":\"样本\","
                 "\"responsible\":true},"
                 "{\"role\":\"directly_responsible\",\"id\":\"%s\",\"name\":\"样本\"}",
                 head, manager);
}

static bool send(struct world *w, const char *from, const char *type, const char *facts,
                 const char *const basis[2])
{
    uint8_t env_id[HASH_LEN];
    const struct mail mail = {.from = from,
                              .type = type,
                              .to = {"hub.445100"},
                              .facts = facts,
                              .basis = {basis[0], basis[1]}};
    world_send(w, &mail, env_id);
    lianshu_ReceiptKind kind = world_verdict(w, from, env_id);
    assert_true(kind == lianshu_ReceiptKind_RECEIPT_ACCEPTED ||
                kind == lianshu_ReceiptKind_RECEIPT_REJECTED);
    return kind == lianshu_ReceiptKind_RECEIPT_ACCEPTED;
}

static bool impose(struct world *w, const struct naive_order *o)
{
    char subject[256];
    char persons[512];
    char decided[16];
    char start[16];
    char until[16];
    char repair[16];
    char id[33];
    char number[64];
    char body[PAPER_MAX];
    subject_text(o->subject, subject);
    persons_text(o, persons);
    date_text(o->decided, decided);
    date_text(o->start, start);
    date_text(o->until, until);
    date_text(o->repair, repair);
    snprintf(id, sizeof id, "%032x", o->number);
    snprintf(number, sizeof number, "潮市监罚〔2026〕%u号", o->act);
    const struct paper paper = {.subject = subject,
                                .persons = persons,
                                .order_id = id,
                                .version = o->version,
                                .list = papers[o->kind].list,
                                .trigger = papers[o->kind].trigger,
                                .severity = papers[o->kind].severity,
                                .number = number,
                                .decided = decided,
                                .start = start,
                                .max = until,
                                .repair = o->repair != 0 ? repair : NULL,
                                .noticed = "2026-03-10",
                                .act_date = "2026-01-15"};
    paper_order(&paper, body);
    return send(w, "market.445100", "sanction.order", body, papers[o->kind].basis);
}

static bool change(struct world *w, const struct naive *model, const struct step *step)
{
    static const char *const basis[2] = {"AP48", NULL};
    char subject[256];
    char decided[16];
    char id[33];
    char number[64];
    char body[PAPER_MAX];
    const struct naive_order *o = naive_find((struct naive *)model, step->number);
    subject_text(o != NULL ? o->subject : 0, subject);
    date_text(step->decided, decided);
    snprintf(id, sizeof id, "%032x", step->number);
    snprintf(number, sizeof number, "潮市监变〔2026〕%u号", step->version);
    const struct paper paper = {.subject = subject,
                                .order_id = id,
                                .version = step->version,
                                .number = number,
                                .decided = decided};
    paper_change(&paper, body);
    return send(w, step->court ? COURT : "market.445100", changes[step->change], body, basis);
}

/* ---- what must hold after each step ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static size_t engine_against(struct world *w, const char *kind, const char *id,
                             struct naive_found out[NAIVE_FOUND_MAX])
{
    char request[128];
    snprintf(request, sizeof request, "{\"cmd\":\"restrictions\",\"kind\":\"%s\",\"id\":\"%s\"}",
             kind, id);
    struct json *json = world_ask(w, request);
    const struct json *list = json_get(json, "restrictions");
    size_t count = json_count(list);
    assert_true(count <= NAIVE_FOUND_MAX);
    for (size_t i = 0; i < count; i++) {
        const struct json *row = json_item(list, i);
        const char *until = json_get_text(row, "end_date");
        memset(&out[i], 0, sizeof out[i]);
        snprintf(out[i].measure, sizeof out[i].measure, "%s", json_get_text(row, "measure"));
        out[i].order = (uint32_t)strtoul(json_get_text(row, "order") + 24, NULL, 16);
        assert_true(until == NULL || date_parse(until, &out[i].until));
    }
    json_close(&json);
    return count;
}

static bool same(const struct naive_found *engine, size_t engine_count,
                 const struct naive_found *paper, size_t paper_count)
{
    bool used[NAIVE_FOUND_MAX] = {false};
    for (size_t i = 0; i < paper_count; i++) {
        size_t k = 0;
        while (k < engine_count &&
               (used[k] || strcmp(engine[k].measure, paper[i].measure) != 0 ||
                engine[k].order != paper[i].order || engine[k].until != paper[i].until))
            k++;
        if (k == engine_count)
            return false;
        used[k] = true;
    }
    return engine_count == paper_count;
}

static void compare(struct world *w, const struct life *life, bool person, size_t i)
{
    struct naive_found paper[NAIVE_FOUND_MAX];
    struct naive_found engine[NAIVE_FOUND_MAX];
    char id[NAIVE_ID_LEN + 1];
    uint32_t today = naive_day(w->now_ms);
    size_t paper_count;
    if (person) {
        naive_person_id(i, id);
        paper_count = naive_against_person(&life->model, i, today, paper);
    } else {
        naive_subject_id(i, id);
        paper_count = naive_against_subject(&life->model, i, today, paper);
    }
    size_t engine_count = engine_against(w, person ? "person" : "enterprise", id, engine);
    if (same(engine, engine_count, paper, paper_count))
        return;
    for (size_t k = 0; k < paper_count; k++)
        print_message("paper : %s order %u until %u\n", paper[k].measure, paper[k].order,
                      paper[k].until);
    for (size_t k = 0; k < engine_count; k++)
        print_message("engine: %s order %u until %u\n", engine[k].measure, engine[k].order,
                      engine[k].until);
    fail_msg("%s %zu on %u: the paper has %zu, the engine %zu", person ? "person" : "subject", i,
             today, paper_count, engine_count);
}

/* Nobody owes what is over or stayed; what stands is owed by as many as the law names. */
static void compare_obligations(struct world *w, const struct naive *n, const struct naive_order *o)
{
    char request[96];
    snprintf(request, sizeof request, "{\"cmd\":\"obligations\",\"order\":\"%032x\"}", o->number);
    struct json *json = world_ask(w, request);
    const struct json *list = json_get(json, "obligations");
    size_t owed = 0;
    for (size_t i = 0; i < json_count(list); i++) {
        const struct json *row = json_item(list, i);
        const char *state = json_get_text(row, "state");
        bool ended = strcmp(state, "cancelled") == 0 || strcmp(state, "lift_due") == 0 ||
                     strcmp(state, "lifted") == 0;
        owed += !ended && !json_flag(json_get(row, "unassigned"));
    }
    json_close(&json);
    bool stands = o->state == NAIVE_STANDS && !naive_over(o, naive_day(w->now_ms));
    if (owed != (stands ? naive_owed(n, o->kind) : 0))
        fail_msg("order %u (kind %d, state %d) is owed %zu times", o->number, (int)o->kind,
                 (int)o->state, owed);
}

static void check(struct world *w, const struct life *life)
{
    for (size_t i = 0; i < NAIVE_SUBJECTS; i++)
        compare(w, life, false, i);
    for (size_t i = 0; i < NAIVE_PERSONS; i++)
        compare(w, life, true, i);
    for (size_t i = 0; i < life->model.count; i++)
        compare_obligations(w, &life->model, &life->model.order[i]);
}

/* ---- a life ---- */

static void draw_order(struct life *life, uint32_t today, struct naive_order *o)
{
    *o =
        (struct naive_order){.number = ++life->next_number, .act = life->next_number, .version = 1};
    o->kind = (enum naive_kind)draw(life, NAIVE_KINDS);
    o->subject = draw(life, NAIVE_SUBJECTS);
    o->head = draw(life, NAIVE_PERSONS);
    o->manager = (o->head + 1 + draw(life, NAIVE_PERSONS - 1)) % NAIVE_PERSONS;
    o->decided = draw(life, 8) == 0 ? naive_plus(today, 0, 0, 1) : today; /* some too early */
    o->start = naive_plus(o->decided, 0, 0, draw(life, 3) == 0 ? (int)draw(life, 40) : 0);
    o->until = naive_plus(o->start, 3, 0, 0);
    if (o->kind == NAIVE_HEAVY_PENALTY)
        o->repair = naive_plus(o->start, 1, 0, 0);
    if (o->kind == NAIVE_LARGER_FINE) {
        o->until = naive_plus(o->start, 0, 0, 120 + (int)draw(life, 200));
        o->repair = naive_plus(o->start, 0, 3, 0);
    }
    if (life->model.count == 0)
        return;
    const struct naive_order *known = &life->model.order[draw(life, life->model.count)];
    if (draw(life, 6) == 0)
        o->number = known->number; /* an id that is taken */
    if (draw(life, 4) == 0) {
        o->act = known->act; /* the same act again */
        o->subject = known->subject;
    }
}

/* Other persons, another end, and now and then what no correction may say. */
static void draw_correction(struct life *life, uint32_t today, struct naive_order *o)
{
    *o = life->model.order[draw(life, life->model.count)];
    o->version += draw(life, 8) == 0 ? 2 : 1;
    o->head = draw(life, NAIVE_PERSONS);
    o->manager = (o->head + 1 + draw(life, NAIVE_PERSONS - 1)) % NAIVE_PERSONS;
    if (o->kind == NAIVE_LARGER_FINE)
        o->until = naive_plus(o->start, 0, 0, 120 + (int)draw(life, 200));
    switch (draw(life, 10)) {
    case 0:
        o->decided = naive_plus(today, 0, 0, 1); /* of tomorrow */
        o->start = o->decided;
        break;
    case 1:
        o->subject = (o->subject + 1) % NAIVE_SUBJECTS;
        break;
    case 2: /* of another list, or for another reason of the same one */
        o->kind = o->kind == NAIVE_HEAVY_PENALTY ? NAIVE_LICENCE_REVOKED : NAIVE_FAKE_DRUGS;
        o->repair = 0;
        o->until = naive_plus(o->start, 3, 0, 0);
        break;
    default:
        break;
    }
}

static void draw_change(struct life *life, uint32_t today, struct step *step)
{
    const struct naive_order *o = &life->model.order[draw(life, life->model.count)];
    step->change = (enum naive_change)draw(life, NAIVE_CHANGES);
    step->number = draw(life, 12) == 0 ? 9999 : o->number;
    step->version = o->version + 1 + (draw(life, 8) == 0 ? 1 : 0);
    step->decided = draw(life, 8) == 0 ? naive_plus(today, 0, 0, 1) : today;
    if (draw(life, 5) == 0) /* told late */
        step->decided = o->decided;
    step->court = draw(life, 4) == 0;
}

static void draw_step(struct life *life, uint32_t today, struct step *step)
{
    uint64_t dice = draw(life, 20);
    *step = (struct step){.kind = STEP_CHANGE};
    if (dice < 6 || life->model.count == 0)
        step->kind = STEP_IMPOSE;
    else if (dice < 10 && life->days < DAYS_MAX)
        step->kind = STEP_DAYS;
    else if (dice == 10)
        step->kind = STEP_KILL;
    else if (dice < 14)
        step->kind = STEP_CORRECT;
    else if (dice == 14 && !life->model.tender)
        step->kind = STEP_ENROL;
    if (step->kind == STEP_IMPOSE)
        draw_order(life, today, &step->order);
    else if (step->kind == STEP_CORRECT)
        draw_correction(life, today, &step->order);
    else if (step->kind == STEP_CHANGE)
        draw_change(life, today, step);
    else
        step->days = 1 + (unsigned)draw(life, 40);
}

static void put_away(struct world *w, const struct life *life)
{
    if (life->model.tender)
        world_put_away(w, TENDER);
    world_put_away(w, COURT);
    for (size_t i = 0; i < ACTS_EVERYBODY; i++)
        world_put_away(w, acts_everybody[i]);
}

static void wait_days(struct world *w, const struct life *life, unsigned days)
{
    for (unsigned i = 0; i < days; i++) {
        world_pass(w, DAY_MS);
        put_away(w, life);
    }
}

/* What the market says, and what the paper says of it. */
static void say(struct world *w, struct life *life, struct step *step, uint32_t today)
{
    bool order = step->kind != STEP_CHANGE;
    bool expected = step->kind == STEP_IMPOSE ? naive_impose(&life->model, &step->order, today)
                    : order                   ? naive_correct(&life->model, &step->order, today)
                            : naive_change(&life->model, step->court, step->number, step->change,
                                           step->version, step->decided, today);
    step->taken = order ? impose(w, &step->order) : change(w, &life->model, step);
    if (step->taken != expected)
        fail_msg("step %zu on %u: %s %u version %u was %s", life->step_count, today,
                 order ? "order" : changes[step->change], order ? step->order.number : step->number,
                 order ? step->order.version : step->version, step->taken ? "accepted" : "refused");
    *(step->taken ? &life->accepted : &life->refused) += 1;
}

static void do_step(struct world *w, struct life *life, struct step *step)
{
    uint32_t today = naive_day(w->now_ms);
    if (step->kind == STEP_DAYS) {
        wait_days(w, life, step->days);
    } else if (step->kind == STEP_KILL) {
        world_restart(w);
        acts_connect(w);
    } else if (step->kind == STEP_ENROL) {
        world_enrol(w, TENDER);
        life->model.tender = true;
    } else {
        say(w, life, step, today);
    }
    put_away(w, life);
}

static struct world *world_of(uint64_t seed)
{
    uint8_t bytes[ENTROPY_SEED_LEN] = {0};
    memcpy(bytes, &seed, sizeof seed);
    struct world *w = world_new(bytes);
    acts_connect(w);
    world_enrol(w, COURT);
    return w;
}

/* Everything that is left is annulled, in an order that is drawn. */
static void retract(struct world *w, struct life *life, uint64_t seed)
{
    size_t order[NAIVE_ORDERS_MAX];
    life->random = seed;
    for (size_t i = 0; i < life->model.count; i++)
        order[i] = i;
    for (size_t i = life->model.count; i > 1; i--) {
        size_t k = draw(life, i);
        size_t swap = order[k];
        order[k] = order[i - 1];
        order[i - 1] = swap;
    }
    for (size_t i = 0; i < life->model.count; i++) {
        const struct naive_order *o = &life->model.order[order[i]];
        struct step step = {.kind = STEP_CHANGE,
                            .change = NAIVE_ANNUL,
                            .number = o->number,
                            .version = o->version + 1,
                            .decided = naive_day(w->now_ms)};
        if (o->state == NAIVE_ANNULLED)
            continue;
        do_step(w, life, &step);
        assert_true(step.taken);
        check(w, life);
    }
}

/* Orders and obligations with their states: what a life leaves behind. An obligation's id stands on
 * a handle that its hub drew at random, so it is told by what it says; check() holds every one to
 * its subject. */
static void digest(struct world *w, uint8_t out[HASH_LEN])
{
    static char *lines[NAIVE_ORDERS_MAX * 64];
    static const char *const fields[] = {"order", "state", "version",    "member",  "measure",
                                         "force", "rule",  "start_date", "end_date"};
    size_t count = 0;
    for (int part = 0; part < 2; part++) {
        struct json *json =
            world_ask(w, part == 0 ? "{\"cmd\":\"orders\"}" : "{\"cmd\":\"obligations\"}");
        const struct json *list = json_get(json, part == 0 ? "orders" : "obligations");
        for (size_t i = 0; i < json_count(list); i++) {
            char line[256] = "";
            for (size_t k = 0; k < T_COUNT(fields); k++) {
                const char *text = json_get_text(json_item(list, i), fields[k]);
                size_t len = strlen(line);
                snprintf(line + len, sizeof line - len, "%s|", text != NULL ? text : "");
            }
            assert_true(count < T_COUNT(lines));
            assert_non_null(lines[count++] = strdup(line));
        }
        json_close(&json);
    }
    qsort(lines, count, sizeof lines[0], by_text);
    struct sha256 hash;
    sha256_init(&hash);
    for (size_t i = 0; i < count; i++) {
        sha256_add(&hash, span_str(lines[i]));
        free(lines[i]);
    }
    sha256_done(&hash, out);
}

static void live(uint64_t seed, struct life *life)
{
    memset(life, 0, sizeof *life);
    life->random = seed;
    struct world *w = world_of(seed);
    for (; life->step_count < STEPS; life->step_count++) {
        struct step *step = &life->steps[life->step_count];
        draw_step(life, naive_day(w->now_ms), step);
        life->days += step->kind == STEP_DAYS ? step->days : 0;
        do_step(w, life, step);
        check(w, life);
    }
    retract(w, life, seed + 1);
    world_free(w);
}

/* The steps of a life again; only those that were accepted, or all. */
static void live_again(uint64_t seed, const struct life *first, bool accepted_only, uint64_t order,
                       uint8_t out[HASH_LEN])
{
    static struct life life;
    memset(&life, 0, sizeof life);
    struct world *w = world_of(seed);
    for (size_t i = 0; i < first->step_count; i++) {
        struct step step = first->steps[i];
        bool sent =
            step.kind == STEP_IMPOSE || step.kind == STEP_CORRECT || step.kind == STEP_CHANGE;
        if (accepted_only && ((sent && !step.taken) || step.kind == STEP_KILL))
            continue;
        do_step(w, &life, &step);
    }
    retract(w, &life, order);
    digest(w, out);
    world_free(w);
}

static void prove(uint64_t seed)
{
    static struct life life;
    uint8_t one[HASH_LEN];
    uint8_t other[HASH_LEN];
    uint8_t accepted[HASH_LEN];
    live(seed, &life);
    live_again(seed, &life, false, seed + 2, one);
    live_again(seed, &life, false, seed + 3, other);
    assert_memory_equal(one, other, HASH_LEN);
    live_again(seed, &life, true, seed + 4, accepted);
    assert_memory_equal(one, accepted, HASH_LEN);
    print_message("%llu: %zu accepted, %zu refused, %zu orders, %u days\n",
                  (unsigned long long)seed, life.accepted, life.refused, life.model.count,
                  life.days);
}

static uint64_t first_seed = 1;
static uint64_t lives = LIVES_IN_THE_TEST_RUN;

static void
every_restriction_has_its_justification_and_any_order_of_retraction_ends_the_same(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < lives; i++)
        prove(first_seed + i);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        first_seed = strtoull(argv[1], NULL, 10);
    if (argc > 2)
        lives = strtoull(argv[2], NULL, 10);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            every_restriction_has_its_justification_and_any_order_of_retraction_ends_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
