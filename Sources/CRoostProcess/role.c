#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "CRoostProcess.h"

// --- what this process was started as --------------------------------------------------------------------------------
static const char worker_variable[] = "ROOST_WORKER";
static const char guardian_variable[] = "ROOST_GUARDIAN";
static roost_role role;
static const char *const displays[2] = {"DISPLAY", "WAYLAND_DISPLAY"};
// What they are while they are hidden. Without the variable Wayland's library tries "wayland-0"; a path it takes as it is, and there is
// never a file below another one.
static const char *const nowhere[2] = {NULL, "/dev/null/hidden-from-a-worker"};
static char *hidden[2];
static int is_hiding;

static const char victim_variable[] = "ROOST_VICTIM";
static const char sleeper_variable[] = "ROOST_SLEEPER";
static int32_t victim_channel = -1;

_Noreturn void roost_guard(int32_t pipe, int32_t table);

const char *roost_role_variable(void) {
    return worker_variable;
}

const char *roost_guardian_variable(void) {
    return guardian_variable;
}

const char *roost_victim_variable(void) {
    return victim_variable;
}

int32_t roost_victim_channel(void) {
    return victim_channel;
}

const char *roost_sleeper_variable(void) {
    return sleeper_variable;
}

roost_role roost_process_role(void) {
    return role;
}

static void hide_displays(void) {
    is_hiding = 1;
    for (int index = 0; index < 2; index++) {
        const char *display = getenv(displays[index]);
        if (display != NULL) hidden[index] = strdup(display);
        if (nowhere[index] != NULL) {
            setenv(displays[index], nowhere[index], 1);
        } else {
            unsetenv(displays[index]);
        }
    }
    // The number of a connection that was open in the app; it is not open here.
    unsetenv("WAYLAND_SOCKET");
}

// Before main, and before anything that a program does: it may have no main of ours. The variables are taken out, so that
// nothing that this process starts takes them for its own.
__attribute__((constructor)) static void read_role(void) {
    const char *text = getenv(guardian_variable);
    if (text != NULL) {
        int pipe = -1, table = -1;
        if (sscanf(text, "%d,%d", &pipe, &table) == 2) roost_guard(pipe, table);
        unsetenv(guardian_variable);
    }
    if (getenv(sleeper_variable) != NULL) {
        while (1) pause();
    }
    text = getenv(victim_variable);
    if (text != NULL) {
        sscanf(text, "%d", &victim_channel);
        unsetenv(victim_variable);
        hide_displays();
    }
    text = getenv(worker_variable);
    if (text == NULL) return;
    roost_role read = {.is_worker = 1};
    int is_whole = sscanf(text, "%d,%d,%d", &read.control, &read.channel, &read.parent) == 3;
    unsetenv(worker_variable);
    // Set by hand, or left over: not a worker of anybody.
    if (!is_whole || roost_memory_size(read.control) != (int64_t)roost_control_size()) return;
    role = read;
    // Until the program has asked what it is it opens no window.
    hide_displays();
}

void roost_role_show_displays(void) {
    for (int index = 0; is_hiding && index < 2; index++) {
        // What the program has set itself since then stays.
        const char *now = getenv(displays[index]);
        if (now != NULL && (nowhere[index] == NULL || strcmp(now, nowhere[index]) != 0)) continue;
        if (hidden[index] != NULL) {
            setenv(displays[index], hidden[index], 1);
        } else {
            unsetenv(displays[index]);
        }
    }
    is_hiding = 0;
}

// --- what a crash leaves -----------------------------------------------------------------------------------------------
static roost_control *watched;
static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS};
enum { fatal_count = sizeof fatal / sizeof fatal[0] };

enum { stacks_wait_ns = 50 * 1000 * 1000, others_wait_ms = 1000 };

static uint32_t crash_state(void) {
    return __atomic_load_n(&watched->crash_state, __ATOMIC_ACQUIRE);
}

// What writes the stacks opens files, and a task may have opened as many as it may.
static void allow_more_files(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

// A number of /proc/self/statm, in pages; 0 without it. System calls alone.
static uint64_t pages_of_data(void) {
    char text[256];
    int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    ssize_t count = read(file, text, sizeof text - 1);
    close(file);
    const char *place = text, *end = text + (count > 0 ? count : 0);
    for (int field = 0; field < 5 && place < end; place++) field += *place == ' ';
    uint64_t pages = 0;
    for (; place < end && *place >= '0' && *place <= '9'; place++) pages = pages * 10 + (uint64_t)(*place - '0');
    return pages;
}

// Whether this process died of its limit of data: the last call of this thread that failed got no memory (a task begins without a
// failure), or there was hardly any left.
static uint32_t found_no_memory(int failure) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_DATA, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return 0;
    return failure == ENOMEM || pages_of_data() * (uint64_t)sysconf(_SC_PAGESIZE) >= limit.rlim_cur / 20 * 19;
}

