/* What the files of the report share. Inside hub/cli only. */
#ifndef CLI_EVIDENCE_REPORT_H
#define CLI_EVIDENCE_REPORT_H

#include "cli/evidence_reading.h"

#include <stdio.h>

struct paper {
    FILE *html;
    FILE *text;
    const struct reading *reading;
};

/* The value as text of HTML. */
void report_html(const struct paper *p, const char *value);
void report_section(const struct paper *p, const char *zh, const char *en);
/* One line of a table of two columns. */
void paper_line(const struct paper *p, const char *zh, const char *en, const char *value);
/* One row: a head, and what is said of it in both languages. */
void report_row(const struct paper *p, const char *head, const char *zh, const char *en);

/* Of a case: what took effect, what did not and why. evidence_case.c */
void report_steps(const struct paper *p);
/* By messages and by obligations. evidence_parties.c */
/* ERR_NO_MEMORY: a report without all of it is none. */
MUST_USE enum err report_parties(const struct paper *p);
/* What was decided, under which rule, in words; then every entry in the order of the log.
 * evidence_course.c */
void report_decisions(const struct paper *p);
void report_course(const struct paper *p);
/* States of obligations by their numbers: PROTOCOL 8. */
const char *duty_state_zh(uint32_t state);
const char *duty_state_en(uint32_t state);

#endif
