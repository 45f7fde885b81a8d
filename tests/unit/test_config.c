/*
 * Checks net/config.h, signer/config.h, net/place.h and net/process.h: what a configuration may
 * say, and that every refusal names the line.
 */
#include "net/config.h"
#include "net/process.h"
#include "signer/config.h"

#include "folder.h"
#include "t.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const HUB_LINES[] = {
    "realm: demo",
    "member: hub.445100",
    "bind: tcp://127.0.0.1:45100",
    "state_dir: state",
    "key_file: hub.key",
    "passphrase_file: hub.pass",
    "anchor: anchor.yaml",
    "registry: registry.lsg",
    "rules: /etc/lianshu/rules",
    "regions: regions.csv",
    "calendar: calendar.csv",
    "signer_socket: run/signer",
    "control_socket: run/control",
};

static const char *const SIGNER_LINES[] = {
    "realm: demo",
    "member: hub.445100",
    "key_file: signer.key",
    "passphrase_file: signer.pass",
    "state_file: signer.state",
    "socket: run/signer",
};

struct fixture {
    char dir[FOLDER_MAX];
    char path[FOLDER_PATH_MAX];
};

static int setup(void **state)
{
    static struct fixture f;
    folder_make(f.dir, "config");
    snprintf(f.path, sizeof f.path, "%s/file.yaml", f.dir);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    folder_remove(f->dir);
    return 0;
}

/* The lines, line `at` (from 1) replaced by `text` (NULL: left out); beyond the end: added. */
static void write_file(const struct fixture *f, const char *const *lines, size_t count, size_t at,
                       const char *text)
{
    FILE *to = fopen(f->path, "w");
    assert_non_null(to);
    for (size_t i = 1; i <= count; i++) {
        const char *line = i == at ? text : lines[i - 1];
        if (line != NULL)
            fprintf(to, "%s\n", line);
    }
    if (at > count && text != NULL)
        fprintf(to, "%s\n", text);
    assert_int_equal(fclose(to), 0);
}

static void a_whole_hub_file_is_read_with_paths_beside_it(void **state)
{
    struct fixture *f = *state;
    struct hub_config config;
    char want[FOLDER_PATH_MAX + 16];
    write_file(f, HUB_LINES, T_COUNT(HUB_LINES), 0, NULL);
    assert_int_equal(hub_config_read(&config, f->path, NULL), OK);
    assert_string_equal(config.realm, "demo");
    assert_string_equal(config.member, "hub.445100");
    assert_string_equal(config.bind, "tcp://127.0.0.1:45100");
    assert_string_equal(config.rules, "/etc/lianshu/rules");
    snprintf(want, sizeof want, "%s/run/control", f->dir);
    assert_string_equal(config.control_socket, want);
    snprintf(want, sizeof want, "%s/state", f->dir);
    assert_string_equal(config.state_dir, want);
    assert_int_equal(config.log_level, LOG_LEVEL_INFO);
    assert_int_equal(config.lease_ms, 0);
}

static void limits_and_log_level_are_optional(void **state)
{
    struct fixture *f = *state;
    struct hub_config config;
    write_file(f, HUB_LINES, T_COUNT(HUB_LINES), 99,
               "log_level: warn\nlimits:\n  lease_ms: 5000\n  rate_per_s: 10\n  backlog_mib: 7");
    assert_int_equal(hub_config_read(&config, f->path, NULL), OK);
    assert_int_equal(config.log_level, LOG_LEVEL_WARN);
    assert_int_equal(config.lease_ms, 5000);
    assert_int_equal(config.backoff_ms, 0);
    assert_int_equal(config.rate_per_s, 10);
    assert_int_equal(config.backlog_mib, 7);
    assert_int_equal(config.attempts, 0);
    assert_int_equal(config.disk_reserve_mib, HUB_RESERVE_MIB);
}

