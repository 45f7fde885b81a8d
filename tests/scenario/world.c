#include "scenario/world.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "base/hex.h"
#include "catalogue.h"
#include "check.h"
#include "frame.h"
#include "keys/init.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { START_DAY = 20544 }; /* 2026-04-01, under the rules in force then */

static const char *const ids[WORLD_MEMBERS] = {
    "hub.445100",       "market.445100", "health.445100",
    "insurance.445100", "police.445100", "procuratorate.445100",
};

struct site *world_site(struct world *w, const char *member)
{
    for (size_t i = 0; i < WORLD_MEMBERS; i++) {
        if (strcmp(w->sites[i].id, member) == 0)
            return &w->sites[i];
    }
    fail_msg("no site %s", member);
    return NULL;
}

/* ---- keys and registry ---- */

static struct key *add_key(struct world *w, struct keyring *ring, enum key_use use)
{
    struct key *key = NULL;
    assert_int_equal(key_make(&key, use, w->now_ms, &w->entropy), OK);
    struct key *lent = key;
    assert_int_equal(keyring_add(ring, &key), OK);
    return lent;
}

static void add_public(lianshu_MemberRecord *record, const struct world *w, const struct key *key)
{
    lianshu_MemberKey *row = &record->keys[record->keys_count++];
    row->use = (lianshu_KeyUse)key_use(key);
    memcpy(row->public_key, key_public(key), sizeof row->public_key);
    row->valid_from_ms = w->now_ms - DAY_MS;
    row->valid_until_ms = w->now_ms + UINT64_C(400) * DAY_MS;
}

static const struct {
    const char *member;
    bool send;
    const char *types[12];
} grants[] = {
    {"hub.445100", true, {"sanction.notice", "credit.certificate"}},
    {"hub.445100",
     false,
     {"subject.register", "subject.relation", "sanction.order", "sanction.lift", "sanction.annul",
      "sanction.suspend", "sanction.resume", "sanction.answer", "sanction.executed",
      "credit.check"}},
    {"market.445100",
     true,
     {"subject.register", "subject.relation", "sanction.order", "sanction.lift", "sanction.annul",
      "sanction.suspend", "sanction.resume", "sanction.answer", "sanction.executed", "credit.check",
      "case.referral"}},
    {"market.445100",
     false,
     {"appointment", "licence.application", "honour", "aefi.report", "sanction.notice",
      "credit.certificate", "case.acknowledged", "case.decision"}},
    {"health.445100",
     true,
     {"appointment", "licence.application", "aefi.report", "honour", "sanction.answer",
      "sanction.executed", "credit.check"}},
    {"health.445100", false, {"sanction.notice", "credit.certificate", "sanction.order"}},
    {"insurance.445100", true, {"honour", "sanction.answer", "sanction.executed"}},
    {"insurance.445100", false, {"sanction.notice"}},
    {"police.445100",
     true,
     {"case.acknowledged", "case.decision", "sanction.answer", "sanction.executed"}},
    {"police.445100", false, {"sanction.notice", "case.referral"}},
    {"procuratorate.445100", true, {"sanction.answer", "sanction.executed"}},
    {"procuratorate.445100",
     false,
     {"sanction.notice", "case.referral", "case.acknowledged", "case.decision"}},
};

static void add_grants(lianshu_MemberRecord *record)
{
    for (size_t g = 0; g < T_COUNT(grants); g++) {
        if (strcmp(grants[g].member, record->member) != 0)
            continue;
        for (size_t t = 0; t < T_COUNT(grants[g].types) && grants[g].types[t] != NULL; t++) {
            lianshu_Grant *grant = &record->grants[record->grants_count++];
            const struct document_type *type = type_by_name(grants[g].types[t]);
            assert_non_null(type);
            grant->type = type->number;
            grant->direction = grants[g].send ? lianshu_GrantDirection_GRANT_SEND
                                              : lianshu_GrantDirection_GRANT_RECEIVE;
            grant->departments = UINT32_MAX;
            strcpy(grant->region, "445100");
        }
    }
}

