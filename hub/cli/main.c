#include "cli/cli.h"

#include "base/clock.h"

#include <sys/resource.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    /* Key commands hold secrets: no core file ever. */
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);

    const struct cli_world world = {
        .in = STDIN_FILENO,
        .out = stdout,
        .err = stderr,
        .now_ms = clock_real_ms,
    };
    return cli_run(argc, (const char *const *)argv, &world);
}
