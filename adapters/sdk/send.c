/* sdk_send: from what an application asks for to documents that wait for their signature. */
#include "adapters/sdk/inner.h"
#include "adapters/sdk/inner_sql.h"

#include <stdio.h>
#include <stdlib.h>

enum { STAGE_ROOM = 3 * FRAME_DOCUMENT_MAX }; /* the documents of one message */

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Destinations as they were named, sorted and without repetition; each must be registered. */
static enum err take_destinations(struct sdk *s, struct stage *stage, const struct sdk_message *m,
                                  struct fault *fault)
{
    enum err err;

    if (m->to_count == 0)
        return fault_set(fault, ERR_FIELD_MISSING, 0, "to", "no destination");
    if (m->to_count > SDK_DESTINATION_MAX)
        return fault_set(fault, ERR_TOO_LARGE, 0, "to", "at most %d members", SDK_DESTINATION_MAX);
    for (size_t i = 0; i < m->to_count; i++) {
        if ((err = group_check(s, m->to[i], fault)) != OK)
            return err;
        memcpy(stage->to[stage->to_count++], m->to[i], strlen(m->to[i]) + 1);
    }
    qsort(stage->to, stage->to_count, sizeof stage->to[0], by_name);
    size_t n = 1;
    for (size_t i = 1; i < stage->to_count; i++)
        if (strcmp(stage->to[i], stage->to[n - 1]) != 0)
            memmove(stage->to[n++], stage->to[i], SDK_MEMBER_MAX);
    stage->to_count = n;
    struct audience facts;
    audience_of(s, stage, m->facts.len > 0, &facts);
    if (facts.count > SDK_AUDIENCE_MAX)
        return fault_set(fault, ERR_TOO_LARGE, 0, "to", "with their hubs at most %d read the facts",
                         SDK_AUDIENCE_MAX);
    return OK;
}

static size_t departments(const struct sdk *s, const struct stage *stage)
{
    size_t n = 0;
    for (size_t i = 0; i < stage->to_count; i++)
        n += strcmp(stage->to[i], s->hub) != 0;
    return n;
}

static enum err check_body(struct sdk *s, const pb_msgdesc_t *desc, struct span body,
                           const char *where, struct fault *fault)
{
    if (desc == NULL)
        return fault_set(fault, ERR_FIELD_UNKNOWN, 0, where, "this type has no such part");
    enum err err = wire_decode(desc, body, s->body);
    return err == OK ? OK : fault_set(fault, err, 0, where, "canonical bytes of the body");
}

static enum err check_message(struct sdk *s, const struct stage *stage, const struct sdk_message *m,
                              struct fault *fault)
{
    enum err err;
    const struct document_type *row = type_find(m->type);
    const bool others = departments(s, stage) > 0;

    if (row == NULL || row->alone != NULL || (row->flags & TYPE_PART_ONLY) != 0)
        return fault_set(fault, ERR_TYPE_UNKNOWN, 0, "type", "not a type that can be sent");
    if ((err = registry_suite(s->registry, SUITE_CURRENT, UINT64_MAX)) != OK)
        return fault_set(fault, err, 0, "registry", "suite %u, the registry demands %u",
                         (unsigned)SUITE_CURRENT, registry_least_suite(s->registry));
    if (row->facts != NULL && m->facts.len == 0)
        return fault_set(fault, ERR_FIELD_MISSING, 0, "facts", "required");
    if (row->facts == NULL && m->sealed.len == 0)
        return fault_set(fault, ERR_FIELD_MISSING, 0, "sealed", "required");
    if (m->facts.len > SDK_BODY_MAX || m->sealed.len > SDK_BODY_MAX)
        return fault_set(fault, ERR_TOO_LARGE, 0, "facts", "at most %d bytes", SDK_BODY_MAX);
    if (m->facts.len > 0 && (err = check_body(s, row->facts, m->facts, "facts", fault)) != OK)
        return err;
    if (m->sealed.len > 0 && (err = check_body(s, row->sealed, m->sealed, "sealed", fault)) != OK)
        return err;
    if ((m->sealed.len > 0 || m->file_count > 0) && !others)
        return fault_set(fault, ERR_AUDIENCE, 0, "to",
                         "a sealed part needs a department to read it");
    if (row->facts == NULL && departments(s, stage) != stage->to_count)
        return fault_set(fault, ERR_AUDIENCE, 0, "to", "the hub reads nothing of this type");
    if (m->file_count > 0 && (row->flags & TYPE_ATTACHMENTS) == 0)
        return fault_set(fault, ERR_FIELD_UNKNOWN, 0, "attachments", "this type has none");
    if (m->file_count > SDK_FILE_MAX)
        return fault_set(fault, ERR_TOO_LARGE, 0, "attachments", "at most %d", SDK_FILE_MAX);
    if (m->conversation.len != 0 && m->conversation.len != SDK_ID_LEN)
        return fault_set(fault, ERR_FIELD_VALUE, 0, "conversation", "16 bytes");
    if (m->in_reply_to.len != 0 && m->in_reply_to.len != SDK_ENV_ID_LEN)
        return fault_set(fault, ERR_FIELD_VALUE, 0, "in_reply_to", "32 bytes");
    if (m->purpose != NULL && strlen(m->purpose) >= sizeof stage->purpose)
        return fault_set(fault, ERR_FIELD_LONG, 0, "purpose", "at most 16 bytes");
    if (m->basis_count > SDK_BASIS_MAX)
        return fault_set(fault, ERR_TOO_LARGE, 0, "basis", "at most %d", SDK_BASIS_MAX);
    if ((row->flags & TYPE_JOINT) != 0 && m->document.len == 0)
        return fault_set(fault, ERR_FIELD_MISSING, 0, "document",
                         "several members sign it: lianshu joint draft");
    if (m->document.len > 0 && (m->sealed.len > 0 || m->file_count > 0))
        return fault_set(fault, ERR_FIELD_UNKNOWN, 0, "sealed",
                         "a document that others signed goes alone");
    return OK;
}

