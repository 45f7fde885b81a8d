#include "keys/tlog_proof.h"

#include "base/hex.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LEAF_TEXT_MAX = (LOG_LEAF_MAX + 2) / 3 * 4,
    HASH_TEXT = (HASH_LEN + 2) / 3 * 4,
    INDEX_DIGITS = 20,
};

static const char HEAD[] = "c2sp.org/tlog-proof@v1";
static const char EXTRA[] = "extra ";
static const char INDEX[] = "index ";

static void write_text(struct writer *w, const char *text)
{
    write_span(w, span_str(text));
}

enum err tlog_proof_write(struct writer *w, struct span leaf, uint64_t index,
                          const merkle_hash *path, size_t count, struct span note)
{
    char line[HASH_TEXT + 1];
    char number[INDEX_DIGITS + 1];
    if (leaf.len > LOG_LEAF_MAX)
        return ERR_TOO_LARGE;
    char *text = malloc(base64_text_len(leaf.len) + 1);
    if (text == NULL)
        return ERR_NO_MEMORY;
    base64_encode(leaf, text);
    snprintf(number, sizeof number, "%" PRIu64, index);
    const char *const head[] = {HEAD, "\n", EXTRA, text, "\n", INDEX, number, "\n"};
    for (size_t i = 0; i < sizeof head / sizeof head[0]; i++)
        write_text(w, head[i]);
    for (size_t i = 0; i < count; i++) {
        base64_encode(span_of(path[i], HASH_LEN), line);
        write_text(w, line);
        write_text(w, "\n");
    }
    write_text(w, "\n");
    write_span(w, note);
    free(text);
    return w->full ? ERR_TOO_LARGE : OK;
}

/* The next line behind `head`, as text; false: none such, or longer than that. */
static bool take_line(struct span *from, const char *head, char *out, size_t cap)
{
    const size_t skip = strlen(head);
    const uint8_t *end = from->len == 0 ? NULL : memchr(from->data, '\n', from->len);
    if (end == NULL)
        return false;
    const size_t len = (size_t)(end - from->data);
    if (len < skip || len - skip >= cap || memcmp(from->data, head, skip) != 0)
        return false;
    memcpy(out, from->data + skip, len - skip);
    out[len - skip] = '\0';
    *from = span_of(end + 1, from->len - len - 1);
    return strlen(out) == len - skip;
}

/* As it is written: without sign, blanks and leading zeros. */
static bool read_number(const char *text, uint64_t *out)
{
    char again[INDEX_DIGITS + 1];
    *out = strtoull(text, NULL, 10);
    snprintf(again, sizeof again, "%" PRIu64, *out);
    return strcmp(again, text) == 0;
}

static enum err read_leaf(struct tlog_proof *out, struct span *rest)
{
    char *text = malloc(LEAF_TEXT_MAX + 1);
    if (text == NULL)
        return ERR_NO_MEMORY;
    const bool good = take_line(rest, EXTRA, text, LEAF_TEXT_MAX + 1) &&
                      base64_decode(text, out->leaf, sizeof out->leaf, &out->leaf_len);
    free(text);
    return good ? OK : ERR_INCLUSION;
}

enum err tlog_proof_read(struct tlog_proof *out, struct span file)
{
    char line[HASH_TEXT + 1];
    size_t len;
    struct span rest = file;
    out->count = 0;
    if (file.len > TLOG_PROOF_MAX || !take_line(&rest, HEAD, line, 1))
        return ERR_INCLUSION;
    const enum err err = read_leaf(out, &rest);
    if (err != OK)
        return err;
    if (!take_line(&rest, INDEX, line, INDEX_DIGITS + 1) || !read_number(line, &out->index))
        return ERR_INCLUSION;
    for (;;) {
        if (!take_line(&rest, "", line, sizeof line))
            return ERR_INCLUSION;
        if (line[0] == '\0')
            break;
        if (out->count == MERKLE_PATH_MAX ||
            !base64_decode(line, out->path[out->count], HASH_LEN, &len) || len != HASH_LEN)
            return ERR_INCLUSION;
        out->count++;
    }
    out->note = rest;
    return OK;
}

enum err tlog_proof_verify(const struct tlog_proof *proof, const struct checkpoint *checkpoint)
{
    merkle_hash leaf;
    merkle_leaf(leaf, span_of(proof->leaf, proof->leaf_len));
    return merkle_verify(leaf, proof->index, checkpoint->size, proof->path, proof->count,
                         checkpoint->root);
}
