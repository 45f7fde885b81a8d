/*
 * install - a release that two officials have signed (keys/release.h), put in the place of the one
 * that is installed, whole or not at all. U-04
 *
 *   FROM/release.txt, FROM/bin/…  ──>  INTO/.staging/…  ──>  INTO/12/…  <── INTO/current ── bin
 * links
 *
 * Guarantees:
 *   1. Nothing is written before the list is signed as release_open asks, and its version is higher
 *      than that of INTO/current: an older one, and another one of the same version, are
 *      ERR_RELEASE_OLD; the very same one is ERR_REPEAT.
 *   2. What is installed are the bytes whose hash stands in the list; any other file is
 *      ERR_RELEASE_FILE, and one that is not in the list is not installed.
 *   3. INTO/current changes by one rename, when everything is on disk. Ended before that, by an
 *      error or by force, the old release stays; what was begun is removed, at the latest next
 * time.
 *
 * Thread rule: no state.
 */
#ifndef CLI_INSTALL_H
#define CLI_INSTALL_H

#include "keys/release.h"

struct install {
    const struct release_reader *reader;
    const char *from;
    const char *into; /* exists */
};

/* *version of the release, when it could be read. */
MUST_USE enum err install_release(const struct install *what, uint64_t *version,
                                  struct fault *fault);

#endif
