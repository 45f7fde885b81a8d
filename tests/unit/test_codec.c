/* Checks the promises in wire.h and message.h; attack numbers are those of the catalogue. */
#include "message.h"
#include "wire.h"

#include "t.h"

#include "fuzz/samples.h"

#include "case.pb.h"

#include <string.h>

static uint8_t encoded[96 << 10];

/* Encode a message of any type into the shared buffer. */
static struct span encode(const pb_msgdesc_t *desc, const void *msg)
{
    struct writer w = writer_of(encoded, sizeof encoded);
    assert_int_equal(wire_encode(desc, msg, &w), OK);
    assert_int_equal(w.len, wire_size(desc, msg));
    return writer_span(&w);
}

static void what_is_encoded_decodes_to_the_same(void **state)
{
    static lianshu_Document document;
    static lianshu_Document document_back;
    lianshu_Header header;
    lianshu_Header header_back;
    (void)state;
    sample_header(&header);
    memset(&header_back, 0, sizeof header_back);
    struct span h = encode(&lianshu_Header_msg, &header);
    assert_int_equal(wire_decode(&lianshu_Header_msg, h, &header_back), OK);
    assert_memory_equal(&header, &header_back, sizeof header);

    sample_document(&document);
    struct span d = encode(&lianshu_Document_msg, &document);
    assert_int_equal(wire_decode(&lianshu_Document_msg, d, &document_back), OK);
    assert_memory_equal(&document, &document_back, sizeof document);
}

/* Refused, or canonical: encodes back to the same bytes. */
static bool refused(struct span in)
{
    static uint8_t again[4096];
    lianshu_Header h;
    if (wire_decode(&lianshu_Header_msg, in, &h) != OK)
        return true;
    struct writer w = writer_of(again, sizeof again);
    assert_int_equal(wire_encode(&lianshu_Header_msg, &h, &w), OK);
    assert_true(span_eq(writer_span(&w), in));
    return false;
}

/* Every flipped bit and every truncation. A message cut between two fields is another message. */
static void every_mutation_is_refused_or_canonical(void **state)
{
    static uint8_t copy[4096];
    lianshu_Header h;
    size_t count = 0;
    (void)state;
    sample_header(&h);
    struct span whole = encode(&lianshu_Header_msg, &h);
    memcpy(copy, whole.data, whole.len);
    for (size_t i = 0; i < whole.len; i++) {
        for (unsigned flip = 1; flip < 256; flip <<= 1) {
            copy[i] ^= (uint8_t)flip;
            count += refused(span_of(copy, whole.len));
            copy[i] ^= (uint8_t)flip;
        }
        count += refused(span_of(copy, i));
    }
    assert_true(count > whole.len);
}

/* P-03 … P-12. A Credit is {uint32 messages = 1, uint32 bytes = 2}; a Welcome begins with the text
 * hub = 1; a Tombstone is {uint64 number = 1, ReceiptKind kind = 2, uint32 count = 3}; a Statement
 * has tombstones = 7; a Busy has bytes message_id = 1 of at most 16; a Reader has kid = 2 of
 * exactly 16. */
