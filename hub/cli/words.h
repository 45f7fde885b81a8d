/*
 * words - what the hub's JSON words are called for people, and how wide text is on a terminal.
 *
 * Guarantees: a word that is not in the table is answered as NULL and printed as it stands; width
 * counts East Asian wide characters as two columns.
 * Thread rule: const tables only.
 */
#ifndef CLI_WORDS_H
#define CLI_WORDS_H

#include <stddef.h>
#include <stdint.h>

/* Chinese for a key, and for a word that stands as a value (a state); NULL when there is none. One
 * word may be both: `lift_due` is a date as a key, and a state. */
const char *word_label(const char *key);
const char *word_value(const char *value);

/* "must", "consider", "notify" for lianshu_Force; "none" for anything else. */
const char *force_word(uint32_t force);

/* Columns that UTF-8 text takes. */
size_t words_width(const char *text);

#endif
