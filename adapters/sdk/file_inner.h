/* file_inner - what file.c and file_in.c share: names, reading, writing. */
#ifndef ADAPTERS_SDK_FILE_INNER_H
#define ADAPTERS_SDK_FILE_INNER_H

#include "adapters/sdk/inner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

MUST_USE enum err file_path(const struct sdk *s, const uint8_t root[static HASH_LEN],
                            const char *suffix, char out[static SDK_FILE_PATH_MAX]);
/* Of errno. */
MUST_USE enum err file_io_error(void);
/* ERR_CONFLICT: the file is shorter. */
MUST_USE enum err file_read_at(int fd, void *out, size_t len, uint64_t offset);
MUST_USE enum err file_write_all(int fd, struct span bytes);
MUST_USE enum err file_sync_dir(const struct sdk *s);
/* Bytes of chunk `index` of a file of that size. */
size_t file_plain_len(uint64_t bytes, uint64_t index);
void file_fetch_close(struct sdk *s);

#endif
