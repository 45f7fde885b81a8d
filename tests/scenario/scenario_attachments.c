/* Attachments: asked for, taken, kept, served, and gone with their message. */
#include "scenario/acts.h"
#include "scenario/texts.h"
#include "scenario/world.h"

#include "folder.h"
#include "keys/attachment.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct attachment *make_file(struct world *w, size_t len, lianshu_ManifestFile *file,
                                    int *fd)
{
    struct attachment *a = NULL;
    *fd = folder_nameless();
    uint8_t *bytes = malloc(len);
    memset(bytes, 0x5a, len);
    assert_int_equal(write(*fd, bytes, len), (ssize_t)len);
    free(bytes);
    assert_int_equal(attachment_open(&a, *fd, NULL, &w->entropy), OK);
    assert_int_equal(attachment_measure(a), OK);
    *file = (lianshu_ManifestFile){0};
    attachment_manifest(a, file);
    strcpy(file->name, "移送书.pdf");
    strcpy(file->media_type, "application/pdf");
    return a;
}

static void push_chunk(struct world *w, struct attachment *a, uint64_t index, const char *from)
{
    struct writer out = writer_of(w->frame, sizeof w->frame);
    assert_int_equal(attachment_chunk(a, index, &out), OK);
    w->frame_len = out.len;
    world_push(w, from);
}

#define OTHER_CASE_ID "0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0d"

static void an_envelope_is_accepted_only_when_its_attachment_is_all_there(void **state)
{
    struct world *w = *state;
    lianshu_ManifestFile file;
    int fd;
    uint8_t env_id[HASH_LEN];
    uint8_t id[16];
    world_hello(w, "market.445100");
    world_hello(w, "police.445100");
    struct attachment *a = make_file(w, 3 * CHUNK_PLAIN_LEN - 7, &file, &fd);
    assert_int_equal(file.chunk_count, 3);
    struct mail mail = acts_referral();
    mail.file = &file;
    world_make(w, &mail, env_id, id);
    uint8_t *frame = malloc(w->frame_len);
    size_t frame_len = w->frame_len;
    memcpy(frame, w->frame, frame_len);

    world_push(w, "market.445100");
    world_turn(w);
    struct site *market = world_site(w, "market.445100");
    assert_memory_equal(market->wanted_root, file.root, HASH_LEN);
    assert_int_equal(market->wanted_first, 0);
    assert_int_equal(world_status(w, "envelopes"), 0);

    push_chunk(w, a, 0, "market.445100");
    push_chunk(w, a, 1, "market.445100");
    world_pass(w, 5000); /* the rest does not come */
    memcpy(w->frame, frame, frame_len);
    w->frame_len = frame_len;
    world_push(w, "market.445100");
    world_turn(w);
    assert_int_equal(market->wanted_first, 2);

    push_chunk(w, a, 2, "market.445100");
    memcpy(w->frame, frame, frame_len);
    w->frame_len = frame_len;
    world_push(w, "market.445100");
    world_turn(w);
    assert_int_equal(world_has(w, "police.445100", "case.referral"), 1);
    assert_int_equal(world_got(w, "police.445100", "case.referral", 0)->parts_open, 3);
    free(frame);
    attachment_close(&a);
    close(fd);
}

static void want_from(struct world *w, const char *member, const uint8_t *root, const uint8_t *id,
                      uint64_t first)
{
    lianshu_Control control = {.kind = lianshu_ControlKind_CONTROL_CHUNK_WANTED,
                               .which_body = lianshu_Control_chunk_wanted_tag};
    memcpy(control.body.chunk_wanted.root, root, HASH_LEN);
    control.body.chunk_wanted.first = first;
    control.body.chunk_wanted.count = 4;
    control.body.chunk_wanted.have = first;
    control.body.chunk_wanted.message_id.size = 16;
    memcpy(control.body.chunk_wanted.message_id.bytes, id, 16);
    struct writer out = writer_of(w->frame, sizeof w->frame);
    assert_int_equal(frame_put_control(&out, &control), OK);
    w->frame_len = out.len;
    world_push(w, member);
    world_turn(w);
}

static void want_chunk(struct world *w, const char *member, const uint8_t *root, const uint8_t *id)
{
    want_from(w, member, root, id, 0);
}

