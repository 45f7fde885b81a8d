#include "store/bloom.h"

#include <stdlib.h>
#include <string.h>

enum { PROBES = 4 };

_Static_assert(PROBES * sizeof(uint32_t) == STORE_TOKEN_LEN, "every word is a probe");

enum err bloom_open(struct bloom *b, uint64_t rows)
{
    uint64_t bits = BLOOM_BITS_MIN;
    while (bits < BLOOM_BITS_EACH * rows && bits < BLOOM_BITS_MAX)
        bits *= 2;
    *b = (struct bloom){.bits = calloc(1, bits / 8), .mask = (uint32_t)(bits - 1)};
    return b->bits == NULL ? ERR_NO_MEMORY : OK;
}

void bloom_close(struct bloom *b)
{
    free(b->bits);
    b->bits = NULL;
}

static uint32_t bit_of(const struct bloom *b, const uint8_t *token, unsigned probe)
{
    uint32_t word;
    memcpy(&word, token + probe * sizeof word, sizeof word);
    return word & b->mask;
}

void bloom_add(struct bloom *b, const uint8_t token[static STORE_TOKEN_LEN])
{
    for (unsigned i = 0; i < PROBES && b->bits != NULL; i++) {
        const uint32_t bit = bit_of(b, token, i);
        b->bits[bit / 8] |= (uint8_t)(1u << bit % 8);
    }
}

bool bloom_may(const struct bloom *b, const uint8_t token[static STORE_TOKEN_LEN])
{
    bool may = true;
    for (unsigned i = 0; i < PROBES && b->bits != NULL && may; i++) {
        const uint32_t bit = bit_of(b, token, i);
        may = (b->bits[bit / 8] >> bit % 8 & 1) != 0;
    }
    return may;
}
