/*
 * lianshu-day: plays one day of a city against a realm made by deploy/setup, tells it as it
 * happens, and holds every count against what was derived by hand (expected.h).
 */
#include "day/day.h"

#include "keys/init.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_DIFFERENT = 1, EXIT_USAGE = 2 };

static void usage(FILE *out)
{
    fputs("用法 / usage: lianshu-day --dir DIR --bin BIN [--json FILE] [--keep]\n"
          "                    [--seed N --kills N]\n"
          "  --dir    deploy/setup 建立的域 / a realm made by deploy/setup\n"
          "  --bin    程序所在目录 / where the programs are\n"
          "  --json   计数与时延写入文件 / write counts and latencies\n"
          "  --keep   结束后保持运行 / leave the processes running\n"
          "  --kills  在随机时刻强行终止随机进程的次数 / kill -9 of random processes at random "
          "moments\n"
          "  --seed   上述随机的种子 / seed of that randomness\n",
          out);
}

static bool number(const char *text, uint64_t *out)
{
    char *end;

    *out = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0';
}

static bool parse(int argc, char **argv, struct day_options *o)
{
    static const struct option names[] = {
        {"dir", required_argument, NULL, 'd'},   {"bin", required_argument, NULL, 'b'},
        {"json", required_argument, NULL, 'j'},  {"keep", no_argument, NULL, 'k'},
        {"kills", required_argument, NULL, 'n'}, {"seed", required_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},        {NULL, 0, NULL, 0}};
    uint64_t kills = 0;
    int c;

    *o = (struct day_options){.seed = 1};
    while ((c = getopt_long(argc, argv, "h", names, NULL)) != -1) {
        switch (c) {
        case 'd':
            o->dir = optarg;
            break;
        case 'b':
            o->bin = optarg;
            break;
        case 'j':
            o->json = optarg;
            break;
        case 'k':
            o->keep = true;
            break;
        case 'n':
            if (!number(optarg, &kills) || kills > 10000)
                return false;
            o->kills = (unsigned)kills;
            break;
        case 's':
            if (!number(optarg, &o->seed))
                return false;
            break;
        case 'h':
            usage(stdout);
            exit(0);
        default:
            return false;
        }
    }
    return o->dir != NULL && o->bin != NULL && optind == argc;
}

static void play(struct day *d)
{
    static void (*const stories[])(struct day *) = {
        story_open_offices, story_city,    story_order,  story_gate,    story_case,
        story_faults,       story_attacks, story_repair, story_balance,
    };

    for (size_t i = 0; i < sizeof stories / sizeof stories[0] && !d->broken; i++)
        stories[i](d);
}

static int finish(struct day *d, struct fault *f)
{
    const struct day_options *o = d->options;
    int status = d->tell.failures == 0 && !d->broken ? 0 : EXIT_DIFFERENT;

    tell_count(&d->tell, "duration_ms", "全程毫秒", "duration in ms",
               tell_clock_ms() - d->tell.start_ms);
    tell_table(&d->tell);
    if (o->json != NULL && tell_json(&d->tell, o->json, f) != OK)
        status = EXIT_DIFFERENT;
    if (o->keep && status == 0 && stage_release(&d->stage, f) != OK)
        status = EXIT_DIFFERENT;
    tell_line(&d->tell, status == 0 ? "这一天与预期一致" : "这一天与预期不一致",
              status == 0 ? "the day went as derived by hand"
                          : "the day did not go as derived by hand");
    return status;
}

int main(int argc, char **argv)
{
    static struct day day; /* a city is large */
    struct day_options options;
    struct fault f = {0};
    char text[1024];

    if (!parse(argc, argv, &options)) {
        usage(stderr);
        return EXIT_USAGE;
    }
    int status = EXIT_DIFFERENT;
    if (keys_init() == OK && day_open(&day, &options, &f) == OK) {
        play(&day);
        status = finish(&day, &f);
        day_close(&day);
    }
    if (f.err != OK) {
        fault_print(&f, text, sizeof text);
        fprintf(stderr, "%s\n", text);
    }
    return status;
}
