/* A realm whose registrar has one below it, and that one another: they vouch for members and revoke
 * their keys, in a bundle of evidence. */
#ifndef TESTS_DELEGATION_H
#define TESTS_DELEGATION_H

#include "scenario/evidencebook.h"

#include "wire.pb.h"

enum { PAPER_MAX = 8 << 10 };

#define SENDER "market.445100" /* the city's; everybody else is the realm's */

/* One official each, and its appointment. */
struct office {
    const char *member;
    struct key *key;
    uint8_t document[PAPER_MAX];
    size_t len;
};

extern struct office delegation_realm, delegation_province, delegation_city;

struct span delegation_paper(const struct office *o);
/* By an office; NULL: by the root. */
void delegation_appoint(struct book *b, struct office *o, const struct office *by,
                        const uint8_t *types);
/* Whatever its officials call a document of that type; of the next one it is no more. */
struct span delegation_called(struct book *b, const struct office *by, lianshu_DocumentType type,
                              const pb_msgdesc_t *desc, const void *body);
/* Of the sender's key, said to be that member's. */
struct span delegation_revocation(struct book *b, const struct office *by, const char *member,
                                  uint64_t number);
/* The sender's act, then the revocation of its key by the registrar that registered it, as `b`. */
void delegation_export(struct book *b);
/* Of book_close: and the keys of the offices. */
int delegation_close(void **state);

#endif
