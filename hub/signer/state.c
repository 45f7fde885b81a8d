#include "signer/state.h"

#include "base/file.h"
#include "base/hex.h"
#include "net/signer_frame.h"
#include "signer/slots.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* The origin of a state that was lost is no log's: this, and the challenge in hexadecimal. */
static const char LOST[] = "lost/";

struct state {
    int fd;
    bool lost;
    uint8_t challenge[STATE_CHALLENGE_LEN];
    struct slot now;
    struct slot before; /* generation 0: there is none */
    merkle_hash *scratch;
};

/* A file with one slot. */
static enum err write_new(const char *path, struct slot *slot, unsigned flags, struct fault *fault)
{
    uint8_t bytes[STATE_FILE_LEN] = {0};
    slot->generation = 1;
    frontier_root(&slot->frontier, slot->root);
    slot_write(slot, bytes + slot->generation % 2 * STATE_SLOT_LEN);
    return file_write(path, span_of(bytes, sizeof bytes), 0600, flags, fault);
}

enum err state_create(const char *path, const char *origin, struct fault *fault)
{
    struct slot slot = {.generation = 1};

    if (strlen(origin) > NOTE_ORIGIN_MAX)
        return fault_set(fault, ERR_FIELD_LONG, 0, path, "origin: at most %d bytes",
                         NOTE_ORIGIN_MAX);
    memcpy(slot.origin, origin, strlen(origin) + 1);
    frontier_init(&slot.frontier);
    return write_new(path, &slot, FILE_NEW, fault);
}

enum err state_lose(const char *path, const uint8_t challenge[static STATE_CHALLENGE_LEN],
                    struct fault *fault)
{
    struct slot slot = {.generation = 1};
    char hex[2 * STATE_CHALLENGE_LEN + 1];
    hex_encode(span_of(challenge, STATE_CHALLENGE_LEN), hex);
    snprintf(slot.origin, sizeof slot.origin, "%s%s", LOST, hex);
    frontier_init(&slot.frontier);
    return write_new(path, &slot, FILE_NEW, fault);
}

/* Both slots as they stand; generation 0 for one that is not whole. */
static enum err read_slots(int fd, struct slot slots[static 2])
{
    uint8_t bytes[STATE_SLOT_LEN];
    for (int i = 0; i < 2; i++) {
        ssize_t got = pread(fd, bytes, sizeof bytes, (off_t)i * STATE_SLOT_LEN);
        if (got < 0)
            return ERR_IO;
        if (got != (ssize_t)sizeof bytes || slot_read(&slots[i], bytes) != OK ||
            slots[i].generation % 2 != (uint64_t)i)
            slots[i].generation = 0;
    }
    return OK;
}

