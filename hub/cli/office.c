#include "cli/office.h"

#include "base/file.h"
#include "base/log.h"
#include "base/yaml.h"
#include "keys/amend.h"
#include "net/place.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum {
    FILE_PATH_MAX = OFFICE_PATH_MAX + 128,
    EVIDENCE_MAX = 2 * NOTE_SIGNED_MAX + 256,
    AMENDMENTS_MAX = AMEND_MAX * (8 + 4 + AMEND_DOCUMENT_MAX),
};

struct office {
    const struct office_config *config;
    struct anchor anchor;
    struct registry *registry;
    struct keyring *keys;
    int lock;
    char name[WITNESS_NAME_MAX + 1];
};

/* ---- configuration ---- */

static enum err read_hubs(const struct yaml_node *root, struct office_config *out,
                          struct fault *fault)
{
    static const char *const KEYS[] = {"hub", "address", NULL};
    const struct yaml_node *list;
    enum err err = yaml_need(root, "hubs", YAML_KIND_LIST, &list, fault);
    if (err == OK && (yaml_count(list) == 0 || yaml_count(list) > OFFICE_HUBS_MAX))
        return yaml_fault(list, ERR_FIELD_VALUE, fault, "hubs: 1 to %d", OFFICE_HUBS_MAX);
    for (size_t i = 0; err == OK && i < yaml_count(list); i++) {
        struct office_hub *row = &out->hubs[out->hub_count++];
        const struct yaml_node *node = yaml_item(list, i);
        const struct yaml_node *hub;
        const struct yaml_node *address;
        if ((err = yaml_only_keys(node, KEYS, fault)) != OK ||
            (err = yaml_need(node, "hub", YAML_KIND_SCALAR, &hub, fault)) != OK ||
            (err = yaml_copy(hub, row->hub, sizeof row->hub, fault)) != OK ||
            (err = yaml_need(node, "address", YAML_KIND_SCALAR, &address, fault)) != OK ||
            (err = yaml_copy(address, row->address, sizeof row->address, fault)) != OK)
            return err;
        if (!member_is_hub(row->hub))
            return yaml_fault(hub, ERR_FIELD_VALUE, fault, "hub: a hub, like hub.445100");
    }
    return err;
}

enum err office_config_read(struct office_config *out, const char *path, struct fault *fault)
{
    static const char *const KEYS[] = {"realm",           "member", "key_file",
                                       "passphrase_file", "anchor", "registry",
                                       "state_dir",       "hubs",   NULL};
    static const char *const PATHS[] = {"key_file", "passphrase_file", "anchor", "registry",
                                        "state_dir"};
    char *const into[] = {out->key_file, out->passphrase_file, out->anchor, out->registry,
                          out->state_dir};
    struct yaml *y = NULL;
    const struct yaml_node *realm;
    const struct yaml_node *member;
    memset(out, 0, sizeof *out);
    enum err err = yaml_open(&y, path, fault);
    if (err != OK)
        return err;
    const struct yaml_node *root = yaml_root(y);
    if ((err = yaml_only_keys(root, KEYS, fault)) != OK ||
        (err = yaml_need(root, "realm", YAML_KIND_SCALAR, &realm, fault)) != OK ||
        (err = yaml_copy(realm, out->realm, sizeof out->realm, fault)) != OK ||
        (err = yaml_need(root, "member", YAML_KIND_SCALAR, &member, fault)) != OK ||
        (err = yaml_copy(member, out->member, sizeof out->member, fault)) != OK)
        goto out;
    if (!member_valid(out->member))
        err = yaml_fault(member, ERR_FIELD_VALUE, fault, "member: like witness.445100");
    for (size_t i = 0; err == OK && i < sizeof PATHS / sizeof PATHS[0]; i++)
        err = place_read(root, PATHS[i], false, path, into[i], OFFICE_PATH_MAX, fault);
    if (err == OK)
        err = read_hubs(root, out, fault);

out:
    yaml_close(&y);
    return err;
}

/* ---- the folder ---- */

