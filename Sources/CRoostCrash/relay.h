// The standard error of a supervised process, on its way to that of its parent.
#ifndef ROOST_CRASH_RELAY_H
#define ROOST_CRASH_RELAY_H

#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

enum {
    // How much of the end is kept for the report.
    relay_kept_size = 64 * 1024,
    // What waits for somebody who takes it slowly.
    relay_waiting_size = 256 * 1024,
    // So long the process may be held up by whoever takes nothing; from then on what it prints is left out.
    relay_patience_ms = 1000,
};

// Notes where the parent's own standard error leads, and how to write there without being held up.
void relay_open(void);
// A new process prints: what the one before printed is forgotten.
void relay_begin(void);
// Takes what the pipe has, at most one piece. 0 when there is nothing more, for now or for ever.
int relay_read(int pipe);
// Whether there is room, so that the pipe is to be read.
int relay_has_room(void);
// The descriptor to wait for before the next relay_write, and how long at most, -1 for as long as it takes; events 0 when nothing waits.
struct pollfd relay_wants(int *timeout_ms);
void relay_write(void);
// Takes what the pipe has at this moment, and no more, and writes all of it; bounded by a few times relay_patience_ms.
void relay_finish(int pipe);
// The last of it, at most relay_kept_size; how many bytes there were in all.
uint64_t relay_kept(char *bytes, size_t size, size_t *count);

// The descriptor under a number that is none of the standard ones, some of which may be closed.
static inline int relay_above(int descriptor) {
    if (descriptor < 0 || descriptor > STDERR_FILENO) return descriptor;
    int other = fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    close(descriptor);
    return other;
}

#endif
