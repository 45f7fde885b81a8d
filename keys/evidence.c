#include "keys/evidence_inner.h"

#include "base/clock.h"
#include "base/hex.h"
#include "base/text.h"
#include "json.h"
#include "keys/evidence_chain.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { FORMAT_NUMBER = 1 };

enum err evidence_bad(const struct evidence_job *job, enum err err, const char *name,
                      const char *detail)
{
    return fault_set(job->fault, err, 0, name, "%s", detail);
}

/* ---- files by folder ---- */

const struct bundle_file *evidence_next(const struct evidence_job *job, const char *folder,
                                        size_t *at)
{
    const size_t len = strlen(folder);
    const struct bundle_file *file;
    while ((file = bundle_at(job->bundle, (*at)++)) != NULL) {
        if (strncmp(file->name, folder, len) == 0) {
            assert(file->name[len] == '/'); /* check_names let no other one pass */
            return file;
        }
    }
    return NULL;
}

size_t evidence_count(const struct evidence_job *job, const char *folder)
{
    size_t at = 0;
    size_t count = 0;
    while (evidence_next(job, folder, &at) != NULL)
        count++;
    return count;
}

const struct bundle_file *evidence_beside(const struct evidence_job *job, const char *name,
                                          const char *folder, const char *ending)
{
    char other[2 * BUNDLE_NAME_MAX + 2];
    const char *stem = strchr(name, '/');
    const char *dot = strrchr(name, '.');
    assert(stem != NULL && dot != NULL && dot > stem); /* check_names let no other one pass */
    snprintf(other, sizeof other, "%s%.*s%s", folder, (int)(dot - stem), stem, ending);
    return bundle_find(job->bundle, other);
}

bool evidence_ends(const struct bundle_file *file, const char *ending)
{
    const size_t len = strlen(file->name);
    const size_t tail = strlen(ending);
    return len > tail && strcmp(file->name + len - tail, ending) == 0;
}

/* ---- what it is about ---- */

static bool take_text(const struct json *map, const char *key, char *out, size_t cap)
{
    const char *text = json_get_text(map, key);
    if (text == NULL || strlen(text) >= cap)
        return false;
    memcpy(out, text, strlen(text) + 1);
    return true;
}

static bool id_fits(const struct evidence *e)
{
    uint8_t id[HASH_LEN];
    if (strcmp(e->kind, "envelope") == 0)
        return hex_decode(e->id, id, HASH_LEN);
    return (strcmp(e->kind, "order") == 0 || strcmp(e->kind, "case") == 0) &&
           hex_decode(e->id, id, FRAME_ID_LEN);
}

static bool take_subject(const struct json *j, struct evidence *e)
{
    uint64_t format;
    return json_count(j) == 6 && json_uint(json_get(j, "format"), &format) &&
           format == FORMAT_NUMBER && take_text(j, "kind", e->kind, sizeof e->kind) &&
           take_text(j, "id", e->id, sizeof e->id) && take_text(j, "hub", e->hub, sizeof e->hub) &&
           take_text(j, "realm", e->realm, sizeof e->realm) &&
           json_uint(json_get(j, "exported_ms"), &e->exported_ms) && id_fits(e) &&
           member_is_hub(e->hub);
}

static enum err read_subject(struct evidence_job *job)
{
    static const char name[] = "bundle.json";
    struct json *j = NULL;
    const struct bundle_file *file = bundle_find(job->bundle, name);
    if (file == NULL)
        return evidence_bad(job, ERR_EVIDENCE, name, "it is missing");
    enum err err = json_parse(&j, file->bytes, name, NULL);
    const bool good = err == OK && take_subject(j, job->out);
    json_close(&j);
    if (!good)
        return evidence_bad(job, ERR_EVIDENCE, name, "format, kind, id, hub, realm or time");
    return strcmp(job->out->realm, job->anchor->realm) == 0
               ? OK
               : evidence_bad(job, ERR_REALM, name, "another realm than the anchor's");
}

/* ---- rule sets ---- */

/* SHA-256 over u16|name| ‖ name ‖ u32|bytes| ‖ bytes of each, sorted by name. */
static void add_rule_file(struct sha256 *s, const struct bundle_file *file)
{
    uint8_t len[4];
    const char *name = strrchr(file->name, '/') + 1;
    struct writer w = writer_of(len, sizeof len);
    write_uint(&w, strlen(name), 2);
    sha256_add(s, writer_span(&w));
    sha256_add(s, span_str(name));
    w = writer_of(len, sizeof len);
    write_uint(&w, file->bytes.len, 4);
    sha256_add(s, writer_span(&w));
    sha256_add(s, file->bytes);
}

static bool is_named_by_record(const struct evidence *e, const uint8_t hash[static HASH_LEN])
{
    for (size_t i = 0; i < e->leaf_count; i++) {
        if (memcmp(e->leaves[i].rule_set, hash, HASH_LEN) == 0)
            return true;
    }
    return false;
}

/* The sets that are here: files of one stand one after another. */
static enum err check_rules(const struct evidence_job *job)
{
    enum { PREFIX = sizeof "rules/" - 1, HASH_DIGITS = 16 };
    size_t at = 0;
    const struct bundle_file *file = evidence_next(job, "rules", &at);
    while (file != NULL) {
        struct sha256 s;
        uint8_t hash[HASH_LEN];
        char hex[2 * HASH_LEN + 1];
        const struct bundle_file *first = file;
        sha256_init(&s);
        while (file != NULL && strncmp(file->name, first->name, PREFIX + HASH_DIGITS + 1) == 0) {
            add_rule_file(&s, file);
            file = evidence_next(job, "rules", &at);
        }
        sha256_done(&s, hash);
        hex_encode(span_of(hash, sizeof hash), hex);
        if (strncmp(first->name + PREFIX, hex, HASH_DIGITS) != 0 ||
            !is_named_by_record(job->out, hash))
            return evidence_bad(job, ERR_EVIDENCE, first->name,
                                "not a rule set that a record names");
        job->out->rule_sets++;
    }
    return OK;
}

