/*
 * place - the realm that the benches run in, made by lianshu-bench-realm in a directory:
 *
 *   hub.key signer.key    with the cost of service: starting costs what it costs
 *   bench-NNN.key         one for each member bench-NNN, cheap to open
 *   anchor.yaml registry.lsg passphrase
 *
 * Members: place_member(n, …) is education-NNN.445100; every one may send every type that the
 * benches use to every other. The market and the other departments of the rules are there too.
 * Thread rule: read-only once open.
 */
#ifndef BENCH_PLACE_H
#define BENCH_PLACE_H

#include "keys/keyfile.h"
#include "keys/registry.h"

#define PLACE_REALM    "bench"
#define PLACE_HUB      "hub.445100"
#define PLACE_SUPERIOR "hub.440000"

enum {
    PLACE_PATH_MAX = 512,
    PLACE_MEMBERS_MAX = 128,
    PLACE_POLICE = 900, /* number of police.445100, whom the bench's order obliges */
};

struct place {
    char dir[PLACE_PATH_MAX];
    struct anchor anchor;
    struct registry *registry;
    struct passphrase *passphrase;
    uint8_t server[KEY_PUBLIC_LEN]; /* the hub's transport key */
};

/* "education-007.445100" */
void place_member(unsigned n, char out[static MEMBER_MAX + 1]);
void place_path(const struct place *p, const char *name, char out[static PLACE_PATH_MAX]);

MUST_USE enum err place_open(struct place *p, const char *dir, struct fault *fault);
void place_close(struct place *p);
MUST_USE enum err place_keys(const struct place *p, const char *member, struct keyring **out,
                             struct fault *fault);

#endif
