/* lianshu evidence: what happened, as a bundle that proves itself; and whether it does. */
#include "base/file.h"
#include "cli/ask.h"
#include "cli/evidence_make.h"
#include "cli/evidence_reading.h"
#include "cli/show.h"
#include "net/place.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- export ---- */

/* What an id is of: an envelope's has 64 digits; of 32 digits the hub knows one. */
static enum err find_kind(const struct cli *cli, const char *id, const char **kind,
                          struct fault *fault)
{
    static const struct {
        const char *cmd;
        const char *kind;
    } kinds[] = {{"order", "order"}, {"case", "case"}, {"trace", "envelope"}};
    enum err err = strlen(id) == ARGS_ENVELOPE_ID_LEN ? OK : ERR_NOT_FOUND;
    *kind = "envelope";
    for (size_t i = 0; err == ERR_NOT_FOUND && i < sizeof kinds / sizeof kinds[0]; i++) {
        char *text = NULL;
        struct json *request = ask_request(kinds[i].cmd);
        json_put_text(request, "id", id);
        *kind = kinds[i].kind;
        err = ask_hub(cli, request, &text, NULL, fault);
        free(text);
    }
    return err;
}

/* What stands beside the hub and is taken along. */
struct beside {
    char rules[PLACE_MAX + 8]; /* the archive; "": not given */
    char regions[PLACE_MAX + 16];
    char calendar[PLACE_MAX + 16];
};

static enum err read_config(const char *config, struct beside *out, struct fault *fault)
{
    struct yaml *y = NULL;
    char state[PLACE_MAX];
    enum err err = yaml_open(&y, config, fault);
    if (err != OK)
        return err;
    const struct yaml_node *root = yaml_root(y);
    err = place_read(root, "state_dir", false, config, state, sizeof state, fault);
    if (err == OK)
        err = place_read(root, "regions", false, config, out->regions, PLACE_MAX, fault);
    if (err == OK)
        err = place_read(root, "calendar", false, config, out->calendar, PLACE_MAX, fault);
    snprintf(out->rules, sizeof out->rules, "%s/rules", err == OK ? state : "");
    yaml_close(&y);
    return err;
}

/* The options, or what the hub's configuration says. */
static enum err find_beside(const struct cli *cli, struct beside *out, struct fault *fault)
{
    const char *rules = args_value(cli->args, "rules");
    const char *tables = args_value(cli->args, "tables");
    const char *config = args_value(cli->args, "config");
    *out = (struct beside){.rules = ""};
    enum err err = config == NULL ? OK : read_config(config, out, fault);
    if (err != OK)
        return err;
    if ((rules != NULL && strlen(rules) >= PLACE_MAX) ||
        (tables != NULL && strlen(tables) >= PLACE_MAX))
        return fault_set(fault, ERR_FIELD_LONG, 0, "--rules, --tables", "too long");
    if (rules != NULL)
        snprintf(out->rules, sizeof out->rules, "%s", rules);
    if (tables != NULL) {
        snprintf(out->regions, sizeof out->regions, "%s/regions.csv", tables);
        snprintf(out->calendar, sizeof out->calendar, "%s/calendar.csv", tables);
    }
    return OK;
}

static enum err say_exported(const struct cli *cli, const struct bundle *b, const char *kind,
                             const char *path)
{
    struct json *j = json_map();
    size_t bytes = 0;
    for (size_t i = 0; i < bundle_count(b); i++)
        bytes += bundle_at(b, i)->bytes.len;
    json_put_text(j, "file", path);
    json_put_text(j, "kind", kind);
    json_put_uint(j, "files", bundle_count(b));
    json_put_uint(j, "bytes", bytes);
    json_put_text(j, "verdict", "verified");
    const enum err err = show_result(cli, j);
    json_close(&j);
    return err;
}

static void warn_disclosed(const struct cli *cli)
{
    fputs("注意：本包含已披露的文书及个人信息，须依法保管、依法提供\n"
          "Take care: this bundle discloses documents with personal data; keep and give it as the "
          "law "
          "says\n",
          cli->world->err);
}

