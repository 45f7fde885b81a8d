/* Sanction documents as text, made from what differs between them; what is the same in each is
 * invented once. Those that never differ stand in texts.h. */
#ifndef TESTS_PAPERS_H
#define TESTS_PAPERS_H

#include <stddef.h>
#include <stdint.h>

enum { PAPER_MAX = 4096 };

struct paper {
    const char *subject; /* JSON */
    const char *persons; /* JSON, between the brackets; NULL: none */
    const char *order_id;
    uint32_t version; /* 0: 1 */
    const char *list;
    const char *trigger;
    const char *severity;
    const char *number;   /* of the decision; NULL: an invented one */
    const char *decided;  /* date of decision and service */
    const char *start;    /* NULL: decided */
    const char *max;      /* NULL or "": no end */
    const char *repair;   /* earliest date; NULL: none */
    const char *noticed;  /* prior notice; NULL: decided */
    const char *act_date; /* NULL: not said */
};

/* Body of a sanction.order. */
void paper_order(const struct paper *paper, char out[static PAPER_MAX]);
/* Body of a sanction.lift, annul, suspend, resume or restore: subject, order, version, number and
 * decided are looked at. */
void paper_change(const struct paper *paper, char out[static PAPER_MAX]);

#endif
