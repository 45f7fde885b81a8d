/*
 * Writes the corpora of the fuzz targets: each valid sample, and the same cut, lengthened and with
 * single bits changed. `make_corpus DIR TREE` writes DIR/<target>/<sample>-<change>, of samples
 * that are made and of files of the project's folder TREE; run it when a format changes and commit
 * what it writes.
 */
#include "fuzz/bodies.h"
#include "fuzz/corpus_files.h"
#include "fuzz/samples.h"

#include "base/file.h"
#include "catalogue.h"
#include "json.h"
#include "message.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static uint8_t room[128 << 10];

static bool save(const char *dir, const char *target, const char *name, const char *change,
                 struct span data)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, target);
    (void)mkdir(path, 0755); /* there already, mostly; writing tells */
    snprintf(path, sizeof path, "%s/%s/%s-%s", dir, target, name, change);
    struct fault f;
    if (file_write(path, data, 0644, 0, &f) == OK)
        return true;
    fprintf(stderr, "%s: %s\n", f.where, f.detail);
    return false;
}

/* data lies in room. */
static bool save_changes(const char *dir, const char *target, const char *name, size_t len)
{
    struct span data = span_of(room, len);
    bool done = save(dir, target, name, "good", data) &&
                save(dir, target, name, "half", span_of(room, len / 2)) &&
                save(dir, target, name, "cut", span_of(room, len - 1));
    room[len] = 0;
    done = done && save(dir, target, name, "long", span_of(room, len + 1));
    for (unsigned i = 1; done && i <= 3; i++) {
        char change[16];
        size_t at = len * i / 4;
        snprintf(change, sizeof change, "bit%u", i);
        room[at] ^= (uint8_t)(1u << i);
        done = save(dir, target, name, change, data);
        room[at] ^= (uint8_t)(1u << i);
    }
    return done;
}

static bool save_frames(const char *dir)
{
    static const struct {
        const char *target;
        const char *name;
        void (*sample)(struct writer *w);
    } rows[] = {
        {"envelope", "sent", sample_envelope_frame},
        {"envelope", "forwarded", sample_envelope_form0},
        {"envelope", "full", sample_envelope_full},
        {"document", "order", sample_document_frame},
        {"document", "full", sample_document_full},
        {"receipts", "hub", sample_receipts_frame},
        {"receipts", "member", sample_member_receipts},
        {"statement", "plain", sample_statement_frame},
        {"control", "hello", sample_control_frame},
        {"chunk", "last", sample_chunk_frame},
        {"bundle", "delivery", sample_bundle_frame},
        {"folded", "receipts", sample_folded_frame},
        {"registry", "two", sample_registry_file},
        {"registry", "chain", sample_registry_chain},
        {"registry", "proof", sample_registry_proof},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct writer w = writer_of(room, sizeof room - 1);
        rows[i].sample(&w);
        if (w.full || !save_changes(dir, rows[i].target, rows[i].name, w.len))
            return false;
    }
    struct writer w = writer_of(room, sizeof room - 1);
    sample_signature(&w, 2, 5);
    return save_changes(dir, "signature", "five", w.len);
}

/* What stands in front of a message: its name and a 0. */
static struct writer behind_name(const pb_msgdesc_t *desc)
{
    struct writer w = writer_of(room, sizeof room - 1);
    const char *name = message_of(desc)->name;
    write_bytes(&w, name, strlen(name) + 1);
    return w;
}

/* One message as its encoding and as JSON. */
static bool save_message(const char *dir, const char *name, const pb_msgdesc_t *desc,
                         const void *msg)
{
    struct json *j;
    char *text;
    size_t len;
    struct writer w = behind_name(desc);
    if (wire_encode(desc, msg, &w) != OK || !save_changes(dir, "message", name, w.len))
        return false;
    if (json_from_message(&j, desc, msg) != OK || json_print(j, true, &text, &len) != OK)
        return false;
    w = behind_name(desc);
    write_bytes(&w, text, len);
    free(text);
    json_close(&j);
    return !w.full && save_changes(dir, "json", name, w.len);
}

