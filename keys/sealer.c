#include "keys/seal.h"

#include "keys/guard.h"
#include "keys/seal_wrap.h"

#include <stdlib.h>
#include <string.h>

/* One exact audience of this batch. Its extract is at the same index of sealer.extracts. */
struct audience {
    size_t reader_count; /* 0: free */
    struct seal_reader readers[SEAL_READER_MAX];
    uint8_t wraps[SEAL_READER_MAX * SEAL_WRAP_LEN];
    uint8_t wraps_hash[HASH_LEN];
};

struct sealer {
    char realm[WRAP_REALM_MAX + 1];
    uint8_t sender_kid[KID_LEN];
    const struct entropy *entropy;
    size_t next;               /* where the next new audience goes */
    struct hmac_key *extracts; /* guarded; behind the last one R, while it is wrapped */
    struct audience audiences[SEALER_AUDIENCE_MAX];
};

enum err sealer_open(struct sealer **out)
{
    *out = NULL;
    struct sealer *s = calloc(1, sizeof *s);
    if (s == NULL)
        return ERR_NO_MEMORY;
    s->extracts = guard_alloc((SEALER_AUDIENCE_MAX + 1) * sizeof s->extracts[0]);
    if (s->extracts == NULL) {
        free(s);
        return ERR_NO_MEMORY;
    }
    *out = s;
    return OK;
}

void sealer_close(struct sealer **sealer)
{
    if (*sealer == NULL)
        return;
    guard_free((*sealer)->extracts);
    free(*sealer);
    *sealer = NULL;
}

enum err sealer_begin(struct sealer *sealer, const char *realm,
                      const uint8_t sender_kid[static KID_LEN], const struct entropy *entropy)
{
    const size_t realm_len = strlen(realm);
    if (realm_len > WRAP_REALM_MAX)
        return ERR_REALM;
    memcpy(sealer->realm, realm, realm_len + 1);
    memcpy(sealer->sender_kid, sender_kid, KID_LEN);
    sealer->entropy = entropy;
    sealer->next = 0;
    guard_wipe(sealer->extracts, SEALER_AUDIENCE_MAX * sizeof sealer->extracts[0]);
    for (size_t i = 0; i < SEALER_AUDIENCE_MAX; i++)
        sealer->audiences[i].reader_count = 0;
    return OK;
}

static bool same_audience(const struct audience *a, const struct seal_reader *readers,
                          size_t reader_count)
{
    return a->reader_count == reader_count &&
           memcmp(a->readers, readers, reader_count * sizeof readers[0]) == 0;
}

/* Draw the secret of row `at` and wrap it for every reader. */
static enum err fill_audience(struct sealer *s, size_t at, const struct seal_reader *readers,
                              size_t reader_count)
{
    struct audience *a = &s->audiences[at];
    struct writer w = writer_of(a->wraps, sizeof a->wraps);
    uint8_t *secret = (uint8_t *)&s->extracts[SEALER_AUDIENCE_MAX];
    enum err err = OK;

    a->reader_count = 0; /* nothing here until all is done */
    entropy_fill(s->entropy, secret, SEAL_SECRET_LEN);
    for (size_t i = 0; err == OK && i < reader_count; i++) {
        uint8_t info[WRAP_INFO_MAX];
        struct writer info_w = writer_of(info, sizeof info);
        wrap_info(&info_w, s->realm, s->sender_kid, readers[i].kid);
        err = hpke_seal(readers[i].public_key, writer_span(&info_w), (struct span){NULL, 0},
                        span_of(secret, SEAL_SECRET_LEN), s->entropy, &w);
    }
    if (err == OK)
        seal_extract(&s->extracts[at], secret);
    guard_wipe(secret, SEAL_SECRET_LEN);
    if (err != OK)
        return err;
    hash_bytes(a->wraps_hash, writer_span(&w));
    memcpy(a->readers, readers, reader_count * sizeof readers[0]);
    a->reader_count = reader_count;
    return OK;
}

enum err sealer_audience(struct sealer *sealer, const struct seal_reader *readers,
                         size_t reader_count, const struct hmac_key **extract, struct span *wraps,
                         const uint8_t **wraps_hash)
{
    if (reader_count == 0 || reader_count > SEAL_READER_MAX)
        return ERR_AUDIENCE;
    size_t at = 0;
    while (at < SEALER_AUDIENCE_MAX &&
           !same_audience(&sealer->audiences[at], readers, reader_count))
        at++;
    if (at == SEALER_AUDIENCE_MAX) {
        at = sealer->next;
        sealer->next = (sealer->next + 1) % SEALER_AUDIENCE_MAX;
        enum err err = fill_audience(sealer, at, readers, reader_count);
        if (err != OK)
            return err;
    }
    *extract = &sealer->extracts[at];
    *wraps = span_of(sealer->audiences[at].wraps, reader_count * SEAL_WRAP_LEN);
    *wraps_hash = sealer->audiences[at].wraps_hash;
    return OK;
}
