/*
 * roles - what an official may do, and which two may do it together.
 *
 *   operator            keeps the exchange going: releases and returns
 *   security officer    answers for keys, rules and the log; one of the two of everything else
 *   auditor             reads, and acts on nothing
 *
 * One key has one role, given by the registrar in the member's record. No act is carried out by
 * one person: every row of the table needs two keys.
 *
 * Guarantees:
 *   1. roles_check is OK only for two keys of the registry whose roles the table has for this act,
 *      in either order; else ERR_TWO_OFFICIALS (421). A key without a role may do nothing.
 *   2. roles_valid: exactly one role that the table of words knows.
 *
 * Thread rule: const tables. PROTOCOL: acts of officials.
 */
#ifndef KEYS_ROLES_H
#define KEYS_ROLES_H

#include "document.pb.h"
#include "keys/registry.h"

enum {
    ROLES_OPERATOR = 1,
    ROLES_SECURITY = 2,
    ROLES_AUDITOR = 4,
};

/* Acts: the verbs of OfficialAct by their numbers, then what is signed in other forms. */
enum { ROLES_RULE_SET = _lianshu_OfficialVerb_ARRAYSIZE, ROLES_ACTS };

bool roles_valid(uint32_t roles);
/* "operator", "security", "auditor": as members.yaml and answers have it. NULL: no role. */
const char *roles_word(uint32_t role);
/* 0: no such word. */
uint32_t roles_of_word(const char *word);

/* May the holders of these roles do this together? */
bool roles_suffice(unsigned act, uint32_t first, uint32_t second);
/* The two issuers of a verified document of officials. */
MUST_USE enum err roles_check(const struct registry *registry, const lianshu_Document *document,
                              unsigned act);

/* Who does it, for people: "甲 / one, and 乙 / another". */
const char *roles_needed(unsigned act);

#endif
