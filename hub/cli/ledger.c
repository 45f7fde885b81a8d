#include "cli/ledger.h"

#include "base/file.h"
#include "base/hex.h"
#include "base/yaml.h"
#include "check.h"
#include "cli/pubfile.h"
#include "keys/roles.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

enum {
    PATH_BYTES = 1024,
    ENTRY_TEXT_MAX = 768,
    INVITATION_TEXT_MAX = 2048,
    LEDGER_FILE_MAX = 4 << 20
};
_Static_assert(LEDGER_FILE_MAX >= LEDGER_MAX * ENTRY_TEXT_MAX, "a full ledger is read back");

struct ledger {
    char path[PATH_BYTES];
    int lock;
    size_t count;
    struct enrol_entry entry[LEDGER_MAX];
};

#define INVITATION_KEYS                                                                            \
    "realm", "invitation", "member", "adapter", "use", "role", "desk", "expires_ms"
static const char *const FILE_KEYS[] = {INVITATION_KEYS, NULL};
static const char *const ENTRY_KEYS[] = {INVITATION_KEYS, "code_sha256", "wrong", "request", NULL};
static const char *const LEDGER_KEYS[] = {"invitations", NULL};

/* ---- reading ---- */

static enum err read_hex(const struct yaml_node *map, const char *key, uint8_t *out, size_t len,
                         struct fault *fault)
{
    const struct yaml_node *node;
    const enum err err = yaml_need(map, key, YAML_KIND_SCALAR, &node, fault);
    if (err != OK)
        return err;
    return hex_decode(yaml_text(node), out, len)
               ? OK
               : yaml_fault(node, ERR_FIELD_VALUE, fault, "%s: %zu hexadecimal digits", key,
                            2 * len);
}

static enum err read_text(const struct yaml_node *map, const char *key, char *out, size_t cap,
                          struct fault *fault)
{
    const struct yaml_node *node;
    const enum err err = yaml_need(map, key, YAML_KIND_SCALAR, &node, fault);
    return err != OK ? err : yaml_copy(node, out, cap, fault);
}

/* What may be left out: of whom it is none. */
static enum err read_particulars(const struct yaml_node *map, struct enrol_invitation *out,
                                 struct fault *fault)
{
    const struct yaml_node *adapter = yaml_get(map, "adapter");
    const struct yaml_node *role = yaml_get(map, "role");
    const bool official = strcmp(out->use, "official") == 0;
    enum err err = OK;
    if (adapter != NULL)
        err = yaml_copy(adapter, out->adapter, sizeof out->adapter, fault);
    if (err != OK)
        return err;
    if (adapter != NULL && !pubfile_name_valid(out->adapter))
        return yaml_fault(adapter, ERR_FIELD_VALUE, fault, "adapter: letters, digits, _ and -");
    out->role = role == NULL || yaml_text(role) == NULL ? 0 : roles_of_word(yaml_text(role));
    if (official != (out->role != 0) || (role != NULL && !official))
        return yaml_fault(role == NULL ? map : role, ERR_FIELD_VALUE, fault,
                          "role: of an official, one of operator, security, auditor");
    return OK;
}

static enum err read_invitation(const struct yaml_node *map, struct enrol_invitation *out,
                                struct fault *fault)
{
    const struct yaml_node *expires;
    enum err err;
    if ((err = read_text(map, "realm", out->realm, sizeof out->realm, fault)) != OK ||
        (err = read_hex(map, "invitation", out->id, FRAME_ID_LEN, fault)) != OK ||
        (err = read_text(map, "member", out->member, sizeof out->member, fault)) != OK ||
        (err = read_text(map, "use", out->use, sizeof out->use, fault)) != OK ||
        (err = read_hex(map, "desk", out->desk, KEY_PUBLIC_LEN, fault)) != OK ||
        (err = yaml_need(map, "expires_ms", YAML_KIND_SCALAR, &expires, fault)) != OK ||
        (err = yaml_uint(expires, INT64_MAX, &out->expires_ms, fault)) != OK)
        return err;
    if (!realm_valid(out->realm))
        return yaml_fault(yaml_get(map, "realm"), ERR_REALM, fault, "realm: a name like demo");
    if (!member_valid(out->member))
        return yaml_fault(yaml_get(map, "member"), ERR_IDENTIFIER, fault,
                          "member: like market.445100");
    if (!enrol_use_known(out->use))
        return yaml_fault(yaml_get(map, "use"), ERR_FIELD_VALUE, fault,
                          "use: adapter, hub, signer, official, witness");
    err = key_check_public(KEY_USE_SEAL, out->desk);
    if (err != OK)
        return yaml_fault(yaml_get(map, "desk"), err, fault, "desk");
    return read_particulars(map, out, fault);
}

