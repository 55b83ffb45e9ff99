#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "CRoostPlatform.h"

void roost_size_signal_hold(sigset_t *before) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGXFSZ);
    sigprocmask(SIG_BLOCK, &set, before);
}

void roost_size_signal_restore(const sigset_t *before, int was_refused) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGXFSZ);
    struct timespec none = {0};
    // Of who blocks it anyway, and wants it later, it stays.
    if (was_refused && sigismember(before, SIGXFSZ) == 0) syscall(SYS_rt_sigtimedwait, &set, NULL, &none, 8UL);
    sigprocmask(SIG_SETMASK, before, NULL);
}
