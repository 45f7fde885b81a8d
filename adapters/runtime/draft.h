/*
 * draft - a canonical JSON document, checked and turned into the bytes that sdk_send takes.
 *
 *   {"type":"…", "to":["hub","market"], "facts":{…}, "sealed":{…},
 *    "attachments":[{"file":"a.pdf","name":"…","role":"D04","media_type":"…"}],
 *    "basis":["DL116"], "purpose":"…", "conversation":"<32 hex>", "in_reply_to":"<64 hex>"}
 *
 * A destination is a member id or a department of the own region. Without `conversation`, the
 * order or case that the facts name is the conversation.
 *
 * Guarantees:
 *   1. Every problem is reported with the department's field name, and no value.
 *   2. Bodies are complete and plausible as body_validate has it, and canonical.
 *   3. Attachment paths stay inside source/: no root, no "..", no hidden names, one folder at most.
 *
 * Thread rule: plain values.
 */
#ifndef ADAPTERS_RUNTIME_DRAFT_H
#define ADAPTERS_RUNTIME_DRAFT_H

#include "adapters/runtime/map.h"
#include "adapters/sdk/sdk.h"
#include "catalogue.h"
#include "ident.h"

enum { DRAFT_PATH_MAX = 256 };

struct draft_file {
    char path[DRAFT_PATH_MAX]; /* relative to source/ */
    char name[SDK_FILE_NAME_MAX];
    char media_type[65];
    char role[9];
};

struct draft {
    const struct document_type *type;
    char to[SDK_DESTINATION_MAX + 1][SDK_MEMBER_MAX];
    size_t to_count;
    uint8_t facts[SDK_BODY_MAX], sealed[SDK_BODY_MAX];
    size_t facts_len, sealed_len;
    struct draft_file files[SDK_FILE_MAX];
    size_t file_count;
    char basis[SDK_BASIS_MAX][49];
    size_t basis_count;
    char purpose[17];
    uint8_t conversation[SDK_ID_LEN];
    bool converses;
    uint8_t in_reply_to[SDK_ENV_ID_LEN];
    bool replies;
};

struct draft_context {
    const char *hub;
    const char *region;            /* of the own member */
    const struct regions *regions; /* NULL: codes are not looked up */
    const struct map *map;         /* for names in problems; NULL: places as they are */
    const char *kind;              /* of the record; NULL: it says so itself */
    const struct json *record;     /* as the department wrote it */
};

MUST_USE enum err draft_make(struct draft *d, const struct json *document,
                             const struct draft_context *context, struct report *report);

/* Is this a path that an attachment may have? */
bool draft_path_valid(const char *path);

#endif
