#define _GNU_SOURCE
#include "crash.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

// All of this runs within a handler of a signal, in a worker that is broken: no allocation, no lock, and no wait without a bound.

roost_control *roost_watched;
roost_stacks *roost_watched_stacks;
pid_t roost_watched_process;

enum { stacks_wait_ns = 50 * 1000 * 1000, others_wait_ms = 1000 };

static uint32_t crash_state(void) {
    return __atomic_load_n(&roost_watched->crash_state, __ATOMIC_ACQUIRE);
}

// A number of /proc/self/statm, in pages; 0 without it. System calls alone.
static uint64_t pages_of_data(void) {
    char text[256];
    int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    ssize_t count = read(file, text, sizeof text - 1);
    close(file);
    const char *place = text, *end = text + (count > 0 ? count : 0);
    for (int field = 0; field < 5 && place < end; place++) field += *place == ' ';
    uint64_t pages = 0;
    for (; place < end && *place >= '0' && *place <= '9'; place++) pages = pages * 10 + (uint64_t)(*place - '0');
    return pages;
}

// Whether this process died of its limit of data: the last call of this thread that failed got no memory (a task begins without a
// failure), or there was hardly any left.
static uint32_t found_no_memory(int failure) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_DATA, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return 0;
    return failure == ENOMEM || pages_of_data() * (uint64_t)sysconf(_SC_PAGESIZE) >= limit.rlim_cur / 20 * 19;
}

void roost_on_crash(int number, siginfo_t *info, void *context) {
    (void)context;
    int saved = errno;
    uint32_t none = 0;
    // What a copy that this process forked dies of is its own affair.
    int is_copy = roost_watched_process != getpid();
    if (!is_copy
        && __atomic_compare_exchange_n(&roost_watched->crash_state, &none, 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        struct timespec time;
        clock_gettime(CLOCK_MONOTONIC, &time);
        roost_watched->crash_signal = number;
        roost_watched->crash_code = info->si_code;
        roost_watched->crash_thread = (int32_t)syscall(SYS_gettid);
        roost_watched->crash_address = info->si_code > 0 ? (uint64_t)(uintptr_t)info->si_addr : 0;
#if defined(__x86_64__)
        const ucontext_t *state = context;
        roost_watched->crash_stack = (uint64_t)state->uc_mcontext.gregs[REG_RSP];
        roost_watched->crash_counter = (uint64_t)state->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
        const ucontext_t *state = context;
        roost_watched->crash_stack = state->uc_mcontext.sp;
        roost_watched->crash_counter = state->uc_mcontext.pc;
#endif
        roost_watched->allocation_failed = found_no_memory(saved);
        roost_watched->crash_ns = (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
        roost_watched->crash_cpu_ns = (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
        __atomic_store_n(&roost_watched->crash_state, 2, __ATOMIC_RELEASE);
        if (roost_watched->takes_stacks) roost_stacks_take(roost_watched_stacks, context, stacks_wait_ns);
        __atomic_store_n(&roost_watched->crash_state, 3, __ATOMIC_RELEASE);
    } else if (!is_copy && roost_watched->crash_thread != (int32_t)syscall(SYS_gettid)) {
        // Another thread has crashed and writes the stacks: this one's end would be everybody's. Its own is asked for, too.
        for (int waited = 0; crash_state() < 3 && waited < others_wait_ms; waited++) {
            poll(NULL, 0, 1);
        }
    }
    // It is blocked here, and so arrives where the program was. A fault would come again by itself, but nothing else does: what somebody sent,
    // a trap whose instruction is over, a call that was refused.
    signal(number, SIG_DFL);
    syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), number);
    errno = saved;
}
