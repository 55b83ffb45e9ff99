// What Swift cannot reach on its own: calls and macros that Glibc's module does not import, a futex, thread-local
// storage, libdispatch's main-queue bridge, and everything that runs in a signal handler or at the very end.
#ifndef CROOST_PLATFORM_H
#define CROOST_PLATFORM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "CRoostSignals.h"

// --- threads -------------------------------------------------------------------------------------------------------
int32_t roost_thread_id(void);
void roost_thread_set_name(const char *_Nonnull name);
// 0, or the errno of setpriority.
int roost_thread_set_nice(int nice);

// Gives the calling thread the signal mask that the main thread has. A thread inherits its creator's, and libdispatch blocks
// nearly every signal on its own threads: a child that a worker starts would inherit that, and SIGTERM would not end it.
void roost_thread_use_main_mask(void);
// Blocks every signal but those of faults, and SIGPROF, by which a thread is asked for its stack.
void roost_thread_block_signals(void);
// Takes the main thread's mask for what it is now, when called on it; else without effect.
void roost_thread_remember_main_mask(void);

// The processors this process may run on, at least 1.
int32_t roost_processor_count(void);

// One pointer of Roost per thread: what this thread is to Roost, a pool's thread or a serial one.
void *_Nullable roost_thread_current(void);
void roost_thread_set_current(void *_Nullable value);

// Gives the calling thread its own alternate signal stack, so that a stack overflow on it can be reported at all.
// Returns the memory to hand back to roost_altstack_remove, or NULL when there was none to be had.
void *_Nullable roost_altstack_install(void);
void roost_altstack_remove(void *_Nullable memory);

static inline void roost_cpu_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("isb");
#endif
}

// --- futex ---------------------------------------------------------------------------------------------------------
// Waits while *word == expected. timeout_ns < 0 waits for ever. Returns 0 when woken (perhaps for no reason) or when the
// value differed, ETIMEDOUT when the time was up.
int roost_futex_wait(const void *_Nonnull word, uint32_t expected, int64_t timeout_ns);
void roost_futex_wake(const void *_Nonnull word, int32_t count);

// --- the main queue of libdispatch -----------------------------------------------------------------------------------
// An eventfd that is readable while the main queue has jobs. Read its 8 bytes before draining.
int roost_main_queue_descriptor(void);
void roost_main_queue_drain(void);

// --- streams ---------------------------------------------------------------------------------------------------------
void roost_flush_standard_output(void);

// --- descriptors -----------------------------------------------------------------------------------------------------
int roost_eventfd(void);  // close-on-exec, non-blocking; -1 on failure
void roost_eventfd_signal(int descriptor);

#endif
