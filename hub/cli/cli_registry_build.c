/* Making a registry: `registry build` with all keys at hand, `registry draft` for officials who
 * sign one after the other on their own machines, `registry part` by a registrar below the realm's.
 */
#include "cli/cli.h"

#include "base/clock.h"
#include "base/file.h"
#include "cli/members.h"
#include "cli/registry_build.h"
#include "cli/registry_diff.h"
#include "cli/show.h"
#include "keys/amend.h"
#include "wire.h"

#include <stdlib.h>
#include <unistd.h>

enum {
    VALID_DAYS_DEFAULT = 365,
    VALID_DAYS_MAX = 3660,
    FILE_HEAD_MAX = 512 << 10,
};

static void build_fini(struct build *b)
{
    registry_close(&b->made);
    free(b->bytes);
    free(b->proven);
    free(b->records);
    for (size_t i = 0; i < b->part_count; i++)
        free(b->part_data[i]);
    free(b->appointment);
    registry_close(&b->before);
    signing_close(&b->officials);
    signing_close(&b->roots);
}

/* ---- whom to trust ---- */

static enum err anchor_of_roots(struct build *b, const char *realm, struct fault *fault)
{
    if (strlen(realm) > REALM_LEN_MAX)
        return fault_set(fault, ERR_USAGE, 0, "--realm", "at most %d characters", REALM_LEN_MAX);
    if (b->roots.key_count > ANCHOR_ROOT_MAX)
        return fault_set(fault, ERR_USAGE, 0, "--root", "at most %d", ANCHOR_ROOT_MAX);
    snprintf(b->anchor.realm, sizeof b->anchor.realm, "%s", realm);
    b->anchor.number = 1;
    b->anchor.root_count = b->anchor.threshold = (unsigned)b->roots.key_count;
    for (size_t i = 0; i < b->roots.key_count; i++)
        memcpy(b->anchor.root[i], key_public(b->roots.key[i]), KEY_PUBLIC_LEN);
    return OK;
}

/* Roots that are here make an anchor of their own; otherwise there is one. */
static enum err check_way(const struct args *args, struct fault *fault)
{
    const bool roots = args_value(args, "root") != NULL;
    const bool anchor = args_value(args, "anchor") != NULL;
    if (roots == anchor)
        return fault_set(fault, ERR_USAGE, 0, "--anchor",
                         "either --anchor, or --realm, --root and --anchor-out");
    if (roots && (args_value(args, "realm") == NULL || args_value(args, "anchor-out") == NULL))
        return fault_set(fault, ERR_USAGE, 0, "--root", "needs --realm and --anchor-out");
    return OK;
}

static enum err read_appointment(struct build *b, struct fault *fault)
{
    const char *path = args_value(b->cli->args, "appointment");
    struct frame_registry frame;
    struct frame_registrar first;
    size_t len;
    if (path != NULL) {
        enum err err = file_read(path, FRAME_DOCUMENT_FRAME_MAX, 0, &b->appointment, &len, fault);
        b->registrar_document = span_of(b->appointment, err == OK ? len : 0);
        return err;
    }
    if (b->before == NULL)
        return fault_set(fault, ERR_USAGE, 0, "--appointment",
                         "needed where there is no registry before");
    if (frame_parse_registry(registry_file(b->before), &frame) != OK)
        return ERR_INTERNAL;
    for (size_t i = 0; frame_registry_registrar(&frame, &first); i++) {
        if (strcmp(registry_registrar_at(b->before, i)->member, b->officials.member) == 0)
            b->registrar_document = first.document;
    }
    return b->registrar_document.len > 0
               ? OK
               : fault_set(fault, ERR_USAGE, 0, "--appointment", "%s is in no registry yet",
                           b->officials.member);
}

