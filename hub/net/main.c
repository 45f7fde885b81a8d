/* lianshu-hub: sockets, core and store of one hub. */
#include "keys/init.h"
#include "net/hub.h"
#include "net/local.h"
#include "net/process.h"

#include <stdio.h>

static const char HELP[] =
    "lianshu-hub --config HUB.yaml [-n]\n"
    "  联枢枢纽：收发、裁决、存证 / the hub: takes, decides, delivers, proves\n"
    "  -f, --config FILE  配置文件 / configuration\n"
    "  -n, --check        只检查配置、密钥、登记册与规则 / check configuration, keys, registry, "
    "rules only\n"
    "  -h, --help         本帮助 / this help\n"
    "  -V, --version      版本 / version\n"
    "SIGTERM 有序停止，SIGHUP 重读登记册、规则与发布清单；退出码：0 正常，1 运行失败，2 "
    "命令行或配置有误。\n"
    "SIGTERM stops in order, SIGHUP reads registry, rules and release list again; exit codes: 0 "
    "ok, 1 failed, 2 command line or configuration.\n";

int main(int argc, char **argv)
{
    struct fault fault = {.err = OK};
    struct process_args args;
    struct hub *hub = NULL;
    struct local_readers auditors;

    process_harden();
    enum err err = process_args(&args, argc, (const char *const *)argv, PROCESS_HUB, &fault);
    if (err == OK && args.help) {
        fputs(HELP, stdout);
    } else if (err == OK && args.version) {
        printf("lianshu-hub %s\n", LIANSHU_VERSION);
    } else if (err == OK && (err = hub_confine(args.config, args.check, &auditors, &fault)) == OK &&
               (err = keys_init()) == OK) {
        if (args.check)
            err = hub_check(args.config, &fault);
        else if ((err = hub_open(&hub, args.config, &auditors, &fault)) == OK) {
            process_opened();
            err = hub_run(hub, &fault);
        }
    }
    hub_close(&hub);
    process_soften();
    return process_end("lianshu-hub", err, &fault);
}
