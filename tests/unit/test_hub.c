/*
 * Checks net/hub.h and net/loop.h with the real processes on loopback: who is heard, what a
 * reload changes on a session that is open, and which pasts a hub does not start from. Every wait
 * is a poll with an end.
 */
#include "base/clock.h"
#include "cli/cli.h"
#include "cli/pubfile.h"
#include "frame.h"
#include "keys/keyfile.h"
#include "net/endpoint.h"
#include "net/local.h"

#include "folder.h"
#include "t.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

enum { WAIT_MS = 20000, SILENCE_MS = 500, ARGV_MAX = 32, TEXT_MAX = 16 << 10 };

struct daemon {
    pid_t pid;
    int log; /* its standard error */
};

struct fixture {
    char dir[FOLDER_MAX];
    char before[512];
    char out[TEXT_MAX];
    char err[TEXT_MAX];
    struct daemon signer;
    struct daemon hub;
    struct net_context *ctx;
    char address[64];
};

static uint64_t now_ms(void)
{
    return clock_real_ms();
}

static int cli(struct fixture *f, const char *line)
{
    static char words[4096];
    const char *argv[ARGV_MAX] = {"lianshu"};
    int argc = 1;
    char *rest = words;
    snprintf(words, sizeof words, "%s", line);
    for (char *word; (word = strsep(&rest, " ")) != NULL && argc < ARGV_MAX;)
        argv[argc++] = word;
    memset(f->out, 0, sizeof f->out);
    memset(f->err, 0, sizeof f->err);
    const struct cli_world world = {-1, fmemopen(f->out, sizeof f->out - 1, "w"),
                                    fmemopen(f->err, sizeof f->err - 1, "w"), now_ms,
                                    KEYFILE_MEMORY_MIN};
    int code = cli_run(argc, argv, &world);
    fclose(world.out);
    fclose(world.err);
    return code;
}

static void must(struct fixture *f, const char *line)
{
    if (cli(f, line) != CLI_DONE)
        fail_msg("%s: %s", line, f->err);
}

static void write_text(const char *path, const char *text)
{
    FILE *to = fopen(path, "w");
    assert_non_null(to);
    assert_true(fputs(text, to) >= 0);
    assert_int_equal(fclose(to), 0);
}

/* ---- processes ---- */

static void spawn(struct daemon *d, const char *program, const char *config, const char *option)
{
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    d->pid = fork();
    assert_true(d->pid >= 0);
    if (d->pid == 0) {
        dup2(pipes[1], STDERR_FILENO);
        close(pipes[0]);
        close(pipes[1]);
        execl(program, program, "--config", config, option, (char *)NULL);
        _exit(127);
    }
    close(pipes[1]);
    d->log = pipes[0];
}

/* Read its log until a line holds `word`; false when it ends first. The last text is in f->err. */
static bool await_line(struct fixture *f, struct daemon *d, const char *word)
{
    size_t len = 0;
    uint64_t end = local_monotonic_ms() + WAIT_MS;
    memset(f->err, 0, sizeof f->err);
    while (local_monotonic_ms() < end && len + 1 < sizeof f->err) {
        struct pollfd item = {.fd = d->log, .events = POLLIN};
        if (poll(&item, 1, 100) <= 0)
            continue;
        ssize_t got = read(d->log, f->err + len, sizeof f->err - 1 - len);
        if (got <= 0)
            return false;
        len += (size_t)got;
        if (strstr(f->err, word) != NULL)
            return true;
    }
    return false;
}