/* What hubs that have seen the one before would refuse is refused here. */
static enum err check_follows(const struct build *b, struct fault *fault)
{
    const struct registry_registrar *row;
    struct twice *twice = calloc(1, sizeof *twice);
    enum err err = twice == NULL ? ERR_NO_MEMORY : OK;
    for (size_t i = 0; err == OK && b->before != NULL; i++) {
        row = registry_registrar_at(b->before, i);
        if (row == NULL)
            break;
        if (strcmp(row->member, b->registrar.member) == 0)
            err = registrar_follows(registry_registrar_document(b->before, i),
                                    b->registrar_document, twice, fault);
    }
    free(twice);
    return err;
}

/* What the appointment says; who signed it is judged when the file is read back. */
static enum err read_registrar(struct build *b, struct fault *fault)
{
    struct frame_document frame;
    lianshu_Document *d = calloc(1, sizeof *d);
    enum err err = d == NULL ? ERR_NO_MEMORY : frame_parse_document(b->registrar_document, &frame);
    if (err == OK)
        err = wire_decode(&lianshu_Document_msg, frame.document, d);
    if (err == OK && d->issuers_count == 0)
        err = ERR_HEADER;
    if (err != OK)
        (void)fault_set(fault, err, 0, "--appointment", "no registrar document");
    else
        err = registrar_read(&b->registrar, d, "--appointment", fault);
    free(d);
    return err == OK ? check_follows(b, fault) : err;
}

/* ---- what is new ---- */

static enum err read_parts(struct build *b, struct fault *fault)
{
    const char *path;
    while ((path = args_value_at(b->cli->args, "part", b->part_count)) != NULL) {
        size_t len;
        if (b->part_count >= BUILD_PARTS_MAX)
            return fault_set(fault, ERR_USAGE, 0, "--part", "at most %d", BUILD_PARTS_MAX);
        enum err err =
            file_read(path, REGISTRY_FILE_MAX, 0, &b->part_data[b->part_count], &len, fault);
        if (err != OK)
            return err;
        b->part[b->part_count] = span_of(b->part_data[b->part_count], len);
        b->part_bytes += len;
        b->part_count++;
    }
    return OK;
}

/* The members first: to open a key file takes seconds. */
static enum err read_new(struct build *b, struct fault *fault)
{
    const char *members = args_value(b->cli->args, "members");
    const char *before = args_value(b->cli->args, b->before_option);
    const char *anchor = args_value(b->cli->args, "anchor");
    enum err err = OK;
    if (members != NULL)
        err = members_read(&b->records, &b->record_count, members, fault);
    if (err == OK && anchor != NULL)
        err = anchor_read(&b->anchor, anchor, fault);
    if (err == OK && before != NULL && anchor == NULL)
        err = fault_set(fault, ERR_USAGE, 0, "--before", "goes with --anchor");
    if (err == OK && before != NULL)
        err = registry_read(&b->before, &b->anchor, before, 0, fault);
    return err == OK ? read_parts(b, fault) : err;
}

/* The version after the one before, of this registrar. */
static uint64_t next_version(const struct build *b, bool part)
{
    const struct registry_registrar *row;
    if (!part)
        return b->before == NULL ? 1 : registry_version(b->before) + 1;
    for (size_t i = 0; (row = registry_registrar_at(b->before, i)) != NULL; i++) {
        if (strcmp(row->member, b->officials.member) == 0)
            return row->version + 1;
    }
    return 1;
}

static enum err read_numbers(struct build *b, bool part, struct fault *fault)
{
    const struct args *args = b->cli->args;
    const uint64_t next = next_version(b, part);
    uint64_t days;
    enum err err = args_number(args, "version", 1, UINT32_MAX, next, &b->version, fault);
    if (err == OK)
        err = args_number(args, "valid-days", 1, VALID_DAYS_MAX, VALID_DAYS_DEFAULT, &days, fault);
    if (err != OK)
        return err;
    err = args_number(args, "least-suite", 0, UINT16_MAX,
                      b->before == NULL ? 0 : registry_least_suite(b->before), &b->least_suite,
                      fault);
    if (err != OK)
        return err;
    if (b->before != NULL && b->version < next)
        return fault_set(fault, ERR_REGISTRY_ROLLBACK, 0, "--version", "at least %llu",
                         (unsigned long long)next);
    b->valid_until_ms = b->now_ms + days * (uint64_t)DAY_MS;
    return OK;
}

