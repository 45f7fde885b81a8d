/*
 * desk - the officials who sign at one place, and the act that they are making.
 *
 * Guarantee: desk_body fills the body from the command and, where it must, from what the hub says;
 * every refusal names the option. Ownership: the keys are the desk's, freed by who filled it.
 * Thread rule: no state. PROTOCOL: acts of officials.
 */
#ifndef CLI_DESK_H
#define CLI_DESK_H

#include "check.h"
#include "cli/cli.h"
#include "document.pb.h"
#include "ident.h"
#include "keys/key.h"
#include "keys/merkle.h"

enum { DESK_OFFICIALS = 2 };

struct desk {
    struct keyring *ring[DESK_OFFICIALS]; /* owns */
    const struct key *key[DESK_OFFICIALS];
    size_t key_count;
    char member[MEMBER_MAX + 1];
    uint8_t second_kid[KID_LEN]; /* of an official who signs elsewhere */
    char realm[CHECK_REALM_MAX + 1];
    lianshu_OfficialAct body;
    struct merkle_frontier copy; /* the tree of a hub's copy; size 0: it is not about one */
};

/* What the act of this command is about; the keys are there already. */
MUST_USE enum err desk_body(const struct cli *cli, struct desk *desk, struct fault *fault);

#endif
