/* Frames and headers that lie: tests/attacks T-12, P-*. Each is refused with its code, leaves one
 * leaf, and the hub goes on. */
#include "scenario/acts.h"
#include "scenario/forge.h"
#include "scenario/texts.h"

#include "base/clock.h"
#include "check.h"
#include "keys/registry_table.h"
#include "wire.h"

#include <stdlib.h>

static struct forge f;
static const struct letter honest = {.from = "health.445100",
                                     .type = "licence.application",
                                     .to = "market.445100",
                                     .facts = LICENCE_BODY(CLEAN)};

/* T-12 */
static void a_bundle_does_not_hide_another_members_envelope(void **state)
{
    struct world *w = *state;
    attack_connect(w);
    forge_application(w, &f);
    struct writer out = writer_of(w->frame, sizeof w->frame);
    frame_bundle_begin(&out);
    assert_true(frame_bundle_add(&out, 0, span_of(f.bytes, frame_envelope_size(&f.env))));
    w->frame_len = out.len;
    attack_is_counted(w, "police.445100", ERR_WRONG_SENDER);
    attack_hub_works(w);
}

/* P-02: bundles in bundles, counts that lie, and kinds that only a hub sends. */
static void bundles_are_flat_and_exact(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        enum err code;
    } rows[] = {
        {"LSB1\x00", 5, ERR_FRAME_LENGTH},
        {"LSB1\x41\x00\x00\x00\x05LSK1\x00", 14, ERR_NESTING},
        {"LSB1\x01\x00\x00\x00\x05LSB1\x00", 14, ERR_NESTING},
        {"LSB1\x01\x00\x00\x00\x05LSB1\x00x", 15, ERR_NESTING},
        {"LSB1\x01\x00\x00\x00\x04LSV1", 13, ERR_FRAME_EMPTY},
        {"LSB1\x01\x00\x00\x00\x04LSD1z", 14, ERR_FRAME_LENGTH},
        {"LSV1\x00\x00\x00\x00", 8, ERR_FRAME_EMPTY},
        {"LSD1\x00\x00\x00\x00", 8, ERR_FRAME_EMPTY},
        {"LSR1\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 16, ERR_FRAME_LENGTH},
        {"LSC1", 4, ERR_FRAME_LENGTH},
        /* Folded frames that unfold come unfolded; one that reached us did not. */
        {"LSF1\x00\x00\x00\x20", 8, ERR_FRAME_LENGTH},
        {"LSB1\x01\x00\x00\x00\x08LSF1\x00\x00\x00\x20", 17, ERR_NESTING},
    };
    struct world *w = *state;
    attack_connect(w);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        memcpy(w->frame, rows[i].bytes, rows[i].len);
        w->frame_len = rows[i].len;
        attack_is_counted(w, "health.445100", rows[i].code);
    }
    attack_hub_works(w);
}

/* P-03 to P-09: the header says the same in other bytes. A header begins with suite = 1: 08 01. */
static void a_header_has_one_encoding(void **state)
{
    static const struct {
        const char *what;
        const char *head; /* instead of 08 01 */
        size_t head_len;
        const char *tail;
        size_t tail_len;
        enum err code;
    } rows[] = {
        {"twice", "\x08\x01\x08\x01", 4, "", 0, ERR_NOT_CANONICAL},    /* P-03 */
        {"out of order", "", 0, "\x08\x01", 2, ERR_NOT_CANONICAL},     /* P-04 */
        {"overlong", "\x08\x81\x00", 3, "", 0, ERR_NOT_CANONICAL},     /* P-05 */
        {"33 bits", "\x08\xff\xff\xff\xff\x1f", 6, "", 0, ERR_VARINT}, /* P-05 */
        {"11 bytes", "\x08\x81\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 12, "", 0, ERR_VARINT},
        {"unknown field", "\x08\x01", 2, "\x98\x06\x01", 3, ERR_WIRE_FIELD}, /* P-06 */
        {"explicit default", "\x08\x00", 2, "", 0, ERR_NOT_CANONICAL},       /* P-07 */
        {"truncated", "\x08\x01", 2, "\x82\x01\xff", 3, ERR_NOT_CANONICAL},
    };
    struct world *w = *state;
    attack_connect(w);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("%s\n", rows[i].what);
        forge_application(w, &f);
        struct writer out = writer_of(f.header, sizeof f.header);
        write_bytes(&out, rows[i].head, rows[i].head_len);
        write_bytes(&out, f.env.header.data + 2, f.env.header.len - 2);
        write_bytes(&out, rows[i].tail, rows[i].tail_len);
        f.env.header = writer_span(&out);
        forge_sign(w, &f, "health.445100");
        attack_is_counted(w, "health.445100", rows[i].code);
    }
    attack_hub_works(w);
}