static enum err open_all(struct build *b, bool part, struct fault *fault)
{
    const struct args *args = b->cli->args;
    enum err err = read_new(b, fault);
    if (err == OK && args_value(args, "root") != NULL)
        err = signing_open(&b->roots, args, "root", KEY_USE_ROOT, false, fault);
    if (err == OK && args_value(args, "root") != NULL)
        err = anchor_of_roots(b, args_value(args, "realm"), fault);
    if (err == OK)
        err = signing_open(&b->officials, args, "registrar", KEY_USE_REGISTRAR, true, fault);
    if (err == OK && b->roots.key_count == 0)
        err = read_appointment(b, fault);
    if (err == OK && b->roots.key_count == 0)
        err = read_registrar(b, fault);
    for (size_t i = 0; err == OK && b->roots.key_count > 0 && i < b->officials.key_count; i++) {
        memcpy(b->registrar.public_key[i], key_public(b->officials.key[i]), KEY_PUBLIC_LEN);
        b->registrar.key_count = (unsigned)i + 1;
    }
    if (err == OK)
        err = read_numbers(b, part, fault);
    if (err == OK)
        err = build_amend(b, fault);
    if (err == OK && b->records == NULL)
        err = build_take_before(b, fault);
    else
        for (size_t i = 0; err == OK && b->before != NULL && i < b->record_count; i++)
            err = build_fold(b, &b->records[i], fault);
    if (err == OK)
        err = build_enrol(b, fault);
    return err == OK ? build_check_proven(b, fault) : err;
}

/* ---- the file ---- */

static enum err make_file(struct build *b, bool part, struct writer *w, struct fault *fault)
{
    const struct entropy entropy = entropy_system();
    const size_t cap = FILE_HEAD_MAX + b->part_bytes + b->record_count * (FRAME_RECORD_MAX + 3);
    struct registry_make make = {
        .anchor = &b->anchor,
        .registrar_document = b->registrar_document,
        .roots = b->roots.key,
        .root_count = b->roots.key_count,
        .officials = b->officials.key,
        .official_count = b->officials.key_count,
        .later = (const uint8_t(*)[KEY_PUBLIC_LEN])b->officials.later,
        .later_count = b->officials.later_count,
        .region = strchr(b->officials.member, '.') + 1,
        .parts = b->part,
        .part_count = b->part_count,
        .above = part ? b->before : NULL,
        .version = b->version,
        .now_ms = b->now_ms,
        .valid_until_ms = b->valid_until_ms,
        .entropy = &entropy,
    };
    /* A part lasts no longer than its registrar does: it would be good for nothing. */
    if (part && b->registrar.valid_until_ms < make.valid_until_ms)
        make.valid_until_ms = b->registrar.valid_until_ms;
    if (b->before == NULL ||
        registry_revocations(b->before, b->officials.member, &make.revocations) != OK)
        make.revocations = 0; /* a registrar that is new here */
    make.least_suite = part ? 0 : (unsigned)b->least_suite;
    b->bytes = malloc(cap);
    if (b->bytes == NULL)
        return ERR_NO_MEMORY;
    *w = writer_of(b->bytes, cap);
    return registry_write(&make, b->records, b->record_count, w, fault);
}

static enum err open_made(struct build *b, bool part, struct span file, struct fault *fault)
{
    if (part)
        return registry_open_part(&b->made, &b->anchor, b->before, file, &b->signed_by, fault);
    return registry_open_draft(&b->made, &b->anchor, file, &b->signed_by, fault);
}

