#include "net/control.h"

#include "base/hex.h"
#include "json.h"
#include "net/local.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ACCEPT_MAX = CONTROL_CLIENTS_MAX };

struct client {
    int fd;       /* -1: free */
    bool closing; /* after the answer */
    bool reader;  /* an auditor */
    uint64_t last_ms;
    size_t in_len;
    char in[CONTROL_REQUEST_MAX + 1];
    uint8_t *out; /* owns; NULL when nothing is to be written */
    size_t out_len;
    size_t out_at;
};

struct control {
    int listener;
    char path[LOCAL_PATH_MAX + 1];
    struct local_readers auditors;
    control_fn *answer;
    void *ctx;
    uint8_t *scratch; /* owns CONTROL_ANSWER_MAX */
    struct client client[CONTROL_CLIENTS_MAX];
};

static const struct {
    const char *name;
    enum control_verb verb;
    bool auditors; /* may ask it: it changes nothing and tells nothing of a person who is named */
} VERBS[] = {
    {"ping", CONTROL_PING, true},
    {"stop", CONTROL_STOP, false},
    {"reload", CONTROL_RELOAD, false},
    {"status", CONTROL_QUERY, true},
    {"trace", CONTROL_QUERY, true},
    {"order", CONTROL_QUERY, true},
    {"orders", CONTROL_QUERY, true},
    {"obligations", CONTROL_QUERY, true},
    {"restrictions", CONTROL_QUERY, false},
    {"case", CONTROL_QUERY, true},
    {"cases", CONTROL_QUERY, true},
    {"case.graph", CONTROL_QUERY, true},
    {"case.custody", CONTROL_QUERY, true},
    {"evidence", CONTROL_QUERY, true},
    {"evidence.leaves", CONTROL_QUERY, true},
    {"evidence.consistency", CONTROL_QUERY, true},
    {"evidence.frame", CONTROL_QUERY, true},
    {"evidence.member", CONTROL_QUERY, true},
    {"evidence.revocations", CONTROL_QUERY, true},
    {"evidence.registrar", CONTROL_QUERY, true},
    {"evidence.document", CONTROL_QUERY, false},
    {"evidence.reads", CONTROL_QUERY, false},
    {"explain", CONTROL_QUERY, true},
    {"checkpoint", CONTROL_QUERY, true},
    {"log.admin", CONTROL_QUERY, true},
    {"log.scrub", CONTROL_QUERY, true},
    {"leaves", CONTROL_QUERY, true},
    {"rekey", CONTROL_QUERY, true},
    {"held", CONTROL_QUERY, true},
    {"parked", CONTROL_QUERY, true},
    {"act", CONTROL_ACT, false},
    {"amend", CONTROL_AMEND, false},
    {"key.history", CONTROL_QUERY, true},
    {"revocation.effects", CONTROL_QUERY, true},
    {"topology", CONTROL_QUERY, true},
    {"volume", CONTROL_QUERY, true},
    {"probe", CONTROL_PROBE, false},
    {"release", CONTROL_RELEASE, false},
    {"rule.try", CONTROL_QUERY, false},
    {"rule.replay", CONTROL_QUERY, true},
    {"decision.verify", CONTROL_QUERY, true},
};

enum err control_parse(struct span line, enum control_verb *verb, bool *auditors,
                       struct fault *fault)
{
    struct json *j = NULL;
    enum err err = json_parse(&j, line, "request", fault);
    if (err != OK)
        return err;
    const char *cmd = json_get_text(j, "cmd");
    if (cmd == NULL) {
        err = fault_set(fault, ERR_FIELD_MISSING, 0, "request", "cmd");
    } else {
        err = fault_set(fault, ERR_FIELD_VALUE, 0, "request", "cmd: unknown command");
        for (size_t i = 0; i < sizeof VERBS / sizeof VERBS[0]; i++) {
            if (strcmp(cmd, VERBS[i].name) == 0) {
                *verb = VERBS[i].verb;
                *auditors = VERBS[i].auditors;
                err = OK;
            }
        }
    }
    json_close(&j);
    return err;
}

