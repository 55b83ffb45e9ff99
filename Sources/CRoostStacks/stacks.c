#define _GNU_SOURCE
#include "CRoostStacks.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
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
enum { not_asked = ROOST_ANSWER_NOT_ASKED, asked, writing, given = ROOST_ANSWER_GIVEN, late = ROOST_ANSWER_LATE, gone = ROOST_ANSWER_GONE };

typedef struct {
    int32_t thread;
    uint32_t state;
    roost_stack *stack;
} question;

typedef struct {
    uint32_t count;
    uint32_t unanswered;  // a futex
    question *questions;
} inquiry;

// A crash does not wait for a survey that is under way: each has its own place.
enum { of_crash, of_survey, places };
static inquiry *inquiries[places];
// Handlers that are looking at them. What they look at stays until they are through.
static uint32_t readers;

// What tells our signals from those of others.
static const char mark;

static int is_ours(const siginfo_t *info) {
    // Without memory for it, the kernel delivers the signal without its sender.
    if (info->si_code == SI_USER && info->si_pid == 0) return 1;
    return info->si_code == SI_QUEUE && info->si_pid == getpid() && info->si_value.sival_ptr == (void *)&mark;
}

static void ask(int32_t thread, question *question) {
    siginfo_t info;
    memset(&info, 0, sizeof info);
    info.si_signo = SIGPROF;
    info.si_code = SI_QUEUE;
    info.si_pid = getpid();
    info.si_uid = getuid();
    info.si_value.sival_ptr = (void *)&mark;
    if (syscall(SYS_rt_tgsigqueueinfo, getpid(), thread, SIGPROF, &info) == 0) return;
    uint32_t expected = asked;
    __atomic_compare_exchange_n(&question->state, &expected, gone, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

// Whose handler was there before. The one that counts is never written to.
static struct sigaction others[2];
static uint32_t other;
static __thread int is_passing __attribute__((tls_model("initial-exec")));

// To whoever handled it before, as if nobody stood in between.
static void pass_on(int number, siginfo_t *info, void *context) {
    const struct sigaction *to = &others[__atomic_load_n(&other, __ATOMIC_ACQUIRE)];
    // Two that each know the other as the one before.
    if (is_passing) return;
    is_passing = 1;
    if (to->sa_flags & SA_SIGINFO) {
        to->sa_sigaction(number, info, context);
    } else if (to->sa_handler == SIG_DFL) {
        // Delivered when the handler returns.
        struct sigaction action = {.sa_handler = SIG_DFL};
        sigaction(number, &action, NULL);
        syscall(SYS_tgkill, getpid(), (pid_t)syscall(SYS_gettid), number);
    } else if (to->sa_handler != SIG_IGN) {
        to->sa_handler(number);
    }
    is_passing = 0;
}

static void answer(int number, siginfo_t *info, void *context) {
    int saved = errno;
    int32_t me = (int32_t)syscall(SYS_gettid);
    __atomic_add_fetch(&readers, 1, __ATOMIC_SEQ_CST);
    for (int place = 0; place < places; place++) {
        inquiry *inquiry = __atomic_load_n(&inquiries[place], __ATOMIC_SEQ_CST);
        if (inquiry == NULL) continue;
        for (uint32_t index = 0; index < inquiry->count; index++) {
            question *question = &inquiry->questions[index];
            uint32_t expected = asked;
            if (question->thread != me
                || !__atomic_compare_exchange_n(
                    &question->state, &expected, writing, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
                continue;
            }
            take(question->stack, context);
            __atomic_store_n(&question->state, given, __ATOMIC_RELEASE);
            if (__atomic_sub_fetch(&inquiry->unanswered, 1, __ATOMIC_ACQ_REL) == 0) {
                syscall(SYS_futex, &inquiry->unanswered, FUTEX_WAKE, 1, NULL, NULL, 0);
            }
        }
    }
    __atomic_sub_fetch(&readers, 1, __ATOMIC_SEQ_CST);
    if (!is_ours(info)) pass_on(number, info, context);
    errno = saved;
}

// The handler stays: a thread that lets the signal in only later finds one that ignores what nobody asks any more.
static int install(void) {
    struct sigaction present;
    if (sigaction(SIGPROF, NULL, &present) != 0) return errno;
    if ((present.sa_flags & SA_SIGINFO) && present.sa_sigaction == answer) return 0;
    uint32_t next = !__atomic_load_n(&other, __ATOMIC_ACQUIRE);
    others[next] = present;
    __atomic_store_n(&other, next, __ATOMIC_RELEASE);
    struct sigaction action = {.sa_sigaction = answer, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
    sigemptyset(&action.sa_mask);
    return sigaction(SIGPROF, &action, NULL) == 0 ? 0 : errno;
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

// Until all have answered, or the time is up. Whoever comes after that finds no question.
static void conduct(inquiry *inquiry, int place, int64_t end) {
    __atomic_store_n(&inquiries[place], inquiry, __ATOMIC_SEQ_CST);
    for (uint32_t index = 0; index < inquiry->count; index++) {
        question *question = &inquiry->questions[index];
        if (question->state != asked) continue;
        ask(question->thread, question);
        if (__atomic_load_n(&question->state, __ATOMIC_ACQUIRE) == gone) {
            __atomic_sub_fetch(&inquiry->unanswered, 1, __ATOMIC_ACQ_REL);
        }
    }
    uint32_t left;
    while ((left = __atomic_load_n(&inquiry->unanswered, __ATOMIC_ACQUIRE)) != 0) {
        int64_t rest = end - now();
        if (rest <= 0) break;
        struct timespec timeout = {.tv_sec = rest / 1000000000, .tv_nsec = rest % 1000000000};
        syscall(SYS_futex, &inquiry->unanswered, FUTEX_WAIT, left, &timeout, NULL, 0);
    }
    for (uint32_t index = 0; index < inquiry->count; index++) {
        uint32_t expected = asked;
        __atomic_compare_exchange_n(
            &inquiry->questions[index].state, &expected, late, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
    }
    __atomic_store_n(&inquiries[place], NULL, __ATOMIC_SEQ_CST);
}

static void ask_threads(roost_stacks *stacks, int64_t wait_ns) {
    static question questions[ROOST_STACK_THREADS];
    static inquiry crash = {.questions = questions};
    if (install() != 0) return;
    crash.count = stacks->count - 1;
    __atomic_store_n(&crash.unanswered, crash.count, __ATOMIC_RELEASE);
    for (uint32_t index = 0; index < crash.count; index++) {
        questions[index].thread = stacks->stacks[index + 1].thread;
        questions[index].stack = &stacks->stacks[index + 1];
        __atomic_store_n(&questions[index].state, asked, __ATOMIC_RELEASE);
    }
    conduct(&crash, of_crash, now() + wait_ns);
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

// --- any number of threads, asked by a healthy process ---------------------------------------------------------------------
struct roost_survey {
    inquiry inquiry;
    size_t size;
    int is_busy;  // somebody may still write here
    roost_stack *stacks;
    question questions[];
};

roost_survey *roost_survey_make(const int32_t *threads, uint32_t count) {
    size_t head = (sizeof(roost_survey) + count * sizeof(question) + 63) / 64 * 64;
    size_t size = head + count * sizeof(roost_stack);
    roost_survey *survey = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (survey == MAP_FAILED) return NULL;
    survey->size = size;
    survey->stacks = (roost_stack *)((char *)survey + head);
    survey->inquiry.count = count;
    survey->inquiry.questions = survey->questions;
    for (uint32_t index = 0; index < count; index++) {
        survey->questions[index].thread = survey->stacks[index].thread = threads[index];
        survey->questions[index].stack = &survey->stacks[index];
    }
    return survey;
}

// One at a time. 0: free.
static uint32_t turn;

int roost_survey_begin(int64_t wait_ns) {
    int64_t end = now() + wait_ns;
    uint32_t expected = 0;
    while (!__atomic_compare_exchange_n(&turn, &expected, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        expected = 0;
        int64_t rest = end - now();
        if (rest <= 0) return ETIMEDOUT;
        struct timespec timeout = {.tv_sec = rest / 1000000000, .tv_nsec = rest % 1000000000};
        syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, 1, &timeout, NULL, 0);
    }
    return 0;
}

void roost_survey_end(void) {
    __atomic_store_n(&turn, 0, __ATOMIC_RELEASE);
    syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

int roost_survey_take(roost_survey *survey, int64_t wait_ns) {
    int64_t end = now() + wait_ns;
    int failure = install();
    int32_t me = (int32_t)syscall(SYS_gettid);
    for (uint32_t index = 0; index < survey->inquiry.count && failure == 0; index++) {
        question *question = &survey->questions[index];
        if (question->thread == me) {
            take(question->stack, NULL);
            question->state = given;
        } else {
            question->state = asked;
            survey->inquiry.unanswered++;
        }
    }
    if (failure == 0) conduct(&survey->inquiry, of_survey, end);
    // Who has begun to write is nearly through, if it runs at all.
    int64_t patience = now() + 20000000;
    while (__atomic_load_n(&readers, __ATOMIC_SEQ_CST) != 0 && now() < patience) {
        struct timespec pause = {.tv_nsec = 200000};
        nanosleep(&pause, NULL);
    }
    if (__atomic_load_n(&readers, __ATOMIC_SEQ_CST) != 0) survey->is_busy = 1;
    return failure;
}

uint32_t roost_survey_answer(const roost_survey *survey, uint32_t index) {
    uint32_t state = __atomic_load_n(&survey->questions[index].state, __ATOMIC_ACQUIRE);
    return state == writing ? (uint32_t)late : state;
}

const roost_stack *roost_survey_stack(const roost_survey *survey, uint32_t index) {
    return &survey->stacks[index];
}

void roost_survey_free(roost_survey *survey) {
    if (!survey->is_busy) munmap(survey, survey->size);
}

void roost_stacks_prepare(void) {
    // Its first call loads a library in some builds.
    unwinding found = {.counter = 0};
    _Unwind_Backtrace(one_frame, &found);
}
