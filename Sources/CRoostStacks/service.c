#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "CRoostStacks.h"

static const size_t altstack_size = 64 * 1024;

static void free_altstack(void *memory) {
    stack_t off = {.ss_flags = SS_DISABLE};
    sigaltstack(&off, NULL);
    munmap(memory, (size_t)sysconf(_SC_PAGESIZE) + altstack_size);
}

static pthread_key_t altstack_key;
static pthread_once_t altstack_once = PTHREAD_ONCE_INIT;
static void make_key(void) {
    pthread_key_create(&altstack_key, free_altstack);
}

void roost_protect_thread(void) {
    // Whoever started the process may have had them blocked: the kernel then ends it without asking anybody.
    sigset_t faults;
    sigemptyset(&faults);
    for (int index = 0; index < ROOST_FATAL_COUNT; index++) sigaddset(&faults, roost_fatal[index]);
    pthread_sigmask(SIG_UNBLOCK, &faults, NULL);
    stack_t now;
    // One that is too small for a stack to be walked on is as good as none.
    if (sigaltstack(NULL, &now) == 0 && !(now.ss_flags & SS_DISABLE) && now.ss_size >= 32 * 1024) return;
    pthread_once(&altstack_once, make_key);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    // A page below that nobody can touch: what overflows it must not write into a neighbour.
    char *memory = mmap(NULL, page + altstack_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return;
    stack_t stack = {.ss_sp = memory + page, .ss_size = altstack_size};
    if (mprotect(memory + page, altstack_size, PROT_READ | PROT_WRITE) != 0 || sigaltstack(&stack, NULL) != 0) {
        munmap(memory, page + altstack_size);
        return;
    }
    pthread_setspecific(altstack_key, memory);
}

struct start {
    void (*body)(void *);
    void *argument;
    char name[16];
};

static void *run(void *argument) {
    struct start start = *(struct start *)argument;
    free(argument);
    pthread_setname_np(pthread_self(), start.name);
    roost_protect_thread();
    start.body(start.argument);
    return NULL;
}

int roost_service_start(const char *name, size_t stack_size, void (*body)(void *), void *argument) {
    struct start *start = calloc(1, sizeof *start);
    if (start == NULL) return ENOMEM;
    start->body = body;
    start->argument = argument;
    strncpy(start->name, name, sizeof start->name - 1);
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, stack_size);
    sigset_t blocked, before;
    sigfillset(&blocked);
    for (int index = 0; index < ROOST_FATAL_COUNT; index++) sigdelset(&blocked, roost_fatal[index]);
    sigdelset(&blocked, SIGPROF);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    int failure = pthread_create(&thread, &attributes, run, start);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (failure != 0) free(start);
    return failure;
}
