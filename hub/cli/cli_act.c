/* Acts of two officials about what is held or parked: made, signed one after the other or at once,
 * and given to the hub. */
#include "cli/act.h"
#include "cli/ask.h"
#include "cli/desk.h"
#include "cli/show.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/hex.h"
#include "cli/pubfile.h"
#include "keys/document.h"
#include "keys/keyfile.h"
#include "wire.h"

#include <limits.h>
#include <stdlib.h>

enum {
    OFFICIALS = DESK_OFFICIALS,
    VALID_DAYS = 7, /* to find the second official */
};

static enum err read_key(struct desk *desk, const char *path, const char *passphrase_path,
                         struct fault *fault)
{
    struct passphrase *passphrase = NULL;
    struct keyring **ring = &desk->ring[desk->key_count];
    enum err err = passphrase_read(&passphrase, passphrase_path, fault);
    if (err == OK)
        err = keyfile_read(ring, path, passphrase, fault);
    passphrase_close(&passphrase);
    if (err != OK)
        return err;
    const struct key *key = keyring_find(*ring, KEY_USE_OFFICIAL);
    if (key == NULL)
        return fault_set(fault, ERR_KEY_USE, 0, path,
                         "no key of an official: made with --use official");
    if (desk->key_count > 0 && strcmp(desk->member, keyring_owner(*ring)) != 0)
        return fault_set(fault, ERR_TWO_OFFICIALS, 0, path, "of another member than the first");
    if (desk->key_count > 0 && memcmp(key_kid(desk->key[0]), key_kid(key), KID_LEN) == 0)
        return fault_set(fault, ERR_TWO_OFFICIALS, 0, path, "the same key as the first");
    snprintf(desk->member, sizeof desk->member, "%s", keyring_owner(*ring));
    desk->key[desk->key_count++] = key;
    return OK;
}

static void desk_close(struct desk *desk)
{
    for (size_t i = 0; i < OFFICIALS; i++)
        keyring_close(&desk->ring[i]);
}

/* --key, of which there is one at least, and --passphrase-file in pairs. */
static enum err read_keys(const struct args *args, size_t most, struct desk *desk,
                          struct fault *fault)
{
    size_t count = 0;
    enum err err = OK;
    while (args_value_at(args, "key", count) != NULL)
        count++;
    if (count > most)
        return fault_set(fault, ERR_USAGE, 0, "--key", "at most %zu here", most);
    if (args_value_at(args, "passphrase-file", count - 1) == NULL ||
        args_value_at(args, "passphrase-file", count) != NULL)
        return fault_set(fault, ERR_USAGE, 0, "--passphrase-file",
                         "one for each --key, in the same order");
    for (size_t i = 0; err == OK && i < count; i++)
        err = read_key(desk, args_value_at(args, "key", i),
                       args_value_at(args, "passphrase-file", i), fault);
    return err;
}

/* The official who will sign elsewhere, by the public half of the key. */
static enum err read_second(const char *path, struct desk *desk, struct fault *fault)
{
    struct pubfile pub;
    enum err err = pubfile_read(&pub, path, fault);
    if (err != OK)
        return err;
    if (pub.key_count != 1 || pub.key[0].use != KEY_USE_OFFICIAL)
        return fault_set(fault, ERR_KEY_USE, 0, path, "no public key of an official");
    kid_of(desk->second_kid, ALG_ED25519, pub.key[0].public_key);
    if (strcmp(pub.member, desk->member) != 0)
        return fault_set(fault, ERR_TWO_OFFICIALS, 0, path, "of another member than the first");
    if (memcmp(desk->second_kid, key_kid(desk->key[0]), KID_LEN) == 0)
        return fault_set(fault, ERR_TWO_OFFICIALS, 0, path, "the same key as the first");
    return OK;
}

static enum err read_officials(const struct args *args, struct desk *desk, struct fault *fault)
{
    const char *second = args_value(args, "second");
    enum err err = read_keys(args, OFFICIALS, desk, fault);
    if (err != OK)
        return err;
    if (desk->key_count == OFFICIALS)
        return second == NULL
                   ? OK
                   : fault_set(fault, ERR_USAGE, 0, "--second", "both officials sign here already");
    if (second == NULL || args_value(args, "out") == NULL)
        return fault_set(fault, ERR_TWO_OFFICIALS, 0, "--key",
                         "a second --key, or --second FILE.pub and --out FILE for the other desk");
    return read_second(second, desk, fault);
}