static enum err tell(const struct build *b, bool part, const char *path)
{
    FILE *to = b->cli->world->out;
    struct json *diff = NULL;
    const struct registry_diff d = {b->before, b->made, part ? b->officials.member : NULL};
    const bool short_of_time = registry_valid_until_ms(b->made) < b->valid_until_ms;
    enum err err = registry_diff_json(&d, &diff);
    if (err != OK)
        return err;
    if (b->cli->json) {
        json_put_uint(diff, "members", registry_member_count(b->made));
        json_put_uint(diff, "version", b->version);
        json_put_ms(diff, "valid_until", registry_valid_until_ms(b->made));
        json_put_uint(diff, "waits_for", b->officials.later_count);
        json_put_uint(diff, "unproven", b->unproven_count);
        err = show_json(to, diff);
    } else {
        char until[CLOCK_TEXT_LEN + 1];
        clock_format(registry_valid_until_ms(b->made), until);
        if (b->before != NULL || b->officials.later_count > 0)
            registry_diff_show(to, diff);
        fprintf(to,
                "成员登记册 %s：%zu 个成员，第 %llu 版，有效至 %.10s%s / registry: %zu members, "
                "version %llu, valid until %.10s%s\n",
                path, registry_member_count(b->made), (unsigned long long)b->version, until,
                short_of_time ? "（其一部分先到期）" : "", registry_member_count(b->made),
                (unsigned long long)b->version, until,
                short_of_time ? " (a part of it ends first)" : "");
        if (b->unproven_count > 0)
            fprintf(
                to,
                "警告：%zu 个密钥未经登记核准，无持有证明 / warning: %zu keys without an approved "
                "enrolment, so without proof of possession\n",
                b->unproven_count, b->unproven_count);
        if (b->officials.later_count > 0)
            fprintf(to, "尚待 %zu 人签署：lianshu registry sign / %zu more must sign\n",
                    b->officials.later_count, b->officials.later_count);
    }
    json_close(&diff);
    return err;
}

static enum err run(const struct cli *cli, bool part, struct fault *fault)
{
    const struct args *args = cli->args;
    const unsigned flags = args_flag(args, "replace") ? 0 : FILE_NEW;
    const char *path = args_value(args, "out");
    const char *anchor_out = args_value(args, "anchor-out");
    struct build b = {.cli = cli, .before_option = part ? "registry" : "before"};
    struct writer w;

    /* Both or none: a new registry under an old anchor would be believed by nobody. */
    if (flags == FILE_NEW &&
        (access(path, F_OK) == 0 || (anchor_out != NULL && access(anchor_out, F_OK) == 0)))
        return fault_set(fault, ERR_EXISTS, 0, access(path, F_OK) == 0 ? path : anchor_out,
                         "--replace writes over it");
    if (args_value(args, "members") == NULL && args_value(args, b.before_option) == NULL)
        return fault_set(fault, ERR_USAGE, 0, "--members",
                         "needed where no registry before has any");
    b.now_ms = cli->world->now_ms();
    enum err err = open_all(&b, part, fault);
    if (err == OK)
        err = make_file(&b, part, &w, fault);
    if (err == OK)
        err = open_made(&b, part, writer_span(&w), fault);
    if (err == OK)
        err = file_write(path, writer_span(&w), 0644, flags, fault);
    if (err == OK && anchor_out != NULL && b.roots.key_count > 0)
        err = anchor_write(&b.anchor, anchor_out, flags == 0, fault);
    if (err == OK)
        err = tell(&b, part, path);
    build_fini(&b);
    return err;
}

enum err cli_registry_build(const struct cli *cli, struct fault *fault)
{
    enum err err = check_way(cli->args, fault);
    return err == OK ? run(cli, false, fault) : err;
}

enum err cli_registry_draft(const struct cli *cli, struct fault *fault)
{
    return run(cli, false, fault);
}

enum err cli_registry_part(const struct cli *cli, struct fault *fault)
{
    return run(cli, true, fault);
}
