/* A bundle from what a running hub answers: the leaves, what they commit to, the members. */
#include "base/file.h"
#include "base/hex.h"
#include "cli/ask.h"
#include "cli/evidence_make.h"
#include "keys/receipt.h"
#include "wire.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    LEAVES_MAX = BUNDLE_FILES_MAX / 4,
    ENVELOPES_MAX = BUNDLE_FILES_MAX / 8,
    MEMBERS_MAX = 512,
    ASKED = 32, /* leaves of one question */
};

#define CHECKPOINT "checkpoint.txt"

struct gather {
    const struct cli *cli;
    struct bundle *bundle;
    struct fault *fault;
    bool documents;
    bool reads;
    uint64_t size; /* of the log, as of the first answer */
    size_t leaf_count;
    uint64_t leaf[LEAVES_MAX]; /* sorted, once each */
    struct json *envelopes;    /* rows of the hub, once each */
    size_t member_count;
    char member[MEMBERS_MAX][MEMBER_MAX + 1];
};

/* ---- sets ---- */

static enum err add_leaf(struct gather *g, uint64_t index)
{
    size_t at = g->leaf_count;
    while (at > 0 && g->leaf[at - 1] > index)
        at--;
    if (index >= g->size || (at > 0 && g->leaf[at - 1] == index))
        return OK;
    if (g->leaf_count == LEAVES_MAX)
        return fault_set(g->fault, ERR_TOO_LARGE, 0, "log", "more than %d entries", LEAVES_MAX);
    memmove(&g->leaf[at + 1], &g->leaf[at], (g->leaf_count - at) * sizeof g->leaf[0]);
    g->leaf[at] = index;
    g->leaf_count++;
    return OK;
}

static enum err add_member(struct gather *g, const char *member)
{
    for (size_t i = 0; i < g->member_count; i++) {
        if (strcmp(g->member[i], member) == 0)
            return OK;
    }
    if (g->member_count == MEMBERS_MAX || strlen(member) > MEMBER_MAX)
        return fault_set(g->fault, ERR_TOO_LARGE, 0, "members", "more than %d", MEMBERS_MAX);
    memcpy(g->member[g->member_count++], member, strlen(member) + 1);
    return OK;
}

static enum err add_named(void *ctx, const char *member)
{
    return add_member(ctx, member);
}

static enum err add_envelope(struct gather *g, const struct json *row)
{
    const char *id = json_get_text(row, "env_id");
    for (size_t i = 0; id != NULL && i < json_count(g->envelopes); i++) {
        if (strcmp(json_get_text(json_item(g->envelopes, i), "env_id"), id) == 0)
            return OK;
    }
    if (id == NULL || json_count(g->envelopes) == ENVELOPES_MAX)
        return fault_set(g->fault, ERR_TOO_LARGE, 0, "envelopes", "more than %d", ENVELOPES_MAX);
    json_add(g->envelopes, json_clone(row));
    return OK;
}

/* ---- fields of answers ---- */

static enum err put_json(struct gather *g, const struct json *row, const char *name)
{
    char *text = NULL;
    size_t len;
    enum err err = json_print(row, true, &text, &len);
    if (err == OK)
        err = bundle_add(g->bundle, name, span_of(text, len));
    free(text);
    return err;
}

/* Takes the request over. */
static enum err ask(struct gather *g, struct json *request, struct json **answer)
{
    char *text = NULL;
    const enum err err = ask_hub(g->cli, request, &text, answer, g->fault);
    free(text);
    return err;
}

/* ---- which leaves ---- */

static enum err take_index(struct gather *g, const struct json *answer)
{
    const struct json *leaves = json_get(answer, "leaves");
    const struct json *envelopes = json_get(answer, "envelopes");
    enum err err = OK;
    for (size_t i = 0; err == OK && i < json_count(leaves); i++) {
        uint64_t index;
        if (json_uint(json_item(leaves, i), &index))
            err = add_leaf(g, index);
    }
    for (size_t i = 0; err == OK && i < json_count(envelopes); i++)
        err = add_envelope(g, json_item(envelopes, i));
    return err;
}

/* With the cosignatures when they are of this very size; else the cosigned one stands beside it. */
static enum err take_checkpoint(struct gather *g, const char *newest, const char *cosigned)
{
    struct checkpoint old;
    if (cosigned == NULL || note_parse(span_str(cosigned), &old) != OK || old.size > g->size)
        return bundle_add(g->bundle, CHECKPOINT, span_str(newest));
    if (old.size == g->size)
        return bundle_add(g->bundle, CHECKPOINT, span_str(cosigned));
    const enum err err = bundle_add(g->bundle, CHECKPOINT, span_str(newest));
    return err == OK ? evidence_take_seen(g->cli, g->bundle, span_str(cosigned), g->size, g->fault)
                     : err;
}

