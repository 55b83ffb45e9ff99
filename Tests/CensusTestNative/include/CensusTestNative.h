// Threads in states that Swift cannot bring about by itself.
#ifndef CENSUS_TEST_NATIVE_H
#define CENSUS_TEST_NATIVE_H

#include <stdint.h>

// Starts a thread with this name; `context` is for the body.
void census_thread(const char *_Nonnull name, void (*_Nonnull body)(void *_Nullable), void *_Nullable context);
// A thread that is over when it returns.
void census_thread_that_goes(void);
// Ends this process with its parent.
void census_die_with_parent(void);

// Bodies.
// Sleeps where no signal gets through: the parent of a vfork waits until its child, which sleeps, is over.
void census_wait_uninterruptibly(void *_Nullable nothing);
// Waits with every signal blocked.
void census_block_signals(void *_Nullable nothing);
// Computes with every signal blocked for ten milliseconds, which census_wait_for_the_deaf waits for the begin of, and waits then.
void census_be_deaf_for_a_moment(void *_Nullable nothing);
void census_wait_for_the_deaf(void);
// Waits.
void census_wait(void *_Nullable nothing);
// Waits, in functions that were inlined into each other.
void census_wait_inlined(void *_Nullable nothing);
// Computes for ever.
void census_compute(void *_Nullable nothing);
// Computes for a while, nearly all the time in its own loop.
void census_compute_for(int64_t milliseconds);

// A pthread_mutex_t of the tests.
void census_lock(void);
void census_unlock(void);

// How long a sleep of so many milliseconds took, in microseconds. It is not begun again when a signal ends it.
int64_t census_sleep_once(int32_t milliseconds);
// Reads up to 63 bytes of a FIFO, once; how many, or -errno.
int64_t census_read_once(const char *_Nonnull fifo, char *_Nonnull bytes);

// A program's own profiler: a handler of SIGPROF, and how often it was called.
void census_profile(int with_information);
int64_t census_profiled(void);
void census_send_profiling_signal(void);

// Has OpenBLAS multiply, so that it starts threads. 0 if it is not installed.
int census_use_openblas(void);
// Has GLib start a thread of the program's, one of a pool, and its own `gmain`. 0 if it is not installed.
int census_use_glib(void);

#endif
