#include "paper_hub.h"

#include "cli/ask.h"
#include "net/local.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

static void serve(control_fn *answer)
{
    struct control *control;
    if (control_open(&control, PAPER_HUB, NULL, answer, NULL, NULL) != OK)
        return;
    for (;;) {
        struct pollfd fds[CONTROL_POLL_MAX];
        size_t count = control_poll(control, fds);
        if (poll(fds, (nfds_t)count, -1) < 0 || control_serve(control) != OK)
            return;
    }
}

pid_t paper_hub_fallen(const char *bytes)
{
    int listener;
    int fd;
    pid_t child = fork();
    if (child != 0)
        return child;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 ||
        local_listen(&listener, PAPER_HUB, LOCAL_NO_UID, NULL) != OK)
        _exit(1);
    struct pollfd item = {.fd = listener, .events = POLLIN};
    if (poll(&item, 1, -1) != 1 || local_accept(listener, LOCAL_NO_UID, &fd) != OK)
        _exit(1);
    /* The whole question first: what is left unread would reset the connection. */
    for (char byte = 0; byte != '\n';) {
        if (local_read_all(fd, &byte, 1, ASK_WAIT_MS) != OK)
            _exit(1);
    }
    _exit(local_write_all(fd, span_str(bytes), ASK_WAIT_MS) == OK ? 0 : 1);
}

pid_t paper_hub_start(control_fn *answer)
{
    pid_t child = fork();
    if (child == 0) {
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0)
            serve(answer);
        _exit(1);
    }
    return child;
}