/* bundle.json and the checkpoint are those of the first answer. */
static enum err take_head(struct gather *g, const struct evidence_wish *wish,
                          const struct json *answer)
{
    const char *checkpoint = json_get_text(answer, "checkpoint");
    const char *hub = json_get_text(answer, "hub");
    const struct json *first = json_item(json_get(answer, "envelopes"), 0);
    const char *id = wish->id;
    if (strcmp(wish->kind, "envelope") == 0)
        id = json_get_text(first, "env_id");
    if (checkpoint == NULL || hub == NULL || id == NULL)
        return fault_set(g->fault, ERR_SYNTAX, 0, "hub", "its answer");
    g->size = ask_number(answer, "size");
    enum err err = take_checkpoint(g, checkpoint, json_get_text(answer, "cosigned"));
    if (err == OK)
        err = add_member(g, hub);
    if (err != OK)
        return err;
    struct json *j = json_map();
    json_put_uint(j, "format", 1);
    json_put_text(j, "kind", wish->kind);
    json_put_text(j, "id", id);
    json_put_text(j, "hub", hub);
    json_put_text(j, "realm", json_get_text(answer, "realm"));
    json_put_uint(j, "exported_ms", ask_number(answer, "now_ms"));
    err = put_json(g, j, "bundle.json");
    json_close(&j);
    return err;
}

static enum err gather_index(struct gather *g, const struct evidence_wish *wish)
{
    uint64_t from = 0;
    bool end = false;
    enum err err = OK;
    while (err == OK && !end) {
        struct json *answer = NULL;
        struct json *request = ask_request("evidence");
        json_put_text(request, "kind", wish->kind);
        json_put_text(request, "id", wish->id);
        json_put_uint(request, "from", from);
        err = ask(g, request, &answer);
        if (err == OK && g->size == 0)
            err = take_head(g, wish, answer);
        if (err == OK)
            err = take_index(g, answer);
        const uint64_t next = ask_number(answer, "next");
        end = json_flag(json_get(answer, "end")) || next >= g->size || next <= from;
        from = next;
        json_close(&answer);
    }
    return err;
}

/* ---- leaves ---- */

static enum err add_speaker(struct gather *g, struct span q)
{
    lianshu_Receipt receipt;
    return wire_decode(&lianshu_Receipt_msg, q, &receipt) == OK ? add_member(g, receipt.by)
                                                                : ERR_SYNTAX;
}

static enum err take_receipt(struct gather *g, const char *name)
{
    struct frame_receipts frame;
    struct frame_receipt entry;
    const struct bundle_file *file = bundle_find(g->bundle, name);
    if (file == NULL || frame_parse_receipts(file->bytes, &frame) != OK ||
        !frame_receipts_next(&frame, &entry))
        return fault_set(g->fault, ERR_SYNTAX, 0, "hub", "receipt");
    return add_speaker(g, entry.receipt);
}

static enum err take_document(struct gather *g, uint64_t index)
{
    struct json *answer = NULL;
    struct frame_document frame;
    uint8_t hash[HASH_LEN];
    char hex[2 * HASH_LEN + 1];
    char name[BUNDLE_NAME_MAX + 1];
    size_t len = 0;
    struct json *request = ask_request("evidence.document");
    json_put_uint(request, "index", index);
    enum err err = ask(g, request, &answer);
    if (err == ERR_ERASED || err == ERR_NOT_FOUND)
        return OK;
    uint8_t *bytes = err == OK ? evidence_hex(answer, "document", &len) : NULL;
    json_close(&answer);
    if (err == OK && (bytes == NULL || frame_parse_document(span_of(bytes, len), &frame) != OK))
        err = fault_set(g->fault, ERR_SYNTAX, 0, "hub", "document");
    lianshu_Document *d = err == OK ? malloc(sizeof *d) : NULL;
    if (err == OK)
        err = d == NULL ? ERR_NO_MEMORY : wire_decode(&lianshu_Document_msg, frame.document, d);
    for (pb_size_t i = 0; err == OK && i < d->issuers_count; i++)
        err = add_member(g, d->issuers[i].member);
    if (err == OK) {
        hash_bytes(hash, frame.document);
        hex_encode(span_of(hash, sizeof hash), hex);
        snprintf(name, sizeof name, "documents/%s.lsd", hex);
        if (bundle_find(g->bundle, name) == NULL)
            err = bundle_add(g->bundle, name, span_of(bytes, len));
    }
    free(d);
    free(bytes);
    return err;
}

