#include "base/harden.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

void harden_memory(void)
{
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none); /* lowering a limit cannot fail */
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void harden_process(mode_t mask)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    harden_memory();
    (void)sigaction(SIGPIPE, &ignore, NULL);
    (void)umask(mask);
}