static bool save_messages(const char *dir)
{
    static lianshu_Document document;
    static lianshu_Control control;
    lianshu_Header header;
    lianshu_SanctionOrder order;
    lianshu_Receipt receipt;
    lianshu_Statement statement;
    lianshu_MemberRecord record;
    const lianshu_Withdraw withdraw = {.message_id = {1}, .env_id = {2}, .reason = 711};
    const lianshu_OfficialAct act = {
        .verb = lianshu_OfficialVerb_OFFICIAL_RELEASE,
        .recipient = "market.445100",
        .sender = "health.445100",
        .message_id = {1},
        .reason = 710,
    };
    sample_document(&document);
    sample_hello(&control);
    sample_header(&header);
    sample_order(&order);
    sample_receipt(&receipt);
    sample_statement(&statement);
    sample_record(&record);
    return save_message(dir, "document", &lianshu_Document_msg, &document) &&
           save_message(dir, "control", &lianshu_Control_msg, &control) &&
           save_message(dir, "header", &lianshu_Header_msg, &header) &&
           save_message(dir, "order", &lianshu_SanctionOrder_msg, &order) &&
           save_message(dir, "receipt", &lianshu_Receipt_msg, &receipt) &&
           save_message(dir, "statement", &lianshu_Statement_msg, &statement) &&
           save_message(dir, "record", &lianshu_MemberRecord_msg, &record) &&
           save_message(dir, "withdraw", &lianshu_Withdraw_msg, &withdraw) &&
           save_message(dir, "act", &lianshu_OfficialAct_msg, &act);
}

/* The bodies of the catalogue, each once, as they are. */
static bool save_body(const char *dir, const struct document_type *type, const char *part,
                      const pb_msgdesc_t *desc)
{
    struct json *j = NULL;
    char name[64];
    const char *text = body_sample(type, desc);
    void *msg = calloc(1, message_of(desc)->size);
    struct writer w = behind_name(desc);
    snprintf(name, sizeof name, "%s.%s", type->name, part);
    write_bytes(&w, text, strlen(text));
    bool done = msg != NULL && save(dir, "json", name, "good", writer_span(&w)) &&
                json_parse(&j, span_str(text), name, NULL) == OK &&
                json_to_message(j, desc, msg, NULL) == OK;
    json_close(&j);
    w = behind_name(desc);
    done = done && wire_encode(desc, msg, &w) == OK &&
           save(dir, "message", name, "good", writer_span(&w));
    free(msg);
    return done;
}

static bool first_of(const struct document_type *type, const pb_msgdesc_t *desc)
{
    size_t i = 0;
    const char *text = body_sample(type, desc);
    while (type_at(i) != type && ((type_at(i)->facts != desc && type_at(i)->sealed != desc) ||
                                  body_sample(type_at(i), desc) != text))
        i++;
    return type_at(i) == type;
}

static bool save_bodies(const char *dir)
{
    bool done = true;
    for (size_t i = 0; done && type_at(i) != NULL; i++) {
        const struct document_type *type = type_at(i);
        if (type->facts != NULL && first_of(type, type->facts))
            done = save_body(dir, type, "facts", type->facts);
        if (done && type->sealed != NULL && first_of(type, type->sealed))
            done = save_body(dir, type, "sealed", type->sealed);
    }
    return done;
}

static bool save_yaml(const char *dir)
{
    static const char *const texts[] = {
        "realm: demo\nlisten: tcp://127.0.0.1:7700\nlease: 30s\nmembers: # hub\n - {b: [1, 2]}\n",
        "a: &x 1\nb: *x\n",
        "? [a]\n: 1\n",
        "text: |\n  两行\n  文字\nquoted: \"\\u6f6e\\n\"\n",
        "a: 1\n---\nb: 2\n",
        "%YAML 1.1\n---\n!!map {<<: {a: 1}}\n",
        "[[[[[[[[[[[[[[[[[[[[",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char name[16];
        size_t len = strlen(texts[i]);
        snprintf(name, sizeof name, "text%zu", i);
        memcpy(room, texts[i], len);
        if (!save_changes(dir, "yaml", name, len))
            return false;
    }
    return true;
}

static bool save_files(const char *dir, const char *tree)
{
    const char *target;
    const char *name;
    for (size_t i = 0;; i++) {
        struct writer w = writer_of(room, sizeof room - 1);
        if (!corpus_file(i, tree, &target, &name, &w))
            return true;
        if (w.full || !save_changes(dir, target, name, w.len))
            return false;
    }
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: make_corpus DIR TREE\n");
        return 2;
    }
    (void)mkdir(argv[1], 0755); /* there already, mostly; writing tells */
    bool done = save_frames(argv[1]) && save_messages(argv[1]) && save_bodies(argv[1]) &&
                save_yaml(argv[1]) && save_files(argv[1], argv[2]);
    return done ? 0 : 1;
}
