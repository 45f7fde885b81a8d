/* corpus_files - what make_corpus needs of keys, proofs and files of the tree. */
#ifndef FUZZ_CORPUS_FILES_H
#define FUZZ_CORPUS_FILES_H

#include "base/span.h"

/* Writes of the i-th sample its name, its target and its bytes (behind the byte that picks a
 * loader, where the target has one); false behind the last. `tree` is the project's folder. */
bool corpus_file(size_t i, const char *tree, const char **target, const char **name,
                 struct writer *w);

#endif