static int end(struct daemon *d, int number)
{
    int status = -1;
    if (d->pid <= 0)
        return -1;
    if (number != 0)
        kill(d->pid, number);
    waitpid(d->pid, &status, 0);
    close(d->log);
    *d = (struct daemon){0};
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void start_signer(struct fixture *f)
{
    spawn(&f->signer, SIGNER_PROGRAM, "signer.yaml", NULL);
    assert_true(await_line(f, &f->signer, "event=ready"));
}

static void start_hub(struct fixture *f)
{
    spawn(&f->hub, HUB_PROGRAM, "hub.yaml", NULL);
    if (!await_line(f, &f->hub, "event=ready"))
        fail_msg("the hub did not start: %s", f->err);
}

/* The hub ends by itself, with this code in its last line. */
static void expect_refusal(struct fixture *f, const char *option, const char *code, int exit_code)
{
    spawn(&f->hub, HUB_PROGRAM, "hub.yaml", option);
    assert_false(await_line(f, &f->hub, "event=ready"));
    print_message("%s", f->err);
    assert_non_null(strstr(f->err, code));
    assert_int_equal(end(&f->hub, 0), exit_code);
}

/* ---- what they start from ---- */

#define MEMBER_HUB                                                                                 \
    "  - {member: hub.445100, name_zh: 枢纽, name_en: Hub, keys: [hub.key.pub, signer.key.pub]}\n"
#define MEMBER_MARKET                                                                              \
    "  - {member: market.445100, name_zh: 市场, name_en: Market, keys: [market.key.pub]}\n"
#define BUILD                                                                                      \
    "registry build --realm demo --root root.key --registrar reg.key --passphrase-file p "         \
    "--members members.yaml --anchor-out anchor.yaml --out registry.lsg --replace --version "

static unsigned free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static void write_configuration(struct fixture *f)
{
    char text[2048];
    snprintf(f->address, sizeof f->address, "tcp://127.0.0.1:%u", free_port());
    snprintf(text, sizeof text,
             "realm: demo\nmember: hub.445100\nbind: %s\nstate_dir: state\nkey_file: hub.key\n"
             "passphrase_file: p\nanchor: anchor.yaml\nregistry: registry.lsg\n"
             "rules: %s/hub/policy/rules\nregions: %s/schemas/data/regions.csv\n"
             "calendar: calendar.csv\nsigner_socket: signer\n"
             "control_socket: control\nlog_level: info\nlimits:\n  rule_signatures: 0\n",
             f->address, f->before, f->before);
    write_text("hub.yaml", text);
    write_text("calendar.csv", "date,kind,name\n2020-01-01,holiday,元旦\n");
    write_text("signer.yaml", "realm: demo\nmember: hub.445100\nkey_file: signer.key\n"
                              "passphrase_file: p\nstate_file: signer.state\nsocket: signer\n");
    write_text("members.yaml", "members:\n" MEMBER_HUB MEMBER_MARKET);
}

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){.ctx = NULL};
    folder_make(f.dir, "hub");
    if (getcwd(f.before, sizeof f.before) == NULL || chdir(f.dir) != 0)
        return -1;
    must(&f, "key passphrase p");
    must(&f, "key generate --member root.000000 --use root --out root.key --passphrase-file p");
    must(
        &f,
        "key generate --member registrar.445100 --use registrar --out reg.key --passphrase-file p");
    must(&f, "key generate --member hub.445100 --use hub --out hub.key --passphrase-file p");
    must(&f, "key generate --member hub.445100 --use signer --out signer.key --passphrase-file p");
    must(&f,
         "key generate --member market.445100 --use adapter --out market.key --passphrase-file p");
    write_configuration(&f);
    must(&f, BUILD "1");
    spawn(&f.signer, SIGNER_PROGRAM, "signer.yaml", "--init");
    assert_int_equal(end(&f.signer, 0), 0);
    start_signer(&f);
    assert_int_equal(net_context_open(&f.ctx, NULL), OK);
    *state = &f;
    return 0;
}

static int run_program(const char *a, const char *b, const char *c, const char *d)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        execlp(a, a, b, c, d, (char *)NULL);
        _exit(1);
    }
    waitpid(child, &status, 0);
    return status;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    end(&f->hub, SIGKILL);
    end(&f->signer, SIGKILL);
    net_context_close(&f->ctx);
    folder_remove(f->dir);
    return chdir(f->before);
}

/* ---- an adapter ---- */

static void connect_market(struct fixture *f, struct endpoint **client)
{
    struct passphrase *passphrase;
    struct keyring *ring;
    struct pubfile hub;
    const struct key *key;
    const uint8_t *server = NULL;
    assert_int_equal(pubfile_read(&hub, "hub.key.pub", NULL), OK);
    for (size_t i = 0; i < hub.key_count; i++) {
        if (hub.key[i].use == KEY_USE_TRANSPORT)
            server = hub.key[i].public_key;
    }
    assert_int_equal(passphrase_read(&passphrase, "p", NULL), OK);
    assert_int_equal(keyfile_read(&ring, "market.key", passphrase, NULL), OK);
    key = keyring_find(ring, KEY_USE_TRANSPORT);
    const struct endpoint_keys keys = {key_secret(key), key_public(key), server};
    assert_int_equal(endpoint_connect(client, f->ctx, f->address, &keys, NULL), OK);
    keyring_close(&ring);
    passphrase_close(&passphrase);
}

