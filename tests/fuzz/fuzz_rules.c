/*
 * Target: ruleset_open, and through it the readers of its files.
 * Corpus: tests/fuzz/corpus/rules; the other files of the set are hub/policy/rules (FUZZ_RULES).
 * Input: u8 file ‖ its text.
 *
 * Holds for every input: a set that is refused says why, with the file and a sentence; one that
 * loads has a name.
 */
#include "fuzz/scratch_file.h"

#include "base/file.h"
#include "policy/ruleset.h"

static const char *const FILES[] = {"bases.yaml", "cases.yaml", "clocks.yaml",   "credit.yaml",
                                    "gates.yaml", "lists.yaml", "measures.yaml", "rules.yaml"};
enum { FILES_COUNT = sizeof FILES / sizeof *FILES, FILE_BYTES_MAX = 1 << 20 };

/* A file of the set as it is shipped. */
static void restore(size_t i)
{
    char from[SCRATCH_PATH_MAX];
    char to[SCRATCH_PATH_MAX];
    uint8_t *data;
    size_t len;
    int n = snprintf(from, sizeof from, "%s/%s", FUZZ_RULES, FILES[i]);
    must(n > 0 && (size_t)n < sizeof from);
    must(file_read(from, FILE_BYTES_MAX, 0, &data, &len, NULL) == OK);
    scratch_path(to, FILES[i]);
    scratch_write(to, span_of(data, len));
    free(data);
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
    const size_t file = data[0] % FILES_COUNT;
    scratch_path(path, FILES[file]);
    scratch_write(path, span_of(data + 1, len - 1));
    if (not_internal(ruleset_open(&rs, scratch_dir(), &faults)) == OK)
        must(ruleset_name(rs)[0] != '\0');
    else
        must(faults.count > 0 && faults.total >= faults.count && faults.fault[0].where[0] != '\0');
    ruleset_close(&rs);
    restore(file);
    return 0;
}
