/* Checks the promises of store/db_slots.h, each by its number. */
#include "store/db_slots.h"

#include "unit/store_place.h"

struct box {
    struct place place;
    char path[FOLDER_PATH_MAX + 16];
    struct db *db;
    struct slots *slots;
    uint8_t *room;
    uint8_t *bytes; /* SLOT_FRAME_MAX + 1 of them */
};

static void open_slots(struct box *b)
{
    assert_int_equal(slots_open(&b->slots, b->db, b->path, true), OK);
}

static int box_setup(void **state)
{
    static const char *const schema[] = {"CREATE TABLE t (a INTEGER) STRICT;"};
    struct box *b = calloc(1, sizeof *b);
    assert_non_null(b);
    folder_make(b->place.dir, "store");
    snprintf(b->place.path, sizeof b->place.path, "%s/t.db", b->place.dir);
    snprintf(b->path, sizeof b->path, "%s/slots", b->place.dir);
    const struct db_options options = {.path = b->place.path,
                                       .application_id = 1,
                                       .migrations = schema,
                                       .migration_count = T_COUNT(schema)};
    assert_int_equal(db_open(&b->db, &options, &b->place.f), OK);
    b->room = malloc(SLOT_BYTES);
    b->bytes = malloc(SLOT_FRAME_MAX + 1);
    assert_true(b->room != NULL && b->bytes != NULL);
    for (size_t i = 0; i <= SLOT_FRAME_MAX; i++)
        b->bytes[i] = (uint8_t)(i * 7 + i / 251);
    *state = b;
    return 0;
}

static int box_teardown(void **state)
{
    struct box *b = *state;
    slots_close(&b->slots);
    db_close(&b->db);
    folder_remove(b->place.dir);
    free(b->room);
    free(b->bytes);
    free(b);
    return 0;
}

static void write_slot(struct box *b, uint64_t slot, size_t len)
{
    assert_int_equal(slots_write(b->slots, slot, span_of(b->bytes + slot, len), b->room), OK);
}

static void assert_slot(struct box *b, uint64_t slot, size_t len)
{
    struct span got;
    assert_int_equal(slots_read(b->slots, slot, b->room, &got), OK);
    assert_int_equal(got.len, len);
    assert_memory_equal(got.data, b->bytes + slot, len);
}

static void assert_no_slot(struct box *b, uint64_t slot)
{
    struct span got;
    assert_int_equal(slots_read(b->slots, slot, b->room, &got), ERR_NOT_FOUND);
    assert_int_equal(got.len, 0);
}

static void what_was_written_is_read_and_its_neighbours_stay(void **state)
{
    struct box *b = *state;
    open_slots(b);
    write_slot(b, 0, 1);
    write_slot(b, 1, SLOT_FRAME_MAX - 1);
    write_slot(b, 2, 100 * 1024);
    write_slot(b, 1, 70 * 1024); /* shorter than what was there */
    assert_int_equal(slots_sync(b->slots), OK);
    slots_close(&b->slots);
    open_slots(b);
    assert_slot(b, 0, 1);
    assert_slot(b, 1, 70 * 1024);
    assert_slot(b, 2, 100 * 1024);
}

static void a_slot_that_nobody_wrote_is_not_found(void **state)
{
    struct box *b = *state;
    uint64_t count;
    open_slots(b);
    assert_no_slot(b, 0);
    assert_int_equal(slots_present(b->slots, &count), OK);
    assert_int_equal(count, 0);
    write_slot(b, 3, 10);
    for (uint64_t slot = 0; slot < 3; slot++)
        assert_no_slot(b, slot); /* a hole before it */
    assert_slot(b, 3, 10);
    assert_no_slot(b, 4);
    assert_int_equal(slots_present(b->slots, &count), OK);
    assert_int_equal(count, 4);
}

static void a_slot_whose_end_is_missing_is_not_found(void **state)
{
    struct box *b = *state;
    uint64_t count;
    open_slots(b);
    write_slot(b, 0, 1000);
    write_slot(b, 1, 1000);
    slots_close(&b->slots);
    assert_int_equal(truncate(b->path, SLOT_BYTES + 1003), 0);
    open_slots(b);
    assert_slot(b, 0, 1000);
    assert_no_slot(b, 1);
    assert_int_equal(slots_present(b->slots, &count), OK);
    assert_int_equal(count, 1);
}

static void cutting_takes_slots_from_the_end_in_steps(void **state)
{
    struct box *b = *state;
    uint64_t left = 99;
    open_slots(b);
    for (uint64_t slot = 0; slot < 5; slot++)
        write_slot(b, slot, 10);
    assert_int_equal(slots_cut(b->slots, 2, &left), OK);
    assert_int_equal(left, 3);
    assert_slot(b, 2, 10);
    assert_no_slot(b, 3);
    assert_int_equal(slots_cut(b->slots, 9, &left), OK);
    assert_int_equal(left, 0);
    assert_no_slot(b, 0);
    assert_int_equal(slots_cut(b->slots, 9, &left), OK); /* of nothing */
    assert_int_equal(left, 0);
}

static void nothing_and_too_much_are_refused(void **state)
{
    struct box *b = *state;
    open_slots(b);
    assert_int_equal(slots_write(b->slots, 0, span_of(b->bytes, 0), b->room), ERR_TOO_LARGE);
    assert_int_equal(slots_write(b->slots, 0, span_of(b->bytes, SLOT_FRAME_MAX + 1), b->room),
                     ERR_TOO_LARGE);
    assert_no_slot(b, 0);
    write_slot(b, 0, SLOT_FRAME_MAX);
    assert_slot(b, 0, SLOT_FRAME_MAX);
}

static void a_file_that_is_not_ours_alone_is_refused(void **state)
{
    struct box *b = *state;
    struct stat st;
    char other[FOLDER_PATH_MAX + 32];
    assert_int_equal(slots_open(&b->slots, b->db, b->path, false), ERR_NOT_FOUND);
    assert_null(b->slots);
    open_slots(b);
    assert_int_equal(stat(b->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    slots_close(&b->slots);
    assert_int_equal(chmod(b->path, 0640), 0);
    assert_int_equal(slots_open(&b->slots, b->db, b->path, true), ERR_PERMISSION);
    assert_int_equal(chmod(b->path, 0600), 0);
    snprintf(other, sizeof other, "%s.other", b->path);
    assert_int_equal(rename(b->path, other), 0);
    assert_int_equal(symlink(other, b->path), 0);
    assert_int_equal(slots_open(&b->slots, b->db, b->path, true), ERR_PERMISSION);
    assert_null(b->slots);
    slots_remove(b->path); /* the link, not what it names */
    slots_remove(b->path); /* missing is fine */
    assert_int_equal(stat(other, &st), 0);
}

#undef CASE
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, box_setup, box_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_was_written_is_read_and_its_neighbours_stay),
        CASE(a_slot_that_nobody_wrote_is_not_found),
        CASE(a_slot_whose_end_is_missing_is_not_found),
        CASE(cutting_takes_slots_from_the_end_in_steps),
        CASE(nothing_and_too_much_are_refused),
        CASE(a_file_that_is_not_ours_alone_is_refused),
    };
    return cmocka_run_group_tests_name("slots", tests, NULL, NULL);
}
