/*
 * city - the licensed companies of one prefecture, made up from a seed.
 *
 * The sizes are those of the city plan for drug safety (2021–25): 11 drug makers, 20
 * wholesalers, 7 chains, 890 pharmacies, 77 device makers, 724 device dealers and 11
 * cosmetic makers, spread over the prefecture and its three counties.
 *
 * Guarantees:
 *   1. The same seed gives the same city, byte for byte.
 *   2. Every credit code passes both check digits and occurs once; its subject part begins
 *      with DEMA, which no registry hands out. Every citizen id passes its check, names a
 *      real date and begins with 999999, a region that does not exist; it occurs once.
 *   3. No real company or person is meant: every company name holds 演示.
 *
 * Thread rule: a value; whoever holds it.
 */
#ifndef DAY_CITY_H
#define DAY_CITY_H

#include <stddef.h>
#include <stdint.h>

enum trade {
    TRADE_DRUG_MAKER,
    TRADE_WHOLESALER,
    TRADE_CHAIN,
    TRADE_PHARMACY,
    TRADE_DEVICE_MAKER,
    TRADE_DEVICE_DEALER,
    TRADE_COSMETIC_MAKER,
    TRADE_COUNT,
};

enum {
    CITY_DRUG_MAKERS = 11,
    CITY_WHOLESALERS = 20,
    CITY_CHAINS = 7,
    CITY_PHARMACIES = 890,
    CITY_DEVICE_MAKERS = 77,
    CITY_DEVICE_DEALERS = 724,
    CITY_COSMETIC_MAKERS = 11,
    CITY_COMPANIES = CITY_DRUG_MAKERS + CITY_WHOLESALERS + CITY_CHAINS + CITY_PHARMACIES +
                     CITY_DEVICE_MAKERS + CITY_DEVICE_DEALERS + CITY_COSMETIC_MAKERS,
    CITY_NAME_BYTES = 96,
};

struct citizen {
    char id[19];
    char name[16];
};

struct company {
    enum trade trade;
    char uscc[19];
    char region[7];
    char name[CITY_NAME_BYTES];
    struct citizen representative; /* legal representative */
    struct citizen manager;        /* directly responsible for quality */
};

struct city {
    struct company companies[CITY_COMPANIES]; /* in the order of enum trade */
};

void city_make(struct city *city, uint64_t seed);

/* The n-th company of a trade, counted from 0. */
const struct company *city_company(const struct city *city, enum trade trade, size_t n);

size_t city_trade_size(enum trade trade);
/* Name of a trade as subject.register carries it. */
const char *city_trade_name(enum trade trade);

/* Give text (its leading digits and letters) the check characters of a credit code or a
 * citizen id: uscc[16], uscc[17] and id[17]. */
void city_check_uscc(char uscc[static 19]);
void city_check_citizen(char id[static 19]);

#endif
