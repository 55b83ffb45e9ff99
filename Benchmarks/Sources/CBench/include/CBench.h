#ifndef CBENCH_H
#define CBENCH_H

#include <stdint.h>

// Exported by libdispatch on Linux, declared by no shipped header: how a toolkit's main loop serves the main queue.
int _dispatch_get_main_queue_handle_4CF(void);
void _dispatch_main_queue_callback_4CF(void *unused);

// One step of the loop that the stop-flag checks are added to: about a nanosecond, and the compiler cannot shorten it.
static inline uint64_t bench_step(uint64_t x) {
    x = x * 6364136223846793005ULL + 1442695040888963407ULL;
    __asm__ volatile("" : "+r"(x));
    return x;
}

// Pins the calling thread, and those it starts from then on, to the `index`th core that the process began with.
void bench_pin(int index);

// Lets any process look at this one's threads, also where only its parent may.
void bench_allow_tracing(void);

#endif