/* A file of the hub, piece by piece, as `cmd` answers them; *bytes is the caller's. */
static enum err fetch(struct gather *g, const struct json *about, size_t most, uint8_t **bytes,
                      size_t *len)
{
    enum err err = OK;
    uint64_t total = 1;
    *len = 0;
    *bytes = malloc(most);
    if (*bytes == NULL)
        return ERR_NO_MEMORY;
    while (err == OK && *len < total) {
        struct json *answer = NULL;
        struct json *request = json_clone(about);
        size_t got = 0;
        json_put_uint(request, "offset", *len);
        err = ask(g, request, &answer);
        uint8_t *piece = err == OK ? evidence_hex(answer, "piece", &got) : NULL;
        total = ask_number(answer, "total");
        if (err == OK && (piece == NULL || got == 0 || total > most || got > total - *len))
            err = fault_set(g->fault, ERR_SYNTAX, 0, "hub", "%s", json_get_text(about, "cmd"));
        if (err == OK)
            memcpy(*bytes + *len, piece, got);
        *len += got;
        free(piece);
        json_close(&answer);
    }
    if (err != OK) {
        free(*bytes);
        *bytes = NULL;
    }
    return err;
}

/* It is asked for, and is not in the bundle: whoever makes it hears why. */
static void tell_missing(const struct gather *g, uint64_t index, enum err err)
{
    char label[ERR_LABEL_LEN + 1];
    err_label(err, label);
    fprintf(g->cli->world->err,
            "注意：日志条目 %" PRIu64 " 的决定所读各行未列入本包，凭本包不能重演：%s %s\n"
            "Take care: what the decision of entry %" PRIu64
            " read is not in this bundle, which does not make it again: %s %s\n",
            index, label, err_zh(err), index, label, err_en(err));
}

/* What that decision read, unless the hub cannot tell any more. */
static enum err take_reads(struct gather *g, uint64_t index)
{
    char name[BUNDLE_NAME_MAX + 1];
    uint8_t *bytes = NULL;
    size_t len;
    struct json *request = ask_request("evidence.reads");
    json_put_uint(request, "index", index);
    enum err err = fetch(g, request, BUNDLE_FILE_MAX, &bytes, &len);
    json_close(&request);
    if (err == ERR_ERASED || err == ERR_NOT_FOUND || err == ERR_RULE_ARCHIVE ||
        err == ERR_TOO_LARGE || err == ERR_REEXECUTION) {
        tell_missing(g, index, err);
        return OK;
    }
    if (err == OK) {
        snprintf(name, sizeof name, "reads/%0*" PRIu64 ".bin", EVIDENCE_INDEX_DIGITS, index);
        err = bundle_add(g->bundle, name, span_of(bytes, len));
    }
    free(bytes);
    return err;
}

static enum err take_leaf(struct gather *g, const struct json *row)
{
    char name[BUNDLE_NAME_MAX + 1];
    const uint64_t index = ask_number(row, "index");
    const char *parts[][3] = {{"leaf", "log", "leaf"},
                              {"path", "log", "path"},
                              {"receipts", "receipts", "lsr"},
                              {"record", "decisions", "bin"}};
    enum err err = OK;
    for (size_t i = 0; err == OK && i < sizeof parts / sizeof parts[0]; i++) {
        if (i >= 2 && json_get(row, parts[i][0]) == NULL)
            continue;
        snprintf(name, sizeof name, "%s/%0*" PRIu64 ".%s", parts[i][1], EVIDENCE_INDEX_DIGITS,
                 index, parts[i][2]);
        err = evidence_put_hex(g->bundle, row, parts[i][0], name, g->fault);
        if (err == OK && i == 2)
            err = take_receipt(g, name);
    }
    if (err == OK && g->documents && json_get(row, "record") != NULL)
        err = take_document(g, index);
    if (err == OK && g->reads && json_get(row, "record") != NULL)
        err = take_reads(g, index);
    return err;
}