static void no_reserve_is_a_choice_that_must_be_written(void **state)
{
    struct fixture *f = *state;
    struct hub_config config;
    write_file(f, HUB_LINES, T_COUNT(HUB_LINES), 99, "limits:\n  disk_reserve_mib: 0");
    assert_int_equal(hub_config_read(&config, f->path, NULL), OK);
    assert_int_equal(config.disk_reserve_mib, 0);
    write_file(f, HUB_LINES, T_COUNT(HUB_LINES), 99, "log_level: warn");
    assert_int_equal(hub_config_read(&config, f->path, NULL), OK);
    assert_int_equal(config.disk_reserve_mib, HUB_RESERVE_MIB);
}

static void a_hub_is_linked_with_those_it_names_and_with_nobody_else(void **state)
{
    struct fixture *f = *state;
    static struct hub_config config;
    write_file(f, HUB_LINES, T_COUNT(HUB_LINES), 99, NULL);
    assert_int_equal(hub_config_read(&config, f->path, NULL), OK);
    assert_int_equal(config.federation.count, 0);
    write_file(
        f, HUB_LINES, T_COUNT(HUB_LINES), 99,
        "federation:\n"
        "  superior: {hub: hub.440000, address: \"tcp://10.44.0.1:7445\"}\n"
        "  subordinates: [hub.445102, hub.445103]\n"
        "  peers: [{hub: hub.350000, address: \"tcp://10.35.0.1:7445\"}, {hub: hub.360000}]\n"
        "  groups: groups.csv\n"
        "  quota_per_s: 500");
    assert_int_equal(hub_config_read(&config, f->path, NULL), OK);
    static const struct {
        const char *member;
        const char *address;
        enum link_kind kind;
    } want[] = {
        {"hub.440000", "tcp://10.44.0.1:7445", LINK_SUPERIOR},
        {"hub.445102", "", LINK_SUBORDINATE},
        {"hub.445103", "", LINK_SUBORDINATE},
        {"hub.350000", "tcp://10.35.0.1:7445", LINK_PEER},
        {"hub.360000", "", LINK_PEER},
    };
    assert_int_equal(config.federation.count, T_COUNT(want));
    for (size_t i = 0; i < T_COUNT(want); i++) {
        assert_string_equal(config.federation.link[i].member, want[i].member);
        assert_string_equal(config.federation.link[i].address, want[i].address);
        assert_int_equal(config.federation.link[i].kind, want[i].kind);
    }
    assert_int_equal(config.federation.quota_per_s, 500);
}

static void other_links_are_told_with_their_line_and_another_quota_is_taken(void **state)
{
#define ABOVE "  superior: {hub: hub.440000, address: \"tcp://10.44.0.1:7445\"}\n"
    static const struct {
        const char *text;
        const char *told; /* NULL: it may be taken */
    } rows[] = {
        {"  subordinates: [hub.445103, hub.445102]\n" ABOVE, NULL},
        {ABOVE "  subordinates: [hub.445102, hub.445103]\n  quota_per_s: 5\n", NULL},
        {"  subordinates: [hub.445102]\n" ABOVE, "hub.445103"},
        {"  subordinates: [hub.445102, hub.445104]\n" ABOVE, "hub.445104"},
        {"  subordinates: [hub.445102, hub.445103]\n"
         "  superior: {hub: hub.440000, address: \"tcp://10.44.0.1:7446\"}\n",
         "hub.440000"},
        {ABOVE "  subordinates: [hub.445102, hub.445103]\n  groups: g.csv\n", "groups"},
        {"  subordinates: [hub.445102, hub.445103, hub.440000]\n", "hub.440000"},
    };
#undef ABOVE
    struct fixture *f = *state;
    static struct hub_config in_use;
    static struct hub_config now;
    write_file(f, HUB_LINES, T_COUNT(HUB_LINES), 99,
               "federation:\n"
               "  superior: {hub: hub.440000, address: \"tcp://10.44.0.1:7445\"}\n"
               "  subordinates: [hub.445102, hub.445103]\n");
    assert_int_equal(hub_config_read(&in_use, f->path, NULL), OK);
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        char text[512];
        struct fault fault = {.err = OK};
        snprintf(text, sizeof text, "federation:\n%s", rows[i].text);
        write_file(f, HUB_LINES, T_COUNT(HUB_LINES), 99, text);
        assert_int_equal(hub_config_read(&now, f->path, NULL), OK);
        print_message("%s", rows[i].text);
        assert_int_equal(federation_take(&in_use.federation, &now.federation, f->path, &fault),
                         rows[i].told == NULL ? OK : ERR_LINKS_AT_START);
        assert_int_equal(fault.err, rows[i].told == NULL ? OK : ERR_LINKS_AT_START);
        if (rows[i].told != NULL)
            assert_non_null(strstr(fault.detail, rows[i].told));
    }
}

