/*
 * check - what a decoded header or document must be before anybody asks for keys, times or
 * rights: the rules that need nothing but the message (PROTOCOL.md 4, 5).
 *
 * Guarantees:
 *   1. header_check: suite 1; realm; type of the catalogue; sender a member id; message id
 *      starts with created_ms; destination 1..32, sorted, each in some audience; 1..8 parts,
 *      each with 1..32 sorted readers; at most one facts part, whose audience holds the hub
 *      (unless the hub is the sender) and every reader of every other part; no hub in the
 *      audience of another part; a type of the catalogue that requires facts has them;
 *      attachments name a manifest part and their chunk count fits their bytes; codes
 *      (purpose) are [a-z0-9_.-]; sequence only with a conversation.
 *   2. document_check: realm, type, issuers 1..8 without repetition (an act of officials: no key
 *      twice), addressees sorted and exclusive with by_rule, lengths of ids.
 *   3. Times are not judged: created, expires and lives belong to the order of checks.
 *
 * Errors: ERR_SUITE, ERR_WIRE_TEXT, ERR_WIRE_ENUM, ERR_AUDIENCE, ERR_FACTS_MISSING, ERR_HEADER.
 * Thread rule: no state.
 */
#ifndef SCHEMAS_CHECK_H
#define SCHEMAS_CHECK_H

#include "base/err.h"

#include "document.pb.h"
#include "wire.pb.h"

enum { CHECK_REALM_MAX = 16 };

MUST_USE enum err header_check(const lianshu_Header *h);
MUST_USE enum err document_check(const lianshu_Document *d);
MUST_USE enum err record_check(const lianshu_MemberRecord *r);

/* [a-z0-9][a-z0-9-]{0,15} */
bool realm_valid(const char *realm);

/* u48 created_ms ‖ 80 random bits. */
void message_id_make(uint64_t created_ms, const uint8_t random[static 10], uint8_t out[static 16]);
uint64_t message_id_ms(const uint8_t id[static 16]);

/* Index of the facts part of h, or -1. */
int header_facts_part(const lianshu_Header *h);
/* Index of member in the audience of a part, or -1. Audiences are sorted. */
int part_reader(const lianshu_PartHeader *part, const char *member);

#endif
