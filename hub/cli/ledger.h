/*
 * ledger - the registrar's book of invitations (a private YAML file), and the invitation that the
 * member is given (a public one).
 *
 * Guarantees:
 *   1. The ledger holds a hash of each one-time code and never the code; it is 0600, and read only
 *      when it is a regular file of this user that nobody else may touch (ERR_PERMISSION).
 *   2. Between ledger_open and ledger_close no other process has it open: ERR_BUSY_ELSEWHERE. So a
 *      code is not used twice at once, and no attempt goes uncounted.
 *   3. ledger_save leaves the whole new ledger on disk, or the old one.
 *   4. Both files are read strictly: unknown keys, words and weak keys are refused with file and
 *      line.
 *
 * Ownership: entries are lent until ledger_close. Bounds: LEDGER_MAX invitations.
 * Thread rule: one thread. PROTOCOL: enrolment.
 */
#ifndef CLI_LEDGER_H
#define CLI_LEDGER_H

#include "keys/enrol.h"

enum { LEDGER_MAX = 4096 };

struct ledger;

/* `create`: an empty one when there is none yet. */
MUST_USE enum err ledger_open(struct ledger **out, const char *path, bool create,
                              struct fault *fault);
void ledger_close(struct ledger **ledger);
/* NULL: no such invitation. */
struct enrol_entry *ledger_find(struct ledger *ledger, const uint8_t id[static FRAME_ID_LEN]);
/* A copy. ERR_TOO_LARGE when it is full. */
MUST_USE enum err ledger_add(struct ledger *ledger, const struct enrol_entry *entry,
                             struct fault *fault);
MUST_USE enum err ledger_save(const struct ledger *ledger, struct fault *fault);

MUST_USE enum err invitation_read(struct enrol_invitation *out, const char *path,
                                  struct fault *fault);
/* ERR_EXISTS when there is a file. */
MUST_USE enum err invitation_write(const struct enrol_invitation *invitation, const char *path,
                                   struct fault *fault);

#endif