/* One line that a hub file may not have. */
struct wrong_line {
    const char *text;
    size_t at; /* where it stands, and the line that the fault must name */
    unsigned line;
    enum err err;
};

static void refuse_hub_line(const struct fixture *f, const struct wrong_line *row)
{
    static struct hub_config config;
    struct fault fault = {.err = OK};
    print_message("%s\n", row->text);
    write_file(f, HUB_LINES, T_COUNT(HUB_LINES), row->at, row->text);
    enum err err = hub_config_read(&config, f->path, &fault);
    print_message("    line %u: %s\n", fault.line, fault.detail);
    assert_int_equal(err, row->err);
    assert_int_equal(fault.err, row->err);
    assert_int_equal(fault.line, row->line);
    assert_string_equal(fault.where, f->path);
}

static void every_wrong_line_of_a_hub_file_is_named(void **state)
{
    struct fixture *f = *state;
    static const struct wrong_line rows[] = {
        {"realm: Demo!", 1, 1, ERR_FIELD_VALUE},
        {"realm: a-name-that-is-too-long", 1, 1, ERR_FIELD_LONG},
        {"member: market.445100", 2, 2, ERR_FIELD_VALUE},
        {"member: hub", 2, 2, ERR_FIELD_VALUE},
        {"bind: 127.0.0.1:45100", 3, 3, ERR_FIELD_VALUE},
        {"bind: ipc:///run/hub", 3, 3, ERR_FIELD_VALUE},
        {"bind: [tcp://127.0.0.1:1]", 3, 3, ERR_FIELD_VALUE},
        {"state_dir: \"\"", 4, 4, ERR_FIELD_VALUE},
        {"key_file:", 5, 5, ERR_FIELD_VALUE},
        {"control_socket: /a/path/that/is/longer/than/any/socket/of/this/system/may/be/and/goes/on/"
         "and/on/until/there/is/no/room/left/at/all/for/it",
         13, 13, ERR_FIELD_LONG},
        {"colour: blue", 14, 14, ERR_FIELD_UNKNOWN},
        {"realm: demo", 14, 14, ERR_SYNTAX}, /* twice */
        {"log_level: loud", 14, 14, ERR_FIELD_VALUE},
        {"limits: 5", 14, 14, ERR_FIELD_VALUE},
        {"limits:\n  lease_s: 5", 14, 15, ERR_FIELD_UNKNOWN},
        {"limits:\n  lease_ms: soon", 14, 15, ERR_FIELD_VALUE},
        {"limits:\n  lease_ms: -1", 14, 15, ERR_FIELD_VALUE},
        {"limits:\n  rate_per_s: 0", 14, 15, ERR_FIELD_VALUE},
        {"limits:\n  attempts: 0", 14, 15, ERR_FIELD_VALUE},
        {"limits:\n  sender_mib: 99999999", 14, 15, ERR_FIELD_VALUE},
        {"limits:\n  disk_reserve_mib: 65537", 14, 15, ERR_FIELD_VALUE},
        {"limits:\n  rate_per_s: 99999999999", 14, 15, ERR_FIELD_VALUE},
        {"witness: 2", 14, 14, ERR_FIELD_VALUE},
        {"witness: {count: 2}", 14, 14, ERR_FIELD_UNKNOWN},
        {"witness: {needed: 8}", 14, 14, ERR_FIELD_VALUE},
        {"witness: {needed: two}", 14, 14, ERR_FIELD_VALUE},
        {"witness: {every_s: 30, within_s: 20}", 14, 14, ERR_FIELD_VALUE},
        {"auditors: audit", 14, 14, ERR_FIELD_VALUE},
        {"auditors: {}", 14, 14, ERR_FIELD_MISSING},
        {"auditors: {user: [audit]}", 14, 14, ERR_FIELD_UNKNOWN},
        {"auditors: {users: audit}", 14, 14, ERR_FIELD_VALUE},
        {"auditors: {users: [a, b, c, d, e, f, g, h, i]}", 14, 14, ERR_FIELD_VALUE},
        {"auditors: {group: a-name-that-is-longer-than-any-user-of-any-system}", 14, 14,
         ERR_FIELD_LONG},
        {"x: &a 1", 14, 14, ERR_SYNTAX},
        {"\tx: 1", 14, 14, ERR_SYNTAX},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++)
        refuse_hub_line(f, &rows[i]);
}

