#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "inside.h"

// Threads are asked by SIGPROF: libdispatch's threads block nearly every other signal.
static roost_inquiry *inquiries[ROOST_INQUIRIES];
// Handlers that are looking at them. What they look at stays until they are through.
static uint32_t readers;

enum { look_again_ns = 5 * 1000 * 1000 };

// What tells our signals from those of others.
static const char mark;

static int is_ours(const siginfo_t *info) {
    // Without memory for it, the kernel delivers the signal without its sender.
    if (info->si_code == SI_USER && info->si_pid == 0) return 1;
    return info->si_code == SI_QUEUE && info->si_pid == getpid() && info->si_value.sival_ptr == (void *)&mark;
}

static void ask(int32_t thread, roost_question *question) {
    siginfo_t info;
    memset(&info, 0, sizeof info);
    info.si_signo = SIGPROF;
    info.si_code = SI_QUEUE;
    info.si_pid = getpid();
    info.si_uid = getuid();
    info.si_value.sival_ptr = (void *)&mark;
    if (syscall(SYS_rt_tgsigqueueinfo, getpid(), thread, SIGPROF, &info) == 0) return;
    uint32_t expected = ROOST_QUESTION_ASKED;
    __atomic_compare_exchange_n(&question->state, &expected, ROOST_ANSWER_GONE, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
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
    for (int place = 0; place < ROOST_INQUIRIES; place++) {
        roost_inquiry *inquiry = __atomic_load_n(&inquiries[place], __ATOMIC_SEQ_CST);
        if (inquiry == NULL) continue;
        for (uint32_t index = 0; index < inquiry->count; index++) {
            roost_question *question = &inquiry->questions[index];
            uint32_t expected = ROOST_QUESTION_ASKED;
            if (question->thread != me
                || !__atomic_compare_exchange_n(
                    &question->state, &expected, ROOST_QUESTION_WRITING, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
                continue;
            }
            roost_unwind(question->stack, context);
            __atomic_store_n(&question->state, ROOST_ANSWER_GIVEN, __ATOMIC_RELEASE);
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
int roost_inquiries_install(void) {
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

int64_t roost_stacks_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

// One that is on its way out takes no signal any more, and is asked for nothing else.
static void forget_the_gone(roost_inquiry *inquiry) {
    for (uint32_t index = 0; index < inquiry->count; index++) {
        roost_question *question = &inquiry->questions[index];
        uint32_t expected = ROOST_QUESTION_ASKED;
        if (__atomic_load_n(&question->state, __ATOMIC_ACQUIRE) == expected
            && syscall(SYS_tgkill, getpid(), question->thread, 0) != 0
            && __atomic_compare_exchange_n(
                &question->state, &expected, ROOST_ANSWER_GONE, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
            __atomic_sub_fetch(&inquiry->unanswered, 1, __ATOMIC_ACQ_REL);
        }
    }
}

void roost_inquire(roost_inquiry *inquiry, int place, int64_t end) {
    __atomic_store_n(&inquiries[place], inquiry, __ATOMIC_SEQ_CST);
    for (uint32_t index = 0; index < inquiry->count; index++) {
        roost_question *question = &inquiry->questions[index];
        if (__atomic_load_n(&question->state, __ATOMIC_ACQUIRE) != ROOST_QUESTION_ASKED) continue;
        ask(question->thread, question);
        if (__atomic_load_n(&question->state, __ATOMIC_ACQUIRE) == ROOST_ANSWER_GONE) {
            __atomic_sub_fetch(&inquiry->unanswered, 1, __ATOMIC_ACQ_REL);
        }
    }
    uint32_t left;
    while ((left = __atomic_load_n(&inquiry->unanswered, __ATOMIC_ACQUIRE)) != 0) {
        int64_t rest = end - roost_stacks_now();
        if (rest <= 0) break;
        if (rest > look_again_ns) rest = look_again_ns;
        struct timespec timeout = {.tv_nsec = rest};
        syscall(SYS_futex, &inquiry->unanswered, FUTEX_WAIT, left, &timeout, NULL, 0);
        forget_the_gone(inquiry);
    }
    for (uint32_t index = 0; index < inquiry->count; index++) {
        uint32_t expected = ROOST_QUESTION_ASKED;
        __atomic_compare_exchange_n(
            &inquiry->questions[index].state, &expected, ROOST_ANSWER_LATE, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
    }
    __atomic_store_n(&inquiries[place], NULL, __ATOMIC_SEQ_CST);
}
uint32_t roost_inquiry_readers(void) { return __atomic_load_n(&readers, __ATOMIC_SEQ_CST); }
