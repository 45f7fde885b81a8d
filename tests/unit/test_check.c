/* Checks the promises in check.h: one change of a good header or document a row. */
#include "check.h"

#include "catalogue.h"

#include "t.h"

#include "fuzz/samples.h"

#include <stdio.h>
#include <string.h>

typedef void change_fn(lianshu_Header *h);

static void swap_readers(lianshu_Header *h)
{
    lianshu_Reader first = h->parts[1].audience[0];
    h->parts[1].audience[0] = h->parts[1].audience[1];
    h->parts[1].audience[1] = first;
}

#define CHANGE(name, statement)                                                                    \
    static void name(lianshu_Header *h)                                                            \
    {                                                                                              \
        statement;                                                                                 \
    }

CHANGE(nothing, (void)h)
CHANGE(suite_zero, h->suite = 0)
CHANGE(suite_other, h->suite = 0x0101)
CHANGE(realm_empty, h->realm[0] = '\0')
CHANGE(realm_upper, h->realm[0] = 'D')
CHANGE(realm_dash, h->realm[0] = '-')
CHANGE(type_zero, h->type = 0)
CHANGE(type_unknown, h->type = 9999)
CHANGE(type_registry, h->type = lianshu_DocumentType_TYPE_REGISTRY)
CHANGE(type_manifest, h->type = lianshu_DocumentType_TYPE_MANIFEST)
CHANGE(sender_upper, h->sender[0] = 'M')
CHANGE(sender_dot, strcat(h->sender, "."))
CHANGE(sender_short, strcpy(h->sender, "market.4451"))
CHANGE(sender_unknown, strcpy(h->sender, "circus.445100"))
CHANGE(id_other, h->message_id[5] ^= 1)
CHANGE(created_other, h->created_ms++)
CHANGE(priority_high, h->priority = 4)
CHANGE(conversation_part, h->conversation.size = 15)
CHANGE(sequence_alone, h->conversation.size = 0)
CHANGE(reply_part, h->in_reply_to.size = 16)
CHANGE(purpose_name, strcpy(h->purpose, "张三"))
CHANGE(purpose_space, strcpy(h->purpose, "a b"))
CHANGE(no_parts, h->parts_count = 0)
CHANGE(kind_none, h->parts[1].kind = lianshu_PartKind_PART_NONE)
CHANGE(no_audience, h->parts[1].audience_count = 0)
CHANGE(reader_twice, h->parts[1].audience[1] = h->parts[1].audience[0])
CHANGE(reader_bad, strcpy(h->parts[1].audience[0].member, "health.44510x"))
CHANGE(facts_miss_reader, h->parts[0].audience_count = 2)
CHANGE(facts_miss_hub, strcpy(h->parts[0].audience[1].member, "hzz.445100"))
CHANGE(facts_twice, h->parts[1] = h->parts[0])
CHANGE(facts_gone, h->parts[0].kind = lianshu_PartKind_PART_SEALED; h->parts_count = 1;
       h->attachments_count = 0)
CHANGE(hub_reads_sealed, strcpy(h->parts[1].audience[1].member, "hub.445100"))
CHANGE(no_destination, h->destination_count = 0)
CHANGE(destination_reads_nothing, strcpy(h->destination[0], "police.445100"))
CHANGE(destination_twice, h->destination_count = 2; strcpy(h->destination[1], h->destination[0]))
CHANGE(destination_unsorted, h->destination_count = 2; strcpy(h->destination[1], "health.445100"))
CHANGE(attachment_beyond, h->attachments[0].part = 3)
CHANGE(attachment_of_sealed, h->attachments[0].part = 1)
CHANGE(attachment_no_chunks, h->attachments[0].chunk_count = 0)
CHANGE(attachment_many_chunks, h->attachments[0].chunk_count = (1 << 20) + 1)
CHANGE(attachment_few_chunks, h->attachments[0].chunk_count = 2)
CHANGE(attachment_more_chunks, h->attachments[0].chunk_count = 4)
CHANGE(attachment_huge, h->attachments[0].byte_count = UINT64_MAX)
CHANGE(attachment_empty, h->attachments[0].chunk_count = 1; h->attachments[0].byte_count = 0)
CHANGE(attachment_not_allowed, h->type = lianshu_DocumentType_TYPE_APPOINTMENT)
CHANGE(from_hub, strcpy(h->sender, "hub.445100"))