static void add_field(struct sha256 *h, struct span bytes)
{
    uint8_t len[8];
    struct writer w = writer_of(len, sizeof len);
    write_uint(&w, bytes.len, sizeof len);
    sha256_add(h, writer_span(&w));
    sha256_add(h, bytes);
}

static void add_text(struct sha256 *h, const char *text)
{
    add_field(h, text == NULL ? span_of(NULL, 0) : span_str(text));
}

/* SHA-256 of what is asked for: two calls with one key must ask for the same. */
static enum err digest(struct sdk *s, const struct stage *stage, const struct sdk_message *m,
                       uint8_t out[static HASH_LEN], struct fault *fault)
{
    enum err err;
    struct sha256 h;
    uint8_t number[24];
    struct writer w = writer_of(number, sizeof number);

    sha256_init(&h);
    write_uint(&w, m->type, 8);
    write_uint(&w, m->expires_ms, 8);
    write_uint(&w, m->not_before_ms, 8);
    add_field(&h, writer_span(&w));
    for (size_t i = 0; i < stage->to_count; i++)
        add_text(&h, stage->to[i]);
    add_field(&h, m->facts);
    add_field(&h, m->sealed);
    if (m->document.len > 0)
        add_field(&h, m->document);
    add_field(&h, m->conversation);
    add_field(&h, m->in_reply_to);
    add_text(&h, m->purpose);
    for (size_t i = 0; i < m->basis_count; i++)
        add_text(&h, m->basis[i]);
    for (size_t i = 0; i < m->file_count; i++) {
        struct file_facts *facts = &s->file_facts[i];
        if ((err = file_digest(m->files[i].fd, &facts->bytes, facts->sha256)) != OK)
            return fault_set(fault, err, 0, "attachments", "file %zu cannot be read", i + 1);
        add_text(&h, m->files[i].name);
        add_text(&h, m->files[i].role);
        add_field(&h, span_of(facts->sha256, HASH_LEN));
    }
    sha256_done(&h, out);
    return OK;
}

/* The message that has this key already. ERR_NOT_FOUND: none. */
static enum err find_key(struct sdk *s, const char *key, uint8_t content[static HASH_LEN],
                         uint8_t id[static SDK_ID_LEN])
{
    struct stmt *q = s->sql[SQL_OUTBOX_BY_KEY];

    for (size_t i = 0; i < s->stage_count; i++)
        if (strcmp(s->stage[i].key, key) == 0) {
            memcpy(content, s->stage[i].content, HASH_LEN);
            memcpy(id, s->stage[i].message_id, SDK_ID_LEN);
            return OK;
        }
    stmt_bind_text(q, 1, key);
    stmt_bind_u64(q, 2, 0);
    enum err err = stmt_step(q);
    if (err == OK) {
        stmt_copy(q, 0, content, HASH_LEN);
        stmt_copy(q, 7, id, SDK_ID_LEN);
    }
    return stmt_end(q, err);
}

