#include "net/signer_client.h"

#include "net/local.h"
#include "net/signer_frame.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

struct signer_client {
    int fd; /* -1: not connected */
    char path[LOCAL_PATH_MAX + 1];
};

static void hang_up(struct signer_client *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

enum err signer_client_open(struct signer_client **out, const char *path, struct fault *fault)
{
    *out = NULL;
    struct signer_client *c = calloc(1, sizeof *c);
    if (c == NULL)
        return fault_set(fault, ERR_NO_MEMORY, 0, "signer", "client");
    enum err err = local_connect(&c->fd, path, SIGNER_WAIT_MS, fault);
    if (err != OK) {
        free(c);
        return fault_set(fault, ERR_SIGNER, 0, path, "start lianshu-signer first");
    }
    memcpy(c->path, path, strlen(path) + 1);
    *out = c;
    return OK;
}

void signer_client_close(struct signer_client **c)
{
    if (c == NULL || *c == NULL)
        return;
    hang_up(*c);
    free(*c);
    *c = NULL;
}

static int left_ms(uint64_t deadline_ms)
{
    uint64_t now = local_monotonic_ms();
    return now >= deadline_ms ? 0 : (int)(deadline_ms - now);
}

static enum err ask_once(struct signer_client *c, const struct signer_request *request,
                         const uint8_t (*leaves)[32], struct signer_answer *answer,
                         uint8_t note[static SIGNER_NOTE_MAX], uint64_t deadline_ms)
{
    enum { FEW = 16 };
    uint8_t head[SIGNER_REQUEST_LEN + FEW * 32];
    uint8_t back[SIGNER_ANSWER_LEN];
    /* What is short goes in one piece: the signer wakes once. */
    const uint32_t few = request->leaf_count < FEW ? request->leaf_count : FEW;

    signer_request_write(request, head);
    if (few > 0)
        memcpy(head + SIGNER_REQUEST_LEN, leaves, (size_t)few * 32);
    enum err err = local_write_all(c->fd, span_of(head, SIGNER_REQUEST_LEN + (size_t)few * 32),
                                   left_ms(deadline_ms));
    if (err == OK && request->leaf_count > few)
        err =
            local_write_all(c->fd, span_of(leaves + few, (size_t)(request->leaf_count - few) * 32),
                            left_ms(deadline_ms));
    if (err == OK)
        err = local_read_all(c->fd, back, sizeof back, left_ms(deadline_ms));
    if (err != OK)
        return ERR_UNREACHABLE;
    if (signer_answer_read(back, answer) != OK)
        return ERR_SIGNER;
    if (answer->note_len > 0 &&
        local_read_all(c->fd, note, answer->note_len, left_ms(deadline_ms)) != OK)
        return ERR_UNREACHABLE;
    return OK;
}

/* Ask, and ask a restarted signer again until the deadline: a request that was carried out
 * already is answered as it was. */
static enum err ask(struct signer_client *c, const struct signer_request *request,
                    const uint8_t (*leaves)[32], struct signer_answer *answer,
                    uint8_t note[static SIGNER_NOTE_MAX])
{
    const uint64_t deadline = local_monotonic_ms() + SIGNER_AWAY_MS;
    enum err err = ERR_UNREACHABLE;
    while (err == ERR_UNREACHABLE && local_monotonic_ms() < deadline) {
        if (c->fd < 0 && local_connect(&c->fd, c->path, left_ms(deadline), NULL) != OK)
            break;
        err = ask_once(c, request, leaves, answer, note, deadline);
        if (err != OK)
            hang_up(c);
    }
    if (err != OK)
        return ERR_SIGNER;
    switch (answer->err) {
    case OK:
    case ERR_LOG_FORK:
    case ERR_LOG_ROLLBACK:
    case ERR_CONSISTENCY:
        return answer->err;
    default:
        return ERR_SIGNER;
    }
}

enum err signer_client_head(struct signer_client *c, uint64_t *size, uint8_t root[static 32],
                            struct writer *statement)
{
    const struct signer_request request = {.op = SIGNER_HEAD};
    uint8_t note[SIGNER_NOTE_MAX];
    struct signer_answer answer;

    enum err err = ask(c, &request, NULL, &answer, note);
    if (err != OK)
        return err;
    *size = answer.size;
    memcpy(root, answer.root, 32);
    write_bytes(statement, note, answer.note_len);
    return statement->full ? ERR_INTERNAL : OK;
}

enum err signer_client_sign(struct signer_client *c, uint64_t old_size, const uint8_t (*leaves)[32],
                            size_t leaf_count, struct writer *checkpoint)
{
    uint8_t note[SIGNER_NOTE_MAX];
    struct signer_answer answer;

    assert(leaf_count <= SIGNER_LEAVES_MAX); /* a commit is bounded far below */
    const struct signer_request request = {SIGNER_SIGN, old_size, (uint32_t)leaf_count};
    enum err err = ask(c, &request, leaves, &answer, note);
    if (err != OK)
        return err;
    if (answer.size != old_size + leaf_count || answer.note_len == 0)
        return ERR_SIGNER;
    write_bytes(checkpoint, note, answer.note_len);
    return checkpoint->full ? ERR_INTERNAL : OK;
}
