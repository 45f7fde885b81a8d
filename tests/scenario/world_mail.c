/* Envelopes as sentences: from, to, a document in JSON. */
#include "scenario/world_inner.h"

#include "base/clock.h"
#include "base/hex.h"
#include "catalogue.h"
#include "wire.h"

static const struct key *sign_key(struct world *w, const char *member)
{
    return keyring_find(world_site(w, member)->keys, KEY_USE_SIGN);
}

/* The signatures that the mail names; of all issuers when it names none. */
static enum err sign_all(struct world *w, const struct mail *mail, const lianshu_Document *d,
                         struct span text, struct writer *out)
{
    const struct key *keys[T_COUNT(mail->signers)];
    size_t count = 0;
    while (count < T_COUNT(mail->signers) && mail->signers[count] != NULL) {
        keys[count] = sign_key(w, mail->signers[count]);
        count++;
    }
    for (size_t i = 0; mail->signers[0] == NULL && i < d->issuers_count; i++)
        keys[count++] = sign_key(w, d->issuers[i].member);
    return document_sign(text, keys, count, out);
}

static size_t make_document(struct world *w, const struct mail *mail, uint32_t type,
                            const pb_msgdesc_t *desc, const void *body, const uint8_t *facts_hash,
                            uint8_t *out, size_t cap, uint8_t hash[static HASH_LEN])
{
    static lianshu_Document d;
    static uint8_t text[FRAME_DOCUMENT_MAX];
    memset(&d, 0, sizeof d);
    document_prepare(&d, "demo", mail->from, sign_key(w, mail->from), w->now_ms, &w->entropy);
    for (size_t i = 0; i < T_COUNT(mail->with) && mail->with[i] != NULL; i++) {
        lianshu_Issuer *issuer = &d.issuers[d.issuers_count++];
        strcpy(issuer->member, mail->with[i]);
        memcpy(issuer->kid, key_kid(sign_key(w, mail->with[i])), KID_LEN);
    }
    d.type = type;
    d.version = 1;
    d.by_rule = true;
    strcpy(d.purpose, "demo");
    for (size_t i = 0; i < T_COUNT(mail->basis) && mail->basis[i] != NULL; i++)
        strcpy(d.basis[d.basis_count++], mail->basis[i]);
    if (facts_hash != NULL) {
        d.facts.size = HASH_LEN;
        memcpy(d.facts.bytes, facts_hash, HASH_LEN);
    }
    struct writer b = writer_of(d.body.bytes, sizeof d.body.bytes);
    assert_int_equal(wire_encode(desc, body, &b), OK);
    d.body.size = (pb_size_t)b.len;
    struct writer encoded = writer_of(text, sizeof text);
    struct writer w2 = writer_of(out, cap);
    assert_int_equal(document_encode(&d, &encoded, hash), OK);
    assert_int_equal(sign_all(w, mail, &d, writer_span(&encoded), &w2), OK);
    return w2.len;
}

static void body_from_json(const pb_msgdesc_t *desc, const char *text, void *msg)
{
    struct json *json = NULL;
    struct fault fault = {0};
    enum err err = json_parse(&json, span_str(text), "mail", &fault);
    if (err == OK)
        err = json_to_message(json, desc, msg, &fault);
    if (err != OK)
        fail_msg("mail: E%03d %s %s", (int)err, fault.where, fault.detail);
    json_close(&json);
}

static void add_reader(lianshu_PartHeader *part, const char *member)
{
    pb_size_t at = 0;
    while (at < part->audience_count && strcmp(part->audience[at].member, member) < 0)
        at++;
    if (at < part->audience_count && strcmp(part->audience[at].member, member) == 0)
        return;
    memmove(&part->audience[at + 1], &part->audience[at],
            (part->audience_count - at) * sizeof part->audience[0]);
    memset(&part->audience[at], 0, sizeof part->audience[at]);
    strcpy(part->audience[at].member, member);
    part->audience_count++;
}

/* The hubs that decide: the sender's, and in a realm of several the recipients'. */
static void add_offices(const struct world *w, lianshu_PartHeader *part, const struct mail *mail)
{
    add_reader(part, w->ids[0]);
    for (size_t i = 0; w->link_count > 0 && i < T_COUNT(mail->to) && mail->to[i] != NULL; i++) {
        const struct registry_member *home = topology_home_of(w->registry, mail->to[i]);
        if (home != NULL)
            add_reader(part, home->id);
    }
}

static void fill_audiences(const struct world *w, lianshu_Header *h, const struct mail *mail)
{
    for (pb_size_t p = 0; p < h->parts_count; p++) {
        bool facts = h->parts[p].kind == lianshu_PartKind_PART_FACTS;
        for (size_t i = 0; i < T_COUNT(mail->to) && mail->to[i] != NULL; i++) {
            if (facts || strncmp(mail->to[i], "hub.", 4) != 0)
                add_reader(&h->parts[p], mail->to[i]);
        }
        if (facts)
            add_offices(w, &h->parts[p], mail);
    }
}