enum err control_document(struct span line, uint8_t *out, size_t cap, size_t *len,
                          struct fault *fault)
{
    struct json *j = NULL;
    enum err err = json_parse(&j, line, "request", fault);
    if (err != OK)
        return err;
    const char *text = json_get_text(j, "document");
    const size_t chars = text == NULL ? 0 : strlen(text);
    *len = chars / 2;
    if (text == NULL)
        err = fault_set(fault, ERR_FIELD_MISSING, 0, "request", "document");
    else if (chars % 2 != 0 || *len > cap || !hex_decode(text, out, *len))
        err = fault_set(fault, ERR_FIELD_VALUE, 0, "request",
                        "document: lower-case hexadecimal of at most %zu bytes", cap);
    json_close(&j);
    return err;
}

static void print(struct json *j, struct writer *answer)
{
    char *text = NULL;
    size_t len;
    if (json_print(j, false, &text, &len) == OK && len > 0)
        write_bytes(answer, text, len - 1); /* without the line feed */
    free(text);
    json_close(&j);
}

static struct json *fault_map(const struct fault *fault)
{
    char label[ERR_LABEL_LEN + 1];
    struct json *e = json_map();
    err_label(fault->err, label);
    json_put_text(e, "code", label);
    json_put_text(e, "zh", err_zh(fault->err));
    json_put_text(e, "en", err_en(fault->err));
    json_put_text(e, "detail", fault->detail);
    return e;
}

void control_error(const struct fault *fault, struct writer *answer)
{
    struct json *j = json_map();
    json_put(j, "error", fault_map(fault));
    print(j, answer);
}

void control_but(const char *part, const struct fault *fault, struct writer *answer)
{
    struct json *j = json_map();
    json_put_flag(j, "ok", true);
    json_put(j, part, fault_map(fault));
    print(j, answer);
}

enum err control_open(struct control **out, const char *path, const struct local_readers *auditors,
                      control_fn *answer, void *ctx, struct fault *fault)
{
    *out = NULL;
    struct control *c = calloc(1, sizeof *c);
    if (c == NULL)
        return fault_set(fault, ERR_NO_MEMORY, 0, "control", "socket");
    c->listener = -1;
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
        c->client[i].fd = -1;
    if (auditors != NULL)
        c->auditors = *auditors;
    /* Auditors connect as members of the process's group; who they are is asked of the kernel. */
    const bool group = c->auditors.user_count > 0 || c->auditors.has_group;
    c->answer = answer;
    c->ctx = ctx;
    c->scratch = malloc(CONTROL_ANSWER_MAX);
    enum err err = c->scratch == NULL
                       ? ERR_NO_MEMORY
                       : local_listen(&c->listener, path, group ? 0 : LOCAL_NO_UID, fault);
    if (err != OK) {
        control_close(&c);
        return err;
    }
    snprintf(c->path, sizeof c->path, "%s", path);
    *out = c;
    return OK;
}

static void drop(struct client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    free(client->out);
    *client = (struct client){.fd = -1};
}

void control_close(struct control **c)
{
    if (c == NULL || *c == NULL)
        return;
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
        drop(&(*c)->client[i]);
    local_unlisten(&(*c)->listener, (*c)->path);
    free((*c)->scratch);
    free(*c);
    *c = NULL;
}

size_t control_poll(const struct control *c, struct pollfd out[static CONTROL_POLL_MAX])
{
    size_t count = 0;
    out[count++] = (struct pollfd){.fd = c->listener, .events = POLLIN};
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        const struct client *client = &c->client[i];
        if (client->fd >= 0)
            out[count++] =
                (struct pollfd){.fd = client->fd, .events = client->out != NULL ? POLLOUT : POLLIN};
    }
    return count;
}

/* A free place, or that of whoever has been silent longest. Auditors have a share of the places,
 * so that they cannot keep the operator out. */
static struct client *place_for(struct control *c, bool reader)
{
    struct client *free_place = NULL;
    struct client *oldest = NULL;
    size_t readers = 0;
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        struct client *one = &c->client[i];
        if (one->fd < 0) {
            free_place = one;
            continue;
        }
        readers += one->reader;
        if ((!reader || one->reader) && (oldest == NULL || one->last_ms < oldest->last_ms))
            oldest = one;
    }
    if (free_place != NULL && (!reader || readers < CONTROL_AUDITORS_MAX))
        return free_place;
    if (oldest != NULL)
        drop(oldest);
    return oldest;
}

