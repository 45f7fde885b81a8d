/*
 * ident - identifiers: subjects, members, regions, departments.
 *
 * Guarantees:
 *   1. uscc_check (GB 32100-2015), citizen_check (GB 11643-1999),
 *      product_check accept exactly what their standard does; the inner check of a USCC
 *      (GB 11714) is reported apart, for old bodies may differ.
 *   2. ident_normalise trims, turns full-width into half-width and Latin letters into upper
 *      case, and nothing else: a letter O stays an O and fails its check.
 *   3. ident_number makes one of all the ways in which the number of a document is written: no
 *      spaces, half-width, upper case, and [ ] for 〔〕（）【】〈〉﹝﹞.
 *   4. A member id is [a-z]{2,16}(-[a-z0-9]{1,8})?\.[0-9]{6}; its department is a word of the
 *      vocabulary.
 *   5. region_contains(a, b) is true exactly when b is a or lies below it; 000000 holds all.
 *   6. What ident_mask shows of an identifier or name never identifies anybody.
 *
 * Errors: ERR_IDENTIFIER form, ERR_CHECK_DIGIT, ERR_REGION.
 * Thread rule: a region table is read-only after open.
 */
#ifndef SCHEMAS_IDENT_H
#define SCHEMAS_IDENT_H

#include "base/err.h"
#include "base/span.h"

#include "subject.pb.h"

enum {
    USCC_LEN = 18,
    CITIZEN_LEN = 18,
    REGION_LEN = 6,
    MEMBER_MAX = 40, /* without NUL; buffers are MEMBER_MAX + 1, as in .options */
    DEPARTMENT_MAX = 16,
    UNIT_MAX = 8,
    REGION_NAME_MAX = 96,
    REGIONS_MAX = 8192,
    REGIONS_FILE_MAX = 2 << 20,
    IDENT_MASK_MAX = 200,
};

/* ---- subjects ---- */

MUST_USE enum err uscc_check(const char *code, bool *inner_ok); /* inner_ok may be NULL */
MUST_USE enum err citizen_check(const char *id);
uint32_t citizen_birth_date(const char *id); /* of a valid id */
/* A drug approval number; a device's registration (国械注准20193011234) or filing
 * (粤潮械备20200012); a GTIN-14 with its check digit (devices by UDI, cosmetics). */
MUST_USE enum err product_check(struct span number);
/* By kind: codes for enterprises and institutions, citizen ids for persons, product numbers for
 * products, "<product number>/<batch number>" for batches. */
MUST_USE enum err subject_id_check(lianshu_SubjectKind kind, const char *id);

/* Into out[cap]; ERR_FIELD_LONG when it does not fit, ERR_UTF8 when it is not text. */
MUST_USE enum err ident_normalise(const char *in, char *out, size_t cap);
/* The same for the number of a document; never longer than it was. */
MUST_USE enum err ident_number(struct span in, char *out, size_t cap);

/* "4451**********0014" for an identifier of any kind. */
void ident_mask(const char *id, char *out, size_t cap);

/* ---- departments and members ---- */

/* The vocabulary; the value is the bit in lianshu_Grant.departments. Never renumber. */
enum department {
    DEPARTMENT_MARKET = 0,
    DEPARTMENT_HEALTH = 1,
    DEPARTMENT_INSURANCE = 2,
    DEPARTMENT_POLICE = 3,
    DEPARTMENT_PROCURATORATE = 4,
    DEPARTMENT_COURT = 5,
    DEPARTMENT_CREDIT = 6,
    DEPARTMENT_PROCUREMENT = 7,
    DEPARTMENT_DRUG = 8,
    DEPARTMENT_CUSTOMS = 9,
    DEPARTMENT_TRANSPORT = 10,
    DEPARTMENT_FINANCE = 11,
    DEPARTMENT_TAX = 12,
    DEPARTMENT_MEDIA = 13,
    DEPARTMENT_AGRICULTURE = 14,
    DEPARTMENT_EDUCATION = 15,
    DEPARTMENT_COMMERCE = 16,
    DEPARTMENT_INDUSTRY = 17,
    DEPARTMENT_SCIENCE = 18,
    DEPARTMENT_HOUSING = 19,
    DEPARTMENT_LABOUR = 20,
    DEPARTMENT_POST = 21,
    DEPARTMENT_CYBERSPACE = 22,
    DEPARTMENT_DISCIPLINE = 23,
    DEPARTMENT_JUSTICE = 24,
    DEPARTMENT_CIVIL = 25,
    DEPARTMENT_STANDARDS = 26,
    DEPARTMENT_PUBLIC = 27,
    DEPARTMENT_WITNESS = 28,
    DEPARTMENT_REGISTRAR = 29,
    DEPARTMENT_HUB = 30,
    DEPARTMENT_ROOT = 31,
};

const char *department_name(unsigned bit); /* "market"; NULL beyond 31 */
const char *department_zh(unsigned bit);
const char *department_en(unsigned bit);
bool department_find(const char *name, unsigned *bit);

struct member {
    unsigned department;     /* bit of the vocabulary */
    char unit[UNIT_MAX + 1]; /* "cdc" of health-cdc; "" mostly */
    char region[REGION_LEN + 1];
};

/* ERR_IDENTIFIER when malformed, ERR_MEMBER_UNKNOWN when the department is no word of ours. */
MUST_USE enum err member_parse(const char *id, struct member *out);
bool member_valid(const char *id);
bool member_is_hub(const char *id);

/* ---- regions ---- */

/* Six digits. */
bool region_valid(const char *code);
bool region_contains(const char *outer, const char *inner);

struct regions;

struct region {
    char code[REGION_LEN + 1];
    char parent[REGION_LEN + 1]; /* "" for the nation */
    uint8_t level;               /* 0 nation, 1 province, 2 prefecture, 3 county */
    const char *name;            /* of the regions, at most REGION_NAME_MAX bytes */
};

/* CSV "code,name,level,parent", sorted by code. Faults name file and line. */
MUST_USE enum err regions_open(struct regions **out, const char *path, struct fault *f);
MUST_USE enum err regions_parse(struct regions **out, struct span text, const char *name,
                                struct fault *f);
void regions_close(struct regions **r);
const struct region *regions_find(const struct regions *r, const char *code); /* NULL: none */
const struct region *regions_at(const struct regions *r, size_t i);           /* sorted by code */

#endif