/* P-08, P-09: one byte of the realm, which stands behind 08 01 12 04. */
static void texts_of_a_header_are_plain(void **state)
{
    static const struct {
        uint8_t byte;
        enum err code;
    } rows[] = {
        {0x00, ERR_NOT_CANONICAL}, /* NUL */
        {0xff, ERR_WIRE_TEXT},     /* no UTF-8 */
        {0xc0, ERR_WIRE_TEXT},     /* overlong */
        {'D', ERR_WIRE_TEXT},      {'.', ERR_WIRE_TEXT},
        {' ', ERR_WIRE_TEXT},      {'x', ERR_REALM}, /* C-17: well formed, and not ours */
    };
    struct world *w = *state;
    attack_connect(w);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        forge_application(w, &f);
        memcpy(f.header, f.env.header.data, f.env.header.len);
        f.header[7] = rows[i].byte;
        f.env.header.data = f.header;
        forge_sign(w, &f, "health.445100");
        attack_is_counted(w, "health.445100", rows[i].code);
    }
    attack_hub_works(w);
}

static void no_audience(lianshu_Header *h)
{
    h->parts[0].audience_count = 0;
}
static void unsorted_audience(lianshu_Header *h)
{
    lianshu_Reader first = h->parts[0].audience[0];
    h->parts[0].audience[0] = h->parts[0].audience[1];
    h->parts[0].audience[1] = first;
}
static void repeated_reader(lianshu_Header *h)
{
    h->parts[0].audience[1] = h->parts[0].audience[0];
}
static void hub_left_out(lianshu_Header *h)
{
    h->parts[0].audience[0] = h->parts[0].audience[1];
    h->parts[0].audience_count = 1;
}
static void facts_called_sealed(lianshu_Header *h)
{
    h->parts[0].kind = lianshu_PartKind_PART_SEALED;
}
static void blind_recipient(lianshu_Header *h)
{
    strcpy(h->destination[h->destination_count++], "police.445100");
}
static void nowhere(lianshu_Header *h)
{
    h->destination_count = 0;
}
static void same_place_twice(lianshu_Header *h)
{
    strcpy(h->destination[h->destination_count++], "market.445100");
}
static void other_suite(lianshu_Header *h)
{
    h->suite = 0x0101;
}
static void no_type(lianshu_Header *h)
{
    h->type = 0;
}
static void part_as_type(lianshu_Header *h)
{
    h->type = lianshu_DocumentType_TYPE_MANIFEST;
}
static void registry_as_type(lianshu_Header *h)
{
    h->type = lianshu_DocumentType_TYPE_REGISTRY;
}
static void other_moment(lianshu_Header *h)
{
    h->created_ms++;
}
static void wild_priority(lianshu_Header *h)
{
    h->priority = 9;
}
static void numbered_alone(lianshu_Header *h)
{
    h->sequence = 1;
}
static void short_conversation(lianshu_Header *h)
{
    h->conversation.size = 15;
}
static void no_commitments_part(lianshu_Header *h)
{
    h->parts_count = 0;
}
static void name_as_purpose(lianshu_Header *h)
{
    strcpy(h->purpose, "示例甲");
}
static void sender_in_capitals(lianshu_Header *h)
{
    strcpy(h->sender, "Health.445100");
}
static void sender_with_dot(lianshu_Header *h)
{
    strcpy(h->sender, "health.445100.");
}
static void sender_of_longer_region(lianshu_Header *h)
{
    strcpy(h->sender, "health.4451000");
}

static void chunks_out_of_nothing(lianshu_Header *h)
{
    h->attachments_count = 1;
    h->attachments[0] = (lianshu_AttachmentHeader){.part = 0, .chunk_count = 1, .byte_count = 1};
}

/* P-10, P-11, P-13, A-02, C-12 */
static void a_header_that_contradicts_itself_is_refused(void **state)
{
    static const struct {
        void (*bend)(lianshu_Header *h);
        enum err code;
    } rows[] = {
        {no_audience, ERR_AUDIENCE},
        {unsorted_audience, ERR_AUDIENCE},
        {repeated_reader, ERR_AUDIENCE},
        {hub_left_out, ERR_FACTS_MISSING},
        {facts_called_sealed, ERR_AUDIENCE},
        {blind_recipient, ERR_AUDIENCE},
        {nowhere, ERR_AUDIENCE},
        {same_place_twice, ERR_AUDIENCE},
        {other_suite, ERR_SUITE},
        {no_type, ERR_WIRE_ENUM},
        {part_as_type, ERR_WIRE_ENUM},
        {registry_as_type, ERR_WIRE_ENUM},
        {other_moment, ERR_HEADER},
        {wild_priority, ERR_HEADER},
        {numbered_alone, ERR_HEADER},
        {short_conversation, ERR_HEADER},
        {no_commitments_part, ERR_HEADER},
        {name_as_purpose, ERR_WIRE_TEXT},
        {sender_in_capitals, ERR_WIRE_TEXT},
        {sender_with_dot, ERR_WIRE_TEXT},
        {sender_of_longer_region, ERR_WIRE_TEXT},
        {chunks_out_of_nothing, ERR_HEADER},
    };
    struct world *w = *state;
    attack_connect(w);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        forge_application(w, &f);
        rows[i].bend(&f.h);
        forge_header(&f);
        forge_sign(w, &f, "health.445100");
        attack_is_counted(w, "health.445100", rows[i].code);
    }
    attack_hub_works(w);
}

