/*
 * mirror_paper - a hub's pages on paper: a chain that is right unless the test spoils it.
 *
 * paper_begin starts a generation; paper_page makes its next page with the rows put before. Rows
 * are of the companies paper_company(i), whose tokens it makes with the generation's key.
 */
#ifndef TESTS_UNIT_MIRROR_PAPER_H
#define TESTS_UNIT_MIRROR_PAPER_H

#include "keys/mirror.h"
#include "mirror.pb.h"

enum { PAPER_BODY_MAX = 61440 };

struct paper {
    const char *member;
    uint8_t adapter[MIRROR_ADAPTER_LEN];
    uint64_t now_ms;
    uint64_t generation, size, count, page;
    uint8_t key[MIRROR_KEY_LEN];
    uint8_t head[HASH_LEN];
    struct mirror_tokens *tokens;
    lianshu_MirrorUpdate update; /* the page being made, then the last one */
    uint8_t body[PAPER_BODY_MAX];
    size_t body_len;
};

/* A valid USCC; i below 10,000. In static memory that eight calls later is another's. */
const char *paper_company(unsigned i);

void paper_begin(struct paper *p, uint64_t generation);
void paper_end(struct paper *p);
/* Put a row on the page to be made. */
lianshu_MirrorRow *paper_row(struct paper *p, uint64_t number, const char *company, bool ended);
/* to_size: of the log after it. The result is p->body; p moves on. */
struct span paper_page(struct paper *p, uint64_t to_size, bool last);
/* The page in p->update again, after a test has changed it: head and encoding. */
struct span paper_again(struct paper *p);

#endif
