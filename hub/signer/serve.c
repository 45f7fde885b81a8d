#include "signer/serve.h"

#include "base/log.h"
#include "net/local.h"
#include "net/signer_frame.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

_Static_assert((int)NOTE_SIGNED_MAX <= (int)SIGNER_NOTE_MAX &&
                   (int)RESTORED_MAX <= (int)SIGNER_NOTE_MAX,
               "an answer holds any note we sign, and a statement");

/* Extend and sign, into the answer. */
static enum err carry_out(const struct signer *signer, const struct signer_request *request,
                          struct signer_answer *answer, struct writer *note)
{
    struct checkpoint head;
    enum err err = OK;
    if (request->op == SIGNER_SIGN)
        err = state_extend(signer->state, request->old_size, (const merkle_hash *)signer->leaves,
                           request->leaf_count);
    state_head(signer->state, &head);
    answer->size = head.size;
    memcpy(answer->root, head.root, HASH_LEN);
    if (err == OK && request->op == SIGNER_SIGN)
        err = note_sign(&head, logkeys_at(signer->keys, signer->now_ms()), note);
    if (request->op == SIGNER_HEAD)
        write_span(note, state_statement(signer->state));
    answer->err = err;
    answer->note_len = err == OK ? (uint16_t)note->len : 0;
    return err;
}

enum err signer_serve_one(const struct signer *signer, int fd)
{
    uint8_t head[SIGNER_REQUEST_LEN];
    uint8_t back[SIGNER_ANSWER_LEN + SIGNER_NOTE_MAX];
    struct writer note = writer_of(back + SIGNER_ANSWER_LEN, SIGNER_NOTE_MAX);
    struct signer_request request;
    struct signer_answer answer = {.err = ERR_INTERNAL};

    if (local_read_all(fd, head, sizeof head, SERVE_WAIT_MS) != OK ||
        signer_request_read(head, &request) != OK ||
        local_read_all(fd, signer->leaves, (size_t)request.leaf_count * HASH_LEN, SERVE_WAIT_MS) !=
            OK)
        return ERR_UNREACHABLE;

    enum err err = carry_out(signer, &request, &answer, &note);
    if (err != OK)
        log_error("signer_refused", "code=%u old_size=%llu leaves=%u size=%llu", (unsigned)err,
                  (unsigned long long)request.old_size, (unsigned)request.leaf_count,
                  (unsigned long long)answer.size);
    signer_answer_write(&answer, back);
    enum err sent = local_write_all(fd, span_of(back, SIGNER_ANSWER_LEN + (size_t)answer.note_len),
                                    SERVE_WAIT_MS);
    /* A refusal of the tree is the hub's to end on; a failing disk or memory is ours. */
    if (err_class(err) == ERR_CLASS_INTERNAL || err == ERR_FSYNC)
        return err;
    return sent == OK ? OK : ERR_UNREACHABLE;
}

static void take_client(int listener, uid_t client_uid, int *client)
{
    int fd;
    enum err err = local_accept(listener, client_uid, &fd);
    if (err == ERR_PERMISSION)
        log_warn("signer_stranger", "a user that is not the hub's was refused");
    if (err != OK)
        return;
    if (*client >= 0)
        close(*client); /* a restarted hub: its old connection is dead */
    *client = fd;
}

enum err signer_serve(const struct signer *signer, int listener, uid_t client_uid, int signal_fd)
{
    int client = -1;
    enum err err = OK;
    for (;;) {
        struct pollfd items[] = {{.fd = signal_fd, .events = POLLIN},
                                 {.fd = listener, .events = POLLIN},
                                 {.fd = client, .events = POLLIN}};
        if (poll(items, 3, -1) < 0) {
            if (errno == EINTR)
                continue;
            err = ERR_IO;
            break;
        }
        if (items[0].revents != 0)
            break;
        if (items[2].revents != 0) {
            err = signer_serve_one(signer, client);
            if (err == ERR_UNREACHABLE) {
                close(client);
                client = -1;
                err = OK;
            }
            if (err != OK)
                break;
        }
        if (items[1].revents != 0)
            take_client(listener, client_uid, &client);
    }
    if (client >= 0)
        close(client);
    return err;
}