static void path_of(const struct office_config *config, const char *name, char out[FILE_PATH_MAX])
{
    snprintf(out, FILE_PATH_MAX, "%s/%s", config->state_dir, name);
}

enum err office_init(const struct office_config *config, struct fault *fault)
{
    char path[FILE_PATH_MAX];
    char text[128];
    enum err err = file_private_dir(config->state_dir, 0700, fault);
    if (err != OK)
        return err;
    path_of(config, "witness", path);
    const int len = snprintf(text, sizeof text, "%s %s\n", config->realm, config->member);
    return file_write(path, span_of(text, (size_t)len), 0600, FILE_NEW, fault);
}

/* The folder is this member's, and nobody else uses it. */
static enum err lock_folder(struct office *o, struct fault *fault)
{
    char path[FILE_PATH_MAX];
    char want[128];
    char have[sizeof want] = "";
    path_of(o->config, "witness", path);
    o->lock = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (o->lock == -1)
        return fault_set(fault, file_errno(errno), 0, path, "make it once: lianshu witness init");
    if (flock(o->lock, LOCK_EX | LOCK_NB) != 0)
        return fault_set(fault, ERR_BUSY_ELSEWHERE, 0, path, "another process uses it");
    const int len = snprintf(want, sizeof want, "%s %s\n", o->config->realm, o->config->member);
    const ssize_t got = read(o->lock, have, sizeof have - 1);
    if (got != len || strcmp(want, have) != 0)
        return fault_set(fault, ERR_CONFIG, 0, path, "the folder of another witness");
    return OK;
}

/* "<hub>-<n>" of an origin "<hub>.<realm>/audit/<n>". */
static void log_name(const char *hub, uint64_t number, const char *end, char out[128])
{
    snprintf(out, 128, "%s-%" PRIu64 ".%s", hub, number, end);
}

static uint64_t number_of(const char *origin)
{
    const char *slash = strrchr(origin, '/');
    return slash == NULL ? 0 : strtoull(slash + 1, NULL, 10);
}

static enum err read_head(const struct office *o, const char *hub, uint64_t number,
                          struct witness_head *out, struct fault *fault)
{
    char name[128];
    char path[FILE_PATH_MAX];
    uint8_t *data = NULL;
    size_t len;
    memset(out, 0, sizeof *out);
    log_name(hub, number, "note", name);
    path_of(o->config, name, path);
    enum err err = file_read(path, NOTE_SIGNED_MAX, FILE_NOFOLLOW, &data, &len, NULL);
    if (err == ERR_NOT_FOUND)
        return OK;
    if (err == OK)
        err = witness_head(span_of(data, len), out);
    free(data);
    if (err != OK)
        return fault_set(fault, err, 0, path, "the head that was cosigned cannot be read");
    return number_of(out->checkpoint.origin) == number
               ? OK
               : fault_set(fault, ERR_CORRUPT, 0, path, "a checkpoint of another log");
}

/* The number of the newest log of a hub that was ever cosigned; 0: none. Logs are numbered without
 * gaps where one is restored, but nobody promises it: the file says. */
static enum err newest(const struct office *o, const char *hub, uint64_t *number,
                       struct fault *fault)
{
    char name[128];
    char path[FILE_PATH_MAX];
    uint8_t *data = NULL;
    size_t len;
    *number = 0;
    snprintf(name, sizeof name, "%s.newest", hub);
    path_of(o->config, name, path);
    enum err err = file_read(path, 32, FILE_NOFOLLOW, &data, &len, NULL);
    if (err == ERR_NOT_FOUND)
        return OK;
    if (err == OK)
        *number = strtoull((const char *)data, NULL, 10);
    free(data);
    return err == OK && *number > 0 ? OK : fault_set(fault, ERR_CORRUPT, 0, path, "no number");
}

static enum err save_head(const struct office *o, const char *hub, uint64_t number, bool first,
                          const struct witness_head *head, struct fault *fault)
{
    char name[128];
    char path[FILE_PATH_MAX];
    char text[32];
    log_name(hub, number, "note", name);
    path_of(o->config, name, path);
    enum err err = file_write(path, span_of(head->note, head->note_len), 0600, 0, fault);
    if (err != OK || !first)
        return err;
    snprintf(name, sizeof name, "%s.newest", hub);
    path_of(o->config, name, path);
    const int len = snprintf(text, sizeof text, "%" PRIu64 "\n", number);
    return file_write(path, span_of(text, (size_t)len), 0600, 0, fault);
}

