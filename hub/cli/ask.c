#include "cli/ask.h"

#include "cli/show.h"
#include "net/control.h"
#include "net/local.h"
#include "net/place.h"

#include <stdlib.h>
#include <unistd.h>

enum { CONNECT_WAIT_MS = 1000 };

/* --control PATH, or control_socket of --config, relative to that file. */
static enum err socket_path(const struct cli *cli, char out[static LOCAL_PATH_MAX + 1],
                            struct fault *fault)
{
    const char *control = args_value(cli->args, "control");
    const char *config = args_value(cli->args, "config");
    struct yaml *y = NULL;

    if (control == NULL && config == NULL)
        return fault_set(fault, ERR_USAGE, 0, "--control",
                         "say where the hub is: --control SOCKET or --config HUB.yaml");
    if (control != NULL) {
        if (strlen(control) > LOCAL_PATH_MAX)
            return fault_set(fault, ERR_USAGE, 0, "--control", "at most %d bytes", LOCAL_PATH_MAX);
        memcpy(out, control, strlen(control) + 1);
        return OK;
    }
    enum err err = yaml_open(&y, config, fault);
    if (err != OK)
        return err;
    err = place_read(yaml_root(y), "control_socket", false, config, out, LOCAL_PATH_MAX + 1, fault);
    yaml_close(&y);
    return err;
}

/* Bytes up to the first line feed. */
static enum err read_line(int fd, char *text, size_t cap, size_t *len, uint64_t deadline_ms)
{
    *len = 0;
    for (;;) {
        struct pollfd item = {.fd = fd, .events = POLLIN};
        uint64_t now = local_monotonic_ms();
        if (now >= deadline_ms)
            return ERR_TIMEOUT;
        if (poll(&item, 1, (int)(deadline_ms - now)) <= 0)
            continue;
        ssize_t got = read(fd, text + *len, cap - *len);
        if (got <= 0)
            return ERR_UNREACHABLE;
        char *end = memchr(text + *len, '\n', (size_t)got);
        if (end != NULL) {
            *end = '\0';
            *len = (size_t)(end - text);
            return OK;
        }
        *len += (size_t)got;
        if (*len >= cap)
            return ERR_TOO_LARGE;
    }
}

/* {"error":{"code":660,…}} or "E660": the hub's own words. */
static enum err refusal(const struct json *answer, struct fault *fault)
{
    const struct json *error = json_get(answer, "error");
    uint64_t code = 0;
    if (json_kind(error) != JSON_KIND_MAP)
        return OK;
    const char *label = json_get_text(error, "code");
    if (label != NULL && label[0] == 'E')
        code = strtoul(label + 1, NULL, 10);
    else
        (void)json_uint(json_get(error, "code"), &code);
    enum err err = err_from_code((uint32_t)code);
    const char *detail = json_get_text(error, "detail");
    return fault_set(fault, err == OK ? ERR_INTERNAL : err, 0, "hub", "%s",
                     detail == NULL ? "" : detail);
}

static enum err exchange(const char *path, struct span request, char *text, size_t cap, size_t *len,
                         struct fault *fault)
{
    int fd;
    enum err err = local_connect(&fd, path, CONNECT_WAIT_MS, fault);
    if (err == ERR_PERMISSION)
        return fault_set(fault, err, 0, path,
                         "the hub answers its own user, root and its auditors only");
    if (err != OK)
        return err;
    err = local_write_all(fd, request, ASK_WAIT_MS);
    if (err == OK)
        err = read_line(fd, text, cap, len, local_monotonic_ms() + ASK_WAIT_MS);
    close(fd);
    return err == OK ? OK : fault_set(fault, err, 0, path, "the hub did not answer");
}

enum err ask_hub(const struct cli *cli, struct json *request, char **text, struct json **answer,
                 struct fault *fault)
{
    char path[LOCAL_PATH_MAX + 1];
    char *line = NULL;
    char *reply = NULL;
    struct json *parsed = NULL;
    size_t reply_len = 0;
    size_t len = 0;

    *text = NULL;
    if (answer != NULL)
        *answer = NULL;
    enum err err = socket_path(cli, path, fault);
    if (err != OK || (err = json_print(request, false, &line, &len)) != OK)
        goto out;
    if (len > CONTROL_REQUEST_MAX) {
        err =
            fault_set(fault, ERR_TOO_LARGE, 0, "request", "at most %d bytes", CONTROL_REQUEST_MAX);
        goto out;
    }
    reply = malloc(CONTROL_ANSWER_MAX + 1);
    if (reply == NULL) {
        err = ERR_NO_MEMORY;
        goto out;
    }
    err = exchange(path, span_of(line, len), reply, CONTROL_ANSWER_MAX, &reply_len, fault);
    if (err != OK || (err = json_parse(&parsed, span_of(reply, reply_len), "hub", fault)) != OK ||
        (err = refusal(parsed, fault)) != OK)
        goto out;
    *text = reply;
    reply = NULL;
    if (answer != NULL) {
        *answer = parsed;
        parsed = NULL;
    }
    err = OK;

out:
    json_close(&parsed);
    free(reply);
    free(line);
    json_close(&request);
    return err;
}

