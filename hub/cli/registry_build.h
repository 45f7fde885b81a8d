/*
 * registry_build - what one `registry build`, `draft` or `part` has open, and what it puts into the
 * records that members.yaml or the version before gave: amendments, enrolments.
 *
 * Guarantees:
 *   1. A revocation that was folded in stays, and so does what a member's own key record brought.
 *   2. No key comes in without proof that its holder has it (an enrolment that two officials of the
 *      registrar approved) unless the command says --unproven, or the roots sign at the same desk;
 *      then it is counted and told. ERR_POSSESSION.
 *
 * Errors name the file or the member. Ownership: struct build owns what it points to.
 * Thread rule: no state.
 */
#ifndef CLI_REGISTRY_BUILD_H
#define CLI_REGISTRY_BUILD_H

#include "cli/cli.h"
#include "cli/signing.h"
#include "keys/registry.h"

enum { BUILD_PARTS_MAX = 63 };

struct build {
    const struct cli *cli;
    const char *before_option; /* "before", or of a part "registry" */
    struct signing roots;      /* the one-command way */
    struct signing officials;
    struct anchor anchor;
    struct registry *before; /* NULL: the first version */
    uint8_t *appointment;
    struct span registrar_document;
    struct registry_registrar registrar; /* what it says; member "": made here by the roots */
    uint8_t *part_data[BUILD_PARTS_MAX];
    struct span part[BUILD_PARTS_MAX];
    size_t part_count;
    size_t part_bytes;
    lianshu_MemberRecord *records;
    size_t record_count;
    uint8_t (*proven)[KID_LEN]; /* by an enrolment's approval */
    size_t proven_count;
    size_t unproven_count;
    uint64_t version;
    uint64_t least_suite;
    uint64_t now_ms;
    uint64_t valid_until_ms;
    uint8_t *bytes;
    struct registry *made;
    uint32_t signed_by;
};

/* The amendments of the command, into the version before. */
MUST_USE enum err build_amend(struct build *b, struct fault *fault);
/* What members.yaml does not know of a member, from the version before. */
MUST_USE enum err build_fold(const struct build *b, lianshu_MemberRecord *record,
                             struct fault *fault);
/* No members.yaml: this registrar's members as they are by now. */
MUST_USE enum err build_take_before(struct build *b, struct fault *fault);
/* The approvals of the command, into the records. */
MUST_USE enum err build_enrol(struct build *b, struct fault *fault);
MUST_USE enum err build_check_proven(struct build *b, struct fault *fault);

#endif