static void auditors_are_users_and_a_group_that_the_system_knows(void **state)
{
    struct fixture *f = *state;
    static struct hub_config config;
    struct local_readers readers;
    static const struct {
        const char *line;
        enum err err;
        size_t users;
        bool group;
    } rows[] = {
        {NULL, OK, 0, false},
        {"auditors: {users: [root, 4711]}", OK, 2, false},
        {"auditors: {group: root}", OK, 0, true},
        {"auditors: {users: [4711], group: 4712}", OK, 1, true},
        {"auditors: {users: [no-such-user-here]}", ERR_FIELD_VALUE, 0, false},
        {"auditors: {users: [\"-1\"]}", ERR_FIELD_VALUE, 0, false},
        {"auditors: {group: no-such-group-here}", ERR_FIELD_VALUE, 0, false},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct fault fault = {.err = OK};
        print_message("row %zu\n", i);
        write_file(f, HUB_LINES, T_COUNT(HUB_LINES), 99, rows[i].line);
        assert_int_equal(hub_config_read(&config, f->path, NULL), OK);
        assert_int_equal(hub_config_auditors(&config, &readers, &fault), rows[i].err);
        if (rows[i].err != OK)
            continue;
        assert_int_equal(readers.user_count, rows[i].users);
        assert_int_equal(readers.has_group, rows[i].group);
        if (rows[i].users > 0)
            assert_int_equal(readers.user[rows[i].users - 1], 4711);
    }
}

static void the_witnesses_of_a_log_are_as_many_as_the_file_says(void **state)
{
    struct fixture *f = *state;
    static struct hub_config config;
    write_file(f, HUB_LINES, T_COUNT(HUB_LINES), 99, NULL);
    assert_int_equal(hub_config_read(&config, f->path, NULL), OK);
    assert_int_equal(config.witness_needed, 0);
    write_file(f, HUB_LINES, T_COUNT(HUB_LINES), 99,
               "witness: {needed: 2, every_s: 10, within_s: 40, start_wait_s: 5}");
    assert_int_equal(hub_config_read(&config, f->path, NULL), OK);
    assert_int_equal(config.witness_needed, 2);
    assert_int_equal(config.witness_every_s, 10);
    assert_int_equal(config.witness_within_s, 40);
    assert_int_equal(config.witness_start_wait_s, 5);
}