static const struct {
    const char *why;
    const pb_msgdesc_t *desc;
    struct span in;
    enum err want;
} encodings[] = {
#define ROW(why, name, literal, want)                                                              \
    {                                                                                              \
        why, &lianshu_##name##_msg, {(const uint8_t *)literal, sizeof literal - 1}, want           \
    }
    ROW("plain", Credit, "\x08\x05\x10\x06", OK),
    ROW("empty message of defaults", Credit, "", OK),
    ROW("largest uint32", Credit, "\x08\xff\xff\xff\xff\x0f", OK),
    ROW("P-03 twice", Credit, "\x08\x05\x08\x05", ERR_NOT_CANONICAL),
    ROW("P-03 text twice", Welcome, "\x0a\x01z\x0a\x01z", ERR_NOT_CANONICAL),
    ROW("P-04 order", Credit, "\x10\x06\x08\x05", ERR_NOT_CANONICAL),
    ROW("P-05 overlong value", Credit, "\x08\x85\x00", ERR_NOT_CANONICAL),
    ROW("P-05 overlong tag", Credit, "\x88\x00\x05", ERR_NOT_CANONICAL),
    ROW("P-05 eleven bytes", Credit, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        ERR_VARINT),
    ROW("P-05 over 32 bits", Credit, "\x08\x80\x80\x80\x80\x10", ERR_VARINT),
    ROW("P-06 unknown field", Credit, "\x08\x05\x18\x01", ERR_WIRE_FIELD),
    ROW("P-06 unknown text field", Credit, "\x1a\x02zz", ERR_WIRE_FIELD),
    ROW("P-06 unknown, nested", Statement, "\x3a\x04\x08\x01\x20\x01", ERR_WIRE_FIELD),
    ROW("P-06 field 0", Credit, "\x00\x05", ERR_WIRE_FIELD),
    ROW("P-06 group", Credit, "\x1b\x1c", ERR_WIRE_FIELD),
    ROW("P-07 explicit zero", Credit, "\x08\x00", ERR_NOT_CANONICAL),
    ROW("P-07 empty text", Welcome, "\x0a\x00", ERR_NOT_CANONICAL),
    ROW("P-08 NUL in text", Welcome, "\x0a\x03z\0x", ERR_NOT_CANONICAL),
    ROW("P-09 broken UTF-8", Welcome, "\x0a\x01\xff", ERR_WIRE_TEXT),
    ROW("P-09 overlong UTF-8", Welcome, "\x0a\x02\xc1\x81", ERR_WIRE_TEXT),
    ROW("P-09 byte order mark", Welcome, "\x0a\x03\xef\xbb\xbf", ERR_WIRE_TEXT),
    ROW("P-09 bidi", Welcome, "\x0a\x03\xe2\x80\xae", ERR_WIRE_TEXT),
    ROW("P-11 enum in range", Tombstone, "\x08\x01\x10\x0e", OK),
    ROW("P-11 enum out of range", Tombstone, "\x08\x01\x10\x0f", ERR_WIRE_ENUM),
    ROW("P-11 enum, nested", Statement, "\x3a\x04\x08\x01\x10\x7f", ERR_WIRE_ENUM),
    ROW("P-11 enum negative", Tombstone, "\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        ERR_VARINT),
    ROW("P-12 too many", Statement,
        ":\x00:\x00:\x00:\x00:\x00:\x00:\x00:\x00:\x00:\x00:\x00:\x00:\x00:\x00:\x00:\x00:\x00",
        ERR_NESTING),
    ROW("P-12 bytes too long", Busy, "\x0a\x11zzzzzzzzzzzzzzzzz", ERR_NESTING),
    ROW("P-12 text too long", Welcome, "\x12\x11zzzzzzzzzzzzzzzzz", ERR_NESTING),
    ROW("P-12 fixed too short", Reader, "\x0a\x01z\x12\x0fzzzzzzzzzzzzzzz", ERR_NESTING),
    ROW("fixed missing", Reader, "\x0a\x01z", ERR_NOT_CANONICAL),
    ROW("wrong wire type", Credit, "\x0a\x01z", ERR_NOT_CANONICAL),
    ROW("cut short", Welcome, "\x0a\x05z", ERR_NOT_CANONICAL),
    ROW("cut in a tag", Credit, "\x08\x05\x90", ERR_NOT_CANONICAL),
    ROW("submessage beyond its parent", Statement, "\x3a\x7f\x08", ERR_NOT_CANONICAL),
    ROW("two of a oneof", Control, "\x08\x03\x22\x00\x32\x00", ERR_NOT_CANONICAL),
    ROW("bool of two", SanctionOrder, "\xa0\x01\x02", ERR_NOT_CANONICAL),
#undef ROW
};

static void other_encodings_are_refused_with_their_code(void **state)
{
    static union {
        lianshu_SanctionOrder order;
        lianshu_Control control;
        lianshu_Statement statement;
    } room;
    (void)state;
    for (size_t i = 0; i < T_COUNT(encodings); i++) {
        print_message("row %zu: %s\n", i, encodings[i].why);
        assert_int_equal(wire_decode(encodings[i].desc, encodings[i].in, &room), encodings[i].want);
    }
}

static void what_would_be_refused_is_not_encoded(void **state)
{
    lianshu_Tombstone tombstone = {.number = 1, .kind = (lianshu_ReceiptKind)15};
    lianshu_Welcome welcome = {.hub = "\xff"};
    lianshu_Credit credit = {.messages = 1000};
    uint8_t room[2];
    (void)state;
    struct writer w = writer_of(room, sizeof room);
    assert_int_equal(wire_encode(&lianshu_Tombstone_msg, &tombstone, &w), ERR_WIRE_ENUM);
    assert_int_equal(wire_encode(&lianshu_Welcome_msg, &welcome, &w), ERR_WIRE_TEXT);
    assert_int_equal(wire_encode(&lianshu_Credit_msg, &credit, &w), ERR_TOO_LARGE);
    assert_true(w.full);
    memset(welcome.hub, 'a', sizeof welcome.hub); /* no NUL */
    w = writer_of(encoded, sizeof encoded);
    assert_int_equal(wire_encode(&lianshu_Welcome_msg, &welcome, &w), ERR_WIRE_TEXT);
}

static void clear_sets_defaults(void **state)
{
    static lianshu_Document d;
    static lianshu_Document zero;
    (void)state;
    memset(&d, 0x5a, sizeof d);
    wire_clear(&lianshu_Document_msg, &d);
    assert_int_equal(wire_size(&lianshu_Document_msg, &d), wire_size(&lianshu_Document_msg, &zero));
    assert_int_equal(d.body.size, 0);
    assert_int_equal(d.issuers_count, 0);
    assert_int_equal(d.realm[0], 0);
}

/* The tables are generated from nanopb's lists: hold them to nanopb's descriptors. */
static void names_agree_with_descriptors(void **state)
{
    size_t count = 0;
    (void)state;
    for (; message_at(count) != NULL; count++) {
        const struct message *m = message_at(count);
        assert_ptr_equal(message_of(m->desc), m);
        assert_int_equal(m->field_count, m->desc->field_count);
        for (size_t i = 0; i < m->field_count; i++) {
            const struct message_field *f = &m->fields[i];
            assert_ptr_equal(message_field(m, f->name), f);
            assert_true(i == 0 || f->tag > f[-1].tag);
            if (f->sub != NULL)
                assert_ptr_equal(message_of(f->sub->desc), f->sub);
        }
    }
    assert_int_equal(count, 105); /* messages in schemas/proto */
    assert_string_equal(message_of(&lianshu_Control_msg)->fields[1].name, "hello");
    assert_null(message_field(message_of(&lianshu_Control_msg), "body"));
}

static void words_of_enumerations_go_both_ways(void **state)
{
    const struct message_enum *role =
        message_field(message_of(&lianshu_Person_msg), "role")->values;
    char word[64];
    int value;
    (void)state;
    message_enum_name(role, lianshu_Role_ROLE_LEGAL_REPRESENTATIVE, word, sizeof word);
    assert_string_equal(word, "legal_representative");
    for (size_t i = 0; message_at(i) != NULL; i++) {
        for (size_t j = 0; j < message_at(i)->field_count; j++) {
            const struct message_enum *e = message_at(i)->fields[j].values;
            for (int v = 0; e != NULL && v <= e->max; v++) {
                message_enum_name(e, v, word, sizeof word);
                assert_string_not_equal(word, "");
                assert_true(message_enum_value(e, word, &value));
                assert_int_equal(value, v);
            }
        }
    }
    assert_false(message_enum_value(role, "ROLE_AGENT", &value));
    assert_false(message_enum_value(role, "", &value));
    message_enum_name(role, lianshu_Role_ROLE_LEGAL_REPRESENTATIVE, word, 6);
    assert_string_equal(word, "legal"); /* as much of it as there is room for */
    message_enum_name(role, role->max + 1, word, sizeof word);
    assert_string_equal(word, "");
    message_enum_name(role, -1, word, sizeof word);
    assert_string_equal(word, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_encoded_decodes_to_the_same),
        cmocka_unit_test(every_mutation_is_refused_or_canonical),
        cmocka_unit_test(other_encodings_are_refused_with_their_code),
        cmocka_unit_test(what_would_be_refused_is_not_encoded),
        cmocka_unit_test(clear_sets_defaults),
        cmocka_unit_test(names_agree_with_descriptors),
        cmocka_unit_test(words_of_enumerations_go_both_ways),
    };
    return cmocka_run_group_tests_name("codec", tests, NULL, NULL);
}
