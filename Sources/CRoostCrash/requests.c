#define _GNU_SOURCE
#include <time.h>

#include "CRoostCrash.h"
#include "requests.h"

// A parent may be busy; nobody asks twice by two ways.
enum { longest_way_ms = 2000 };
enum { BY_SUPERVISOR = 1, HAD_COPY = 2, TIME_AT = 2 };

static int32_t supervisor;

void roost_requests_come_from(int32_t process) { __atomic_store_n(&supervisor, process, __ATOMIC_RELEASE); }
int roost_requests_are_passed_on(void) { return __atomic_load_n(&supervisor, __ATOMIC_ACQUIRE) != 0; }

int roost_request_is_copy(roost_request *first, const siginfo_t *info) {
    int32_t from = __atomic_load_n(&supervisor, __ATOMIC_ACQUIRE);
    if (from == 0) return 0;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    // What the kernel sends, for a key that was pressed, it sends to each by itself.
    uint64_t way = info->si_code <= 0 && info->si_pid == from ? BY_SUPERVISOR : 0, before = 0;
    if (__atomic_compare_exchange_n(first, &before, ms << TIME_AT | way, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) return 0;
    int is_by_both = (before & BY_SUPERVISOR) != way && !(before & HAD_COPY);
    return is_by_both && ms - (before >> TIME_AT) <= longest_way_ms
        && __atomic_compare_exchange_n(first, &before, before | HAD_COPY, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

int roost_crash_interrupt_is_copy(const siginfo_t *info) {
    static roost_request first;
    return roost_request_is_copy(&first, info);
}
