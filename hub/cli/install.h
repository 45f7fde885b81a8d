/*
 * install - a release that two officials have signed (keys/release.h) and that is an entry of the
 * log (keys/release_log.h), put in the place of the one that is installed, whole or not at all.
 * U-04
 *
 *   FROM/release.txt, release.txt.tlog-proof, bin/…  ──>  INTO/.staging/…  ──>  INTO/12/…
 *                                                                 links: bin ──> INTO/current ──┘
 *
 * Guarantees:
 *   1. Nothing is written before the list is signed as release_open asks, its proof beside it shows
 *      that it is an entry of the log (release_proven; no proof: ERR_RELEASE_LOG), and its version
 *      is higher than that of INTO/current: an older one, and another one of the same version, are
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

#include "keys/release_log.h"

#define INSTALL_LIST "release.txt"

struct install {
    const struct release_reader *reader;
    const struct witness_policy *policy;
    const char *from;
    const char *into; /* exists */
};

struct installed {
    uint64_t version; /* of the release, when it could be read */
    struct release_place place;
};
MUST_USE enum err install_release(const struct install *what, struct installed *out,
                                  struct fault *fault);

#endif
