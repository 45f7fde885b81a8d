/* The messages that hub/cli/evidence/verify.py reads have the fields and bounds there that they
 * have here: what one reader of a bundle takes, the other takes. */
#include "message.h"

#include "base/file.h"

#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_CAP = 1024, SCRIPT_CAP = 1 << 20 };

#define SCRIPT "hub/cli/evidence/verify.py"

/* As SHAPES there says it. */
static void kind_of(const struct message_field *f, char *out, size_t cap)
{
    switch (f->type) {
    case MESSAGE_NUMBER:
        if (f->values != NULL || f->size == 1)
            snprintf(out, cap, "e%d", f->values != NULL ? f->values->max : 1);
        else
            snprintf(out, cap, "n%u", 8 * f->size);
        return;
    case MESSAGE_TEXT:
        snprintf(out, cap, "t%u", f->size - 1);
        return;
    case MESSAGE_BYTES:
        snprintf(out, cap, "b%zu", f->size - offsetof(pb_bytes_array_t, bytes));
        return;
    case MESSAGE_FIXED:
        snprintf(out, cap, "f%u", f->size);
        return;
    default:
        snprintf(out, cap, "%s", f->sub->name);
    }
}

static void shape_of(const struct message *m, char out[static LINE_CAP])
{
    size_t len = (size_t)snprintf(out, LINE_CAP, "%s", m->name);
    for (size_t i = 0; i < m->field_count; i++) {
        const struct message_field *f = &m->fields[i];
        char kind[64];
        char times[16] = "";
        kind_of(f, kind, sizeof kind);
        if (f->rule == MESSAGE_REPEATED)
            snprintf(times, sizeof times, "%u*", f->max);
        len += (size_t)snprintf(out + len, LINE_CAP - len, " %u:%s%s", f->tag, times, kind);
        assert_true(len < LINE_CAP);
    }
}

static const struct message *named(const char *name)
{
    const struct message *m;
    for (size_t i = 0; (m = message_at(i)) != NULL; i++) {
        if (strcmp(m->name, name) == 0)
            return m;
    }
    return NULL;
}

/* Words of the table, one space between them. */
static char *read_table(void)
{
    static const char begin[] = "SHAPES = \"\"\"\n";
    uint8_t *bytes = NULL;
    size_t len;
    assert_int_equal(file_read(SCRIPT, SCRIPT_CAP, 0, &bytes, &len, NULL), OK);
    char *text = strstr((char *)bytes, begin);
    assert_non_null(text);
    text += sizeof begin - 1;
    char *end = strstr(text, "\"\"\"");
    assert_non_null(end);
    char *out = calloc(1, (size_t)(end - text) + 1);
    assert_non_null(out);
    for (size_t at = 0; text < end; text++) {
        const bool space = *text == ' ' || *text == '\n';
        if (!space || (at > 0 && out[at - 1] != ' '))
            out[at++] = space ? ' ' : *text;
    }
    free(bytes);
    return out;
}

static void the_script_knows_the_fields_and_bounds_of_what_it_reads(void **state)
{
    char *table = read_table();
    size_t messages = 0;
    (void)state;
    for (char *at = table; *at != '\0';) {
        char shape[LINE_CAP];
        char name[64];
        const size_t word = strcspn(at, " ");
        snprintf(name, sizeof name, "%.*s", (int)word, at);
        print_message("%s\n", name);
        const struct message *m = named(name);
        assert_non_null(m);
        shape_of(m, shape);
        const size_t len = strlen(shape);
        if (strncmp(at, shape, len) != 0 || at[len] != ' ')
            fail_msg("%s has: %s", SCRIPT, at);
        at += len + 1;
        messages++;
    }
    assert_true(messages >= 20);
    free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_script_knows_the_fields_and_bounds_of_what_it_reads),
    };
    return cmocka_run_group_tests_name("evidence_shapes", tests, NULL, NULL);
}
