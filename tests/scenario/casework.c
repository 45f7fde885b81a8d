#include "scenario/casework.h"

#include "base/clock.h"
#include "catalogue.h"
#include "wire.h"

#include "case.pb.h"
#include "folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define EAST_MS (8 * (int64_t)HOUR_MS)

static const char SEALED_ANSWER[] =
    "{\"case_id\":\"%s\",\"number\":\"潮公〔2026〕1号\",\"decision\":\"略\","
    "\"date\":\"2026-04-01\",\"officer\":\"承办人\"}";

static const char SEALED_REFERRAL[] =
    "{\"case_id\":\"%s\",\"case_number\":\"潮市监移〔2026〕1号\",\"cause\":\"涉嫌销售假药\","
    "\"suspect\":" PUNISHED ",\"offence\":\"销售假药罪\",\"facts\":\"略\","
    "\"officer\":\"承办人\"}";

const struct work WORK_REFERRED = {
    .from = CASE_MARKET,
    .to = {CASE_POLICE, CASE_PP},
    .type = "case.referral",
    .transition = "T07",
    .owner = CASE_POLICE,
    .papers = "\"D04\",\"D05\",\"D06\"",
};
const struct work WORK_TAKEN = {
    .from = CASE_POLICE,
    .to = {CASE_MARKET},
    .type = "case.acknowledged",
    .transition = "T08",
    .owner = CASE_POLICE,
    .papers = "\"D09\"",
};
const struct work WORK_FILED = {
    .from = CASE_POLICE,
    .to = {CASE_MARKET, CASE_PP},
    .type = "case.decision",
    .transition = "T13",
    .outcome = "filed",
    .owner = CASE_MARKET,
    .papers = "\"D13\"",
};
const struct work WORK_NOT_FILED = {
    .from = CASE_POLICE,
    .to = {CASE_MARKET, CASE_PP},
    .type = "case.decision",
    .transition = "T13",
    .outcome = "not_filed",
    .owner = CASE_MARKET,
    .papers = "\"D14\"",
};

/* "2026-04-01T10:00:00+08:00" */
static void say_time(uint64_t ms, char out[static 32])
{
    time_t local = (time_t)((ms + (uint64_t)EAST_MS) / SECOND_MS);
    struct tm tm;
    gmtime_r(&local, &tm);
    strftime(out, 32, "%Y-%m-%dT%H:%M:%S+08:00", &tm);
}

struct mail work_mail(struct world *w, const struct work *step)
{
    static char facts[1024];
    static char sealed[1024];
    char when[32];
    const char *id = step->id == NULL ? CASE_ID : step->id;
    const struct document_type *type = type_by_name(step->type);
    assert_non_null(type);
    const bool refers = type->sealed == &lianshu_CaseReferral_msg;
    say_time(w->now_ms - (uint64_t)step->ago_h * HOUR_MS, when);
    snprintf(facts, sizeof facts,
             "{\"case_id\":\"%s\",\"transition\":\"%s\",\"event_ms\":\"%s\"%s%s%s%s%s%s%s%s%s%s}",
             id, step->transition, when, step->outcome == NULL ? "" : ",\"outcome\":\"",
             step->outcome == NULL ? "" : step->outcome, step->outcome == NULL ? "" : "\"",
             step->owner == NULL ? "" : ",\"owner\":\"", step->owner == NULL ? "" : step->owner,
             step->owner == NULL ? "" : "\"", step->papers == NULL ? "" : ",\"documents\":[",
             step->papers == NULL ? "" : step->papers, step->papers == NULL ? "" : "]",
             step->more == NULL ? "" : step->more);
    snprintf(sealed, sizeof sealed, refers ? SEALED_REFERRAL : SEALED_ANSWER, id);
    struct mail mail = {.from = step->from,
                        .type = step->type,
                        .facts = facts,
                        .sealed = sealed,
                        .file = step->file};
    for (size_t i = 0; i < T_COUNT(step->to); i++)
        mail.to[i] = step->to[i];
    return mail;
}