static bool send_hello(struct endpoint *client, uint64_t wait_ms)
{
    uint8_t bytes[1024];
    struct writer w = writer_of(bytes, sizeof bytes);
    lianshu_Control control = {.kind = lianshu_ControlKind_CONTROL_HELLO,
                               .which_body = lianshu_Control_hello_tag};
    snprintf(control.body.hello.member, sizeof control.body.hello.member, "market.445100");
    snprintf(control.body.hello.realm, sizeof control.body.hello.realm, "demo");
    control.body.hello.registry_version = 1;
    control.body.hello.credit_messages = 8;
    control.body.hello.credit_bytes = 1 << 20;
    assert_int_equal(frame_put_control(&w, &control), OK);
    uint64_t deadline = local_monotonic_ms() + wait_ms;
    while (local_monotonic_ms() < deadline) {
        if (endpoint_send(client, NULL, writer_span(&w)) == OK)
            return true;
        zmq_pollitem_t item = {endpoint_zmq(client), 0, ZMQ_POLLOUT, 0};
        assert_true(zmq_poll(&item, 1, 20) >= 0);
    }
    return false;
}

/* OK: a welcome came. */
static enum err await_welcome(struct endpoint *client, uint64_t wait_ms)
{
    struct endpoint_in in;
    lianshu_Control control;
    uint64_t deadline = local_monotonic_ms() + wait_ms;
    while (local_monotonic_ms() < deadline) {
        zmq_pollitem_t item = {endpoint_zmq(client), 0, ZMQ_POLLIN, 0};
        assert_true(zmq_poll(&item, 1, 50) >= 0);
        if (endpoint_recv(client, &in) == OK && frame_read_control(in.frame, &control) == OK &&
            control.kind == lianshu_ControlKind_CONTROL_WELCOME)
            return OK;
    }
    return ERR_TIMEOUT;
}

static void a_registered_adapter_is_welcomed_and_an_orderly_stop_ends_with_0(void **state)
{
    struct fixture *f = *state;
    struct endpoint *client;
    start_hub(f);
    connect_market(f, &client);
    assert_true(send_hello(client, WAIT_MS));
    assert_int_equal(await_welcome(client, WAIT_MS), OK);
    must(f, "status --config hub.yaml --json");
    assert_non_null(strstr(f->out, "\"member\":\"market.445100\",\"connected\":1"));
    endpoint_close(&client);
    assert_int_equal(end(&f->hub, SIGTERM), 0);
    assert_int_equal(end(&f->signer, SIGTERM), 0);
}

/* T-05, S17: libzmq keeps the session; the registry is asked for every message. */
static void a_key_that_leaves_the_registry_is_no_longer_heard_on_an_open_session(void **state)
{
    struct fixture *f = *state;
    struct endpoint *client;
    struct endpoint *again;
    start_hub(f);
    connect_market(f, &client);
    assert_true(send_hello(client, WAIT_MS));
    assert_int_equal(await_welcome(client, WAIT_MS), OK);

    write_text("members.yaml", "members:\n" MEMBER_HUB);
    must(f, BUILD "2");
    must(f, "hub reload --config hub.yaml");
    assert_true(await_line(f, &f->hub, "event=registry_loaded"));
    assert_true(send_hello(client, WAIT_MS)); /* the session is still there */
    assert_int_equal(await_welcome(client, SILENCE_MS), ERR_TIMEOUT);
    connect_market(f, &again); /* and a new one is not made */
    assert_false(send_hello(again, SILENCE_MS));
    endpoint_close(&again);
    endpoint_close(&client);
}

/* At the start it has the calendar of 2020 alone; another year comes as another file. */
static void a_reload_takes_a_calendar_that_goes_on(void **state)
{
    struct fixture *f = *state;
    char text[128];
    start_hub(f);
    snprintf(text, sizeof text, "date,kind,name\n%u-01-01,holiday,a\n",
             date_from_ms(clock_real_ms()) / 10000);
    write_text("calendar.new", text);
    assert_int_equal(rename("calendar.new", "calendar.csv"), 0);
    must(f, "hub reload --config hub.yaml");
    assert_true(await_line(f, &f->hub, "event=rules_loaded"));
    must(f, "status --config hub.yaml --json");
    assert_null(strstr(f->out, "\"calendar_until\":null"));
}

static void a_reload_of_a_bad_registry_keeps_the_old_one(void **state)
{
    struct fixture *f = *state;
    struct endpoint *client;
    start_hub(f);
    write_text("registry.lsg", "LSG1 nonsense");
    must(f, "hub reload --config hub.yaml");
    assert_true(await_line(f, &f->hub, "event=reload_refused"));
    connect_market(f, &client);
    assert_true(send_hello(client, WAIT_MS));
    assert_int_equal(await_welcome(client, WAIT_MS), OK);
    endpoint_close(&client);
}

static void killed_at_any_time_it_starts_again(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 3; i++) {
        start_hub(f);
        end(&f->hub, SIGKILL);
        if (i == 1) {
            end(&f->signer, SIGKILL);
            start_signer(f);
        }
    }
    start_hub(f);
    must(f, "log checkpoint --config hub.yaml --json");
    assert_non_null(strstr(f->out, "hub.445100.demo/audit/1"));
}

