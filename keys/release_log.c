#include "keys/release_log.h"

#include "keys/tlog_proof.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OFFICIALS = 2 };

void release_entry(lianshu_Admin *out, const char *hub, const uint8_t hash[static HASH_LEN],
                   const uint8_t officials[static OFFICIALS][KID_LEN])
{
    *out = (lianshu_Admin){.document.size = HASH_LEN, .officials_count = OFFICIALS};
    snprintf(out->event, sizeof out->event, "%s", RELEASE_EVENT);
    snprintf(out->by, sizeof out->by, "%s", hub);
    memcpy(out->document.bytes, hash, HASH_LEN);
    memcpy(out->officials, officials, sizeof out->officials);
}

bool release_entry_is(const lianshu_Admin *body, const char *hub,
                      const uint8_t hash[static HASH_LEN])
{
    return strcmp(body->event, RELEASE_EVENT) == 0 && strcmp(body->by, hub) == 0 &&
           body->document.size == HASH_LEN && memcmp(body->document.bytes, hash, HASH_LEN) == 0;
}

/* The note is of a log of that hub, and has its cosignatures. */
static enum err check_note(const struct release_reader *reader, const struct witness_policy *policy,
                           struct span note, struct checkpoint *out, unsigned *cosigned)
{
    struct cosigners cosigners;
    struct log_reader *log = calloc(1, sizeof *log);
    if (log == NULL)
        return ERR_NO_MEMORY;
    log->registry = reader->registry;
    log->hub = reader->member;
    log->at_ms = reader->now_ms;
    enum err err = log_reader_checkpoint(log, note, out);
    free(log);
    if (err == OK)
        err = cosign_count(note, policy, reader->now_ms, &cosigners);
    if (err != OK)
        return err;
    *cosigned = cosigners.count;
    return cosign_met(policy, &cosigners) ? OK : ERR_WITNESSES;
}

/* The entry is about this list. */
static enum err check_leaf(const struct release_reader *reader, struct span leaf,
                           const uint8_t hash[static HASH_LEN])
{
    unsigned kind;
    uint64_t time_ms;
    struct span bytes;
    lianshu_Admin body;
    if (log_leaf_read(leaf, &kind, &time_ms, &bytes) != OK || kind != LOG_ADMIN ||
        wire_decode(&lianshu_Admin_msg, bytes, &body) != OK)
        return ERR_RELEASE_LOG;
    return release_entry_is(&body, reader->member, hash) ? OK : ERR_RELEASE_LOG;
}

enum err release_proven(const struct release_reader *reader, const struct witness_policy *policy,
                        struct span list, struct span proof, struct release_place *out)
{
    struct release_signed what;
    struct checkpoint checkpoint;
    *out = (struct release_place){.index = 0};
    struct tlog_proof *entry = malloc(sizeof *entry);
    enum err err = entry == NULL ? ERR_NO_MEMORY : release_read(list, &what);
    if (err == OK)
        err = tlog_proof_read(entry, proof);
    if (err == OK)
        err = check_note(reader, policy, entry->note, &checkpoint, &out->cosigners);
    if (err == OK)
        err = tlog_proof_verify(entry, &checkpoint);
    if (err == OK)
        err = check_leaf(reader, span_of(entry->leaf, entry->leaf_len), what.hash);
    if (err == OK) {
        memcpy(out->origin, checkpoint.origin, sizeof out->origin);
        out->index = entry->index;
    }
    free(entry);
    return err;
}
