/*
 * act - the file of an act of two officials: an LSD1 document of type official.act with one
 * signature (the other official has yet to sign) or both.
 *
 * Guarantees: act_read accepts only such a document, with two officials of one member, and names
 * the file in its refusals; signatures are verified by the hub, which knows the keys of the day.
 * Ownership: act_file borrows the bytes it was read from and owns its document; act_close.
 * Bounds: ACT_FRAME_MAX bytes. Thread rule: no state. PROTOCOL: acts of officials.
 */
#ifndef CLI_ACT_H
#define CLI_ACT_H

#include "cli/cli.h"
#include "document.pb.h"
#include "frame.h"

enum { ACT_FRAME_MAX = 1536 };

struct act_file {
    struct frame_document frame;
    lianshu_Document *document;
    lianshu_OfficialAct body;
};

MUST_USE enum err act_read(struct act_file *out, struct span lsd1, const char *path,
                           struct fault *fault);
void act_close(struct act_file *act);

/* What it says, for people or as JSON: so that nobody signs unread. */
MUST_USE enum err act_print(const struct cli *cli, struct span lsd1, const char *path,
                            struct fault *fault);

#endif
