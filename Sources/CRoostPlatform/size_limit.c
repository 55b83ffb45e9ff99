#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "CRoostPlatform.h"

void roost_size_signal_hold(roost_size_signal *held) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGXFSZ);
    sigprocmask(SIG_BLOCK, &set, &held->mask);
    // Of who blocks it anyway there may be one of his own.
    sigset_t pending;
    held->was_pending = sigpending(&pending) == 0 && sigismember(&pending, SIGXFSZ) == 1;
}

void roost_size_signal_restore(const roost_size_signal *held, int was_refused) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGXFSZ);
    struct timespec none = {0};
    if (was_refused && !held->was_pending) syscall(SYS_rt_sigtimedwait, &set, NULL, &none, 8UL);
    sigprocmask(SIG_SETMASK, &held->mask, NULL);
}