static enum err find_realm(const struct cli *cli, struct desk *desk, struct fault *fault)
{
    const char *given = args_value(cli->args, "realm");
    char *text = NULL;
    struct json *answer = NULL;
    struct json *request;
    enum err err = OK;
    if (given == NULL && desk->realm[0] != '\0')
        return OK;
    if (given == NULL) {
        request = json_map();
        json_put_text(request, "cmd", "status");
        err = ask_hub(cli, request, &text, &answer, fault);
        given = json_get_text(answer, "realm");
    }
    if (err == OK && (given == NULL || !realm_valid(given)))
        err = fault_set(fault, ERR_REALM, 0, "--realm", "a name like demo");
    else if (err == OK)
        snprintf(desk->realm, sizeof desk->realm, "%s", given);
    free(text);
    json_close(&answer);
    return err;
}

/* The tree of the copy, for the signer: its root is what the officials sign. */
static enum err write_tree(const char *out, const struct merkle_frontier *tree, struct fault *fault)
{
    uint8_t bytes[MERKLE_FRONTIER_BYTES_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);
    char path[PATH_MAX];
    const int len = snprintf(path, sizeof path, "%s.frontier", out);
    if (len < 0 || len >= (int)sizeof path)
        return fault_set(fault, ERR_FIELD_LONG, 0, "--out", "a shorter path");
    frontier_write(tree, &w);
    return file_write(path, writer_span(&w), 0644, 0, fault);
}

/* ---- the document ---- */

static enum err make_document(const struct cli *cli, const struct desk *desk, struct writer *w)
{
    const struct entropy entropy = entropy_system();
    const uint64_t now = cli->world->now_ms();
    uint8_t hash[HASH_LEN];
    enum err err = ERR_NO_MEMORY;

    lianshu_Document *d = calloc(1, sizeof *d);
    uint8_t *bytes = malloc(FRAME_DOCUMENT_MAX);
    if (d == NULL || bytes == NULL)
        goto out;
    d->type = lianshu_DocumentType_TYPE_OFFICIAL_ACT;
    document_prepare(d, desk->realm, desk->member, desk->key[0], now, &entropy);
    d->valid_until_ms = now + VALID_DAYS * (uint64_t)DAY_MS;
    d->issuers[1] = d->issuers[0];
    memcpy(d->issuers[1].kid,
           desk->key_count == OFFICIALS ? key_kid(desk->key[1]) : desk->second_kid, KID_LEN);
    d->issuers_count = OFFICIALS;
    struct writer body = writer_of(d->body.bytes, sizeof d->body.bytes);
    err = wire_encode(&lianshu_OfficialAct_msg, &desk->body, &body);
    d->body.size = (pb_size_t)body.len;
    struct writer encoded = writer_of(bytes, FRAME_DOCUMENT_MAX);
    if (err == OK)
        err = document_encode(d, &encoded, hash);
    if (err == OK)
        err = document_sign(writer_span(&encoded), desk->key, desk->key_count, w);
out:
    free(bytes);
    free(d);
    return err;
}

static enum err submit(const struct cli *cli, struct span lsd1, struct fault *fault)
{
    char hex[2 * ACT_FRAME_MAX + 1];
    char *text = NULL;
    struct json *answer = NULL;
    struct json *request = json_map();
    hex_encode(lsd1, hex);
    json_put_text(request, "cmd", "act");
    json_put_text(request, "document", hex);
    enum err err = ask_hub(cli, request, &text, &answer, fault);
    if (err != OK)
        return err;
    if (cli->json) {
        fprintf(cli->world->out, "%s\n", text);
    } else {
        fprintf(cli->world->out, "枢纽已办理 / the hub has carried it out\n");
        show_words(cli->world->out, answer);
    }
    free(text);
    json_close(&answer);
    return OK;
}

enum err cli_act_make(const struct cli *cli, struct fault *fault)
{
    struct desk desk = {.key_count = 0};
    uint8_t bytes[ACT_FRAME_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);
    const char *out = args_value(cli->args, "out");

