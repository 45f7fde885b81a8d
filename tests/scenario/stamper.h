/* A time-stamping authority of a test, by OpenSSL's own functions: it answers at any time. */
#ifndef TESTS_STAMPER_H
#define TESTS_STAMPER_H

#include "base/span.h"

struct stamper;

/* A new key; its certificate, which is its own root, goes to that file. */
struct stamper *stamper_open(const char *roots);
void stamper_close(struct stamper *stamper);
/* The answer about these bytes, dated then, to that file; as good as a second. */
void stamper_answer(struct stamper *stamper, struct span data, uint64_t time_ms, const char *path);

struct stamper_wish {
    struct span request; /* as it is sent */
    int64_t time_s;
    int seconds, millis; /* how good the time is; neither: it does not say */
};
void stamper_grant(struct stamper *stamper, const struct stamper_wish *wish, const char *path);

#endif
