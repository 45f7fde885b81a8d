/* lianshu-adapter: the adapter of a department, fed through folders. */
#include "adapters/runtime/adapter.h"
#include "base/clock.h"
#include "base/log.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXIT_RUN = 1, EXIT_USAGE = 2, WAIT_MS = 500, FAULT_TEXT_MAX = 1024 };

static const char HELP[] =
    "用法 / usage: lianshu-adapter --config FILE [--check]\n"
    "\n"
    "  -c, --config FILE  适配器配置 / configuration (adapter.yaml)\n"
    "  -n, --check        只检查配置、密钥、登记册与对照表 / check configuration, keys,\n"
    "                     registry and map, then exit\n"
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

/* Keys must not reach a core file, nor another process of the same user. */
static void harden(void)
{
    const struct rlimit none = {0, 0};

    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* both are second lines of defence */
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)umask(0027);
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

/* What the person who starts it can put right is a configuration error. */
static int status_of(enum err err)
{
    return err_class(err) == ERR_CLASS_REJECT ? EXIT_USAGE : EXIT_RUN;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"check", no_argument, NULL, 'n'},
                                            {"help", no_argument, NULL, 'h'},
                                            {"version", no_argument, NULL, 'V'},
                                            {NULL, 0, NULL, 0}};
    const char *path = NULL;
    bool check = false;
    struct fault f = {0};
    struct config config;
    struct adapter *adapter = NULL;

    harden();
    for (int c; (c = getopt_long(argc, argv, "c:nhV", options, NULL)) != -1;) {
        if (c == 'c')
            path = optarg;
        else if (c == 'n')
            check = true;
        else if (c == 'h')
            return fputs(HELP, stdout) < 0;
        else if (c == 'V')
            return printf("lianshu-adapter %s\n", LIANSHU_VERSION) < 0;
        else
            return EXIT_USAGE;
    }
    if (path == NULL || optind != argc) {
        (void)fault_set(&f, ERR_USAGE, 0, "lianshu-adapter", "--config FILE");
        return complain(&f, EXIT_USAGE);
    }
    if (config_read(&config, path, &f) != OK)
        return complain(&f, EXIT_USAGE);
    log_open(STDERR_FILENO, config.log_level);
    catch_signals();
    const enum err err = adapter_open(&adapter, &config, !check, clock_real_ms(), &f);
    if (err != OK) {
        if (f.err == OK)
            (void)fault_set(&f, err, 0, path, "the adapter does not open");
        return complain(&f, status_of(err));
    }
    const int status = check ? 0 : run(adapter);
    adapter_close(&adapter);
    if (check)
        (void)printf("正常 / ok: %s\n", path);
    return status;
}
