// What a pool of worker processes needs and Swift cannot do: a spawn that sets everything before exec, memory that two
// processes share with its atomics, what runs in a worker that crashes, and the guardian that outlives a killed app.
#ifndef CROOST_PROCESS_H
#define CROOST_PROCESS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "CRoostControl.h"
#include "CRoostRing.h"

// --- starting and ending processes -----------------------------------------------------------------------------------
// Where a spawn failed, for the message.
enum {
    ROOST_SPAWN_MEMORY = 1,
    ROOST_SPAWN_CLONE,
    ROOST_SPAWN_DESCRIPTORS,
    ROOST_SPAWN_FOLDER,
    ROOST_SPAWN_ORPHAN,  // the parent was gone already
    ROOST_SPAWN_EXEC,
};

typedef struct {
    const char *_Nonnull path;
    char *_Nullable const *_Nonnull arguments;
    char *_Nullable const *_Nonnull environment;
    const char *_Nullable folder;       // NULL: the parent's
    const int32_t *_Nonnull descriptors;  // the child's 0, 1, 2, …; everything else is closed
    int32_t descriptor_count;
    int32_t has_own_session;  // a session of its own (the guardian) instead of a group of its own
    int32_t dies_with_thread;  // SIGKILL when the calling thread ends
} roost_spawn_request;

typedef struct {
    int32_t pid;
    int32_t pidfd;
    int32_t failure;  // an errno, 0 for none
    int32_t step;     // where
} roost_spawn_result;

// Starts a program. The calling thread stands still until it was executed, other threads go on. With `dies_with_thread` call it from
// a thread that lives as long as the process: the kernel watches the thread, not the process.
roost_spawn_result roost_spawn(const roost_spawn_request *_Nonnull request);

typedef struct {
    int32_t code;    // CLD_EXITED, CLD_KILLED, CLD_DUMPED
    int32_t status;  // an exit status or a signal
    int64_t cpu_ns;
    int64_t peak_bytes;
} roost_process_end;

// Reaps the child; 0, an errno, or -1 while it lives.
int32_t roost_reap(int32_t pidfd, roost_process_end *_Nonnull end);
// The CPU time of a living process in nanoseconds; -1 when it cannot be had.
int64_t roost_process_cpu(int32_t pid);
// Sets the soft limit of a process, never above its hard one, or both; 0 or an errno.
int32_t roost_limit_process(int32_t pid, int32_t resource, uint64_t most, int32_t is_hard);
int32_t roost_limit_data(void), roost_limit_files(void);
// How many files this process may have open.
uint64_t roost_most_files(void);


// --- descriptors -----------------------------------------------------------------------------------------------------
// Anonymous memory of this size that cannot shrink or grow any more; -1 with errno.
int32_t roost_memory(const char *_Nonnull name, size_t size);
// The size of a descriptor that roost_memory made; -1 when it is none (its size could change under a reader's feet).
int64_t roost_memory_size(int32_t descriptor);
// Whether a folder of control groups has systemd's mark on what it has handed over.
int32_t roost_is_delegated(const char *_Nonnull folder);
// Both ends close-on-exec; packets keep their borders.
int32_t roost_channel(int32_t ends[_Nonnull 2]);
int32_t roost_pipe(int32_t ends[_Nonnull 2], int32_t nonblocking_reader);
// How many descriptors go in one message: the kernel's buffer holds few messages and would take 253 (SCM_MAX_FD) in each, but
// all of one have to be open at once in whoever takes them.
enum { ROOST_DESCRIPTORS_AT_ONCE = 16 };
// Sends some, each with its number; 0 or an errno. Does not wait: EAGAIN when there is no room.
int32_t roost_send_descriptors(
    int32_t channel, const int32_t *_Nonnull descriptors, const uint64_t *_Nonnull numbers, int32_t count);
// Takes those of one message, waiting at most so long; how many, or -1 with errno (ETIMEDOUT, EPIPE when the other side is gone).
// `lost` is how many more it had: this process could have no more open.
int32_t roost_receive_descriptors(
    int32_t channel, int32_t descriptors[_Nonnull ROOST_DESCRIPTORS_AT_ONCE],
    uint64_t numbers[_Nonnull ROOST_DESCRIPTORS_AT_ONCE], int32_t *_Nonnull lost, int32_t timeout_ms);
