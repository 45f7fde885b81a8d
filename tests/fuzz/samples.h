/*
 * samples - valid messages and frames with made-up keys, signatures and ciphertext: where tests of
 * the codec start from, and what the corpora of the fuzz targets are made of.
 *
 * Subjects are synthetic; nothing here verifies under any key.
 */
#ifndef FUZZ_SAMPLES_H
#define FUZZ_SAMPLES_H

#include "base/span.h"

#include "document.pb.h"
#include "sanction.pb.h"
#include "wire.pb.h"

#define SAMPLE_NOW_MS UINT64_C(1795312800123) /* 2026-11-22T10:00:00.123+08:00 */

/* market sends an order to its hub: facts for the hub, evidence and manifest for two members. */
void sample_header(lianshu_Header *h);
void sample_document(lianshu_Document *d);
void sample_order(lianshu_SanctionOrder *o);
void sample_receipt(lianshu_Receipt *q);
void sample_statement(lianshu_Statement *v);
void sample_hello(lianshu_Control *k);
void sample_record(lianshu_MemberRecord *r);

/* Append a whole frame. Each is valid for its parser. */
void sample_signature(struct writer *w, uint64_t index, uint64_t size);
void sample_envelope_frame(struct writer *w);
void sample_envelope_form0(struct writer *w); /* as forwarded: first part withheld */
void sample_envelope_full(struct writer *w);  /* as many parts as there may be */
void sample_document_frame(struct writer *w);
void sample_document_full(struct writer *w); /* as many signatures as there may be */
void sample_receipts_frame(struct writer *w);
void sample_member_receipts(struct writer *w);
void sample_statement_frame(struct writer *w);
void sample_control_frame(struct writer *w);
void sample_chunk_frame(struct writer *w);
void sample_bundle_frame(struct writer *w);
void sample_folded_frame(struct writer *w); /* receipts of one batch */
void sample_registry_chain(struct writer *w);
void sample_registry_proof(struct writer *w);
void sample_registry_file(struct writer *w);

#endif
