/* Signatures on what waits for them: an official reads what changes, and signs it on his own
 * machine
 * (`registry sign`, `root sign`); and the appointment of a registrar (`registry delegate`). */
#include "cli/cli.h"

#include "base/clock.h"
#include "base/file.h"
#include "catalogue.h"
#include "cli/waiting.h"

#include <stdlib.h>
#include <string.h>

enum { VALID_DAYS_DEFAULT = 365, VALID_DAYS_MAX = 3660 };

/* ---- signing ---- */

static enum err put_signature(struct waiting *w, const struct key *key, struct writer *out)
{
    static const size_t head = 1 << 10;
    uint8_t *lsd = malloc(FRAME_DOCUMENT_FRAME_MAX);
    struct writer signed_w = writer_of(lsd, FRAME_DOCUMENT_FRAME_MAX);
    struct frame_registry r = w->frame;
    struct frame_registrar one;
    struct span record;
    unsigned number;
    enum err err = lsd == NULL ? ERR_NO_MEMORY : document_add_signature(w->lsd1, key, &signed_w);
    const size_t cap = w->file.len + FRAME_SIGNATURE_MAX + head;
    *out = writer_of(err == OK ? malloc(cap) : NULL, cap);
    if (err == OK && out->data == NULL)
        err = ERR_NO_MEMORY;
    if (err == OK && !w->registry) {
        write_span(out, writer_span(&signed_w));
    } else if (err == OK) {
        frame_registry_begin(out, r.registrar_count);
        for (size_t i = 0; frame_registry_registrar(&r, &one); i++) {
            if (i == 0)
                one.version = writer_span(&signed_w);
            frame_registry_put(out, &one);
        }
        frame_registry_records(out, r.count);
        while (frame_registry_next(&r, &number, &record))
            frame_registry_add(out, number, record);
    }
    free(lsd);
    return err;
}

static enum err sign(struct waiting *w, struct fault *fault)
{
    struct signing own;
    struct writer out = {.data = NULL};
    enum err err = signing_open(&own, w->cli->args, "key", KEY_USE_NONE, false, fault);
    if (err != OK)
        return err;
    err = put_signature(w, own.key[0], &out);
    if (err != OK)
        (void)fault_set(fault, err, 0, w->path,
                        err == ERR_KEY_NOT_SENDERS ? "this key is not named in it"
                        : err == ERR_EXISTS        ? "this key has signed it"
                                                   : "signing");
    if (err == OK)
        err = file_write(w->path, writer_span(&out), 0644, 0, fault);
    for (pb_size_t i = 0; err == OK && i < w->document->issuers_count; i++) {
        if (memcmp(w->document->issuers[i].kid, key_kid(own.key[0]), KID_LEN) == 0)
            w->signed_by |= UINT32_C(1) << i;
    }
    free(out.data);
    signing_close(&own);
    return err;
}

enum err cli_registry_sign(const struct cli *cli, struct fault *fault)
{
    const char *agree = args_value(cli->args, "agree");
    struct waiting w = {.cli = cli, .path = cli->args->operand[0]};
    enum err err = waiting_read(&w, fault);
    if (err == OK)
        err = waiting_tell(&w, fault);
    if (err == OK)
        err = signing_code(w.lsd1, w.code);
    if (err == OK && agree != NULL && strcmp(agree, w.code) != 0)
        err = fault_set(fault, ERR_FIELD_VALUE, 0, "--agree",
                        "not what this file says, which is %s: read it again", w.code);
    if (err == OK && agree != NULL)
        err = sign(&w, fault);
    if (err == OK)
        err = waiting_answer(&w, agree != NULL);
    waiting_fini(&w);
    return err;
}

/* ---- registry delegate ---- */

struct appointing {
    const struct cli *cli;
    struct anchor anchor;
    struct registry *above;
    struct signing signing;
    uint8_t official[REGISTRAR_KEYS_MAX][KEY_PUBLIC_LEN];
    size_t official_count;
    uint8_t types[GRANT_TYPES_LEN];
    struct registrar_make make;
};

static enum err read_types(struct appointing *a, struct fault *fault)
{
    const char *name;
    for (size_t i = 0; (name = args_value_at(a->cli->args, "type", i)) != NULL; i++) {
        const struct document_type *type = type_by_name(name);
        if (type == NULL)
            return fault_set(fault, ERR_TYPE_UNKNOWN, 0, "--type",
                             "names of the catalogue, like sanction.order");
        grant_add(a->types, type->number);
        a->make.types = a->types;
    }
    return OK;
}

