/* Where a small registry is built by hand: its keys, and the list of its members. */
#ifndef TESTS_UNIT_REGISTRY_DESK_H
#define TESTS_UNIT_REGISTRY_DESK_H

#include "unit/terminal.h"

#define BUILD                                                                                      \
    "registry build --realm demo --root root.key --registrar reg.key --passphrase-file p "         \
    "--unproven --members members.yaml --anchor-out anchor.yaml --out registry.lsg"

static const char MEMBERS[] =
    "members:\n"
    "  - member: hub.445100\n"
    "    name_zh: 潮州市联枢\n"
    "    name_en: Hub of Chaozhou\n"
    "    keys: [hub.key.pub, signer.key.pub]\n"
    "    grants:\n"
    "      - {types: [sanction.notice], direction: send, departments: [all], region: \"445100\"}\n"
    "  - member: market.445100\n"
    "    name_zh: 潮州市市场监督管理局\n"
    "    name_en: Market regulation of Chaozhou\n"
    "    keys: [market.key.pub]\n"
    "    grants:\n"
    "      - {types: [sanction.order], direction: send, departments: [hub, health], region: "
    "\"445100\"}\n"
    "      - {types: [sanction.notice], direction: receive, departments: [hub], region: "
    "\"445100\"}\n";

static inline void make_keys(struct terminal *t)
{
    must(t, "key passphrase p");
    must(t, "key generate --member root.000000 --use root --out root.key --passphrase-file p");
    must(
        t,
        "key generate --member registrar.445100 --use registrar --out reg.key --passphrase-file p");
    must(t, "key generate --member hub.445100 --use hub --out hub.key --passphrase-file p");
    must(t, "key generate --member hub.445100 --use signer --out signer.key --passphrase-file p");
    must(t,
         "key generate --member market.445100 --use adapter --out market.key --passphrase-file p");
    write_text("members.yaml", MEMBERS);
}

#endif
