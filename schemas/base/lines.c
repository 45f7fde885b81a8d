#include "base/lines.h"

/* Split at the first `mark`, which is dropped. */
static struct span split(struct span *from, int mark)
{
    const uint8_t *end = from->len == 0 ? NULL : memchr(from->data, mark, from->len);
    if (end == NULL) {
        struct span all = *from;
        *from = (struct span){NULL, 0};
        return all;
    }
    struct span head = {from->data, (size_t)(end - from->data)};
    from->data += head.len + 1;
    from->len -= head.len + 1;
    return head;
}

struct span line_take(struct span *text)
{
    struct span line = split(text, '\n');
    if (line.len > 0 && line.data[line.len - 1] == '\r')
        line.len--;
    return line;
}

struct span field_take(struct span *line)
{
    return split(line, ',');
}

bool field_copy(struct span field, char *out, size_t cap)
{
    if (field.len >= cap || (field.len > 0 && memchr(field.data, 0, field.len) != NULL))
        return false;
    if (field.len > 0)
        memcpy(out, field.data, field.len);
    out[field.len] = '\0';
    return true;
}
