/* box - bytes copied out of a row, kept until the next row. Grows, never shrinks; bounded by
 * the CHECK of the column it serves. */
#ifndef STORE_BOX_H
#define STORE_BOX_H

#include "base/err.h"
#include "base/span.h"

#include <stdlib.h>

struct box {
    uint8_t *data; /* owns */
    size_t cap;
};

/* Copy bytes behind the first `used` ones; *out borrows the copy. */
MUST_USE static inline enum err box_add(struct box *box, size_t used, struct span bytes,
                                        struct span *out)
{
    size_t need = used + bytes.len;
    *out = (struct span){NULL, 0};
    if (need > box->cap) {
        size_t cap = box->cap < 512 ? 512 : box->cap;
        while (cap < need)
            cap *= 2;
        uint8_t *grown = realloc(box->data, cap);
        if (grown == NULL)
            return ERR_NO_MEMORY;
        box->data = grown;
        box->cap = cap;
    }
    if (bytes.len > 0)
        memcpy(box->data + used, bytes.data, bytes.len);
    *out = (struct span){box->data + used, bytes.len};
    return OK;
}

MUST_USE static inline enum err box_keep(struct box *box, struct span bytes, struct span *out)
{
    return box_add(box, 0, bytes, out);
}

static inline void box_fini(struct box *box)
{
    free(box->data);
    *box = (struct box){NULL, 0};
}

#endif