static void make_registry(struct world *w)
{
    struct keyring *root = NULL;
    static lianshu_MemberRecord records[WORLD_MEMBERS];
    memset(records, 0, sizeof records);
    assert_int_equal(keyring_open(&root, "root.000000", ""), OK);
    const struct key *root_key = add_key(w, root, KEY_USE_ROOT);
    const struct key *registrar = add_key(w, root, KEY_USE_REGISTRAR);
    for (size_t i = 0; i < WORLD_MEMBERS; i++) {
        struct keyring *ring = w->sites[i].keys;
        snprintf(records[i].member, sizeof records[i].member, "%s", ids[i]);
        strcpy(records[i].name_zh, "成员");
        strcpy(records[i].name_en, "member");
        add_public(&records[i], w, keyring_find(ring, KEY_USE_SIGN));
        add_public(&records[i], w, keyring_find(ring, KEY_USE_SEAL));
        add_public(&records[i], w, keyring_find(ring, KEY_USE_TRANSPORT));
        if (i == 0)
            add_public(&records[i], w, keyring_find(w->signer, KEY_USE_LOG));
        add_grants(&records[i]);
    }
    struct anchor anchor = {.threshold = 1, .root_count = 1};
    strcpy(anchor.realm, "demo");
    memcpy(anchor.root[0], key_public(root_key), KEY_PUBLIC_LEN);
    const struct registry_make make = {
        .anchor = &anchor,
        .roots = &root_key,
        .root_count = 1,
        .registrar = registrar,
        .region = "000000",
        .version = 1,
        .now_ms = w->now_ms,
        .valid_until_ms = w->now_ms + UINT64_C(365) * DAY_MS,
        .entropy = &w->entropy,
    };
    static uint8_t bytes[64 << 10];
    struct writer out = writer_of(bytes, sizeof bytes);
    struct fault fault = {0};
    enum err err = registry_write(&make, records, WORLD_MEMBERS, &out, &fault);
    if (err == OK)
        err = registry_open(&w->registry, &anchor, writer_span(&out), 0, &fault);
    if (err != OK)
        fail_msg("registry: E%03d %s %s", (int)err, fault.where, fault.detail);
    keyring_close(&root);
}

static void make_keys(struct world *w)
{
    assert_int_equal(keyring_open(&w->signer, "hub.445100", "signer"), OK);
    (void)add_key(w, w->signer, KEY_USE_LOG);
    for (size_t i = 0; i < WORLD_MEMBERS; i++) {
        w->sites[i].id = ids[i];
        assert_int_equal(keyring_open(&w->sites[i].keys, ids[i], "a"), OK);
        (void)add_key(w, w->sites[i].keys, KEY_USE_SIGN);
        (void)add_key(w, w->sites[i].keys, KEY_USE_SEAL);
        (void)add_key(w, w->sites[i].keys, KEY_USE_TRANSPORT);
        if (i == 0) {
            (void)add_key(w, w->sites[i].keys, KEY_USE_STORAGE);
            (void)add_key(w, w->sites[i].keys, KEY_USE_TOKEN);
        }
        assert_int_equal(opener_open(&w->openers[i], 64), OK);
    }
}

/* ---- the simulated signer ---- */

static enum err sim_sign(void *ctx, uint64_t old_size, const uint8_t (*leaves)[32], size_t count,
                         struct writer *out)
{
    struct world *w = ctx;
    if (w->sign_fails != OK)
        return w->sign_fails;
    if (old_size != w->log.size)
        return ERR_LOG_FORK;
    for (size_t i = 0; i < count; i++)
        frontier_append(&w->log, leaves[i]);
    struct checkpoint c = {.size = w->log.size};
    assert_int_equal(note_origin(c.origin, "hub.445100", "demo", 1), OK);
    frontier_root(&w->log, c.root);
    return note_sign(&c, keyring_find(w->signer, KEY_USE_LOG), out);
}

