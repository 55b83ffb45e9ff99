#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "CRoostProcess.h"

static const uint32_t guard_magic = 0x52734732;
static const char mark_variable[] = "ROOST_WORKER_OF";

const char *roost_mark_variable(void) {
    return mark_variable;
}

// /proc/PID/stat behind the name, which may hold anything; NULL when there is no such process.
static const char *process_state(int32_t pid, char text[1024]) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return NULL;
    ssize_t count = read(file, text, 1023);
    close(file);
    if (count <= 0) return NULL;
    text[count] = 0;
    return strrchr(text, ')');
}

int32_t roost_process_is_zombie(int32_t pid) {
    char text[1024];
    const char *state = process_state(pid, text);
    return state != NULL && strncmp(state, ") Z", 3) == 0;
}

uint64_t roost_process_start(int32_t pid) {
    char text[1024];
    const char *place = process_state(pid, text);
    if (place == NULL) return 0;
    // Field 22; the bracket ends the second.
    for (int field = 2; field < 22; field++) {
        place = strchr(place + 1, ' ');
        if (place == NULL) return 0;
    }
    return strtoull(place, NULL, 10);
}

void roost_guard_init(roost_guard_table *table, const char *mark, const char *path) {
    memset(table, 0, sizeof *table);
    table->app = getpid();
    table->app_start = roost_process_start(table->app);
    snprintf(table->mark, sizeof table->mark, "%s", mark);
    if (path != NULL) snprintf(table->path, sizeof table->path, "%s", path);
    __atomic_store_n(&table->magic, guard_magic, __ATOMIC_RELEASE);
}

int32_t roost_guard_is_table(const roost_guard_table *table) {
    return table->magic == guard_magic && memchr(table->mark, 0, sizeof table->mark) != NULL && table->mark[0] != 0 &&
           memchr(table->path, 0, sizeof table->path) != NULL;
}

int32_t roost_guard_add(roost_guard_table *table, int32_t group) {
    for (int32_t place = 0; place < ROOST_GUARD_PLACES; place++) {
        int32_t none = 0;
        if (__atomic_compare_exchange_n(&table->groups[place], &none, group, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
            return place;
        }
    }
    return -1;
}

void roost_guard_remove(roost_guard_table *table, int32_t place) {
    if (place >= 0) __atomic_store_n(&table->groups[place], 0, __ATOMIC_RELEASE);
}

// Whether a process began within the last second and runs a program, but does not show its environment yet: it is in the middle
// of execve(2). (A zombie and a thread of the kernel have no program.)
static int is_becoming(int32_t pid, uint64_t start) {
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    uint64_t ticks = (uint64_t)sysconf(_SC_CLK_TCK);
    if (start + ticks < (uint64_t)now.tv_sec * ticks) return 0;
    char path[64], program[16];
    snprintf(path, sizeof path, "/proc/%d/exe", pid);
    return readlink(path, program, sizeof program) > 0;
}

// Whether a process has a mark that begins so in the environment it was started with; -1 when it shows none.
static int is_marked(int32_t pid, const char *entry, size_t length) {
    char path[64];
    char text[16 * 1024];
    snprintf(path, sizeof path, "/proc/%d/environ", pid);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    // However long it is, and wherever the pieces are cut: how much of the entry has been seen, or that this is another one.
    size_t seen = 0;
    int is_other = 0, is_empty = 1;
    ssize_t count;
    while (seen < length && (count = read(file, text, sizeof text)) > 0) {
        is_empty = 0;
        for (ssize_t place = 0; place < count && seen < length; place++) {
            if (text[place] == 0) {
                seen = 0;
                is_other = 0;
            } else if (!is_other) {
                if (text[place] == entry[seen]) {
                    seen++;
                } else {
                    is_other = 1;
                }
            }
        }
    }
    close(file);
    return is_empty ? -1 : seen == length;
}

int32_t roost_kill_marked(const char *mark) {
    char entry[128];
    int length = snprintf(entry, sizeof entry, "%s=%s", mark_variable, mark);
    if (length <= 0 || (size_t)length >= sizeof entry) return 0;
    int32_t killed = 0, own = getpid(), becoming = 1;
    for (int look = 0; look < 100 && becoming > 0; look++) {
        if (look > 0) usleep(500);
        DIR *processes = opendir("/proc");
        if (processes == NULL) return killed;
        becoming = 0;
        struct dirent *found;
        while ((found = readdir(processes)) != NULL) {
            if (!isdigit((unsigned char)found->d_name[0])) continue;
            int32_t pid = atoi(found->d_name);
            // Its own number cannot be reused between the look and the signal while its start stays the same.
            uint64_t start = roost_process_start(pid);
            if (pid == own || start == 0) continue;
            int marked = is_marked(pid, entry, (size_t)length);
            if (marked < 0) becoming += is_becoming(pid, start);
            if (marked > 0 && roost_process_start(pid) == start && kill(pid, SIGKILL) == 0) killed++;
        }
        closedir(processes);
    }
    return killed;
}

// Whether anything in a process group is more than a zombie, which hears no signal and counts as a process to kill(2).
static int is_alive(int32_t group) {
    DIR *processes = opendir("/proc");
    if (processes == NULL) return 1;
    int alive = 0;
    struct dirent *found;
    while (!alive && (found = readdir(processes)) != NULL) {
        if (!isdigit((unsigned char)found->d_name[0])) continue;
        char text[1024], state;
        int32_t parent, its_group;
        const char *place = process_state(atoi(found->d_name), text);
        if (place == NULL || sscanf(place, ") %c %d %d", &state, &parent, &its_group) != 3) continue;
        alive = its_group == group && state != 'Z' && state != 'X';
    }
    closedir(processes);
    return alive;
}

int32_t roost_guard_sweep(const roost_guard_table *table) {
    int32_t killed = 0;
    for (int32_t place = 0; place < ROOST_GUARD_PLACES; place++) {
        int32_t group = __atomic_load_n(&table->groups[place], __ATOMIC_ACQUIRE);
        if (group > 1 && kill(-group, SIGKILL) == 0) killed += is_alive(group);
    }
    return killed + roost_kill_marked(table->mark);
}

// Sleeps until the app is gone, whatever ended it; then ends what it left behind. In a session of its own, so that nothing
// that ends the app's session or its terminal ends this.
_Noreturn void roost_guard(int32_t pipe, int32_t memory) {
    roost_guard_table *table = mmap(NULL, sizeof *table, PROT_READ, MAP_SHARED, memory, 0);
    if (table == MAP_FAILED || !roost_guard_is_table(table)) _exit(1);
    roost_name_process("roost-guardian");
    for (int number = 1; number < NSIG; number++) {
        if (number != SIGKILL && number != SIGSTOP && number != SIGSEGV && number != SIGBUS) signal(number, SIG_IGN);
    }
    if (chdir("/") != 0) _exit(1);
    char byte;
    while (1) {
        ssize_t count = read(pipe, &byte, 1);
        if (count == 0 || (count < 0 && errno != EINTR)) break;
    }
    // Groups first, at once. A worker that is being started this moment enters its group a moment later, and what is being
    // forked while somebody looks may not be seen: looked again until there is nothing.
    for (int round = 0; round < 50; round++) {
        int32_t killed = roost_guard_sweep(table);
        if (round >= 2 && killed == 0) break;
        struct timespec moment = {.tv_nsec = 5000000};
        nanosleep(&moment, NULL);
    }
    if (table->path[0] != 0) unlink(table->path);
    _exit(0);
}
