/*
 * Checks the promises in adapters/sdk/sdk_archive.h and `lianshu evidence disclose` in-process:
 * what two adapters of the paper exchange sent and took can be shown later, one part at a time.
 */
#include "adapters/sdk/sdk_archive.h"
#include "base/file.h"
#include "base/hex.h"
#include "keys/envelope.h"
#include "pair.h"
#include "terminal.h"
#include "wire.h"

#include <unistd.h>

struct site {
    struct terminal *t;
    struct pair p;
    uint8_t env_id[HASH_LEN];
    char message_id[2 * SDK_ID_LEN + 1];
    lianshu_Header header;
    uint8_t header_hash[HASH_LEN];
    struct frame_envelope frame; /* in bytes */
    uint8_t *bytes;              /* owns */
};

static enum err take(void *ctx, struct sdk *sdk, const struct sdk_incoming *m, uint64_t now_ms)
{
    (void)ctx, (void)sdk, (void)m, (void)now_ms;
    return OK;
}

static void write_conf(struct site *s, const char *member, const char *path)
{
    char yaml[1024];
    const struct sdk_config c = exchange_config(s->p.e, member);
    snprintf(yaml, sizeof yaml, "member: %s\nkey_file: %s\npassphrase_file: %s\nstate_dir: %s\n",
             member, c.key_file, c.passphrase_file, c.state_dir);
    write_text(path, yaml);
}

/* The market has sent an honour, and the health commission has taken it. */
static void site_open(struct site *s, struct terminal *t)
{
    memset(s, 0, sizeof *s);
    s->t = t;
    pair_open(&s->p, 3, take);
    t->now_ms = s->p.e->now_ms;
    pair_send(&s->p, s->p.market, "k1", 0);
    pair_keep(&s->p, s->p.market, 1);
    const struct span frame = exchange_kept(s->p.e, 0);
    exchange_deliver(s->p.e, s->p.health, frame, 0, 0);
    s->bytes = malloc(frame.len);
    assert_non_null(s->bytes);
    memcpy(s->bytes, frame.data, frame.len);
    assert_int_equal(frame_parse_envelope(span_of(s->bytes, frame.len), &s->frame), OK);
    assert_int_equal(wire_decode(&lianshu_Header_msg, s->frame.header, &s->header), OK);
    envelope_id(&s->frame, s->header_hash, s->env_id);
    hex_encode(span_of(s->header.message_id, SDK_ID_LEN), s->message_id);
    write_conf(s, REALM_MARKET, "market.yaml");
    write_conf(s, REALM_HEALTH, "health.yaml");
}

static void site_close(struct site *s)
{
    free(s->bytes);
    pair_close(&s->p);
}

static int disclose(struct site *s, const char *adapter, const char *options)
{
    char line[512];
    snprintf(line, sizeof line, "evidence disclose %s --adapter %s %s", s->message_id, adapter,
             options);
    return run(s->t, line);
}

/* The key in the file opens that part, as its sender committed to it, and no other part. */
static void assert_opens(const struct site *s, const char *dir, unsigned part)
{
    char hex[2 * HASH_LEN + 1];
    char path[256];
    uint8_t *dek = NULL;
    size_t len;
    uint8_t commitment[SEAL_COMMITMENT_LEN];
    hex_encode(span_of(s->env_id, HASH_LEN), hex);
    snprintf(path, sizeof path, "%s/disclosed/%s-%u.dek", dir, hex, part);
    assert_int_equal(file_read(path, 1024, 0, &dek, &len, NULL), OK);
    assert_int_equal(len, SEAL_DEK_LEN);
    seal_commitment(commitment, dek);
    for (unsigned i = 0; i < s->frame.part_count; i++) {
        const struct span c = s->frame.parts[i].cipher;
        uint8_t *buffer = malloc(c.len);
        struct span plain;
        assert_non_null(buffer);
        assert_int_equal(memcmp(commitment, s->header.parts[i].commitment, sizeof commitment) == 0,
                         i == part);
        assert_int_equal(seal_open_dek(dek, s->header_hash, (uint8_t)i, c, buffer, c.len, &plain) ==
                             OK,
                         i == part);
        free(buffer);
    }
    free(dek);
}

static void sender_and_recipient_can_each_disclose_one_part_and_are_warned(void **state)
{
    struct site s;
    site_open(&s, *state);
    assert_int_equal(disclose(&s, "market.yaml", "--part 0 --out sent"), CLI_DONE);
    assert_non_null(strstr(s.t->err, "cannot be taken back"));
    assert_opens(&s, "sent", 0);
    assert_int_equal(disclose(&s, "health.yaml", "--part 0 --out taken"), CLI_DONE);
    assert_opens(&s, "taken", 0);
    site_close(&s);
}

static void what_was_disclosed_stands_in_the_sites_list(void **state)
{
    struct site s;
    char path[512];
    char hex[2 * HASH_LEN + 1];
    site_open(&s, *state);
    snprintf(path, sizeof path, "%s/disclosed.log", exchange_config(s.p.e, REALM_HEALTH).state_dir);
    assert_false(there_is(path));
    assert_int_equal(disclose(&s, "health.yaml", "--part 0 --out a"), CLI_DONE);
    assert_int_equal(disclose(&s, "health.yaml", "--out b"), CLI_DONE);
    char *text = read_text(path);
    hex_encode(span_of(s.env_id, HASH_LEN), hex);
    assert_non_null(strstr(text, hex));
    assert_non_null(strstr(text, " part=0 "));
    assert_non_null(strstr(text, " part=none "));
    free(text);
    site_close(&s);
}