static enum err sim_head(void *ctx, uint64_t *size, uint8_t root[static 32])
{
    struct world *w = ctx;
    *size = w->log.size;
    frontier_root(&w->log, root);
    return OK;
}

/* ---- opening ---- */

static enum err try_open_core(struct world *w)
{
    char path[96];
    struct fault fault = {0};
    snprintf(path, sizeof path, "%s/hub.db", w->dir);
    enum err err = store_open(&w->store, &(struct store_options){.path = path}, &fault);
    const struct core_options options = {
        .realm = "demo",
        .member = "hub.445100",
        .store = w->store,
        .registry = w->registry,
        .keys = w->sites[0].keys,
        .rules = w->rules,
        .calendar = w->calendar,
        .regions = w->regions,
        .entropy = &w->entropy,
        .sign = sim_sign,
        .head = sim_head,
        .sign_ctx = w,
    };
    if (err == OK)
        err = core_open(&w->core, &options, w->now_ms, &fault);
    if (err != OK)
        print_message("core: E%03d %s %s\n", (int)err, fault.where, fault.detail);
    return err;
}

static void open_core(struct world *w)
{
    assert_int_equal(try_open_core(w), OK);
    for (size_t i = 0; i < WORLD_MEMBERS; i++) {
        char user[CORE_USER_ID_MAX];
        snprintf(user, sizeof user, "%s/0011223344556677", ids[i]);
        assert_int_equal(core_peer(w->core, user, &w->sites[i].peer), OK);
    }
}

struct world *world_new(const uint8_t seed[static ENTROPY_SEED_LEN])
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    assert_int_equal(keys_init(), OK);
    strcpy(w->dir, "/tmp/world-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    w->now_ms = START_DAY * (uint64_t)DAY_MS + 2 * (uint64_t)HOUR_MS;
    w->entropy = entropy_replay_init(&w->replay, seed);
    sha256_init(&w->transcript);
    frontier_init(&w->log);
    make_keys(w);
    make_registry(w);
    static struct ruleset_faults faults;
    struct fault fault = {0};
    if (ruleset_open(&w->rules, "hub/policy/rules", &faults) != OK)
        fail_msg("rules: %s:%u %s", faults.fault[0].where, faults.fault[0].line,
                 faults.fault[0].detail);
    if (calendar_open(&w->calendar, "schemas/data/calendar.csv", &fault) != OK ||
        regions_open(&w->regions, "schemas/data/regions.csv", &fault) != OK)
        fail_msg("%s:%u %s", fault.where, fault.line, fault.detail);
    assert_int_equal(verifier_open(&w->verifier, VERIFIER_NODES_DEFAULT), OK);
    assert_int_equal(envelope_batch_open(&w->batch, ENVELOPE_BATCH_BYTES_DEFAULT), OK);
    w->reader =
        (struct log_reader){.registry = w->registry, .hub = "hub.445100", .at_ms = w->now_ms};
    open_core(w);
    return w;
}

void world_free(struct world *w)
{
    core_close(&w->core);
    store_close(&w->store);
    envelope_batch_close(&w->batch);
    verifier_close(&w->verifier);
    for (size_t i = 0; i < WORLD_MEMBERS; i++) {
        opener_close(&w->openers[i]);
        keyring_close(&w->sites[i].keys);
        for (size_t g = 0; g < w->sites[i].got_count; g++)
            free(w->sites[i].got[g].facts);
    }
    keyring_close(&w->signer);
    regions_close(&w->regions);
    calendar_close(&w->calendar);
    ruleset_close(&w->rules);
    registry_close(&w->registry);
    static const char *const files[] = {"hub.db", "hub.db-wal", "hub.db-shm", "hub.db-lock",
                                        "hub.db.lock"};
    char path[96];
    for (size_t i = 0; i < T_COUNT(files); i++) {
        snprintf(path, sizeof path, "%s/%s", w->dir, files[i]);
        (void)unlink(path);
    }
    (void)rmdir(w->dir);
    free(w);
}

int world_setup(void **state)
{
    static const uint8_t seed[ENTROPY_SEED_LEN] = {1, 2, 3};
    *state = world_new(seed);
    return 0;
}

