/*
 * bundle - the files of an evidence bundle, as a set: made, listed, packed and unpacked.
 *
 *   making     bundle_open -> bundle_add* -> bundle_seal -> bundle_tar, or each file to a directory
 *   verifying  bundle_untar, or bundle_open -> bundle_lend* of a directory -> bundle_check
 *
 * A bundle is a set of plain files, and `manifest.sha256` (the form of sha256sum) is the list of
 * all others. Packed it is a tar archive of POSIX (ustar): the files alone, sorted by name, modes
 * 0644, owners and times 0, so that the same files give the same bytes.
 *
 * Guarantees:
 *   1. bundle_check is OK only when the manifest names every other file once, sorted, with the
 *      SHA-256 of its bytes, and nothing else; *fault names the first file that differs.
 *   2. bundle_untar accepts exactly what bundle_tar writes.
 *   3. A name is at most BUNDLE_NAME_MAX characters of [A-Za-z0-9._/-] in at most three steps, none
 * of which begins with a dot: no name leads out of the directory it is unpacked in.
 *
 * Errors: ERR_EVIDENCE (814) with the file in *fault, ERR_EXISTS, ERR_TOO_LARGE, ERR_NO_MEMORY,
 * ERR_FIELD_VALUE (a name). Ownership: bundle_add copies, bundle_lend and bundle_untar borrow.
 * Bounds: below. Thread rule: one thread. PROTOCOL.md 16.
 */
#ifndef KEYS_BUNDLE_H
#define KEYS_BUNDLE_H

#include "keys/hash.h"

#include <stdbool.h>

enum {
    BUNDLE_FILES_MAX = 16384,
    BUNDLE_NAME_MAX = 99,
    BUNDLE_FILE_MAX = 4 << 20,   /* bytes of one file */
    BUNDLE_BYTES_MAX = 256 << 20 /* of all of them */
};

#define BUNDLE_MANIFEST "manifest.sha256"

struct bundle;

struct bundle_file {
    char name[BUNDLE_NAME_MAX + 1];
    struct span bytes;
    uint8_t *own; /* owns; NULL: lent */
};

MUST_USE enum err bundle_open(struct bundle **out);
void bundle_close(struct bundle **bundle);

MUST_USE enum err bundle_add(struct bundle *bundle, const char *name, struct span bytes);
/* The same without a copy: the bytes live as long as the bundle. */
MUST_USE enum err bundle_lend(struct bundle *bundle, const char *name, struct span bytes);
/* Take a file out, if it is there. */
void bundle_drop(struct bundle *bundle, const char *name);

size_t bundle_count(const struct bundle *bundle);
/* Sorted by name. */
const struct bundle_file *bundle_at(const struct bundle *bundle, size_t index);
/* NULL: no such file. */
const struct bundle_file *bundle_find(const struct bundle *bundle, const char *name);

/* Make the manifest, anew when there is one. */
MUST_USE enum err bundle_seal(struct bundle *bundle);
MUST_USE enum err bundle_check(const struct bundle *bundle, struct fault *fault);

size_t bundle_tar_len(const struct bundle *bundle);
/* Append the archive; a writer of bundle_tar_len bytes holds it. */
void bundle_tar(const struct bundle *bundle, struct writer *w);
/* The archive is borrowed until bundle_close. */
MUST_USE enum err bundle_untar(struct bundle **out, struct span tar, struct fault *fault);

#endif
