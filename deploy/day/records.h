/*
 * records - what each department's own system writes, in that department's own words and
 * formats (adapters/<department>/map.yaml). The only place of the player that knows them.
 *
 * Guarantees:
 *   1. A record is complete: its adapter takes it as it stands.
 *   2. Every sealed text and every attachment holds CANARY, which tests look for where it must
 *      not be.
 *
 * Ownership: what is handed out is the caller's. Thread rule: no state.
 */
#ifndef DAY_RECORDS_H
#define DAY_RECORDS_H

#include "day/city.h"

#include <stdbool.h>

struct json;

#define CANARY "CANARY-SEALED"

enum { RECORDS_FILE_NAME_MAX = 64, RECORDS_ATTACHMENTS_MAX = 4 };

/* Market regulation. An order and a case are known by their number. */
struct json *records_register(const struct company *c, uint32_t today);
struct json *records_relation(const struct company *c, uint32_t today);
struct json *records_licence(const struct company *c, uint32_t today);
struct json *records_order(const struct company *c, const char *number, uint32_t today,
                           const char *const *attachments);
struct json *records_annul(const struct company *c, const char *number, uint32_t today);
struct json *records_referral(const struct company *c, const char *case_number, uint32_t today,
                              const char *const *attachments);

/* Health. The person is to become legal representative of the company. */
struct json *records_appointment(const struct citizen *who, const struct company *at,
                                 const char *reference, uint32_t today);
struct json *records_application(const struct company *c, const char *number, uint32_t today);

/* Insurance. */
struct json *records_honour(const struct company *c, uint32_t today);
struct json *records_check(const struct company *c, const char *purpose);

/* An official's decision on an obligation that asks for one. office: enum of day.h. */
struct json *records_answer(int office, const char *obligation_id, const char *decision,
                            const char *reference);

/* Police, on a case. */
struct json *records_acknowledged(const char *case_id, const char *number, uint32_t today);
struct json *records_decision(const char *case_id, const char *number, uint32_t today);

/* Health: CSV with its heading. Free it. */
char *records_aefi(const struct citizen *patient, const char *number, uint32_t today);

/* An attachment's text: a made-up report of this title, more than one chunk long. Free it. */
char *records_report(const char *title);

#endif
