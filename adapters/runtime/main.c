/* lianshu-adapter: the adapter of a department, fed through folders. */
#include "adapters/runtime/adapter.h"
#include "adapters/sdk/sdk_mirror.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/harden.h"
#include "base/log.h"
#include "base/sandbox.h"
#include "keys/keyfile.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXIT_RUN = 1, EXIT_USAGE = 2, WAIT_MS = 500, FAULT_TEXT_MAX = 1024 };

static const char HELP[] =
    "用法 / usage: lianshu-adapter --config FILE [--check | --renew-mirror FILE]\n"
    "\n"
    "  -f, --config FILE  适配器配置 / configuration (adapter.yaml)\n"
    "  -n, --check        只检查配置、密钥、登记册与对照表 / check configuration, keys,\n"
    "                     registry and map, then exit\n"
    "  --renew-mirror FILE\n"
    "                     枢纽由备份恢复后，凭其两名人员签署的声明重建本地镜像；先停适配器\n"
    "                     after the hub was restored from a copy: begin the mirror anew on the\n"
    "                     statement of two of its officials; stop the adapter first\n"
    "  -h, --help         本帮助 / this help\n"
    "  -V, --version      版本 / version\n"
    "\n"
    "SIGTERM 有序停止；退出码：0 正常，1 运行失败，2 用法或配置有误。\n"
    "SIGTERM stops it in good order; exit codes: 0 ok, 1 failed, 2 usage or configuration.\n";

static volatile sig_atomic_t stopping;

static void on_signal(int number)
{
    (void)number;
    stopping = 1;
}

static int complain(const struct fault *f, int status)
{
    char text[FAULT_TEXT_MAX];

    fault_print(f, text, sizeof text);
    (void)fprintf(stderr, "lianshu-adapter: %s\n", text);
    return status;
}

/* What the command line asks for. */
struct order {
    const char *config;
    const char *statement; /* to begin the mirror anew on */
    bool check;
    bool help;
    bool version;
};

enum { FIXED_PLACES = 9, LIBRARIES = 2 };

static enum err confine(const struct config *c, const struct order *order, struct fault *f)
{
    struct sandbox_place places[FIXED_PLACES + LIBRARIES + CONFIG_TOKEN_PATHS_MAX] = {
        {private_file_place(c->sdk.key_file), SANDBOX_READ},
        {private_file_place(c->sdk.passphrase_file), SANDBOX_READ},
        {c->sdk.anchor, SANDBOX_READ},
        {c->sdk.registry, SANDBOX_READ | SANDBOX_BESIDE},
        {c->regions, SANDBOX_READ},
        {c->department, SANDBOX_READ | SANDBOX_BESIDE}, /* its table includes ../shared */
        {c->sdk.state_dir, SANDBOX_WRITE},
        {c->directory, SANDBOX_WRITE},
        {order->statement, SANDBOX_READ},
    };
    size_t count = FIXED_PLACES;
    if (c->token_path_count > 0) { /* its module is loaded from there */
        places[count++] = (struct sandbox_place){"/usr/lib", SANDBOX_READ};
        places[count++] = (struct sandbox_place){"/usr/local/lib", SANDBOX_READ};
    }
    for (size_t i = 0; i < c->token_path_count; i++)
        places[count++] = (struct sandbox_place){c->token_path[i], SANDBOX_WRITE};
    enum err err = OK;

    if (!order->check)
        err = file_private_dir(c->sdk.state_dir, 0700, f);
    if (err == OK && !order->check && mkdir(c->directory, 0777) != 0 && errno != EEXIST)
        err = fault_set(f, file_errno(errno), 0, c->directory, "the folder cannot be made");
    return err != OK ? err : sandbox_enter(SANDBOX_ADAPTER, places, count, f);
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    (void)sigaction(SIGTERM, &action, NULL); /* cannot fail for these numbers */
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGPIPE, &ignore, NULL);
}

static int run(struct adapter *adapter)
{
    enum err err = OK;

    log_info("started", "member=%s", sdk_member(adapter_sdk(adapter)));
    while (!stopping && err == OK)
        err = adapter_turn(adapter, clock_real_ms(), WAIT_MS);
    if (err != OK) {
        struct fault f = {0};
        (void)fault_set(&f, err, 0, "adapter", "the process ends; it continues when started again");
        log_fault("stopped", &f);
        return EXIT_RUN;
    }
    log_info("stopped", "member=%s", sdk_member(adapter_sdk(adapter)));
    return 0;
}

