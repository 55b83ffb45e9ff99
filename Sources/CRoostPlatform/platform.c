#define _GNU_SOURCE
#include "CRoostPlatform.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int32_t roost_thread_id(void) {
    return (int32_t)syscall(SYS_gettid);
}

void roost_thread_set_name(const char *name) {
    char cut[16];  // the kernel keeps 15 bytes
    size_t length = strlen(name);
    if (length > 15) {
        length = 15;
        while (length > 0 && ((unsigned char)name[length] & 0xC0) == 0x80) length--;
    }
    memcpy(cut, name, length);
    cut[length] = 0;
    pthread_setname_np(pthread_self(), cut);
}

int32_t roost_processor_count(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
    long online = sysconf(_SC_NPROCESSORS_ONLN);  // more than 1,024 processors do not fit the set
    return online > 0 ? (int32_t)online : 1;
}

int roost_thread_set_nice(int nice) {
    return setpriority(PRIO_PROCESS, (id_t)roost_thread_id(), nice) == 0 ? 0 : errno;
}

// A word each way, so that a thread that starts never sees half of a mask.
static uint64_t main_mask;

static void remember_mask(void) {
    sigset_t now;
    uint64_t bits = 0;
    if (pthread_sigmask(SIG_SETMASK, NULL, &now) != 0) return;
    for (int number = 1; number <= 64; number++) {
        if (sigismember(&now, number) == 1) bits |= (uint64_t)1 << (number - 1);
    }
    __atomic_store_n(&main_mask, bits, __ATOMIC_RELAXED);
}

// Until something of Roost has run on the main thread: what the process was started with.
__attribute__((constructor)) static void remember_first_mask(void) {
    remember_mask();
}

void roost_thread_remember_main_mask(void) {
    if (roost_thread_id() == getpid()) remember_mask();
}

void roost_thread_use_main_mask(void) {
    uint64_t bits = __atomic_load_n(&main_mask, __ATOMIC_RELAXED);
    sigset_t mask;
    sigemptyset(&mask);
    for (int number = 1; number <= 64; number++) {
        if (bits >> (number - 1) & 1) sigaddset(&mask, number);
    }
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

void roost_thread_block_signals(void) {
    static const int let_in[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS, SIGPROF};
    sigset_t mask;
    sigfillset(&mask);
    for (size_t index = 0; index < sizeof let_in / sizeof let_in[0]; index++) sigdelset(&mask, let_in[index]);
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

static __thread void *current;

void *roost_thread_current(void) {
    return current;
}

void roost_thread_set_current(void *value) {
    current = value;
}

static const size_t altstack_size = 64 * 1024;  // room for a handler that symbolicates

void *roost_altstack_install(void) {
    // A guard page below: an overflow of the alternate stack must not write into a neighbour.
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *memory = mmap(NULL, page + altstack_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return NULL;
    if (mprotect(memory + page, altstack_size, PROT_READ | PROT_WRITE) != 0) {
        munmap(memory, page + altstack_size);
        return NULL;
    }
    stack_t stack = {.ss_sp = memory + page, .ss_size = altstack_size, .ss_flags = 0};
    if (sigaltstack(&stack, NULL) != 0) {
        munmap(memory, page + altstack_size);
        return NULL;
    }
    return memory;
}

void roost_altstack_remove(void *memory) {
    if (memory == NULL) return;
    stack_t off = {.ss_flags = SS_DISABLE};
    sigaltstack(&off, NULL);
    munmap(memory, (size_t)sysconf(_SC_PAGESIZE) + altstack_size);
}

int roost_futex_wait(const void *word, uint32_t expected, int64_t timeout_ns) {
    struct timespec timeout, *limit = NULL;
    if (timeout_ns >= 0) {
        timeout.tv_sec = timeout_ns / 1000000000;
        timeout.tv_nsec = timeout_ns % 1000000000;
        limit = &timeout;
    }
    if (syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, limit, NULL, 0) == 0) return 0;
    return errno == ETIMEDOUT ? ETIMEDOUT : 0;
}

void roost_futex_wake(const void *word, int32_t count) {
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

// Exported by libdispatch for run-loop integration; no shipped header declares them.
extern int _dispatch_get_main_queue_handle_4CF(void);
extern void _dispatch_main_queue_callback_4CF(void *message);

int roost_main_queue_descriptor(void) {
    return _dispatch_get_main_queue_handle_4CF();
}

void roost_main_queue_drain(void) {
    _dispatch_main_queue_callback_4CF(NULL);
}

int roost_eventfd(void) {
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

void roost_eventfd_signal(int descriptor) {
    uint64_t one = 1;
    while (write(descriptor, &one, sizeof one) < 0 && errno == EINTR) {}
}

void roost_flush_standard_output(void) {
    fflush(stdout);
}
