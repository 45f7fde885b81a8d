/*
 * attachment - files in chunks of 256 KiB, sealed under a key of their own. PROTOCOL: attachments.
 *
 *   sender     attachment_open -> attachment_measure (pass 1, reads the file)
 *              -> attachment_manifest -> attachment_chunk(i)* (pass 2, LSC1 frames)
 *   hub        chunk_verify
 *   recipient  chunk_verify -> chunk_open, then SHA-256 over the file against the manifest
 *
 * Guarantees:
 *   1. Memory does not grow with the file but for 64 bytes a chunk; a chunk's frame can be
 *      made in any order and again, with the same bytes.
 *   2. A file that changed since it was measured is noticed (ERR_CONFLICT) before a wrong
 *      chunk leaves.
 *   3. chunk_verify is OK only for a chunk that the root commits to at that index and count;
 *      chunk_open only for the bytes sealed there.
 *
 * Errors: ERR_IO, ERR_TOO_LARGE, ERR_CONFLICT, ERR_INCLUSION, ERR_CIPHERTEXT.
 * Thread rule: one thread.
 */
#ifndef KEYS_ATTACHMENT_H
#define KEYS_ATTACHMENT_H

#include "document.pb.h"
#include "frame.h"
#include "keys/key.h"
#include "keys/merkle.h"

enum {
    CHUNK_PLAIN_LEN = FRAME_CHUNK_TEXT_LEN,
    CHUNK_LEN_MAX = CHUNK_PLAIN_LEN + FRAME_CHUNK_TAG_LEN,
    CHUNK_COUNT_MAX = FRAME_CHUNKS_MAX,
    CHUNK_PATH_MAX = 20,
    FILE_KEY_LEN = 32,
    CHUNK_FRAME_MAX = 4 + 32 + 8 + 8 + 1 + CHUNK_PATH_MAX * HASH_LEN + 4 + CHUNK_LEN_MAX,
};

/* Seal one chunk: appends the ciphertext. */
MUST_USE enum err chunk_seal(const uint8_t file_key[static FILE_KEY_LEN], uint64_t index,
                             uint64_t count, struct span plain, struct writer *w);
/* out holds c.len - 16 bytes. ERR_CIPHERTEXT. */
MUST_USE enum err chunk_open(const uint8_t file_key[static FILE_KEY_LEN], uint64_t index,
                             uint64_t count, struct span c, uint8_t *out);
/* ERR_INCLUSION unless the sealed chunk c is chunk `index` of `count` under root. */
MUST_USE enum err chunk_verify(const merkle_hash root, uint64_t index, uint64_t count,
                               const merkle_hash *path, size_t path_len, struct span c);
/* Chunks of a file of that size; an empty file has one, empty. */
uint64_t chunk_count_of(uint64_t byte_count);

struct attachment;

/* A fresh file key; or, to go on after a restart, that of the manifest entry made before, which
 * the file must still match: one key never seals two contents. The descriptor is borrowed, read
 * with pread, and not closed. */
MUST_USE enum err attachment_open(struct attachment **out, int fd,
                                  const lianshu_ManifestFile *resume,
                                  const struct entropy *entropy);
void attachment_close(struct attachment **attachment);
/* Pass 1: hashes the file and every sealed chunk. */
MUST_USE enum err attachment_measure(struct attachment *attachment);
/* byte_count, sha256, file_key, chunk_count and root of a manifest entry. After measure. */
void attachment_manifest(const struct attachment *attachment, lianshu_ManifestFile *file);
/* Append the LSC1 frame of chunk `index`. After measure. */
MUST_USE enum err attachment_chunk(struct attachment *attachment, uint64_t index, struct writer *w);

#endif
