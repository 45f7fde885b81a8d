/* What a document's body must hold beside being well formed: one const row a body, or a body of one
 * type. validate.h is the interface. */
#ifndef SCHEMAS_VALIDATE_RULE_H
#define SCHEMAS_VALIDATE_RULE_H

#include "catalogue.h"

enum {
    RULE_REQUIRED_MAX = 16,
    RULE_ORDERED_MAX = 4,
    RULE_CODES_MAX = 4,
    RULE_FORBIDDEN_MAX = 4,
    RULE_PERSONS_ANY = 16,
};

/* Kinds of subjects, as bits. */
enum {
    KINDS_ANY = 0,
    KINDS_GOODS = 1 << lianshu_SubjectKind_SUBJECT_PRODUCT | 1 << lianshu_SubjectKind_SUBJECT_BATCH,
    KINDS_BATCH = 1 << lianshu_SubjectKind_SUBJECT_BATCH,
};

/* A subject that is given is always checked; so is every date. */
struct body_rule {
    uint32_t type; /* 0: any type with this body, after the rows for one type */
    const pb_msgdesc_t *desc;
    const char *required[RULE_REQUIRED_MAX + 1];   /* each list ends with NULL */
    const char *forbidden[RULE_FORBIDDEN_MAX + 1]; /* fields of other types with this body */
    const char *codes[RULE_CODES_MAX + 1];         /* [A-Za-z0-9_.-]*: no room for a name */
    struct {
        const char *first; /* not after `second`, when both are given */
        const char *second;
    } ordered[RULE_ORDERED_MAX + 1];
    struct {
        const char *field; /* uint32 */
        uint32_t max;
    } level;           /* at most; at least 1 when it is required */
    bool subject;      /* must be given */
    bool subject_none; /* must not be given: the hub is not to learn it */
    unsigned kinds;    /* of the subject */
    unsigned persons_min;
    unsigned persons_max;
};

/* Asserts that there is one: a test walks the whole catalogue. */
const struct body_rule *body_rule_of(const struct document_type *type, const pb_msgdesc_t *desc);

#endif
