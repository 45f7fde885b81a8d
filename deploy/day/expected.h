/*
 * expected - what the day must come to, derived by hand from the rules, not from a run.
 *
 * One order under R01 (fake drugs, licence revoked) against a wholesaler, naming two persons:
 * the legal representative (found personally responsible) and the manager directly responsible.
 * Members of the region: market, health, insurance, police, procuratorate.
 *
 *   M01 no acceptance of applications       market                                   1
 *   M02 ban from the drug trade for life    market, each of the two persons          2
 *   M03 no post as legal representative     market, the legal representative         1
 *   M22 no preferential treatment           every member                             5
 *   M23 key supervision                     market, health                           2
 *   M27 share and publish                   the issuer, market                       1
 *   M07 settlement (consider)               insurance                                1
 *   M08 purchases (consider)                health, insurance                        2
 *   M21 no honours (consider)               every member                             5
 *   M24 strict review (consider)            market, health                           2
 *                                                                                   22
 *   M20 (credit), M25 (procurement) and the procurement share of M08 have no member in the
 *   region: unassigned                                                               3
 *
 *   A department decides by a person where the rule says `consider`: 1 + 2 + 5 + 2 = 10.
 *   Gates: the representative's appointment (M03) and the company's application (M01) are
 *   refused; the honour is only flagged, for M21 is a matter of consideration here:             2
 *   Credit checks: punished, clean, punished after repair, and the attacker's one correct
 *   message: 4, each answered with a certificate by the hub.
 *   The hub tells of its own: R27, a banned person appointed, alerts the company's market
 *   regulation and health commission, one each; and the annulment tells the sender of each
 *   refusal that rested on the order (health, twice: appointment and application):              4
 *   Accepted: the city; order and annulment; for each obligation the answer, the execution and
 *   the end of it; clean application, honour and appointment; checks and their certificates;
 *   referral, its receipt, its decision; the adverse event; ten applications; what the hub
 *   tells of its own.
 *   Rejected: two by a gate; of the attacks those whose signature is good: expired, future,
 *   two without the right, one around a forged document                                        7
 *   Delivered: notices of both stages; evidence to two; application, honour, appointment;
 *   certificates; referral to two, its receipt, its decision to two; the event; ten more; what
 *   the hub tells of its own.
 *   Envelopes: what was accepted or rejected, and the notices, which the hub itself sends.
 *   Attacks: a strange key; 2 malformed frames; 7 crafted ones; a replay, an id used twice, an
 *   altered bit, a bent header:                                                                14
 */
#ifndef DAY_EXPECTED_H
#define DAY_EXPECTED_H

#include "day/city.h"

enum {
    /* The city: each company is registered, related to its two persons and licensed. */
    EXPECTED_CITY_DOCUMENTS = 3 * CITY_COMPANIES,

    EXPECTED_ORDERS = 1,
    EXPECTED_OBLIGATIONS = 22,
    EXPECTED_UNASSIGNED = 3,
    EXPECTED_CONSIDERED = 10,
    EXPECTED_EXECUTED = EXPECTED_OBLIGATIONS,
    EXPECTED_RESTRICTIONS_AT_END = 0,
    EXPECTED_GATE_REFUSALS = 2,
    EXPECTED_ATTACKS = 1 + 2 + 7 + 4,
    EXPECTED_BATCH = 10, /* applications sent while the adapter is killed */
    EXPECTED_CHECKS = 4,
    EXPECTED_NOTICES = 2 * EXPECTED_OBLIGATIONS,
    EXPECTED_TOLD = 2 + EXPECTED_GATE_REFUSALS,
    EXPECTED_ACCEPTED = EXPECTED_CITY_DOCUMENTS + 2 + 3 * EXPECTED_OBLIGATIONS + 3 +
                        2 * EXPECTED_CHECKS + 3 + 1 + EXPECTED_BATCH + EXPECTED_TOLD,
    EXPECTED_REJECTED = EXPECTED_GATE_REFUSALS + 5,
    EXPECTED_DELIVERED =
        EXPECTED_NOTICES + 2 + 3 + EXPECTED_CHECKS + 2 + 1 + 2 + 1 + EXPECTED_BATCH + EXPECTED_TOLD,
    EXPECTED_ENVELOPES = EXPECTED_ACCEPTED + EXPECTED_REJECTED + EXPECTED_NOTICES,
};

#endif
