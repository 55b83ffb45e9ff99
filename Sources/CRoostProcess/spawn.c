#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "CRoostProcess.h"

typedef struct {
    const roost_spawn_request *request;
    int32_t parent;
    int32_t failure;
    int32_t step;
} child_state;

// What runs in the child runs in the parent's memory, with all signals blocked. System calls alone, and not by way of the C
// library's functions for them: a sanitizer watches those, and would note down in the parent's memory what the child does.
#if defined(__clang__)
#define UNWATCHED __attribute__((disable_sanitizer_instrumentation))
#else
#define UNWATCHED __attribute__((no_sanitize("address", "thread", "undefined")))
#endif

UNWATCHED static int fail(child_state *state, int32_t step) {
    state->failure = errno;
    state->step = step;
    return 127;
}

UNWATCHED static int child_main(void *argument) {
    child_state *state = argument;
    const roost_spawn_request *request = state->request;
    // The parent's handlers must not run here: their memory is the parent's. All zero is the kernel's form of "as usual".
    const uint64_t standard[4] = {0};
    for (int number = 1; number < NSIG; number++) {
        if (number != SIGKILL && number != SIGSTOP) syscall(SYS_rt_sigaction, number, standard, NULL, 8);
    }
    if (request->has_own_session) {
        syscall(SYS_setsid);
    } else {
        syscall(SYS_setpgid, 0, 0);
    }
    if (request->dies_with_thread) {
        syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        if (syscall(SYS_getppid) != state->parent) {
            errno = ESRCH;
            return fail(state, ROOST_SPAWN_ORPHAN);
        }
    }
    // First out of the way of the numbers that are wanted, then onto them.
    int32_t count = request->descriptor_count;
    long moved[16];
    if (count > 16) count = 16;
    for (int32_t index = 0; index < count; index++) {
        moved[index] = syscall(SYS_fcntl, request->descriptors[index], F_DUPFD_CLOEXEC, count);
        if (moved[index] < 0) {
            // No number of this size may be open at all.
            if (errno == EINVAL) errno = EMFILE;
            return fail(state, ROOST_SPAWN_DESCRIPTORS);
        }
    }
    for (int32_t index = 0; index < count; index++) {
        if (syscall(SYS_dup3, moved[index], index, 0) < 0) return fail(state, ROOST_SPAWN_DESCRIPTORS);
    }
    if (syscall(SYS_close_range, (unsigned)count, ~0U, CLOSE_RANGE_CLOEXEC) != 0) {
        // Older than Linux 5.11.
        for (int number = count; number < 65536; number++) syscall(SYS_fcntl, number, F_SETFD, FD_CLOEXEC);
    }
    if (request->folder && syscall(SYS_chdir, request->folder) != 0) return fail(state, ROOST_SPAWN_FOLDER);
    const uint64_t none = 0;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none);
    syscall(SYS_execve, request->path, request->arguments, request->environment);
    return fail(state, ROOST_SPAWN_EXEC);
}

