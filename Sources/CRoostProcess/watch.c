#define _GNU_SOURCE
#include <signal.h>
#include <unistd.h>

#include "crash.h"

void roost_note_arena_bytes(int64_t change) {
    if (roost_watched != NULL) __atomic_fetch_add(&roost_watched->arena_bytes, change, __ATOMIC_RELAXED);
}

void roost_crash_watch(roost_control *control) {
    roost_watched = control;
    roost_watched_process = getpid();
    roost_watched_stacks = roost_control_stacks(control);
    roost_stacks_prepare();
    roost_protect_thread();
    for (int index = 0; index < ROOST_FATAL_COUNT; index++) {
        struct sigaction action = {.sa_sigaction = roost_on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK};
        sigemptyset(&action.sa_mask);
        sigaction(roost_fatal[index], &action, NULL);
    }
    // The runtime's handler would look for its backtracer.
    signal(SIGQUIT, SIG_DFL);
}
