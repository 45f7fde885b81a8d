/* The log outside of its hub: exported, verified, proven from. */
#include "cli/cli.h"

#include "base/file.h"
#include "base/hex.h"
#include "cli/ask.h"
#include "cli/logbook.h"
#include "cli/show.h"
#include "cli/tiles.h"
#include "keys/stamp.h"
#include "keys/tlog_proof.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Takes answer. */
static enum err finish(const struct cli *cli, struct json *answer)
{
    enum err err = show_result(cli, answer);
    json_close(&answer);
    return err;
}

/* ---- export ---- */

static enum err add_leaves(struct tiles_writer *t, const struct json *list, uint64_t size,
                           struct fault *fault)
{
    uint8_t *leaf = malloc(LOG_LEAF_MAX);
    enum err err = leaf == NULL ? ERR_NO_MEMORY : OK;
    for (size_t i = 0; err == OK && i < json_count(list) && t->next < size; i++) {
        const char *text = json_text(json_item(list, i));
        const size_t len = text == NULL ? 0 : strlen(text) / 2;
        if (len == 0 || len > LOG_LEAF_MAX || !hex_decode(text, leaf, len))
            err = fault_set(fault, ERR_LOG_ENTRY, 0, "hub", "entry %" PRIu64, t->next);
        else
            err = tiles_add(t, span_of(leaf, len), fault);
    }
    free(leaf);
    return err;
}

static enum err fetch(const struct cli *cli, struct tiles_writer *t, uint64_t size,
                      struct fault *fault)
{
    enum err err = OK;
    while (err == OK && t->next < size) {
        char *text = NULL;
        struct json *answer = NULL;
        struct json *request = ask_request("leaves");
        const uint64_t before = t->next;
        json_put_uint(request, "from", t->next);
        err = ask_hub(cli, request, &text, &answer, fault);
        if (err == OK)
            err = add_leaves(t, json_get(answer, "leaves"), size, fault);
        if (err == OK && t->next == before)
            err = fault_set(fault, ERR_LOG_TRUNCATED, 0, "hub", "entry %" PRIu64, before);
        free(text);
        json_close(&answer);
    }
    return err;
}

enum err cli_log_export(const struct cli *cli, struct fault *fault)
{
    const char *dir = cli->args->operand[0];
    uint8_t old_note[NOTE_LEN_MAX];
    size_t old_len = 0;
    struct ask_head head;
    const struct checkpoint *now = &head.checkpoint;
    struct checkpoint before;
    struct tiles_writer t = {.bundle = NULL};
    enum err err = ask_checkpoint(cli, 0, &head, fault);
    if (err != OK)
        return err;
    const enum err found = tiles_checkpoint(dir, &before, old_note, &old_len, fault);
    if (found != OK && found != ERR_NOT_FOUND)
        return found;
    const bool again = found == OK;
    if (again && strcmp(before.origin, now->origin) != 0)
        return fault_set(fault, ERR_CHECKPOINT, 0, dir, "the folder of another log: %s",
                         before.origin);
    if (again && before.size > now->size)
        return fault_set(fault, ERR_LOG_ROLLBACK, 0, dir, "%" PRIu64 " entries are here already",
                         before.size);
    *fault = (struct fault){.err = OK};
    const uint64_t from = again ? before.size / MERKLE_TILE_WIDTH * MERKLE_TILE_WIDTH : 0;
    err = tiles_begin(&t, dir, from, fault);
    if (err == OK)
        err = fetch(cli, &t, now->size, fault);
    if (err == OK)
        err = tiles_seal(&t, again ? &before : NULL, span_of(head.note, head.len), fault);
    if (err == OK && head.cosigned)
        err = logbook_keep(dir, now->size, "", span_of(head.note, head.len), fault);
    tiles_end(&t);
    if (err != OK)
        return err;
    struct json *answer = json_map();
    json_put_text(answer, "log", now->origin);
    json_put_uint(answer, "size", now->size);
    json_put_uint(answer, "added", now->size - (again ? before.size : 0));
    json_put_flag(answer, "cosigned", head.cosigned);
    return finish(cli, answer);
}

/* ---- verify ---- */

enum err cli_log_verify(const struct cli *cli, struct fault *fault)
{
    struct logbook *book = NULL;
    struct logbook_result result;
    enum err err = logbook_open(&book, cli, fault);
    if (err == OK)
        err = logbook_verify(book, cli->args->operand[0], &result, fault);
    logbook_close(&book);
    if (err != OK)
        return err;
    struct json *answer = json_map();
    json_put_text(answer, "log", result.checkpoint.origin);
    json_put_uint(answer, "size", result.checkpoint.size);
    json_put_hex(answer, "root", span_of(result.checkpoint.root, HASH_LEN));
    json_put_uint(answer, "cosigners", result.cosigners);
    json_put_uint(answer, "needed", result.needed);
    json_put_uint(answer, "bounds", result.bounds);
    json_put_uint(answer, "stamps", result.stamps);
    return finish(cli, answer);
}