static enum err read_entry(const struct yaml_node *map, struct enrol_entry *out,
                           struct fault *fault)
{
    const struct yaml_node *wrong;
    uint64_t count;
    enum err err = yaml_only_keys(map, ENTRY_KEYS, fault);
    if (err != OK || (err = read_invitation(map, &out->invitation, fault)) != OK ||
        (err = read_hex(map, "code_sha256", out->code_hash, HASH_LEN, fault)) != OK ||
        (err = yaml_need(map, "wrong", YAML_KIND_SCALAR, &wrong, fault)) != OK ||
        (err = yaml_uint(wrong, ENROL_WRONG_MAX, &count, fault)) != OK)
        return err;
    out->wrong = (unsigned)count;
    out->used = yaml_get(map, "request") != NULL;
    return out->used ? read_hex(map, "request", out->request, HASH_LEN, fault) : OK;
}

static enum err read_ledger(struct ledger *ledger, struct span text, struct fault *fault)
{
    const struct yaml_node *list;
    struct yaml *y = NULL;
    enum err err = yaml_parse(&y, text, ledger->path, fault);
    if (err == OK)
        err = yaml_only_keys(yaml_root(y), LEDGER_KEYS, fault);
    if (err == OK)
        err = yaml_need(yaml_root(y), "invitations", YAML_KIND_LIST, &list, fault);
    if (err == OK && yaml_count(list) > LEDGER_MAX)
        err = yaml_fault(list, ERR_TOO_LARGE, fault, "at most %d invitations", LEDGER_MAX);
    for (size_t i = 0; err == OK && i < yaml_count(list); i++) {
        err = read_entry(yaml_item(list, i), &ledger->entry[i], fault);
        if (err == OK)
            ledger->count++;
    }
    yaml_close(&y);
    return err;
}

/* A file of its own is locked: the ledger itself is replaced at every change. */
static enum err lock(struct ledger *ledger, struct fault *fault)
{
    char path[PATH_BYTES + 8];
    snprintf(path, sizeof path, "%s.lock", ledger->path);
    ledger->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (ledger->lock == -1)
        return fault_set(fault, file_errno(errno), 0, path, "lock of the ledger");
    return flock(ledger->lock, LOCK_EX | LOCK_NB) == 0
               ? OK
               : fault_set(fault, ERR_BUSY_ELSEWHERE, 0, ledger->path, "enrolment ledger");
}

enum err ledger_open(struct ledger **out, const char *path, bool create, struct fault *fault)
{
    uint8_t *data = NULL;
    size_t len;
    *out = NULL;
    struct ledger *ledger = calloc(1, sizeof *ledger);
    if (ledger == NULL)
        return ERR_NO_MEMORY;
    ledger->lock = -1;
    enum err err = OK;
    if (snprintf(ledger->path, sizeof ledger->path, "%s", path) >= (int)sizeof ledger->path)
        err = fault_set(fault, ERR_FIELD_LONG, 0, "--ledger", "path: at most %d bytes",
                        PATH_BYTES - 1);
    if (err == OK)
        err = lock(ledger, fault);
    if (err == OK && !(create && access(path, F_OK) != 0)) {
        err = file_read(path, LEDGER_FILE_MAX, FILE_NOFOLLOW | FILE_PRIVATE, &data, &len, fault);
        if (err == OK)
            err = read_ledger(ledger, span_of(data, len), fault);
    }
    free(data);
    if (err != OK)
        ledger_close(&ledger);
    *out = ledger;
    return err;
}

void ledger_close(struct ledger **ledger)
{
    if (ledger == NULL || *ledger == NULL)
        return;
    if ((*ledger)->lock != -1)
        close((*ledger)->lock);
    free(*ledger);
    *ledger = NULL;
}

struct enrol_entry *ledger_find(struct ledger *ledger, const uint8_t id[static FRAME_ID_LEN])
{
    for (size_t i = 0; i < ledger->count; i++) {
        if (memcmp(ledger->entry[i].invitation.id, id, FRAME_ID_LEN) == 0)
            return &ledger->entry[i];
    }
    return NULL;
}

