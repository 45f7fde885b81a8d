#include "adapters/runtime/sink.h"

#include "base/file.h"
#include "base/hex.h"
#include "base/utf8.h"
#include "catalogue.h"
#include "document.pb.h"
#include "frame.h"
#include "message.h"
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAME_MAX_LEN = 224 };

/* A body as JSON under key; an empty body is none. */
static enum err put_body(struct json *document, const char *key, const pb_msgdesc_t *desc,
                         struct span body)
{
    enum err err;
    struct json *part = NULL;

    if (body.len == 0 || desc == NULL)
        return body.len == 0 ? OK : ERR_POISON;
    void *msg = calloc(1, message_of(desc)->size);
    if (msg == NULL)
        return ERR_NO_MEMORY;
    if ((err = wire_decode(desc, body, msg)) == OK &&
        (err = json_from_message(&part, desc, msg)) == OK)
        (void)json_put(document, key, part);
    free(msg);
    return err_class(err) == ERR_CLASS_REJECT ? ERR_POISON : err;
}

static void put_advisories(struct json *about, const struct sdk_incoming *m)
{
    struct json *list = json_list();

    for (size_t i = 0; i < m->advisory_count; i++) {
        const struct sdk_ground *g = &m->advisories[i];
        struct json *one = json_map();
        (void)json_put_text(one, "measure", g->measure);
        (void)json_put_hex(one, "order", span_of(g->order_id, SDK_ID_LEN));
        (void)json_put_uint(one, "version", g->order_version);
        (void)json_put_text(one, "rule", g->rule);
        (void)json_put_text(one, "basis", g->basis);
        (void)json_add(list, one);
    }
    (void)json_put(about, "advisories", list);
}

/* A name without folders, hidden names or control characters, made unique by its place. */
static void safe_name(const struct sdk_incoming *m, size_t i, char out[static NAME_MAX_LEN])
{
    bool taken = false;

    (void)snprintf(out, NAME_MAX_LEN, "%.192s", m->files[i].name);
    for (char *p = out; *p != '\0'; p++)
        if (*p == '/' || (unsigned char)*p < 0x20 || *p == 0x7f || (p == out && *p == '.'))
            *p = '_';
    for (size_t k = 0; k < m->file_count; k++)
        taken = taken || (k != i && strcmp(m->files[k].name, m->files[i].name) == 0);
    if (taken || out[0] == '\0')
        (void)snprintf(out, NAME_MAX_LEN, "%zu-%.180s", i + 1,
                       m->files[i].name[0] == '.' ? "_" : out);
}

static void put_files(struct json *about, const struct sdk_incoming *m)
{
    struct json *list = json_list();
    char name[NAME_MAX_LEN];

    for (size_t i = 0; i < m->file_count; i++) {
        struct json *one = json_map();
        safe_name(m, i, name);
        (void)json_put_text(one, "file", name);
        (void)json_put_text(one, "name", m->files[i].name);
        (void)json_put_text(one, "media_type", m->files[i].media_type);
        (void)json_put_text(one, "role", m->files[i].role);
        (void)json_put_uint(one, "bytes", m->files[i].byte_count);
        (void)json_add(list, one);
    }
    (void)json_put(about, "files", list);
}

static struct json *about(const struct sdk_incoming *m, const struct document_type *type)
{
    struct json *out = json_map();

    (void)json_put_hex(out, "envelope", span_of(m->env_id, SDK_ENV_ID_LEN));
    (void)json_put_hex(out, "message_id", span_of(m->message_id, SDK_ID_LEN));
    (void)json_put_text(out, "type", type->name);
    (void)json_put_text(out, "type_zh", type->zh);
    (void)json_put_text(out, "type_en", type->en);
    (void)json_put_text(out, "sender", m->sender);
    (void)json_put_ms(out, "created", m->created_ms);
    (void)json_put_ms(out, "accepted", m->accepted_ms);
    (void)json_put_hex(out, "conversation", m->conversation);
    (void)json_put_uint(out, "number", m->delivery_number);
    if (m->in_reply_to.len > 0)
        (void)json_put_hex(out, "in_reply_to", m->in_reply_to);
    put_advisories(out, m);
    put_files(out, m);
    return out;
}