static void fill_header(const struct world *w, const struct mail *mail,
                        const struct document_type *type, lianshu_Header *h)
{
    h->type = type->number;
    h->created_ms = mail->created_ms != 0 ? mail->created_ms : w->now_ms;
    h->expires_ms = mail->expires_ms != 0 ? mail->expires_ms : h->created_ms + HOUR_MS;
    h->not_before_ms = mail->not_before_ms;
    h->priority = (uint32_t)type->lane;
    h->sequence = mail->sequence;
    if (mail->message_id != NULL)
        memcpy(h->message_id, mail->message_id, sizeof h->message_id);
    strcpy(h->purpose, "demo");
    if (mail->conversation != NULL) {
        h->conversation.size = 16;
        assert_true(hex_decode(mail->conversation, h->conversation.bytes, 16));
    }
    for (size_t i = 0; i < T_COUNT(mail->to) && mail->to[i] != NULL; i++)
        strcpy(h->destination[h->destination_count++], mail->to[i]);
}

enum { PARTS_MAX = 3 };

struct parts {
    uint8_t plain[PARTS_MAX][FRAME_DOCUMENT_FRAME_MAX];
    struct span span[PARTS_MAX];
    uint8_t facts_hash[HASH_LEN];
};

/* One more part, whose document names the facts unless it is them. */
static void add_part(struct world *w, const struct mail *mail, lianshu_Header *h, struct parts *p,
                     lianshu_PartKind kind, uint32_t type, const pb_msgdesc_t *desc,
                     const void *body)
{
    bool facts = kind == lianshu_PartKind_PART_FACTS;
    uint8_t hash[HASH_LEN];
    size_t i = h->parts_count++;
    h->parts[i].kind = kind;
    p->span[i] = span_of(
        p->plain[i], make_document(w, mail, type, desc, body,
                                   facts || mail->facts == NULL ? NULL : p->facts_hash, p->plain[i],
                                   sizeof p->plain[i], facts ? p->facts_hash : hash));
}

static void fill_parts(struct world *w, const struct mail *mail, const struct document_type *type,
                       lianshu_Header *h, struct parts *p)
{
    static uint64_t body[sizeof(lianshu_Document) / 8];
    if (mail->facts != NULL) {
        body_from_json(type->facts, mail->facts, body);
        add_part(w, mail, h, p, lianshu_PartKind_PART_FACTS, type->number, type->facts, body);
    }
    if (mail->sealed != NULL) {
        body_from_json(type->sealed, mail->sealed, body);
        add_part(w, mail, h, p, lianshu_PartKind_PART_SEALED, type->number, type->sealed, body);
    }
    if (mail->file == NULL)
        return;
    lianshu_Manifest manifest = {.files_count = 1};
    manifest.files[0] = *mail->file;
    h->attachments_count = 1;
    h->attachments[0].part = h->parts_count;
    h->attachments[0].chunk_count = mail->file->chunk_count;
    h->attachments[0].byte_count = mail->file->byte_count;
    memcpy(h->attachments[0].root, mail->file->root, HASH_LEN);
    add_part(w, mail, h, p, lianshu_PartKind_PART_MANIFEST, lianshu_DocumentType_TYPE_MANIFEST,
             &lianshu_Manifest_msg, &manifest);
}

void world_seal(struct world *w, const char *from, const struct key *key, lianshu_Header *h,
                const struct span *parts, uint8_t env_id[HASH_LEN])
{
    uint8_t id[HASH_LEN];
    const struct envelope_options options = {
        .realm = "demo",
        .sender = from,
        .key = key != NULL ? key : keyring_find(world_site(w, from)->keys, KEY_USE_SIGN),
        .registry = w->registry,
        .entropy = &w->entropy,
    };
    assert_int_equal(envelope_batch_begin(w->batch, &options), OK);
    assert_int_equal(envelope_batch_add(w->batch, h, parts, NULL, id), OK);
    assert_int_equal(envelope_batch_finish(w->batch), OK);
    struct writer out = writer_of(w->frame, sizeof w->frame);
    assert_int_equal(envelope_batch_frame(w->batch, 0, &out), OK);
    w->frame_len = out.len;
    if (env_id != NULL)
        memcpy(env_id, id, HASH_LEN);
}

void world_make(struct world *w, const struct mail *mail, uint8_t env_id[HASH_LEN],
                uint8_t message_id[16])
{
    static lianshu_Header h;
    static struct parts parts;
    const struct document_type *type = type_by_name(mail->type);
    assert_non_null(type);
    memset(&h, 0, sizeof h);
    fill_header(w, mail, type, &h);
    fill_parts(w, mail, type, &h, &parts);
    fill_audiences(w, &h, mail);
    world_seal(w, mail->from, NULL, &h, parts.span, env_id);
    if (message_id != NULL)
        memcpy(message_id, h.message_id, 16);
}
