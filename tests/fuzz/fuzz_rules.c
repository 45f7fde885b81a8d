/*
 * Target: ruleset_open, and through it the readers of its files.
 * Corpus: tests/fuzz/corpus/rules; the other files of the set are hub/policy/rules (FUZZ_RULES).
 * Input: u8 file ‖ its text; or u8 128 + file ‖ old ‖ 0 ‖ new ‖ 0 ‖ old …: the file as it is
 * shipped, with the first `old` in it replaced, each after the other. So an input is small, and
 * says what it is about.
 *
 * Holds for every input: a set that is refused says why, with the file and a sentence; one that
 * loads has a name.
 */
#include "fuzz/scratch_file.h"

#include "base/file.h"
#include "policy/ruleset.h"

#include <string.h>

static const char *const FILES[] = {"bases.yaml", "cases.yaml", "clocks.yaml",   "credit.yaml",
                                    "gates.yaml", "lists.yaml", "measures.yaml", "rules.yaml"};
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

/* What stands before the next 0, which is passed over. */
static struct span until_zero(struct span *rest)
{
    struct span word = *rest;
    const uint8_t *zero = rest->len == 0 ? NULL : memchr(rest->data, 0, rest->len);
    if (zero != NULL)
        word.len = (size_t)(zero - rest->data);
    const size_t past = word.len + (zero != NULL);
    *rest = span_of(rest->data + past, rest->len - past);
    return word;
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static bool restored;
    static struct ruleset_faults faults;
    char path[SCRATCH_PATH_MAX];
    struct ruleset *rs = NULL;
    if (len < 1)
        return 0;
    for (size_t i = 0; !restored && i < FILES_COUNT; i++)
        restore(i);
    restored = true;
    const size_t file = data[0] % EDITED % FILES_COUNT;
    const struct span text = span_of(data + 1, len - 1);
    scratch_path(path, FILES[file]);
    scratch_write(path, data[0] >= EDITED ? edited(file, text) : text);
    if (not_internal(ruleset_open(&rs, scratch_dir(), &faults)) == OK)
        must(ruleset_name(rs)[0] != '\0');
    else
        must(faults.count > 0 && faults.total >= faults.count && faults.fault[0].where[0] != '\0');
    ruleset_close(&rs);
    restore(file);
    return 0;
}
