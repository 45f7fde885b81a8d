/*
 * names - identifiers of subjects and acts, and the handles that stand for them in the tables.
 *
 *   names_give   the handle of somebody whom a row is about to be written of; drawn when it is new
 *   names_look   the handle as of a log size; zeros, which no row has: nobody had named it then
 *
 * While another token key is taken into use (core/rekey.h), what has not been moved yet is found
 * by the old one.
 *
 * Guarantees:
 *   1. One identifier and kind has one handle for ever; kinds of bodies with one code are one, and
 *      so are all ways of writing one decision's number (ident_number).
 *   2. A gate that asked of somebody unknown is asked again once that one is named: what it
 *      notes then is names_unknown, and names_give reports it.
 *
 * Thread rule: that of the core.
 */
#ifndef CORE_NAMES_H
#define CORE_NAMES_H

enum { NAMES_DECISION = 0, NAMES_NUMBER_MAX = 97 };

/* Inside a batch. The kind is that of a subject, or NAMES_DECISION: a decision's number. */
MUST_USE enum err names_give(struct core *core, uint8_t kind, struct span id,
                             uint8_t out[static STORE_TOKEN_LEN]);
MUST_USE enum err names_look(struct core *core, uint8_t kind, struct span id, uint64_t as_of,
                             uint8_t out[static STORE_TOKEN_LEN]);
/* What stands for it in the notes of a gate as long as it has no handle. */
MUST_USE enum err names_unknown(struct core *core, uint8_t kind, struct span id,
                                uint8_t out[static STORE_TOKEN_LEN]);
/* Was this handle, or what stood for nobody yet, named at that log size or later? */
MUST_USE enum err names_since(struct core *core, const uint8_t token[static STORE_TOKEN_LEN],
                              uint64_t since, bool *named);
static inline bool names_nobody(const uint8_t handle[static STORE_TOKEN_LEN])
{
    static const uint8_t nobody[STORE_TOKEN_LEN];
    return memcmp(handle, nobody, sizeof nobody) == 0;
}

/* What is kept of one, sealed under `storage`, into w: its kind and itself. */
MUST_USE enum err names_seal(struct core *core, const uint8_t handle[static STORE_TOKEN_LEN],
                             struct span plain, struct writer *w);

#endif
