/* What the files of the report share. Inside hub/cli only. */
#ifndef CLI_EVIDENCE_REPORT_H
#define CLI_EVIDENCE_REPORT_H

#include "cli/evidence.h"
#include "policy/ruleset.h"

#include <stdio.h>

/* Rule sets of the bundle, opened for their names and articles. */
enum { RULES_SHOWN_MAX = 4 };
struct rules_shown {
    size_t count;
    struct ruleset *set[RULES_SHOWN_MAX]; /* owns */
};
void report_rules_open(struct rules_shown *out, const struct bundle *bundle);
void report_rules_close(struct rules_shown *rules);
/* NULL: not in the bundle. */
const struct ruleset *report_rules(const struct rules_shown *rules,
                                   const uint8_t hash[static RULESET_HASH_LEN]);

struct paper {
    FILE *html;
    FILE *text;
    const struct rules_shown *rules;
};

/* The value as text of HTML. */
void report_html(const struct paper *p, const char *value);
void report_section(const struct paper *p, const char *zh, const char *en);
/* One line of a table of two columns. */
void paper_line(const struct paper *p, const char *zh, const char *en, const char *value);

/* What happened, in the order of the log. evidence_course.c */
void report_course(const struct paper *p, const struct evidence *e);

#endif
