/*
 * source - what a department sends, taken from files in source/.
 *
 *   source/x.json ──source_take──> row TAKEN + messages staged, one transaction
 *                                   ──source_settle──> done/x.json (+ attachments), row moved
 *                 ──refused here──> row REFUSED ──source_settle──> refused/x.json +
 * x.json.reason.json receipts ──source_outcome──> version + 1 ──source_show──>
 * done/x.json.receipt.json ──all of its messages refused by the hub──> refused/x.json + reason
 *
 * Guarantees, at a kill between any two steps:
 *   1. A file is taken once: its messages are on disk before it leaves source/, and what is found
 * in source/ again is recognised by name and content.
 *   2. A file is taken whole or not at all: one bad row refuses all rows, and all are reported.
 *   3. A file is always in source/, done/ or refused/; only what was moved by us leaves source/.
 *   4. The same file after a refusal is a new attempt; after success it is a repeat, which sends
 *      nothing.
 *   5. Names that begin with '.' or do not end in .json or .csv are not looked at: writers use them
 *      until they rename.
 *   6. The records of x.preview.json (or .csv) are asked about and not sent; the same file again
 * asks again. Their attachments are not looked at.
 *
 * Errors of a file are told to the department (reason file), never returned. RETRY errors (disk
 * full) leave the file for later. Thread rule: that of the sdk.
 */
#ifndef ADAPTERS_RUNTIME_SOURCE_H
#define ADAPTERS_RUNTIME_SOURCE_H

#include "adapters/runtime/map.h"
#include "adapters/runtime/respond.h"
#include "adapters/runtime/site.h"
#include "adapters/sdk/sdk.h"
#include "ident.h"

enum {
    SOURCE_FILE_MAX = 8 << 20,
    SOURCE_ROWS_MAX = 4096,
    SOURCE_TURN_FILES = 32, /* files taken a turn */
    SOURCE_SHOW_TURN = 32,  /* receipt files written a turn */
    SOURCE_NAME_MAX = 200,
    SOURCE_NOTE_MS = 200,
};

struct source;

struct source_options {
    struct sdk *sdk;
    const struct site *site;
    const struct map *map;
    const struct regions *regions; /* NULL: not looked up */
    struct respond *respond;
};

/* Borrows what options names. Watches source/; what is there already is found by the first scan. */
MUST_USE enum err source_open(struct source **out, const struct source_options *options,
                              struct fault *f);
void source_close(struct source **source);

/* To be waited on (inotify). */
int source_fd(const struct source *source);

/* Take a bounded number of files; *more: call again without waiting. ready: the descriptor was. */
MUST_USE enum err source_scan(struct source *source, bool ready, uint64_t now_ms, bool *more);

/* The steps one by one, as source_scan does them. */
MUST_USE enum err source_take(struct source *source, const char *name, uint64_t now_ms);
MUST_USE enum err source_settle(struct source *source);

/* Inside the sdk's outcome handler. */
MUST_USE enum err source_outcome(struct source *source, const struct sdk_outcome *outcome);

/* Inside the sdk's apply handler: a preview.answer, beside the record that asked:
 * done/x.preview.json.answer.<row>.json, as answer.h has it. */
MUST_USE enum err source_answer(struct source *source, const struct sdk_incoming *message);

/* Inside the sdk's progress handler: how far an attachment of a record is, as progress.json beside
 * the folders, {"file","phase","root","bytes","total"}; at most each SOURCE_NOTE_MS. */
void source_progress(struct source *source, const struct sdk_progress *now, uint64_t now_ms);

/* How long a turn may wait before source_show has something to do. */
uint32_t source_wait_ms(const struct source *source, uint64_t now_ms, uint32_t wait_ms);

/* Write receipt files of what has changed, move what the hub refused. */
MUST_USE enum err source_show(struct source *source, uint64_t now_ms);

#endif
