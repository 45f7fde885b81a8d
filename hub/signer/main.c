/* lianshu-signer: holds the log key, keeps its own frontier, signs what continues it. */
#include "base/log.h"
#include "keys/init.h"
#include "keys/keyfile.h"
#include "net/process.h"
#include "net/signer_frame.h"
#include "signer/config.h"
#include "signer/serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char HELP[] = "lianshu-signer --config SIGNER.yaml [-n] [--init]\n"
                           "  持有日志密钥，自存前沿，只为延续的日志签名 / holds the log key and "
                           "signs only what continues the log\n"
                           "  -f, --config FILE  配置文件 / configuration\n"
                           "  -n, --check        只检查 / check only\n"
                           "      --init         建立空日志的状态文件，仅一次 / make the state "
                           "file of an empty log, once\n";

struct opened {
    struct signer_config config;
    struct passphrase *passphrase;
    struct keyring *ring;
    struct state *state;
    merkle_hash *leaves;
    int listener;
    int signal_fd;
};

static void close_all(struct opened *o)
{
    local_unlisten(&o->listener, o->config.socket);
    if (o->signal_fd >= 0)
        close(o->signal_fd);
    free(o->leaves);
    state_close(&o->state);
    keyring_close(&o->ring);
    passphrase_close(&o->passphrase);
}

static enum err open_key(struct opened *o, struct fault *fault)
{
    enum err err = passphrase_read(&o->passphrase, o->config.passphrase_file, fault);
    if (err != OK || (err = keyfile_read(&o->ring, o->config.key_file, o->passphrase, fault)) != OK)
        return err;
    passphrase_close(&o->passphrase);
    if (keyring_find(o->ring, KEY_USE_LOG) == NULL)
        return fault_set(fault, ERR_KEY_USE, 0, o->config.key_file, "made with --use signer");
    if (strcmp(keyring_owner(o->ring), o->config.member) != 0)
        return fault_set(fault, ERR_KEY_FILE, 0, o->config.key_file, "belongs to %s",
                         keyring_owner(o->ring));
    return OK;
}

static enum err serve(struct opened *o, struct fault *fault)
{
    struct checkpoint head;
    const struct signer signer = {o->state, keyring_find(o->ring, KEY_USE_LOG), o->leaves};

    enum err err = process_signals(&o->signal_fd);
    if (err != OK ||
        (err = local_listen(&o->listener, o->config.socket, o->config.client_uid, fault)) != OK)
        return err;
    state_head(o->state, &head);
    log_info("ready", "program=lianshu-signer origin=%s size=%llu", head.origin,
             (unsigned long long)head.size);
    err = signer_serve(&signer, o->listener, o->config.client_uid, o->signal_fd);
    log_info("stopped", "program=lianshu-signer");
    return err;
}

static enum err run(struct opened *o, const struct process_args *args, struct fault *fault)
{
    enum err err = signer_config_read(&o->config, args->config, fault);
    if (err != OK)
        return err;
    log_open(STDERR_FILENO, o->config.log_level);
    if (args->init)
        return state_create(o->config.state_file, o->config.origin, fault);
    if ((err = open_key(o, fault)) != OK ||
        (err = state_open(&o->state, o->config.state_file, o->config.origin, fault)) != OK)
        return err;
    if (args->check)
        return OK;
    o->leaves = malloc(sizeof *o->leaves * SIGNER_LEAVES_MAX);
    return o->leaves == NULL ? ERR_NO_MEMORY : serve(o, fault);
}

int main(int argc, char **argv)
{
    struct opened opened = {.listener = -1, .signal_fd = -1};
    struct fault fault = {.err = OK};
    struct process_args args;

    process_harden();
    enum err err = process_args(&args, argc, (const char *const *)argv, true, &fault);
    if (err == OK && args.help) {
        fputs(HELP, stdout);
    } else if (err == OK && args.version) {
        printf("lianshu-signer %s\n", LIANSHU_VERSION);
    } else if (err == OK && (err = keys_init()) == OK) {
        err = run(&opened, &args, &fault);
    }
    close_all(&opened);
    process_soften();
    return process_end("lianshu-signer", err, &fault);
}
