/*
 * Target: frame_parse_document, the document codec, document_check, and the body that its type
 * names. Corpus: tests/fuzz/corpus/document.
 *
 * Holds for every input: what parses writes back; what decodes encodes back; checks and validation
 * end in OK or in a refusal of the peer.
 */
#include "fuzz/again.h"

#include "catalogue.h"
#include "check.h"
#include "message.h"
#include "validate.h"

static void read_body(const struct document_type *type, const pb_msgdesc_t *desc, struct span body)
{
    static const struct regions *regions;
    if (desc == NULL)
        return;
    if (regions == NULL) {
        struct regions *table;
        must(regions_parse(&table,
                           span_str("code,name,level,parent\n000000,全国,nation,\n"
                                    "440000,广东省,province,000000\n"
                                    "445100,潮州市,prefecture,440000\n"
                                    "445102,湘桥区,county,445100\n"),
                           "regions", NULL) == OK);
        regions = table; /* kept: the fuzzer calls us a million times */
    }
    struct fault f;
    void *msg = malloc(message_of(desc)->size);
    must(msg != NULL);
    if (decodes(desc, body, msg))
        (void)not_internal(desc == type->facts ? facts_validate(type, msg, regions, &f)
                                               : body_validate(type, desc, msg, regions, &f));
    free(msg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static lianshu_Document d;
    struct span in = span_of(data, len);
    struct frame_document f;
    if (not_internal(frame_parse_document(in, &f)) != OK)
        return 0;
    struct writer w = again_writer();
    frame_write_document(&w, &f);
    must_equal(&w, in);
    if (!decodes(&lianshu_Document_msg, f.document, &d))
        return 0;
    (void)not_internal(document_check(&d));
    const struct document_type *type = type_find(d.type);
    if (type == NULL)
        return 0;
    if (type->facts == NULL)
        must(facts_validate(type, NULL, NULL, NULL) == ERR_FACTS_MISSING);
    struct span body = span_of(d.body.bytes, d.body.size);
    read_body(type, type->facts, body);
    read_body(type, type->sealed, body);
    return 0;
}