/* Who issued it together; nothing when the sender alone did. */
static enum err put_issuers(struct json *out, const struct sdk_incoming *m)
{
    struct frame_document frame;
    if (m->facts_document.len == 0 || frame_parse_document(m->facts_document, &frame) != OK ||
        frame.count < 2)
        return OK;
    lianshu_Document *d = calloc(1, sizeof *d);
    enum err err =
        d == NULL ? ERR_NO_MEMORY : wire_decode(&lianshu_Document_msg, frame.document, d);
    struct json *list = json_list();
    for (pb_size_t i = 0; err == OK && i < d->issuers_count; i++)
        (void)json_add_text(list, d->issuers[i].member);
    (void)json_put(out, "issuers", list);
    free(d);
    return err;
}

enum err sink_record(const struct sink *sink, const struct sdk_incoming *m, struct json **record)
{
    enum err err;
    const struct document_type *type = type_find(m->type);
    struct json *document = json_map();

    *record = NULL;
    if (type == NULL || document == NULL) {
        json_close(&document);
        return type == NULL ? ERR_TYPE_UNKNOWN : ERR_NO_MEMORY;
    }
    (void)json_put_text(document, "type", type->name);
    if ((err = put_body(document, "facts", type->facts, m->facts)) == OK &&
        (err = put_body(document, "sealed", type->sealed, m->sealed)) == OK &&
        (err = map_in(sink->map, document, record)) == OK) {
        struct json *lianshu = about(m, type);
        err = put_issuers(lianshu, m);
        (void)json_put(*record, "lianshu", lianshu);
    }
    json_close(&document);
    return err;
}

/* One attachment under a temporary name, on disk, then renamed. */
static enum err save_file(const struct sink *sink, struct sdk *sdk, const struct sdk_incoming *m,
                          size_t i, const char *folder)
{
    enum err err;
    char name[NAME_MAX_LEN], path[SITE_PATH_MAX], temporary[SITE_PATH_MAX];

    safe_name(m, i, name);
    if ((err = site_path(sink->site, path, "%s/%s", folder, name)) != OK ||
        (err = site_path(sink->site, temporary, "%s/.%zu.tmp", folder, i)) != OK)
        return err;
    const int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0)
        return file_errno(errno);
    err = sdk_file_save(sdk, m, i, fd);
    if (err == OK && fsync(fd) != 0)
        err = ERR_FSYNC;
    (void)close(fd); /* fsynced, or of no use */
    return err == OK ? file_rename(temporary, path, NULL) : err;
}

/* What was shown before is told apart at a glance: a mark beside it, by its own name. */
static enum err put_mark(const struct sink *sink, const struct sdk_withdrawal *w,
                         const struct json *record)
{
    char env_id[2 * SDK_ENV_ID_LEN + 1], path[SITE_PATH_MAX];
    const struct document_type *type = type_find(w->type);

    if (!w->shown || type == NULL)
        return OK;
    hex_encode(span_of(w->env_id, SDK_ENV_ID_LEN), env_id);
    (void)snprintf(path, sizeof path, "sink/%s/%s.withdrawn.json", type->name, env_id);
    return site_write(sink->site, path, record);
}

enum err sink_put(const struct sink *sink, struct sdk *sdk, const struct sdk_incoming *m,
                  const struct json *record)
{
    enum err err;
    char env_id[2 * SDK_ENV_ID_LEN + 1], path[SITE_PATH_MAX];
    const char *type = type_find(m->type)->name;

    if (m->withdrawal != NULL && (err = put_mark(sink, m->withdrawal, record)) != OK)
        return err;
    hex_encode(span_of(m->env_id, SDK_ENV_ID_LEN), env_id);
    (void)snprintf(path, sizeof path, "sink/%s/%s.files", type, env_id);
    for (size_t i = 0; i < m->file_count; i++) {
        char below[SITE_PATH_MAX];
        (void)snprintf(below, sizeof below, "sink/%s/%s.files/x", type, env_id);
        if ((err = site_make_parent(sink->site, below)) != OK ||
            (err = save_file(sink, sdk, m, i, path)) != OK)
            return err;
    }
    (void)snprintf(path, sizeof path, "sink/%s/%s.json", type, env_id);
    return site_write(sink->site, path, record);
}