/* P-13, P-15 */
static void wraps_fit_the_audience_and_a_sender_withholds_nothing(void **state)
{
    static const uint8_t hash[HASH_LEN] = {1};
    struct world *w = *state;
    attack_connect(w);
    forge_application(w, &f);
    f.env.parts[0].wraps.len -= FRAME_WRAP_LEN;
    forge_sign(w, &f, "health.445100");
    attack_is_counted(w, "health.445100", ERR_WRAP_COUNT);
    forge_application(w, &f);
    f.env.part_count = 2;
    f.env.parts[1] = f.env.parts[0];
    forge_sign(w, &f, "health.445100");
    attack_is_counted(w, "health.445100", ERR_WRAP_COUNT);
    forge_application(w, &f);
    f.env.parts[0] = (struct frame_part){.form = 0, .wraps_hash = hash, .cipher_hash = hash};
    forge_sign(w, &f, "health.445100");
    attack_is_counted(w, "health.445100", ERR_FORM);
    attack_hub_works(w);
}

/* C-12: the registry demands a suite. A reserved number below it is refused otherwise than one that
 * is high enough and that nobody has; so is the one that everybody has, once it is too low. */
static void a_suite_below_the_least_of_the_registry_is_refused_with_its_own_code(void **state)
{
    static const struct {
        unsigned least;
        uint32_t suite;
        enum err code;
    } rows[] = {
        {0, 2, ERR_SUITE},
        {0, 0x0101, ERR_SUITE},
        {1, 0, ERR_SUITE}, /* none at all */
        {2, 0x0101, ERR_SUITE},
        {0x0101, 2, ERR_SUITE_LEAST},
        {0x0101, 0x0100, ERR_SUITE_LEAST},
        {0x0101, 0x0101, ERR_SUITE},
        {0x0101, 0x0102, ERR_SUITE},
    };
    struct world *w = *state;
    uint8_t env_id[HASH_LEN];
    attack_connect(w);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        w->registry->least_suite = rows[i].least;
        forge_application(w, &f);
        f.h.suite = rows[i].suite;
        forge_header(&f);
        forge_sign(w, &f, "health.445100");
        attack_is_counted(w, "health.445100", rows[i].code);
    }
    for (unsigned least = 2; least <= 0x0101; least += 0xff) {
        w->registry->least_suite = least;
        forge_letter(w, &honest, env_id);
        attack_is_rejected(w, "health.445100", env_id, ERR_SUITE_LEAST);
    }
    w->registry->least_suite = FRAME_SUITE;
    attack_hub_works(w);
}

/* P-14, C-18: S = alg 1 ‖ kid 16 ‖ size 8 ‖ index 8 ‖ n 1 ‖ … */
static void a_signature_has_the_shape_of_its_place(void **state)
{
    static const struct {
        size_t at;
        uint8_t byte;
        enum err code;
    } rows[] = {
        {0, 2, ERR_SUITE},        /* another algorithm */
        {0, 0, ERR_SUITE},        /* none */
        {24, 0, ERR_PATH_SHAPE},  /* size 0 */
        {24, 2, ERR_PATH_SHAPE},  /* size 2 needs a path */
        {22, 16, ERR_PATH_SHAPE}, /* size 2^20 + 1 */
        {32, 1, ERR_PATH_SHAPE},  /* index 1 of 1 */
        {33, 1, ERR_PATH_SHAPE},  /* a path where there is none */
    };
    struct world *w = *state;
    attack_connect(w);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        uint8_t s[FRAME_SIGNATURE_MAX];
        print_message("row %zu\n", i);
        forge_application(w, &f);
        memcpy(s, f.env.signature.data, f.env.signature.len);
        s[rows[i].at] = rows[i].byte;
        forge_write(w, &f, span_of(s, f.env.signature.len));
        attack_is_counted(w, "health.445100", rows[i].code);
    }
    attack_hub_works(w);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_bundle_does_not_hide_another_members_envelope),
        CASE(bundles_are_flat_and_exact),
        CASE(a_header_has_one_encoding),
        CASE(texts_of_a_header_are_plain),
        CASE(a_header_that_contradicts_itself_is_refused),
        CASE(wraps_fit_the_audience_and_a_sender_withholds_nothing),
        CASE(a_suite_below_the_least_of_the_registry_is_refused_with_its_own_code),
        CASE(a_signature_has_the_shape_of_its_place),
    };
    return cmocka_run_group_tests_name("attacks", tests, NULL, NULL);
}
