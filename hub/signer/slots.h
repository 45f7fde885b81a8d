/*
 * slots - the bytes of one slot of the signer's file.
 *
 *   "LSSS" ‖ u16 version 1 ‖ u64 generation ‖ u8|origin| ‖ origin ‖ u16|frontier| ‖ frontier ‖
 *   root 32 ‖ u64 copy size ‖ first leaf 32 ‖ u16|statement| ‖ statement ‖ zeros … ‖
 *   SHA-256 of all before (the last 32 of STATE_SLOT_LEN bytes)
 *
 * Guarantee: slot_read accepts only what slot_write makes; a torn or altered slot is ERR_CORRUPT.
 * Thread rule: plain values.
 */
#ifndef SIGNER_SLOTS_H
#define SIGNER_SLOTS_H

#include "signer/state.h"

struct slot {
    uint64_t generation; /* from 1; the slot's place is generation % 2 */
    char origin[NOTE_ORIGIN_MAX + 1];
    struct merkle_frontier frontier;
    merkle_hash root;
    struct state_copy copy;
};

void slot_write(const struct slot *slot, uint8_t out[static STATE_SLOT_LEN]);
MUST_USE enum err slot_read(struct slot *slot, const uint8_t in[static STATE_SLOT_LEN]);

#endif
