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

/* Chinese for a key or state word; NULL when there is none. */
const char *word_zh(const char *word);

/* Columns that UTF-8 text takes. */
size_t words_width(const char *text);

#endif
