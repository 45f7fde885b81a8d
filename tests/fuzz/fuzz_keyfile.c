/*
 * Target: keyfile_read.
 * Corpus: tests/fuzz/corpus/keyfile: key files of the least cost.
 *
 * Holds for every input: a refusal is a refusal of input; what opens has an owner and keys.
 * Inputs that ask for much memory within the bounds would only cost time and are left out.
 */
#include "fuzz/scratch_file.h"

#include "keys/init.h"
#include "keys/keyfile.h"

enum { COST_MAX = 64 << 10, HEAD_LEN = 4 + 2 + 4 + 8 };

static bool costly(struct span in)
{
    struct span head;
    uint64_t ops;
    uint64_t memory;
    return span_take(&in, 6, &head) && span_take_uint(&in, 4, &ops) &&
           span_take_uint(&in, 8, &memory) && memory > COST_MAX && memory <= KEYFILE_MEMORY_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char path[SCRATCH_PATH_MAX];
    struct passphrase *passphrase;
    struct keyring *ring = NULL;
    struct fault fault = {.err = OK};
    must(keys_init() == OK);
    if (costly(span_of(data, len)))
        return 0;
    must(passphrase_of(&passphrase, span_str("correct horse battery")) == OK);
    scratch_path(path, "key");
    scratch_write(path, span_of(data, len));
    if (not_internal(keyfile_read(&ring, path, passphrase, &fault)) == OK)
        must(keyring_owner(ring)[0] != '\0');
    keyring_close(&ring);
    passphrase_close(&passphrase);
    return 0;
}
