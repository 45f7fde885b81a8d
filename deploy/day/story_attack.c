/* Somebody with an enrolled key, and somebody without, try what they should not. */
#include "day/day.h"

#include "day/attack.h"
#include "day/expected.h"
#include "document.pb.h"
#include "json.h"

#include <stdio.h>
#include <string.h>

enum { MINUTE = 60 * 1000 };

/* What must not move by a refused input. */
static const char *const state_paths[] = {"receipts.accepted", "orders", "obligations.total",
                                          "restrictions"};
enum { STATE_PATHS = sizeof state_paths / sizeof state_paths[0] };

struct state {
    uint64_t values[STATE_PATHS];
};

static struct state state_now(struct day *d)
{
    struct state s;

    for (size_t i = 0; i < STATE_PATHS; i++)
        s.values[i] = day_status(d, state_paths[i]);
    return s;
}

struct refusal {
    char path[24]; /* unverified.303 */
    uint64_t before;
};

static bool counted(struct day *d, void *ctx)
{
    const struct refusal *wanted = ctx;
    const uint64_t now = day_status(d, wanted->path);
    return now != DAY_UNKNOWN && now > wanted->before;
}

static uint64_t refused_so_far(struct day *d, const char *path)
{
    const uint64_t value = day_status(d, path);
    return value == DAY_UNKNOWN ? 0 : value;
}

static void judge(struct day *d, const struct state *before, bool refused, const char *zh,
                  const char *en, uint32_t code)
{
    const struct state after = state_now(d);
    char told[160];
    char told_en[160];
    const bool unmoved = memcmp(before, &after, sizeof after) == 0;

    if (refused && unmoved)
        d->attacks_refused++;
    tell_expect(&d->tell, refused, zh, en);
    tell_expect(&d->tell, unmoved, "状态未变", "the state did not move");
    snprintf(told, sizeof told, "%s：E%u，状态未变", zh, (unsigned)code);
    snprintf(told_en, sizeof told_en, "%s: E%u, nothing changed", en, (unsigned)code);
    if (refused && unmoved)
        tell_line(&d->tell, told, told_en);
}

/* Bytes that never become a message: no answer, but counted under their code. */
static void throw(struct day * d, struct attacker *a, struct span bytes, uint32_t code,
                  const char *zh, const char *en)
{
    struct refusal wanted;
    const struct state before = state_now(d);

    snprintf(wanted.path, sizeof wanted.path, "unverified.%u", (unsigned)code);
    wanted.before = refused_so_far(d, wanted.path);
    attack_throw(a, bytes);
    const bool refused = day_wait(d, counted, &wanted, zh, en);
    judge(d, &before, refused, zh, en, code);
}

/* An envelope that is answered with a refusal of this code. */
static void send(struct day *d, struct attacker *a, const struct crafted *c, uint32_t code,
                 const char *zh, const char *en)
{
    const struct state before = state_now(d);
    uint32_t got = 0;
    uint64_t index;
    const enum attack_answer answer = attack_send(a, c, &got, &index);
    const bool refused = (answer == ATTACK_REJECTED || answer == ATTACK_BUSY) && got == code;

    if (!refused)
        tell_linef(&d->tell, "应为 E%u，答复 %d E%u", "should be E%u, answer %d E%u",
                   (unsigned)code, (int)answer, (unsigned)got);
    judge(d, &before, refused, zh, en, code);
}

static bool craft(struct day *d, struct attacker *a, const struct craft *how, struct crafted *out)
{
    const enum err err = attack_craft(a, how, out);
    return tell_expect(&d->tell, err == OK, "可构造攻击", err_en(err));
}

static void crafted_attacks(struct day *d, struct attacker *a)
{
    static const struct {
        struct craft how;
        uint32_t code;
        const char *zh;
        const char *en;
    } rows[] = {
        {{.foreign_key = true},
         304,
         "伪造：未登记的密钥签名",
         "forged: signed by a key nobody enrolled"},
        {{.life_ms = 1}, 503, "过期", "expired"},
        {{.created_shift_ms = 10 * MINUTE}, 504, "创建于未来", "created in the future"},
        {{.type = lianshu_DocumentType_TYPE_SANCTION_ORDER},
         401,
         "越权：公安制发市场监管的惩戒",
         "unauthorised: an order by the police"},
        {{.to = "insurance.445100"},
         403,
         "越权：发往无权的收件方",
         "unauthorised: to a recipient without the right"},
        {{.foreign_document = true},
         304,
         "伪造：信封真、文书假",
         "forged: a true envelope around a forged document"},
    };
    static struct crafted c;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0] && !d->broken; i++)
        if (craft(d, a, &rows[i].how, &c))
            send(d, a, &c, rows[i].code, rows[i].zh, rows[i].en);
}

