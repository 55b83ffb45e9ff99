// What the kernel says about the threads of this process, and a thread for whoever watches over it.
#ifndef CROOST_CENSUS_H
#define CROOST_CENSUS_H

#include <CRoostLedger.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ROOST_CALL_NONE = -1,     // blocked, but in no system call: in a page fault, for instance
    ROOST_CALL_RUNNING = -2,  // not blocked
    ROOST_CALL_UNKNOWN = -3,  // the kernel does not say
};

typedef struct {
    int32_t thread;
    char state;  // as in /proc: R, S, D, T, t, Z, X, I; '?' if it cannot be read
    char blocks_profiling;  // SIGPROF does not get through
    char name[17];
    char channel[45];  // where in the kernel it waits; empty if it does not
    int32_t call;  // the system call's number, or one of the above
    int64_t cpu_ns;  // in the program and in the kernel
    uint64_t started;  // ticks of the clock after the machine's start
    uint64_t arguments[6];
    uint64_t stack_pointer, counter;  // when it is in a system call
} roost_thread;

// The threads of this process; how many there are, which may be more than there is room for. Without a lock, without an allocation.
uint32_t roost_threads_read(roost_thread *_Nonnull threads, uint32_t room);
// One of them; 0 if there is no such thread.
int roost_thread_read(int32_t thread, roost_thread *_Nonnull to);
static inline const char *_Nonnull roost_thread_name(const roost_thread *_Nonnull thread) { return thread->name; }
static inline const char *_Nonnull roost_thread_channel(const roost_thread *_Nonnull thread) { return thread->channel; }
static inline const uint64_t *_Nonnull roost_thread_arguments(const roost_thread *_Nonnull thread) {
    return thread->arguments;
}

int32_t roost_own_thread(void);

// The name of a system call in which a thread can wait; NULL for others.
const char *_Nullable roost_call_name(int32_t number);

// Memory of this process that may not be there. 1 if all of it was read.
int roost_peek(uint64_t address, void *_Nonnull bytes, size_t size);
// 1 if a time limit is set for receiving or sending on the descriptor, which has the system call end when a signal comes.
int roost_socket_has_limit(int descriptor);
// The process that traces this one; 0 for none.
int32_t roost_tracer(void);

// A row of the ledger, whole; 0 if it is free or was being rewritten all the time.
int roost_census_row(uint32_t index, roost_ledger_slot *_Nonnull row);

// --- watching ----------------------------------------------------------------------------------------------------------
// 0, or the errno of whoever opens some more files now: when the main queue wakes its thread for the first time, libdispatch ends a process that
// has none left.
int roost_watch_shortage(void);
// Puts a job on libdispatch's main queue. Without Swift's own module for it, which would be one more library to load.
void roost_watch_beat(void (*_Nonnull body)(void *_Nonnull), void *_Nonnull context);
// What has passed since the machine's start: with the time it was suspended, and without.
int64_t roost_time_with_suspend(void);
int64_t roost_time_without_suspend(void);
// Waits while *word == expected, `timeout_ns` at most.
void roost_watch_wait(const void *_Nonnull word, uint32_t expected, int64_t timeout_ns);
void roost_watch_wake(const void *_Nonnull word);

#endif
