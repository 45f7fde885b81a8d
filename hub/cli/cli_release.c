/* Releases of programs: entered into the log with a proof beside the list, and installed. */
#include "cli/cli.h"

#include "base/file.h"
#include "base/hex.h"
#include "cli/ask.h"
#include "cli/evidence_make.h"
#include "cli/install.h"
#include "cli/logbook.h"
#include "cli/show.h"
#include "keys/tlog_proof.h"
#include "net/local.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOK_MS = 500, WAIT_S = 120, WAIT_MAX_S = 3600 };

/* ---- into the log ---- */

/* What the hub is asked to enter. */
static struct json *request_of(const struct release_signed *what)
{
    struct json *request = ask_request("release");
    struct json *list = json_list();
    json_put_hex(request, "list", span_of(what->hash, HASH_LEN));
    for (size_t i = 0; i < what->signers; i++) {
        const struct release_signer *s = &what->signer[i];
        char text[2 * (KID_LEN + RELEASE_SIGNATURE_LEN) + 2];
        hex_encode(span_of(s->kid, KID_LEN), text);
        text[2 * KID_LEN] = ' ';
        hex_encode(span_of(s->signature, sizeof s->signature), text + 2 * KID_LEN + 1);
        json_add_text(list, text);
    }
    json_put(request, "signatures", list);
    return request;
}

static enum err enter(const struct cli *cli, const char *path, uint64_t *index, bool *repeated,
                      struct fault *fault)
{
    struct release_signed what;
    uint8_t *bytes = NULL;
    size_t len;
    char *text = NULL;
    struct json *answer = NULL;
    enum err err = file_read(path, RELEASE_MAX, 0, &bytes, &len, fault);
    if (err == OK && (err = release_read(span_of(bytes, len), &what)) != OK)
        (void)fault_set(fault, err, 0, path, "lines of sha256sum, then signatures");
    if (err == OK)
        err = ask_hub(cli, request_of(&what), &text, &answer, fault);
    if (err == OK && !json_uint(json_get(answer, "index"), index))
        err = fault_set(fault, ERR_SYNTAX, 0, "hub", "its answer");
    *repeated = json_flag(json_get(answer, "repeated"));
    free(text);
    free(bytes);
    json_close(&answer);
    return err;
}

/* The checkpoint that the entry is proven under: with the cosignatures, when the hub or who asks
 * wants them. */
static enum err await_head(const struct cli *cli, uint64_t index, struct ask_head *out,
                           struct fault *fault)
{
    uint64_t wait_s;
    enum err err = args_number(cli->args, "wait", 0, WAIT_MAX_S, WAIT_S, &wait_s, fault);
    const uint64_t end = local_monotonic_ms() + wait_s * 1000;
    const bool asked = args_value(cli->args, "wait") != NULL;
    if (err == OK)
        err = ask_checkpoint(cli, index + 1, out, fault);
    while (err == OK && !out->cosigned && (out->needed || asked) && local_monotonic_ms() < end) {
        local_pause(LOOK_MS);
        err = ask_checkpoint(cli, index + 1, out, fault);
    }
    if (err == OK && out->needed && !out->cosigned)
        err = fault_set(fault, ERR_WITNESSES, 0, "hub",
                        "the release is entry %" PRIu64 "; ask again for its proof", index);
    return err;
}

/* The path as the hub gives it, and is it one? */
static enum err prove(const struct cli *cli, uint64_t index, const struct ask_head *head,
                      struct writer *w, struct fault *fault)
{
    char *text = NULL;
    struct json *answer = NULL;
    struct json *request = ask_request("evidence.leaves");
    struct json *list = json_list();
    size_t leaf_len = 0;
    size_t path_len = 0;
    json_add(list, json_new_uint(index));
    json_put_uint(request, "size", head->checkpoint.size);
    json_put(request, "leaves", list);
    enum err err = ask_hub(cli, request, &text, &answer, fault);
    const struct json *row = json_item(json_get(answer, "leaves"), 0);
    uint8_t *leaf = err == OK ? evidence_hex(row, "leaf", &leaf_len) : NULL;
    uint8_t *path = err == OK ? evidence_hex(row, "path", &path_len) : NULL;
    struct tlog_proof *proof = malloc(sizeof *proof);
    if (err == OK && proof == NULL)
        err = ERR_NO_MEMORY;
    if (err == OK)
        err = leaf == NULL || path == NULL || path_len % HASH_LEN != 0
                  ? ERR_SYNTAX
                  : tlog_proof_write(w, span_of(leaf, leaf_len), index, (const merkle_hash *)path,
                                     path_len / HASH_LEN, span_of(head->note, head->len));
    if (err == OK)
        err = tlog_proof_read(proof, writer_span(w));
    if (err == OK)
        err = tlog_proof_verify(proof, &head->checkpoint);
    free(proof);
    free(path);
    free(leaf);
    free(text);
    json_close(&answer);
    return err == OK || fault->err != OK ? err : fault_set(fault, err, 0, "hub", "its proof");
}

