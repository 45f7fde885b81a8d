/* Whose keys a bundle rests on, from what a running hub answers: members, registrars, revocations.
 */
#include "base/hex.h"
#include "cli/ask.h"
#include "cli/evidence_make.h"
#include "keys/registrar.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

uint8_t *evidence_hex(const struct json *row, const char *key, size_t *len)
{
    const char *text = json_get_text(row, key);
    const size_t digits = text == NULL ? 0 : strlen(text);
    if (text == NULL || digits % 2 != 0)
        return NULL;
    uint8_t *bytes = malloc(digits / 2 + 1);
    *len = digits / 2;
    if (bytes != NULL && hex_decode(text, bytes, *len))
        return bytes;
    free(bytes);
    return NULL;
}

enum err evidence_put_hex(struct bundle *bundle, const struct json *row, const char *key,
                          const char *name, struct fault *fault)
{
    size_t len;
    uint8_t *bytes = evidence_hex(row, key, &len);
    if (bytes == NULL)
        return fault_set(fault, ERR_SYNTAX, 0, "hub", "%s", key);
    const enum err err = bundle_add(bundle, name, span_of(bytes, len));
    free(bytes);
    return err;
}

/* Takes the request over. */
static enum err ask(const struct cli *cli, struct json *request, struct json **answer,
                    struct fault *fault)
{
    char *text = NULL;
    const enum err err = ask_hub(cli, request, &text, answer, fault);
    free(text);
    return err;
}

enum err evidence_take_member(const struct cli *cli, struct bundle *bundle, const char *member,
                              struct fault *fault)
{
    char name[BUNDLE_NAME_MAX + 1];
    struct json *answer = NULL;
    struct json *request = ask_request("evidence.member");
    json_put_text(request, "member", member);
    enum err err = ask(cli, request, &answer, fault);
    snprintf(name, sizeof name, "registry/%s.lsp", member);
    if (err == OK)
        err = evidence_put_hex(bundle, answer, "proof", name, fault);
    json_close(&answer);
    return err;
}

/* ---- revocations ---- */

/* With those above it; the realm's registrar stands in each proof of a member. */
static enum err take_registrar(const struct cli *cli, struct bundle *bundle, const char *registrar,
                               struct fault *fault)
{
    char member[MEMBER_MAX + 1];
    char name[BUNDLE_NAME_MAX + 1];
    enum err err = OK;
    snprintf(member, sizeof member, "%s", registrar);
    for (int depth = 0; err == OK && depth < REGISTRAR_CHAIN_MAX; depth++) {
        struct json *answer = NULL;
        struct json *request = ask_request("evidence.registrar");
        json_put_text(request, "registrar", member);
        err = ask(cli, request, &answer, fault);
        const char *issuer = err == OK ? json_get_text(answer, "issuer") : NULL;
        snprintf(name, sizeof name, "registrars/%s.lsd", member);
        const bool more = issuer != NULL && issuer[0] != '\0' && bundle_find(bundle, name) == NULL;
        if (more)
            err = evidence_put_hex(bundle, answer, "document", name, fault);
        snprintf(name, sizeof name, "registrars/%s.version", member);
        if (more && err == OK)
            err = evidence_put_hex(bundle, answer, "version", name, fault);
        if (more)
            snprintf(member, sizeof member, "%s", issuer);
        json_close(&answer);
        if (!more)
            break;
    }
    return err;
}

static enum err take_revocation(const struct cli *cli, struct bundle *bundle,
                                const struct json *row, struct fault *fault)
{
    char name[BUNDLE_NAME_MAX + 1];
    const char *registrar = json_get_text(row, "registrar");
    if (registrar == NULL || strlen(registrar) > MEMBER_MAX)
        return fault_set(fault, ERR_SYNTAX, 0, "hub", "registrar");
    snprintf(name, sizeof name, "revocations/%s-%08" PRIu64 ".lsd", registrar,
             ask_number(row, "number"));
    const enum err err = evidence_put_hex(bundle, row, "document", name, fault);
    return err == OK ? take_registrar(cli, bundle, registrar, fault) : err;
}

enum err evidence_take_revocations(const struct cli *cli, struct bundle *bundle,
                                   struct fault *fault)
{
    uint64_t from = 0;
    bool end = false;
    enum err err = OK;
    while (err == OK && !end) {
        struct json *answer = NULL;
        struct json *request = ask_request("evidence.revocations");
        json_put_uint(request, "from", from);
        err = ask(cli, request, &answer, fault);
        const struct json *rows = json_get(answer, "revocations");
        for (size_t i = 0; err == OK && i < json_count(rows); i++)
            err = take_revocation(cli, bundle, json_item(rows, i), fault);
        const uint64_t next = ask_number(answer, "next");
        end = json_flag(json_get(answer, "end")) || next <= from;
        from = next;
        json_close(&answer);
    }
    return err;
}