enum err ledger_add(struct ledger *ledger, const struct enrol_entry *entry, struct fault *fault)
{
    if (ledger->count == LEDGER_MAX)
        return fault_set(fault, ERR_TOO_LARGE, 0, ledger->path,
                         "%d invitations: begin another ledger", LEDGER_MAX);
    ledger->entry[ledger->count++] = *entry;
    return OK;
}

/* ---- writing ---- */

/* `first` before the first line, `then` before the others. */
static void print_invitation(FILE *to, const struct enrol_invitation *in, const char *first,
                             const char *then)
{
    char id[2 * FRAME_ID_LEN + 1];
    char desk[2 * KEY_PUBLIC_LEN + 1];
    hex_encode(span_of(in->id, FRAME_ID_LEN), id);
    hex_encode(span_of(in->desk, KEY_PUBLIC_LEN), desk);
    fprintf(to, "%srealm: %s\n%sinvitation: \"%s\"\n%smember: %s\n", first, in->realm, then, id,
            then, in->member);
    if (in->adapter[0] != '\0')
        fprintf(to, "%sadapter: \"%s\"\n", then, in->adapter);
    fprintf(to, "%suse: %s\n", then, in->use);
    if (in->role != 0)
        fprintf(to, "%srole: %s\n", then, roles_word(in->role));
    fprintf(to, "%sdesk: \"%s\"\n%sexpires_ms: %" PRIu64 "\n", then, desk, then, in->expires_ms);
}

static void print_entry(FILE *to, const struct enrol_entry *entry)
{
    char hex[2 * HASH_LEN + 1];
    print_invitation(to, &entry->invitation, "  - ", "    ");
    hex_encode(span_of(entry->code_hash, HASH_LEN), hex);
    fprintf(to, "    code_sha256: \"%s\"\n    wrong: %u\n", hex, entry->wrong);
    if (!entry->used)
        return;
    hex_encode(span_of(entry->request, HASH_LEN), hex);
    fprintf(to, "    request: \"%s\"\n", hex);
}

/* The text of a stream over a buffer, written to its path. */
static enum err finish(FILE *stream, const char *text, size_t cap, const char *path, mode_t mode,
                       unsigned flags, struct fault *fault)
{
    const long len = ftell(stream);
    const bool good = fflush(stream) == 0 && ferror(stream) == 0 && len > 0 && (size_t)len < cap;
    fclose(stream);
    if (!good)
        return fault_set(fault, ERR_INTERNAL, 0, path, "too long");
    return file_write(path, span_of(text, (size_t)len), mode, flags, fault);
}

enum err ledger_save(const struct ledger *ledger, struct fault *fault)
{
    const size_t cap = (ledger->count + 1) * ENTRY_TEXT_MAX;
    enum err err = ERR_NO_MEMORY;
    char *text = malloc(cap);
    FILE *to = text == NULL ? NULL : fmemopen(text, cap, "w");
    if (to != NULL) {
        fprintf(to, "# 登记邀请簿，勿手工修改。 / Ledger of enrolment; not to be edited.\n"
                    "invitations:\n");
        for (size_t i = 0; i < ledger->count; i++)
            print_entry(to, &ledger->entry[i]);
        err = finish(to, text, cap, ledger->path, 0600, 0, fault);
    }
    free(text);
    return err;
}

enum err invitation_read(struct enrol_invitation *out, const char *path, struct fault *fault)
{
    struct yaml *y = NULL;
    *out = (struct enrol_invitation){.expires_ms = 0};
    enum err err = yaml_open(&y, path, fault);
    if (err == OK)
        err = yaml_only_keys(yaml_root(y), FILE_KEYS, fault);
    if (err == OK)
        err = read_invitation(yaml_root(y), out, fault);
    yaml_close(&y);
    return err;
}

enum err invitation_write(const struct enrol_invitation *invitation, const char *path,
                          struct fault *fault)
{
    char text[INVITATION_TEXT_MAX];
    FILE *to = fmemopen(text, sizeof text, "w");
    if (to == NULL)
        return ERR_NO_MEMORY;
    fprintf(to, "# 登记邀请，可以公开；一次性登记码另行当面或电话告知。\n"
                "# Invitation to enrol; may be published. The one-time code goes another way.\n");
    print_invitation(to, invitation, "", "");
    return finish(to, text, sizeof text, path, 0644, FILE_NEW, fault);
}
