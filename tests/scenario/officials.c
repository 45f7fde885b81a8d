#include "scenario/officials.h"

#include "base/clock.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>

enum { LSD1_MAX = 2048 };

char officials_answer[OFFICIALS_ANSWER_MAX];

static const struct key *official(struct world *w, const struct key *given, size_t i)
{
    return given != NULL ? given : keyring_find(w->officials[i], KEY_USE_OFFICIAL);
}

void officials_make(struct world *w, const struct act *act, struct writer *lsd1)
{
    static lianshu_Document d;
    static uint8_t bytes[FRAME_DOCUMENT_MAX];
    const struct key *keys[] = {official(w, act->first, 0), official(w, act->second, 1)};
    const char *member = act->member != NULL ? act->member : "hub.445100";
    const uint64_t valid_ms = act->valid_ms != 0 ? act->valid_ms : (uint64_t)DAY_MS;
    uint8_t hash[HASH_LEN];
    lianshu_OfficialAct body = {.verb = act->verb, .reason = act->reason};

    snprintf(body.recipient, sizeof body.recipient, "%s", act->recipient);
    snprintf(body.sender, sizeof body.sender, "%s", act->sender);
    if (act->message_id != NULL)
        memcpy(body.message_id, act->message_id, sizeof body.message_id);
    body.object.size = (pb_size_t)act->object.len;
    if (act->object.len > 0)
        memcpy(body.object.bytes, act->object.data, act->object.len);
    memset(&d, 0, sizeof d);
    if (act->document_id != NULL)
        memcpy(d.id, act->document_id, sizeof d.id);
    document_prepare(&d, act->realm != NULL ? act->realm : "demo", member, keys[0],
                     act->issued_ms != 0 ? act->issued_ms : w->now_ms, &w->entropy);
    d.type = act->type != 0 ? act->type : lianshu_DocumentType_TYPE_OFFICIAL_ACT;
    d.valid_until_ms = valid_ms == UINT64_MAX ? 0 : d.issued_ms + valid_ms;
    d.issuers_count = (pb_size_t)(act->issuers != 0 ? act->issuers : 2);
    d.issuers[1] = d.issuers[0];
    memcpy(d.issuers[1].kid, key_kid(keys[1]), KID_LEN);
    struct writer b = writer_of(d.body.bytes, sizeof d.body.bytes);
    assert_int_equal(wire_encode(&lianshu_OfficialAct_msg, &body, &b), OK);
    d.body.size = (pb_size_t)b.len;
    struct writer encoded = writer_of(bytes, sizeof bytes);
    assert_int_equal(document_encode(&d, &encoded, hash), OK);
    assert_int_equal(document_sign(writer_span(&encoded), keys,
                                   act->signatures != 0 ? act->signatures : d.issuers_count, lsd1),
                     OK);
}

enum err officials_code(struct span answer)
{
    struct json *json = NULL;
    assert_int_equal(json_parse(&json, answer, "answer", NULL), OK);
    const char *label = json_get_text(json_get(json, "error"), "code");
    enum err err = label == NULL ? OK : err_from_code((uint32_t)strtoul(label + 1, NULL, 10));
    json_close(&json);
    return err;
}

enum err officials_give(struct world *w, struct span lsd1)
{
    struct writer answer = writer_of(officials_answer, sizeof officials_answer - 1);
    enum err err = core_act(w->core, lsd1, w->now_ms, &answer);
    if (err != OK) {
        assert_true(w->may_die && err_class(err) == ERR_CLASS_FATAL);
        w->dead = true;
        world_turn(w); /* starts it again */
        return err;
    }
    officials_answer[answer.len] = '\0';
    err = officials_code(writer_span(&answer));
    world_turn(w);
    return err;
}

enum err officials_act(struct world *w, const struct act *act)
{
    uint8_t bytes[LSD1_MAX];
    struct writer lsd1 = writer_of(bytes, sizeof bytes);
    officials_make(w, act, &lsd1);
    return officials_give(w, writer_span(&lsd1));
}