static enum err read_scope(struct appointing *a, struct fault *fault)
{
    const struct args *args = a->cli->args;
    const char *id = args_value(args, "member");
    struct member member;
    uint64_t threshold, days;
    if (member_parse(id, &member) != OK || member.department != DEPARTMENT_REGISTRAR)
        return fault_set(fault, ERR_USAGE, 0, "--member", "registrar.<region>");
    enum err err = signing_public(args, "official", KEY_USE_REGISTRAR, a->official,
                                  REGISTRAR_KEYS_MAX, &a->official_count, fault);
    if (err == OK)
        err = args_number(args, "threshold", 1, a->official_count == 0 ? 1 : a->official_count,
                          a->official_count, &threshold, fault);
    if (err == OK)
        err = args_number(args, "valid-days", 1, VALID_DAYS_MAX, VALID_DAYS_DEFAULT, &days, fault);
    if (err != OK)
        return err;
    a->make.member = id;
    a->make.region = strchr(id, '.') + 1;
    a->make.more = (const uint8_t(*)[KEY_PUBLIC_LEN])a->official;
    a->make.more_count = a->official_count;
    a->make.threshold = (unsigned)threshold;
    a->make.now_ms = a->cli->world->now_ms();
    a->make.valid_until_ms = a->make.now_ms + days * (uint64_t)DAY_MS;
    return read_types(a, fault);
}

/* Above that of the appointment in use; the first is 1. Registries count higher than appointments
 * do, and a root that made the first registry gave the first appointment its number. */
static enum err next_number(struct appointing *a, struct fault *fault)
{
    const struct registry_registrar *row =
        a->above == NULL ? NULL : registrar_named(a->above, a->make.member);
    const uint64_t next = row == NULL ? 1 : row->number + 1;
    enum err err = args_number(a->cli->args, "number", 1, UINT32_MAX, next, &a->make.number, fault);
    return err == OK && a->make.number < next
               ? fault_set(fault, ERR_REGISTRY_ROLLBACK, 0, "--number", "at least %llu",
                           (unsigned long long)next)
               : err;
}

/* A registrar appoints for no longer than it is one. */
static enum err find_above(struct appointing *a, struct fault *fault)
{
    const char *path = args_value(a->cli->args, "registry");
    const bool by_root = a->signing.use == KEY_USE_ROOT;
    if (path == NULL && !by_root)
        return fault_set(fault, ERR_USAGE, 0, "--registry", "the one with the registrar who signs");
    enum err err = path == NULL ? OK : registry_read(&a->above, &a->anchor, path, 0, fault);
    if (err == OK)
        err = next_number(a, fault);
    if (err != OK || by_root)
        return err;
    const struct registry_registrar *row = registrar_named(a->above, a->signing.member);
    if (row == NULL)
        return fault_set(fault, ERR_CHAIN, 0, path, "%s is none of its registrars",
                         a->signing.member);
    if (row->depth >= REGISTRAR_CHAIN_MAX)
        return fault_set(fault, ERR_CHAIN, 0, path, "%s is the last of its chain", row->member);
    if (row->valid_until_ms < a->make.valid_until_ms)
        a->make.valid_until_ms = row->valid_until_ms;
    return OK;
}

static enum err write_appointment(struct appointing *a, struct fault *fault)
{
    const struct args *args = a->cli->args;
    const struct entropy entropy = entropy_system();
    const struct office_signers signers = {
        .member = a->signing.use == KEY_USE_ROOT ? NULL : a->signing.member,
        .anchor = &a->anchor,
        .keys = a->signing.key,
        .key_count = a->signing.key_count,
        .later = (const uint8_t(*)[KEY_PUBLIC_LEN])a->signing.later,
        .later_count = a->signing.later_count,
    };
    uint8_t *bytes = malloc(FRAME_DOCUMENT_FRAME_MAX);
    struct writer out = writer_of(bytes, FRAME_DOCUMENT_FRAME_MAX);
    a->make.realm = a->anchor.realm;
    a->make.entropy = &entropy;
    enum err err = bytes == NULL ? ERR_NO_MEMORY : registrar_appoint(&a->make, &signers, &out);
    if (err != OK)
        (void)fault_set(fault, err, 0, args_value(args, "out"), "the appointment");
    /* What would be refused later is refused here. */
    struct waiting w = {.cli = a->cli, .path = args_value(args, "out"), .anchor = a->anchor};
    if (err == OK) {
        w.before = a->above;
        a->above = NULL;
        w.document = calloc(1, sizeof *w.document);
        w.lsd1 = writer_span(&out);
        err = w.document == NULL ? ERR_NO_MEMORY : waiting_decode(&w, w.lsd1, fault);
    }
    if (err == OK)
        err = waiting_appointment(&w, fault);
    if (err == OK)
        err = signing_code(w.lsd1, w.code);
    if (err == OK)
        err = file_write(w.path, w.lsd1, 0644, args_flag(args, "replace") ? 0 : FILE_NEW, fault);
    if (err == OK)
        err = waiting_answer(&w, true);
    waiting_fini(&w);
    free(bytes);
    return err;
}

enum err cli_registry_delegate(const struct cli *cli, struct fault *fault)
{
    struct appointing a = {.cli = cli};
    enum err err = anchor_read(&a.anchor, args_value(cli->args, "anchor"), fault);
    if (err == OK)
        err = read_scope(&a, fault);
    if (err == OK)
        err = signing_open(&a.signing, cli->args, "key", KEY_USE_NONE, true, fault);
    if (err == OK)
        err = find_above(&a, fault);
    if (err == OK)
        err = write_appointment(&a, fault);
    signing_close(&a.signing);
    registry_close(&a.above);
    return err;
}