static void crashed(int number, siginfo_t *info, void *context) {
    (void)context;
    int saved = errno;
    uint32_t none = 0;
    if (__atomic_compare_exchange_n(&watched->crash_state, &none, 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        struct timespec time;
        clock_gettime(CLOCK_MONOTONIC, &time);
        watched->crash_signal = number;
        watched->crash_code = info->si_code;
        watched->crash_thread = (int32_t)syscall(SYS_gettid);
        watched->crash_address = info->si_code > 0 ? (uint64_t)(uintptr_t)info->si_addr : 0;
#if defined(__x86_64__)
        const ucontext_t *state = context;
        watched->crash_stack = (uint64_t)state->uc_mcontext.gregs[REG_RSP];
        watched->crash_counter = (uint64_t)state->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
        const ucontext_t *state = context;
        watched->crash_stack = state->uc_mcontext.sp;
        watched->crash_counter = state->uc_mcontext.pc;
#endif
        watched->allocation_failed = found_no_memory(saved);
        watched->crash_ns = (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
        watched->crash_cpu_ns = (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
        __atomic_store_n(&watched->crash_state, 2, __ATOMIC_RELEASE);
        allow_more_files();
        if (watched->takes_stacks) roost_stacks_take(roost_control_stacks(watched), context, stacks_wait_ns);
        __atomic_store_n(&watched->crash_state, 3, __ATOMIC_RELEASE);
    } else if (watched->crash_thread != (int32_t)syscall(SYS_gettid)) {
        // Another thread has crashed and writes the stacks: this one's end would be everybody's. Its own is asked for, too.
        for (int waited = 0; crash_state() < 3 && waited < others_wait_ms; waited++) {
            struct timespec pause = {.tv_nsec = 1000 * 1000};
            nanosleep(&pause, NULL);
        }
    }
    signal(number, SIG_DFL);
    // A fault comes again by itself as soon as this returns. What somebody sent has to be sent again: it is blocked here, and so
    // arrives where the program was.
    if (number == SIGABRT || info->si_code <= 0) syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), number);
    errno = saved;
}

void roost_note_arena_bytes(int64_t change) {
    if (watched != NULL) __atomic_fetch_add(&watched->arena_bytes, change, __ATOMIC_RELAXED);
}

void roost_crash_watch(roost_control *control) {
    watched = control;
    roost_stacks_prepare();
    stack_t stack;
    // An overflow of the stack can only be written down on another one.
    if (sigaltstack(NULL, &stack) == 0 && (stack.ss_flags & SS_DISABLE)) {
        const size_t size = 64 * 1024;
        void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory != MAP_FAILED) {
            stack = (stack_t){.ss_sp = memory, .ss_size = size};
            sigaltstack(&stack, NULL);
        }
    }
    for (int index = 0; index < fatal_count; index++) {
        struct sigaction action = {.sa_sigaction = crashed, .sa_flags = SA_SIGINFO | SA_ONSTACK};
        sigemptyset(&action.sa_mask);
        sigaction(fatal[index], &action, NULL);
    }
    // The runtime's handler would look for its backtracer.
    signal(SIGQUIT, SIG_DFL);
}

// --- the executable --------------------------------------------------------------------------------------------------
typedef struct {
    unsigned char *bytes;
    size_t size, found;
} build_id;

static int find_build_id(struct dl_phdr_info *info, size_t size, void *argument) {
    (void)size;
    build_id *id = argument;
    for (int index = 0; index < info->dlpi_phnum; index++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[index];
        if (part->p_type != PT_NOTE) continue;
        const char *place = (const char *)(info->dlpi_addr + part->p_vaddr), *end = place + part->p_memsz;
        while (place + sizeof(ElfW(Nhdr)) <= end) {
            const ElfW(Nhdr) *note = (const ElfW(Nhdr) *)place;
            const char *name = place + sizeof *note, *value = name + ((note->n_namesz + 3) & ~3U);
            if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && memcmp(name, "GNU", 4) == 0) {
                id->found = note->n_descsz < id->size ? note->n_descsz : id->size;
                memcpy(id->bytes, value, id->found);
                return 1;
            }
            place = value + ((note->n_descsz + 3) & ~3U);
        }
    }
    return 1;  // the first is the executable itself; the others are libraries
}

size_t roost_build_id(unsigned char *bytes, size_t size) {
    build_id id = {.bytes = bytes, .size = size};
    dl_iterate_phdr(find_build_id, &id);
    return id.found;
}
