#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "CRoostCensus.h"

// As <dispatch/queue.h> declares them; the header needs blocks.
extern struct dispatch_queue_s _dispatch_main_q;
extern void dispatch_async_f(struct dispatch_queue_s *queue, void *context, void (*work)(void *));

int roost_watch_shortage(void) {
    enum { count = 3 };
    int opened[count], failure = 0;
    for (int index = 0; index < count; index++) {
        opened[index] = eventfd(0, EFD_CLOEXEC);
        if (opened[index] < 0) failure = errno;
    }
    for (int index = 0; index < count; index++) {
        if (opened[index] >= 0) close(opened[index]);
    }
    return failure;
}

void roost_watch_beat(void (*body)(void *), void *context) { dispatch_async_f(&_dispatch_main_q, context, body); }

static int64_t read_clock(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t roost_time_with_suspend(void) { return read_clock(CLOCK_BOOTTIME); }
int64_t roost_time_without_suspend(void) { return read_clock(CLOCK_MONOTONIC); }

void roost_watch_wait(const void *word, uint32_t expected, int64_t timeout_ns) {
    if (timeout_ns <= 0) return;
    struct timespec timeout = {.tv_sec = timeout_ns / 1000000000, .tv_nsec = timeout_ns % 1000000000};
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, &timeout, NULL, 0);
}

void roost_watch_wake(const void *word) { syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0); }
