/* Whoever has the keys of root and registrar vouches for other records than those that the bundle
 * in `b/` has. */
#ifndef TESTS_REREGISTER_H
#define TESTS_REREGISTER_H

#include "scenario/evidencebook.h"

#include "wire.pb.h"

struct reregister {
    const char *member; /* the registrar; NULL: the world's */
    const uint8_t *types;
    uint64_t version; /* 0: 9 */
    bool same_office; /* its appointment is that of the last time */
    void (*change)(lianshu_MemberRecord *record, void *ctx); /* NULL: nothing */
    void *ctx;
};

/* Each record is changed and stands in the bundle again, and the list is made anew. */
void reregister(struct book *b, const struct reregister *how);

#endif