static void every_wrong_line_of_a_federation_is_named(void **state)
{
    struct fixture *f = *state;
    static const struct wrong_line rows[] = {
        {"federation: 5", 14, 14, ERR_FIELD_VALUE},
        {"federation:\n  links: []", 14, 15, ERR_FIELD_UNKNOWN},
        {"federation:\n  superior: hub.440000", 14, 15, ERR_FIELD_VALUE},
        {"federation:\n  superior: {hub: hub.440000}", 14, 15, ERR_FIELD_MISSING},
        {"federation:\n  superior: {address: \"tcp://h:1\"}", 14, 15, ERR_FIELD_MISSING},
        {"federation:\n  superior: {hub: market.440000, address: \"tcp://h:1\"}", 14, 15,
         ERR_FIELD_VALUE},
        {"federation:\n  superior: {hub: hub.445100, address: \"tcp://h:1\"}", 14, 15,
         ERR_FIELD_VALUE}, /* itself */
        {"federation:\n  superior: {hub: hub.440000, address: \"h:1\"}", 14, 15, ERR_FIELD_VALUE},
        {"federation:\n  superior: {hub: hub.440000, address: \"tcp://h\"}", 14, 15,
         ERR_FIELD_VALUE},
        {"federation:\n  superior: {hub: hub.440000, port: 1}", 14, 15, ERR_FIELD_UNKNOWN},
        {"federation:\n  subordinates: hub.445102", 14, 15, ERR_FIELD_VALUE},
        {"federation:\n  subordinates:\n    - hub.445102\n    - 5", 14, 17, ERR_FIELD_VALUE},
        {"federation:\n  subordinates:\n    - hub.445102\n    - hub.445102", 14, 17,
         ERR_FIELD_VALUE}, /* twice */
        {"federation:\n  peers: [hub.350000]", 14, 15, ERR_FIELD_VALUE},
        {"federation:\n  peers: [{hub: hub.350000, address: 7}]", 14, 15, ERR_FIELD_VALUE},
        {"federation:\n  peers: [{hub: hub.350000}]", 14, 15, ERR_FIELD_MISSING}, /* groups */
        {"federation:\n  quota_per_s: 0", 14, 15, ERR_FIELD_VALUE},
        {"federation:\n  quota_per_s: 1000001", 14, 15, ERR_FIELD_VALUE},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++)
        refuse_hub_line(f, &rows[i]);
}

static void every_missing_line_of_a_hub_file_is_named(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < T_COUNT(HUB_LINES); i++) {
        struct hub_config config;
        struct fault fault = {.err = OK};
        char key[32];
        snprintf(key, sizeof key, "%.*s", (int)strcspn(HUB_LINES[i], ":"), HUB_LINES[i]);
        print_message("without %s\n", key);
        write_file(f, HUB_LINES, T_COUNT(HUB_LINES), i + 1, NULL);
        assert_int_equal(hub_config_read(&config, f->path, &fault), ERR_FIELD_MISSING);
        assert_non_null(strstr(fault.detail, key));
    }
}

static void a_whole_signer_file_is_read(void **state)
{
    struct fixture *f = *state;
    struct signer_config config;
    write_file(f, SIGNER_LINES, T_COUNT(SIGNER_LINES), 0, NULL);
    assert_int_equal(signer_config_read(&config, f->path, NULL), OK);
    assert_string_equal(config.member, "hub.445100");
    assert_string_equal(config.registry, "");
    assert_true(config.client_uid == LOCAL_NO_UID);
    write_file(f, SIGNER_LINES, T_COUNT(SIGNER_LINES), 99,
               "anchor: /a\nregistry: /r\nclient_user: root");
    assert_int_equal(signer_config_read(&config, f->path, NULL), OK);
    assert_string_equal(config.anchor, "/a");
    assert_string_equal(config.registry, "/r");
    assert_int_equal(config.client_uid, 0);
}

static void every_wrong_line_of_a_signer_file_is_named(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *text;
        size_t at;
        enum err err;
    } rows[] = {
        {"realm: \"\"", 1, ERR_FIELD_VALUE},
        {"member: police.445100", 2, ERR_FIELD_VALUE},
        {"state_file: [a, b]", 5, ERR_FIELD_VALUE},
        {"bind: tcp://127.0.0.1:1", 7, ERR_FIELD_UNKNOWN}, /* the signer has no network */
        {"log_number: 2", 7, ERR_FIELD_UNKNOWN},           /* the state says which log it is */
        {"client_user: no-such-user-here", 7, ERR_FIELD_VALUE},
        {"log_level: 3", 7, ERR_FIELD_VALUE},
    };
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct signer_config config;
        struct fault fault = {.err = OK};
        print_message("row %zu: %s\n", i, rows[i].text);
        write_file(f, SIGNER_LINES, T_COUNT(SIGNER_LINES), rows[i].at, rows[i].text);
        assert_int_equal(signer_config_read(&config, f->path, &fault), rows[i].err);
        assert_int_equal(fault.line, rows[i].at);
    }
    for (size_t i = 0; i < T_COUNT(SIGNER_LINES); i++) {
        struct signer_config config;
        write_file(f, SIGNER_LINES, T_COUNT(SIGNER_LINES), i + 1, NULL);
        assert_int_equal(signer_config_read(&config, f->path, NULL), ERR_FIELD_MISSING);
    }
}

