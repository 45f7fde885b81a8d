#include "day/day.h"

#include "json.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    LOOK_MS = 1000, /* longest pause between two looks, should a change go unseen */
    KILL_DELAY_MAX_MS = 600,
    EVENTS = 1 << 16,
};

static const struct {
    const char *name;
    const char *member;
    const char *zh;
    const char *en;
} offices[DESK_COUNT] = {
    [MARKET] = {"market", "market.445100", "市场监管", "market regulation"},
    [HEALTH] = {"health", "health.445100", "卫生健康", "health"},
    [INSURANCE] = {"insurance", "insurance.445100", "医疗保障", "medical insurance"},
    [POLICE] = {"police", "police.445100", "公安", "police"},
    [PROCURATORATE] = {"procuratorate", "procuratorate.445100", "检察", "procuratorate"},
};

/* ---- seeing changes ---- */

/* Watch a folder and the folders in it, two levels down: sink/<type>/, register/<measure>/. */
static void watch(struct day *d, const char *path, unsigned depth)
{
    static const char *const deeper[] = {"source", "done", "refused", "sink", "register"};
    const uint32_t mask = IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE | IN_ONLYDIR;
    char inside[DESK_PATH_MAX + 32];

    (void)inotify_add_watch(d->notify, path, mask);
    if (depth == 0)
        return;
    for (size_t i = 0; i < sizeof deeper / sizeof deeper[0]; i++) {
        snprintf(inside, sizeof inside, "%s/%s", path, deeper[i]);
        (void)inotify_add_watch(d->notify, inside, mask);
    }
}

static void watch_all(struct day *d)
{
    char path[DESK_PATH_MAX + 32];

    for (unsigned i = 0; i < DESK_COUNT; i++)
        watch(d, d->desks[i].dir, 1);
    snprintf(path, sizeof path, "%s/log", d->options->dir);
    (void)inotify_add_watch(d->notify, path, IN_MODIFY | IN_CREATE | IN_ONLYDIR);
    snprintf(path, sizeof path, "%s/hub", d->options->dir);
    (void)inotify_add_watch(d->notify, path, IN_MODIFY | IN_ONLYDIR);
}

static void drain(int fd)
{
    static char bytes[EVENTS];

    while (read(fd, bytes, sizeof bytes) > 0)
        ;
}

/* ---- kills ---- */

static uint32_t draw(struct day *d, uint32_t bound)
{
    d->random = d->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(d->random >> 33) % bound;
}

static void arm_kill(struct day *d)
{
    d->kill_due_ms = d->step_kills == 0 ? 0 : tell_clock_ms() + 1 + draw(d, KILL_DELAY_MAX_MS);
}

static void restart_killed(struct day *d)
{
    struct fault f = {0};

    for (unsigned i = 0; i < d->stage.count; i++) {
        struct stage_process *p = &d->stage.processes[i];
        if (p->state != STAGE_DOWN || !p->revive)
            continue;
        p->revive = false;
        if (stage_start(&d->stage, p, &f) != OK)
            d->broken = true;
    }
}

static void kill_when_due(struct day *d)
{
    if (d->kill_due_ms == 0 || tell_clock_ms() < d->kill_due_ms)
        return;
    struct stage_process *victim = &d->stage.processes[draw(d, d->stage.count)];
    if (victim->state != STAGE_DOWN && !victim->ending) {
        tell_linef(&d->tell, "强行终止 %s（第 %u 次）", "kill -9 %s (number %u)", victim->name,
                   d->kills_done + 1);
        victim->revive = true;
        stage_kill(victim);
        d->kills_done++;
        d->step_kills--;
    }
    arm_kill(d);
}

void day_step(struct day *d, const char *zh, const char *en)
{
    tell_line(&d->tell, zh, en);
    /* What is left, evenly over the steps that are left: the last one takes its share too. */
    const unsigned steps_left = d->steps_done < DAY_STEPS ? DAY_STEPS - d->steps_done : 1;
    const unsigned kills_left = d->options->kills - d->kills_done;
    d->step_kills = (kills_left + steps_left - 1) / steps_left;
    d->steps_done++;
    arm_kill(d);
}

/* ---- waiting ---- */

static bool look(struct day *d)
{
    stage_look(&d->stage, tell_clock_ms());
    restart_killed(d);
    if (d->stage.accident != NULL && !d->broken) {
        tell_linef(&d->tell, "进程 %s 意外结束（状态 %d）",
                   "process %s ended by itself (status %d)", d->stage.accident->name,
                   d->stage.accident->exit_status);
        stage_show_log(&d->stage, d->stage.accident);
        d->tell.failures++;
        d->broken = true;
    }
    return !d->broken;
}

static void pause_until_change(struct day *d)
{
    struct pollfd fds[] = {
        {d->notify, POLLIN, 0}, {d->children, POLLIN, 0}, {d->interrupts, POLLIN, 0}};
    uint64_t wait = LOOK_MS;

    if (d->kill_due_ms != 0) {
        const uint64_t now = tell_clock_ms();
        wait = d->kill_due_ms > now ? d->kill_due_ms - now : 0;
        wait = wait > LOOK_MS ? LOOK_MS : wait;
    }
    if (poll(fds, 3, (int)wait) <= 0)
        return;
    for (unsigned i = 0; i < 2; i++)
        if ((fds[i].revents & POLLIN) != 0)
            drain(fds[i].fd);
    if ((fds[2].revents & POLLIN) != 0) {
        tell_line(&d->tell, "收到中断，停止", "interrupted, stopping");
        d->tell.failures++;
        d->broken = true;
    }
}

