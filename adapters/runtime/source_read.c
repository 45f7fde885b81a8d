/* From a file in source/ to drafts and staged messages. */
#include "adapters/runtime/source_inner.h"
#include "base/file.h"
#include "base/hex.h"
#include "check.h"
#include "frame.h"
#include "keys/registry.h"
#include "wire.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void intake_fini(struct intake *in)
{
    json_close(&in->records);
    json_close(&in->files);
    free(in->document);
    in->document = NULL;
}

static enum err parse_csv(struct source *s, struct intake *in, struct span text)
{
    in->csv = true;
    in->kind = map_csv_kind(s->o.map, in->name);
    if (in->kind == NULL)
        return report_add(&s->report, ERR_TYPE_UNKNOWN, "",
                          "a file name that begins with a csv word of map.yaml");
    return csv_records(text, &in->records, s->lines, &s->report);
}

static enum err parse_json(struct source *s, struct intake *in, struct span text)
{
    struct fault fault = {0};
    struct json *root = NULL;
    const enum err err = json_parse(&root, text, in->name, &fault);

    if (err != OK)
        return report_fault(&s->report, err, "", &fault);
    if (json_kind(root) == JSON_KIND_LIST) {
        in->records = root;
    } else {
        in->single = true;
        in->records = json_list();
        (void)json_add(in->records, root);
    }
    if (json_count(in->records) == 0 || json_count(in->records) > SOURCE_ROWS_MAX)
        return report_add(&s->report, ERR_TOO_LARGE, "", "1 to %d records", SOURCE_ROWS_MAX);
    return OK;
}

/* A document that its issuers have signed: what it says of itself is the draft. The bytes are
 * taken over. */
static enum err take_document(struct source *s, struct intake *in, uint8_t **bytes, size_t len)
{
    in->document = *bytes;
    in->document_len = len;
    *bytes = NULL;
    in->single = true;
    in->records = json_list();
    if (len > FRAME_DOCUMENT_FRAME_MAX)
        return report_add(&s->report, ERR_TOO_LARGE, "", "a signed document: at most %d bytes",
                          FRAME_DOCUMENT_FRAME_MAX);
    const uint32_t type = sdk_paper_type(span_of(in->document, in->document_len));
    in->act = type == lianshu_DocumentType_TYPE_OFFICIAL_ACT;
    in->record = type == lianshu_DocumentType_TYPE_KEY_RECORD;
    if (in->act || in->record)
        return OK;
    return json_add(in->records, json_map()) ? OK : ERR_NO_MEMORY;
}

enum err source_read(struct source *s, struct intake *in)
{
    enum err err;
    char path[SITE_PATH_MAX];
    struct fault fault = {0};
    uint8_t *bytes = NULL;
    size_t len = 0;

    if ((err = site_path(s->o.site, path, "source/%s", in->name)) != OK)
        return err;
    err = file_read(path, SOURCE_FILE_MAX, FILE_NOFOLLOW, &bytes, &len, &fault);
    if (err == ERR_NOT_FOUND || err_class(err) == ERR_CLASS_RETRY ||
        err_class(err) == ERR_CLASS_FATAL)
        return err;
    const struct span parts[] = {span_str(in->name), span_of("", 1), span_of(bytes, len)};
    hash_spans(in->digest, parts, sizeof parts / sizeof parts[0]);
    if (err != OK)
        err = report_fault(&s->report, err, "", &fault);
    else if (strcmp(strrchr(in->name, '.'), ".lsd") == 0)
        err = take_document(s, in, &bytes, len);
    else if (strcmp(strrchr(in->name, '.'), ".csv") == 0)
        err = parse_csv(s, in, span_of(bytes, len));
    else
        err = parse_json(s, in, span_of(bytes, len));
    free(bytes);
    return err_class(err) == ERR_CLASS_REJECT ? OK : err;
}

/* Open the attachments of the draft, below source/. */
static enum err open_files(struct source *s, struct sdk_file files[static SDK_FILE_MAX])
{
    const struct draft *d = s->draft;
    char path[SITE_PATH_MAX];
    struct stat st;

    for (size_t i = 0; i < d->file_count; i++) {
        files[i] =
            (struct sdk_file){d->files[i].name, d->files[i].media_type, d->files[i].role, -1};
        if (site_path(s->o.site, path, "source/%s", d->files[i].path) == OK)
            files[i].fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (files[i].fd < 0 || fstat(files[i].fd, &st) != 0 || !S_ISREG(st.st_mode))
            (void)report_add(&s->report, ERR_ATTACHMENT_MISSING, d->files[i].path,
                             "a regular file in source/, put there before the record");
    }
    return s->report.count == 0 ? OK : ERR_ATTACHMENT_MISSING;
}

static void close_files(const struct draft *d, struct sdk_file files[static SDK_FILE_MAX])
{
    for (size_t i = 0; i < d->file_count; i++)
        if (files[i].fd >= 0)
            (void)close(files[i].fd); /* read only */
}

