#include "cli/logbook.h"

#include "base/file.h"
#include "base/hex.h"
#include "keys/receipt.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A checkpoint of then. */
struct kept {
    uint64_t size;
    uint64_t from_ms;  /* what comes after it claims no time before this; 0: no bound */
    uint64_t until_ms; /* what lies in it claims no time after this; UINT64_MAX: no bound */
    uint64_t leaf_ms;  /* of its last entry */
    struct checkpoint checkpoint;
    size_t len;
    uint8_t note[NOTE_LEN_MAX];
};

struct logbook {
    const struct cli *cli;
    struct anchor anchor;
    struct registry *registry;
    struct witness_policy policy;
    bool policy_given;
    struct log_reader reader;
    size_t count;
    size_t cap;
    struct kept *kept; /* owns; by size */
    /* The walk. */
    size_t at;       /* the first of which the entry is a part */
    uint64_t low_ms; /* of all before */
    uint64_t last_ms;
};

void logbook_name(char out[static TILES_PATH_MAX], const char *dir, uint64_t size, const char *end)
{
    snprintf(out, TILES_PATH_MAX, "%s/checkpoints/%" PRIu64 "%s", dir, size, end);
}

enum err logbook_keep(const char *dir, uint64_t size, const char *end, struct span data,
                      struct fault *fault)
{
    char path[TILES_PATH_MAX];
    snprintf(path, sizeof path, "%s/checkpoints", dir);
    if (mkdir(path, 0755) != 0 && errno != EEXIST)
        return fault_set(fault, file_errno(errno), 0, path, "the folder cannot be made");
    logbook_name(path, dir, size, end);
    return file_write(path, data, 0644, 0, fault);
}

/* ---- whom to believe ---- */

enum err logbook_policy(const struct args *args, struct witness_policy *policy, bool *given,
                        struct fault *fault)
{
    const char *path = args_value(args, "policy");
    uint64_t needed = 0;
    memset(policy, 0, sizeof *policy);
    *given = path != NULL;
    enum err err = args_number(args, "needed", 0, NOTE_EXTRA_MAX, 0, &needed, fault);
    if (err == OK && path != NULL)
        err = cosign_policy_read(policy, path, fault);
    if (err == OK && needed > policy->needed)
        policy->needed = (unsigned)needed;
    return err;
}

enum err logbook_open(struct logbook **out, const struct cli *cli, struct fault *fault)
{
    *out = NULL;
    struct logbook *b = calloc(1, sizeof *b);
    if (b == NULL)
        return fault_set(fault, ERR_NO_MEMORY, 0, "log", "state");
    b->cli = cli;
    enum err err = anchor_read(&b->anchor, args_value(cli->args, "anchor"), fault);
    if (err == OK)
        err = registry_read(&b->registry, &b->anchor, args_value(cli->args, "registry"), 0, fault);
    if (err == OK)
        err = logbook_policy(cli->args, &b->policy, &b->policy_given, fault);
    if (err != OK) {
        logbook_close(&b);
        return err;
    }
    *out = b;
    return OK;
}

void logbook_close(struct logbook **book)
{
    struct logbook *b = *book;
    if (b == NULL)
        return;
    registry_close(&b->registry);
    free(b->kept);
    free(b);
    *book = NULL;
}

/* The hub of an origin "<hub>.<realm>/audit/<n>". */
static bool hub_of(const struct logbook *b, const char *origin, char out[static MEMBER_MAX + 1])
{
    char tail[NOTE_ORIGIN_MAX + 1];
    snprintf(tail, sizeof tail, ".%s/audit/", registry_realm(b->registry));
    const char *end = strstr(origin, tail);
    if (end == NULL || (size_t)(end - origin) > MEMBER_MAX)
        return false;
    memcpy(out, origin, (size_t)(end - origin));
    out[end - origin] = '\0';
    return member_is_hub(out);
}

