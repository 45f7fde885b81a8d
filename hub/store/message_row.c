/* A message row as bytes: what a fresh one is in memory and in a block. */
#include "store/columns.h"
#include "store/message_own.h"

struct span message_key(uint8_t out[static MESSAGE_KEY_MAX], const char *sender,
                        const uint8_t id[static STORE_ID_LEN])
{
    struct writer w = writer_of(out, MESSAGE_KEY_MAX);
    write_bytes(&w, id, STORE_ID_LEN);
    write_bytes(&w, sender, strlen(sender));
    return writer_span(&w);
}

struct span frame_key(uint8_t out[static FRAME_KEY_LEN], uint64_t seq)
{
    struct writer w = writer_of(out, FRAME_KEY_LEN);
    write_uint(&w, seq, FRAME_KEY_LEN);
    return writer_span(&w);
}

struct span message_pack(uint8_t out[static MESSAGE_PACKED_MAX], const struct message_row *row)
{
    struct writer w = writer_of(out, MESSAGE_PACKED_MAX);
    write_uint(&w, row->accepted_ms, 8);
    write_uint(&w, row->open, 4);
    write_bytes(&w, row->env_id, STORE_HASH_LEN); /* first in the table's body, where it is found */
    write_bytes(&w, row->conversation, STORE_ID_LEN);
    const uint64_t numbers[] = {row->seq, row->created_ms, row->expires_ms, row->sequence,
                                row->last_leaf};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        write_uint(&w, numbers[i], 8);
    write_uint(&w, row->type, 4);
    write_uint(&w, row->code, 2);
    write_uint(&w, row->stage, 1);
    write_uint(&w, (unsigned)row->lane << 1 | row->attachments, 1);
    if (row->origin[0] != '\0') {
        write_uint(&w, row->share, 4);
        write_bytes(&w, row->origin, strlen(row->origin));
    }
    return writer_span(&w);
}

static bool take_numbers(struct span *from, struct message_row *out)
{
    uint64_t *const numbers[] = {&out->seq, &out->created_ms, &out->expires_ms, &out->sequence,
                                 &out->last_leaf};
    uint64_t type;
    uint64_t code;
    uint64_t stage;
    uint64_t lane;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (!span_take_uint(from, 8, numbers[i]) || *numbers[i] > STORE_NEVER)
            return false;
    }
    if (!span_take_uint(from, 4, &type) || !span_take_uint(from, 2, &code) ||
        !span_take_uint(from, 1, &stage) || !span_take_uint(from, 1, &lane))
        return false;
    out->type = (uint32_t)type;
    out->code = (uint32_t)code;
    out->stage = (uint8_t)stage;
    out->lane = (uint8_t)(lane >> 1);
    out->attachments = (lane & 1) != 0;
    return code <= MESSAGE_CODE_MAX && lane >> 1 <= MESSAGE_LANE_MAX;
}

/* Behind the rest, only where there is one. */
static bool take_origin(struct span *from, struct message_row *out)
{
    uint64_t share;
    if (from->len == 0)
        return true;
    if (!span_take_uint(from, 4, &share) || from->len == 0 || from->len > STORE_MEMBER_MAX)
        return false;
    out->share = (uint32_t)share;
    memcpy(out->origin, from->data, from->len);
    return true;
}

bool message_unpack(struct span key, struct span from, struct message_row *out)
{
    struct span env_id;
    struct span conversation;
    uint64_t open;

    *out = (struct message_row){.seq = 0};
    if (key.len <= STORE_ID_LEN || key.len > STORE_ID_LEN + STORE_MEMBER_MAX ||
        !span_take_uint(&from, 8, &out->accepted_ms) || !span_take_uint(&from, 4, &open) ||
        !span_take(&from, STORE_HASH_LEN, &env_id) ||
        !span_take(&from, STORE_ID_LEN, &conversation) || !take_numbers(&from, out) ||
        !take_origin(&from, out))
        return false;
    memcpy(out->id, key.data, STORE_ID_LEN);
    memcpy(out->sender, key.data + STORE_ID_LEN, key.len - STORE_ID_LEN);
    memcpy(out->env_id, env_id.data, sizeof out->env_id);
    memcpy(out->conversation, conversation.data, sizeof out->conversation);
    out->open = (uint32_t)open;
    return true;
}
