/* Frames that our own library refuses to make: a made envelope is taken apart, changed, and
 * signed again, so that nothing but the change is wrong with it. */
#ifndef TESTS_FORGE_H
#define TESTS_FORGE_H

#include "scenario/world.h"

struct forge {
    lianshu_Header h;
    struct frame_envelope env; /* spans point into bytes and header */
    uint8_t env_id[HASH_LEN];
    uint8_t bytes[FRAME_MAX];
    uint8_t header[FRAME_HEADER_MAX + 64];
};

/* Take the frame in w->frame apart. */
void forge_take(struct world *w, struct forge *f);
/* An honest application of health to market, taken apart. */
void forge_application(struct world *w, struct forge *f);
/* Encode f->h as the header. */
void forge_header(struct forge *f);
/* Sign as `by` and put the frame into w->frame. */
void forge_sign(struct world *w, struct forge *f, const char *by);
/* The same with S as given. */
void forge_write(struct world *w, struct forge *f, struct span s);
/* S of one leaf alone, under this key and saying this kid. */
size_t forge_signature(const struct key *key, const uint8_t kid[static KID_LEN],
                       const uint8_t leaf[static HASH_LEN],
                       uint8_t out[static FRAME_SIGNATURE_MAX]);

/* A letter with one facts part whose document and header can be bent before they are signed. */
struct letter {
    const char *from;
    const char *type;
    const char *to;
    const char *facts;
    const char *issuer; /* NULL: from */
    void (*document)(lianshu_Document *d);
    void (*header)(lianshu_Header *h);
};
void forge_letter(struct world *w, const struct letter *letter, uint8_t env_id[HASH_LEN]);

/* A receipt of a member for what it got. */
struct said {
    const char *by;
    lianshu_ReceiptKind kind;
    uint32_t code;
};
void forge_receipt(struct world *w, const struct said *said, const struct got *got);

/* Hand the bytes to the hub; whatever a peer sends, the hub goes on. */
void forge_give(struct world *w, const char *from, struct span frame);

/* Sentences. The frame lies in w->frame. What the hub keeps in memory is measured from here on … */
void attack_connect(struct world *w);
/* Refused before its signature: one leaf, one count, nothing else; and the hub goes on. */
void attack_is_counted(struct world *w, const char *from, enum err code);
/* Refused with a receipt: its leaf, its code, nobody got anything; and the hub goes on. */
void attack_is_rejected(struct world *w, const char *from, const uint8_t env_id[static HASH_LEN],
                        enum err code);
/* An honest envelope passes, and the attacks before it have left nothing large in memory. */
void attack_hub_works(struct world *w);

#endif
