/* How a function is put between: refusal.c, refusal_keys.c. */
#ifndef TESTS_FAULT_REFUSAL_ROWS_H
#define TESTS_FAULT_REFUSAL_ROWS_H

#include "fault/places.h"

/* clang-format off */
/* The call is made; where it went well, and is refused, that is not what it answers. */
#define REFUSED(type, good, bad, name, params, args)                                               \
    type __real_##name params;                                                                     \
    type __wrap_##name params;                                                                     \
    type __wrap_##name params                                                                      \
    {                                                                                              \
        const type said = __real_##name args;                                                      \
        return said == (good) &&                                                                   \
                       places_refused(PLACES_REFUSAL, __builtin_return_address(0))                 \
                   ? (bad)                                                                         \
                   : said;                                                                         \
    }
/* clang-format on */
#define REFUSED_ERR(name, params, args) REFUSED(enum err, OK, ERR_INTERNAL, name, params, args)
#define REFUSED_INT(name, params, args) REFUSED(int, 0, -1, name, params, args)

#endif