/* The mirror begins anew; until its snapshot has come nothing is known. */
static int renew(struct adapter *adapter, const char *path)
{
    enum { STATEMENT_MAX = 4096 };
    struct fault f = {0};
    struct sdk_renewal renewal;
    uint8_t *data = NULL;
    size_t len;
    char at[CLOCK_TEXT_LEN + 1];

    enum err err = file_read(path, STATEMENT_MAX, 0, &data, &len, &f);
    if (err == OK)
        err = sdk_mirror_renew(adapter_sdk(adapter), span_of(data, len), clock_real_ms(), &renewal,
                               &f);
    free(data);
    if (err != OK)
        return complain(&f, EXIT_USAGE);
    clock_format(renewal.issued_ms, at);
    (void)printf(
        "镜像将重建；在完整快照到达之前回答“不知道”。 / The mirror begins anew; the answer is"
        " \"not known\" until a whole snapshot has come.\n"
        "枢纽日志 / log of the hub: %" PRIu32 ", %" PRIu64 " 条 / entries, %s\n",
        renewal.log_number, renewal.log_size, at);
    return 0;
}

/* What the person who starts it can put right is a configuration error. */
static int status_of(enum err err)
{
    return err_class(err) == ERR_CLASS_REJECT ? EXIT_USAGE : EXIT_RUN;
}

static enum err read_order(int argc, char **argv, struct order *out, struct fault *f)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'f'},
                                            {"check", no_argument, NULL, 'n'},
                                            {"renew-mirror", required_argument, NULL, 'r'},
                                            {"help", no_argument, NULL, 'h'},
                                            {"version", no_argument, NULL, 'V'},
                                            {NULL, 0, NULL, 0}};
    int at = 1; /* the argument that is looked at */

    *out = (struct order){0};
    opterr = 0; /* we say it ourselves, with a code and in both languages */
    for (int c; (c = getopt_long(argc, argv, "+:f:nhV", options, NULL)) != -1; at = optind) {
        if (c == 'f')
            out->config = optarg;
        else if (c == 'n')
            out->check = true;
        else if (c == 'r')
            out->statement = optarg;
        else if (c == 'h')
            out->help = true;
        else if (c == 'V')
            out->version = true;
        else
            return fault_set(f, ERR_USAGE, 0, "", "argument %d: %s", at,
                             c == ':' ? "its value is missing" : "expected --config FILE");
    }
    if (optind != argc)
        return fault_set(f, ERR_USAGE, 0, "", "argument %d is one too many", optind);
    if (out->config == NULL && !out->help && !out->version)
        return fault_set(f, ERR_USAGE, 0, "", "--config FILE is missing");
    return OK;
}

int main(int argc, char **argv)
{
    struct fault f = {0};
    struct order order;
    struct config config;
    struct adapter *adapter = NULL;

    harden_process(0027); /* what lies in the folders, the department's own system may read */
    if (read_order(argc, argv, &order, &f) != OK)
        return complain(&f, EXIT_USAGE);
    if (order.help)
        return fputs(HELP, stdout) < 0;
    if (order.version)
        return printf("lianshu-adapter %s\n", LIANSHU_VERSION) < 0;
    if (config_read(&config, order.config, &f) != OK)
        return complain(&f, EXIT_USAGE);
    log_open(STDERR_FILENO, config.log_level);
    if (confine(&config, &order, &f) != OK)
        return complain(&f, status_of(f.err));
    catch_signals();
    const bool once = order.check || order.statement != NULL;
    const enum err err = adapter_open(&adapter, &config, !once, clock_real_ms(), &f);
    if (err != OK) {
        if (f.err == OK)
            (void)fault_set(&f, err, 0, order.config, "the adapter does not open");
        return complain(&f, status_of(err));
    }
    const int status = order.statement != NULL ? renew(adapter, order.statement)
                       : order.check           ? 0
                                               : run(adapter);
    adapter_close(&adapter);
    if (order.check)
        (void)printf("正常 / ok: %s\n", order.config);
    return status;
}
