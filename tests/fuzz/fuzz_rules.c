/*
 * Target: ruleset_open, and through it the readers of its files; retention_open and volume_open,
 * whose files stand beside them.
 * Corpus: tests/fuzz/corpus/rules, written by hand; the other files of the set are hub/policy/rules
 * (FUZZ_RULES). Input: u8 file ‖ its text; or u8 128 + file ‖ old ‖ 0 ‖ new ‖ 0 ‖ old …: the file
 * as it is shipped, with the first `old` in it replaced, each after the other. So an input is
 * small, and says what it is about.
 *
 * Holds for every input: a set that is refused says why, with the file and a sentence; one that
 * loads has a name.
 */
#include "fuzz/scratch_file.h"

#include "base/file.h"
#include "policy/retention.h"
#include "policy/ruleset.h"
#include "policy/volume.h"

#include <string.h>

/* Inputs count them: new ones go to the end. */
static const char *const FILES[] = {"bases.yaml",     "cases.yaml", "clocks.yaml",   "credit.yaml",
                                    "gates.yaml",     "lists.yaml", "measures.yaml", "rules.yaml",
                                    "retention.yaml", "volume.yaml"};
enum { FILES_COUNT = sizeof FILES / sizeof *FILES, FILE_BYTES_MAX = 1 << 20, EDITED = 128 };

/* A file of the set as it is shipped. */
static struct span shipped(size_t i)
{
    static struct span texts[FILES_COUNT]; /* kept: the fuzzer calls us a million times */
    char from[SCRATCH_PATH_MAX];
    uint8_t *data;
    size_t len;
    if (texts[i].data != NULL)
        return texts[i];
    int n = snprintf(from, sizeof from, "%s/%s", FUZZ_RULES, FILES[i]);
    must(n > 0 && (size_t)n < sizeof from);
    must(file_read(from, FILE_BYTES_MAX, 0, &data, &len, NULL) == OK);
    texts[i] = span_of(data, len);
    return texts[i];
}

static void restore(size_t i)
{
    char to[SCRATCH_PATH_MAX];
    scratch_path(to, FILES[i]);
    scratch_write(to, shipped(i));
}

static struct span edited(size_t i, struct span edits)
{
    static uint8_t room[2][FILE_BYTES_MAX];
    struct span text = shipped(i);
    size_t used = 0;
    while (edits.len > 0) {
        const struct span old = until_zero(&edits);
        const struct span new = until_zero(&edits);
        const uint8_t *at = old.len == 0 ? NULL : memmem(text.data, text.len, old.data, old.len);
        if (at == NULL || text.len - old.len + new.len > FILE_BYTES_MAX)
            continue;
        struct writer w = writer_of(room[used++ % 2], FILE_BYTES_MAX);
        const size_t before = (size_t)(at - text.data);
        write_bytes(&w, text.data, before);
        write_span(&w, new);
        write_bytes(&w, at + old.len, text.len - before - old.len);
        text = writer_span(&w);
    }
    return text;
}

/* The set, or the file beside it. */
static enum err load(const char *file, struct ruleset_faults *faults)
{
    struct retention *retention = NULL;
    struct volume *volume = NULL;
    struct ruleset *rs = NULL;
    enum err err;
    if (strcmp(file, "retention.yaml") == 0)
        err = retention_open(&retention, scratch_dir(), faults);
    else if (strcmp(file, "volume.yaml") == 0)
        err = volume_open(&volume, scratch_dir(), faults);
    else
        err = ruleset_open(&rs, scratch_dir(), faults);
    must(rs == NULL || ruleset_name(rs)[0] != '\0');
    retention_close(&retention);
    volume_close(&volume);
    ruleset_close(&rs);
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static bool restored;
    static struct ruleset_faults faults;
    char path[SCRATCH_PATH_MAX];
    if (len < 1)
        return 0;
    for (size_t i = 0; !restored && i < FILES_COUNT; i++)
        restore(i);
    restored = true;
    const size_t file = data[0] % EDITED % FILES_COUNT;
    const struct span text = span_of(data + 1, len - 1);
    scratch_path(path, FILES[file]);
    scratch_write(path, data[0] >= EDITED ? edited(file, text) : text);
    if (not_internal(load(FILES[file], &faults)) != OK)
        must(faults.count > 0 && faults.total >= faults.count && faults.fault[0].where[0] != '\0');
    restore(file);
    return 0;
}
