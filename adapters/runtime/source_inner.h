/* What the files of the directory source share. */
#ifndef ADAPTERS_RUNTIME_SOURCE_INNER_H
#define ADAPTERS_RUNTIME_SOURCE_INNER_H

#include "adapters/runtime/csv.h"
#include "adapters/runtime/source.h"
#include "adapters/sdk/tables.h"
#include "keys/hash.h"

#include <dirent.h>

enum { STORED_MAX = SOURCE_NAME_MAX + 24 };

enum source_state { SOURCE_TAKEN = 1, SOURCE_REFUSED = 2, SOURCE_REFUSED_BY_HUB = 3 };

enum source_sql {
    SOURCE_SQL_FIND,
    SOURCE_SQL_STORED,
    SOURCE_SQL_PUT,
    SOURCE_SQL_MESSAGE,
    SOURCE_SQL_AGAIN,
    SOURCE_SQL_UNMOVED,
    SOURCE_SQL_MOVED,
    SOURCE_SQL_CHANGED,
    SOURCE_SQL_DUE,
    SOURCE_SQL_SHOWN,
    SOURCE_SQL_REFUSE,
    SOURCE_SQL_MESSAGES,
    SOURCE_SQL_RECEIPTS,
    SOURCE_SQL_ASKED,
    SOURCE_SQL_ROOT,
    SOURCE_SQL_COUNT,
};

struct source {
    struct source_options o;
    struct stmt *sql[SOURCE_SQL_COUNT];
    int inotify;
    DIR *dir;   /* of a scan under way */
    bool again; /* something came while scanning */
    struct report report;
    struct draft *draft;
    unsigned lines[CSV_ROWS_MAX];
    uint64_t show_ms; /* not before this */
    bool changed;     /* something may be due to be shown */
    char own_region[7];
    const char *taking; /* the file being taken; NULL: none */
    uint64_t noted_ms;  /* when progress.json was written */
};

/* One file being taken. */
struct intake {
    char name[SOURCE_NAME_MAX + 1];
    uint8_t digest[HASH_LEN];
    uint64_t attempt;
    struct json *records; /* list; owned */
    const char *kind;     /* of CSV rows; NULL: each says so */
    bool csv, single;
    uint8_t *document; /* LSD1 of a file that is a signed document; owned; NULL: records */
    size_t document_len;
    bool preview;       /* its records are asked about, not sent */
    bool act;           /* the document decides on what is held here; it is sent to nobody */
    bool record;        /* the document is a key record of this member, for the hub's registry */
    struct json *files; /* list of attachment paths; owned */
};

extern const char *const source_sql_text[SOURCE_SQL_COUNT];

/* Read and parse; problems go to source->report. RETRY and worse are returned. */
MUST_USE enum err source_read(struct source *s, struct intake *in);
void intake_fini(struct intake *in);
/* Every record: map, check, and when `send`, stage. */
MUST_USE enum err source_records(struct source *s, struct intake *in, bool send, uint64_t file_id,
                                 uint64_t now_ms);

#endif
