/* lianshu witness: an office that cosigns the checkpoints of hubs. It dials them as members do and
 * is asked over its own connection: nothing listens here. */
#include "cli/cli.h"

#include "adapters/sdk/link.h"
#include "base/log.h"
#include "base/sandbox.h"
#include "cli/office.h"
#include "cli/show.h"
#include "frame.h"
#include "json.h"
#include "keys/amend.h"
#include "net/process.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    WAIT_MS = 500,
    REFRESH_MS = 30 * 1000, /* between two looks at the registry file */
    FRAME_OUT_MAX = 2048,
};

struct desk {
    const struct cli *cli;
    struct office *office;
    const struct office_config *config;
    struct link *links[OFFICE_HUBS_MAX];
    uint64_t refreshed_ms;
};

static enum err read_config(const struct cli *cli, struct office_config **out, struct fault *fault)
{
    *out = malloc(sizeof **out);
    if (*out == NULL)
        return fault_set(fault, ERR_NO_MEMORY, 0, "witness", "configuration");
    enum err err = office_config_read(*out, args_value(cli->args, "config"), fault);
    if (err != OK) {
        free(*out);
        *out = NULL;
    }
    return err;
}

/* Takes answer. */
static enum err finish(const struct cli *cli, struct json *answer)
{
    enum err err = show_result(cli, answer);
    json_close(&answer);
    return err;
}

enum err cli_witness_init(const struct cli *cli, struct fault *fault)
{
    struct office_config *config = NULL;
    enum err err = read_config(cli, &config, fault);
    if (err == OK)
        err = office_init(config, fault);
    if (err == OK) {
        struct json *answer = json_map();
        json_put_text(answer, "witness", config->member);
        json_put_text(answer, "state_dir", config->state_dir);
        err = finish(cli, answer);
    }
    free(config);
    return err;
}

/* ---- what it holds ---- */

enum err cli_witness_show(const struct cli *cli, struct fault *fault)
{
    struct office_config *config = NULL;
    struct office *office = NULL;
    struct json *list = json_list();
    enum err err = read_config(cli, &config, fault);
    if (err == OK)
        err = office_open(&office, config, fault);
    for (size_t i = 0; err == OK && i < config->hub_count; i++) {
        struct witness_head held;
        struct json *row = json_map();
        err = office_held(office, config->hubs[i].hub, &held, fault);
        json_put_text(row, "hub", config->hubs[i].hub);
        json_put_text(row, "origin", held.checkpoint.origin);
        json_put_uint(row, "size", held.checkpoint.size);
        json_put_hex(row, "root", span_of(held.checkpoint.root, HASH_LEN));
        json_add(list, row);
    }
    office_close(&office);
    free(config);
    if (err != OK) {
        json_close(&list);
        return err;
    }
    struct json *answer = json_map();
    json_put(answer, "logs", list);
    return finish(cli, answer);
}

/* ---- serving ---- */

static enum err dial(struct desk *d, size_t i, struct fault *fault)
{
    const struct office_hub *hub = &d->config->hubs[i];
    const struct key *own = keyring_find(office_keys(d->office), KEY_USE_TRANSPORT);
    const struct registry_key *theirs;
    enum err err = registry_current(office_registry(d->office), hub->hub, KEY_USE_TRANSPORT,
                                    d->cli->world->now_ms(), &theirs);
    if (err != OK)
        return fault_set(fault, err, 0, hub->hub, "its transport key is not in the registry");
    err =
        link_open(&d->links[i], hub->address, key_secret(own), key_public(own), theirs->public_key);
    return err == OK ? OK : fault_set(fault, err, 0, hub->address, "the hub cannot be dialled");
}

static void say(struct desk *d, size_t i, const lianshu_Control *control)
{
    uint8_t bytes[FRAME_OUT_MAX];
    struct writer w = writer_of(bytes, sizeof bytes);
    /* Not handed over: the hub asks again, or there is another connection and another hello. */
    if (frame_put_control(&w, control) != OK || link_send(d->links[i], writer_span(&w)) != OK)
        log_warn("not_sent", "hub=%s", d->config->hubs[i].hub);
}

static void say_hello(struct desk *d, size_t i)
{
    lianshu_Control control = {.kind = lianshu_ControlKind_CONTROL_HELLO,
                               .which_body = lianshu_Control_hello_tag};
    lianshu_Hello *hello = &control.body.hello;
    snprintf(hello->member, sizeof hello->member, "%s", d->config->member);
    snprintf(hello->realm, sizeof hello->realm, "%s", d->config->realm);
    hello->registry_version = registry_version(office_registry(d->office));
    const struct span amended = registry_amended(office_registry(d->office));
    hello->amendments.size = (pb_size_t)amended.len;
    if (amended.len > 0)
        memcpy(hello->amendments.bytes, amended.data, amended.len);
    say(d, i, &control);
}

