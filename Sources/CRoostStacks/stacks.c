#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "inside.h"

const int roost_fatal[ROOST_FATAL_COUNT] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS};

int roost_spare_file = -1;

static void allow_more_files(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    int given = __atomic_exchange_n(&roost_spare_file, -1, __ATOMIC_ACQ_REL);
    if (given >= 0) close(given);
}

static size_t read_file(const char *path, char *text, size_t size) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    ssize_t got = read(file, text, size);
    close(file);
    return got > 0 ? (size_t)got : 0;
}

static void find_name(roost_stack *stack) {
    char path[48] = "/proc/self/task/", digits[16];
    char *end = path + strlen(path);
    int32_t thread = stack->thread;
    int length = 0;
    do digits[length++] = (char)('0' + thread % 10);
    while ((thread /= 10) > 0);
    while (length > 0) *end++ = digits[--length];
    memcpy(end, "/comm", 6);
    size_t got = read_file(path, stack->name, sizeof stack->name - 1);
    if (got > 0 && stack->name[got - 1] == '\n') got--;
    stack->name[got] = 0;
}

struct entry {
    uint64_t inode;
    int64_t offset;
    unsigned short size;
    unsigned char type;
    char name[];
};

// The other threads of this process, behind the caller's own.
static void list_threads(roost_stacks *stacks) {
    char buffer[2048] __attribute__((aligned(8)));
    int32_t me = stacks->stacks[0].thread;
    int folder = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return;
    long got;
    while ((got = syscall(SYS_getdents64, folder, buffer, sizeof buffer)) > 0) {
        for (long place = 0; place < got;) {
            const struct entry *entry = (const struct entry *)(buffer + place);
            place += entry->size;
            int32_t thread = 0;
            for (const char *digit = entry->name; *digit >= '0' && *digit <= '9'; digit++) {
                thread = thread * 10 + (*digit - '0');
            }
            if (thread == 0 || thread == me) continue;
            if (stacks->count == ROOST_STACK_THREADS) {
                stacks->omitted++;
                continue;
            }
            roost_stack *stack = &stacks->stacks[stacks->count];
            memset(stack, 0, sizeof *stack);
            stack->thread = thread;
            __atomic_store_n(&stacks->count, stacks->count + 1, __ATOMIC_RELEASE);
        }
    }
    close(folder);
    // Now that there is a descriptor to be had again.
    for (uint32_t index = 1; index < stacks->count; index++) find_name(&stacks->stacks[index]);
}

static void ask_threads(roost_stacks *stacks, int64_t wait_ns) {
    static roost_question questions[ROOST_STACK_THREADS];
    static roost_inquiry crash = {.questions = questions};
    if (roost_inquiries_install() != 0) return;
    crash.count = stacks->count - 1;
    __atomic_store_n(&crash.unanswered, crash.count, __ATOMIC_RELEASE);
    for (uint32_t index = 0; index < crash.count; index++) {
        questions[index].thread = stacks->stacks[index + 1].thread;
        questions[index].stack = &stacks->stacks[index + 1];
        __atomic_store_n(&questions[index].state, ROOST_QUESTION_ASKED, __ATOMIC_RELEASE);
    }
    roost_inquire(&crash, ROOST_OF_CRASH, roost_stacks_now() + wait_ns);
}

// --- where the code lies -------------------------------------------------------------------------------------------------
// Of the lines of a file, which follow each other, the first and the last: where it begins, and where it ends.
typedef struct {
    uint32_t last, last_size;  // in `maps`; 0 while there is one line
    uint32_t path, path_size;
} file_lines;

// One line of /proc/self/maps, with its end.
static void keep_line(roost_stacks *stacks, file_lines *lines, const char *line, size_t length) {
    static const char *const no_code[] = {"/dev/", "/memfd:"};
    const char *path = memchr(line, '/', length);
    if (path == NULL) return;
    size_t path_size = length - (size_t)(path - line);
    for (size_t index = 0; index < sizeof no_code / sizeof *no_code; index++) {
        size_t size = strlen(no_code[index]);
        if (path_size >= size && memcmp(path, no_code[index], size) == 0) return;
    }
    int is_same = lines->path_size == path_size && memcmp(stacks->maps + lines->path, path, path_size) == 0;
    // The last one so far is none any more.
    if (is_same && lines->last_size > 0) stacks->maps_size = lines->last;
    if (stacks->maps_size + length > ROOST_STACK_MAPS) return;
    memcpy(stacks->maps + stacks->maps_size, line, length);
    if (is_same) {
        lines->last = stacks->maps_size;
        lines->last_size = (uint32_t)length;
    } else {
        *lines = (file_lines){
            .path = stacks->maps_size + (uint32_t)(path - line), .path_size = (uint32_t)path_size};
    }
    stacks->maps_size += (uint32_t)length;
}

static void read_maps(roost_stacks *stacks) {
    char buffer[4096];
    file_lines lines = {0};
    size_t held = 0;
    int file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    ssize_t got;
    while ((got = read(file, buffer + held, sizeof buffer - held)) > 0) {
        size_t all = held + (size_t)got, line = 0;
        for (size_t place = held; place < all; place++) {
            if (buffer[place] != '\n') continue;
            keep_line(stacks, &lines, buffer + line, place + 1 - line);
            line = place + 1;
        }
        // A line longer than the room is nobody's file.
        if (line == 0 && all == sizeof buffer) line = all;
        held = all - line;
        memmove(buffer, buffer + line, held);
    }
    close(file);
}

void roost_stacks_take(roost_stacks *stacks, const void *context, int64_t wait_ns) {
    stacks->count = stacks->omitted = stacks->maps_size = stacks->has_instruction = 0;
    if (context != NULL) allow_more_files();
    roost_stack *own = &stacks->stacks[0];
    memset(own, 0, sizeof *own);
    own->thread = (int32_t)syscall(SYS_gettid);
    find_name(own);
    __atomic_store_n(&stacks->count, 1, __ATOMIC_RELEASE);
    read_maps(stacks);
    if (context != NULL) {
        uintptr_t counter, frame;
        roost_registers(context, &counter, &frame);
        stacks->has_instruction = (uint32_t)roost_read_memory(counter, &stacks->instruction, sizeof stacks->instruction);
    }
    roost_unwind(own, context);
    list_threads(stacks);
    if (stacks->count > 1) ask_threads(stacks, wait_ns);
}
