#include "keys/log_readers.h"

#include "wire.h"

#include <stdlib.h>
#include <string.h>

struct slot {
    uint64_t used; /* 0: free */
    char hub[MEMBER_MAX + 1];
    struct log_reader reader;
};

struct log_readers {
    uint64_t clock;
    struct slot slot[LOG_READERS];
};

enum err log_readers_open(struct log_readers **out)
{
    *out = calloc(1, sizeof **out);
    return *out == NULL ? ERR_NO_MEMORY : OK;
}

void log_readers_close(struct log_readers **readers)
{
    free(*readers);
    *readers = NULL;
}

struct log_reader *log_readers_of(struct log_readers *readers, const struct registry *registry,
                                  const char *hub, uint64_t at_ms)
{
    struct slot *slot = &readers->slot[0];
    for (size_t i = 0; i < LOG_READERS; i++) {
        struct slot *one = &readers->slot[i];
        if (one->used != 0 && strcmp(one->hub, hub) == 0) {
            slot = one;
            break;
        }
        if (one->used < slot->used)
            slot = one;
    }
    if (slot->used == 0 || strcmp(slot->hub, hub) != 0 || slot->reader.registry != registry) {
        memset(slot, 0, sizeof *slot);
        memcpy(slot->hub, hub, strnlen(hub, sizeof slot->hub - 1));
        slot->reader.registry = registry;
        slot->reader.hub = slot->hub;
    }
    slot->used = ++readers->clock;
    slot->reader.at_ms = at_ms;
    return &slot->reader;
}

enum err log_readers_receipt(struct log_readers *readers, const struct registry *registry,
                             uint64_t now_ms, struct span q, struct span path,
                             struct span checkpoint, lianshu_Receipt *out)
{
    struct checkpoint head;
    if (q.len > FRAME_RECEIPT_MAX)
        return ERR_FRAME_LENGTH;
    enum err err = wire_decode(&lianshu_Receipt_msg, q, out);
    if (err != OK)
        return err;
    struct log_reader *reader = log_readers_of(readers, registry, out->by, now_ms);
    err = log_reader_checkpoint(reader, checkpoint, &head);
    if (err == ERR_CHECKPOINT && out->time_ms < now_ms) {
        reader->at_ms = out->time_ms;
        err = log_reader_checkpoint(reader, checkpoint, &head);
    }
    return err == OK ? receipt_verify_hub(reader, &head, q, (const merkle_hash *)path.data,
                                          path.len / HASH_LEN, out)
                     : err;
}