bool day_wait(struct day *d, day_condition *holds, void *ctx, const char *zh, const char *en)
{
    const uint64_t end = tell_clock_ms() + DAY_PATIENCE_MS * (d->options->kills > 0 ? 4u : 1u);

    while (look(d)) {
        watch_all(d);
        kill_when_due(d);
        if (d->step_kills == 0 && holds(d, ctx))
            return true;
        if (tell_clock_ms() > end) {
            d->broken = true;
            return tell_expect(&d->tell, false, zh, en);
        }
        pause_until_change(d);
    }
    return false;
}

/* ---- processes ---- */

static bool is_ready(struct day *d, void *ctx)
{
    const struct stage_process *p = ctx;

    (void)d;
    return p->state == STAGE_READY && !p->revive; /* killed, and not yet collected */
}

static bool is_down(struct day *d, void *ctx)
{
    (void)d;
    return ((const struct stage_process *)ctx)->state == STAGE_DOWN;
}

bool day_start(struct day *d, const char *name)
{
    struct fault f = {0};
    char text[ERR_WHERE_MAX + ERR_DETAIL_MAX + 256];
    struct stage_process *p = stage_find(&d->stage, name);

    if (d->broken)
        return false;
    if (stage_start(&d->stage, p, &f) != OK) {
        fault_print(&f, text, sizeof text);
        d->broken = true;
        return tell_expect(&d->tell, false, text, name);
    }
    if (day_wait(d, is_ready, p, "进程就绪", "the process is ready"))
        return true;
    stage_show_log(&d->stage, p);
    d->broken = true;
    return false;
}

bool day_stop(struct day *d, const char *name)
{
    struct stage_process *p = stage_find(&d->stage, name);

    if (!day_wait(d, is_ready, p, "进程就绪", "the process is ready"))
        return false;
    stage_stop(p);
    if (!day_wait(d, is_down, p, "进程结束", "the process has ended"))
        return false;
    return tell_expect(&d->tell, p->exit_status == 0, "进程有序结束，退出码 0",
                       "the process ends orderly with exit code 0");
}

static bool all_ready(struct day *d, void *ctx)
{
    (void)ctx;
    for (unsigned i = 0; i < d->stage.count; i++) {
        const struct stage_process *p = &d->stage.processes[i];
        if (p->state == STAGE_STARTING || p->revive)
            return false;
    }
    return day_status(d, "envelopes") != DAY_UNKNOWN;
}

bool day_settle(struct day *d)
{
    return day_wait(d, all_ready, NULL, "全部进程就绪，枢纽可答",
                    "every process is ready and the hub answers");
}

uint64_t day_number(struct day *d, const char *path)
{
    return day_settle(d) ? day_status(d, path) : DAY_UNKNOWN;
}

/* ---- life ---- */

static int signals(int first, int second)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, first);
    sigaddset(&set, second);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

enum err day_open(struct day *d, const struct day_options *options, struct fault *f)
{
    char path[DESK_PATH_MAX];

    memset(d, 0, sizeof *d);
    d->options = options;
    d->random = options->seed;
    tell_open(&d->tell);
    city_make(&d->city, DAY_SEED);

    d->notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    d->children = signals(SIGCHLD, SIGCHLD);
    d->interrupts = signals(SIGINT, SIGTERM);
    if (d->notify == -1 || d->children == -1 || d->interrupts == -1)
        return fault_set(f, ERR_IO, 0, "inotify", "%s", "not available / 不可用");

    stage_open(&d->stage, options->bin, options->dir);
    stage_add(&d->stage, "signer", "lianshu-signer");
    stage_add(&d->stage, "hub", "lianshu-hub");
    for (unsigned i = 0; i < DESK_COUNT; i++) {
        stage_add(&d->stage, offices[i].name, "lianshu-adapter");
        snprintf(path, sizeof path, "%s/site/%s", options->dir, offices[i].name);
        desk_open(&d->desks[i], path, offices[i].member, offices[i].zh, offices[i].en);
    }
    return OK;
}

void day_close(struct day *d)
{
    stage_close(&d->stage);
    close(d->notify);
    close(d->children);
    close(d->interrupts);
}

const struct company *day_punished(const struct day *d)
{
    return city_company(&d->city, TRADE_WHOLESALER, 0);
}

const struct company *day_clean(const struct day *d)
{
    return city_company(&d->city, TRADE_WHOLESALER, 1);
}

/* Where the hub listens, as an adapter is told. */
const char *day_endpoint(struct day *d)
{
    static const char key[] = "endpoint: ";
    char path[DESK_PATH_MAX];
    char line[256];

    snprintf(path, sizeof path, "%s/police.yaml", d->options->dir);
    FILE *in = fopen(path, "re");
    while (in != NULL && fgets(line, sizeof line, in) != NULL)
        if (strncmp(line, key, sizeof key - 1) == 0)
            snprintf(d->endpoint, sizeof d->endpoint, "%.*s",
                     (int)strcspn(line + sizeof key - 1, "\n"), line + sizeof key - 1);
    if (in != NULL)
        fclose(in);
    return d->endpoint;
}

void story_open_offices(struct day *d)
{
    day_step(d, "启动签名进程、枢纽与五个适配器，各为独立进程",
             "starting signer, hub and five adapters, each a process of its own");
    for (unsigned i = 0; i < d->stage.count; i++)
        if (!day_start(d, d->stage.processes[i].name))
            return;
    tell_line(&d->tell, "全部就绪", "all of them are ready");
}
