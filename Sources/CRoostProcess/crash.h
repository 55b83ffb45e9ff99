// What installs the handler of a worker's crash, and the handler itself.
#ifndef ROOST_CRASH_H
#define ROOST_CRASH_H

#include <signal.h>
#include <sys/types.h>

#include "CRoostProcess.h"

// Where it is written; NULL in what is no worker.
extern roost_control *roost_watched;
extern roost_stacks *roost_watched_stacks;
// Whose handlers they are: a copy that fork(2) makes has them, too.
extern pid_t roost_watched_process;

// What the worker dies of is written into its control page, and then it dies of it.
void roost_on_crash(int number, siginfo_t *info, void *context);

#endif
