#include "adapters/runtime/adapter.h"

#include "adapters/runtime/progress.h"
#include "adapters/runtime/proof.h"
#include "adapters/runtime/respond.h"
#include "adapters/runtime/sink.h"
#include "base/clock.h"
#include "base/log.h"
#include "document.pb.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

enum { REST_MS = 200 }; /* after a RETRY error, so that a full disk is no busy loop */

struct adapter {
    struct site site;
    struct map *map;
    struct regions *regions;
    struct sdk *sdk;
    struct respond *respond;
    struct source *source;
    struct sink sink;
    struct sdk_watch watch;
    bool more; /* source/ has not been seen to its end */
    struct progress progress;
};

static enum err apply(void *ctx, struct sdk *sdk, const struct sdk_incoming *message,
                      uint64_t now_ms)
{
    enum err err;
    struct adapter *a = ctx;
    struct json *record = NULL;

    if ((err = sink_record(&a->sink, message, &record)) != OK)
        return err;
    /* The notice first: one that does not hold must not be seen by an official. */
    if (message->type == lianshu_DocumentType_TYPE_SANCTION_NOTICE)
        err = respond_notice(a->respond, message, record, now_ms);
    if (err == OK)
        err = sink_put(&a->sink, sdk, message, record);
    if (err == OK && message->type == lianshu_DocumentType_TYPE_CREDIT_CERTIFICATE)
        err = proof_keep(&a->site, sdk, message);
    if (err == OK && message->type == lianshu_DocumentType_TYPE_PREVIEW_ANSWER && a->source != NULL)
        err = source_answer(a->source, message);
    json_close(&record);
    return err;
}

static enum err outcome(void *ctx, struct sdk *sdk, const struct sdk_outcome *o, uint64_t now_ms)
{
    struct adapter *a = ctx;

    (void)sdk, (void)now_ms;
    return a->source == NULL ? OK : source_outcome(a->source, o);
}

static void connected(void *ctx, bool up)
{
    const struct adapter *a = ctx;

    if (a->sdk == NULL)
        return;
    if (up)
        log_info("ready", "member=%s hub=%s", sdk_member(a->sdk), sdk_hub(a->sdk));
    else
        log_warn("disconnected", "member=%s hub=%s", sdk_member(a->sdk), sdk_hub(a->sdk));
}

static void progress(void *ctx, const struct sdk_progress *now)
{
    struct adapter *a = ctx;

    const uint64_t now_ms = clock_real_ms();

    progress_note(&a->progress, now, now_ms);
    if (a->source != NULL)
        source_progress(a->source, now, now_ms);
}

enum err adapter_open(struct adapter **out, const struct config *config, bool connect,
                      uint64_t now_ms, struct fault *f)
{
    enum err err;
    struct adapter *a = calloc(1, sizeof *a);

    *out = NULL;
    if (a == NULL)
        return ERR_NO_MEMORY;
    const struct sdk_handler handler = {
        .ctx = a, .apply = apply, .outcome = outcome, .connected = connected, .progress = progress};
    struct sdk_config sdk = config->sdk;
    progress_open(&a->progress, STDERR_FILENO);
    if (!connect)
        sdk.endpoint = NULL;
    if ((err = map_open(&a->map, config->department, config->sdk.member, f)) != OK ||
        (err = regions_open(&a->regions, config->regions, f)) != OK ||
        (err = site_open(&a->site, config->directory, f)) != OK ||
        (err = sdk_open(&a->sdk, &sdk, &handler, now_ms, f)) != OK ||
        (err = respond_open(&a->respond, a->sdk, &a->site, f)) != OK)
        goto out;
    const struct source_options options = {a->sdk, &a->site, a->map, a->regions, a->respond};
    if ((err = source_open(&a->source, &options, f)) != OK)
        goto out;
    a->sink = (struct sink){&a->site, a->map};
    a->watch.fd = source_fd(a->source);
    a->more = true;
    *out = a;
    a = NULL;
    err = OK;

out:
    adapter_close(&a);
    return err;
}

void adapter_close(struct adapter **adapter)
{
    struct adapter *a = *adapter;

    if (a == NULL)
        return;
    source_close(&a->source);
    respond_close(&a->respond);
    sdk_close(&a->sdk);
    regions_close(&a->regions);
    map_close(&a->map);
    free(a);
    *adapter = NULL;
}

static enum err survive(enum err err)
{
    if (err_class(err) != ERR_CLASS_RETRY && err_class(err) != ERR_CLASS_REJECT)
        return err;
    log_warn("turn_later", "code=%d", (int)err);
    (void)poll(NULL, 0, REST_MS); /* woken early is harmless */
    return OK;
}

enum err adapter_turn(struct adapter *a, uint64_t now_ms, uint32_t wait_ms)
{
    enum err err = source_scan(a->source, a->watch.ready, now_ms, &a->more);

    a->watch.ready = false;
    if (err == OK)
        err = sdk_step(a->sdk, now_ms, a->more ? 0 : source_wait_ms(a->source, now_ms, wait_ms),
                       &a->watch);
    if (err == OK)
        err = source_show(a->source, now_ms);
    return survive(err);
}

struct sdk *adapter_sdk(struct adapter *a)
{
    return a->sdk;
}

struct source *adapter_source(struct adapter *a)
{
    return a->source;
}