/* One of a kind of each log: the first is the proof. */
static enum err keep_evidence(const struct office *o, const char *hub, uint64_t number,
                              enum err code, const struct witness_head *held,
                              const struct witness_head *offered, struct fault *fault)
{
    char name[128];
    char end[16];
    char path[FILE_PATH_MAX];
    uint8_t text[EVIDENCE_MAX];
    struct writer w = writer_of(text, sizeof text);
    snprintf(end, sizeof end, "E%d", (int)code);
    log_name(hub, number, end, name);
    path_of(o->config, name, path);
    write_span(&w, span_of(held->note, held->note_len));
    write_bytes(&w, "\n", 1);
    write_span(&w, span_of(offered->note, offered->note_len));
    enum err err = file_write(path, writer_span(&w), 0600, FILE_NEW, NULL);
    return err == OK || err == ERR_EXISTS
               ? OK
               : fault_set(fault, err, 0, path, "the evidence cannot be kept");
}

/* ---- what the registry is amended by ---- */

static enum err load_amendments(struct office *o, struct fault *fault)
{
    char path[FILE_PATH_MAX];
    uint8_t *data = NULL;
    size_t len;
    path_of(o->config, "amendments", path);
    enum err err = file_read(path, AMENDMENTS_MAX, FILE_NOFOLLOW, &data, &len, NULL);
    if (err == ERR_NOT_FOUND)
        return OK;
    struct span rest = span_of(data, err == OK ? len : 0);
    while (err == OK && rest.len > 0) {
        uint64_t applied_ms, one;
        struct span lsd1;
        if (!span_take_uint(&rest, 8, &applied_ms) || !span_take_uint(&rest, 4, &one) ||
            !span_take(&rest, (size_t)one, &lsd1))
            err = ERR_CORRUPT;
        else
            err = registry_amend_again(o->registry, lsd1, applied_ms, fault);
    }
    free(data);
    return err == OK ? OK : fault_set(fault, err, 0, path, "what the registry was amended by");
}

static enum err save_amendments(const struct office *o, struct fault *fault)
{
    char path[FILE_PATH_MAX];
    const struct amendment *row;
    size_t len = 0;
    for (size_t i = 0; (row = registry_amendment(o->registry, i)) != NULL; i++)
        len += 8 + 4 + row->lsd1.len;
    struct writer w = writer_of(malloc(len + 1), len);
    if (w.data == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; (row = registry_amendment(o->registry, i)) != NULL; i++) {
        write_uint(&w, row->applied_ms, 8);
        write_uint(&w, row->lsd1.len, 4);
        write_span(&w, row->lsd1);
    }
    path_of(o->config, "amendments", path);
    const enum err err = file_write(path, writer_span(&w), 0600, 0, fault);
    free(w.data);
    return err;
}

enum err office_amend(struct office *o, const lianshu_Amendments *body, uint64_t now_ms,
                      struct fault *fault)
{
    bool amended = false;
    for (pb_size_t i = 0; i < body->documents_count; i++) {
        struct fault why = {.err = OK};
        const struct span lsd1 = span_of(body->documents[i].bytes, body->documents[i].size);
        const enum err err = registry_amend(o->registry, lsd1, now_ms, true, NULL, &why);
        amended = amended || err == OK;
        if (err == OK || err == ERR_REPEAT)
            continue;
        if (err_class(err) != ERR_CLASS_REJECT)
            return fault_set(fault, err, 0, "registry", "an amendment");
        log_warn("amendment_refused", "code=E%03d what=%s / %s: %s", (int)err, err_zh(err),
                 err_en(err), why.detail);
    }
    return amended ? save_amendments(o, fault) : OK;
}

/* ---- opening ---- */

