#define _GNU_SOURCE
#include "CRoostStacks.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

// Everything here runs within handlers: system calls alone, no allocation, no lock. The unwinder of the C library's compiler asks the
// dynamic linker, which answers without a lock since glibc 2.35; frame pointers are followed first in case it does not come back.

static void count(roost_stack *stack, uint32_t frames) {
    __atomic_store_n(&stack->count, frames, __ATOMIC_RELEASE);
}

// --- by frame pointers -------------------------------------------------------------------------------------------------

// Memory that may not be there.
static int read_memory(uintptr_t place, void *bytes, size_t size) {
    struct iovec here = {bytes, size}, there = {(void *)place, size};
    return syscall(SYS_process_vm_readv, getpid(), &here, 1UL, &there, 1UL, 0UL) == (long)size;
}

static void registers(const ucontext_t *context, uintptr_t *counter, uintptr_t *frame) {
#if defined(__x86_64__)
    *counter = (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
    *frame = (uintptr_t)context->uc_mcontext.gregs[REG_RBP];
#elif defined(__aarch64__)
    *counter = context->uc_mcontext.pc;
    *frame = context->uc_mcontext.regs[29];
#else
    *counter = *frame = 0;
#endif
}

// Swift marks the frames of asynchronous functions in bit 60.
static const uintptr_t marks = (uintptr_t)0xF << 60;

static void follow(roost_stack *stack, uintptr_t counter, uintptr_t frame) {
    uint32_t frames = 0;
    if (counter != 0) stack->frames[frames++] = counter;
    while (frame != 0 && frame % sizeof(uintptr_t) == 0) {
        uintptr_t words[2];
        if (!read_memory(frame, words, sizeof words) || words[1] == 0) break;
        if (frames == ROOST_STACK_FRAMES) {
            stack->is_cut = 1;
            break;
        }
        stack->frames[frames++] = words[1];
        uintptr_t next = words[0] & ~marks;
        if (next <= frame) break;
        frame = next;
    }
    count(stack, frames);
}

// --- by the tables of the compiler ---------------------------------------------------------------------------------------
typedef struct {
    uintptr_t counter;  // where the thread was: frames before it are the handler's; 0 for all
    uint32_t count, is_cut;
    uint64_t frames[ROOST_STACK_FRAMES];
} unwinding;

static _Unwind_Reason_Code one_frame(struct _Unwind_Context *context, void *argument) {
    unwinding *found = argument;
    int is_exact = 0;
    uintptr_t counter = _Unwind_GetIPInfo(context, &is_exact);
    if (counter == 0) return _URC_END_OF_STACK;
    if (found->count == 0 && found->counter != 0 && counter != found->counter) return _URC_NO_REASON;
    if (found->count == ROOST_STACK_FRAMES) {
        found->is_cut = 1;
        return _URC_END_OF_STACK;
    }
    found->frames[found->count++] = counter;
    return _URC_NO_REASON;
}

// On the stack of the thread itself. Code without frame pointers (the C library) hides its caller from the first way, code that nobody knows
// (a jump to nowhere) all from the second: the longer one is right.
static void take(roost_stack *stack, const ucontext_t *context) {
    uintptr_t counter = 0, frame = (uintptr_t)__builtin_frame_address(0);
    if (context != NULL) registers(context, &counter, &frame);
    follow(stack, counter, frame);
    unwinding found = {.counter = counter};
    _Unwind_Backtrace(one_frame, &found);
    if (found.count < stack->count) return;
    memcpy(stack->frames, found.frames, found.count * sizeof found.frames[0]);
    stack->is_cut = found.is_cut;
    count(stack, found.count);
}

// --- other threads -----------------------------------------------------------------------------------------------------
enum { asked = 1, answering = 2 };
static struct {
    int32_t thread;
    uint32_t state;
    roost_stack *stack;
} questions[ROOST_STACK_THREADS];
static uint32_t question_count;
static uint32_t unanswered;  // a futex

static void answer(int number, siginfo_t *info, void *context) {
    (void)number;
    (void)info;
    int saved = errno;
    int32_t me = (int32_t)syscall(SYS_gettid);
    uint32_t all = __atomic_load_n(&question_count, __ATOMIC_ACQUIRE);
    for (uint32_t index = 0; index < all; index++) {
        uint32_t expected = asked;
        if (questions[index].thread != me
            || !__atomic_compare_exchange_n(
                &questions[index].state, &expected, answering, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
            continue;
        }
        take(questions[index].stack, context);
        if (__atomic_sub_fetch(&unanswered, 1, __ATOMIC_ACQ_REL) == 0) {
            syscall(SYS_futex, &unanswered, FUTEX_WAKE, 1, NULL, NULL, 0);
        }
    }
    errno = saved;
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static size_t read_file(const char *path, char *text, size_t size) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    ssize_t got = read(file, text, size);
    close(file);
    return got > 0 ? (size_t)got : 0;
}

static void find_name(roost_stack *stack) {
    char path[48] = "/proc/self/task/", digits[16];
    char *end = path + strlen(path);
    int32_t thread = stack->thread;
    int length = 0;
    do digits[length++] = (char)('0' + thread % 10);
    while ((thread /= 10) > 0);
    while (length > 0) *end++ = digits[--length];
    memcpy(end, "/comm", 6);
    size_t got = read_file(path, stack->name, sizeof stack->name - 1);
    if (got > 0 && stack->name[got - 1] == '\n') got--;
    stack->name[got] = 0;
}

struct entry {
    uint64_t inode;
    int64_t offset;
    unsigned short size;
    unsigned char type;
    char name[];
};

// The other threads of this process, behind the caller's own.
static void list_threads(roost_stacks *stacks) {
    char buffer[2048] __attribute__((aligned(8)));
    int32_t me = stacks->stacks[0].thread;
    int folder = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return;
    long got;
    while ((got = syscall(SYS_getdents64, folder, buffer, sizeof buffer)) > 0) {
        for (long place = 0; place < got;) {
            const struct entry *entry = (const struct entry *)(buffer + place);
            place += entry->size;
            int32_t thread = 0;
            for (const char *digit = entry->name; *digit >= '0' && *digit <= '9'; digit++) {
                thread = thread * 10 + (*digit - '0');
            }
            if (thread == 0 || thread == me) continue;
            if (stacks->count == ROOST_STACK_THREADS) {
                stacks->omitted++;
                continue;
            }
            roost_stack *stack = &stacks->stacks[stacks->count];
            memset(stack, 0, sizeof *stack);
            stack->thread = thread;
            find_name(stack);
            __atomic_store_n(&stacks->count, stacks->count + 1, __ATOMIC_RELEASE);
        }
    }
    close(folder);
}

static void ask_threads(roost_stacks *stacks, int64_t wait_ns) {
    struct sigaction action = {.sa_sigaction = answer, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGPROF, &action, NULL) != 0) return;
    uint32_t others = stacks->count - 1;
    __atomic_store_n(&unanswered, others, __ATOMIC_RELEASE);
    for (uint32_t index = 0; index < others; index++) {
        questions[index].thread = stacks->stacks[index + 1].thread;
        questions[index].stack = &stacks->stacks[index + 1];
        __atomic_store_n(&questions[index].state, asked, __ATOMIC_RELEASE);
    }
    __atomic_store_n(&question_count, others, __ATOMIC_RELEASE);
    for (uint32_t index = 0; index < others; index++) {
        if (syscall(SYS_tgkill, getpid(), questions[index].thread, SIGPROF) != 0) {
            __atomic_sub_fetch(&unanswered, 1, __ATOMIC_ACQ_REL);
        }
    }
    int64_t end = now() + wait_ns;
    uint32_t left;
    while ((left = __atomic_load_n(&unanswered, __ATOMIC_ACQUIRE)) != 0) {
        int64_t rest = end - now();
        if (rest <= 0) break;
        struct timespec timeout = {.tv_sec = rest / 1000000000, .tv_nsec = rest % 1000000000};
        syscall(SYS_futex, &unanswered, FUTEX_WAIT, left, &timeout, NULL, 0);
    }
    // Who comes too late finds no question.
    __atomic_store_n(&question_count, 0, __ATOMIC_RELEASE);
}

// --- where the code lies -------------------------------------------------------------------------------------------------
static void read_maps(roost_stacks *stacks) {
    char buffer[4096];
    size_t held = 0;
    int file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    ssize_t got;
    while ((got = read(file, buffer + held, sizeof buffer - held)) > 0) {
        size_t all = held + (size_t)got, line = 0;
        for (size_t place = held; place < all; place++) {
            if (buffer[place] != '\n') continue;
            size_t length = place + 1 - line;
            if (memchr(buffer + line, '/', length) != NULL && stacks->maps_size + length <= ROOST_STACK_MAPS) {
                memcpy(stacks->maps + stacks->maps_size, buffer + line, length);
                stacks->maps_size += (uint32_t)length;
            }
            line = place + 1;
        }
        // A line longer than the room is nobody's file.
        if (line == 0 && all == sizeof buffer) line = all;
        held = all - line;
        memmove(buffer, buffer + line, held);
    }
    close(file);
}

void roost_stacks_take(roost_stacks *stacks, const void *context, int64_t wait_ns) {
    stacks->count = stacks->omitted = stacks->maps_size = stacks->has_instruction = 0;
    roost_stack *own = &stacks->stacks[0];
    memset(own, 0, sizeof *own);
    own->thread = (int32_t)syscall(SYS_gettid);
    find_name(own);
    __atomic_store_n(&stacks->count, 1, __ATOMIC_RELEASE);
    read_maps(stacks);
    if (context != NULL) {
        uintptr_t counter, frame;
        registers(context, &counter, &frame);
        stacks->has_instruction = (uint32_t)read_memory(counter, &stacks->instruction, sizeof stacks->instruction);
    }
    take(own, context);
    list_threads(stacks);
    if (stacks->count > 1) ask_threads(stacks, wait_ns);
}

void roost_stacks_prepare(void) {
    // Its first call loads a library in some builds.
    unwinding found = {.counter = 0};
    _Unwind_Backtrace(one_frame, &found);
}