static void chunks_are_served_to_their_readers_and_to_nobody_else(void **state)
{
    struct world *w = *state;
    lianshu_ManifestFile file;
    int fd;
    uint8_t id[16];
    world_hello(w, "market.445100");
    world_hello(w, "police.445100");
    world_hello(w, "health.445100");
    world_site(w, "police.445100")->silent = true;
    struct attachment *a = make_file(w, 2 * CHUNK_PLAIN_LEN, &file, &fd);
    push_chunk(w, a, 0, "market.445100");
    push_chunk(w, a, 1, "market.445100");
    struct mail mail = acts_referral();
    mail.file = &file;
    world_make(w, &mail, NULL, id);
    world_push(w, "market.445100");
    world_turn(w);
    want_chunk(w, "police.445100", file.root, id);
    assert_int_equal(world_site(w, "police.445100")->chunks_seen, 2);
    want_chunk(w, "health.445100", file.root, id);
    assert_int_equal(world_site(w, "health.445100")->chunks_seen, 0);
    attachment_close(&a);
    close(fd);
}

/* A referral with a file of `chunks` chunks, known to the hub as an envelope only. */
struct upload {
    struct attachment *file;
    lianshu_ManifestFile entry;
    int fd;
    uint8_t id[16];
    size_t len;
    uint8_t *frame; /* owns */
};

static void offer(struct world *w, struct upload *s)
{
    memcpy(w->frame, s->frame, s->len);
    w->frame_len = s->len;
    world_push(w, "market.445100");
    world_turn(w);
}

static void make_envelope(struct world *w, struct upload *s, const char *facts, const char *sealed)
{
    struct mail mail = acts_referral();
    mail.facts = facts;
    mail.sealed = sealed;
    mail.file = &s->entry;
    world_make(w, &mail, NULL, s->id);
    s->len = w->frame_len;
    s->frame = realloc(s->frame, s->len);
    memcpy(s->frame, w->frame, s->len);
}

static void begin(struct world *w, struct upload *s, size_t chunks)
{
    *s = (struct upload){.fd = -1};
    world_hello(w, "market.445100");
    world_hello(w, "police.445100");
    world_hello(w, "procuratorate.445100");
    s->file = make_file(w, chunks * CHUNK_PLAIN_LEN, &s->entry, &s->fd);
    make_envelope(w, s, CLOCK_OF(CASE_ID, "police.445100"), REFERRAL_OF(CASE_ID));
    offer(w, s);
}

/* It is all here: offered again the envelope is accepted, and arrives. */
static void assert_arrives(struct world *w, struct upload *s)
{
    offer(w, s);
    assert_int_equal(world_has(w, "police.445100", "case.referral"), 1);
}

static void end(struct upload *s)
{
    attachment_close(&s->file);
    close(s->fd);
    free(s->frame);
}

static void push(struct world *w, struct upload *s, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++)
        push_chunk(w, s->file, i, "market.445100");
    world_turn(w);
}

static uint64_t have(struct world *w, const struct upload *s)
{
    uint64_t n, count;
    assert_int_equal(chunk_have(w->store->chunks, "market.445100", s->entry.root, &n, &count), OK);
    return n;
}

static void the_next_range_is_asked_for_before_the_last_one_is_in(void **state)
{
    struct world *w = *state;
    struct upload s;
    begin(w, &s, 100);
    const struct site *market = world_site(w, "market.445100");
    assert_int_equal(market->wanted_first, 0);
    push(w, &s, 0, 31);
    assert_int_equal(market->wanted_first, 0);
    push(w, &s, 31, 32); /* half of the window is in */
    assert_int_equal(market->wanted_first, 64);
    push(w, &s, 32, 64);
    assert_int_equal(market->wanted_first, 96);
    push(w, &s, 64, 100);
    assert_arrives(w, &s);
    end(&s);
}

static void a_chunk_that_was_lost_is_asked_for_again(void **state)
{
    struct world *w = *state;
    struct upload s;
    begin(w, &s, 6);
    push(w, &s, 0, 2);
    push(w, &s, 3, 5);
    assert_int_equal(world_site(w, "market.445100")->wanted_first, 2);
    assert_int_equal(have(w, &s), 2);
    push(w, &s, 2, 6);
    assert_arrives(w, &s);
    end(&s);
}

static void an_upload_goes_on_after_a_restart_where_it_was(void **state)
{
    struct world *w = *state;
    struct upload s;
    begin(w, &s, 40);
    push(w, &s, 0, 16);
    push(w, &s, 16, 20);
    world_restart(w);
    world_hello(w, "market.445100");
    world_hello(w, "police.445100");
    offer(w, &s);
    assert_int_equal(world_site(w, "market.445100")->wanted_first, CHUNK_RECORD_EVERY);
    push(w, &s, CHUNK_RECORD_EVERY, 40);
    assert_arrives(w, &s);
    end(&s);
}