enum err office_open(struct office **out, const struct office_config *config, struct fault *fault)
{
    *out = NULL;
    struct office *o = calloc(1, sizeof *o);
    if (o == NULL)
        return fault_set(fault, ERR_NO_MEMORY, 0, "witness", "state");
    o->config = config;
    o->lock = -1;
    enum err err = lock_folder(o, fault);
    if (err == OK)
        err = keyfile_open(&o->keys, config->key_file, config->passphrase_file, fault);
    if (err == OK)
        err = anchor_read(&o->anchor, config->anchor, fault);
    if (err == OK)
        err = registry_read(&o->registry, &o->anchor, config->registry, 0, fault);
    if (err == OK)
        err = load_amendments(o, fault);
    if (err == OK && (keyring_find(o->keys, KEY_USE_WITNESS) == NULL ||
                      keyring_find(o->keys, KEY_USE_TRANSPORT) == NULL ||
                      strcmp(keyring_owner(o->keys), config->member) != 0))
        err = fault_set(fault, ERR_KEY_FILE, 0, config->key_file, "witness and transport key of %s",
                        config->member);
    if (err == OK && cosign_name(o->name, config->member, config->realm) != OK)
        err = fault_set(fault, ERR_CONFIG, 0, config->member, "the member's name");
    if (err != OK) {
        office_close(&o);
        return err;
    }
    *out = o;
    return OK;
}

void office_close(struct office **office)
{
    struct office *o = *office;
    if (o == NULL)
        return;
    registry_close(&o->registry);
    keyring_close(&o->keys);
    if (o->lock != -1)
        close(o->lock);
    free(o);
    *office = NULL;
}

const struct registry *office_registry(const struct office *o)
{
    return o->registry;
}

const struct keyring *office_keys(const struct office *o)
{
    return o->keys;
}

void office_refresh(struct office *o)
{
    struct registry *next = NULL;
    if (registry_read(&next, &o->anchor, o->config->registry, registry_version(o->registry),
                      NULL) != OK)
        return;
    if (registry_amend_from(next, o->registry, NULL) != OK) {
        registry_close(&next);
        return;
    }
    registry_close(&o->registry);
    o->registry = next;
}

/* ---- asked ---- */

static bool named(const struct office *o, const char *hub)
{
    for (size_t i = 0; i < o->config->hub_count; i++) {
        if (strcmp(o->config->hubs[i].hub, hub) == 0)
            return true;
    }
    return false;
}

enum err office_take(struct office *o, const char *hub, const lianshu_WitnessAsk *ask,
                     uint64_t now_ms, lianshu_WitnessAnswer *answer, struct fault *fault)
{
    struct witness_head held = {0};
    struct witness_head offered = {0};
    uint64_t highest = 0;
    enum err verdict =
        named(o, hub) ? witness_read(ask, hub, o->registry, now_ms, &offered) : ERR_CHECKPOINT;
    const uint64_t number = number_of(offered.checkpoint.origin);
    enum err err = OK;
    if (verdict == OK && (err = newest(o, hub, &highest, fault)) == OK && number < highest)
        verdict = ERR_LOG_ROLLBACK;
    else if (verdict == OK && err == OK && (err = read_head(o, hub, number, &held, fault)) == OK)
        verdict = witness_judge(&held, &offered, ask);
    if (err == OK && verdict == OK &&
        (held.note_len == 0 || offered.checkpoint.size != held.checkpoint.size)) {
        err = save_head(o, hub, number, number != highest, &offered, fault);
        held = offered;
    }
    if (err == OK && witness_evidence(verdict) && held.note_len > 0)
        err = keep_evidence(o, hub, number, verdict, &held, &offered, fault);
    return err == OK ? witness_answer(&held, offered.checkpoint.origin, verdict, o->name,
                                      keyring_find(o->keys, KEY_USE_WITNESS), now_ms, answer)
                     : err;
}

enum err office_held(struct office *o, const char *hub, struct witness_head *out,
                     struct fault *fault)
{
    uint64_t number = 0;
    memset(out, 0, sizeof *out);
    enum err err = newest(o, hub, &number, fault);
    return err == OK && number > 0 ? read_head(o, hub, number, out, fault) : err;
}
