#include "keys/roles.h"

#include <string.h>

#define EITHER (ROLES_OPERATOR | ROLES_SECURITY)

static const char BOTH_KEEP[] = "操作员一名，另一名为操作员或安全员 / an operator, and another "
                                "operator or the security officer";
static const char WITH_SECURITY[] =
    "安全员一名，另一名为安全员或操作员 / the security officer, and "
    "another security officer or an operator";

/* One of the two has a role of `one`, the other a role of `other`. */
static const struct {
    uint32_t one;
    uint32_t other;
    const char *needed;
} ACTS[ROLES_ACTS] = {
    [lianshu_OfficialVerb_OFFICIAL_NONE] = {0, 0, "–"},
    [lianshu_OfficialVerb_OFFICIAL_RELEASE] = {ROLES_OPERATOR, EITHER, BOTH_KEEP},
    [lianshu_OfficialVerb_OFFICIAL_RETURN] = {ROLES_OPERATOR, EITHER, BOTH_KEEP},
    [lianshu_OfficialVerb_OFFICIAL_RESTORED] = {ROLES_SECURITY, EITHER, WITH_SECURITY},
    [lianshu_OfficialVerb_OFFICIAL_UNMASK] = {ROLES_SECURITY, EITHER, WITH_SECURITY},
    [lianshu_OfficialVerb_OFFICIAL_REKEY] = {ROLES_SECURITY, EITHER, WITH_SECURITY},
    [lianshu_OfficialVerb_OFFICIAL_DOUBT] = {ROLES_SECURITY, EITHER, WITH_SECURITY},
    [ROLES_RULE_SET] = {ROLES_SECURITY, EITHER, WITH_SECURITY},
};

static const struct {
    uint32_t role;
    const char *word;
} WORDS[] = {
    {ROLES_OPERATOR, "operator"},
    {ROLES_SECURITY, "security"},
    {ROLES_AUDITOR, "auditor"},
};

enum { WORD_COUNT = sizeof WORDS / sizeof WORDS[0] };

const char *roles_word(uint32_t role)
{
    for (size_t i = 0; i < WORD_COUNT; i++) {
        if (WORDS[i].role == role)
            return WORDS[i].word;
    }
    return NULL;
}

bool roles_valid(uint32_t roles)
{
    return roles_word(roles) != NULL;
}

uint32_t roles_of_word(const char *word)
{
    for (size_t i = 0; i < WORD_COUNT; i++) {
        if (strcmp(WORDS[i].word, word) == 0)
            return WORDS[i].role;
    }
    return 0;
}

bool roles_suffice(unsigned act, uint32_t first, uint32_t second)
{
    if (act >= ROLES_ACTS || !roles_valid(first) || !roles_valid(second))
        return false;
    return ((first & ACTS[act].one) != 0 && (second & ACTS[act].other) != 0) ||
           ((second & ACTS[act].one) != 0 && (first & ACTS[act].other) != 0);
}

enum err roles_check(const struct registry *registry, const lianshu_Document *document,
                     unsigned act)
{
    uint32_t roles[2] = {0};
    if (document->issuers_count != 2)
        return ERR_TWO_OFFICIALS;
    for (size_t i = 0; i < 2; i++) {
        const struct registry_key *key;
        enum err err = registry_key(registry, document->issuers[i].kid, &key);
        if (err != OK)
            return err;
        roles[i] = key->use == KEY_USE_OFFICIAL ? key->roles : 0;
    }
    return roles_suffice(act, roles[0], roles[1]) ? OK : ERR_TWO_OFFICIALS;
}

const char *roles_needed(unsigned act)
{
    return act < ROLES_ACTS ? ACTS[act].needed : ACTS[0].needed;
}
