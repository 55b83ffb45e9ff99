#define _GNU_SOURCE
#include "CensusTestNative.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct start {
    char name[16];
    void (*body)(void *);
    void *context;
};

static void *run(void *argument) {
    struct start start = *(struct start *)argument;
    free(argument);
    pthread_setname_np(pthread_self(), start.name);
    start.body(start.context);
    return NULL;
}

void census_thread(const char *name, void (*body)(void *), void *context) {
    struct start *start = calloc(1, sizeof *start);
    strncpy(start->name, name, sizeof start->name - 1);
    start->body = body;
    start->context = context;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 128 * 1024);
    pthread_t thread;
    if (pthread_create(&thread, &attributes, run, start) != 0) abort();
    pthread_attr_destroy(&attributes);
}

// For a moment, so that it is there to be listed, and over when it is to be asked.
static void *go(void *nothing) {
    struct timespec began, now;
    clock_gettime(CLOCK_MONOTONIC, &began);
    do clock_gettime(CLOCK_MONOTONIC, &now);
    while (now.tv_sec == began.tv_sec && now.tv_nsec - began.tv_nsec < 100000);
    return nothing;
}

void census_thread_that_goes(void) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, go, NULL) != 0) abort();
    pthread_join(thread, NULL);
}

void census_die_with_parent(void) { prctl(PR_SET_PDEATHSIG, SIGKILL); }

void census_wait(void *nothing) {
    (void)nothing;
    while (1) pause();
}

void census_block_signals(void *nothing) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    census_wait(nothing);
}

static inline __attribute__((always_inline)) void inlined_inner(void) {
    while (1) pause();  // here: inner
}

static inline __attribute__((always_inline)) void inlined_middle(void) {
    inlined_inner();  // here: middle
}

void census_wait_inlined(void *nothing) {
    (void)nothing;
    inlined_middle();  // here: outer
}

void census_compute(void *nothing) {
    (void)nothing;
    static volatile uint64_t number;
    while (1) number++;
}

void census_compute_for(int64_t milliseconds) {
    static volatile uint64_t number;
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    int64_t end = time.tv_sec * 1000 + time.tv_nsec / 1000000 + milliseconds;
    do {
        for (int step = 0; step < 1000000; step++) number++;
        clock_gettime(CLOCK_MONOTONIC, &time);
    } while (time.tv_sec * 1000 + time.tv_nsec / 1000000 < end);
}

void census_wait_uninterruptibly(void *nothing) {
    (void)nothing;
    pid_t child = vfork();
    if (child == 0) {
        // Its parent's thread lives as long as the process.
        syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        struct timespec time = {.tv_sec = 30};
        syscall(SYS_nanosleep, &time, NULL);
        _exit(0);
    }
    census_wait(NULL);
}

static int is_deaf;

void census_be_deaf_for_a_moment(void *nothing) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    __atomic_store_n(&is_deaf, 1, __ATOMIC_RELEASE);
    struct timespec began, now;
    clock_gettime(CLOCK_MONOTONIC, &began);
    do clock_gettime(CLOCK_MONOTONIC, &now);
    while ((now.tv_sec - began.tv_sec) * 1000000000 + now.tv_nsec - began.tv_nsec < 10000000);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    census_wait(nothing);
}

void census_wait_for_the_deaf(void) {
    while (!__atomic_load_n(&is_deaf, __ATOMIC_ACQUIRE)) sched_yield();
}

// --- a lock ------------------------------------------------------------------------------------------------------------
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
void census_lock(void) { pthread_mutex_lock(&mutex); }
void census_unlock(void) { pthread_mutex_unlock(&mutex); }

// --- what a signal may disturb -------------------------------------------------------------------------------------------
static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

int64_t census_sleep_once(int32_t milliseconds) {
    int64_t begin = now();
    struct timespec time = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000L};
    nanosleep(&time, NULL);
    return now() - begin;
}

int64_t census_read_once(const char *fifo, char *bytes) {
    // Open for both, so that nobody has to be there at the other end yet.
    int file = open(fifo, O_RDWR | O_CLOEXEC);
    if (file < 0) return -errno;
    ssize_t got = read(file, bytes, 63);
    int failure = errno;
    close(file);
    bytes[got > 0 ? got : 0] = 0;
    return got < 0 ? -failure : got;
}

// --- a profiler ----------------------------------------------------------------------------------------------------------
static int64_t profiled;

static void plain(int number) {
    (void)number;
    __atomic_add_fetch(&profiled, 1, __ATOMIC_RELAXED);
}

static void informed(int number, siginfo_t *info, void *context) {
    if (info != NULL && context != NULL && info->si_pid == getpid()) plain(number);
}

void census_profile(int with_information) {
    struct sigaction action = {.sa_flags = SA_RESTART};
    if (with_information) {
        action.sa_sigaction = informed;
        action.sa_flags |= SA_SIGINFO;
    } else {
        action.sa_handler = plain;
    }
    sigaction(SIGPROF, &action, NULL);
}

int64_t census_profiled(void) { return __atomic_load_n(&profiled, __ATOMIC_RELAXED); }
void census_send_profiling_signal(void) { syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGPROF); }

// --- libraries with threads of their own --------------------------------------------------------------------------------------
int census_use_openblas(void) {
    void *library = dlopen("libopenblas.so.0", RTLD_NOW);
    if (library == NULL) return 0;
    void (*set_threads)(int) = (void (*)(int))dlsym(library, "openblas_set_num_threads");
    void (*multiply)(int, int, int, int, int, int, double, const double *, int, const double *, int, double, double *, int) =
        (void (*)(int, int, int, int, int, int, double, const double *, int, const double *, int, double, double *, int))
            dlsym(library, "cblas_dgemm");
    if (set_threads == NULL || multiply == NULL) return 0;
    set_threads(4);
    enum { size = 300 };
    double *numbers = calloc(3 * size * size, sizeof *numbers);
    // By rows, neither transposed.
    multiply(101, 111, 111, size, size, size, 1, numbers, size, numbers + size * size, size, 0, numbers + 2 * size * size, size);
    free(numbers);
    return 1;
}

static void *wait_in_glib(void *nothing) {
    census_wait(nothing);
    return NULL;
}

static void wait_in_pool(void *nothing, void *more) {
    (void)more;
    census_wait(nothing);
}

int census_use_glib(void) {
    void *library = dlopen("libglib-2.0.so.0", RTLD_NOW);
    if (library == NULL) return 0;
    void *(*start)(const char *, void *(*)(void *), void *) =
        (void *(*)(const char *, void *(*)(void *), void *))dlsym(library, "g_thread_new");
    void *(*pool)(void (*)(void *, void *), void *, int, int, void *) =
        (void *(*)(void (*)(void *, void *), void *, int, int, void *))dlsym(library, "g_thread_pool_new");
    int (*push)(void *, void *, void *) = (int (*)(void *, void *, void *))dlsym(library, "g_thread_pool_push");
    // Its own thread serves signals.
    void *(*watch)(int) = (void *(*)(int))dlsym(library, "g_unix_signal_source_new");
    if (start == NULL || pool == NULL || push == NULL || watch == NULL) return 0;
    start("by-the-program", wait_in_glib, NULL);
    push(pool(wait_in_pool, NULL, 1, 0, NULL), library, NULL);
    watch(SIGUSR1);
    return 1;
}
