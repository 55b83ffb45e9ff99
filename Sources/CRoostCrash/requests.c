#define _GNU_SOURCE
#include <time.h>

#include "CRoostCrash.h"
#include "requests.h"

enum { longest_way_ms = 500 };

static int32_t supervisor;

void roost_requests_come_from(int32_t process) { __atomic_store_n(&supervisor, process, __ATOMIC_RELEASE); }

int roost_request_is_copy(roost_request *first, const siginfo_t *info) {
    int32_t from = __atomic_load_n(&supervisor, __ATOMIC_ACQUIRE);
    if (from == 0) return 0;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000, none = 0;
    // What the kernel sends, for a key that was pressed, it sends to each by itself.
    int32_t sender = info->si_code <= 0 ? info->si_pid : 0;
    if (__atomic_compare_exchange_n(&first->ms, &none, ms, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        first->sender = sender;
        return 0;
    }
    int is_by_both = (first->sender == from) != (sender == from);
    return is_by_both && ms - first->ms <= longest_way_ms
        && __atomic_exchange_n(&first->had_copy, 1, __ATOMIC_ACQ_REL) == 0;
}

int roost_crash_interrupt_is_copy(const siginfo_t *info) {
    static roost_request first;
    return roost_request_is_copy(&first, info);
}
