#define _GNU_SOURCE
#include "CBench.h"

#include <sched.h>
#include <sys/prctl.h>

void bench_allow_tracing(void) { prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0); }

void bench_pin(int index) {
    static cpu_set_t allowed;
    static int known = 0;  // only called from the main thread
    if (!known) {
        sched_getaffinity(0, sizeof allowed, &allowed);
        known = 1;
    }
    for (int core = 0; core < CPU_SETSIZE; ++core) {
        if (!CPU_ISSET(core, &allowed) || index-- > 0) continue;
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(core, &one);
        sched_setaffinity(0, sizeof one, &one);
        return;
    }
}