static const struct {
    const char *why;
    change_fn *change;
    enum err want;
} header_rows[] = {
#define ROW(change, want)                                                                          \
    {                                                                                              \
#change, change, want                                                                      \
    }
    ROW(nothing, OK),
    ROW(from_hub, OK),
    ROW(attachment_empty, OK),
    ROW(suite_zero, ERR_SUITE),
    ROW(suite_other, ERR_SUITE),
    ROW(realm_empty, ERR_WIRE_TEXT),
    ROW(realm_upper, ERR_WIRE_TEXT),
    ROW(realm_dash, ERR_WIRE_TEXT),
    ROW(type_zero, ERR_WIRE_ENUM),
    ROW(type_unknown, ERR_WIRE_ENUM),
    ROW(type_registry, ERR_WIRE_ENUM),
    ROW(type_manifest, ERR_WIRE_ENUM),
    ROW(sender_upper, ERR_WIRE_TEXT),
    ROW(sender_dot, ERR_WIRE_TEXT),
    ROW(sender_short, ERR_WIRE_TEXT),
    ROW(sender_unknown, ERR_WIRE_TEXT),
    ROW(id_other, ERR_HEADER),
    ROW(created_other, ERR_HEADER),
    ROW(priority_high, ERR_HEADER),
    ROW(conversation_part, ERR_HEADER),
    ROW(sequence_alone, ERR_HEADER),
    ROW(reply_part, ERR_HEADER),
    ROW(purpose_name, ERR_WIRE_TEXT),
    ROW(purpose_space, ERR_WIRE_TEXT),
    ROW(no_parts, ERR_HEADER),
    ROW(kind_none, ERR_WIRE_ENUM),
    ROW(no_audience, ERR_AUDIENCE),
    ROW(reader_twice, ERR_AUDIENCE),
    ROW(swap_readers, ERR_AUDIENCE),
    ROW(reader_bad, ERR_WIRE_TEXT),
    ROW(facts_miss_reader, ERR_FACTS_MISSING),
    ROW(facts_miss_hub, ERR_WIRE_TEXT),
    ROW(facts_twice, ERR_HEADER),
    ROW(facts_gone, ERR_AUDIENCE),
    ROW(hub_reads_sealed, ERR_AUDIENCE),
    ROW(no_destination, ERR_AUDIENCE),
    ROW(destination_reads_nothing, ERR_AUDIENCE),
    ROW(destination_twice, ERR_AUDIENCE),
    ROW(destination_unsorted, ERR_AUDIENCE),
    ROW(attachment_beyond, ERR_HEADER),
    ROW(attachment_of_sealed, ERR_HEADER),
    ROW(attachment_no_chunks, ERR_HEADER),
    ROW(attachment_many_chunks, ERR_HEADER),
    ROW(attachment_few_chunks, ERR_HEADER),
    ROW(attachment_more_chunks, ERR_HEADER),
    ROW(attachment_huge, ERR_HEADER),
    ROW(attachment_not_allowed, ERR_HEADER),
#undef ROW
};

static void a_header_is_refused_for_each_fault(void **state)
{
    lianshu_Header h;
    (void)state;
    for (size_t i = 0; i < T_COUNT(header_rows); i++) {
        print_message("row %zu: %s\n", i, header_rows[i].why);
        sample_header(&h);
        header_rows[i].change(&h);
        assert_int_equal(header_check(&h), header_rows[i].want);
    }
}

static void facts_must_be_read_by_the_hub_and_required_facts_be_there(void **state)
{
    lianshu_Header h;
    (void)state;
    sample_header(&h);
    strcpy(h.parts[0].audience[1].member, "insurance.445100");
    h.parts[0].audience_count = 2;
    assert_int_equal(header_check(&h), ERR_FACTS_MISSING);
    strcpy(h.sender, "hub.445100"); /* its own notice need not be sealed to itself */
    strcpy(h.destination[0], "health.445100");
    assert_int_equal(header_check(&h), OK);

    sample_header(&h);
    h.parts[0] = h.parts[1];
    strcpy(h.destination[0], "health.445100");
    assert_int_equal(header_check(&h), ERR_FACTS_MISSING);
    h.type = lianshu_DocumentType_TYPE_EVIDENCE; /* needs none */
    assert_int_equal(header_check(&h), OK);
}

static void readers_are_found_in_sorted_audiences(void **state)
{
    lianshu_Header h;
    (void)state;
    sample_header(&h);
    assert_int_equal(header_facts_part(&h), 0);
    assert_int_equal(part_reader(&h.parts[0], "health.445100"), 0);
    assert_int_equal(part_reader(&h.parts[0], "hub.445100"), 1);
    assert_int_equal(part_reader(&h.parts[0], "insurance.445100"), 2);
    assert_int_equal(part_reader(&h.parts[0], "police.445100"), -1);
    assert_int_equal(message_id_ms(h.message_id), SAMPLE_NOW_MS);
    h.parts[0].kind = lianshu_PartKind_PART_SEALED;
    assert_int_equal(header_facts_part(&h), -1);
}