static enum err check_file(int fd, const char *path, struct fault *fault)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return fault_set(fault, ERR_PERMISSION, 0, path, "a regular file");
    if (st.st_uid != geteuid() || (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return fault_set(fault, ERR_PERMISSION, 0, path, "own user, mode 0600");
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return fault_set(fault, ERR_BUSY_ELSEWHERE, 0, path, "another signer holds this file");
    return OK;
}

static enum err load(struct state *s, const char *path, const char *hub, const char *realm,
                     struct fault *fault)
{
    struct slot slots[2];
    uint32_t number;
    enum err err = read_slots(s->fd, slots);
    if (err != OK)
        return fault_set(fault, err, 0, path, "signer's state");
    int newest = slots[1].generation > slots[0].generation;
    s->now = slots[newest];
    if (s->now.generation == 0)
        return fault_set(fault, ERR_CORRUPT, 0, path, "no slot of the signer's state is whole");
    if (slots[!newest].generation + 1 == s->now.generation)
        s->before = slots[!newest];
    s->lost = strncmp(s->now.origin, LOST, sizeof LOST - 1) == 0 &&
              hex_decode(s->now.origin + sizeof LOST - 1, s->challenge, sizeof s->challenge);
    if (!s->lost && !note_origin_number(s->now.origin, hub, realm, &number))
        return fault_set(fault, ERR_CHECKPOINT, 0, path, "this file is of the log %s",
                         s->now.origin);
    return OK;
}

enum err state_open(struct state **out, const char *path, const char *hub, const char *realm,
                    struct fault *fault)
{
    *out = NULL;
    struct state *s = calloc(1, sizeof *s);
    if (s == NULL)
        return fault_set(fault, ERR_NO_MEMORY, 0, path, "signer's state");
    enum err err = ERR_NO_MEMORY;
    s->scratch = malloc(sizeof *s->scratch * (SIGNER_LEAVES_MAX + 1));
    s->fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (s->scratch == NULL)
        goto out;
    if (s->fd < 0) {
        err = fault_set(fault, file_errno(errno), 0, path,
                        "the signer's state: --init makes that of a first log, --lost takes the "
                        "place of one that is lost");
        goto out;
    }
    if ((err = check_file(s->fd, path, fault)) != OK ||
        (err = load(s, path, hub, realm, fault)) != OK)
        goto out;
    *out = s;
    s = NULL;
    err = OK;

out:
    state_close(&s);
    return err;
}

void state_close(struct state **s)
{
    if (s == NULL || *s == NULL)
        return;
    if ((*s)->fd >= 0)
        close((*s)->fd);
    free((*s)->scratch);
    free(*s);
    *s = NULL;
}

const uint8_t *state_challenge(const struct state *s)
{
    return s->lost ? s->challenge : NULL;
}

void state_head(const struct state *s, struct checkpoint *out)
{
    *out = (struct checkpoint){.size = s->now.frontier.size};
    memcpy(out->origin, s->now.origin, sizeof out->origin);
    memcpy(out->root, s->now.root, HASH_LEN);
}

struct span state_statement(const struct state *s)
{
    const struct state_copy *copy = &s->now.copy;
    const bool begun = s->now.frontier.size != copy->size;
    return span_of(copy->statement, begun ? 0 : copy->statement_len);
}

/* The peak of level `bit` of a frontier: peaks stand largest first. */
static const uint8_t *peak_at(const struct merkle_frontier *f, unsigned bit)
{
    unsigned above = 0;
    for (unsigned b = bit + 1; b < MERKLE_PATH_MAX; b++)
        above += (f->size >> b & 1) != 0;
    return f->peak[above];
}

void state_second_root(const struct merkle_frontier *f, const merkle_hash *leaves,
                       size_t leaf_count, merkle_hash *scratch, merkle_hash out)
{
    const uint64_t size = f->size + leaf_count;
    size_t count = leaf_count;
    bool have = false; /* out holds the root of everything right of the present level */

    if (leaf_count > 0)
        memcpy(scratch, leaves, leaf_count * sizeof *scratch);
    merkle_root(out, NULL, 0);
    for (unsigned level = 0; level < MERKLE_PATH_MAX && size >> level != 0; level++) {
        /* An odd beginning pairs with what the old tree has at this level. */
        const bool joins = (f->size >> level & 1) != 0;
        if (joins && count > 0) {
            memmove(scratch + 1, scratch, count * sizeof *scratch);
            memcpy(scratch[0], peak_at(f, level), HASH_LEN);
            count++;
        }
        /* An odd end stays: a peak of the new tree. */
        const uint8_t *peak = NULL;
        if ((size >> level & 1) != 0)
            peak = count > 0 ? scratch[count - 1] : peak_at(f, level);
        if (peak != NULL && have)
            merkle_node(out, peak, out);
        else if (peak != NULL)
            memcpy(out, peak, HASH_LEN);
        have = have || peak != NULL;
        for (size_t i = 0; i + 1 < count; i += 2)
            merkle_node(scratch[i / 2], scratch[i], scratch[i + 1]);
        count /= 2;
    }
}

/* The tree that continues `from`, by both paths. */
static enum err continued(const struct state *s, const struct slot *from, const merkle_hash *leaves,
                          size_t leaf_count, struct slot *out)
{
    merkle_hash second;
    const bool begins = from->copy.size != 0 && from->frontier.size == from->copy.size;
    if (begins && leaf_count > 0 && memcmp(leaves[0], from->copy.first, HASH_LEN) != 0)
        return ERR_LOG_FORK;
    *out = *from;
    for (size_t i = 0; i < leaf_count; i++)
        frontier_append(&out->frontier, leaves[i]);
    frontier_root(&out->frontier, out->root);
    state_second_root(&from->frontier, leaves, leaf_count, s->scratch, second);
    return memcmp(out->root, second, HASH_LEN) == 0 ? OK : ERR_INTERNAL;
}

static enum err persist(struct state *s, const struct slot *slot)
{
    uint8_t bytes[STATE_SLOT_LEN];
    slot_write(slot, bytes);
    off_t at = (off_t)(slot->generation % 2) * STATE_SLOT_LEN;
    ssize_t put = pwrite(s->fd, bytes, sizeof bytes, at);
    if (put != (ssize_t)sizeof bytes)
        return put < 0 && errno == ENOSPC ? ERR_DISK_FULL : ERR_FSYNC;
    return fdatasync(s->fd) == 0 ? OK : ERR_FSYNC;
}

/* A size that is not the present one: the last request again, or a tree of another past. */
static enum err judge_old(const struct state *s, uint64_t old_size, const merkle_hash *leaves,
                          size_t leaf_count)
{
    struct slot again;
    if (old_size > s->now.frontier.size)
        return ERR_CONSISTENCY;
    if (s->before.generation == 0 || old_size != s->before.frontier.size ||
        old_size + leaf_count != s->now.frontier.size)
        return ERR_LOG_ROLLBACK;
    enum err err = continued(s, &s->before, leaves, leaf_count, &again);
    if (err != OK)
        return err;
    return memcmp(again.root, s->now.root, HASH_LEN) == 0 ? OK : ERR_LOG_FORK;
}

enum err state_extend(struct state *s, uint64_t old_size, const merkle_hash *leaves,
                      size_t leaf_count)
{
    struct slot next;
    if (leaf_count > SIGNER_LEAVES_MAX || old_size > INT64_MAX)
        return ERR_TOO_LARGE;
    if (s->lost)
        return ERR_LOG_ROLLBACK; /* nobody knows what was signed */
    if (old_size != s->now.frontier.size)
        return judge_old(s, old_size, leaves, leaf_count);
    if (leaf_count == 0)
        return OK;
    enum err err = continued(s, &s->now, leaves, leaf_count, &next);
    if (err != OK)
        return err;
    next.generation = s->now.generation + 1;
    err = persist(s, &next);
    if (err != OK)
        return err;
    s->before = s->now;
    s->now = next;
    return OK;
}

/* The officials have seen the last head of the log that ends, and it is the one before theirs. */
static enum err check_old(const struct state *old, const struct restored *r, const char *path,
                          struct fault *fault)
{
    static const uint8_t none[STATE_CHALLENGE_LEN];
    uint32_t number = 0;
    if (memcmp(r->challenge, old->lost ? old->challenge : none, STATE_CHALLENGE_LEN) != 0)
        return fault_set(fault, ERR_LOG_ROLLBACK, 0, path,
                         "the statement does not answer the challenge of this state");
    if (old->lost)
        return OK; /* the head is one that somebody else has kept */
    if (!note_origin_number(old->now.origin, r->hub, r->realm, &number) ||
        number + 1 != r->log_number)
        return fault_set(fault, ERR_LOG_ROLLBACK, 0, path,
                         "this is log %u, the statement begins %u", (unsigned)number,
                         (unsigned)r->log_number);
    if (old->now.frontier.size != r->signed_size ||
        memcmp(old->now.root, r->signed_root, HASH_LEN) != 0)
        return fault_set(fault, ERR_LOG_ROLLBACK, 0, path,
                         "%llu entries signed, the statement says "
                         "%llu",
                         (unsigned long long)old->now.frontier.size,
                         (unsigned long long)r->signed_size);
    return OK;
}

/* The old file stays beside the new one, as it is. */
static enum err keep_old(const char *path, uint32_t number, struct fault *fault)
{
    char kept[PATH_MAX];
    uint8_t *old = NULL;
    uint8_t *there = NULL;
    size_t len;
    size_t there_len;
    const int wanted = snprintf(kept, sizeof kept, "%s.audit-%u", path, (unsigned)number);
    if (wanted < 0 || wanted >= (int)sizeof kept)
        return fault_set(fault, ERR_FIELD_LONG, 0, path, "the name of the file that is kept");
    enum err err = file_read(path, STATE_FILE_LEN, 0, &old, &len, fault);
    if (err == OK)
        err = file_write(kept, span_of(old, len), 0600, FILE_NEW, fault);
    if (err == ERR_EXISTS && file_read(kept, STATE_FILE_LEN, 0, &there, &there_len, NULL) == OK &&
        span_eq(span_of(old, len), span_of(there, there_len)))
        err = OK; /* interrupted last time */
    free(old);
    free(there);
    return err;
}

enum err state_restore(const char *path, const struct restored *restored, struct span statement,
                       const struct merkle_frontier *f, struct fault *fault)
{
    struct state *old = NULL;
    struct slot slot = {.frontier = *f, .copy = {.size = restored->size}};
    uint8_t bytes[lianshu_Restored_size];
    struct writer body = writer_of(bytes, sizeof bytes);

    frontier_root(f, slot.root);
    if (f->size != restored->size || memcmp(slot.root, restored->root, HASH_LEN) != 0)
        return fault_set(fault, ERR_CONSISTENCY, 0, path, "the tree is not the statement's");
    enum err err = note_origin(slot.origin, restored->hub, restored->realm, restored->log_number);
    if (err == OK)
        err = restored_leaf(restored, &body, slot.copy.first);
    if (err == OK && statement.len > sizeof slot.copy.statement)
        err = ERR_TOO_LARGE;
    if (err != OK)
        return fault_set(fault, err, 0, path, "the statement");
    memcpy(slot.copy.statement, statement.data, statement.len);
    slot.copy.statement_len = statement.len;
    err = state_open(&old, path, restored->hub, restored->realm, fault);
    if (err == OK)
        err = check_old(old, restored, path, fault);
    if (err == OK && !old->lost)
        err = keep_old(path, restored->log_number - 1, fault);
    if (err == OK)
        err = write_new(path, &slot, 0, fault);
    state_close(&old);
    return err;
}
