// What the set-up and the handlers share.
#ifndef ROOST_CRASH_HANDLERS_H
#define ROOST_CRASH_HANDLERS_H

#include <semaphore.h>
#include <signal.h>
#include <time.h>

#include "CRoostCrash.h"

extern struct roost_handler_state {
    roost_stacks *stacks;
    struct sigaction before[ROOST_FATAL_COUNT];
    const char *copy_path;
    // What it says of itself: with a promise if there is something to be read afterwards.
    const char *word, *word_if_kept;
    int is_kept;
    void (*hook)(void);
    // Kills this process if a handler, or what it is followed by, does not come back.
    timer_t limit;
    int has_limit;
    // Somebody at a terminal may look at the crash with a debugger for as long as they like.
    int is_at_terminal;
    // SIGQUIT
    sem_t quit;
    timer_t quit_limit;
    int64_t quit_limit_ns;
} roost_handlers;

void roost_on_fatal(int number, siginfo_t *info, void *context);
void roost_on_quit(int number, siginfo_t *info, void *context);
// Of another thread's crash, until the process is over.
void roost_crash_wait_for_the_end(int seconds);

#endif