/* ---- which files may be here ---- */

/* Of the letters that a name may have behind its folder; 0: as many as it likes. */
struct names {
    const char *folder;
    const char *letters;
    size_t len;
    const char *ending[3];
};

#define DECIMAL "0123456789"
#define HEX     DECIMAL "abcdef"
#define WORDS   "abcdefghijklmnopqrstuvwxyz" DECIMAL ".-"

static bool is_of(const struct bundle_file *file, const struct names *names)
{
    const size_t folder = strlen(names->folder);
    const char *stem = file->name + folder;
    if (strncmp(file->name, names->folder, folder) != 0)
        return false;
    for (size_t i = 0; i < 3 && names->ending[i] != NULL; i++) {
        if (!evidence_ends(file, names->ending[i]))
            continue;
        const size_t len = strlen(stem) - strlen(names->ending[i]);
        assert(len > 0); /* no step of a name begins with a dot: bundle_lend */
        return strspn(stem, names->letters) >= len && (names->len == 0 || names->len == len);
    }
    return false;
}

/* "rules/<16 digits>/<name>.yaml" */
static bool is_rule(const char *name)
{
    enum { HASH_DIGITS = 16 };
    static const char folder[] = "rules/";
    const char *at = name + sizeof folder - 1;
    if (strncmp(name, folder, sizeof folder - 1) != 0 || strspn(at, HEX) != HASH_DIGITS ||
        at[HASH_DIGITS] != '/')
        return false;
    at += HASH_DIGITS + 1;
    const size_t len = strspn(at, "abcdefghijklmnopqrstuvwxyz_");
    return len > 0 && strcmp(at + len, ".yaml") == 0;
}

static bool is_known(const struct bundle_file *file)
{
    static const char *const alone[] = {
        "README.md",      "verify.py",      "anchor.yaml",        "bundle.json",
        "custody.json",   BUNDLE_MANIFEST,  "report.html",        "report.txt",
        "checkpoint.txt", "checkpoint.tsr", "tables/regions.csv", "tables/calendar.csv"};
    static const struct names kinds[] = {
        {"registry/", WORDS, 0, {".lsp", NULL}},
        {"registrars/", WORDS, 0, {".lsd", ".version"}},
        {"revocations/", WORDS, 0, {".lsd", NULL}},
        {"seen/", DECIMAL, 0, {".txt", ".path", ".tsr"}},
        {"log/", DECIMAL, EVIDENCE_INDEX_DIGITS, {".leaf", ".path"}},
        {"receipts/", DECIMAL, EVIDENCE_INDEX_DIGITS, {".lsr", NULL}},
        {"decisions/", DECIMAL, EVIDENCE_INDEX_DIGITS, {".bin", ".json"}},
        {"reads/", DECIMAL, EVIDENCE_INDEX_DIGITS, {".bin", NULL}},
        {"envelopes/", HEX, 2 * HASH_LEN, {".lse", ".json"}},
        {"documents/", HEX, 2 * HASH_LEN, {".lsd", NULL}},
        {"disclosed/", HEX "-", 2 * HASH_LEN + 2, {".dek", NULL}},
    };
    for (size_t i = 0; i < sizeof alone / sizeof alone[0]; i++) {
        if (strcmp(file->name, alone[i]) == 0)
            return true;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (is_of(file, &kinds[i]))
            return true;
    }
    return is_rule(file->name);
}

static enum err check_names(const struct evidence_job *job)
{
    const struct bundle_file *file;
    for (size_t i = 0; (file = bundle_at(job->bundle, i)) != NULL; i++) {
        if (!is_known(file))
            return evidence_bad(job, ERR_EVIDENCE, file->name, "no such file belongs to a bundle");
    }
    return OK;
}

/* ---- all of it ---- */

enum err evidence_verify(struct evidence_reader *reader, const struct bundle *bundle,
                         struct evidence **out, struct fault *fault)
{
    struct evidence_job job = evidence_job_of(reader, bundle, fault);
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return ERR_NO_MEMORY;
    job.out = *out;
    enum err err = check_names(&job);
    if (err == OK)
        err = bundle_check(bundle, fault);
    if (err == OK)
        err = read_subject(&job);
    if (err == OK)
        err = evidence_members(&job);
    if (err == OK)
        err = evidence_revocations(&job);
    if (err == OK)
        err = evidence_checkpoints(&job);
    if (err == OK)
        err = evidence_leaves(&job);
    if (err == OK)
        err = evidence_stamps(&job);
    if (err == OK)
        err = evidence_envelopes(&job);
    if (err == OK)
        err = evidence_documents(&job);
    if (err == OK)
        err = check_rules(&job);
    if (err != OK)
        evidence_close(out);
    return err;
}

void evidence_close(struct evidence **evidence)
{
    struct evidence *e = *evidence;
    if (e == NULL)
        return;
    for (size_t i = 0; e->documents != NULL && i < e->document_count; i++)
        free(e->documents[i].plain);
    free(e->registrars);
    free(e->revocations);
    free(e->doubts);
    free(e->stamps);
    free(e->members);
    free(e->leaves);
    free(e->envelopes);
    free(e->documents);
    free(e);
    *evidence = NULL;
}

enum err evidence_json(const pb_msgdesc_t *desc, const void *message, char **out, size_t *len)
{
    struct json *j = NULL;
    enum err err = json_from_message(&j, desc, message);
    if (err == OK)
        err = json_print(j, true, out, len);
    json_close(&j);
    return err;
}