static enum err export_to(const struct cli *cli, const struct evidence_wish *wish, struct bundle *b,
                          struct fault *fault)
{
    struct anchor anchor;
    struct beside beside;
    const char *anchor_path = args_value(cli->args, "anchor");
    enum err err = anchor_read(&anchor, anchor_path, fault);
    if (err == OK)
        err = evidence_gather(cli, wish, &anchor, b, fault);
    if (err == OK)
        err = find_beside(cli, &beside, fault);
    if (err == OK && beside.rules[0] != '\0')
        err = evidence_take_rules(b, beside.rules, fault);
    if (err == OK && wish->reads && beside.regions[0] != '\0')
        err = evidence_take_tables(b, beside.regions, beside.calendar, fault);
    if (err == OK)
        err = evidence_finish(b, &anchor, anchor_path, fault);
    if (err == OK)
        err = evidence_pack_write(b, args_value(cli->args, "out"), fault);
    return err;
}

enum err cli_evidence_export(const struct cli *cli, struct fault *fault)
{
    struct bundle *b = NULL;
    const char *disclose = args_value(cli->args, "disclose");
    struct evidence_wish wish = {.id = cli->args->operand[0],
                                 .documents = disclose != NULL,
                                 .reads = disclose != NULL && strcmp(disclose, "decisions") == 0,
                                 .with = args_value(cli->args, "with"),
                                 .seen = args_value(cli->args, "seen"),
                                 .stamp = args_value(cli->args, "stamp")};
    if (disclose != NULL && !wish.reads && strcmp(disclose, "documents") != 0)
        return fault_set(fault, ERR_USAGE, 0, "--disclose", "documents or decisions");
    enum err err = args_id(wish.id, ARGS_ID_LEN, ARGS_ENVELOPE_ID_LEN, "ID",
                           "the whole id of an envelope, an order or a case", fault);
    if (err == OK)
        err = find_kind(cli, wish.id, &wish.kind, fault);
    if (err == OK)
        err = bundle_open(&b);
    if (err == OK)
        err = export_to(cli, &wish, b, fault);
    if (err == OK && (wish.documents || wish.with != NULL))
        warn_disclosed(cli);
    if (err == OK)
        err = say_exported(cli, b, wish.kind, args_value(cli->args, "out"));
    bundle_close(&b);
    return err;
}

/* ---- verify ---- */

/* The anchor that came with the bundle proves nothing of itself. */
static enum err own_anchor(const struct bundle *b, struct anchor *anchor, struct fault *fault)
{
    char dir[] = "/tmp/lianshu-anchor-XXXXXX";
    char path[sizeof dir + sizeof "/anchor.yaml"];
    struct fault why = {.err = OK};
    const struct bundle_file *file = bundle_find(b, "anchor.yaml");
    if (file == NULL)
        return fault_set(fault, ERR_EVIDENCE, 0, "anchor.yaml", "it is missing; give --anchor");
    if (mkdtemp(dir) == NULL)
        return fault_set(fault, ERR_IO, 0, dir, "no room to read the anchor");
    snprintf(path, sizeof path, "%s/anchor.yaml", dir);
    enum err err = file_write(path, file->bytes, 0600, FILE_NEW, fault);
    if (err == OK && (err = anchor_read(anchor, path, &why)) != OK)
        (void)fault_set(fault, err, why.line, "anchor.yaml", "%s", why.detail);
    (void)remove(path);
    (void)remove(dir);
    return err;
}

static enum err take_anchor(const struct cli *cli, const struct bundle *b, struct anchor *anchor,
                            bool *outside, struct fault *fault)
{
    const char *path = args_value(cli->args, "anchor");
    *outside = path != NULL;
    return path != NULL ? anchor_read(anchor, path, fault) : own_anchor(b, anchor, fault);
}

/* Texts for people may be of another version of this program: then they prove nothing. */
static void compare_text(struct json *differing, const struct bundle *b, const char *name,
                         struct span again)
{
    char zh[256];
    char en[256];
    const struct bundle_file *file = bundle_find(b, name);
    if (file != NULL && span_eq(file->bytes, again))
        return;
    struct json *row = json_map();
    snprintf(zh, sizeof zh, "%s 与本程序由证据推出者不同：不可依赖", name);
    snprintf(en, sizeof en,
             "%s is not what this program derives from the evidence: do not rely on it", name);
    json_put_text(row, "zh", zh);
    json_put_text(row, "en", en);
    json_add(differing, row);
}