static void another_file_of_the_same_sender_is_busy_meanwhile(void **state)
{
    struct world *w = *state;
    struct upload s;
    struct upload other = {.fd = -1};
    begin(w, &s, 4);
    other.file = make_file(w, 3 * CHUNK_PLAIN_LEN, &other.entry, &other.fd);
    make_envelope(w, &other, CLOCK_OF(OTHER_CASE_ID, "police.445100"), REFERRAL_OF(OTHER_CASE_ID));
    offer(w, &other);
    assert_int_equal(world_site(w, "market.445100")->last_busy_code, ERR_BUSY);
    assert_memory_equal(world_site(w, "market.445100")->wanted_root, s.entry.root, HASH_LEN);
    push(w, &s, 0, 4);
    offer(w, &s);
    offer(w, &other);
    assert_memory_equal(world_site(w, "market.445100")->wanted_root, other.entry.root, HASH_LEN);
    end(&s);
    end(&other);
}

static void the_same_file_for_the_same_readers_is_not_asked_for_twice(void **state)
{
    struct world *w = *state;
    struct upload s;
    begin(w, &s, 3);
    world_site(w, "police.445100")->silent = true;
    push(w, &s, 0, 3);
    offer(w, &s);
    memset(world_site(w, "market.445100")->wanted_root, 0, HASH_LEN);
    make_envelope(w, &s, CLOCK_OF(OTHER_CASE_ID, "police.445100"),
                  REFERRAL_OF(OTHER_CASE_ID)); /* the same entry: the same key and root */
    offer(w, &s);
    static const uint8_t none[HASH_LEN] = {0};
    assert_memory_equal(world_site(w, "market.445100")->wanted_root, none, HASH_LEN);
    assert_int_equal(world_has(w, "police.445100", "case.referral"), 2);
    end(&s);
}

/* However long it takes: a delivery that is being fetched is no delivery in vain. */
static void a_reader_that_fetches_uses_up_no_attempts(void **state)
{
    struct world *w = *state;
    struct upload s;
    begin(w, &s, 3);
    world_site(w, "police.445100")->silent = true;
    push(w, &s, 0, 3);
    offer(w, &s);
    for (int i = 0; i < 40; i++) {
        want_from(w, "police.445100", s.entry.root, s.id, (uint64_t)i % 2);
        world_pass(w, 20 * 1000);
    }
    assert_int_equal(world_got(w, "police.445100", "case.referral", 0)->seen, 1);
    world_pass(w, 60 * 1000); /* it fetches no more */
    world_pass(w, 60 * 1000);
    assert_int_equal(world_got(w, "police.445100", "case.referral", 0)->seen, 2);
    end(&s);
}

/* Whatever was dropped with a full connection: what the reader says it has is not sent again. */
static void a_reader_whose_connection_was_full_goes_on_from_what_it_has(void **state)
{
    struct world *w = *state;
    struct upload s;
    struct site *police = world_site(w, "police.445100");
    begin(w, &s, 8);
    police->silent = true;
    push(w, &s, 0, 8);
    offer(w, &s);
    want_from(w, "police.445100", s.entry.root, s.id, 0);
    assert_int_equal(police->chunks_seen, 4);
    assert_int_equal(core_peer_full(w->core, police->peer, w->now_ms), OK);
    want_from(w, "police.445100", s.entry.root, s.id, 4);
    world_pass(w, 1000);
    assert_int_equal(police->chunks_seen, 8);
    end(&s);
}

static void chunks_go_when_their_message_has_ended(void **state)
{
    struct world *w = *state;
    struct upload s;
    begin(w, &s, 3);
    world_site(w, "police.445100")->silent = true;
    push(w, &s, 0, 3);
    offer(w, &s);
    world_pass(w, 5000);
    assert_int_equal(have(w, &s), 3); /* police has not said that it has it */
    world_site(w, "police.445100")->silent = false;
    world_settle(w);
    for (int i = 0; i < 5; i++)
        world_pass(w, 2000);
    assert_int_equal(have(w, &s), 0);
    end(&s);
}

