/* A bundle made whole: what is derived from the evidence, the texts, the report, the manifest. */
#include "cli/evidence_make.h"

#include "base/file.h"
#include "cli/evidence_reading.h"
#include "sanction.pb.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>

enum { ANCHOR_MAX = 16 << 10, TABLE_MAX = 1 << 20 };

/* ---- disclosed at a member's site ---- */

static bool is_disclosed(const char *name)
{
    return strncmp(name, "envelopes/", 10) == 0 || strncmp(name, "disclosed/", 10) == 0;
}

enum err evidence_take_disclosed(struct bundle *b, const char *dir, struct fault *fault)
{
    struct evidence_pack pack;
    const struct bundle_file *file;
    enum err err = evidence_pack_read(&pack, dir, fault);
    for (size_t i = 0; err == OK && (file = bundle_at(pack.bundle, i)) != NULL; i++) {
        if (!is_disclosed(file->name)) {
            err = fault_set(fault, ERR_EVIDENCE, 0, file->name, "only frames and keys are taken");
            break;
        }
        bundle_drop(b, file->name); /* the member's frame is what its key opens */
        err = bundle_add(b, file->name, file->bytes);
    }
    if (err == OK || pack.bundle != NULL)
        evidence_pack_close(&pack);
    return err;
}

/* ---- tables ---- */

static enum err add_file(struct bundle *b, const char *path, size_t max, const char *name,
                         struct fault *fault)
{
    uint8_t *bytes = NULL;
    size_t len;
    enum err err = file_read(path, max, 0, &bytes, &len, fault);
    if (err == OK)
        err = bundle_add(b, name, span_of(bytes, len));
    free(bytes);
    return err;
}

enum err evidence_take_tables(struct bundle *b, const char *regions, const char *calendar,
                              struct fault *fault)
{
    const enum err err = add_file(b, regions, TABLE_MAX, "tables/regions.csv", fault);
    return err == OK ? add_file(b, calendar, TABLE_MAX, "tables/calendar.csv", fault) : err;
}

/* ---- what is derived ---- */

static enum err add_json(struct bundle *b, const struct bundle_file *of, const pb_msgdesc_t *desc,
                         struct span bytes, void *message)
{
    char name[BUNDLE_NAME_MAX + sizeof ".json"];
    char *text = NULL;
    size_t len;
    const char *dot = strrchr(of->name, '.');
    snprintf(name, sizeof name, "%.*s.json", (int)(dot - of->name), of->name);
    if (bundle_find(b, name) != NULL)
        return OK;
    enum err err = wire_decode(desc, bytes, message);
    if (err == OK)
        err = evidence_json(desc, message, &text, &len);
    if (err == OK)
        err = bundle_add(b, name, span_of(text, len));
    free(text);
    return err;
}

/* Where a text is already the walk passes on: adding moves the files behind it by one. */
static enum err add_texts(struct bundle *b)
{
    const struct bundle_file *file;
    lianshu_Header *h = malloc(sizeof *h);
    lianshu_DecisionRecord *r = malloc(sizeof *r);
    enum err err = h == NULL || r == NULL ? ERR_NO_MEMORY : OK;
    for (size_t i = 0; err == OK && (file = bundle_at(b, i)) != NULL; i++) {
        struct frame_envelope frame;
        const char *dot = strrchr(file->name, '.');
        if (dot != NULL && strcmp(dot, ".json") == 0)
            continue;
        if (strncmp(file->name, "decisions/", 10) == 0)
            err = add_json(b, file, &lianshu_DecisionRecord_msg, file->bytes, r);
        else if (strncmp(file->name, "envelopes/", 10) == 0 &&
                 (err = frame_parse_envelope(file->bytes, &frame)) == OK)
            err = add_json(b, file, &lianshu_Header_msg, frame.header, h);
    }
    free(h);
    free(r);
    return err;
}

/* ---- texts ---- */

static enum err add_report(struct bundle *b, const struct anchor *anchor, struct fault *fault)
{
    struct evidence_reader *reader = NULL;
    struct evidence *e = NULL;
    struct reading reading = {.e = NULL};
    char *html = NULL;
    char *text = NULL;
    enum err err = evidence_reader_open(&reader, anchor);
    if (err == OK)
        err = evidence_verify(reader, b, &e, fault);
    if (err == OK)
        err = reading_open(&reading, e, b);
    if (err == OK)
        err = reading_report(&reading, &html, &text);
    reading_close(&reading);
    evidence_close(&e);
    if (err == OK)
        err = bundle_add(b, "report.html", span_str(html));
    if (err == OK)
        err = bundle_add(b, "report.txt", span_str(text));
    evidence_reader_close(&reader);
    free(html);
    free(text);
    return err;
}

enum err evidence_finish(struct bundle *b, const struct anchor *anchor, const char *anchor_path,
                         struct fault *fault)
{
    enum err err = add_texts(b);
    if (err == OK)
        err = bundle_add(b, "README.md", evidence_readme);
    if (err == OK)
        err = bundle_add(b, "verify.py", evidence_script);
    if (err == OK)
        err = add_file(b, anchor_path, ANCHOR_MAX, "anchor.yaml", fault);
    if (err == OK)
        err = bundle_seal(b);
    if (err == OK)
        err = add_report(b, anchor, fault);
    return err == OK ? bundle_seal(b) : err;
}
