#include "scenario/evidencebook.h"

#include "scenario/acts.h"

#include "base/file.h"
#include "base/hex.h"
#include "cli/evidence.h"
#include "unit/paper_hub.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    KIND_AT = 17,  /* in a leaf, behind its label */
    EACH_KIND = 6, /* of each kind so many are changed when the list is made to fit */
    SCRIPTS = 6,   /* of those so many are shown to the script, evenly; all of them: book_all */
};

static struct world *served; /* of the child that answers */

int book_open(void **state)
{
    void *terminal;
    struct book *b = calloc(1, sizeof *b);
    if (b == NULL || world_setup((void **)&b->world) != 0 || terminal_open(&terminal) != 0)
        return -1;
    b->terminal = terminal;
    *state = b;
    return anchor_write(&b->world->anchor, "anchor.yaml", false, NULL) == OK ? 0 : -1;
}

int book_close(void **state)
{
    struct book *b = *state;
    void *world = b->world;
    void *terminal = b->terminal;
    const int closed = terminal_close(&terminal);
    free(b);
    return world_teardown(&world) + closed;
}

static enum err answer(void *ctx, enum control_verb verb, struct span request, struct writer *to,
                       struct fault *fault)
{
    (void)ctx, (void)fault;
    return verb == CONTROL_QUERY ? core_query(served->core, request, served->now_ms, to)
                                 : ERR_USAGE;
}

void book_serve(struct book *b)
{
    served = b->world;
    b->terminal->hub = paper_hub_start(answer);
}

void book_keep_checkpoint(struct book *b, const char *path)
{
    struct json *said = world_ask(b->world, "{\"cmd\":\"checkpoint\"}");
    write_text(path, json_get_text(said, "checkpoint"));
    json_close(&said);
}

void book_archive_rules(struct book *b, const char *dir)
{
    struct rulearchive *archive;
    char rules[TERMINAL_PATH_MAX + 32];
    snprintf(rules, sizeof rules, "%s/hub/policy/rules", b->terminal->before);
    assert_int_equal(archive_open(&archive, dir, NULL), OK);
    assert_int_equal(archive_keep(archive, rules, b->world->rules, NULL), OK);
    archive_close(&archive);
}

void book_other_anchor(struct book *b, const char *path)
{
    struct key *root = NULL;
    struct anchor anchor = b->world->anchor;
    assert_int_equal(key_make(&root, KEY_USE_ROOT, b->world->now_ms, &b->world->entropy), OK);
    memcpy(anchor.root[0], key_public(root), KEY_PUBLIC_LEN);
    assert_int_equal(anchor_write(&anchor, path, false, NULL), OK);
    key_close(&root);
}

/* ---- the script ---- */