// Waits until the other side of a channel or pipe is gone; returns 0 then, ETIMEDOUT, or an errno (EBADF when this side has been closed).
int32_t roost_wait_for_hangup(int32_t channel, int32_t timeout_ms);

typedef struct {
    uint64_t tag;
    uint32_t events;  // EPOLLIN 1, EPOLLHUP 16, EPOLLERR 8
} roost_poll_event;
int32_t roost_poll_new(void);
int32_t roost_poll_add(int32_t poll, int32_t descriptor, uint64_t tag);
int32_t roost_poll_remove(int32_t poll, int32_t descriptor);
// How many events, or 0 when the time is up. timeout_ns < 0 waits for ever.
int32_t roost_poll_wait(int32_t poll, roost_poll_event *_Nonnull events, int32_t count, int64_t timeout_ns);

// --- a worker's own side ---------------------------------------------------------------------------------------------
// What a process was started as, read before main and taken out of the environment.
typedef struct {
    int32_t is_worker;
    int32_t control, channel, parent;
} roost_role;
roost_role roost_process_role(void);
// The environment variable that makes a program the victim of a self-test, and its descriptor; -1 for any other process.
const char *_Nonnull roost_victim_variable(void);
int32_t roost_victim_channel(void);
// The one that makes it sleep for ever, before main.
const char *_Nonnull roost_sleeper_variable(void);
// The environment variable that makes a program a worker.
const char *_Nonnull roost_role_variable(void);
// The displays that were hidden from a worker until it is known to be one.
void roost_role_show_displays(void);
// What crashes is written into the control page before the handlers that were there see it.
void roost_crash_watch(roost_control *_Nonnull control);
// A worker has so many bytes more, or fewer, in arenas of its own that the app does not read. Says nothing in any other process.
void roost_note_arena_bytes(int64_t change);
// Standard output goes out line by line from now on, also into a pipe.
void roost_print_lines(void);
_Noreturn void roost_leave(int32_t status);
// From now on a copy of this process that fork(2) makes knows that it is one.
void roost_watch_forks(void);
extern int32_t roost_is_copy;
static inline void roost_leave_if_copy(void) {
    if (__builtin_expect(roost_is_copy, 0)) roost_leave(0);
}
// Spends a moment without ever looking at anything.
void roost_busy(void);
void roost_name_process(const char *_Nonnull name);

// --- the guardian ------------------------------------------------------------------------------------------------------
// A table in memory shared with it, if possible in a file: the process groups that must not outlive the app, and the mark that
// all descendants of its workers have in their environment.
enum { ROOST_GUARD_PLACES = 1000 };
typedef struct {
    uint32_t magic;
    int32_t app;
    uint64_t app_start;  // as roost_process_start says it
    char mark[64];
    char path[512];  // of the file; empty for anonymous memory
    int32_t groups[ROOST_GUARD_PLACES];
} roost_guard_table;
const char *_Nonnull roost_guardian_variable(void);
// The environment variable that marks a worker and all that it starts.
const char *_Nonnull roost_mark_variable(void);
void roost_guard_init(
    roost_guard_table *_Nonnull table, const char *_Nonnull mark, const char *_Nullable path);
// 1 if this is a table.
int32_t roost_guard_is_table(const roost_guard_table *_Nonnull table);
// Ends what the table names, and all that has its mark; how many there were.
int32_t roost_guard_sweep(const roost_guard_table *_Nonnull table);
// Ends all processes whose mark begins so; how many there were. Reads all of /proc.
int32_t roost_kill_marked(const char *_Nonnull mark);
// When a process was started, in ticks since the machine was; 0 if there is none.
uint64_t roost_process_start(int32_t pid);
int32_t roost_process_is_zombie(int32_t pid);
// A free place, or -1.
int32_t roost_guard_add(roost_guard_table *_Nonnull table, int32_t group);
void roost_guard_remove(roost_guard_table *_Nonnull table, int32_t place);

#endif
