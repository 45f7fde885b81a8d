/*
 * ask - one question to a running hub over its control socket.
 *
 * Guarantees: at most ASK_WAIT_MS; the hub's refusal comes back as its own code with its detail
 * in *fault; an answer that is no JSON object, or too long, is ERR_SYNTAX. Nothing is logged.
 * Ownership: *text is the caller's, free() it; *answer (may be NULL) json_close().
 * Thread rule: no state.
 */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include "cli/cli.h"
#include "json.h"
#include "keys/note.h"

enum { ASK_WAIT_MS = 10000, ASK_LOOKUPS_MAX = 2 };

/* Takes request over. text: one line without its end. */
MUST_USE enum err ask_hub(const struct cli *cli, struct json *request, char **text,
                          struct json **answer, struct fault *fault);

/* A number of the answer; 0 when it is absent. */
uint64_t ask_number(const struct json *answer, const char *key);

/* A checkpoint of the hub's log. */
struct ask_head {
    struct checkpoint checkpoint;
    bool cosigned; /* with cosignatures: as many as the hub's policy has, or one at least */
    bool needed;   /* the hub's policy asks for some */
    size_t len;
    uint8_t note[NOTE_LEN_MAX];
};
/* The newest with cosignatures, if it covers `least` entries; otherwise the newest.
 * ERR_CHECKPOINT: it is none, or covers fewer. */
MUST_USE enum err ask_checkpoint(const struct cli *cli, uint64_t least, struct ask_head *out,
                                 struct fault *fault);

/* {"cmd": cmd} */
struct json *ask_request(const char *cmd);
/* Ask, and print: the hub's object unchanged, or for people. Takes request over. */
MUST_USE enum err ask_print(const struct cli *cli, struct json *request, struct fault *fault);
/* The same about one id. */
MUST_USE enum err ask_by_id(const struct cli *cli, const char *cmd, const char *id,
                            struct fault *fault);

/* Where the whole of an id is found that was given by its beginning. */
struct ask_lookup {
    const char *cmd;
    const char *list;
    const char *key;
};

/* The beginning of an id becomes the whole of it, in `whole`; the hub is asked if need be. */
MUST_USE enum err ask_expand(const struct cli *cli, const char **id, const struct ask_lookup *in,
                             char whole[static ARGS_ID_LEN + 1], struct fault *fault);

#endif