static enum err take_ask(struct desk *d, size_t i, const lianshu_WitnessAsk *ask,
                         struct fault *fault)
{
    const char *hub = d->config->hubs[i].hub;
    const uint64_t now_ms = d->cli->world->now_ms();
    lianshu_Control control = {.kind = lianshu_ControlKind_CONTROL_WITNESS_ANSWER,
                               .which_body = lianshu_Control_witness_answer_tag};
    lianshu_WitnessAnswer *answer = &control.body.witness_answer;
    if (d->refreshed_ms + REFRESH_MS <= now_ms) {
        d->refreshed_ms = now_ms;
        office_refresh(d->office);
    }
    enum err err = office_take(d->office, hub, ask, now_ms, answer, fault);
    if (err != OK)
        return err;
    if (answer->code == OK)
        log_info("cosigned", "hub=%s size=%" PRIu64, hub, answer->size);
    else
        log_warn("not_cosigned", "code=E%03u hub=%s held=%" PRIu64, (unsigned)answer->code, hub,
                 answer->size);
    say(d, i, &control);
    return OK;
}

static enum err take_frame(struct desk *d, size_t i, struct span frame, struct fault *fault)
{
    static lianshu_Control control;
    enum frame_kind kind;
    if (frame_kind(frame, &kind) != OK || kind != FRAME_CONTROL ||
        frame_read_control(frame, &control) != OK)
        return OK;
    if (control.which_body == lianshu_Control_amendments_tag)
        return office_amend(d->office, &control.body.amendments, d->cli->world->now_ms(), fault);
    if (control.which_body == lianshu_Control_witness_ask_tag)
        return take_ask(d, i, &control.body.witness_ask, fault);
    return OK; /* nothing else concerns a witness */
}

static enum err take_all(struct desk *d, size_t i, struct fault *fault)
{
    struct span frame;
    struct span inner;
    struct frame_bundle bundle;
    enum frame_kind kind;
    enum err err = OK;
    if (link_events(d->links[i]).up)
        say_hello(d, i);
    while (err == OK && link_recv(d->links[i], &frame)) {
        if (frame_kind(frame, &kind) != OK || kind != FRAME_BUNDLE) {
            err = take_frame(d, i, frame, fault);
            continue;
        }
        if (frame_parse_bundle(frame, &bundle) != OK)
            continue;
        while (err == OK && frame_bundle_next(&bundle, &inner))
            err = take_frame(d, i, inner, fault);
    }
    return err;
}

static enum err serve(struct desk *d, int signals, struct fault *fault)
{
    enum err err = OK;
    bool stop = false;
    log_info("ready", "witness=%s hubs=%zu", d->config->member, d->config->hub_count);
    while (err == OK && !stop) {
        for (size_t i = 0; err == OK && !stop && i < d->config->hub_count; i++) {
            err = link_wait(d->links[i], false, signals, (uint32_t)(WAIT_MS / d->config->hub_count),
                            &stop);
            if (err == OK)
                err = take_all(d, i, fault);
        }
    }
    return err;
}

/* What a witness reads and writes, and nothing else (base/sandbox.h). */
static enum err confine(const struct office_config *config, struct fault *fault)
{
    const struct sandbox_place places[] = {
        {private_file_place(config->key_file), SANDBOX_READ},
        {private_file_place(config->passphrase_file), SANDBOX_READ},
        {config->anchor, SANDBOX_READ},
        {config->registry, SANDBOX_READ | SANDBOX_BESIDE}, /* a newer one takes its place */
        {config->state_dir, SANDBOX_WRITE},
    };
    return sandbox_enter(SANDBOX_ADAPTER, places, sizeof places / sizeof places[0], fault);
}

enum err cli_witness_serve(const struct cli *cli, struct fault *fault)
{
    struct office_config *config = NULL;
    int signals = -1;
    struct desk d = {.cli = cli};
    enum err err = read_config(cli, &config, fault);
    d.config = config;
    if (err != OK)
        *cli->status = CLI_USAGE; /* as the daemons: not to be started again and again */
    if (err == OK) {
        process_harden();
        err = confine(config, fault);
    }
    if (err == OK && (err = process_signals(&signals)) != OK)
        (void)fault_set(fault, err, 0, "witness", "signals");
    if (err == OK)
        err = office_open(&d.office, config, fault);
    for (size_t i = 0; err == OK && i < config->hub_count; i++)
        err = dial(&d, i, fault);
    if (err == OK)
        err = serve(&d, signals, fault);
    for (size_t i = 0; config != NULL && i < config->hub_count; i++)
        link_close(&d.links[i]);
    office_close(&d.office);
    if (signals != -1)
        close(signals);
    process_soften();
    free(config);
    return err;
}