static void truncate_chunks(struct world *w, off_t len)
{
    char dir[96], path[400];
    snprintf(dir, sizeof dir, "%s/chunks", w->dir);
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d))
        if (e->d_name[0] != '.') {
            snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
            assert_int_equal(truncate(path, len), 0);
        }
    closedir(d);
}

static void a_damaged_attachment_is_asked_of_its_sender_again(void **state)
{
    struct world *w = *state;
    struct upload s;
    begin(w, &s, 3);
    struct site *police = world_site(w, "police.445100");
    police->silent = true;
    push(w, &s, 0, 3);
    offer(w, &s);
    want_from(w, "police.445100", s.entry.root, s.id, 0);
    assert_int_equal(police->chunks_seen, 3);
    truncate_chunks(w, SLOT_BYTES + 10);
    memset(world_site(w, "market.445100")->wanted_root, 0, HASH_LEN);
    want_from(w, "police.445100", s.entry.root, s.id, 1);
    assert_int_equal(police->chunks_seen, 3);
    assert_memory_equal(world_site(w, "market.445100")->wanted_root, s.entry.root, HASH_LEN);
    assert_int_equal(world_site(w, "market.445100")->wanted_first, 1);
    push(w, &s, 1, 3);
    want_from(w, "police.445100", s.entry.root, s.id, 1);
    assert_int_equal(police->chunks_seen, 5);
    end(&s);
}

/* Bytes that changed on disk reach nobody a second time. */
static void a_chunk_that_rotted_is_noticed_when_it_is_asked_for_again(void **state)
{
    struct world *w = *state;
    struct upload s;
    char dir[96], path[400] = "";
    begin(w, &s, 2);
    struct site *police = world_site(w, "police.445100");
    police->silent = true;
    push(w, &s, 0, 2);
    offer(w, &s);
    snprintf(dir, sizeof dir, "%s/chunks", w->dir);
    DIR *d = opendir(dir);
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d))
        if (e->d_name[0] != '.')
            snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
    closedir(d);
    FILE *file = fopen(path, "r+");
    assert_true(file != NULL && fseek(file, 5000, SEEK_SET) == 0 && fputs("rot", file) >= 0);
    fclose(file);
    want_from(w, "police.445100", s.entry.root, s.id, 0);
    assert_int_equal(police->chunks_seen, 2); /* the reader drops the first and asks again */
    want_from(w, "police.445100", s.entry.root, s.id, 0);
    assert_int_equal(police->chunks_seen, 2);
    assert_int_equal(have(w, &s), 0);
    assert_int_equal(world_site(w, "market.445100")->wanted_first, 0);
    end(&s);
}

static void a_low_disk_takes_no_chunks(void **state)
{
    struct world *w = *state;
    struct upload s;
    begin(w, &s, 4);
    push(w, &s, 0, 1);
    assert_int_equal(core_disk(w->core, 1 << 20, (uint64_t)1 << 40), OK);
    push(w, &s, 1, 2);
    assert_int_equal(world_site(w, "market.445100")->last_busy_code, ERR_DISK_FULL);
    assert_int_equal(have(w, &s), 1);
    assert_int_equal(core_disk(w->core, (uint64_t)1 << 39, (uint64_t)1 << 40), OK);
    world_pass(w, 5000);
    offer(w, &s);
    assert_int_equal(world_site(w, "market.445100")->wanted_first, 1);
    push(w, &s, 1, 4);
    assert_arrives(w, &s);
    end(&s);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_envelope_is_accepted_only_when_its_attachment_is_all_there),
        CASE(chunks_are_served_to_their_readers_and_to_nobody_else),
        CASE(the_next_range_is_asked_for_before_the_last_one_is_in),
        CASE(a_chunk_that_was_lost_is_asked_for_again),
        CASE(an_upload_goes_on_after_a_restart_where_it_was),
        CASE(another_file_of_the_same_sender_is_busy_meanwhile),
        CASE(the_same_file_for_the_same_readers_is_not_asked_for_twice),
        CASE(a_reader_that_fetches_uses_up_no_attempts),
        CASE(a_reader_whose_connection_was_full_goes_on_from_what_it_has),
        CASE(chunks_go_when_their_message_has_ended),
        CASE(a_damaged_attachment_is_asked_of_its_sender_again),
        CASE(a_chunk_that_rotted_is_noticed_when_it_is_asked_for_again),
        CASE(a_low_disk_takes_no_chunks),
    };
    return cmocka_run_group_tests_name("attachments", tests, NULL, NULL);
}