/* ---- one entry ---- */

static enum err write_proof(const char *dir, const struct checkpoint *checkpoint, struct span note,
                            uint64_t index, struct writer *w, struct fault *fault)
{
    merkle_hash path[MERKLE_PATH_MAX];
    unsigned count = 0;
    uint8_t *bundle = NULL;
    struct span leaf;
    struct tiles_tree tree = {dir, checkpoint->size};
    enum err err = tiles_leaf(dir, checkpoint->size, index, &bundle, &leaf, fault);
    if (err != OK)
        return err;
    err = merkle_inclusion(index, checkpoint->size, tiles_subtree, &tree, path, &count);
    if (err == OK)
        err = tlog_proof_write(w, leaf, index, (const merkle_hash *)path, count, note);
    free(bundle);
    return err == OK ? OK : fault_set(fault, err, 0, dir, "the proof of entry %" PRIu64, index);
}

enum err cli_log_prove(const struct cli *cli, struct fault *fault)
{
    const char *dir = cli->args->operand[1];
    const char *path = args_value(cli->args, "out");
    uint8_t note[NOTE_LEN_MAX];
    size_t len = 0;
    struct checkpoint checkpoint;
    char *end = NULL;
    const uint64_t index = strtoull(cli->args->operand[0], &end, 10);
    if (*end != '\0' || cli->args->operand[0][0] < '0' || cli->args->operand[0][0] > '9')
        return fault_set(fault, ERR_USAGE, 0, "INDEX", "a number from 0");
    uint8_t *text = malloc(TLOG_PROOF_MAX);
    struct writer w = writer_of(text, TLOG_PROOF_MAX);
    enum err err = text == NULL ? fault_set(fault, ERR_NO_MEMORY, 0, "log", "proof") : OK;
    if (err == OK)
        err = tiles_checkpoint(dir, &checkpoint, note, &len, fault);
    if (err == OK)
        err = write_proof(dir, &checkpoint, span_of(note, len), index, &w, fault);
    if (err == OK)
        err = file_write(path, writer_span(&w), 0644, 0, fault);
    free(text);
    if (err != OK)
        return err;
    struct json *answer = json_map();
    json_put_uint(answer, "index", index);
    json_put_uint(answer, "size", checkpoint.size);
    json_put_text(answer, "file", path);
    return finish(cli, answer);
}

/* ---- a proof ---- */

static enum err put_leaf(struct json *answer, const struct tlog_proof *proof)
{
    unsigned kind;
    uint64_t time_ms;
    struct span body;
    enum err err = log_leaf_read(span_of(proof->leaf, proof->leaf_len), &kind, &time_ms, &body);
    if (err != OK)
        return err;
    json_put_uint(answer, "kind", kind);
    json_put_ms(answer, "time", time_ms);
    json_put_hex(answer, "body", body);
    return OK;
}

static enum err check_proof(struct logbook *book, const struct tlog_proof *proof,
                            struct json *answer, struct fault *fault)
{
    struct logbook_result result;
    enum err err = logbook_note(book, proof->note, &result, fault);
    if (err != OK)
        return err;
    err = tlog_proof_verify(proof, &result.checkpoint);
    if (err == OK)
        err = put_leaf(answer, proof);
    json_put_text(answer, "log", result.checkpoint.origin);
    json_put_uint(answer, "index", proof->index);
    json_put_uint(answer, "size", result.checkpoint.size);
    json_put_uint(answer, "cosigners", result.cosigners);
    return err == OK ? OK
                     : fault_set(fault, err, 0, "proof", "entry %" PRIu64 " is not in this log",
                                 proof->index);
}

enum err cli_log_check(const struct cli *cli, struct fault *fault)
{
    struct logbook *book = NULL;
    uint8_t *data = NULL;
    size_t len = 0;
    struct tlog_proof *proof = malloc(sizeof *proof);
    struct json *answer = json_map();
    enum err err = proof == NULL ? fault_set(fault, ERR_NO_MEMORY, 0, "log", "proof") : OK;
    if (err == OK)
        err = file_read(cli->args->operand[0], TLOG_PROOF_MAX, 0, &data, &len, fault);
    if (err == OK && (err = tlog_proof_read(proof, span_of(data, len))) != OK)
        (void)fault_set(fault, err, 0, cli->args->operand[0], "no tlog-proof");
    if (err == OK)
        err = logbook_open(&book, cli, fault);
    if (err == OK)
        err = check_proof(book, proof, answer, fault);
    logbook_close(&book);
    free(data);
    free(proof);
    if (err == OK)
        return finish(cli, answer);
    json_close(&answer);
    return err;
}

