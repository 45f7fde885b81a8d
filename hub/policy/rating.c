#include "policy/rating.h"

#include <assert.h>
#include <string.h>

enum { PERCENT = 100 };

/* The value of one index of the set; ERR when it is given not once. */
static enum err value_of(const struct rule_index *index, const struct rating_index *given, size_t n,
                         uint32_t *value)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(given[i].code, index->code) != 0)
            continue;
        *value = given[i].value;
        found++;
    }
    if (found == 0)
        return ERR_FIELD_MISSING;
    return found > 1 || *value > RATING_VALUE_MAX ? ERR_FIELD_VALUE : OK;
}

enum err rating_score(const struct ruleset *rs, const struct rating_index *indices, size_t n,
                      uint32_t *score)
{
    size_t count = 0;
    uint32_t sum = 0;
    const struct rule_index *index = ruleset_indices(rs, &count);

    *score = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t value = 0;
        enum err err = value_of(&index[i], indices, n, &value);
        if (err != OK)
            return err;
        sum += index[i].weight * (index[i].falls ? RATING_VALUE_MAX - value : value);
    }
    if (n != count) /* each of ours once, so one of theirs is unknown */
        return ERR_FIELD_VALUE;
    *score = sum / PERCENT;
    return OK;
}

enum err rating_class(const struct ruleset *rs, const struct rating_index *indices, size_t n,
                      lianshu_CreditClass *class)
{
    size_t count = 0;
    uint32_t score = 0;
    const struct rule_rating *rating = ruleset_ratings(rs, &count);

    enum err err = rating_score(rs, indices, n, &score);
    if (err != OK)
        return err;
    size_t at = 0;
    assert(count > 0);
    while (score < rating[at].least) {
        at++;
        assert(at < count); /* the loader saw to it that the lowest class begins at 0 */
    }
    *class = rating[at].class;
    return OK;
}
