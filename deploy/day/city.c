#include "day/city.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { BIRTH_FIRST = 1958, BIRTH_YEARS = 40 };

static const struct {
    const char *name;
    const char *suffix;
    unsigned count;
} trades[TRADE_COUNT] = {
    [TRADE_DRUG_MAKER] = {"drug_maker", "制药有限公司", CITY_DRUG_MAKERS},
    [TRADE_WHOLESALER] = {"wholesaler", "医药有限公司", CITY_WHOLESALERS},
    [TRADE_CHAIN] = {"chain", "药房连锁有限公司", CITY_CHAINS},
    [TRADE_PHARMACY] = {"pharmacy", "药店", CITY_PHARMACIES},
    [TRADE_DEVICE_MAKER] = {"device_maker", "医疗器械制造有限公司", CITY_DEVICE_MAKERS},
    [TRADE_DEVICE_DEALER] = {"device_dealer", "医疗器械经营部", CITY_DEVICE_DEALERS},
    [TRADE_COSMETIC_MAKER] = {"cosmetic_maker", "化妆品有限公司", CITY_COSMETIC_MAKERS},
};

static const struct {
    const char *code;
    const char *name;
} places[] = {{"445102", "湘桥"}, {"445103", "潮安"}, {"445122", "饶平"}, {"445100", "潮州"}};

/* splitmix64: small, and the same everywhere. Nothing secret hangs on it. */
static uint64_t next(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static unsigned below(uint64_t *state, unsigned bound)
{
    return (unsigned)(next(state) % bound);
}

void city_check_uscc(char uscc[static 19])
{
    static const char alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    static const unsigned inner[8] = {3, 7, 9, 10, 5, 8, 4, 2};
    unsigned sum = 0;
    unsigned weight = 1;

    for (size_t i = 0; i < 8; i++) {
        const char c = uscc[8 + i];
        sum += inner[i] * (c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'A') + 10);
    }
    uscc[16] = "0X987654321"[sum % 11];

    sum = 0;
    for (size_t i = 0; i < 17; i++, weight = weight * 3 % 31) {
        const char *at = strchr(alphabet, uscc[i]);
        assert(at != NULL);
        sum += weight * (unsigned)(at - alphabet);
    }
    uscc[17] = alphabet[(31 - sum % 31) % 31];
    uscc[18] = '\0';
}

void city_check_citizen(char id[static 19])
{
    static const unsigned weights[17] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    unsigned sum = 0;

    for (size_t i = 0; i < 17; i++)
        sum += weights[i] * (unsigned)(id[i] - '0');
    id[17] = "10X98765432"[sum % 11];
    id[18] = '\0';
}

/* The running number is the birth date's days and the sequence, so no id occurs twice. */
static void make_citizen(struct citizen *who, unsigned number, uint64_t *state)
{
    static const char *const families[] = {"陈", "林", "黄", "郑", "吴", "蔡", "许", "谢",
                                           "苏", "庄", "丁", "洪", "沈", "余", "柯", "卢"};
    static const char *const given[] = {"示安", "示康", "示宁", "示和", "示平", "示信",
                                        "示诚", "示达", "示泰", "示明", "示远", "示清"};
    const unsigned year = BIRTH_FIRST + number % BIRTH_YEARS;
    const unsigned month = 1 + number / BIRTH_YEARS % 12;
    const unsigned day = 1 + number / (BIRTH_YEARS * 12) % 28;

    snprintf(who->id, sizeof who->id, "999999%04u%02u%02u%03u", year, month, day,
             1 + below(state, 999));
    city_check_citizen(who->id);
    snprintf(who->name, sizeof who->name, "%s%s", families[below(state, 16)],
             given[below(state, 12)]);
}

static void make_company(struct company *firm, enum trade trade, unsigned number, uint64_t *state)
{
    static const char *const first[] = {"韩江", "凤凰", "广济", "红棉", "金山", "笔架",
                                        "开元", "西湖", "意溪", "三饶", "柘林", "归湖"};
    const unsigned place = below(state, 4);

    firm->trade = trade;
    snprintf(firm->region, sizeof firm->region, "%s", places[place].code);
    snprintf(firm->uscc, sizeof firm->uscc, "%s%sDEMA%04u", trade == TRADE_PHARMACY ? "92" : "91",
             places[place].code, number);
    city_check_uscc(firm->uscc);
    snprintf(firm->name, sizeof firm->name, "%s演示%s%04u号%s", places[place].name,
             first[below(state, 12)], number, trades[trade].suffix);
    make_citizen(&firm->representative, 2 * number, state);
    make_citizen(&firm->manager, 2 * number + 1, state);
}

void city_make(struct city *city, uint64_t seed)
{
    unsigned made = 0;

    memset(city, 0, sizeof *city);
    for (unsigned trade = 0; trade < TRADE_COUNT; trade++)
        for (unsigned i = 0; i < trades[trade].count; i++, made++)
            make_company(&city->companies[made], (enum trade)trade, made + 1, &seed);
    assert(made == CITY_COMPANIES);
}

const struct company *city_company(const struct city *city, enum trade trade, size_t n)
{
    size_t at = 0;

    for (unsigned before = 0; before < (unsigned)trade; before++)
        at += trades[before].count;
    assert(n < trades[trade].count);
    return &city->companies[at + n];
}

size_t city_trade_size(enum trade trade)
{
    return trades[trade].count;
}

const char *city_trade_name(enum trade trade)
{
    return trades[trade].name;
}