int world_teardown(void **state)
{
    world_free(*state);
    return 0;
}

/* ---- making envelopes ---- */

static size_t make_document(struct world *w, const struct mail *mail, uint32_t type,
                            const pb_msgdesc_t *desc, const void *body, const uint8_t *facts_hash,
                            uint8_t *out, size_t cap, uint8_t hash[static HASH_LEN])
{
    static lianshu_Document d;
    const struct key *key = keyring_find(world_site(w, mail->from)->keys, KEY_USE_SIGN);
    memset(&d, 0, sizeof d);
    document_prepare(&d, "demo", mail->from, key, w->now_ms, &w->entropy);
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
    struct writer w2 = writer_of(out, cap);
    assert_int_equal(document_make(&d, key, &w2, hash), OK);
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

static void fill_audiences(lianshu_Header *h, const struct mail *mail)
{
    for (pb_size_t p = 0; p < h->parts_count; p++) {
        bool facts = h->parts[p].kind == lianshu_PartKind_PART_FACTS;
        for (size_t i = 0; i < T_COUNT(mail->to) && mail->to[i] != NULL; i++) {
            if (facts || strncmp(mail->to[i], "hub.", 4) != 0)
                add_reader(&h->parts[p], mail->to[i]);
        }
        if (facts)
            add_reader(&h->parts[p], "hub.445100");
    }
}

void world_make(struct world *w, const struct mail *mail, uint8_t env_id[HASH_LEN],
                uint8_t message_id[16])
{
    static lianshu_Header h;
    static uint8_t plain[3][FRAME_DOCUMENT_FRAME_MAX];
    static uint64_t body[sizeof(lianshu_Document) / 8];
    struct span parts[3];
    uint8_t facts_hash[HASH_LEN];
    uint8_t hash[HASH_LEN];
    uint8_t id[HASH_LEN];
    const struct document_type *type = type_by_name(mail->type);
    assert_non_null(type);
    memset(&h, 0, sizeof h);
    h.type = type->number;
    h.created_ms = mail->created_ms != 0 ? mail->created_ms : w->now_ms;
    h.expires_ms = mail->expires_ms != 0 ? mail->expires_ms : h.created_ms + HOUR_MS;
    h.not_before_ms = mail->not_before_ms;
    h.priority = (uint32_t)type->lane;
    h.sequence = mail->sequence;
    if (mail->message_id != NULL)
        memcpy(h.message_id, mail->message_id, sizeof h.message_id);
    strcpy(h.purpose, "demo");
    if (mail->conversation != NULL) {
        h.conversation.size = 16;
        assert_true(hex_decode(mail->conversation, h.conversation.bytes, 16));
    }
    for (size_t i = 0; i < T_COUNT(mail->to) && mail->to[i] != NULL; i++)
        strcpy(h.destination[h.destination_count++], mail->to[i]);
    if (mail->facts != NULL) {
        body_from_json(type->facts, mail->facts, body);
        h.parts[h.parts_count].kind = lianshu_PartKind_PART_FACTS;
        parts[h.parts_count] =
            span_of(plain[0], make_document(w, mail, type->number, type->facts, body, NULL,
                                            plain[0], sizeof plain[0], facts_hash));
        h.parts_count++;
    }
    if (mail->sealed != NULL) {
        body_from_json(type->sealed, mail->sealed, body);
        h.parts[h.parts_count].kind = lianshu_PartKind_PART_SEALED;
        parts[h.parts_count] =
            span_of(plain[1], make_document(w, mail, type->number, type->sealed, body, facts_hash,
                                            plain[1], sizeof plain[1], hash));
        h.parts_count++;
    }
    if (mail->file != NULL) {
        lianshu_Manifest manifest = {.files_count = 1};
        manifest.files[0] = *mail->file;
        h.attachments_count = 1;
        h.attachments[0].part = h.parts_count;
        h.attachments[0].chunk_count = mail->file->chunk_count;
        h.attachments[0].byte_count = mail->file->byte_count;
        memcpy(h.attachments[0].root, mail->file->root, HASH_LEN);
        h.parts[h.parts_count].kind = lianshu_PartKind_PART_MANIFEST;
        parts[h.parts_count] =
            span_of(plain[2], make_document(w, mail, lianshu_DocumentType_TYPE_MANIFEST,
                                            &lianshu_Manifest_msg, &manifest, facts_hash, plain[2],
                                            sizeof plain[2], hash));
        h.parts_count++;
    }
    fill_audiences(&h, mail);
    const struct envelope_options options = {
        .realm = "demo",
        .sender = mail->from,
        .key = keyring_find(world_site(w, mail->from)->keys, KEY_USE_SIGN),
        .registry = w->registry,
        .entropy = &w->entropy,
    };
    assert_int_equal(envelope_batch_begin(w->batch, &options), OK);
    assert_int_equal(envelope_batch_add(w->batch, &h, parts, NULL, id), OK);
    assert_int_equal(envelope_batch_finish(w->batch), OK);
    struct writer out = writer_of(w->frame, sizeof w->frame);
    assert_int_equal(envelope_batch_frame(w->batch, 0, &out), OK);
    w->frame_len = out.len;
    if (env_id != NULL)
        memcpy(env_id, id, HASH_LEN);
    if (message_id != NULL)
        memcpy(message_id, h.message_id, 16);
}

/* ---- taking outputs, as an adapter does ---- */

static void push_receipt(struct world *w, struct site *site, const struct got *got)
{
    lianshu_Receipt q = {.kind = lianshu_ReceiptKind_RECEIPT_DELIVERED, .time_ms = w->now_ms};
    strcpy(q.realm, "demo");
    strcpy(q.sender, got->sender);
    strcpy(q.by, site->id);
    memcpy(q.message_id, got->message_id, 16);
    memcpy(q.env_id, got->env_id, HASH_LEN);
    uint8_t bytes[FRAME_RECEIPT_MAX];
    uint8_t sig[FRAME_SIGNATURE_MAX];
    struct writer qw = writer_of(bytes, sizeof bytes);
    struct writer sw = writer_of(sig, sizeof sig);
    struct batch *batch = NULL;
    merkle_hash leaf;
    size_t index;
    assert_int_equal(receipt_encode(&q, &qw), OK);
    assert_int_equal(batch_open(&batch), OK);
    receipt_leaf(leaf, writer_span(&qw));
    assert_int_equal(batch_add(batch, leaf, &index), OK);
    assert_int_equal(batch_sign(batch, keyring_find(site->keys, KEY_USE_SIGN)), OK);
    assert_int_equal(batch_write(batch, 0, &sw), OK);
    batch_close(&batch);
    uint8_t frame[4096];
    struct writer fw = writer_of(frame, sizeof frame);
    const struct frame_receipt entry = {
        .form = FRAME_RECEIPT_MEMBER, .receipt = writer_span(&qw), .signature = writer_span(&sw)};
    frame_receipts_begin(&fw, 0, 1);
    frame_receipts_add(&fw, &entry);
    frame_receipts_end(&fw, span_of(NULL, 0));
    assert_int_equal(core_frame(w->core, site->peer, writer_span(&fw), w->now_ms), OK);
}

static void take_statement(struct world *w, struct span frame, lianshu_Statement *out)
{
    struct frame_statement s;
    struct checkpoint c;
    assert_int_equal(frame_parse_statement(frame, &s), OK);
    assert_int_equal(log_reader_checkpoint(&w->reader, s.checkpoint, &c), OK);
    assert_int_equal(statement_verify(&w->reader, &c, s.statement, (const merkle_hash *)s.path.data,
                                      s.path.len / HASH_LEN, out),
                     OK);
}

static void open_parts(struct world *w, struct site *site, const lianshu_Header *h,
                       const struct frame_envelope *env, const uint8_t *header_hash,
                       struct got *got)
{
    static uint8_t buffer[FRAME_MAX];
    static lianshu_Document d;
    for (pb_size_t p = 0; p < h->parts_count; p++) {
        if (part_reader(&h->parts[p], site->id) < 0) {
            assert_int_equal(env->parts[p].form, 0);
            continue;
        }
        struct span plain;
        enum err inner;
        uint8_t hash[HASH_LEN];
        assert_int_equal(envelope_open(w->openers[site - w->sites], site->keys, site->id, h, env,
                                       header_hash, p, buffer, sizeof buffer, &plain, NULL, &inner),
                         OK);
        assert_int_equal(
            registry_verify_document(w->registry, w->now_ms, plain, w->verifier, &d, hash), OK);
        got->parts_open++;
        if (h->parts[p].kind == lianshu_PartKind_PART_FACTS && got->facts == NULL) {
            got->facts_len = d.body.size;
            got->facts = malloc(d.body.size + 1);
            memcpy(got->facts, d.body.bytes, d.body.size);
        }
    }
}

static void take_envelope(struct world *w, struct site *site, struct span frame,
                          const lianshu_Statement *v)
{
    static lianshu_Header h;
    struct frame_envelope env;
    uint8_t header_hash[HASH_LEN];
    uint8_t env_id[HASH_LEN];
    assert_int_equal(frame_parse_envelope(frame, &env), OK);
    assert_int_equal(wire_decode(&lianshu_Header_msg, env.header, &h), OK);
    assert_int_equal(envelope_check_reader(&h, &env, site->id), OK);
    envelope_id(&env, header_hash, env_id);
    assert_memory_equal(env_id, v->env_id.bytes, HASH_LEN);
    assert_string_equal(v->recipient, site->id);
    const struct registry_key *key;
    assert_int_equal(
        registry_signer(w->registry, h.sender, h.sender_kid, KEY_USE_SIGN, v->accepted_ms, &key),
        OK);
    assert_int_equal(verifier_check(w->verifier, key->public_key, env_id, env.signature), OK);
    struct got *got = NULL;
    for (size_t i = 0; i < site->got_count; i++) {
        if (memcmp(site->got[i].env_id, env_id, HASH_LEN) == 0)
            got = &site->got[i];
    }
    if (got == NULL) {
        assert_true(site->got_count < WORLD_INBOX_MAX);
        got = &site->got[site->got_count++];
        *got = (struct got){
            .type = h.type, .number = v->delivery_number, .advisory_count = v->advisories_count};
        memcpy(got->advisory, v->advisories, sizeof got->advisory);
        memcpy(got->env_id, env_id, HASH_LEN);
        memcpy(got->message_id, h.message_id, 16);
        strcpy(got->sender, h.sender);
        open_parts(w, site, &h, &env, header_hash, got);
    }
    got->seen++;
    if (!site->silent) {
        got->receipted = true;
        push_receipt(w, site, got);
    }
}

static void take_receipts(struct world *w, struct site *site, struct span frame)
{
    struct frame_receipts r;
    struct frame_receipt entry;
    struct checkpoint c = {0};
    assert_int_equal(frame_parse_receipts(frame, &r), OK);
    if (r.checkpoint.len > 0)
        assert_int_equal(log_reader_checkpoint(&w->reader, r.checkpoint, &c), OK);
    uint64_t number = r.first;
    while (frame_receipts_next(&r, &entry)) {
        lianshu_Receipt q;
        if (entry.form == FRAME_RECEIPT_HUB)
            assert_int_equal(receipt_verify_hub(&w->reader, &c, entry.receipt,
                                                (const merkle_hash *)entry.path.data,
                                                entry.path.len / HASH_LEN, &q),
                             OK);
        else
            assert_int_equal(receipt_verify(entry.receipt, entry.signature, w->registry, w->now_ms,
                                            w->verifier, &q),
                             OK);
        assert_string_equal(q.sender, site->id);
        assert_true(site->receipt_count < WORLD_RECEIPTS_MAX);
        if (number == 0 || number > site->stream)
            site->receipts[site->receipt_count++] = q;
        if (number != 0) {
            if (number > site->stream)
                assert_int_equal(number, site->stream + 1);
            site->stream = number > site->stream ? number : site->stream;
            number++;
        }
    }
    if (r.first == 0)
        return;
    lianshu_Control ack = {.kind = lianshu_ControlKind_CONTROL_ACK,
                           .which_body = lianshu_Control_ack_tag};
    ack.body.ack.receipt_stream = site->stream;
    uint8_t bytes[64];
    struct writer aw = writer_of(bytes, sizeof bytes);
    assert_int_equal(frame_put_control(&aw, &ack), OK);
    assert_int_equal(core_frame(w->core, site->peer, writer_span(&aw), w->now_ms), OK);
}

static void take_control(struct site *site, struct span frame)
{
    lianshu_Control control;
    assert_int_equal(frame_read_control(frame, &control), OK);
    if (control.which_body == lianshu_Control_busy_tag)
        site->last_busy_code = control.body.busy.code;
    if (control.which_body == lianshu_Control_chunk_wanted_tag) {
        memcpy(site->wanted_root, control.body.chunk_wanted.root, HASH_LEN);
        site->wanted_first = control.body.chunk_wanted.first;
    }
}

static void take_output(struct world *w, struct site *site, struct span frame)
{
    enum frame_kind kind;
    assert_int_equal(frame_kind(frame, &kind), OK);
    static lianshu_Statement v;
    struct frame_bundle bundle;
    struct span inner;
    switch (kind) {
    case FRAME_BUNDLE:
        assert_int_equal(frame_parse_bundle(frame, &bundle), OK);
        while (frame_bundle_next(&bundle, &inner)) {
            assert_int_equal(frame_kind(inner, &kind), OK);
            if (kind == FRAME_STATEMENT)
                take_statement(w, inner, &v);
            else
                take_envelope(w, site, inner, &v);
        }
        break;
    case FRAME_RECEIPTS:
        take_receipts(w, site, frame);
        break;
    case FRAME_CONTROL:
        take_control(site, frame);
        break;
    case FRAME_CHUNK:
        site->chunks_seen++;
        break;
    default:
        fail_msg("unexpected frame %d", (int)kind);
    }
}

struct held_output {
    uint32_t peer;
    size_t len;
    uint8_t *bytes;
};

/* All outputs of one commit, copied first: taking them sends frames back. */
static size_t take_outputs(struct world *w)
{
    enum { HELD_MAX = 4096 };
    static struct held_output held[HELD_MAX];
    size_t count = 0;
    struct core_output out;
    while (core_output(w->core, &out)) {
        assert_true(count < HELD_MAX);
        held[count] = (struct held_output){out.peer, out.frame.len, malloc(out.frame.len)};
        memcpy(held[count].bytes, out.frame.data, out.frame.len);
        sha256_add(&w->transcript, out.frame);
        count++;
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t s = 0; s < WORLD_MEMBERS; s++) {
            if (w->sites[s].peer == held[i].peer)
                take_output(w, &w->sites[s], span_of(held[i].bytes, held[i].len));
        }
        free(held[i].bytes);
    }
    return count;
}

