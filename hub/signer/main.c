/* lianshu-signer: holds the log key, keeps its own frontier, signs what continues it. */
#include "base/clock.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/sandbox.h"
#include "keys/init.h"
#include "keys/keyfile.h"
#include "net/process.h"
#include "net/signer_frame.h"
#include "signer/config.h"
#include "signer/logkeys.h"
#include "signer/restore.h"
#include "signer/serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char HELP[] =
    "lianshu-signer --config SIGNER.yaml [-n | --init | --head | --lost | --restore FILE]\n"
    "  持有日志密钥，自存前沿，只为延续的日志签名 / holds the log key and "
    "signs only what continues the log\n"
    "  -f, --config FILE  配置文件 / configuration\n"
    "  -n, --check        只检查 / check only\n"
    "      --init         建立空日志的状态文件，仅一次 / make the state "
    "file of an empty log, once\n"
    "      --head         印出最后签署之首 / print the head it signed last\n"
    "      --lost         状态丢失：建立不签署任何内容的状态，印出两名人员须应答的质询 / "
    "the state is lost: make one that signs nothing, and print what two officials must answer\n"
    "      --restore FILE 依两名人员的声明开启下一日志 / open the next log by "
    "the statement of two officials\n"
    "  -h, --help         本帮助 / this help\n"
    "  -V, --version      版本 / version\n"
    "SIGTERM 有序停止；退出码：0 正常，1 运行失败，2 命令行或配置有误。\n"
    "SIGTERM stops in order; exit codes: 0 ok, 1 failed, 2 command line or configuration.\n";

struct opened {
    struct signer_config config;
    struct logkeys keys;
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
    logkeys_close(&o->keys);
}

static enum err serve(struct opened *o, struct fault *fault)
{
    struct checkpoint head;
    const struct signer signer = {o->state, &o->keys, o->leaves, clock_real_ms};

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

enum { FIXED_PLACES = 9 };

static enum err confine(const struct signer_config *config, const struct process_args *args,
                        struct fault *fault)
{
    const char *statement = args->restore;
    const char *next = config->next_key_file;
    const char *next_secret = config->next_passphrase_file;
    const bool trust = statement != NULL || next[0] != '\0';
    struct sandbox_place places[FIXED_PLACES + PLACE_SANDBOX_MAX] = {
        {private_file_place(config->key_file), SANDBOX_READ},
        {private_file_place(config->passphrase_file), SANDBOX_READ},
        {config->state_file, SANDBOX_WRITE | SANDBOX_BESIDE},
        {config->socket, SANDBOX_WRITE | SANDBOX_BESIDE},
        {statement, SANDBOX_READ | SANDBOX_BESIDE},
        {trust ? config->anchor : NULL, SANDBOX_READ},
        {trust ? config->registry : NULL, SANDBOX_READ},
        {next[0] != '\0' ? private_file_place(next) : NULL, SANDBOX_READ},
        {next_secret[0] != '\0' ? private_file_place(next_secret) : NULL, SANDBOX_READ},
    };
    const size_t count = place_list_allow(&config->token_paths, places, FIXED_PLACES);
    return sandbox_enter(SANDBOX_SIGNER, places, count, fault);
}

static enum err begin(const struct signer_config *config, struct fault *fault)
{
    char origin[NOTE_ORIGIN_MAX + 1];
    enum err err = note_origin(origin, config->member, config->realm, 1);
    return err == OK ? state_create(config->state_file, origin, fault) : err;
}

/* What was signed is not known any more: nothing is, until two officials have answered this. */
static enum err lose(const struct signer_config *config, struct fault *fault)
{
    const struct entropy entropy = entropy_system();
    uint8_t challenge[STATE_CHALLENGE_LEN];
    char hex[2 * STATE_CHALLENGE_LEN + 1];
    entropy_fill(&entropy, challenge, sizeof challenge);
    enum err err = state_lose(config->state_file, challenge, fault);
    if (err != OK)
        return err;
    hex_encode(span_of(challenge, sizeof challenge), hex);
    return printf("%s\n", hex) > 0 && fflush(stdout) == 0 ? OK : ERR_IO;
}

static enum err check_state(const struct opened *o, struct fault *fault)
{
    char hex[2 * STATE_CHALLENGE_LEN + 1];
    const uint8_t *challenge = state_challenge(o->state);
    if (challenge == NULL)
        return OK;
    hex_encode(span_of(challenge, STATE_CHALLENGE_LEN), hex);
    return fault_set(fault, ERR_LOG_ROLLBACK, 0, o->config.state_file,
                     "the state was lost; two officials answer %s: lianshu restore draft "
                     "--challenge",
                     hex);
}

static enum err print_head(const struct opened *o, struct fault *fault)
{
    struct checkpoint head;
    uint8_t bytes[NOTE_SIGNED_MAX];
    struct writer note = writer_of(bytes, sizeof bytes);
    state_head(o->state, &head);
    enum err err = note_sign(&head, logkeys_at(&o->keys, clock_real_ms()), &note);
    if (err != OK)
        return fault_set(fault, err, 0, "--head", "could not be signed");
    return fwrite(note.data, 1, note.len, stdout) == note.len && fflush(stdout) == 0 ? OK : ERR_IO;
}

static enum err run(struct opened *o, const struct process_args *args, struct fault *fault)
{
    enum err err = signer_config_read(&o->config, args->config, fault);
    if (err != OK)
        return err;
    log_open(STDERR_FILENO, o->config.log_level);
    if ((err = confine(&o->config, args, fault)) != OK)
        return err;
    if (args->init)
        return begin(&o->config, fault);
    if (args->lost)
        return lose(&o->config, fault);
    if (args->restore != NULL)
        return signer_restore(&o->config, args->restore, clock_real_ms(), fault);
    if ((err = logkeys_open(&o->keys, &o->config, clock_real_ms(), fault)) != OK ||
        (err = state_open(&o->state, o->config.state_file, o->config.member, o->config.realm,
                          fault)) != OK ||
        (err = check_state(o, fault)) != OK)
        return err;
    if (args->check)
        return OK;
    if (args->head)
        return print_head(o, fault);
    o->leaves = malloc(sizeof *o->leaves * SIGNER_LEAVES_MAX);
    return o->leaves == NULL ? ERR_NO_MEMORY : serve(o, fault);
}

int main(int argc, char **argv)
{
    struct opened opened = {.listener = -1, .signal_fd = -1};
    struct fault fault = {.err = OK};
    struct process_args args;

    process_harden();
    enum err err = process_args(&args, argc, (const char *const *)argv, PROCESS_SIGNER, &fault);
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
