/* A hub of one process behind its control socket, an official at a terminal, and a bundle between
 * them that somebody changes. */
#ifndef TESTS_EVIDENCEBOOK_H
#define TESTS_EVIDENCEBOOK_H

#include "scenario/world.h"

#include "unit/terminal.h"

struct book {
    struct world *world;
    struct terminal *terminal; /* its directory has anchor.yaml of the world */
    uint64_t script_ms;        /* what the last run of the script took */
    bool all;                  /* the script is run for each change, not for a sample */
};

int book_open(void **state);
int book_close(void **state);

/* From now on a child answers at `control`, as the world is now. */
void book_serve(struct book *b);
/* The checkpoint of now. */
void book_keep_checkpoint(struct book *b, const char *path);
/* The archive of rule sets that a hub of this world would have. */
void book_archive_rules(struct book *b, const char *dir);
/* Of the same realm, with a root that nobody knows. */
void book_other_anchor(struct book *b, const char *path);

/* The bundle of a referral that the police have not taken yet, so that its frame is still with the
 * hub. */
void book_export_referral(struct book *b, const char *out);

/* verify.py of the tree in an empty environment; its exit code. */
int book_script(struct book *b, const char *bundle, const char *anchor);
/* With root certificates of time-stamping authorities (NULL: without). */
int book_script_roots(struct book *b, const char *bundle, const char *anchor, const char *roots);
/* The exit code of `openssl ts -verify` of the one stamp of a bundle, as its README says it. */
int book_openssl_ts(const char *dir, const char *roots);
/* That stamp is replaced, and the list is made anew. */
void book_replace_stamp(const char *dir, const char *answer);

/* What `evidence disclose` of this member writes of the envelope that was made last: its frame, and
 * the key of a part. */
void book_disclose(struct book *b, const char *dir, const char *member, unsigned part);
/* The one key there is said to be of that part. */
void book_rename_key(struct book *b, const char *dir, unsigned part);

char *book_read(const char *path, size_t *len);

/* One byte of each file is changed and changed back: both verifiers refuse it and name the file.
 * How many. With BOOK_LIST_FITS the list is made anew, and what is there for reading only is left
 * out. The script, which is slow, is run for a sample of them: with `all`, for each (of files whose
 * list fits again, for one of each kind). */
enum { BOOK_LIST_FITS = 1 };
size_t book_flip_each(struct book *b, const char *dir, unsigned flags);
/* The same with one file, whose list fits again. */
void book_flip(struct book *b, const char *dir, const char *name);
/* The list is made anew. */
void book_fit(const char *dir);
/* One file more or another, and the list stays. */
void book_put_file(const char *dir, const char *name, struct span bytes);
/* The same files at another place, where a bundle of the same may be. */
void book_copy(const char *from, const char *to);
/* One file more, and the list is made anew. */
void book_add_file(const char *dir, const char *name, struct span bytes);
/* Two entries of the log change their paths, and the list is made anew. */
void book_swap_paths(struct book *b, const char *dir);
/* Two neighbours of the log change places, each with its path. */
void book_move_leaf(struct book *b, const char *dir);

#endif
