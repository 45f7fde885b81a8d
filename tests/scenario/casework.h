/* Sentences about cases: a step of one is sent, the card says where it stands, the hub tells. */
#ifndef TESTS_CASEWORK_H
#define TESTS_CASEWORK_H

#include "scenario/ledgerbook.h"
#include "scenario/texts.h"
#include "scenario/world.h"

#include "keys/attachment.h"

#define CASE_MARKET "market.445100"
#define CASE_POLICE "police.445100"
#define CASE_PP     "procuratorate.445100"

/* One step; what is NULL is left out. It happens now. */
struct work {
    const char *from;
    const char *to[4];
    const char *type; /* of the catalogue */
    const char *transition;
    const char *outcome;
    const char *owner;
    const char *papers; /* JSON: "\"D04\",\"D05\"" */
    const char *more;   /* JSON behind it: ",\"trigger\":\"DL118\"" */
    const char *id;     /* NULL: CASE_ID */
    const lianshu_ManifestFile *file;
    int ago_h; /* how long ago it happened */
};

/* Send it; the code of the receipt, 0 when it is accepted. */
uint32_t work_send(struct world *w, const struct work *step);
/* The same, and it is accepted. */
void work_take(struct world *w, const struct work *step);
/* As a mail, for what the world sends itself: borrowed until the next call. */
struct mail work_mail(struct world *w, const struct work *step);

/* A file of eight bytes for a step (work.file); *fd and what is returned are the caller's to close.
 */
struct attachment *work_file(struct world *w, lianshu_ManifestFile *file, int *fd);
/* Its chunks first, then the step, which is accepted. */
void work_send_file(struct world *w, const struct work *step, struct attachment *a);

/* From market to police: referred, and taken. */
extern const struct work WORK_REFERRED, WORK_TAKEN, WORK_FILED, WORK_NOT_FILED;

/* The card of CASE_ID; for the caller to close. */
struct json *work_card(struct world *w);
/* A text of the card; borrowed until the next call. */
const char *work_says(struct world *w, const char *key);
/* The clock of that code, newest first; "running", "stopped", "suspended", or "" */
const char *work_clock(struct world *w, const char *code, const char *key);
/* Notices of that kind about that clock or rule ("": any) that a member has. */
size_t work_told(struct world *w, const char *member, lianshu_HubNoticeKind kind, const char *rule);

/* A table of a scenario, each row of which begins with the code of a clock. */
struct casework_rows {
    const void *first;
    size_t count;
    size_t size; /* of a row */
};
#define CASEWORK_ROWS(table)                                                                       \
    {                                                                                              \
        (table), T_COUNT(table), sizeof(table)[0]                                                  \
    }
/* Does a row of one of these tables begin with this code? */
bool casework_has_clock(const struct casework_rows *tables, size_t count, const char *clock);

#endif