void world_turn(struct world *w)
{
    for (int i = 0; i < 200; i++) {
        assert_int_equal(core_tick(w->core, w->now_ms), OK);
        assert_int_equal(core_commit(w->core, w->now_ms), OK);
        if (take_outputs(w) == 0 && core_due_ms(w->core) > w->now_ms)
            return;
    }
    fail_msg("the hub does not come to rest");
}

/* ---- what scenarios say ---- */

void world_push(struct world *w, const char *from)
{
    assert_int_equal(
        core_frame(w->core, world_site(w, from)->peer, span_of(w->frame, w->frame_len), w->now_ms),
        OK);
}

void world_send(struct world *w, const struct mail *mail, uint8_t env_id[HASH_LEN])
{
    world_make(w, mail, env_id, NULL);
    world_push(w, mail->from);
    world_turn(w);
}

void world_pass(struct world *w, uint64_t ms)
{
    w->now_ms += ms;
    w->reader.at_ms = w->now_ms;
    world_turn(w);
}

void world_hello(struct world *w, const char *member)
{
    struct site *site = world_site(w, member);
    lianshu_Control hello = {.kind = lianshu_ControlKind_CONTROL_HELLO,
                             .which_body = lianshu_Control_hello_tag};
    strcpy(hello.body.hello.member, member);
    strcpy(hello.body.hello.realm, "demo");
    hello.body.hello.registry_version = 1;
    hello.body.hello.receipt_stream = site->stream;
    hello.body.hello.credit_messages = 64;
    hello.body.hello.credit_bytes = 8 << 20;
    uint8_t bytes[512];
    struct writer out = writer_of(bytes, sizeof bytes);
    assert_int_equal(frame_put_control(&out, &hello), OK);
    assert_int_equal(core_frame(w->core, site->peer, writer_span(&out), w->now_ms), OK);
    site->connected = true;
    world_turn(w);
}

