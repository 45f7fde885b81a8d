#include "bench/place.h"

#include "base/clock.h"

#include <stdio.h>

void place_member(unsigned n, char out[static MEMBER_MAX + 1])
{
    if (n == PLACE_POLICE)
        (void)snprintf(out, MEMBER_MAX + 1, "police.445100");
    else
        (void)snprintf(out, MEMBER_MAX + 1, "education-%03u.445100", n % 1000);
}

void place_path(const struct place *p, const char *name, char out[static PLACE_PATH_MAX])
{
    (void)snprintf(out, PLACE_PATH_MAX, "%.400s/%.80s", p->dir, name);
}

enum err place_open(struct place *p, const char *dir, struct fault *fault)
{
    char path[PLACE_PATH_MAX];
    const struct registry_key *key;

    *p = (struct place){.registry = NULL};
    (void)snprintf(p->dir, sizeof p->dir, "%.400s", dir);
    place_path(p, "passphrase", path);
    enum err err = passphrase_read(&p->passphrase, path, fault);
    if (err != OK)
        return err;
    place_path(p, "anchor.yaml", path);
    if ((err = anchor_read(&p->anchor, path, fault)) != OK)
        return err;
    place_path(p, "registry.lsg", path);
    if ((err = registry_read(&p->registry, &p->anchor, path, 1, fault)) != OK)
        return err;
    err = registry_current(p->registry, PLACE_HUB, KEY_USE_TRANSPORT, clock_real_ms(), &key);
    if (err == OK)
        memcpy(p->server, key->public_key, KEY_PUBLIC_LEN);
    return err;
}

void place_close(struct place *p)
{
    registry_close(&p->registry);
    passphrase_close(&p->passphrase);
}

enum err place_keys(const struct place *p, const char *member, struct keyring **out,
                    struct fault *fault)
{
    char name[MEMBER_MAX + 8];
    char path[PLACE_PATH_MAX];
    (void)snprintf(name, sizeof name, "%s.key", member);
    place_path(p, name, path);
    return keyfile_read(out, path, p->passphrase, fault);
}