    enum err err = read_officials(cli->args, &desk, fault);
    if (err == OK)
        err = desk_body(cli, &desk, fault);
    if (err == OK)
        err = find_realm(cli, &desk, fault);
    if (err == OK)
        err = make_document(cli, &desk, &w);
    desk_close(&desk);
    if (err != OK)
        return err;
    if (out == NULL)
        return submit(cli, writer_span(&w), fault);
    err = file_write(out, writer_span(&w), 0644, FILE_NEW, fault);
    if (err == OK && desk.copy.size > 0)
        err = write_tree(out, &desk.copy, fault);
    return err == OK ? act_print(cli, writer_span(&w), out, fault) : err;
}

enum err cli_act_show(const struct cli *cli, struct fault *fault)
{
    const char *path = cli->args->operand[0];
    uint8_t *data = NULL;
    size_t len;
    enum err err = file_read(path, ACT_FRAME_MAX, 0, &data, &len, fault);
    if (err == OK)
        err = act_print(cli, span_of(data, len), path, fault);
    free(data);
    return err;
}

/* The signature that is missing, after the one that is there. */
static enum err add_signature(const struct act_file *act, const struct desk *desk, const char *path,
                              struct writer *w, struct fault *fault)
{
    uint8_t bytes[ACT_FRAME_MAX];
    struct writer alone = writer_of(bytes, sizeof bytes);
    struct frame_document signed_alone;
    const lianshu_Document *d = act->document;
    const uint8_t *kid = key_kid(desk->key[0]);

    if (strcmp(d->issuers[0].member, desk->member) != 0)
        return fault_set(fault, ERR_TWO_OFFICIALS, 0, path, "of another member than this key");
    if (memcmp(d->issuers[0].kid, kid, KID_LEN) == 0)
        return fault_set(fault, ERR_TWO_OFFICIALS, 0, path, "this official has signed it already");
    if (memcmp(d->issuers[1].kid, kid, KID_LEN) != 0)
        return fault_set(fault, ERR_TWO_OFFICIALS, 0, path, "it names another second official");
    if (act->frame.count >= OFFICIALS)
        return fault_set(fault, ERR_EXISTS, 0, path, "both officials have signed it");
    enum err err = document_sign(act->frame.document, desk->key, 1, &alone);
    if (err == OK)
        err = frame_parse_document(writer_span(&alone), &signed_alone);
    if (err != OK)
        return err;
    const struct span both[] = {act->frame.signatures[0], signed_alone.signatures[0]};
    return document_write(act->frame.document, both, OFFICIALS, w);
}

enum err cli_act_sign(const struct cli *cli, struct fault *fault)
{
    const char *path = cli->args->operand[0];
    struct desk desk = {.key_count = 0};
    struct act_file act = {.document = NULL};
    uint8_t bytes[ACT_FRAME_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);
    uint8_t *data = NULL;
    size_t len;

    enum err err = file_read(path, ACT_FRAME_MAX, 0, &data, &len, fault);
    if (err == OK)
        err = act_read(&act, span_of(data, len), path, fault);
    if (err == OK)
        err = read_keys(cli->args, 1, &desk, fault);
    if (err == OK)
        err = add_signature(&act, &desk, path, &w, fault);
    if (err == OK)
        err = file_write(path, writer_span(&w), 0644, 0, fault);
    if (err == OK)
        err = act_print(cli, writer_span(&w), path, fault);
    act_close(&act);
    desk_close(&desk);
    free(data);
    return err;
}

enum err cli_act_submit(const struct cli *cli, struct fault *fault)
{
    const char *path = cli->args->operand[0];
    struct act_file act = {.document = NULL};
    uint8_t *data = NULL;
    size_t len;
    enum err err = file_read(path, ACT_FRAME_MAX, 0, &data, &len, fault);
    if (err == OK)
        err = act_read(&act, span_of(data, len), path, fault);
    if (err == OK && act.frame.count < OFFICIALS)
        err = fault_set(fault, ERR_TWO_OFFICIALS, 0, path,
                        "the second official signs it first: lianshu act sign");
    act_close(&act);
    if (err == OK)
        err = submit(cli, span_of(data, len), fault);
    free(data);
    return err;
}