/* Registered members only, told before anything is staged. */
static void check_members(struct source *s)
{
    const struct draft *d = s->draft;

    for (size_t i = 0; i < d->to_count; i++) {
        size_t cursor = 0;
        const struct registry_member *member =
            strchr(d->to[i], '/') == NULL ? registry_member(sdk_registry(s->o.sdk), d->to[i])
                                          : NULL;
        if (strchr(d->to[i], '/') != NULL &&
            registry_group(sdk_registry(s->o.sdk), d->to[i], &cursor, &member) != OK)
            member = NULL;
        if (member == NULL)
            (void)report_add(&s->report, ERR_MEMBER_UNKNOWN, "to", "%s is not registered",
                             d->to[i]);
    }
}

static enum err note_message(struct source *s, const uint8_t id[static SDK_ID_LEN],
                             uint64_t file_id, size_t row)
{
    struct stmt *q = s->sql[SOURCE_SQL_MESSAGE];

    stmt_bind_bytes(q, 1, id, SDK_ID_LEN);
    stmt_bind_u64(q, 2, file_id);
    stmt_bind_u64(q, 3, row);
    return stmt_run(q);
}

/* A record that takes one of our own messages back, named as its receipt file names it. */
static enum err take_back(struct source *s, size_t row, bool send, uint64_t file_id,
                          uint64_t now_ms)
{
    enum err err;
    const struct draft *d = s->draft;
    lianshu_Withdraw body;
    char key[SDK_KEY_MAX + 1];
    uint8_t id[SDK_ID_LEN];
    struct fault fault = {0};

    if (wire_decode(&lianshu_Withdraw_msg, span_of(d->facts, d->facts_len), &body) != OK)
        return report_add(&s->report, ERR_INTERNAL, "facts", "the withdrawal");
    err = sdk_key_of(s->o.sdk, body.message_id, key);
    if (err == ERR_NOT_FOUND)
        return report_add(&s->report, err, "message_id", "a message that was sent from here");
    if (err != OK || !send)
        return err;
    err = sdk_withdraw(s->o.sdk, key, body.reason, now_ms, id, &fault);
    if (err != OK)
        return err_class(err) == ERR_CLASS_REJECT
                   ? report_fault(&s->report, err, "message_id", &fault)
                   : err;
    return note_message(s, id, file_id, row);
}

/* Send it, or ask about it; its id. */
static enum err hand_over(struct source *s, const struct intake *in, const struct sdk_message *m,
                          uint64_t now_ms, uint8_t id[static SDK_ID_LEN])
{
    struct fault fault = {0};
    const enum err err = in->preview ? sdk_preview(s->o.sdk, m, now_ms, id, NULL, &fault)
                                     : sdk_send(s->o.sdk, m, now_ms, id, NULL, &fault);

    return err_class(err) == ERR_CLASS_REJECT ? report_fault(&s->report, err, fault.where, &fault)
                                              : err;
}

static enum err send_draft(struct source *s, const struct intake *in, size_t row, uint64_t file_id,
                           const struct sdk_file *files, uint64_t now_ms)
{
    enum err err;
    const struct draft *d = s->draft;
    const char *to[SDK_DESTINATION_MAX], *basis[SDK_BASIS_MAX];
    char key[SDK_KEY_MAX + 1], hex[2 * HASH_LEN + 1];
    uint8_t id[SDK_ID_LEN];

    for (size_t i = 0; i < d->to_count; i++)
        to[i] = d->to[i];
    for (size_t i = 0; i < d->basis_count; i++)
        basis[i] = d->basis[i];
    hex_encode(span_of(in->digest, HASH_LEN), hex);
    (void)snprintf(key, sizeof key, "src:%.40s:%llu:%zu", hex, (unsigned long long)in->attempt,
                   row);
    const struct sdk_message m = {
        .key = key,
        .type = d->type->number,
        .to = to,
        .to_count = d->to_count,
        .facts = span_of(d->facts, d->facts_len),
        .document = span_of(in->document, in->document_len),
        .sealed = span_of(d->sealed, d->sealed_len),
        .files = files,
        .file_count = d->file_count,
        .conversation = span_of(d->conversation, d->converses ? SDK_ID_LEN : 0),
        .in_reply_to = span_of(d->in_reply_to, d->replies ? SDK_ENV_ID_LEN : 0),
        .basis = basis,
        .basis_count = d->basis_count,
        .purpose = d->purpose,
    };
    if ((err = hand_over(s, in, &m, now_ms, id)) != OK ||
        (err = note_message(s, id, file_id, row)) != OK)
        return err;
    return d->type->number == lianshu_DocumentType_TYPE_SANCTION_ANSWER && !in->preview
               ? respond_answered(s->o.respond, d, now_ms)
               : OK;
}

/* Attachments of a refused record are named too, so that they can follow it. */
static void note_files(struct source *s, struct intake *in)
{
    for (size_t i = 0; i < s->draft->file_count; i++)
        (void)json_add_text(in->files, s->draft->files[i].path);
}