uint64_t ask_number(const struct json *answer, const char *key)
{
    uint64_t value = 0;
    (void)json_uint(json_get(answer, key), &value); /* absent: 0 */
    return value;
}

enum err ask_print(const struct cli *cli, struct json *request, struct fault *fault)
{
    char *text = NULL;
    struct json *answer = NULL;
    enum err err = ask_hub(cli, request, &text, &answer, fault);
    if (err != OK)
        return err;
    if (cli->json)
        fprintf(cli->world->out, "%s\n", text);
    else
        show_words(cli->world->out, answer);
    free(text);
    json_close(&answer);
    return OK;
}

static enum err take_note(const struct json *row, uint64_t least, struct ask_head *out)
{
    const char *note = json_get_text(row, "checkpoint");
    out->len = note == NULL ? 0 : strlen(note);
    if (out->len == 0 || out->len > sizeof out->note ||
        note_parse(span_of(note, out->len), &out->checkpoint) != OK || out->checkpoint.size < least)
        return ERR_CHECKPOINT;
    memcpy(out->note, note, out->len);
    return OK;
}

enum err ask_checkpoint(const struct cli *cli, uint64_t least, struct ask_head *out,
                        struct fault *fault)
{
    char *text = NULL;
    struct json *answer = NULL;
    enum err err = ask_hub(cli, ask_request("checkpoint"), &text, &answer, fault);
    if (err != OK)
        return err;
    out->needed = ask_number(answer, "needed") > 0;
    out->cosigned = take_note(json_get(answer, "cosigned"), least, out) == OK;
    if (!out->cosigned && take_note(answer, least, out) != OK)
        err = fault_set(fault, ERR_CHECKPOINT, 0, "hub", "its newest checkpoint");
    free(text);
    json_close(&answer);
    return err;
}

struct json *ask_request(const char *cmd)
{
    struct json *j = json_map();
    json_put_text(j, "cmd", cmd);
    return j;
}

/* The one entry `key` of a list that begins with the prefix; NULL when there is none or two. */
static const char *match_one(const struct json *list, const char *key, const char *prefix)
{
    const char *found = NULL;
    for (size_t i = 0; i < json_count(list); i++) {
        const char *id = json_get_text(json_item(list, i), key);
        if (id == NULL || strncmp(id, prefix, strlen(prefix)) != 0)
            continue;
        if (found != NULL && strcmp(found, id) != 0)
            return NULL;
        found = id;
    }
    return found;
}

/* Look in one of the hub's lists. */
static enum err expand_in(const struct cli *cli, const struct ask_lookup *in, const char *prefix,
                          char out[static ARGS_ID_LEN + 1], struct fault *fault)
{
    char *text = NULL;
    struct json *answer = NULL;
    enum err err = ask_hub(cli, ask_request(in->cmd), &text, &answer, fault);
    if (err != OK)
        return err;
    const char *id = match_one(json_get(answer, in->list), in->key, prefix);
    bool found = id != NULL && strlen(id) == ARGS_ID_LEN;
    if (found)
        memcpy(out, id, ARGS_ID_LEN + 1);
    free(text);
    json_close(&answer);
    return found ? OK
                 : fault_set(fault, ERR_NOT_FOUND, 0, "ID",
                             "none, or more than one, begins like this");
}

enum err ask_expand(const struct cli *cli, const char **id, const struct ask_lookup *in,
                    char whole[static ARGS_ID_LEN + 1], struct fault *fault)
{
    enum err err = ERR_NOT_FOUND;
    if (strlen(*id) >= ARGS_ID_LEN)
        return OK;
    for (size_t i = 0; err == ERR_NOT_FOUND && i < ASK_LOOKUPS_MAX && in[i].cmd != NULL; i++)
        err = expand_in(cli, &in[i], *id, whole, fault);
    if (err == OK)
        *id = whole;
    return err;
}

enum err ask_by_id(const struct cli *cli, const char *cmd, const char *id, struct fault *fault)
{
    struct json *request = ask_request(cmd);
    json_put_text(request, "id", id);
    return ask_print(cli, request, fault);
}
