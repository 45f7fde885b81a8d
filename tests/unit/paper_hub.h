/*
 * paper_hub - a hub that is a child behind the control socket `control` of the working directory
 * and answers as one function says: for the tests of commands that ask.
 */
#ifndef TESTS_UNIT_PAPER_HUB_H
#define TESTS_UNIT_PAPER_HUB_H

#include "net/control.h"

#include <sys/types.h>

#define PAPER_HUB "control"

/* From now on; a command waits for the socket to appear. terminal_close ends it. */
pid_t paper_hub_start(control_fn *answer);
/* One that writes these bytes to whoever asks, and is gone: as if killed in the middle. */
pid_t paper_hub_fallen(const char *bytes);

#endif