static enum err accept_all(struct control *c)
{
    for (int i = 0; i < ACCEPT_MAX; i++) {
        int fd;
        bool reader;
        enum err err = local_accept_reader(c->listener, &c->auditors, &fd, &reader);
        if (err == ERR_NOT_FOUND)
            return OK;
        if (err == ERR_PERMISSION)
            continue;
        if (err != OK)
            return err;
        struct client *client = place_for(c, reader);
        if (client == NULL) {
            close(fd);
            continue;
        }
        client->fd = fd;
        client->reader = reader;
        client->last_ms = local_monotonic_ms();
    }
    return OK;
}

static enum err answer_line(struct control *c, bool reader, struct span line, struct writer *answer)
{
    struct fault fault = {.err = OK};
    enum control_verb verb;
    bool auditors = false;
    enum err err = control_parse(line, &verb, &auditors, &fault);
    if (err == OK && reader && !auditors)
        err = fault_set(&fault, ERR_PERMISSION, 0, "auditor",
                        "审计员只问不办，也不问所指之人 / auditors ask, change nothing, and do not "
                        "ask after persons");
    if (err == OK)
        err = c->answer(c->ctx, verb, line, answer, &fault);
    if (err == OK && answer->full)
        err = fault_set(&fault, ERR_TOO_LARGE, 0, "answer", "ask for less");
    if (err == OK)
        return OK;
    if (fault.err != err)
        fault_set(&fault, err, 0, "", "%s", "");
    *answer = writer_of(c->scratch, CONTROL_ANSWER_MAX - 1);
    control_error(&fault, answer);
    return err;
}

/* One answer at a time: the next request of a client waits in its socket. */
static void queue_answer(struct client *client, const struct writer *answer)
{
    client->out = malloc(answer->len + 1);
    if (client->out == NULL) {
        drop(client);
        return;
    }
    memcpy(client->out, answer->data, answer->len);
    client->out[answer->len] = '\n';
    client->out_len = answer->len + 1;
    client->out_at = 0;
}

static void write_out(struct client *client)
{
    while (client->out != NULL && client->out_at < client->out_len) {
        ssize_t put = send(client->fd, client->out + client->out_at,
                           client->out_len - client->out_at, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (put < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (put <= 0) {
            drop(client);
            return;
        }
        client->out_at += (size_t)put;
    }
    free(client->out);
    client->out = NULL;
    client->last_ms = local_monotonic_ms();
    if (client->closing)
        drop(client);
}

/* Answer the first whole line in the buffer. */
static void take_line(struct control *c, struct client *client)
{
    char *end = memchr(client->in, '\n', client->in_len);
    if (end == NULL && client->in_len <= CONTROL_REQUEST_MAX)
        return;

    struct writer answer = writer_of(c->scratch, CONTROL_ANSWER_MAX - 1);
    if (end == NULL) {
        struct fault fault;
        fault_set(&fault, ERR_TOO_LARGE, 0, "request", "at most %d bytes", CONTROL_REQUEST_MAX);
        control_error(&fault, &answer);
        client->closing = true;
        client->in_len = 0;
    } else {
        size_t len = (size_t)(end - client->in);
        (void)answer_line(c, client->reader, span_of(client->in, len),
                          &answer); /* an error is an answer */
        client->in_len -= len + 1;
        memmove(client->in, end + 1, client->in_len);
    }
    queue_answer(client, &answer);
    if (client->fd >= 0)
        write_out(client);
}

static void read_in(struct client *client)
{
    size_t room = sizeof client->in - client->in_len;
    ssize_t got = read(client->fd, client->in + client->in_len, room);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        drop(client);
        return;
    }
    client->in_len += (size_t)got;
    client->last_ms = local_monotonic_ms();
}

enum err control_serve(struct control *c)
{
    enum err err = accept_all(c);
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        struct client *client = &c->client[i];
        if (client->fd >= 0 && client->out != NULL)
            write_out(client);
        if (client->fd >= 0 && client->out == NULL && client->in_len <= CONTROL_REQUEST_MAX)
            read_in(client);
        if (client->fd >= 0 && client->out == NULL)
            take_line(c, client);
    }
    return err;
}
