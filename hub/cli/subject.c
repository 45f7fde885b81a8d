#include "cli/subject.h"

#include "ident.h"

#include <string.h>
#include <unistd.h>

static const char EXPECTED[] = "one line: \"enterprise CODE\" or \"person ID\"";

/* The first line of standard input, without its end. */
static enum err read_line(int fd, char out[static SUBJECT_LINE_MAX], struct fault *fault)
{
    size_t len = 0;
    while (len < SUBJECT_LINE_MAX) {
        ssize_t got = read(fd, out + len, SUBJECT_LINE_MAX - len);
        if (got < 0)
            return fault_set(fault, ERR_IO, 0, "standard input", "it cannot be read");
        char *end = memchr(out + len, '\n', (size_t)got);
        len += (size_t)got;
        if (end != NULL)
            len = (size_t)(end - out);
        if (end != NULL || got == 0)
            break;
    }
    if (len == 0 || len >= SUBJECT_LINE_MAX)
        return fault_set(fault, ERR_FIELD_VALUE, 1, "standard input", "%s", EXPECTED);
    out[len] = '\0';
    return OK;
}

static enum err parse(struct subject_line *s, struct fault *fault)
{
    static const struct {
        const char *word;
        lianshu_SubjectKind kind;
    } KINDS[] = {
        {"enterprise", lianshu_SubjectKind_SUBJECT_ENTERPRISE},
        {"institution", lianshu_SubjectKind_SUBJECT_INSTITUTION},
        {"person", lianshu_SubjectKind_SUBJECT_PERSON},
    };
    const char *space = strchr(s->line, ' ');
    for (size_t i = 0; space != NULL && i < sizeof KINDS / sizeof KINDS[0]; i++) {
        if (strlen(KINDS[i].word) != (size_t)(space - s->line) ||
            strncmp(KINDS[i].word, s->line, (size_t)(space - s->line)) != 0)
            continue;
        s->word = KINDS[i].word;
        s->kind = KINDS[i].kind;
        s->id = space + 1;
        enum err err = subject_id_check(s->kind, s->id);
        return err == OK ? OK : fault_set(fault, err, 1, "standard input", "identifier");
    }
    if (space != NULL)
        return fault_set(fault, ERR_FIELD_VALUE, 1, "standard input",
                         "enterprise, institution or person before the identifier");
    const bool body = uscc_check(s->line, NULL) == OK;
    s->id = s->line;
    s->word = KINDS[body ? 0 : 2].word;
    s->kind = KINDS[body ? 0 : 2].kind;
    if (!body && citizen_check(s->line) != OK)
        return fault_set(fault, ERR_CHECK_DIGIT, 1, "standard input",
                         "neither a unified social credit code nor a citizen number");
    return OK;
}

enum err subject_take(const struct cli *cli, const char *operand, struct subject_line *out,
                      struct fault *fault)
{
    *out = (struct subject_line){.word = ""};
    if (strcmp(operand, "-") != 0)
        return fault_set(fault, ERR_USAGE, 0, "SUBJECT",
                         "identifiers never stand on a command line: give - and write the line "
                         "\"enterprise CODE\" to standard input");
    const enum err err = read_line(cli->world->in, out->line, fault);
    return err == OK ? parse(out, fault) : err;
}

enum err subject_read(const struct cli *cli, struct subject_line *out, struct fault *fault)
{
    return subject_take(cli, cli->args->operand[0], out, fault);
}
