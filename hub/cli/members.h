/*
 * members - members.yaml, the readable form of the registry's member records.
 *
 *   members:
 *     - member: market.445100
 *       name_zh: 潮州市市场监督管理局
 *       name_en: Market regulation of Chaozhou
 *       keys: [market.key.pub]                 # relative to this file
 *       grants:
 *         - {types: [sanction.order], direction: send, departments: [hub], region: "445100"}
 *
 * Guarantees: every refusal names file and line; a record that members_read makes is canonical and
 * not longer than the registry allows. One row here is one grant (of both directions: two); the
 * same encryption key in several key files of one member is taken once.
 *
 * Ownership: *records is the caller's, free() it. Thread rule: no state.
 */
#ifndef CLI_MEMBERS_H
#define CLI_MEMBERS_H

#include "base/err.h"
#include "document.pb.h"

MUST_USE enum err members_read(lianshu_MemberRecord **records, size_t *count, const char *path,
                               struct fault *fault);

#endif
