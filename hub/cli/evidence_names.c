/* Who is named by what a bundle holds: senders of frames, and witnesses of checkpoints. */
#include "cli/evidence_make.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>

/* "— hub.440000.demo/witness base64" */
static enum err name_witnesses(struct span note, const char *realm, evidence_name_fn *add,
                               void *ctx)
{
    char ending[REALM_LEN_MAX + sizeof "./witness "];
    char member[MEMBER_MAX + 1];
    const size_t dash = sizeof "— " - 1;
    const char *text = (const char *)note.data;
    enum err err = OK;
    snprintf(ending, sizeof ending, ".%s/witness ", realm);
    for (size_t at = 0, line = 0; err == OK && at < note.len; at++) {
        if (text[at] == '\n')
            line = at + 1;
        if (note.len - at < strlen(ending) || memcmp(text + at, ending, strlen(ending)) != 0)
            continue;
        if (at < line + dash || at - line - dash > MEMBER_MAX)
            continue;
        memcpy(member, text + line + dash, at - line - dash);
        member[at - line - dash] = '\0';
        err = add(ctx, member);
    }
    return err;
}

static bool is_note(const char *name)
{
    const size_t len = strlen(name);
    return strcmp(name, "checkpoint.txt") == 0 ||
           (strncmp(name, "seen/", 5) == 0 && strcmp(name + len - 4, ".txt") == 0);
}

enum err evidence_names(const struct bundle *bundle, const char *realm, evidence_name_fn *add,
                        void *ctx)
{
    const struct bundle_file *file;
    lianshu_Header *h = malloc(sizeof *h);
    enum err err = h == NULL ? ERR_NO_MEMORY : OK;
    for (size_t i = 0; err == OK && (file = bundle_at(bundle, i)) != NULL; i++) {
        struct frame_envelope frame;
        if (is_note(file->name))
            err = name_witnesses(file->bytes, realm, add, ctx);
        else if (strncmp(file->name, "envelopes/", 10) == 0 &&
                 frame_parse_envelope(file->bytes, &frame) == OK &&
                 wire_decode(&lianshu_Header_msg, frame.header, h) == OK)
            err = add(ctx, h->sender);
    }
    free(h);
    return err;
}