void world_leave(struct world *w, const char *member)
{
    struct site *site = world_site(w, member);
    site->connected = false;
    core_peer_gone(w->core, site->peer, w->now_ms);
}

void world_push_receipt(struct world *w, const char *member, const struct got *got)
{
    push_receipt(w, world_site(w, member), got);
}

enum err world_try_restart(struct world *w)
{
    core_close(&w->core);
    store_close(&w->store);
    return try_open_core(w);
}

void world_restart(struct world *w)
{
    core_close(&w->core);
    store_close(&w->store);
    open_core(w);
    for (size_t i = 1; i < WORLD_MEMBERS; i++) {
        if (w->sites[i].connected)
            world_hello(w, w->sites[i].id);
    }
}

const lianshu_Receipt *world_receipt(struct world *w, const char *sender,
                                     const uint8_t env_id[static HASH_LEN])
{
    struct site *site = world_site(w, sender);
    for (size_t i = site->receipt_count; i > 0; i--) {
        if (memcmp(site->receipts[i - 1].env_id, env_id, HASH_LEN) == 0)
            return &site->receipts[i - 1];
    }
    return NULL;
}

lianshu_ReceiptKind world_verdict(struct world *w, const char *sender,
                                  const uint8_t env_id[static HASH_LEN])
{
    const lianshu_Receipt *q = world_receipt(w, sender, env_id);
    return q != NULL ? q->kind : lianshu_ReceiptKind_RECEIPT_NONE;
}

