/*
 * Runs a fuzz target over files and directories of files: how ordinary builds, which have no
 * libFuzzer, replay the committed corpus.
 */
#include "fuzz/again.h"

#include "base/file.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

static bool run_file(const char *path)
{
    uint8_t *data;
    size_t len;
    if (file_read(path, AGAIN_MAX, 0, &data, &len, NULL) != OK) {
        fprintf(stderr, "cannot read %s\n", path);
        return false;
    }
    /* The bytes alone in their block, so that the sanitizer sees the first one beyond. */
    uint8_t *exact = malloc(len == 0 ? 1 : len);
    must(exact != NULL);
    memcpy(exact, data, len);
    free(data);
    (void)LLVMFuzzerTestOneInput(exact, len); /* 0, or the run has ended */
    free(exact);
    return true;
}

static size_t run_dir(DIR *dir, const char *path)
{
    size_t count = 0;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        char file[4096];
        int n = snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.' && n > 0 && (size_t)n < sizeof file)
            count += run_file(file);
    }
    return count;
}

int main(int argc, char **argv)
{
    size_t count = 0;
    for (int i = 1; i < argc; i++) {
        DIR *dir = opendir(argv[i]);
        if (dir == NULL) {
            count += run_file(argv[i]);
            continue;
        }
        count += run_dir(dir, argv[i]);
        closedir(dir);
    }
    printf("%zu inputs\n", count);
    return count > 0 ? 0 : 1; /* an empty corpus proves nothing */
}