uint32_t work_send(struct world *w, const struct work *step)
{
    uint8_t env_id[HASH_LEN];
    const struct mail mail = work_mail(w, step);
    world_send(w, &mail, env_id);
    return world_code(w, step->from, env_id);
}

void work_take(struct world *w, const struct work *step)
{
    print_message("%s by %s\n", step->transition, step->from);
    assert_int_equal(work_send(w, step), 0);
}

struct json *work_card(struct world *w)
{
    return world_ask(w, "{\"cmd\":\"case\",\"id\":\"" CASE_ID "\"}");
}

const char *work_says(struct world *w, const char *key)
{
    static char text[128];
    struct json *card = work_card(w);
    const char *said = json_get_text(card, key);
    snprintf(text, sizeof text, "%s", said == NULL ? "" : said);
    json_close(&card);
    return text;
}

const char *work_clock(struct world *w, const char *code, const char *key)
{
    static char text[128];
    struct json *card = work_card(w);
    const struct json *clocks = json_get(card, "clocks");
    text[0] = '\0';
    for (size_t i = 0; i < json_count(clocks); i++) {
        const struct json *clock = json_item(clocks, i);
        if (strcmp(json_get_text(clock, "clock"), code) == 0)
            snprintf(text, sizeof text, "%s", json_get_text(clock, key));
    }
    json_close(&card);
    return text;
}

size_t work_told(struct world *w, const char *member, lianshu_HubNoticeKind kind, const char *rule)
{
    static lianshu_HubNotice body;
    size_t count = 0;
    const struct got *got;
    for (size_t i = 0; (got = world_got(w, member, "hub.notice", i)) != NULL; i++) {
        assert_int_equal(
            wire_decode(&lianshu_HubNotice_msg, span_of(got->facts, got->facts_len), &body), OK);
        assert_int_equal(got->seen, 1);
        count += body.kind == kind && (rule[0] == '\0' || strcmp(body.rule, rule) == 0);
    }
    return count;
}

struct attachment *work_file(struct world *w, lianshu_ManifestFile *file, int *fd)
{
    struct attachment *a = NULL;
    *fd = folder_nameless();
    assert_int_equal(write(*fd, "evidence", 8), 8);
    assert_int_equal(attachment_open(&a, *fd, NULL, &w->entropy), OK);
    assert_int_equal(attachment_measure(a), OK);
    *file = (lianshu_ManifestFile){0};
    attachment_manifest(a, file);
    strcpy(file->name, "照片.jpg");
    strcpy(file->media_type, "image/jpeg");
    return a;
}

void work_send_file(struct world *w, const struct work *step, struct attachment *a)
{
    const struct mail mail = work_mail(w, step);
    uint8_t *frame = malloc(FRAME_MAX);
    uint8_t env_id[HASH_LEN];
    assert_non_null(frame);
    world_make(w, &mail, env_id, NULL);
    size_t len = w->frame_len;
    memcpy(frame, w->frame, len);
    world_push(w, step->from);
    world_turn(w);
    struct writer out = writer_of(w->frame, sizeof w->frame);
    assert_int_equal(attachment_chunk(a, 0, &out), OK);
    w->frame_len = out.len;
    world_push(w, step->from);
    memcpy(w->frame, frame, len);
    w->frame_len = len;
    world_push(w, step->from);
    world_turn(w);
    assert_int_equal(world_code(w, step->from, env_id), 0);
    free(frame);
}

bool casework_has_clock(const struct casework_rows *tables, size_t count, const char *clock)
{
    for (size_t i = 0; i < count; i++) {
        const char *row = tables[i].first;
        for (size_t k = 0; k < tables[i].count; k++, row += tables[i].size) {
            const char *code;
            memcpy(&code, row, sizeof code);
            if (strcmp(code, clock) == 0)
                return true;
        }
    }
    return false;
}
