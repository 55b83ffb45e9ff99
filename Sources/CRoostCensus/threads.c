#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "CRoostCensus.h"

// --- the files of a thread -----------------------------------------------------------------------------------------------
static void write_path(char *path, int32_t thread, const char *file) {
    char digits[12];
    int length = 0;
    do digits[length++] = (char)('0' + thread % 10);
    while ((thread /= 10) > 0);
    while (length > 0) *path++ = digits[--length];
    *path++ = '/';
    strcpy(path, file);
}

// What is in a file, ended by a zero; how many bytes, 0 if it cannot be read.
static size_t read_text(int folder, int32_t thread, const char *file, char *text, size_t size) {
    char path[32];
    write_path(path, thread, file);
    int descriptor = openat(folder, path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return 0;
    ssize_t got = read(descriptor, text, size - 1);
    close(descriptor);
    text[got > 0 ? got : 0] = 0;
    return got > 0 ? (size_t)got : 0;
}

// `ID (name) S 1 2 …`; the name may hold anything.
static int read_status(int folder, roost_thread *to) {
    char text[1024];
    if (read_text(folder, to->thread, "stat", text, sizeof text) == 0) return 0;
    char *name = strchr(text, '('), *end = strrchr(text, ')');
    if (name == NULL || end == NULL || end[1] == 0) return 0;
    size_t length = (size_t)(end - name - 1);
    if (length > sizeof to->name - 1) length = sizeof to->name - 1;
    memcpy(to->name, name + 1, length);
    to->state = end[2];
    const char *place = end + 3;
    enum { start_time = 22, blocked = 32 };
    for (int field = 4; field <= blocked && *place != 0; field++) {
        char *next;
        uint64_t value = strtoull(place, &next, 10);
        if (next == place) break;
        place = next;
        if (field == start_time) to->started = value;
        if (field == blocked) to->blocks_profiling = (value >> (SIGPROF - 1)) & 1;
    }
    return 1;
}

static void read_call(int folder, roost_thread *to) {
    char text[256];
    to->call = ROOST_CALL_UNKNOWN;
    if (read_text(folder, to->thread, "syscall", text, sizeof text) == 0) return;
    if (strncmp(text, "running", 7) == 0) {
        to->call = ROOST_CALL_RUNNING;
        return;
    }
    char *place = text;
    to->call = (int32_t)strtol(place, &place, 10);
    if (to->call >= 0) {
        for (int index = 0; index < 6; index++) to->arguments[index] = strtoull(place, &place, 16);
    } else {
        to->call = ROOST_CALL_NONE;
    }
    to->stack_pointer = strtoull(place, &place, 16);
    to->counter = strtoull(place, &place, 16);
}

// The clock of a thread of this process, by the kernel's id: see linux/posix-timers.h.
static int64_t processor_time(int32_t thread) {
    struct timespec time;
    clockid_t clock = (clockid_t)((~(uint32_t)thread << 3) | 6u);
    if (clock_gettime(clock, &time) != 0) return 0;
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int read_thread(int folder, int32_t thread, roost_thread *to) {
    memset(to, 0, sizeof *to);
    to->thread = thread;
    to->state = '?';
    to->call = ROOST_CALL_UNKNOWN;
    if (!read_status(folder, to)) return 0;
    to->cpu_ns = processor_time(thread);
    read_call(folder, to);
    if (to->state != 'R') {
        size_t got = read_text(folder, thread, "wchan", to->channel, sizeof to->channel);
        if (got == 1 && to->channel[0] == '0') to->channel[0] = 0;
    }
    return 1;
}

struct entry {
    uint64_t inode;
    int64_t offset;
    unsigned short size;
    unsigned char type;
    char name[];
};

uint32_t roost_threads_read(roost_thread *threads, uint32_t room) {
    char buffer[8192] __attribute__((aligned(8)));
    uint32_t count = 0;
    int folder = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return 0;
    long got;
    while ((got = syscall(SYS_getdents64, folder, buffer, sizeof buffer)) > 0) {
        for (long place = 0; place < got;) {
            const struct entry *entry = (const struct entry *)(buffer + place);
            place += entry->size;
            int32_t thread = (int32_t)strtol(entry->name, NULL, 10);
            if (thread <= 0) continue;
            if (count < room && !read_thread(folder, thread, &threads[count])) continue;
            count++;
        }
    }
    close(folder);
    return count;
}

int roost_thread_read(int32_t thread, roost_thread *to) {
    int folder = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return 0;
    int is_there = read_thread(folder, thread, to);
    close(folder);
    return is_there;
}

int32_t roost_own_thread(void) { return (int32_t)syscall(SYS_gettid); }

// --- other things that only the kernel knows ---------------------------------------------------------------------------------
int roost_peek(uint64_t address, void *bytes, size_t size) {
    struct iovec here = {bytes, size}, there = {(void *)(uintptr_t)address, size};
    return syscall(SYS_process_vm_readv, getpid(), &here, 1UL, &there, 1UL, 0UL) == (long)size;
}

int roost_socket_has_limit(int descriptor) {
    static const int options[] = {SO_RCVTIMEO, SO_SNDTIMEO};
    for (int index = 0; index < 2; index++) {
        struct timeval limit = {0};
        socklen_t size = sizeof limit;
        if (getsockopt(descriptor, SOL_SOCKET, options[index], &limit, &size) == 0
            && (limit.tv_sec != 0 || limit.tv_usec != 0)) {
            return 1;
        }
    }
    return 0;
}

int32_t roost_tracer(void) {
    char text[1024];
    int descriptor = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return 0;
    ssize_t got = read(descriptor, text, sizeof text - 1);
    close(descriptor);
    text[got > 0 ? got : 0] = 0;
    const char *line = strstr(text, "\nTracerPid:");
    return line == NULL ? 0 : (int32_t)strtol(line + 11, NULL, 10);
}

int roost_census_row(uint32_t index, roost_ledger_slot *row) {
    const roost_ledger_slot *slot = &roost_ledger_table()->slots[index];
    for (int attempt = 0; attempt < 100; attempt++) {
        uint32_t before = __atomic_load_n(&slot->sequence, __ATOMIC_ACQUIRE);
        if (before % 2 == 0) {
            memcpy(row, (const void *)slot, sizeof *row);
            __atomic_thread_fence(__ATOMIC_ACQUIRE);
            if (__atomic_load_n(&slot->sequence, __ATOMIC_RELAXED) == before) {
                row->worker[sizeof row->worker - 1] = 0;
                row->scope[sizeof row->scope - 1] = 0;
                row->owner[sizeof row->owner - 1] = 0;
                return row->thread != 0;
            }
        }
    }
    return 0;
}