/* Signed by the log key of its hub, which is valid at that time. */
static enum err check_note(struct logbook *b, struct span note, uint64_t at_ms,
                           struct checkpoint *out, char hub[static MEMBER_MAX + 1],
                           struct fault *fault)
{
    enum err err = note_parse(note, out);
    if (err == OK && !hub_of(b, out->origin, hub))
        err = ERR_CHECKPOINT;
    if (err == OK) {
        b->reader = (struct log_reader){.registry = b->registry, .hub = hub, .at_ms = at_ms};
        err = log_reader_checkpoint(&b->reader, note, out);
    }
    return err == OK ? OK : fault_set(fault, err, 0, "checkpoint", "not signed by its log's key");
}

static enum err count(struct logbook *b, struct span note, const char *hub,
                      struct cosigners *cosigners)
{
    if (!b->policy_given)
        cosign_policy(&b->policy, b->registry, hub);
    return cosign_count(note, &b->policy, b->cli->world->now_ms(), cosigners);
}

static enum err note_at(struct logbook *b, struct span note, uint64_t at_ms,
                        struct logbook_result *out, struct fault *fault)
{
    char hub[MEMBER_MAX + 1];
    struct cosigners cosigners;
    memset(out, 0, sizeof *out);
    enum err err = check_note(b, note, at_ms, &out->checkpoint, hub, fault);
    if (err != OK)
        return err;
    err = count(b, note, hub, &cosigners);
    out->cosigners = cosigners.count;
    out->needed = b->policy.needed;
    if (err == OK && !cosign_met(&b->policy, &cosigners))
        return fault_set(fault, ERR_WITNESSES, 0, "checkpoint", "%u of %u cosignatures",
                         cosigners.count, b->policy.needed);
    return err;
}

enum err logbook_note(struct logbook *b, struct span note, struct logbook_result *out,
                      struct fault *fault)
{
    return note_at(b, note, b->cli->world->now_ms(), out, fault);
}

/* ---- the checkpoints of then ---- */

static enum err read_kept(struct logbook *b, const char *dir, uint64_t size, const char *end,
                          struct kept **out, struct fault *fault)
{
    char path[TILES_PATH_MAX];
    uint8_t *data = NULL;
    size_t len;
    if (b->count == b->cap) {
        const size_t cap = b->cap == 0 ? 64 : 2 * b->cap;
        struct kept *more = cap > LOGBOOK_KEPT_MAX ? NULL : realloc(b->kept, cap * sizeof *b->kept);
        if (more == NULL)
            return fault_set(fault, ERR_TOO_LARGE, 0, dir, "more checkpoints than are read");
        b->kept = more;
        b->cap = cap;
    }
    struct kept *k = &b->kept[b->count];
    logbook_name(path, dir, size, end);
    enum err err = file_read(path, NOTE_LEN_MAX, 0, &data, &len, fault);
    if (err != OK)
        return err;
    *k = (struct kept){.size = size, .until_ms = UINT64_MAX, .len = len};
    memcpy(k->note, data, len);
    free(data);
    if (note_parse(span_of(k->note, len), &k->checkpoint) != OK || k->checkpoint.size != size)
        return fault_set(fault, ERR_CHECKPOINT, 0, path, "a checkpoint of that size");
    b->count++;
    *out = k;
    return OK;
}

/* As by its cosigners: the last of them saw no more, the first saw that much. */
static enum err take_cosigned(struct logbook *b, const char *dir, uint64_t size,
                              struct logbook_result *out, struct fault *fault)
{
    char hub[MEMBER_MAX + 1];
    struct cosigners cosigners;
    struct kept *k;
    enum err err = read_kept(b, dir, size, "", &k, fault);
    if (err != OK)
        return err;
    if (!hub_of(b, k->checkpoint.origin, hub))
        return fault_set(fault, ERR_CHECKPOINT, 0, dir, "a checkpoint of another log");
    err = count(b, span_of(k->note, k->len), hub, &cosigners);
    for (unsigned i = 0; err == OK && i < cosigners.count; i++) {
        const uint64_t ms = cosigners.by[i].time_ms;
        k->until_ms = ms < k->until_ms ? ms : k->until_ms;
        k->from_ms = ms > k->from_ms ? ms : k->from_ms;
    }
    out->bounds += err == OK && cosigners.count > 0;
    return err;
}

