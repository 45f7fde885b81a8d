/* lianshu certificate: what the hub has signed about somebody, kept, passed on and verified. */
#include "base/file.h"
#include "base/hex.h"
#include "catalogue.h"
#include "cli/show.h"
#include "cli/site.h"
#include "cli/subject.h"
#include "cli/words.h"
#include "keys/certificate.h"

#include <stdlib.h>
#include <string.h>

/* ---- save ---- */

static enum err say_saved(const struct cli *cli, const char *path, size_t len)
{
    if (!cli->json) {
        fprintf(cli->world->out, "已保存 / saved: %s\n", path);
        return OK;
    }
    struct json *j = json_map();
    json_put_text(j, "file", path);
    json_put_uint(j, "bytes", len);
    const enum err err = show_json(cli->world->out, j);
    json_close(&j);
    return err;
}

enum err cli_certificate_save(const struct cli *cli, struct fault *fault)
{
    char dir[SITE_PATH_MAX];
    char path[SITE_PATH_MAX + ARGS_ID_LEN + sizeof "/certificates/.lsp"];
    uint8_t *bytes = NULL;
    size_t len;
    const char *id = cli->args->operand[0];
    enum err err =
        args_id(id, ARGS_ID_LEN, ARGS_ID_LEN, "MESSAGE_ID",
                "32 lower-case hexadecimal digits, of the message with the certificate", fault);
    if (err == OK)
        err = site_dir(cli->args, dir, fault);
    if (err != OK)
        return err;
    snprintf(path, sizeof path, "%s/certificates/%s.lsp", dir, id);
    err = file_read(path, CERTIFICATE_FILE_MAX, FILE_NOFOLLOW, &bytes, &len, fault);
    if (err == OK)
        err = file_write(cli->args->operand[1], span_of(bytes, len), 0600, FILE_NEW, fault);
    free(bytes);
    return err == OK ? say_saved(cli, cli->args->operand[1], len) : err;
}

/* ---- verify ---- */

static struct json *measures(const lianshu_CreditCertificate *body)
{
    struct json *list = json_list();
    for (pb_size_t i = 0; i < body->measures_count; i++)
        json_add_text(list, body->measures[i]);
    return list;
}

static struct json *restrictions(const lianshu_CreditCertificate *body)
{
    struct json *list = json_list();
    for (pb_size_t i = 0; i < body->restrictions_count; i++) {
        const lianshu_RestrictionLine *line = &body->restrictions[i];
        char order[2 * sizeof line->order_id + 1];
        struct json *row = json_map();
        hex_encode(span_of(line->order_id, sizeof line->order_id), order);
        json_put_text(row, "measure", line->measure);
        json_put_text(row, "force", force_word(line->force));
        json_put_text(row, "order", order);
        json_put_uint(row, "version", line->order_version);
        json_put_text(row, "rule", line->rule);
        json_put_text(row, "basis", line->basis_count > 0 ? line->basis[0] : "");
        json_put_text(row, "scope", line->scope);
        json_put_uint(row, "subject_index", line->subject_index);
        json_put_date(row, "start_date", line->start_date);
        json_put_date(row, "end_date", line->end_date);
        json_add(list, row);
    }
    return list;
}

static enum err show(const struct cli *cli, const struct certificate *c, bool confirmed)
{
    char mask[IDENT_MASK_MAX];
    const lianshu_CreditCertificate *body = &c->body;
    struct json *j = json_map();
    ident_mask(body->subject.id, mask, sizeof mask);
    json_put_text(j, "verdict", body->clean ? "clean" : "restricted");
    json_put_text(j, "subject", mask);
    json_put_flag(j, "subject_confirmed", confirmed);
    json_put_uint(j, "persons", body->persons_count);
    json_put(j, "measures", measures(body)); /* none: every measure */
    json_put_ms(j, "at", body->at_ms);
    json_put_text(j, "issuer", c->issuer);
    json_put_ms(j, "issued", c->document.issued_ms);
    json_put_ms(j, "valid_until", c->document.valid_until_ms);
    json_put_uint(j, "log_size", body->log_size);
    json_put_uint(j, "registry_version", c->registry_version);
    json_put_flag(j, "more", body->more);
    json_put(j, "restrictions", restrictions(body));
    const enum err err = show_result(cli, j);
    json_close(&j);
    return err;
}

/* Is it about whom the holder says it is? */
static enum err confirm(const struct cli *cli, const struct certificate *c, bool *confirmed,
                        struct fault *fault)
{
    struct subject_line subject;
    const char *operand = args_value(cli->args, "subject");
    *confirmed = false;
    if (operand == NULL)
        return OK;
    enum err err = subject_take(cli, operand, &subject, fault);
    if (err != OK)
        return err;
    *confirmed = strcmp(subject.id, c->body.subject.id) == 0;
    for (pb_size_t i = 0; i < c->body.persons_count; i++)
        *confirmed = *confirmed || strcmp(subject.id, c->body.persons[i].id) == 0;
    return *confirmed ? OK
                      : fault_set(fault, ERR_CONFLICT, 0, "--subject",
                                  "the certificate is about somebody else");
}

/* What is wrong with the file is told of the file. */
static enum err verify(const struct cli *cli, struct span file, const struct anchor *anchor,
                       struct certificate *c, struct fault *fault)
{
    struct fault why = {.err = OK};
    const enum err err = certificate_verify(file, anchor, cli->world->now_ms(), c, &why);
    if (err == OK)
        return OK;
    return fault_set(fault, err, 0, cli->args->operand[0], "%s", why.err == err ? why.detail : "");
}

enum err cli_certificate_verify(const struct cli *cli, struct fault *fault)
{
    struct anchor anchor;
    uint8_t *bytes = NULL;
    size_t len;
    bool confirmed;
    struct certificate *c = calloc(1, sizeof *c);
    enum err err =
        c == NULL ? ERR_NO_MEMORY : anchor_read(&anchor, args_value(cli->args, "anchor"), fault);
    if (err == OK)
        err = file_read(cli->args->operand[0], CERTIFICATE_FILE_MAX, 0, &bytes, &len, fault);
    if (err == OK)
        err = verify(cli, span_of(bytes, len), &anchor, c, fault);
    if (err == OK)
        err = confirm(cli, c, &confirmed, fault);
    if (err == OK)
        err = show(cli, c, confirmed);
    free(bytes);
    free(c);
    return err;
}
