#include "cli/registry_build.h"

#include "base/file.h"
#include "keys/amend.h"
#include "keys/enrol.h"

#include <stdlib.h>

enum err build_amend(struct build *b, struct fault *fault)
{
    const char *path;
    for (size_t i = 0; (path = args_value_at(b->cli->args, "amendment", i)) != NULL; i++) {
        uint8_t *data = NULL;
        size_t len;
        if (b->before == NULL)
            return fault_set(fault, ERR_USAGE, 0, "--amendment", "changes the registry --%s",
                             b->before_option);
        enum err err = file_read(path, AMEND_DOCUMENT_MAX, 0, &data, &len, fault);
        if (err == OK)
            err = registry_amend(b->before, span_of(data, len), b->now_ms, true, NULL, fault);
        free(data);
        if (err != OK && err != ERR_REPEAT)
            return err;
    }
    return OK;
}

static lianshu_MemberKey *same_key(lianshu_MemberRecord *record, const lianshu_MemberKey *key)
{
    for (pb_size_t i = 0; i < record->keys_count; i++) {
        lianshu_MemberKey *own = &record->keys[i];
        if (own->use == key->use && memcmp(own->public_key, key->public_key, KEY_PUBLIC_LEN) == 0)
            return own;
    }
    return NULL;
}

static enum err append_key(lianshu_MemberRecord *record, const lianshu_MemberKey *key,
                           struct fault *fault)
{
    const size_t max = sizeof record->keys / sizeof record->keys[0];
    if (record->keys_count >= max)
        return fault_set(fault, ERR_TOO_LARGE, 0, record->member, "more than %zu keys", max);
    record->keys[record->keys_count++] = *key;
    return OK;
}

/* A revocation stays, and so does what the member's own key record brought: neither is in the
 * public key files. Whatever else is not in them any more is left out. */
enum err build_fold(const struct build *b, lianshu_MemberRecord *record, struct fault *fault)
{
    const struct registry_member *row = registry_member(b->before, record->member);
    lianshu_MemberRecord plain, amended;
    if (row == NULL)
        return OK;
    enum err err = registry_record(row, &plain);
    if (err == OK)
        err = registry_record_amended(b->before, row, b->now_ms, &amended);
    if (err != OK)
        return fault_set(fault, err, 0, record->member, "its amendments");
    for (pb_size_t i = 0; err == OK && i < amended.keys_count; i++) {
        const lianshu_MemberKey *key = &amended.keys[i];
        lianshu_MemberKey *own = same_key(record, key);
        if (own == NULL) {
            if (key->revoked_ms != 0 || same_key(&plain, key) == NULL)
                err = append_key(record, key, fault);
            continue;
        }
        own->revoked_ms = key->revoked_ms;
        own->revoked_for = key->revoked_for;
        if (key->valid_until_ms < own->valid_until_ms)
            own->valid_until_ms = key->valid_until_ms;
    }
    record->key_records = amended.key_records;
    return err;
}

static void kid_of_row(const lianshu_MemberKey *key, uint8_t out[static KID_LEN])
{
    kid_of(out, key_use_alg((enum key_use)key->use), key->public_key);
}

static enum err note_proven(struct build *b, const lianshu_EnrolmentApproval *approval)
{
    const size_t count = b->proven_count + approval->keys_count;
    uint8_t(*grown)[KID_LEN] = realloc(b->proven, count * sizeof *grown);
    if (grown == NULL)
        return ERR_NO_MEMORY;
    b->proven = grown;
    for (pb_size_t i = 0; i < approval->keys_count; i++)
        kid_of_row(&approval->keys[i], b->proven[b->proven_count++]);
    return OK;
}

/* Its holder has shown that it has it: in the version before, or under a one-time code since. */
static bool is_proven(const struct build *b, const lianshu_MemberKey *key)
{
    uint8_t kid[KID_LEN];
    const struct registry_key *row;
    kid_of_row(key, kid);
    if (b->before != NULL && registry_key(b->before, kid, &row) == OK)
        return true;
    for (size_t i = 0; i < b->proven_count; i++) {
        if (memcmp(b->proven[i], kid, KID_LEN) == 0)
            return true;
    }
    return false;
}

/* Whoever signs a registry vouches for each key in it. Roots that sign at the same desk are a realm
 * that begins, with everybody's keys before them: there it is said and not refused. */
enum err build_check_proven(struct build *b, struct fault *fault)
{
    const bool given = args_flag(b->cli->args, "unproven") || b->roots.key_count > 0;
    for (size_t i = 0; i < b->record_count; i++) {
        for (pb_size_t k = 0; k < b->records[i].keys_count; k++) {
            const lianshu_MemberKey *key = &b->records[i].keys[k];
            if (is_proven(b, key))
                continue;
            b->unproven_count++;
            if (!given)
                return fault_set(fault, ERR_POSSESSION, 0, b->records[i].member,
                                 "its %s key comes with no --enrolment; --unproven when its "
                                 "holder has shown otherwise that it is its own",
                                 key_use_name((enum key_use)key->use));
        }
    }
    return OK;
}

enum err build_take_before(struct build *b, struct fault *fault)
{
    const struct registry_member *row;
    b->records = calloc(registry_member_count(b->before) + 1, sizeof *b->records);
    enum err err = b->records == NULL ? ERR_NO_MEMORY : OK;
    for (size_t i = 0; err == OK && (row = registry_member_at(b->before, i)) != NULL; i++) {
        const struct registry_registrar *by = registry_registrar_at(b->before, row->registrar);
        if (by != NULL && strcmp(by->member, b->officials.member) == 0)
            err =
                registry_record_amended(b->before, row, b->now_ms, &b->records[b->record_count++]);
    }
    return err == OK ? OK : fault_set(fault, err, 0, "--before", "its members");
}

static enum err add_approved(struct build *b, const lianshu_EnrolmentApproval *approval,
                             const char *path, struct fault *fault)
{
    lianshu_MemberRecord *record = NULL;
    enum err err = note_proven(b, approval);
    if (err != OK)
        return err;
    for (size_t i = 0; i < b->record_count; i++) {
        if (strcmp(b->records[i].member, approval->member) == 0)
            record = &b->records[i];
    }
    if (record == NULL)
        return fault_set(fault, ERR_MEMBER_UNKNOWN, 0, path, "%s is not among --members",
                         approval->member);
    for (pb_size_t i = 0; err == OK && i < approval->keys_count; i++) {
        if (same_key(record, &approval->keys[i]) == NULL)
            err = append_key(record, &approval->keys[i], fault);
    }
    return err;
}

enum err build_enrol(struct build *b, struct fault *fault)
{
    const char *path;
    const struct enrol_officials officials = {
        b->registrar.key_count, (const uint8_t(*)[KEY_PUBLIC_LEN])b->registrar.public_key};
    for (size_t i = 0; (path = args_value_at(b->cli->args, "enrolment", i)) != NULL; i++) {
        lianshu_EnrolmentApproval approval;
        uint8_t *data = NULL;
        size_t len;
        enum err err = file_read(path, ENROL_FRAME_MAX, 0, &data, &len, fault);
        if (err == OK)
            err = enrol_approval_open(span_of(data, len), b->anchor.realm, &officials, b->now_ms,
                                      &approval, fault);
        free(data);
        if (err == OK)
            err = add_approved(b, &approval, path, fault);
        if (err != OK)
            return err;
    }
    return OK;
}