static enum err take_stamped(struct logbook *b, const char *dir, uint64_t size,
                             struct logbook_result *out, struct fault *fault)
{
    const char *roots = args_value(b->cli->args, "roots");
    char path[TILES_PATH_MAX];
    uint8_t *answer = NULL;
    size_t len = 0;
    struct stamp stamp;
    struct kept *k;
    if (roots == NULL)
        return OK;
    enum err err = read_kept(b, dir, size, ".stamped", &k, fault);
    if (err != OK)
        return err;
    logbook_name(path, dir, size, ".tsr");
    err = file_read(path, STAMP_LEN_MAX, 0, &answer, &len, fault);
    if (err == OK)
        err = stamp_verify(span_of(answer, len), span_of(NULL, 0), span_of(k->note, k->len), roots,
                           &stamp, fault);
    if (err == OK)
        k->until_ms = stamp.time_ms + stamp.accuracy_ms;
    out->stamps += err == OK;
    free(answer);
    return err;
}

static int by_size(const void *a, const void *b)
{
    const uint64_t x = ((const struct kept *)a)->size;
    const uint64_t y = ((const struct kept *)b)->size;
    return (x > y) - (x < y);
}

static enum err load_kept(struct logbook *b, const char *dir, struct logbook_result *out,
                          struct fault *fault)
{
    char path[TILES_PATH_MAX];
    enum err err = OK;
    snprintf(path, sizeof path, "%s/checkpoints", dir);
    DIR *folder = opendir(path);
    if (folder == NULL)
        return errno == ENOENT ? OK : fault_set(fault, file_errno(errno), 0, path, "the folder");
    for (struct dirent *row; err == OK && (row = readdir(folder)) != NULL;) {
        char *end = NULL;
        const uint64_t size = strtoull(row->d_name, &end, 10);
        if (end == row->d_name)
            continue;
        if (*end == '\0')
            err = take_cosigned(b, dir, size, out, fault);
        else if (strcmp(end, ".tsr") == 0)
            err = take_stamped(b, dir, size, out, fault);
    }
    closedir(folder);
    if (err == OK && b->count > 0)
        qsort(b->kept, b->count, sizeof b->kept[0], by_size);
    /* Backwards: what lies in an earlier one lies in every later one, too. */
    for (size_t i = b->count; i-- > 1;) {
        if (b->kept[i].until_ms < b->kept[i - 1].until_ms)
            b->kept[i - 1].until_ms = b->kept[i].until_ms;
    }
    return err;
}

/* ---- every entry ---- */

/* L-11: does it claim a time at which it cannot have been written? */
static enum err judge_time(struct logbook *b, uint64_t index, unsigned kind, uint64_t time_ms,
                           struct fault *fault)
{
    while (b->at < b->count && b->kept[b->at].size <= index) {
        const struct kept *k = &b->kept[b->at++];
        b->low_ms = k->from_ms > b->low_ms ? k->from_ms : b->low_ms;
    }
    const uint64_t until = b->at < b->count ? b->kept[b->at].until_ms : UINT64_MAX;
    const bool late = until != UINT64_MAX && time_ms > until + LOGBOOK_SLACK_MS;
    const bool early = kind != LOG_STATEMENT && time_ms + LOGBOOK_SLACK_MS < b->low_ms;
    if (!late && !early)
        return OK;
    return fault_set(fault, ERR_TIME_BOUND, 0, "log",
                     "entry %" PRIu64 " claims %" PRIu64 ", it was written %s %" PRIu64, index,
                     time_ms, late ? "before" : "after", late ? until : b->low_ms);
}

static enum err take_leaf(void *ctx, uint64_t index, struct span leaf, struct fault *fault)
{
    struct logbook *b = ctx;
    unsigned kind;
    uint64_t time_ms;
    struct span body;
    enum err err = log_leaf_read(leaf, &kind, &time_ms, &body);
    if (err != OK)
        return fault_set(fault, err, 0, "log", "entry %" PRIu64, index);
    err = judge_time(b, index, kind, time_ms, fault);
    b->last_ms = kind != LOG_STATEMENT && time_ms > b->last_ms ? time_ms : b->last_ms;
    for (size_t i = b->at; i < b->count && b->kept[i].size == index + 1; i++)
        b->kept[i].leaf_ms = b->last_ms;
    return err;
}