uint32_t world_code(struct world *w, const char *sender, const uint8_t env_id[static HASH_LEN])
{
    const lianshu_Receipt *q = world_receipt(w, sender, env_id);
    return q != NULL ? q->code : UINT32_MAX;
}

struct got *world_got(struct world *w, const char *member, const char *type, size_t index)
{
    struct site *site = world_site(w, member);
    const struct document_type *row = type_by_name(type);
    assert_non_null(row);
    for (size_t i = 0; i < site->got_count; i++) {
        if (site->got[i].type == row->number && index-- == 0)
            return &site->got[i];
    }
    return NULL;
}

size_t world_has(struct world *w, const char *member, const char *type)
{
    size_t count = 0;
    while (world_got(w, member, type, count) != NULL)
        count++;
    return count;
}

uint64_t world_status(struct world *w, const char *path)
{
    static uint8_t answer[CORE_QUERY_BYTES];
    struct writer out = writer_of(answer, sizeof answer);
    struct json *json = NULL;
    assert_int_equal(core_query(w->core, span_str("{\"cmd\":\"status\"}"), w->now_ms, &out), OK);
    assert_int_equal(json_parse(&json, writer_span(&out), "status", NULL), OK);
    const struct json *at = json;
    char key[64];
    while (*path != '\0') {
        size_t len = strcspn(path, ".");
        snprintf(key, sizeof key, "%.*s", (int)len, path);
        at = json_get(at, key);
        path += len + (path[len] == '.');
    }
    uint64_t value = 0;
    (void)json_uint(at, &value);
    json_close(&json);
    return value;
}
