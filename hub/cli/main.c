#include "cli/cli.h"

#include "base/clock.h"
#include "base/harden.h"
#include "net/process.h"

#include <unistd.h>

int main(int argc, char **argv)
{
    harden_memory(); /* key commands hold secrets */
    const struct cli_world world = {
        .in = STDIN_FILENO,
        .out = stdout,
        .err = stderr,
        .now_ms = clock_real_ms,
    };
    const int status = cli_run(argc, (const char *const *)argv, &world);
    process_soften();
    return status;
}