static uint64_t monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* The exit code of a program in an empty environment; what it says is in script.out, script.err. */
static int run_program(const char *const *argv)
{
    static char *const nothing[] = {NULL};
    int status = 0;
    const pid_t child = fork();
    if (child == 0) {
        if (freopen("script.out", "w", stdout) == NULL ||
            freopen("script.err", "w", stderr) == NULL)
            _exit(2);
        execve(argv[0], (char *const *)(uintptr_t)argv, nothing);
        _exit(2);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* By what it says, it was not the bundle that is wrong. */
static bool stumbled(const char *text)
{
    static const char *const names[] = {"Traceback",  "TypeError", "AttributeError", "KeyError",
                                        "IndexError", "NameError", "struct.error"};
    for (size_t i = 0; i < T_COUNT(names); i++) {
        if (strstr(text, names[i]) != NULL)
            return true;
    }
    return false;
}

int book_script_roots(struct book *b, const char *bundle, const char *anchor, const char *roots)
{
    char script[TERMINAL_PATH_MAX + 64];
    const uint64_t began_ms = monotonic_ms();
    snprintf(script, sizeof script, "%s/hub/cli/evidence/verify.py", b->terminal->before);
    const char *const argv[] = {"/usr/bin/python3",
                                "-I",
                                script,
                                bundle,
                                "--anchor",
                                anchor,
                                roots == NULL ? NULL : "--roots",
                                roots,
                                NULL};
    const int code = run_program(argv);
    b->script_ms = monotonic_ms() - began_ms;
    const char *told = code == 0 ? "已证明 proven" : "拒绝 / refused: ";
    char *text = read_text(code == 0 ? "script.out" : "script.err");
    if (code > 1 || strstr(text, told) == NULL || stumbled(text))
        fail_msg("verify.py: %d %s", code, text);
    if (code != 0)
        print_message("%s", text);
    free(text);
    return code;
}

int book_script(struct book *b, const char *bundle, const char *anchor)
{
    return book_script_roots(b, bundle, anchor, NULL);
}

/* ---- time stamps ---- */

/* "<dir>/<size><ending>" of the one stamp that is there. */
static void find_stamp(const char *dir, char *out, size_t cap, const char *ending)
{
    struct evidence_pack pack;
    const struct bundle_file *file;
    size_t i = 0;
    assert_int_equal(evidence_pack_read(&pack, dir, NULL), OK);
    while ((file = bundle_at(pack.bundle, i)) != NULL && strstr(file->name, ".tsr") == NULL)
        i++;
    assert_non_null(file);
    snprintf(out, cap, "%s/%.*s%s", dir, (int)strcspn(file->name, "."), file->name, ending);
    evidence_pack_close(&pack);
}

int book_openssl_ts(const char *dir, const char *roots)
{
    char answer[TERMINAL_PATH_MAX];
    char note[TERMINAL_PATH_MAX];
    find_stamp(dir, answer, sizeof answer, ".tsr");
    find_stamp(dir, note, sizeof note, ".txt");
    const char *const argv[] = {"/usr/bin/openssl", "ts",  "-verify", "-in", answer, "-data", note,
                                "-CAfile",          roots, NULL};
    return run_program(argv);
}

void book_replace_stamp(const char *dir, const char *answer)
{
    size_t len;
    char path[TERMINAL_PATH_MAX];
    char *bytes = book_read(answer, &len);
    find_stamp(dir, path, sizeof path, ".tsr");
    book_add_file(dir, path + strlen(dir) + 1, span_of(bytes, len));
    free(bytes);
}

/* ---- changing bundles ---- */

void book_export_referral(struct book *b, const char *out)
{
    uint8_t env_id[HASH_LEN];
    char hex[2 * HASH_LEN + 1];
    char line[512];
    acts_connect(b->world);
    world_site(b->world, "police.445100")->silent = true;
    const struct mail mail = acts_referral();
    world_send(b->world, &mail, env_id);
    hex_encode(span_of(env_id, HASH_LEN), hex);
    book_serve(b);
    snprintf(line, sizeof line,
             "evidence export %s --anchor anchor.yaml --control control --out %s", hex, out);
    must(b->terminal, line);
}

char *book_read(const char *path, size_t *len)
{
    uint8_t *bytes = NULL;
    assert_int_equal(file_read(path, BUNDLE_BYTES_MAX, 0, &bytes, len, NULL), OK);
    return (char *)bytes;
}

void book_put_file(const char *dir, const char *name, struct span bytes)
{
    char path[TERMINAL_PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(file_write(path, bytes, 0644, 0, NULL), OK);
}

void book_fit(const char *dir)
{
    struct evidence_pack pack;
    assert_int_equal(evidence_pack_read(&pack, dir, NULL), OK);
    assert_int_equal(bundle_seal(pack.bundle), OK);
    book_put_file(dir, BUNDLE_MANIFEST, bundle_find(pack.bundle, BUNDLE_MANIFEST)->bytes);
    evidence_pack_close(&pack);
}

void book_copy(const char *from, const char *to)
{
    struct evidence_pack pack;
    char path[TERMINAL_PATH_MAX];
    const struct bundle_file *file;
    if (there_is(to)) {
        assert_int_equal(evidence_pack_read(&pack, to, NULL), OK);
        for (size_t i = 0; (file = bundle_at(pack.bundle, i)) != NULL; i++) {
            snprintf(path, sizeof path, "%s/%s", to, file->name);
            assert_int_equal(remove(path), 0);
        }
        evidence_pack_close(&pack);
    }
    assert_int_equal(evidence_pack_read(&pack, from, NULL), OK);
    if (!there_is(to))
        assert_int_equal(evidence_pack_write(pack.bundle, to, NULL), OK);
    for (size_t i = 0; (file = bundle_at(pack.bundle, i)) != NULL; i++)
        book_put_file(to, file->name, file->bytes);
    evidence_pack_close(&pack);
}

void book_add_file(const char *dir, const char *name, struct span bytes)
{
    book_put_file(dir, name, bytes);
    book_fit(dir);
}

/* What is there for reading: by our program it is compared, and by nobody believed. */
static bool is_reading(const char *name)
{
    static const char *const names[] = {"report.",     "README.",      "verify.py",
                                        "anchor.yaml", "custody.json", BUNDLE_MANIFEST};
    for (size_t i = 0; i < T_COUNT(names); i++) {
        if (strncmp(name, names[i], strlen(names[i])) == 0)
            return true;
    }
    return false;
}

/* Of bundle.json a digit of the id: the rest of it is claimed only. */
static size_t place_in(const struct bundle_file *file, const char *id)
{
    const uint8_t *at = strcmp(file->name, "bundle.json") == 0
                            ? memmem(file->bytes.data, file->bytes.len, id, strlen(id))
                            : NULL;
    return at == NULL ? file->bytes.len / 2 : (size_t)(at - file->bytes.data);
}

/* "log/….leaf" is of the kind "log…leaf". */
static bool same_kind(const char *a, const char *b)
{
    const size_t folder = strcspn(a, "/");
    const char *ending = strrchr(b, '.');
    return strncmp(a, b, folder + 1) == 0 && strcmp(strrchr(a, '.'), ending) == 0;
}

static size_t kind_before(const struct bundle *bundle, size_t index)
{
    size_t count = 0;
    for (size_t i = 0; i < index; i++)
        count += same_kind(bundle_at(bundle, i)->name, bundle_at(bundle, index)->name);
    return count;
}

static void flip(struct book *b, const char *dir, const struct bundle_file *file, unsigned flags,
                 bool script)
{
    char line[256];
    uint8_t *bytes = malloc(file->bytes.len);
    assert_non_null(bytes);
    memcpy(bytes, file->bytes.data, file->bytes.len);
    bytes[place_in(file, "00112233")] ^= 1;
    book_put_file(dir, file->name, span_of(bytes, file->bytes.len));
    if ((flags & BOOK_LIST_FITS) != 0)
        book_fit(dir);
    snprintf(line, sizeof line, "evidence verify %s --anchor anchor.yaml", dir);
    if (run(b->terminal, line) != CLI_REFUSED)
        fail_msg("%s was changed: %s", file->name, b->terminal->out);
    assert_told(b->terminal, "E", "");
    if (flags == 0 && strcmp(file->name, BUNDLE_MANIFEST) != 0)
        assert_told(b->terminal, "E814 ", file->name);
    if (script && book_script(b, dir, "anchor.yaml") != 1)
        fail_msg("%s was changed", file->name);
    book_put_file(dir, file->name, file->bytes);
    free(bytes);
}

void book_flip(struct book *b, const char *dir, const char *name)
{
    struct evidence_pack pack;
    assert_int_equal(evidence_pack_read(&pack, dir, NULL), OK);
    const struct bundle_file *file = bundle_find(pack.bundle, name);
    assert_non_null(file);
    flip(b, dir, file, BOOK_LIST_FITS, true);
    evidence_pack_close(&pack);
    book_fit(dir);
}

size_t book_flip_each(struct book *b, const char *dir, unsigned flags)
{
    struct evidence_pack pack;
    const struct bundle_file *file;
    const bool fits = (flags & BOOK_LIST_FITS) != 0;
    size_t count = 0;
    size_t eligible = 0;
    assert_int_equal(evidence_pack_read(&pack, dir, NULL), OK);
    for (size_t i = 0; (file = bundle_at(pack.bundle, i)) != NULL; i++) {
        const bool text = strstr(file->name, ".json") != NULL && strchr(file->name, '/') != NULL;
        if (file->bytes.len == 0 || (fits && is_reading(file->name)))
            continue;
        const size_t before = kind_before(pack.bundle, i);
        if (fits && before >= EACH_KIND)
            continue;
        const bool script = !fits || (!text && before == 0);
        flip(b, dir, file, flags,
             script &&
                 (b->all || eligible % (fits ? 3 : bundle_count(pack.bundle) / SCRIPTS) == 0));
        eligible += script;
        count++;
    }
    evidence_pack_close(&pack);
    book_fit(dir);
    return count;
}

void book_disclose(struct book *b, const char *dir, const char *member, unsigned part)
{
    static uint8_t room[FRAME_MAX];
    static lianshu_Header h;
    struct world *w = b->world;
    struct site *site = world_site(w, member);
    struct frame_envelope frame;
    struct bundle *shown = NULL;
    struct span plain;
    uint8_t header_hash[HASH_LEN];
    uint8_t env_id[HASH_LEN];
    uint8_t dek[SEAL_DEK_LEN];
    enum err inner;
    char hex[2 * HASH_LEN + 1];
    char name[BUNDLE_NAME_MAX + 1];
    const struct span bytes = span_of(w->frame, w->frame_len);
    assert_int_equal(frame_parse_envelope(bytes, &frame), OK);
    assert_int_equal(wire_decode(&lianshu_Header_msg, frame.header, &h), OK);
    envelope_id(&frame, header_hash, env_id);
    assert_int_equal(envelope_open(w->openers[site - w->sites], site->keys, member, &h, &frame,
                                   header_hash, part, room, sizeof room, &plain, dek, &inner),
                     OK);
    hex_encode(span_of(env_id, HASH_LEN), hex);
    assert_int_equal(bundle_open(&shown), OK);
    snprintf(name, sizeof name, "envelopes/%s.lse", hex);
    assert_int_equal(bundle_add(shown, name, bytes), OK);
    snprintf(name, sizeof name, "disclosed/%s-%u.dek", hex, part);
    assert_int_equal(bundle_add(shown, name, span_of(dek, sizeof dek)), OK);
    assert_int_equal(evidence_pack_write(shown, dir, NULL), OK);
    bundle_close(&shown);
}

void book_rename_key(struct book *b, const char *dir, unsigned part)
{
    struct evidence_pack pack;
    char from[TERMINAL_PATH_MAX];
    char to[TERMINAL_PATH_MAX];
    (void)b;
    assert_int_equal(evidence_pack_read(&pack, dir, NULL), OK);
    const char *name = bundle_at(pack.bundle, 0)->name; /* disclosed/ comes before envelopes/ */
    snprintf(from, sizeof from, "%s/%s", dir, name);
    snprintf(to, sizeof to, "%s/%.*s-%u.dek", dir, (int)(strrchr(name, '-') - name), name, part);
    assert_int_equal(rename(from, to), 0);
    evidence_pack_close(&pack);
}

/* The i-th entry's path, of those that are not empty. */
static const struct bundle_file *find_path(const struct bundle *bundle, size_t i)
{
    const struct bundle_file *file;
    for (size_t at = 0; (file = bundle_at(bundle, at)) != NULL; at++) {
        const char *dot = strrchr(file->name, '.');
        if (strncmp(file->name, "log/", 4) == 0 && strcmp(dot, ".path") == 0 && i-- == 0)
            return file;
    }
    return NULL;
}

void book_swap_paths(struct book *b, const char *dir)
{
    struct evidence_pack pack;
    (void)b;
    assert_int_equal(evidence_pack_read(&pack, dir, NULL), OK);
    const struct bundle_file *one = find_path(pack.bundle, 0);
    const struct bundle_file *two = find_path(pack.bundle, 5);
    assert_false(span_eq(one->bytes, two->bytes));
    book_put_file(dir, one->name, two->bytes);
    book_put_file(dir, two->name, one->bytes);
    evidence_pack_close(&pack);
    book_fit(dir);
}

static const struct bundle_file *find_state(const struct bundle *bundle, size_t index,
                                            const char *ending)
{
    char name[BUNDLE_NAME_MAX + 1];
    snprintf(name, sizeof name, "log/%012zu.leaf", index);
    const struct bundle_file *leaf = bundle_find(bundle, name);
    if (leaf == NULL || (leaf->bytes.data[KIND_AT] != LOG_ORDER_STATE &&
                         leaf->bytes.data[KIND_AT] != LOG_OBLIGATION_STATE))
        return NULL;
    snprintf(name, sizeof name, "log/%012zu.%s", index, ending);
    return bundle_find(bundle, name);
}

void book_move_leaf(struct book *b, const char *dir)
{
    static const char *const endings[] = {"leaf", "path"};
    struct evidence_pack pack;
    size_t i = 0;
    (void)b;
    assert_int_equal(evidence_pack_read(&pack, dir, NULL), OK);
    while (find_state(pack.bundle, i, "leaf") == NULL ||
           find_state(pack.bundle, i + 1, "leaf") == NULL)
        i++;
    for (size_t k = 0; k < T_COUNT(endings); k++) {
        const struct bundle_file *one = find_state(pack.bundle, i, endings[k]);
        const struct bundle_file *two = find_state(pack.bundle, i + 1, endings[k]);
        book_put_file(dir, one->name, two->bytes);
        book_put_file(dir, two->name, one->bytes);
    }
    evidence_pack_close(&pack);
    book_fit(dir);
}