// clone(2) without the C library, for the same reason. The new process runs `body` on a stack of its own and leaves with what it
// returns; its parent gets the new process's id, or a negative errno.
#if defined(__x86_64__)
UNWATCHED static long raw_clone(unsigned long flags, void *stack, int *pidfd, int (*body)(void *), void *argument) {
    void **top = stack;
    *--top = argument;
    *--top = (void *)body;
    long result;
    register long no_child_tid __asm__("r10") = 0;
    register long no_storage __asm__("r8") = 0;
    __asm__ volatile(
        "syscall\n\t"
        "test %%rax, %%rax\n\t"
        "jnz 1f\n\t"
        "xor %%ebp, %%ebp\n\t"
        "pop %%rax\n\t"
        "pop %%rdi\n\t"
        "call *%%rax\n\t"
        "mov %%eax, %%edi\n\t"
        "mov $60, %%eax\n\t"
        "syscall\n\t"
        "hlt\n"
        "1:"
        : "=a"(result)
        : "a"((long)SYS_clone), "D"(flags), "S"(top), "d"(pidfd), "r"(no_child_tid), "r"(no_storage)
        : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
UNWATCHED static long raw_clone(unsigned long flags, void *stack, int *pidfd, int (*body)(void *), void *argument) {
    void **top = stack;
    *--top = argument;
    *--top = (void *)body;
    register long x0 __asm__("x0") = (long)flags;
    register long x1 __asm__("x1") = (long)top;
    register long x2 __asm__("x2") = (long)pidfd;
    register long x3 __asm__("x3") = 0;
    register long x4 __asm__("x4") = 0;
    register long x8 __asm__("x8") = SYS_clone;
    __asm__ volatile(
        "svc #0\n\t"
        "cbnz x0, 1f\n\t"
        "ldp x1, x0, [sp], #16\n\t"
        "blr x1\n\t"
        "mov x8, #93\n\t"
        "svc #0\n\t"
        "brk #1\n"
        "1:"
        : "+r"(x0)
        : "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x8)
        : "memory");
    return x0;
}
#else
#error "worker processes know x86-64 and arm64"
#endif

roost_spawn_result roost_spawn(const roost_spawn_request *request) {
    roost_spawn_result result = {.pid = -1, .pidfd = -1};
    const size_t size = 64 * 1024;
    char *stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED) {
        result.failure = errno;
        result.step = ROOST_SPAWN_MEMORY;
        return result;
    }
    child_state state = {.request = request, .parent = getpid()};
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int pidfd = -1;
    // The child shares the memory and this thread waits until it was executed: nothing of a large app is copied.
    long pid = raw_clone(CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, stack + size, &pidfd, child_main, &state);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    munmap(stack, size);
    if (pid < 0) {
        result.failure = (int32_t)-pid;
        result.step = ROOST_SPAWN_CLONE;
        return result;
    }
    if (state.failure != 0) {
        while (waitpid((pid_t)pid, NULL, 0) < 0 && errno == EINTR) {}
        close(pidfd);
        result.failure = state.failure;
        result.step = state.step;
        return result;
    }
    result.pid = (int32_t)pid;
    result.pidfd = pidfd;
    return result;
}

int32_t roost_reap(int32_t pidfd, roost_process_end *end) {
    siginfo_t info = {.si_pid = 0};
    struct rusage usage;
    memset(&usage, 0, sizeof usage);
    // glibc's waitid does not return the usage.
    const int any_pidfd = 3;  // P_PIDFD
    if (syscall(SYS_waitid, any_pidfd, pidfd, &info, WEXITED | WNOHANG, &usage) != 0) return errno;
    if (info.si_pid == 0) return -1;
    end->code = info.si_code;
    end->status = info.si_status;
    end->cpu_ns = ((int64_t)usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000 +
                  ((int64_t)usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
    end->peak_bytes = (int64_t)usage.ru_maxrss * 1024;
    return 0;
}

static int64_t clock_ns(clockid_t clock) {
    struct timespec time;
    if (clock_gettime(clock, &time) != 0) return -1;
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t roost_process_cpu(int32_t pid) {
    clockid_t clock;
    return clock_getcpuclockid(pid, &clock) == 0 ? clock_ns(clock) : -1;
}

int32_t roost_limit_process(int32_t pid, int32_t resource, uint64_t most, int32_t is_hard) {
    struct rlimit limit;
    if (prlimit(pid, (__rlimit_resource_t)resource, NULL, &limit) != 0) return errno;
    limit.rlim_cur = most < limit.rlim_max ? most : limit.rlim_max;
    if (is_hard) limit.rlim_max = limit.rlim_cur;
    return prlimit(pid, (__rlimit_resource_t)resource, &limit, NULL) == 0 ? 0 : errno;
}

int32_t roost_limit_data(void) {
    return RLIMIT_DATA;
}

int32_t roost_limit_files(void) {
    return RLIMIT_NOFILE;
}

uint64_t roost_most_files(void) {
    struct rlimit limit;
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;
}

void roost_print_lines(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
}

void roost_leave(int32_t status) {
    _exit(status);
}

int32_t roost_is_copy;

static void became_copy(void) { roost_is_copy = 1; }

void roost_watch_forks(void) { pthread_atfork(NULL, NULL, became_copy); }

void roost_busy(void) {
    for (volatile int round = 0; round < 100000; round++) {}
}

void roost_name_process(const char *name) {
    prctl(PR_SET_NAME, name);
}
