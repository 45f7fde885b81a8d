#include "cli/act.h"

#include "base/clock.h"
#include "base/hex.h"
#include "check.h"
#include "cli/show.h"
#include "ident.h"
#include "json.h"
#include "keys/roles.h"
#include "wire.h"

#include <stdlib.h>

enum { OFFICIALS = 2 };

static enum err decode(struct act_file *act, struct span lsd1)
{
    enum err err = frame_parse_document(lsd1, &act->frame);
    if (err == OK)
        err = wire_decode(&lianshu_Document_msg, act->frame.document, act->document);
    if (err == OK)
        err = document_check(act->document);
    if (err != OK)
        return err;
    const lianshu_Document *d = act->document;
    if (d->type != lianshu_DocumentType_TYPE_OFFICIAL_ACT)
        return ERR_TYPE_UNKNOWN;
    if (d->issuers_count != OFFICIALS || act->frame.count > OFFICIALS ||
        strcmp(d->issuers[0].member, d->issuers[1].member) != 0)
        return ERR_TWO_OFFICIALS;
    err = wire_decode(&lianshu_OfficialAct_msg, span_of(d->body.bytes, d->body.size), &act->body);
    return err == OK && act->body.verb == lianshu_OfficialVerb_OFFICIAL_NONE ? ERR_HEADER : err;
}

enum err act_read(struct act_file *out, struct span lsd1, const char *path, struct fault *fault)
{
    *out = (struct act_file){.document = calloc(1, sizeof *out->document)};
    enum err err = out->document == NULL ? ERR_NO_MEMORY : decode(out, lsd1);
    if (err == OK)
        return OK;
    act_close(out);
    return fault_set(fault, err, 0, path, "not an act of two officials");
}

void act_close(struct act_file *act)
{
    free(act->document);
    act->document = NULL;
}

static const struct {
    const char *word;
    const char *title;
} VERBS[] = {
    [lianshu_OfficialVerb_OFFICIAL_NONE] = {"none", "–"},
    [lianshu_OfficialVerb_OFFICIAL_RELEASE] = {"release", "放行 / release"},
    [lianshu_OfficialVerb_OFFICIAL_RETURN] = {"return", "退回 / return"},
    [lianshu_OfficialVerb_OFFICIAL_RESTORED] =
        {"restored", "枢纽已由备份恢复 / the hub was restored from a copy"},
    [lianshu_OfficialVerb_OFFICIAL_UNMASK] = {"unmask",
                                              "告知举报人身份 / the asker may learn who reported"},
    [lianshu_OfficialVerb_OFFICIAL_REKEY] =
        {"rekey", "更换枢纽的存储与标记密钥 / the hub's storage and token keys are replaced"},
    [lianshu_OfficialVerb_OFFICIAL_DOUBT] =
        {"doubt", "复核以被吊销密钥所作之事 / what was done with a revoked key is reviewed"},
};
_Static_assert((int)(sizeof VERBS / sizeof VERBS[0]) == (int)_lianshu_OfficialVerb_ARRAYSIZE,
               "every verb has its words");

static enum err print_json(const struct cli *cli, const struct act_file *act, const char *path)
{
    const lianshu_Document *d = act->document;
    struct json *j = json_map();
    struct json *officials = json_list();

    json_put_text(j, "file", path);
    json_put_text(j, "act", VERBS[act->body.verb].word);
    json_put_text(j, "realm", d->realm);
    json_put_text(j, "hub", d->issuers[0].member);
    json_put_text(j, "recipient", act->body.recipient);
    json_put_text(j, "sender", act->body.sender);
    json_put_hex(j, "message_id", span_of(act->body.message_id, sizeof act->body.message_id));
    json_put_uint(j, "code", act->body.reason);
    json_put_text(j, "needed", roles_needed(act->body.verb));
    if (act->body.verb == lianshu_OfficialVerb_OFFICIAL_RESTORED) {
        json_put_uint(j, "log_number", act->body.log_number);
        json_put_uint(j, "log_size", act->body.log_size);
        json_put_hex(j, "log_root", span_of(act->body.object.bytes, act->body.object.size));
        json_put_uint(j, "signed_size", act->body.signed_size);
    }
    json_put_ms(j, "issued", d->issued_ms);
    json_put_ms(j, "valid_until", d->valid_until_ms);
    for (size_t i = 0; i < OFFICIALS; i++) {
        struct json *row = json_map();
        json_put_hex(row, "kid", span_of(d->issuers[i].kid, sizeof d->issuers[i].kid));
        json_put_flag(row, "signed", i < act->frame.count);
        json_add(officials, row);
    }
    json_put(j, "officials", officials);
    const enum err err = show_json(cli->world->out, j);
    json_close(&j);
    return err;
}

static void print_message(FILE *to, const lianshu_OfficialAct *body)
{
    char id[2 * sizeof body->message_id + 1];
    hex_encode(span_of(body->message_id, sizeof body->message_id), id);
    fprintf(to, "  收件方 / recipient: %s\n", body->recipient);
    fprintf(to, "  发送方 / sender: %s\n", body->sender);
    fprintf(to, "  报文标识 / message id: %s\n", id);
}

static void print_log(FILE *to, const lianshu_OfficialAct *body)
{
    fprintf(to, "  新日志编号 / number of the new log: %u\n", (unsigned)body->log_number);
    fprintf(to, "  备份的日志条数 / entries of the copy: %llu\n",
            (unsigned long long)body->log_size);
    fprintf(to, "  旧日志已签条数 / entries of the old log that were signed: %llu\n",
            (unsigned long long)body->signed_size);
}

static void print_words(FILE *to, const struct act_file *act)
{
    const lianshu_Document *d = act->document;
    const lianshu_OfficialVerb verb = act->body.verb;
    char until[CLOCK_TEXT_LEN + 1];
    char label[ERR_LABEL_LEN + 1];

    clock_format(d->valid_until_ms, until);
    fprintf(to, "%s\n", VERBS[verb].title);
    fprintf(to, "  枢纽 / hub: %s（%s）\n", d->issuers[0].member, d->realm);
    if (verb == lianshu_OfficialVerb_OFFICIAL_RESTORED)
        print_log(to, &act->body);
    else if (verb != lianshu_OfficialVerb_OFFICIAL_REKEY)
        print_message(to, &act->body);
    if (act->body.reason != 0) {
        const enum err reason = err_from_code(act->body.reason);
        err_label(reason, label);
        fprintf(to, "  理由 / reason: %s %s / %s\n", label, err_zh(reason), err_en(reason));
    }
    fprintf(to, "  有效至 / valid until: %.16s\n", until);
    fprintf(to, "  须由 / needs: %s\n", roles_needed(verb));
    for (size_t i = 0; i < OFFICIALS; i++) {
        char kid[2 * sizeof d->issuers[i].kid + 1];
        hex_encode(span_of(d->issuers[i].kid, sizeof d->issuers[i].kid), kid);
        fprintf(to, "  人员 / official: %s  %s\n", kid,
                i < act->frame.count ? "已签 / signed" : "未签 / not signed");
    }
}

enum err act_print(const struct cli *cli, struct span lsd1, const char *path, struct fault *fault)
{
    struct act_file act;
    enum err err = act_read(&act, lsd1, path, fault);
    if (err != OK)
        return err;
    if (cli->json)
        err = print_json(cli, &act, path);
    else
        print_words(cli->world->out, &act);
    act_close(&act);
    return err;
}