static enum err number_by(struct sdk *s, enum sql which,
                          const uint8_t conversation[static SDK_ID_LEN], uint64_t *number)
{
    struct stmt *q = s->sql[which];

    stmt_bind_bytes(q, 1, conversation, SDK_ID_LEN);
    enum err err = stmt_step(q);
    if (err == OK)
        *number = stmt_u64(q, 0);
    return stmt_end(q, err);
}

enum err send_last_number(struct sdk *s, const uint8_t conversation[static SDK_ID_LEN],
                          uint64_t *last)
{
    return number_by(s, SQL_CONVERSATION, conversation, last);
}

enum err send_next_number(struct sdk *s, const uint8_t conversation[static SDK_ID_LEN],
                          uint64_t *number)
{
    return number_by(s, SQL_CONVERSATION_SENT, conversation, number);
}

/* The next number of a conversation. Last of all: one that is given must be sent. */
static enum err number(struct sdk *s, struct stage *stage)
{
    if (memcmp(stage->conversation, stage->message_id, SDK_ID_LEN) == 0)
        return OK; /* unordered: a conversation of its own */
    return send_next_number(s, stage->conversation, &stage->sequence);
}

static bool take_name(char *out, size_t cap, const char *text)
{
    const size_t len = text == NULL ? 0 : strlen(text);
    if (len >= cap)
        return false;
    memcpy(out, text == NULL ? "" : text, len + 1);
    return true;
}

/* Seal the attachments and stage the manifest that names them. */
static enum err take_files(struct sdk *s, struct stage *stage, const struct sdk_message *m,
                           const uint8_t *facts_hash, struct fault *fault)
{
    enum err err;
    lianshu_Manifest *manifest = s->manifest;
    uint8_t hash[HASH_LEN];

    wire_clear(&lianshu_Manifest_msg, manifest);
    for (size_t i = 0; i < m->file_count; i++) {
        lianshu_ManifestFile *entry = &manifest->files[i];
        wire_clear(&lianshu_ManifestFile_msg, entry);
        if (!take_name(entry->name, sizeof entry->name, m->files[i].name) ||
            !take_name(entry->media_type, sizeof entry->media_type, m->files[i].media_type) ||
            !take_name(entry->role, sizeof entry->role, m->files[i].role))
            return fault_set(fault, ERR_FIELD_LONG, 0, "attachments", "name, media type or role");
        if ((err = file_seal(s, stage, i, m->files[i].fd, entry)) != OK)
            return fault_set(fault, err, 0, "attachments", "file %zu cannot be taken", i + 1);
        manifest->files_count++;
        lianshu_AttachmentHeader *a = &stage->files[stage->file_count++];
        wire_clear(&lianshu_AttachmentHeader_msg, a);
        memcpy(a->root, entry->root, HASH_LEN);
        a->chunk_count = entry->chunk_count;
        a->byte_count = entry->byte_count;
    }
    struct writer w = writer_of(s->chunk_plain, CHUNK_PLAIN_LEN); /* free by now */
    if ((err = wire_encode(&lianshu_Manifest_msg, manifest, &w)) != OK)
        return fault_set(fault, err, 0, "attachments", "names of the files");
    return pack_document(s, stage, &stage->manifest, m, lianshu_DocumentType_TYPE_MANIFEST,
                         writer_span(&w), facts_hash, hash);
}

/* The documents of part 0, shared by the others; a manifest belongs to one audience alone. */
static enum err stage_documents(struct sdk *s, struct stage *stage, const struct sdk_message *m,
                                struct fault *fault)
{
    enum err err;
    uint8_t hash[HASH_LEN];

    if (m->document.len > 0)
        return pack_signed(s, stage, m, fault);
    if (stage->part == 0) {
        if (m->facts.len > 0 && (err = pack_document(s, stage, &stage->facts, m, m->type, m->facts,
                                                     NULL, stage->facts_hash)) != OK)
            return fault_set(fault, err, 0, "facts", "the document cannot be made");
        if (m->sealed.len > 0 &&
            (err = pack_document(s, stage, &stage->sealed, m, m->type, m->sealed,
                                 m->facts.len > 0 ? stage->facts_hash : NULL, hash)) != OK)
            return fault_set(fault, err, 0, "sealed", "the document cannot be made");
    }
    if (m->file_count == 0)
        return OK;
    return take_files(s, stage, m, m->facts.len > 0 ? stage->facts_hash : NULL, fault);
}

/* Room for `parts` more envelopes, by storing what is staged if need be. Not inside a savepoint:
 * what an outer transaction has staged must not vanish with it. */