static enum err compare_texts(struct json *differing, const struct reading *reading)
{
    const struct bundle *b = reading->b;
    char *html = NULL;
    char *text = NULL;
    const enum err err = reading_report(reading, &html, &text);
    if (err != OK)
        return err;
    compare_text(differing, b, "report.html", span_str(html));
    compare_text(differing, b, "report.txt", span_str(text));
    compare_text(differing, b, "README.md", evidence_readme);
    compare_text(differing, b, "verify.py", evidence_script);
    free(html);
    free(text);
    return OK;
}

static void print_list(FILE *to, const char *mark, const struct json *list)
{
    for (size_t i = 0; i < json_count(list); i++)
        fprintf(to, "%s %s\n  %s\n", mark, json_get_text(json_item(list, i), "zh"),
                json_get_text(json_item(list, i), "en"));
}

/* Takes told over. */
static enum err show_verified(const struct cli *cli, const struct reading *reading,
                              struct json *told)
{
    enum err err = OK;
    const struct evidence *e = reading->e;
    json_put_text(told, "verdict", "verified");
    json_put_text(told, "kind", e->kind);
    json_put_text(told, "id", e->id);
    json_put_text(told, "hub", e->hub);
    json_put_text(told, "log", e->checkpoint.origin);
    json_put_uint(told, "size", e->checkpoint.size);
    json_put_uint(told, "cosignatures", e->cosignatures);
    json_put_uint(told, "doubted", e->doubt_count);
    json_put_uint(told, "decisions", reading->again.count);
    json_put_uint(told, "decisions_same", reading->again.same);
    json_put_uint(told, "decisions_differing", reading->again.differing);
    if (cli->json && reading->again.differing > 0) { /* beside the refusal */
        cli_refuse_with(cli, told);
        return OK;
    }
    if (cli->json) {
        err = show_json(cli->world->out, told);
    } else {
        fprintf(cli->world->out, "已验证 / verified: %s %s\n\n已证明 / proven\n", e->kind, e->id);
        print_list(cli->world->out, "+", json_get(told, "proven"));
        fputs("\n未证明 / not proven\n", cli->world->out);
        print_list(cli->world->out, "-", json_get(told, "not_proven"));
    }
    json_close(&told);
    return err;
}

/* The evidence is good, and it is evidence of a decision that its rules do not give. */
static enum err refuse_differing(const struct reading *reading, struct fault *fault)
{
    for (size_t i = 0; i < reading->again.count; i++) {
        const struct again_row *row = &reading->again.row[i];
        if (row->is == AGAIN_DIFFERS)
            return fault_set(fault, ERR_REEXECUTION, 0, row->leaf->by->name, "%s",
                             again_word(row->where));
    }
    return OK;
}

static enum err tell(const struct cli *cli, const struct evidence *e, const struct bundle *b,
                     bool outside, struct fault *fault)
{
    struct reading reading;
    struct json *differing = json_list();
    enum err err = reading_open(&reading, e, b);
    if (err == OK)
        err = compare_texts(differing, &reading);
    if (err == OK)
        err = show_verified(cli, &reading,
                            reading_told(&reading, outside ? READING_OUTSIDE : 0, differing));
    if (err == OK)
        err = refuse_differing(&reading, fault);
    reading_close(&reading);
    json_close(&differing);
    return err;
}

enum err cli_evidence_verify(const struct cli *cli, struct fault *fault)
{
    struct anchor anchor;
    struct evidence_pack pack;
    struct evidence_reader *reader = NULL;
    struct evidence *e = NULL;
    bool outside;
    enum err err = evidence_pack_read(&pack, cli->args->operand[0], fault);
    if (err != OK)
        return err;
    err = take_anchor(cli, pack.bundle, &anchor, &outside, fault);
    if (err == OK)
        err = evidence_reader_open(&reader, &anchor);
    if (err == OK) {
        evidence_reader_roots(reader, args_value(cli->args, "roots"));
        err = evidence_verify(reader, pack.bundle, &e, fault);
    }
    if (err == OK)
        err = tell(cli, e, pack.bundle, outside, fault);
    evidence_close(&e);
    evidence_reader_close(&reader);
    evidence_pack_close(&pack);
    return err;
}