static void the_frame_alone_discloses_nothing(void **state)
{
    struct site s;
    site_open(&s, *state);
    assert_int_equal(disclose(&s, "health.yaml", "--out a"), CLI_DONE);
    assert_true(there_is("a/envelopes"));
    assert_false(there_is("a/disclosed"));
    site_close(&s);
}

static void nothing_is_disclosed_of_parts_and_messages_that_are_not_there(void **state)
{
    struct site s;
    site_open(&s, *state);
    assert_int_equal(disclose(&s, "health.yaml", "--part 5 --out a"), CLI_REFUSED);
    assert_told(s.t, "E314 --part", "");
    assert_false(there_is("a"));
    refused(s.t, "evidence disclose ffffffffffffffffffffffffffffffff --adapter health.yaml --out a",
            CLI_REFUSED, "E002 MESSAGE_ID", "");
    refused(s.t, "evidence disclose 12 --adapter health.yaml --out a", CLI_USAGE, "E001", "");
    assert_int_equal(disclose(&s, "health.yaml", "--part 9 --out a"), CLI_USAGE);
    assert_int_equal(disclose(&s, "health.yaml", "--part 0 --out a"), CLI_DONE);
    assert_int_equal(disclose(&s, "health.yaml", "--part 0 --out a"), CLI_REFUSED);
    assert_told(s.t, "E026 a", "");
    site_close(&s);
}

static void what_an_adapter_holds_is_listed_without_its_keys(void **state)
{
    struct site s;
    char yaml[512];
    site_open(&s, *state);
    snprintf(yaml, sizeof yaml, "state_dir: %s\n", exchange_config(s.p.e, REALM_HEALTH).state_dir);
    write_text("only.yaml", yaml);
    assert_int_equal(run(s.t, "held inbox --adapter only.yaml --json"), CLI_DONE);
    assert_string_equal(s.t->out, "[]\n");
    write_text("nowhere.yaml", "state_dir: /nowhere\n");
    assert_int_not_equal(run(s.t, "held inbox --adapter nowhere.yaml"), CLI_DONE);
    assert_int_equal(run(s.t, "held inbox"), CLI_USAGE);
    site_close(&s);
}

/* sdk_rekey.h */
static void another_storage_key_opens_what_the_old_one_sealed_and_the_old_one_is_gone(void **state)
{
    struct site s;
    char path[512];
    char kept[512];
    const struct sdk_handler handler = {.apply = take};
    uint8_t *before = NULL;
    size_t len;
    site_open(&s, *state);
    const struct sdk_config c = exchange_config(s.p.e, REALM_HEALTH);
    /* Nobody's values change under an adapter that runs. */
    assert_int_not_equal(run(s.t, "adapter rekey --adapter health.yaml"), CLI_DONE);
    sdk_close(&s.p.health);
    assert_int_equal(file_read(c.key_file, 1 << 20, 0, &before, &len, NULL), OK);
    assert_int_equal(sdk_open(&s.p.health, &c, &handler, s.p.e->now_ms, NULL),
                     ERR_KEY_FILE);                          /* it was interrupted */
    must(s.t, "adapter rekey --adapter health.yaml --json"); /* goes on with the key it had made */
    assert_int_equal(disclose(&s, "health.yaml", "--part 0 --out after"), CLI_DONE);
    assert_opens(&s, "after", 0);
    /* With the key file of before, which has both, nothing is missed; it is done once more. */
    snprintf(path, sizeof path, "%s", c.key_file);
    snprintf(kept, sizeof kept, "%s.kept", c.key_file);
    assert_int_equal(rename(path, kept), 0);
    assert_int_equal(file_write(path, span_of(before, len), 0600, 0, NULL), OK);
    must(s.t, "adapter rekey --adapter health.yaml");
    assert_int_equal(disclose(&s, "health.yaml", "--part 0 --out again"), CLI_DONE);
    assert_opens(&s, "again", 0);
    assert_int_equal(unlink(kept), 0);
    free(before);
    site_close(&s);
}

/* Promise 2 */
static void no_key_lies_in_the_archive_in_clear(void **state)
{
    static const char *const files[] = {"adapter.db", "adapter.db-wal"};
    struct site s;
    char path[512];
    char hex[2 * HASH_LEN + 1];
    uint8_t *dek = NULL;
    size_t len;
    site_open(&s, *state);
    assert_int_equal(disclose(&s, "health.yaml", "--part 0 --out a"), CLI_DONE);
    hex_encode(span_of(s.env_id, HASH_LEN), hex);
    snprintf(path, sizeof path, "a/disclosed/%s-0.dek", hex);
    assert_int_equal(file_read(path, 1024, 0, &dek, &len, NULL), OK);
    for (size_t i = 0; i < T_COUNT(files); i++) {
        uint8_t *bytes = NULL;
        size_t bytes_len;
        snprintf(path, sizeof path, "%s/%s", exchange_config(s.p.e, REALM_HEALTH).state_dir,
                 files[i]);
        if (file_read(path, 64 << 20, 0, &bytes, &bytes_len, NULL) != OK)
            continue;
        assert_null(memmem(bytes, bytes_len, dek, len));
        free(bytes);
    }
    free(dek);
    site_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(sender_and_recipient_can_each_disclose_one_part_and_are_warned),
        CASE(what_was_disclosed_stands_in_the_sites_list),
        CASE(the_frame_alone_discloses_nothing),
        CASE(nothing_is_disclosed_of_parts_and_messages_that_are_not_there),
        CASE(another_storage_key_opens_what_the_old_one_sealed_and_the_old_one_is_gone),
        CASE(no_key_lies_in_the_archive_in_clear),
        CASE(what_an_adapter_holds_is_listed_without_its_keys),
    };
    return cmocka_run_group_tests_name("cli_disclose", tests, NULL, NULL);
}