static enum err make_room(struct sdk *s, size_t parts)
{
    if (s->stage_count + parts <= SDK_BATCH_MAX && s->stage_len + STAGE_ROOM <= SDK_STAGE_BYTES)
        return OK;
    return s->in_savepoint ? ERR_BUSY : pack_flush(s);
}

/* What all parts have in common. */
static enum err fill_stage(struct sdk *s, struct stage *stage, const struct sdk_message *m,
                           uint64_t now_ms, struct fault *fault)
{
    const struct document_type *type = type_find(m->type);
    const uint64_t last_ms = now_ms + type->life_ms;

    stage->type = m->type;
    stage->created_ms = now_ms;
    stage->not_before_ms = m->not_before_ms;
    stage->expires_ms = m->expires_ms == 0 ? last_ms : m->expires_ms;
    if (stage->expires_ms > last_ms || stage->expires_ms <= now_ms)
        return fault_set(fault, ERR_LIFE, 0, "expires", "between now and the most of the class");
    if (stage->not_before_ms >= stage->expires_ms)
        return fault_set(fault, ERR_LIFE, 0, "not_before", "before it expires");
    entropy_id(&s->entropy, now_ms, stage->message_id);
    memcpy(stage->conversation, m->conversation.len > 0 ? m->conversation.data : stage->message_id,
           SDK_ID_LEN);
    if (m->in_reply_to.len > 0) {
        stage->replies = true;
        memcpy(stage->in_reply_to, m->in_reply_to.data, SDK_ENV_ID_LEN);
    }
    /* A type's first word is its ordinary purpose: sanction, case, credit, licence. */
    if (m->purpose != NULL && m->purpose[0] != '\0')
        memcpy(stage->purpose, m->purpose, strlen(m->purpose) + 1);
    else
        (void)snprintf(stage->purpose, sizeof stage->purpose, "%.*s", (int)strcspn(type->name, "."),
                       type->name);
    return OK;
}

/* ---- envelopes ---- */

/* Stage the envelopes; stage[0] is filled but for its readers. */
static enum err stage_parts(struct sdk *s, struct stage *stage, const struct sdk_message *m,
                            size_t parts, uint64_t now_ms, struct fault *fault)
{
    enum err err;
    bool hub = false;

    for (size_t i = 0; i < stage->to_count; i++)
        hub = hub || strcmp(stage->to[i], s->hub) == 0;
    stage->by_rule = parts > 1; /* a document names at most 32: here the envelopes do */
    if (parts > 1 && m->conversation.len == 0)
        entropy_id(&s->entropy, now_ms, stage->conversation); /* one for all of them */
    for (size_t i = 0; i < parts; i++) {
        struct stage *one = &stage[i];
        if (i > 0) {
            *one = stage[0];
            one->part = (uint32_t)i;
            one->manifest = (struct stage_document){0};
            one->file_count = 0;
            entropy_id(&s->entropy, now_ms, one->message_id);
        }
        if (s->group.count > 0)
            group_part(s, one, i, hub);
        if ((err = stage_documents(s, one, m, fault)) != OK)
            return err;
    }
    for (size_t i = 0; i < parts; i++)
        if ((err = number(s, &stage[i])) != OK)
            return err;
    return OK;
}

/* ---- sending ---- */

/* Stage what is new. */
static enum err stage_message(struct sdk *s, struct stage *stage, const struct sdk_message *m,
                              uint64_t now_ms, struct fault *fault)
{
    enum err err;
    size_t parts;
    const size_t before = s->stage_len;

    if ((err = group_resolve(s, stage, &parts, fault)) != OK)
        return err;
    if (s->stage_count + parts > SDK_BATCH_MAX) {
        const struct stage copy = *stage;
        if ((err = make_room(s, parts)) != OK)
            return fault_set(fault, err, 0, "outbox", "too much at once");
        stage = &s->stage[s->stage_count];
        *stage = copy;
    }
    if ((err = fill_stage(s, stage, m, now_ms, fault)) != OK ||
        (err = stage_parts(s, stage, m, parts, now_ms, fault)) != OK) {
        s->stage_len = before < s->stage_len ? before : s->stage_len;
        return err;
    }
    s->stage_count += parts;
    return OK;
}