static void paths_are_relative_to_their_file(void **state)
{
    static const struct {
        const char *file;
        const char *path;
        const char *want;
    } rows[] = {
        {"/etc/lianshu/hub.yaml", "hub.key", "/etc/lianshu/hub.key"},
        {"/etc/lianshu/hub.yaml", "../x", "/etc/lianshu/../x"},
        {"/etc/lianshu/hub.yaml", "/run/x", "/run/x"},
        {"hub.yaml", "hub.key", "hub.key"},
        {"conf/hub.yaml", "hub.key", "conf/hub.key"},
        {"/hub.yaml", "hub.key", "/hub.key"},
    };
    char out[24];
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        assert_int_equal(place_resolve(rows[i].file, rows[i].path, out, sizeof out), OK);
        assert_string_equal(out, rows[i].want);
    }
    assert_int_equal(place_resolve("/etc/lianshu/hub.yaml", "a-name-too-long", out, sizeof out),
                     ERR_FIELD_LONG);
}

static void a_daemon_takes_its_arguments_and_no_others(void **state)
{
    static const struct {
        const char *argv[5];
        int argc;
        bool with_init;
        enum err err;
    } rows[] = {
        {{"p", "--config", "f"}, 3, false, OK},
        {{"p", "-f", "f", "-n"}, 4, false, OK},
        {{"p", "-f", "f", "--init"}, 4, true, OK},
        {{"p", "-f", "f", "--head"}, 4, true, OK},
        {{"p", "-f", "f", "--restore", "s"}, 5, true, OK},
        {{"p", "-f", "f", "--restore"}, 4, true, ERR_USAGE},
        {{"p", "-f", "f", "--restore", "s"}, 5, false, ERR_USAGE},
        {{"p", "-f", "f", "--head"}, 4, false, ERR_USAGE},
        {{"p", "--help"}, 2, false, OK},
        {{"p", "--version"}, 2, false, OK},
        {{"p", "-f", "f", "--init"}, 4, false, ERR_USAGE},
        {{"p"}, 1, false, ERR_USAGE},
        {{"p", "-n"}, 2, false, ERR_USAGE},
        {{"p", "-f"}, 2, false, ERR_USAGE},
        {{"p", "f"}, 2, false, ERR_USAGE},
        {{"p", "--daemon"}, 2, false, ERR_USAGE},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct process_args args;
        struct fault fault;
        print_message("row %zu\n", i);
        assert_int_equal(process_args(&args, rows[i].argc, rows[i].argv, rows[i].with_init, &fault),
                         rows[i].err);
    }
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_whole_hub_file_is_read_with_paths_beside_it),
        CASE(limits_and_log_level_are_optional),
        CASE(no_reserve_is_a_choice_that_must_be_written),
        CASE(a_hub_is_linked_with_those_it_names_and_with_nobody_else),
        CASE(other_links_are_told_with_their_line_and_another_quota_is_taken),
        CASE(auditors_are_users_and_a_group_that_the_system_knows),
        CASE(the_witnesses_of_a_log_are_as_many_as_the_file_says),
        CASE(every_wrong_line_of_a_hub_file_is_named),
        CASE(every_wrong_line_of_a_federation_is_named),
        CASE(every_missing_line_of_a_hub_file_is_named),
        CASE(a_whole_signer_file_is_read),
        CASE(every_wrong_line_of_a_signer_file_is_named),
        cmocka_unit_test(paths_are_relative_to_their_file),
        cmocka_unit_test(a_daemon_takes_its_arguments_and_no_others),
    };
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