enum err cli_release_log(const struct cli *cli, struct fault *fault)
{
    const char *list = cli->args->operand[0];
    const char *out = args_value(cli->args, "out");
    char beside[PATH_MAX];
    struct ask_head head;
    uint64_t index = 0;
    bool repeated = false;
    if (snprintf(beside, sizeof beside, "%s%s", list, RELEASE_PROOF) >= (int)sizeof beside)
        return fault_set(fault, ERR_TOO_LARGE, 0, "LIST", "the path is too long");
    uint8_t *bytes = malloc(TLOG_PROOF_MAX);
    struct writer w = writer_of(bytes, TLOG_PROOF_MAX);
    enum err err = bytes == NULL ? fault_set(fault, ERR_NO_MEMORY, 0, list, "proof") : OK;
    if (err == OK)
        err = enter(cli, list, &index, &repeated, fault);
    if (err == OK)
        err = await_head(cli, index, &head, fault);
    if (err == OK)
        err = prove(cli, index, &head, &w, fault);
    if (err == OK)
        err = file_write(out == NULL ? beside : out, writer_span(&w), 0644, 0, fault);
    free(bytes);
    if (err != OK)
        return err;
    struct json *answer = json_map();
    json_put_uint(answer, "index", index);
    json_put_uint(answer, "size", head.checkpoint.size);
    json_put_flag(answer, "cosigned", head.cosigned);
    json_put_flag(answer, "repeated", repeated);
    json_put_text(answer, "file", out == NULL ? beside : out);
    err = show_result(cli, answer);
    json_close(&answer);
    return err;
}

/* ---- installed ---- */

static enum err install(const struct cli *cli, const struct registry *registry,
                        struct installed *out, struct fault *fault)
{
    struct witness_policy policy;
    bool given;
    const struct release_reader reader = {registry, args_value(cli->args, "hub"),
                                          cli->world->now_ms()};
    const struct install what = {&reader, &policy, cli->args->operand[0],
                                 args_value(cli->args, "into")};
    enum err err = logbook_policy(cli->args, &policy, &given, fault);
    if (err != OK)
        return err;
    if (!given)
        cosign_policy(&policy, registry, reader.member);
    return install_release(&what, out, fault);
}

enum err cli_release_install(const struct cli *cli, struct fault *fault)
{
    struct anchor anchor;
    struct registry *registry = NULL;
    struct installed done;
    const char *hub;
    enum err err = args_member(cli->args, "hub", &hub, fault);
    if (err == OK)
        err = anchor_read(&anchor, args_value(cli->args, "anchor"), fault);
    if (err == OK)
        err = registry_read(&registry, &anchor, args_value(cli->args, "registry"), 0, fault);
    if (err == OK && (err = registry_fresh(registry, cli->world->now_ms())) != OK)
        (void)fault_set(fault, err, 0, "--registry", "its time is over or has not begun");
    if (err == OK)
        err = install(cli, registry, &done, fault);
    registry_close(&registry);
    if (err != OK && err != ERR_REPEAT)
        return err;
    struct json *answer = json_map();
    json_put_uint(answer, "version", done.version);
    json_put_flag(answer, "repeated", err == ERR_REPEAT);
    json_put_text(answer, "log", done.place.origin);
    json_put_uint(answer, "index", done.place.index);
    json_put_uint(answer, "cosigners", done.place.cosigners);
    err = show_result(cli, answer);
    json_close(&answer);
    return err;
}