/* Who has not signed, by name; the rest of what may be wrong the SDK finds when it is sent. */
static enum err check_whole(struct source *s, const lianshu_Document *d,
                            const struct frame_document *frame)
{
    size_t next = 0;
    for (size_t i = 0; i < d->issuers_count; i++) {
        struct frame_signature signature;
        if (next < frame->count &&
            frame_parse_signature(frame->signatures[next], &signature) == OK &&
            memcmp(signature.kid, d->issuers[i].kid, KID_LEN) == 0)
            next++;
        else
            (void)report_add(&s->report, ERR_SIGNATURE, "signatures", "%s has not signed it",
                             d->issuers[i].member);
    }
    return s->report.count == 0 ? OK : ERR_SIGNATURE;
}

/* The draft that the document is: to everybody whom it addresses, but the hub and ourselves. */
static enum err draft_of_document(struct source *s, const struct intake *in, lianshu_Document *d)
{
    struct draft *draft = s->draft;
    struct frame_document frame;
    enum err err = frame_parse_document(span_of(in->document, in->document_len), &frame);
    if (err == OK)
        err = wire_decode(&lianshu_Document_msg, frame.document, d);
    if (err == OK)
        err = document_check(d);
    if (err == OK && d->body.size > sizeof draft->facts)
        err = ERR_TOO_LARGE;
    if (err != OK)
        return report_add(&s->report, err, "", "a document that all its issuers have signed");
    draft->to_count = draft->basis_count = 0;
    draft->sealed_len = 0;
    draft->converses = draft->replies = false;
    draft->type = type_find(d->type);
    for (pb_size_t i = 0; i < d->addressees_count && draft->to_count < SDK_DESTINATION_MAX; i++) {
        if (strcmp(d->addressees[i], sdk_hub(s->o.sdk)) != 0 &&
            strcmp(d->addressees[i], sdk_member(s->o.sdk)) != 0)
            memcpy(draft->to[draft->to_count++], d->addressees[i], sizeof d->addressees[i]);
    }
    memcpy(draft->purpose, d->purpose, sizeof d->purpose);
    memcpy(draft->facts, d->body.bytes, d->body.size);
    draft->facts_len = d->body.size;
    return check_whole(s, d, &frame);
}

static enum err one_document(struct source *s, struct intake *in, size_t row, bool send,
                             uint64_t file_id, uint64_t now_ms)
{
    lianshu_Document *d = calloc(1, sizeof *d);
    enum err err = d == NULL ? ERR_NO_MEMORY : draft_of_document(s, in, d);
    free(d);
    if (err != OK)
        return err;
    check_members(s);
    return send && s->report.count == 0 ? send_draft(s, in, row, file_id, NULL, now_ms) : OK;
}

static enum err one_record(struct source *s, struct intake *in, size_t row, bool send,
                           uint64_t file_id, uint64_t now_ms)
{
    enum err err;
    struct json *document = NULL;
    struct sdk_file files[SDK_FILE_MAX];
    const struct json *record = json_item(in->records, row - 1);
    const struct draft_context context = {
        .hub = sdk_hub(s->o.sdk),
        .region = s->own_region,
        .regions = s->o.regions,
        .map = s->o.map,
        .kind = in->kind,
        .record = record,
    };

    s->draft->file_count = 0;
    if (in->document != NULL)
        return one_document(s, in, row, send, file_id, now_ms);
    if ((err = map_out(s->o.map, in->kind, record, &s->report, &document)) != OK)
        return err;
    err = draft_make(s->draft, document, &context, &s->report);
    json_close(&document);
    if (in->preview)
        s->draft->file_count = 0; /* the record stays with its writer, and so do they */
    if (!send)
        note_files(s, in);
    if (err != OK)
        return err;
    if (s->draft->type->number == lianshu_DocumentType_TYPE_WITHDRAW && !in->preview)
        return take_back(s, row, send, file_id, now_ms);
    check_members(s);
    if (s->draft->type->number == lianshu_DocumentType_TYPE_SANCTION_ANSWER && !in->preview &&
        (err = respond_check(s->o.respond, s->draft, &s->report)) != OK)
        return err;
    err = open_files(s, files);
    if (err == OK && send)
        err = send_draft(s, in, row, file_id, files, now_ms);
    close_files(s->draft, files);
    return err;
}

enum err source_records(struct source *s, struct intake *in, bool send, uint64_t file_id,
                        uint64_t now_ms)
{
    for (size_t row = 1; row <= json_count(in->records) && !s->report.more; row++) {
        s->report.row = in->single ? 0 : (unsigned)row;
        s->report.line = in->csv ? s->lines[row - 1] : 0;
        const enum err err = one_record(s, in, row, send, file_id, now_ms);
        if (err != OK && err_class(err) != ERR_CLASS_REJECT)
            return err;
        if (err != OK && send)
            return err;
    }
    s->report.row = s->report.line = 0;
    return OK;
}