enum err send_message(struct sdk *s, const struct sdk_message *m, uint64_t after, uint64_t now_ms,
                      uint8_t id[static SDK_ID_LEN], bool *repeat, struct fault *fault)
{
    enum err err;
    uint8_t content[HASH_LEN];

    *repeat = false;
    if (m->key == NULL || m->key[0] == '\0' || strlen(m->key) > SDK_KEY_MAX)
        return fault_set(fault, ERR_FIELD_LONG, 0, "key", "1 to %d bytes", SDK_KEY_MAX);
    if ((err = make_room(s, 1)) != OK || (err = inner_begin(s)) != OK)
        return fault_set(fault, err, 0, "outbox", "too much at once");
    struct stage *stage = &s->stage[s->stage_count];
    *stage = (struct stage){.after = after};
    memcpy(stage->key, m->key, strlen(m->key) + 1);
    if ((err = take_destinations(s, stage, m, fault)) != OK ||
        (err = check_message(s, stage, m, fault)) != OK ||
        (err = digest(s, stage, m, stage->content, fault)) != OK)
        return err;
    err = find_key(s, m->key, content, id);
    if (err == OK) {
        *repeat = true;
        if (memcmp(content, stage->content, HASH_LEN) != 0)
            return fault_set(fault, ERR_CONFLICT, 0, "key", "another message has this key");
        return OK;
    }
    if (err != ERR_NOT_FOUND)
        return err;
    if ((err = stage_message(s, stage, m, now_ms, fault)) != OK)
        return err;
    for (size_t i = s->stage_count; i > 0; i--)
        if (s->stage[i - 1].part == 0) {
            memcpy(id, s->stage[i - 1].message_id, SDK_ID_LEN);
            break;
        }
    return OK;
}

enum err sdk_send(struct sdk *s, const struct sdk_message *m, uint64_t now_ms,
                  uint8_t id[static SDK_ID_LEN], bool *repeat, struct fault *fault)
{
    bool known;

    return send_message(s, m, 0, now_ms, id, repeat == NULL ? &known : repeat, fault);
}

/* ---- states ---- */

/* What several envelopes are together: what is still to come counts before what ended badly, and
 * that before what ended well. */
static unsigned rank(enum sdk_state state)
{
    static const unsigned ranks[] = {
        [SDK_QUEUED] = 6,   [SDK_SENT] = 5,   [SDK_HELD] = 4,  [SDK_ACCEPTED] = 3,
        [SDK_REJECTED] = 2, [SDK_LAPSED] = 1, [SDK_FINAL] = 0,
    };
    return ranks[state];
}

enum err send_part(struct sdk *s, const char *key, uint64_t part, struct sent_part *out)
{
    struct stmt *q = s->sql[SQL_OUTBOX_BY_KEY];

    stmt_bind_text(q, 1, key);
    stmt_bind_u64(q, 2, part);
    enum err err = stmt_step(q);
    if (err == OK) {
        stmt_copy(q, 1, out->message_id, SDK_ID_LEN);
        stmt_copy(q, 2, out->env_id, SDK_ENV_ID_LEN);
        out->state = (enum sdk_state)stmt_u64(q, 3);
        out->row = stmt_u64(q, 4);
        out->type = (uint32_t)stmt_u64(q, 5);
        stmt_copy_text(q, 6, out->destinations, sizeof out->destinations);
        stmt_copy(q, 7, out->told, SDK_ID_LEN);
    }
    if ((err = stmt_end(q, err)) == OK && out->state == SDK_QUEUED &&
        flight_sent(s, out->message_id))
        out->state = SDK_SENT;
    return err;
}

enum err sdk_key_of(struct sdk *s, const uint8_t id[static SDK_ID_LEN],
                    char key[static SDK_KEY_MAX + 1])
{
    struct stmt *q = s->sql[SQL_OUTBOX_KEY_OF];

    stmt_bind_bytes(q, 1, id, SDK_ID_LEN);
    enum err err = stmt_step(q);
    if (err == OK)
        stmt_copy_text(q, 0, key, SDK_KEY_MAX + 1);
    return stmt_end(q, err);
}

enum err sdk_status(struct sdk *s, const char *key, enum sdk_state *state,
                    uint8_t id[static SDK_ID_LEN], uint8_t env_id[static SDK_ENV_ID_LEN])
{
    struct sent_part part;
    enum err err = send_part(s, key, 0, &part);

    if (err != OK)
        return err;
    memcpy(id, part.told, SDK_ID_LEN);
    memcpy(env_id, part.env_id, SDK_ENV_ID_LEN);
    *state = part.state;
    for (uint64_t i = 1; (err = send_part(s, key, i, &part)) == OK; i++)
        if (rank(part.state) > rank(*state))
            *state = part.state;
    return err == ERR_NOT_FOUND ? OK : err;
}