/* ---- two checkpoints ---- */

enum err cli_log_consistency(const struct cli *cli, struct fault *fault)
{
    const char *dir = cli->args->operand[1];
    merkle_hash proof[MERKLE_CONSISTENCY_MAX];
    unsigned count = 0;
    uint8_t note[NOTE_LEN_MAX];
    size_t note_len = 0;
    struct checkpoint now;
    struct logbook_result old;
    uint8_t *data = NULL;
    size_t len = 0;
    struct logbook *book = NULL;
    enum err err = file_read(cli->args->operand[0], NOTE_LEN_MAX, 0, &data, &len, fault);
    if (err == OK)
        err = logbook_open(&book, cli, fault);
    if (err == OK)
        err = logbook_note(book, span_of(data, len), &old, fault);
    if (err == OK)
        err = tiles_checkpoint(dir, &now, note, &note_len, fault);
    struct tiles_tree tree = {dir, now.size};
    if (err == OK && strcmp(now.origin, old.checkpoint.origin) != 0)
        err = fault_set(fault, ERR_CHECKPOINT, 0, dir, "the folder of another log");
    if (err == OK && old.checkpoint.size > now.size)
        err = fault_set(fault, ERR_LOG_TRUNCATED, 0, dir, "%" PRIu64 " entries, not %" PRIu64,
                        now.size, old.checkpoint.size);
    if (err == OK && (err = merkle_consistency(old.checkpoint.size, now.size, tiles_subtree, &tree,
                                               proof, &count)) != OK)
        (void)fault_set(fault, err, 0, dir, "tiles are missing");
    if (err == OK &&
        (err = merkle_verify_consistency(old.checkpoint.size, old.checkpoint.root, now.size,
                                         now.root, (const merkle_hash *)proof, count)) != OK)
        (void)fault_set(fault, err, 0, dir, "it is not what the older checkpoint has become");
    logbook_close(&book);
    free(data);
    if (err != OK)
        return err;
    struct json *answer = json_map();
    struct json *list = json_list();
    for (unsigned i = 0; i < count; i++) {
        char text[2 * HASH_LEN + 1];
        hex_encode(span_of(proof[i], HASH_LEN), text);
        json_add_text(list, text);
    }
    json_put_text(answer, "log", now.origin);
    json_put_uint(answer, "old_size", old.checkpoint.size);
    json_put_uint(answer, "size", now.size);
    json_put(answer, "proof", list);
    return finish(cli, answer);
}

/* ---- time stamps ---- */

static enum err make_request(const char *dir, uint64_t *size, struct fault *fault)
{
    const struct entropy entropy = entropy_system();
    uint8_t note[NOTE_LEN_MAX];
    uint8_t der[STAMP_REQUEST_MAX];
    size_t len = 0;
    struct checkpoint checkpoint;
    struct writer w = writer_of(der, sizeof der);
    enum err err = tiles_checkpoint(dir, &checkpoint, note, &len, fault);
    if (err == OK)
        err = stamp_request(span_of(note, len), &entropy, &w);
    *size = checkpoint.size;
    /* The stamp is about these very bytes: they are kept as they are now. */
    if (err == OK)
        err = logbook_keep(dir, *size, ".stamped", span_of(note, len), fault);
    return err == OK ? logbook_keep(dir, *size, ".tsq", writer_span(&w), fault) : err;
}

enum err cli_log_anchor(const struct cli *cli, struct fault *fault)
{
    const char *dir = cli->args->operand[0];
    const char *answer_path = args_value(cli->args, "answer");
    const char *roots = args_value(cli->args, "roots");
    uint64_t size = 0;
    struct stamp stamp = {.time_ms = 0};
    enum err err;
    if ((answer_path == NULL) != (roots == NULL))
        return fault_set(fault, ERR_USAGE, 0, "--answer", "together with --roots");
    if (answer_path == NULL)
        err = make_request(dir, &size, fault);
    else {
        err = args_number(cli->args, "size", 0, UINT64_MAX, UINT64_MAX, &size, fault);
        if (err == OK)
            err = logbook_stamp(dir, &size, answer_path, roots, &stamp, fault);
    }
    if (err != OK)
        return err;
    struct json *shown = json_map();
    json_put_uint(shown, "size", size);
    if (stamp.time_ms > 0)
        json_put_ms(shown, "time", stamp.time_ms);
    else {
        char path[TILES_PATH_MAX];
        logbook_name(path, dir, size, ".tsq");
        json_put_text(shown, "file", path);
    }
    return finish(cli, shown);
}
