#define _GNU_SOURCE
#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct {
    int to;
    int is_socket;
    // A terminal or a pipe of others, that could not be opened once more.
    int is_shared;
    // The end of all that was printed, as a ring.
    char kept[relay_kept_size];
    uint64_t printed;
    // What is not yet written, as a ring.
    char waiting[relay_waiting_size];
    size_t first, count;
    int64_t taken_ms;  // when something was taken last
    int is_dropping;
    uint64_t dropped;
} relay = {.to = STDERR_FILENO};

static int64_t now_ms(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

void relay_open(void) {
    struct stat status;
    if (fstat(STDERR_FILENO, &status) != 0) return;
    relay.is_socket = S_ISSOCK(status.st_mode);
    if (!S_ISCHR(status.st_mode) && !S_ISFIFO(status.st_mode)) return;
    // Opened once more: the flag would be everybody's who shares the descriptor, the shell's too.
    int own = relay_above(open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (own >= 0) relay.to = own;
    relay.is_shared = own < 0;
}

void relay_begin(void) {
    relay.printed = 0;
}

int relay_has_room(void) {
    return relay.is_dropping || relay.count < relay_waiting_size;
}

// How many were written; 0 when nothing can be, and what nobody will ever take counts as written.
static size_t write_some(const char *bytes, size_t size) {
    if (relay.is_shared) {
        // A pipe that is ready takes this much without a wait, and a terminal that is not held most of the time.
        struct pollfd ready = {.fd = relay.to, .events = POLLOUT};
        if (poll(&ready, 1, 0) <= 0) return 0;
        if (size > 256) size = 256;
    }
    for (;;) {
        ssize_t written = relay.is_socket ? send(relay.to, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL)
                                          : write(relay.to, bytes, size);
        if (written >= 0) return (size_t)written;
        if (errno == EINTR) continue;
        return errno == EAGAIN ? 0 : size;
    }
}

static void put(const char *bytes, size_t size) {
    size_t taken = 0;
    while (relay.count == 0 && taken < size) {
        size_t written = write_some(bytes + taken, size - taken);
        if (written == 0) break;
        taken += written;
        relay.taken_ms = now_ms();
    }
    size_t rest = size - taken, room = relay_waiting_size - relay.count;
    if (rest > 0 && relay.count == 0) relay.taken_ms = now_ms();
    if (relay.is_dropping || rest > room) {
        // Only when nothing was taken for long: before, the pipe is not read.
        relay.dropped += rest;
        return;
    }
    for (size_t index = 0; index < rest; index++) {
        relay.waiting[(relay.first + relay.count + index) % relay_waiting_size] = bytes[taken + index];
    }
    relay.count += rest;
}

int relay_read(int pipe) {
    static char piece[64 * 1024];
    size_t room = relay.is_dropping ? sizeof piece : relay_waiting_size - relay.count;
    if (room > sizeof piece) room = sizeof piece;
    ssize_t got = read(pipe, piece, room);
    if (got < 0 && errno == EINTR) return 1;
    if (got <= 0) return 0;
    for (ssize_t index = 0; index < got; index++) relay.kept[(relay.printed + (uint64_t)index) % relay_kept_size] = piece[index];
    relay.printed += (uint64_t)got;
    put(piece, (size_t)got);
    return 1;
}

void relay_write(void) {
    while (relay.count > 0) {
        size_t part = relay_waiting_size - relay.first < relay.count ? relay_waiting_size - relay.first : relay.count;
        size_t written = write_some(relay.waiting + relay.first, part);
        if (written == 0) break;
        relay.first = (relay.first + written) % relay_waiting_size;
        relay.count -= written;
        relay.taken_ms = now_ms();
    }
    if (relay.count == relay_waiting_size && now_ms() - relay.taken_ms >= relay_patience_ms) relay.is_dropping = 1;
    if (relay.count == 0 && relay.is_dropping) {
        char note[160];
        int size = snprintf(
            note, sizeof note, "\n[%llu bytes of standard error were left out here: nobody took them]\n",
            (unsigned long long)relay.dropped);
        relay.is_dropping = 0;
        relay.dropped = 0;
        put(note, (size_t)size);
    }
}

struct pollfd relay_wants(int *timeout_ms) {
    *timeout_ms = -1;
    struct pollfd wanted = {.fd = relay.to, .events = relay.count > 0 ? POLLOUT : 0};
    if (relay.count == relay_waiting_size && !relay.is_dropping) {
        int64_t left = relay.taken_ms + relay_patience_ms - now_ms();
        *timeout_ms = left > 0 ? (int)left : 0;
    }
    return wanted;
}

// False when nothing was taken for too long.
static int wait_to_write(int64_t end) {
    int64_t now = now_ms(), left = relay.taken_ms + relay_patience_ms - now;
    if (left <= 0 || now >= end) return 0;
    struct pollfd ready = {.fd = relay.to, .events = POLLOUT};
    if (poll(&ready, 1, (int)left) > 0) relay_write();
    return 1;
}

void relay_finish(int pipe) {
    int64_t end = now_ms() + 5 * relay_patience_ms;
    // Somebody else may hold the other end, and write there for ever.
    for (int piece = 0; piece < 16;) {
        if (!relay_has_room()) {
            // For the report it is read all the same.
            if (!wait_to_write(end)) relay.is_dropping = 1;
        } else {
            if (!relay_read(pipe)) break;
            piece++;
        }
    }
    while (relay.count > 0 && wait_to_write(end)) {}
    if (relay.count == 0) relay_write();
}

uint64_t relay_kept(char *bytes, size_t size, size_t *count) {
    uint64_t kept = relay.printed < relay_kept_size ? relay.printed : relay_kept_size;
    if (kept > size) kept = size;
    for (uint64_t index = 0; index < kept; index++) {
        bytes[index] = relay.kept[(relay.printed - kept + index) % relay_kept_size];
    }
    *count = (size_t)kept;
    return relay.printed;
}
