/* A release of programs, signed by two officials of this hub, becomes an entry of its log: before
 * any installation takes it (keys/release_log.h). U-04 */
#include "core/query.h"

#include "base/hex.h"
#include "base/log.h"
#include "keys/release_log.h"
#include "wire.h"

#include <string.h>

enum {
    LOOK_BACK = 65536, /* leaves; a release that was entered before that is entered again */
    KID_HEX = 2 * KID_LEN,
};

/* "<kid> <signature>", hexadecimal. */
static bool take_signer(const char *text, struct release_signer *out)
{
    char kid[KID_HEX + 1];
    if (text == NULL || strlen(text) != KID_HEX + 1 + 2 * sizeof out->signature ||
        text[KID_HEX] != ' ')
        return false;
    memcpy(kid, text, KID_HEX);
    kid[KID_HEX] = '\0';
    return hex_decode(kid, out->kid, KID_LEN) &&
           hex_decode(text + KID_HEX + 1, out->signature, sizeof out->signature);
}

static enum err take_request(const struct query *q, struct release_signed *out)
{
    const struct json *list = json_get(q->args, "signatures");
    out->signers = json_count(list);
    if (!query_hex(q, "list", out->hash, HASH_LEN) || out->signers > RELEASE_SIGNERS_MAX)
        return ERR_FIELD_VALUE;
    for (size_t i = 0; i < out->signers; i++) {
        if (!take_signer(json_text(json_item(list, i)), &out->signer[i]))
            return ERR_FIELD_VALUE;
    }
    return OK;
}

/* Its entry, if there is one not too far back. ERR_NOT_FOUND. */
static enum err find(struct core *core, const uint8_t hash[static HASH_LEN], uint64_t *index)
{
    const uint64_t end = core->signed_size;
    uint64_t at = end > LOOK_BACK ? end - LOOK_BACK : 0;
    enum err err;
    while ((err = log_find(core->store->log, LOG_ADMIN, at, end, index)) == OK) {
        struct log_entry entry;
        lianshu_Admin body;
        err = log_get(core->store->log, *index, &entry);
        if (err == OK)
            err = wire_decode(&lianshu_Admin_msg, entry.body, &body);
        if (err != OK)
            return err;
        if (release_entry_is(&body, core->opt.member, hash))
            return OK;
        at = *index + 1;
    }
    return err;
}

/* On disk and signed when it returns OK. */
static enum err enter(struct core *core, const struct release_signed *what,
                      const uint8_t officials[static 2][KID_LEN], uint64_t *index)
{
    lianshu_Admin body;
    release_entry(&body, core->opt.member, what->hash, officials);
    body.registry_version = registry_version(core->opt.registry);
    core->output_ready = false;
    enum err err = core_begin(core);
    if (err == OK)
        err = apply_leaf(core, LOG_ADMIN, &lianshu_Admin_msg, &body, index);
    const enum err committed = core_commit(core, core->now_ms);
    if (committed != OK)
        return committed;
    return err == OK && core->signed_size <= *index ? ERR_BUSY : err;
}

enum err core_release(struct core *core, struct span request, uint64_t now_ms,
                      struct writer *answer)
{
    core_set_now(core, now_ms);
    const struct release_reader reader = {core->opt.registry, core->opt.member, core->now_ms};
    struct json *args = NULL;
    struct query q = {.core = core, .answer = json_map()};
    struct release_signed what;
    uint8_t officials[2][KID_LEN];
    uint64_t index = 0;
    bool repeated = false;
    enum err err = json_parse(&args, request, "request", NULL);
    q.args = args;
    if (err == OK)
        err = take_request(&q, &what);
    if (err == OK)
        err = release_vouched(&reader, &what, officials);
    const bool vouched = err == OK;
    if (err == OK) {
        err = find(core, what.hash, &index);
        repeated = err == OK;
        if (err == ERR_NOT_FOUND)
            err = enter(core, &what, (const uint8_t(*)[KID_LEN])officials, &index);
    }
    json_close(&args);
    if (err_class(err) == ERR_CLASS_FATAL || err_class(err) == ERR_CLASS_INTERNAL) {
        json_close(&q.answer);
        return err;
    }
    if (err == OK) {
        json_put_uint(q.answer, "index", index);
        json_put_flag(q.answer, "repeated", repeated);
    } else {
        query_error(&q, err, vouched ? "the log" : "the signatures of the list");
    }
    log_info("release", "code=%d", (int)err);
    return query_finish(&q, answer);
}