/* Under the name of another member: nobody is told, for nobody known has spoken. */
static void borrowed_name(struct day *d, struct attacker *a)
{
    static struct crafted c;
    const struct craft how = {.sender = "market.445100"};

    if (craft(d, a, &how, &c))
        throw(d, a, span_of(c.frame, c.len), 103, "冒名：以他人名义发送", "another member's name");
}

/* One accepted message, then the same again, and others under its id. */
static void repeated(struct day *d, struct attacker *a)
{
    static struct crafted first;
    static struct crafted other;
    const struct craft plain = {0};
    uint32_t code;
    uint64_t index = 0;
    uint64_t again = 0;

    if (!craft(d, a, &plain, &first))
        return;
    const enum attack_answer answer = attack_send(a, &first, &code, &index);
    if (answer != ATTACK_ACCEPTED) {
        tell_linef(&d->tell, "答复 %d E%u", "answer %d E%u", (int)answer, (unsigned)code);
        tell_expect(&d->tell, false, "正确的信封被受理", "a correct envelope is accepted");
        return;
    }
    /* Its answer is on its way too; only then is the state at rest. */
    if (!day_wait_arrival(d, POLICE, "sink/credit.certificate", 1))
        return;
    const struct state before = state_now(d);
    const bool same = attack_send(a, &first, &code, &again) == ATTACK_ACCEPTED && again == index;
    judge(d, &before, same, "重放：答以同一回执", "replayed: answered with the same receipt", 501);

    const struct craft twin = {.message_id = first.message_id};
    if (craft(d, a, &twin, &other))
        send(d, a, &other, 502, "同一编号而内容不同", "same id with other content");
    if (craft(d, a, &plain, &other)) {
        other.frame[other.len - 200] ^= 1; /* in the ciphertext, before the signature */
        send(d, a, &other, 303, "篡改：一个比特", "altered: one bit");
    }
    if (craft(d, a, &plain, &other) && attack_bend_header(&other) == OK)
        throw(d, a, span_of(other.frame, other.len), 210, "畸形：信封头编码不规范",
              "malformed: header is not canonical");
}

static void malformed(struct day *d, struct attacker *a)
{
    static struct crafted c;
    const struct craft plain = {0};

    throw(d, a, span_str("GET / HTTP/1.1"), 201, "畸形：不是帧", "malformed: no frame");
    if (craft(d, a, &plain, &c))
        throw(d, a, span_of(c.frame, c.len - 1), 203, "畸形：截断一字节",
              "malformed: one byte short");
}

void story_attacks(struct day *d)
{
    struct attacker *a = NULL;
    struct fault f = {0};
    char paths[5][DESK_PATH_MAX];
    static const char *const names[5] = {"keys/police-2.key", "keys/passphrase", "anchor.yaml",
                                         "registry.lsg", "endpoint"};

    /* Its kills come before the first attack: one in the middle would look like an answer. */
    day_step(d, "伪造、重放、篡改、过期、越权、畸形的输入",
             "forged, replayed, altered, expired, unauthorised, malformed input");
    if (!day_settle(d))
        return;
    for (size_t i = 0; i < 5; i++)
        snprintf(paths[i], sizeof paths[i], "%s/%s", d->options->dir, names[i]);
    const struct attacker_options options = {.realm = "demo",
                                             .member = "police.445100",
                                             .hub = "hub.445100",
                                             .endpoint = day_endpoint(d),
                                             .key_file = paths[0],
                                             .passphrase_file = paths[1],
                                             .anchor = paths[2],
                                             .registry = paths[3]};
    if (!tell_expect(&d->tell, attacker_open(&a, &options, &f) == OK, "攻击者以已登记的密钥连接",
                     "the attacker connects with an enrolled key"))
        return;

    const struct state before = state_now(d);
    judge(d, &before, !attack_strange_key(a), "未登记的传输密钥", "a transport key nobody enrolled",
          102);
    malformed(d, a);
    borrowed_name(d, a);
    crafted_attacks(d, a);
    repeated(d, a);
    attacker_close(&a);
    tell_count_expected(&d->tell, "refused_attacks", "被拒的攻击", "attacks refused",
                        d->attacks_refused, EXPECTED_ATTACKS);
}