/* The hub gives as many of those that it is asked for as fit. */
static enum err gather_leaves(struct gather *g)
{
    enum err err = OK;
    for (size_t at = 0; err == OK && at < g->leaf_count;) {
        struct json *answer = NULL;
        struct json *list = json_list();
        struct json *request = ask_request("evidence.leaves");
        for (size_t i = at; i < g->leaf_count && i < at + ASKED; i++)
            json_add(list, json_new_uint(g->leaf[i]));
        json_put_uint(request, "size", g->size);
        json_put(request, "leaves", list);
        err = ask(g, request, &answer);
        const struct json *rows = json_get(answer, "leaves");
        if (err == OK && json_count(rows) == 0)
            err = fault_set(g->fault, ERR_SYNTAX, 0, "hub", "no leaves");
        for (size_t i = 0; err == OK && i < json_count(rows); i++)
            err = take_leaf(g, json_item(rows, i));
        at += json_count(rows);
        json_close(&answer);
    }
    return err;
}

/* ---- frames ---- */

/* *frame is the caller's; NULL: the hub does not have it any more. */
static enum err fetch_frame(struct gather *g, const struct json *row, uint8_t **frame, size_t *len)
{
    struct json *request = ask_request("evidence.frame");
    json_put_text(request, "sender", json_get_text(row, "sender"));
    json_put_text(request, "message_id", json_get_text(row, "message_id"));
    const enum err err = fetch(g, request, FRAME_MAX, frame, len);
    json_close(&request);
    return err == ERR_NOT_FOUND || err == ERR_ERASED ? OK : err;
}

static enum err gather_frames(struct gather *g)
{
    char name[BUNDLE_NAME_MAX + 1];
    enum err err = OK;
    for (size_t i = 0; err == OK && i < json_count(g->envelopes); i++) {
        const struct json *row = json_item(g->envelopes, i);
        uint8_t *frame;
        size_t len;
        err = fetch_frame(g, row, &frame, &len);
        if (err != OK || frame == NULL)
            continue;
        snprintf(name, sizeof name, "envelopes/%.64s.lse", json_get_text(row, "env_id"));
        err = bundle_add(g->bundle, name, span_of(frame, len));
        free(frame);
    }
    return err;
}

/* ---- the rest ---- */

/* The hub's word on who held which file, and on which documents took effect: the receipts in it
 * stand in the log, the rest does not. */
static enum err gather_custody(struct gather *g, const struct evidence_wish *wish)
{
    struct json *answer = NULL;
    struct json *request = ask_request("case.custody");
    json_put_text(request, "id", wish->id);
    enum err err = ask(g, request, &answer);
    struct json *card = NULL;
    if (err == OK) {
        request = ask_request("case");
        json_put_text(request, "id", wish->id);
        err = ask(g, request, &card);
    }
    if (err == OK) {
        json_put(answer, "steps", json_clone(json_get(card, "steps")));
        json_put(answer, "lost", json_clone(json_get(card, "lost")));
        err = put_json(g, answer, "custody.json");
    }
    json_close(&card);
    json_close(&answer);
    return err;
}

enum err evidence_gather(const struct cli *cli, const struct evidence_wish *wish,
                         const struct anchor *anchor, struct bundle *bundle, struct fault *fault)
{
    struct gather *g = calloc(1, sizeof *g);
    if (g == NULL)
        return ERR_NO_MEMORY;
    g->cli = cli;
    g->bundle = bundle;
    g->fault = fault;
    g->documents = wish->documents;
    g->reads = wish->reads;
    g->envelopes = json_list();
    enum err err = gather_index(g, wish);
    if (err == OK)
        err = gather_leaves(g);
    if (err == OK)
        err = gather_frames(g);
    if (err == OK && strcmp(wish->kind, "case") == 0)
        err = gather_custody(g, wish);
    if (err == OK && wish->with != NULL)
        err = evidence_take_disclosed(bundle, wish->with, fault);
    if (err == OK && wish->seen != NULL)
        err = evidence_take_kept(cli, bundle, wish->seen, g->size, fault);
    if (err == OK && wish->stamp != NULL) {
        const uint64_t last = g->leaf_count == 0 ? 0 : g->leaf[g->leaf_count - 1];
        err = evidence_take_stamp(cli, bundle, wish->stamp, (struct evidence_reach){last, g->size},
                                  fault);
    }
    if (err == OK)
        err = evidence_names(bundle, anchor->realm, add_named, g);
    for (size_t i = 0; err == OK && i < g->member_count; i++)
        err = evidence_take_member(cli, bundle, g->member[i], fault);
    if (err == OK)
        err = evidence_take_revocations(cli, bundle, fault);
    json_close(&g->envelopes);
    free(g);
    return err;
}
