/*
 * inner_files - attachments, both ways: sealed and fetched as files, served and asked for in
 * chunks. A part of inner.h, which includes it; nobody else does. Thread rule: that of sdk.h.
 */
#ifndef ADAPTERS_SDK_INNER_FILES_H
#define ADAPTERS_SDK_INNER_FILES_H

/* ---- file.c ---- */
MUST_USE enum err file_digest(int fd, uint64_t *bytes, uint8_t sha256[static HASH_LEN]);
/* Seal file i of a message, whose facts stand in s->file_facts, into files/<root>.out for the
 * readers of the stage; fills the manifest's entry. The same file for the same readers has the same
 * key and root, and is not sealed again while it is here. */
MUST_USE enum err file_seal(struct sdk *s, const struct stage *stage, size_t i, int fd,
                            lianshu_ManifestFile *entry);
/* The LSC1 frame of one chunk into s->out. ERR_NOT_FOUND: no such attachment. */
MUST_USE enum err file_chunk(struct sdk *s, const uint8_t root[static HASH_LEN], uint64_t index);
/* It is of no use as it is. */
void file_drop(struct sdk *s, const uint8_t root[static HASH_LEN], const char *suffix);
/* A message does not need it any more; perhaps another one does. */
void file_release(struct sdk *s, const uint8_t root[static HASH_LEN], bool out);
/* Begin or go on fetching what the entry of a manifest describes. */
MUST_USE enum err file_fetch(struct sdk *s, const lianshu_ManifestFile *entry);
/* A chunk came; *complete: the file is whole and on disk. */
MUST_USE enum err file_take(struct sdk *s, const struct frame_chunk *chunk, bool *complete);
/* Is the complete attachment what its manifest says? Without reading it where that was seen while
 * it came. ERR_CIPHERTEXT: fetch it again. */
MUST_USE enum err file_check(struct sdk *s, const lianshu_ManifestFile *entry);
/* Decrypt to fd what was checked. ERR_BUSY: it has rotted since; check it again. */
MUST_USE enum err file_save(struct sdk *s, const lianshu_ManifestFile *entry, int fd);
void file_progress(struct sdk *s, enum sdk_phase phase, const uint8_t *root, uint64_t bytes,
                   uint64_t total);
/* Remove files of attachments that no row names: rests of what was never committed. */
MUST_USE enum err file_sweep(struct sdk *s);
void file_close_all(struct sdk *s);

/* ---- chunks.c ---- */
/* The hub lacks chunks of an attachment of ours. */
MUST_USE enum err chunks_wanted(struct sdk *s, const lianshu_ChunkWanted *c, uint64_t now_ms);
/* A chunk for us came. */
MUST_USE enum err chunks_take(struct sdk *s, struct span frame, uint64_t now_ms);
/* The next range to ask for, or the next chunk that is wanted, into s->out. */
MUST_USE enum err chunks_ask(struct sdk *s, uint64_t now_ms);
MUST_USE enum err chunks_serve(struct sdk *s, uint64_t now_ms);
/* The connection is a new one. */
void chunks_forget(struct sdk *s);

#endif
