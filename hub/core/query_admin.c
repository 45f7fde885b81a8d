/* What was done to the hub itself, and by whom: starts, registries, rule sets, acts of officials,
 * restores; and what somebody should be asked about: two documents under one number, a member that
 * does far more than it is used to. For auditors, out of the log. */
#include "core/query.h"

#include "base/hex.h"

#include "log.pb.h"
#include "wire.h"

enum { ROWS_MAX = 200, LOOK_MAX = 200000 /* leaves of one question */ };

static void put_officials(struct json *row, const uint8_t (*kids)[KID_LEN], size_t count)
{
    struct json *list = json_list();
    for (size_t i = 0; i < count; i++) {
        char kid[2 * KID_LEN + 1];
        hex_encode(span_of(kids[i], KID_LEN), kid);
        json_add_text(list, kid);
    }
    json_put(row, "officials", list);
}

static enum err put_admin(struct json *row, struct span bytes)
{
    lianshu_Admin body;
    enum err err = wire_decode(&lianshu_Admin_msg, bytes, &body);
    if (err != OK)
        return err;
    json_put_text(row, "event", body.event);
    json_put_text(row, "by", body.by);
    json_put_uint(row, "registry_version", body.registry_version);
    const struct {
        const char *name;
        struct span hash;
    } hashes[] = {
        {"registry_sha256", span_of(body.registry_sha256.bytes, body.registry_sha256.size)},
        {"rule_set_sha256", span_of(body.rule_set_sha256.bytes, body.rule_set_sha256.size)},
        {"config_sha256", span_of(body.config_sha256.bytes, body.config_sha256.size)},
        {"program_sha256", span_of(body.program_sha256.bytes, body.program_sha256.size)},
        {"document", span_of(body.document.bytes, body.document.size)},
    };
    for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++) {
        if (hashes[i].hash.len > 0)
            json_put_hex(row, hashes[i].name, hashes[i].hash);
    }
    put_officials(row, (const uint8_t(*)[KID_LEN])body.officials, body.officials_count);
    return OK;
}

static enum err put_restored(struct json *row, struct span bytes)
{
    lianshu_Restored body;
    enum err err = wire_decode(&lianshu_Restored_msg, bytes, &body);
    if (err != OK)
        return err;
    json_put_text(row, "event", "restored");
    json_put_text(row, "by", body.origin);
    json_put_uint(row, "log_size", body.size);
    json_put_uint(row, "signed_size", body.signed_size);
    json_put_hex(row, "document", span_of(body.document, sizeof body.document));
    put_officials(row, (const uint8_t(*)[KID_LEN])body.officials, body.officials_count);
    return OK;
}

/* With both documents, as they stand beside the leaf: u32 length, LSD1, twice. */
static enum err put_twice(struct json *row, const struct log_entry *entry)
{
    lianshu_NumberTwice body;
    struct span rest = entry->beside;
    static const char *const names[] = {"held_document", "offered_document"};
    enum err err = wire_decode(&lianshu_NumberTwice_msg, entry->body, &body);
    if (err != OK)
        return err;
    json_put_text(row, "event", "number_twice");
    json_put_text(row, "by", body.by);
    json_put_text(row, "issuer", body.issuer);
    json_put_uint(row, "number", body.number);
    json_put_hex(row, "held", span_of(body.held, sizeof body.held));
    json_put_hex(row, "offered", span_of(body.offered, sizeof body.offered));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        uint64_t len;
        struct span lsd1;
        if (span_take_uint(&rest, sizeof(uint32_t), &len) && span_take(&rest, len, &lsd1) &&
            len > 0)
            json_put_hex(row, names[i], lsd1);
    }
    return OK;
}

static enum err put_unusual(struct json *row, struct span bytes)
{
    lianshu_Unusual body;
    enum err err = wire_decode(&lianshu_Unusual_msg, bytes, &body);
    if (err != OK)
        return err;
    json_put_text(row, "event", "unusual");
    json_put_text(row, "by", body.member);
    json_put_text(row, "measure", body.measure);
    json_put_uint(row, "date", body.date);
    json_put_uint(row, "count", body.count);
    json_put_uint(row, "usual", body.usual);
    return OK;
}

static enum err put_body(struct json *row, const struct log_entry *entry)
{
    switch (entry->kind) {
    case LOG_RESTORED:
        return put_restored(row, entry->body);
    case LOG_NUMBER_TWICE:
        return put_twice(row, entry);
    case LOG_UNUSUAL:
        return put_unusual(row, entry->body);
    default:
        return put_admin(row, entry->body);
    }
}

static enum err put_row(struct json *list, const struct log_entry *entry)
{
    struct json *row = json_map();
    json_put_uint(row, "seq", entry->index);
    json_put_ms(row, "time", entry->time_ms);
    enum err err = put_body(row, entry);
    if (err != OK)
        json_close(&row);
    else
        json_add(list, row);
    return err;
}

/* The first leaf of any of these kinds from `from` on. */
static enum err next(struct core *core, uint64_t from, uint64_t to, uint64_t *index)
{
    static const enum log_kind kinds[] = {LOG_ADMIN, LOG_RESTORED, LOG_NUMBER_TWICE, LOG_UNUSUAL};
    uint64_t first = to;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        uint64_t found;
        const enum err err = log_find(core->store->log, kinds[i], from, first, &found);
        if (err == OK)
            first = found;
        else if (err != ERR_NOT_FOUND)
            return err;
    }
    *index = first;
    return first < to ? OK : ERR_NOT_FOUND;
}

enum err query_admin(struct query *q)
{
    struct core *core = q->core;
    uint64_t at = 0;
    (void)json_uint(json_get(q->args, "since"), &at);
    const uint64_t size = core->signed_size;
    const uint64_t to = size - (at < size ? at : size) > LOOK_MAX ? at + LOOK_MAX : size;
    struct json *list = json_list();
    enum err err = OK;
    for (size_t i = 0; err == OK && i < ROWS_MAX; i++) {
        struct log_entry entry;
        uint64_t index;
        err = next(core, at, to, &index);
        if (err == OK)
            err = log_get(core->store->log, index, &entry);
        if (err == OK)
            err = put_row(list, &entry);
        if (err == OK)
            at = index + 1;
    }
    if (err == ERR_NOT_FOUND)
        at = to;
    json_put(q->answer, "admin", list);
    json_put_uint(q->answer, "next", at); /* ask from here for what follows */
    json_put_uint(q->answer, "log_size", size);
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err query_scrub(struct query *q)
{
    const struct core *core = q->core;
    const uint64_t size = log_size(core->store->log);
    const uint64_t done = core->scrub_tile * MERKLE_TILE_WIDTH;
    json_put_uint(q->answer, "log_size", size);
    json_put_uint(q->answer, "checked", done < size ? done : size);
    json_put_ms(q->answer, "round_began", core->scrub_began_ms);
    json_put_ms(q->answer, "round_ended", core->scrub_ended_ms);
    return OK;
}
