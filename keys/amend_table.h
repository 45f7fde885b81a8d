/*
 * amend_table - the amendments that a registry holds. Internal to keys/. Thread rule: amend.h.
 */
#ifndef KEYS_AMEND_TABLE_H
#define KEYS_AMEND_TABLE_H

#include "keys/amend.h"

struct amendments {
    size_t count;
    struct amendment *rows;      /* owns AMEND_MAX, and the bytes of each */
    uint8_t (*sorted)[HASH_LEN]; /* owns AMEND_MAX: the hashes, rising */
    uint8_t digest[HASH_LEN];    /* of those */
    uint32_t keys_added;         /* behind registry.keys[key_count] */
    struct verifier *verifier;   /* owns */
    lianshu_Document *document;  /* owns: the one being read */
    struct twice *twice;         /* owns: of the last ERR_NUMBER_TWICE */
};

/* Room for them, at the first. amend_rows.c */
MUST_USE enum err amendments_need(struct registry *registry);
void amendments_fini(struct registry *registry);
/* Is one with this hash among them? */
bool amendments_hold(const struct amendments *a, const uint8_t hash[static HASH_LEN]);
/* Add a row; its lsd1 is copied. ERR_NO_MEMORY, ERR_TOO_LARGE. */
MUST_USE enum err amendments_add(struct amendments *a, const struct amendment *row,
                                 const struct amendment **out);

#endif