/* Each is signed by the key of then, and a prefix of the log. */
static enum err check_kept(struct logbook *b, const char *dir, const struct checkpoint *now,
                           struct fault *fault)
{
    struct tiles_tree tree = {dir, now->size};
    char hub[MEMBER_MAX + 1];
    enum err err = OK;
    for (size_t i = 0; err == OK && i < b->count; i++) {
        const struct kept *k = &b->kept[i];
        struct checkpoint checkpoint;
        merkle_hash root;
        if (k->size > now->size || strcmp(k->checkpoint.origin, now->origin) != 0)
            return fault_set(fault, ERR_LOG_TRUNCATED, 0, dir,
                             "a checkpoint of %" PRIu64 " entries is kept, of %s", k->size,
                             k->checkpoint.origin);
        err = check_note(b, span_of(k->note, k->len), k->leaf_ms, &checkpoint, hub, fault);
        if (err == OK && (err = merkle_prefix_root(root, k->size, tiles_subtree, &tree)) != OK)
            (void)fault_set(fault, err, 0, dir, "tiles are missing");
        if (err == OK && memcmp(root, checkpoint.root, HASH_LEN) != 0)
            err = fault_set(fault, ERR_LOG_FORK, 0, dir, "the checkpoint of %" PRIu64 " entries",
                            k->size);
    }
    return err;
}

enum err logbook_verify(struct logbook *b, const char *dir, struct logbook_result *out,
                        struct fault *fault)
{
    uint8_t note[NOTE_LEN_MAX];
    size_t len = 0;
    struct checkpoint checkpoint;
    struct logbook_result found = {.bounds = 0};
    enum err err = tiles_checkpoint(dir, &checkpoint, note, &len, fault);
    if (err == ERR_NOT_FOUND)
        return err;
    if (err == OK)
        err = load_kept(b, dir, &found, fault);
    if (err == OK)
        err = tiles_verify(dir, &checkpoint, take_leaf, b, fault);
    if (err == OK)
        err = note_at(b, span_of(note, len), b->last_ms, out, fault);
    if (err == OK)
        err = check_kept(b, dir, &checkpoint, fault);
    out->bounds = found.bounds;
    out->stamps = found.stamps;
    return err;
}

/* ---- stamps ---- */

enum err logbook_stamp(const char *dir, uint64_t *size, const char *answer, const char *roots,
                       struct stamp *out, struct fault *fault)
{
    char path[TILES_PATH_MAX];
    uint8_t note[NOTE_LEN_MAX];
    size_t len = 0;
    struct checkpoint checkpoint;
    uint8_t *data[3] = {NULL, NULL, NULL};
    size_t lens[3] = {0, 0, 0};
    enum err err = OK;
    if (*size == UINT64_MAX) {
        err = tiles_checkpoint(dir, &checkpoint, note, &len, fault);
        *size = checkpoint.size;
    }
    if (err != OK)
        return err;
    logbook_name(path, dir, *size, ".stamped");
    err = file_read(path, NOTE_LEN_MAX, 0, &data[0], &lens[0], fault);
    logbook_name(path, dir, *size, ".tsq");
    if (err == OK)
        err = file_read(path, STAMP_REQUEST_MAX, 0, &data[1], &lens[1], fault);
    if (err == OK)
        err = file_read(answer, STAMP_LEN_MAX, 0, &data[2], &lens[2], fault);
    if (err == OK)
        err = stamp_verify(span_of(data[2], lens[2]), span_of(data[1], lens[1]),
                           span_of(data[0], lens[0]), roots, out, fault);
    if (err == OK)
        err = logbook_keep(dir, *size, ".tsr", span_of(data[2], lens[2]), fault);
    for (size_t i = 0; i < 3; i++)
        free(data[i]);
    return err;
}