static void an_older_registry_is_refused(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(rename("registry.lsg", "old.lsg"), 0);
    must(f, BUILD "2");
    start_hub(f);
    assert_int_equal(end(&f->hub, SIGTERM), 0);
    assert_int_equal(rename("old.lsg", "registry.lsg"), 0);
    expect_refusal(f, NULL, "E433 ", 1);
}

/* L-05, L8 */
static void a_restored_copy_of_the_database_is_refused(void **state)
{
    struct fixture *f = *state;
    start_hub(f);
    assert_int_equal(end(&f->hub, SIGTERM), 0);
    assert_int_equal(run_program("cp", "-a", "state", "yesterday"), 0);
    start_hub(f);
    assert_int_equal(end(&f->hub, SIGTERM), 0);
    run_program("rm", "-rf", "state", NULL);
    assert_int_equal(rename("yesterday", "state"), 0);
    expect_refusal(f, NULL, "E804 ", 1);
}

static void another_log_of_the_same_length_is_refused(void **state)
{
    struct fixture *f = *state;
    start_hub(f);
    assert_int_equal(end(&f->hub, SIGTERM), 0);
    end(&f->signer, SIGTERM);
    /* A second world: an empty log, grown by its own start. */
    assert_int_equal(rename("state", "first"), 0);
    assert_int_equal(rename("signer.state", "first.state"), 0);
    spawn(&f->signer, SIGNER_PROGRAM, "signer.yaml", "--init");
    assert_int_equal(end(&f->signer, 0), 0);
    start_signer(f);
    start_hub(f);
    assert_int_equal(end(&f->hub, SIGTERM), 0);
    end(&f->signer, SIGTERM);
    /* Its database under the first signer. */
    assert_int_equal(rename("first.state", "signer.state"), 0);
    start_signer(f);
    expect_refusal(f, NULL, "E803 ", 1);
}

static void what_is_wrong_on_this_machine_is_named(void **state)
{
    struct fixture *f = *state;
    start_hub(f);
    struct daemon running = f->hub;
    expect_refusal(f, NULL, "E021 ", 1); /* the database is held */
    f->hub = running;
    assert_int_equal(end(&f->hub, SIGTERM), 0);

    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    address.sin_port = htons((uint16_t)strtoul(strrchr(f->address, ':') + 1, NULL, 10));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int yes = 1;
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 1), 0);
    expect_refusal(f, NULL, "E020 ", 1);
    close(fd);

    assert_int_equal(chmod("state", 0755), 0);
    expect_refusal(f, NULL, "E003 ", 1);
    assert_int_equal(chmod("state", 0700), 0);
    assert_int_equal(chmod("hub.key", 0644), 0);
    expect_refusal(f, "-n", "E003 ", 1);
    assert_int_equal(chmod("hub.key", 0600), 0);
    write_text("q", "another passphrase\n");
    assert_int_equal(chmod("q", 0600), 0);
    assert_int_equal(rename("q", "p"), 0);
    expect_refusal(f, "-n", "E028 ", 1);
    expect_refusal(f, "--frobnicate", "E001 ", 2);
}

static void a_check_says_whether_it_would_start_and_changes_nothing(void **state)
{
    struct fixture *f = *state;
    spawn(&f->hub, HUB_PROGRAM, "hub.yaml", "-n");
    assert_false(await_line(f, &f->hub, "event=ready"));
    assert_int_equal(end(&f->hub, 0), 0);
    assert_int_not_equal(access("state", F_OK), 0);
    assert_int_not_equal(access("control", F_OK), 0);

    /* A hub that the registry does not know with these keys. */
    assert_int_equal(unlink("hub.key.pub"), 0);
    assert_int_equal(unlink("hub.key"), 0);
    must(f, "key generate --member hub.445100 --use hub --out hub.key --passphrase-file p");
    expect_refusal(f, "-n", "E304 ", 1);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_registered_adapter_is_welcomed_and_an_orderly_stop_ends_with_0),
        CASE(a_key_that_leaves_the_registry_is_no_longer_heard_on_an_open_session),
        CASE(a_reload_takes_a_calendar_that_goes_on),
        CASE(a_reload_of_a_bad_registry_keeps_the_old_one),
        CASE(killed_at_any_time_it_starts_again),
        CASE(an_older_registry_is_refused),
        CASE(a_restored_copy_of_the_database_is_refused),
        CASE(another_log_of_the_same_length_is_refused),
        CASE(what_is_wrong_on_this_machine_is_named),
        CASE(a_check_says_whether_it_would_start_and_changes_nothing),
    };
    return cmocka_run_group_tests_name("hub", tests, NULL, NULL);
}
