#include "core/state.h"

#include "ident.h"
#include "keys/entropy.h"

#include <string.h>

_Static_assert(sizeof((lianshu_SanctionOrder *)0)->decision_number <= NAMES_NUMBER_MAX,
               "any number of a decision");

/* The number of a decision in the one way in which it is known; an identifier as it is. */
static enum err known_as(uint8_t kind, struct span *id, char text[static NAMES_NUMBER_MAX])
{
    if (kind != NAMES_DECISION)
        return OK;
    const enum err err = ident_number(*id, text, NAMES_NUMBER_MAX);
    if (err == OK)
        *id = span_str(text);
    return err;
}

/* The row of an identifier, by the token key in use, or by the one before while rows are moved. */
static enum err find(struct core *core, uint8_t kind, struct span id, uint64_t as_of,
                     uint8_t token[static STORE_TOKEN_LEN], uint8_t out[static STORE_TOKEN_LEN],
                     bool *erased)
{
    uint8_t before[STORE_TOKEN_LEN];
    enum err err = rest_token(token, core->token_key, kind, id);
    if (err == OK)
        err = handle_find(core->store->handles, token, as_of, out, erased);
    if (err != ERR_NOT_FOUND || core->token_before == NULL)
        return err;
    err = rest_token(before, core->token_before, kind, id);
    return err == OK ? handle_find(core->store->handles, before, as_of, out, erased) : err;
}

enum err names_look(struct core *core, uint8_t kind, struct span id, uint64_t as_of,
                    uint8_t out[static STORE_TOKEN_LEN])
{
    uint8_t token[STORE_TOKEN_LEN];
    char number[NAMES_NUMBER_MAX];
    enum err err = known_as(kind, &id, number);
    if (err == OK)
        err = find(core, view_kind(kind), id, as_of, token, out, NULL);
    if (err != ERR_NOT_FOUND)
        return err;
    memset(out, 0, STORE_TOKEN_LEN);
    return OK;
}

enum err names_unknown(struct core *core, uint8_t kind, struct span id,
                       uint8_t out[static STORE_TOKEN_LEN])
{
    char number[NAMES_NUMBER_MAX];
    const enum err err = known_as(kind, &id, number);
    return err == OK ? rest_token(out, core->token_key, view_kind(kind), id) : err;
}

enum err names_since(struct core *core, const uint8_t token[static STORE_TOKEN_LEN], uint64_t since,
                     bool *named)
{
    return handle_since(core->store->handles, token, since, named);
}

enum err names_seal(struct core *core, const uint8_t handle[static STORE_TOKEN_LEN],
                    struct span plain, struct writer *w)
{
    return rest_put(core, "handle", span_of(handle, STORE_TOKEN_LEN), "id", plain, w);
}

enum err names_give(struct core *core, uint8_t kind, struct span id,
                    uint8_t out[static STORE_TOKEN_LEN])
{
    struct handle_row row = {.seq = log_size(core->store->log)};
    uint8_t plain[HANDLE_SEALED_MAX];
    uint8_t sealed[HANDLE_SEALED_MAX];
    struct writer p = writer_of(plain, sizeof plain);
    struct writer w = writer_of(sealed, sizeof sealed);
    const uint8_t one = view_kind(kind);
    char number[NAMES_NUMBER_MAX];
    bool erased = false;
    enum err found = known_as(kind, &id, number);
    if (found == OK)
        found = find(core, one, id, STORE_NEVER, row.token, row.handle, &erased);
    if (found != OK && found != ERR_NOT_FOUND)
        return found;
    if (found == OK && !erased) {
        memcpy(out, row.handle, STORE_TOKEN_LEN);
        return OK;
    }
    row.seq -= row.seq > 0; /* the last leaf: whoever decides from here on knows it */
    if (found == ERR_NOT_FOUND)
        entropy_fill(core->opt.entropy, row.handle, sizeof row.handle);
    write_uint(&p, one, 1);
    write_span(&p, id);
    enum err err = p.full ? ERR_TOO_LARGE : names_seal(core, row.handle, writer_span(&p), &w);
    row.sealed = writer_span(&w);
    if (err == OK)
        err = erased ? handle_reseal(core->store->handles, row.handle, row.sealed)
                     : handle_put(core->store->handles, &row);
    if (err != OK)
        return err;
    memcpy(out, row.handle, STORE_TOKEN_LEN);
    gates_changed(core, row.token);
    return OK;
}
