/* A registry of the realm in a file, signed by its roots. */
#ifndef TESTS_UNIT_REGISTRY_WORLD_H
#define TESTS_UNIT_REGISTRY_WORLD_H

#include "keys/registrar.h"
#include "keys/registry.h"

#include "realm.h"

#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_CAP = 64 << 10 };

struct fixture {
    struct realm *realm;
    lianshu_MemberRecord records[REALM_MEMBERS + 1];
    uint8_t file[FILE_CAP];
    size_t len;
    struct fault fault;
};

static struct fixture f;

static inline int setup(void **state)
{
    (void)state;
    memset(&f, 0, sizeof f);
    f.realm = realm_open(3);
    memcpy(f.records, f.realm->records, sizeof f.realm->records);
    memcpy(f.file, f.realm->file, f.realm->file_len);
    f.len = f.realm->file_len;
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    realm_close(&f.realm);
    return 0;
}

static inline enum err write_file(const struct registry_make *make, size_t count)
{
    struct writer w = writer_of(f.file, sizeof f.file);
    enum err err = registry_write(make, f.records, count, &w, &f.fault);
    f.len = w.len;
    return err;
}

/* By its name. */
static inline lianshu_MemberRecord *record_of(const char *member)
{
    for (size_t i = 0; i < REALM_MEMBERS; i++) {
        if (strcmp(f.records[i].member, member) == 0)
            return &f.records[i];
    }
    fail_msg("no record of %s", member);
    return NULL;
}

/* The appointment of the realm's registrar by the root, under this number; no two are the same. */
static inline struct span appoint_registrar(struct writer *out, uint64_t number, uint64_t now_ms,
                                            uint64_t valid_until_ms)
{
    const struct key *root = f.realm->root;
    const struct key *official = f.realm->registrar;
    const struct office_signers by = {.anchor = &f.realm->anchor, .keys = &root, .key_count = 1};
    const struct registrar_make make = {
        .realm = REALM_NAME,
        .member = "registrar.445100",
        .region = "445100",
        .keys = &official,
        .key_count = 1,
        .number = number,
        .now_ms = now_ms,
        .valid_until_ms = valid_until_ms,
        .entropy = &f.realm->entropy,
    };
    assert_int_equal(registrar_appoint(&make, &by, out), OK);
    return writer_span(out);
}

/* The head of a file with one registrar. */
static inline void begin_file(struct writer *w, struct span document, struct span version,
                              uint32_t count)
{
    const struct frame_registrar own = {document, version};
    frame_registry_begin(w, 1);
    frame_registry_put(w, &own);
    frame_registry_records(w, count);
}

/* The first registrar of a file that parses. */
static inline struct frame_registrar first_of(const struct frame_registry *file)
{
    struct frame_registry rest = *file;
    struct frame_registrar first;
    assert_true(frame_registry_registrar(&rest, &first));
    return first;
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

#endif