static void a_document_is_refused_for_each_fault(void **state)
{
    static lianshu_Document d;
    (void)state;
#define REFUSED(statement, want)                                                                   \
    do {                                                                                           \
        sample_document(&d);                                                                       \
        statement;                                                                                 \
        assert_int_equal(document_check(&d), want);                                                \
    } while (0)
    REFUSED((void)0, OK);
    REFUSED(d.realm[0] = '\0', ERR_WIRE_TEXT);
    REFUSED(strcpy(d.purpose, "A"), ERR_WIRE_TEXT);
    REFUSED(d.type = 0, ERR_WIRE_ENUM);
    REFUSED(d.version = 0, ERR_HEADER);
    REFUSED(d.issued_ms = 0, ERR_HEADER);
    REFUSED(d.valid_until_ms = d.issued_ms, ERR_HEADER);
    REFUSED(d.conversation.size = 1, ERR_HEADER);
    REFUSED(d.in_reply_to.size = 1, ERR_HEADER);
    REFUSED(d.facts.size = 31, ERR_HEADER);
    REFUSED(d.issuers_count = 0, ERR_HEADER);
    REFUSED((d.issuers[1] = d.issuers[0], d.issuers_count = 2), ERR_HEADER);
    REFUSED(strcpy(d.issuers[0].member, "Market.445100"), ERR_WIRE_TEXT);
    REFUSED(d.by_rule = false, ERR_HEADER); /* to nobody */
    REFUSED((d.addressees_count = 1, strcpy(d.addressees[0], "health.445100")), ERR_HEADER);
    REFUSED((d.by_rule = false, d.addressees_count = 1, strcpy(d.addressees[0], "health.445100")),
            OK);
    REFUSED((d.by_rule = false, d.addressees_count = 1, strcpy(d.addressees[0], "health")),
            ERR_WIRE_TEXT);
    REFUSED((d.by_rule = false, d.addressees_count = 2, strcpy(d.addressees[0], "health.445100"),
             strcpy(d.addressees[1], "health.445100")),
            ERR_HEADER);
    REFUSED((d.by_rule = false, d.type = lianshu_DocumentType_TYPE_REGISTRY), OK);
    /* Two officials of one member act; no official acts twice. */
    REFUSED((d.type = lianshu_DocumentType_TYPE_OFFICIAL_ACT, d.issuers[1] = d.issuers[0],
             d.issuers[1].kid[0] ^= 1, d.issuers_count = 2),
            OK);
    REFUSED((d.type = lianshu_DocumentType_TYPE_OFFICIAL_ACT, d.issuers[1] = d.issuers[0],
             d.issuers_count = 2),
            ERR_HEADER);
    REFUSED((d.issuers[1] = d.issuers[0], d.issuers[1].kid[0] ^= 1, d.issuers_count = 2),
            ERR_HEADER);
#undef REFUSED
}

static void a_record_is_refused_for_each_fault(void **state)
{
    lianshu_MemberRecord r;
    (void)state;
    sample_record(&r);
    assert_int_equal(record_check(&r), OK);
    r.keys[0].valid_until_ms = r.keys[0].valid_from_ms;
    assert_int_equal(record_check(&r), ERR_HEADER);
    sample_record(&r);
    r.keys[0].use = lianshu_KeyUse_KEY_NONE;
    assert_int_equal(record_check(&r), ERR_WIRE_ENUM);
    sample_record(&r);
    strcpy(r.grants[0].region, "4451"); /* */
    assert_int_equal(record_check(&r), ERR_HEADER);
    sample_record(&r);
    grant_add(r.grants[0].types, 9); /* no such type, beside known ones */
    assert_int_equal(record_check(&r), ERR_WIRE_ENUM);
    sample_record(&r);
    grant_add(r.grants[0].types, 127);
    assert_int_equal(record_check(&r), ERR_WIRE_ENUM);
    sample_record(&r);
    memset(r.grants[0].types, 0, sizeof r.grants[0].types);
    assert_int_equal(record_check(&r), ERR_WIRE_ENUM);
    sample_record(&r);
    r.grants[0].departments = 0;
    assert_int_equal(record_check(&r), ERR_HEADER);
    sample_record(&r);
    strcpy(r.member, "market");
    assert_int_equal(record_check(&r), ERR_WIRE_TEXT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_is_refused_for_each_fault),
        cmocka_unit_test(facts_must_be_read_by_the_hub_and_required_facts_be_there),
        cmocka_unit_test(readers_are_found_in_sorted_audiences),
        cmocka_unit_test(a_document_is_refused_for_each_fault),
        cmocka_unit_test(a_record_is_refused_for_each_fault),
    };
    return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
