#define _GNU_SOURCE
#include <errno.h>
#include <link.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "handlers.h"
#include "requests.h"

static int installed;

// How far the executable lies from where its file says; the first of all images.
static int find_base(struct dl_phdr_info *info, size_t size, void *argument) {
    (void)size;
    *(uint64_t *)argument = info->dlpi_addr;
    return 1;
}

static uint64_t executable_base(void) {
    uint64_t base = 0;
    dl_iterate_phdr(find_base, &base);
    return base;
}

roost_crash_page *roost_crash_map(int descriptor, int *failure) {
    int flags = descriptor < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
    char *memory = mmap(NULL, ROOST_CRASH_FILE_SIZE, PROT_READ | PROT_WRITE, flags, descriptor, 0);
    *failure = memory == MAP_FAILED ? errno : 0;
    if (*failure != 0) return NULL;
    roost_crash_page *page = (roost_crash_page *)memory;
    if (descriptor >= 0) {
        *failure = roost_ledger_share(descriptor, ROOST_CRASH_LEDGER_AT);
        if (*failure != 0) {
            munmap(memory, ROOST_CRASH_FILE_SIZE);
            return NULL;
        }
    }
    page->layout = ROOST_CRASH_LAYOUT;
    page->process = getpid();
    page->image = executable_base();
    // Last: what has it is a page.
    memcpy(page->magic, roost_crash_magic, sizeof page->magic);
    return page;
}

int roost_crash_is_installed(void) {
    return __atomic_load_n(&installed, __ATOMIC_ACQUIRE);
}

static int make_timer(int signal, timer_t *timer) {
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = signal};
    return timer_create(CLOCK_MONOTONIC, &event, timer);
}

static void note_exit(int status, void *argument) {
    (void)argument;
    roost_crash_note_end(ROOST_END_EXIT, status);
}

int roost_crash_install(roost_crash_page *page, const roost_crash_setup *setup) {
    int expected = 0;
    if (!__atomic_compare_exchange_n(&installed, &expected, 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) return EALREADY;
    roost_handlers.stacks = (roost_stacks *)((char *)page + ROOST_CRASH_STACKS_AT);
    if (setup->copy_path != NULL) roost_handlers.copy_path = strdup(setup->copy_path);
    if (setup->word != NULL) roost_handlers.word = strdup(setup->word);
    if (setup->word_if_kept != NULL) roost_handlers.word_if_kept = strdup(setup->word_if_kept);
    roost_handlers.is_kept = setup->page_path != NULL;
    // A supervisor waits for the end, and a job in the background has nobody who looks.
    roost_handlers.is_at_terminal = !roost_requests_are_passed_on() && tcgetpgrp(STDIN_FILENO) == getpgrp();
    roost_handlers.has_limit = make_timer(SIGKILL, &roost_handlers.limit) == 0;
    roost_crash_use_page(page, setup->record, setup->page_path == NULL ? NULL : strdup(setup->page_path));
    roost_stacks_prepare();
    roost_protect_thread();
    on_exit(note_exit, NULL);
    for (int index = 0; index < ROOST_FATAL_COUNT; index++) {
        // Not deferred: a fault within the handler is one more thing to report, and no end.
        struct sigaction action = {.sa_sigaction = roost_on_fatal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
        sigemptyset(&action.sa_mask);
        if (sigaction(roost_fatal[index], &action, &roost_handlers.before[index]) != 0) return errno;
    }
    return 0;
}

int roost_crash_handle_quit(int64_t limit_ns) {
    if (sem_init(&roost_handlers.quit, 0, 0) != 0 || make_timer(SIGQUIT, &roost_handlers.quit_limit) != 0) return errno;
    roost_handlers.quit_limit_ns = limit_ns;
    struct sigaction action = {.sa_sigaction = roost_on_quit, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
    sigemptyset(&action.sa_mask);
    struct sigaction before;
    // What was ignored when the process started stays so.
    if (sigaction(SIGQUIT, NULL, &before) == 0 && before.sa_handler == SIG_IGN) return 0;
    return sigaction(SIGQUIT, &action, NULL) == 0 ? 0 : errno;
}

void roost_crash_wait_for_quit(void) {
    // A process whose parent had it blocked is asked all the same, on this thread.
    sigset_t quit;
    sigemptyset(&quit);
    sigaddset(&quit, SIGQUIT);
    pthread_sigmask(SIG_UNBLOCK, &quit, NULL);
    while (sem_wait(&roost_handlers.quit) != 0) {}
}

void roost_crash_set_hook(void (*hook)(void)) {
    roost_handlers.hook = hook;
}

// --- files and the executable ------------------------------------------------------------------------------------------------
int roost_crash_is_in_memory(const char *path) {
    struct statfs status;
    return statfs(path, &status) == 0 && status.f_type == TMPFS_MAGIC;
}

typedef struct {
    uint64_t address;
    const char *found;
} text_search;

// Only what comes from the file, and has its end there.
static int find_text(struct dl_phdr_info *info, size_t size, void *argument) {
    (void)size;
    text_search *search = argument;
    for (int index = 0; index < info->dlpi_phnum; index++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[index];
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_R)) continue;
        uint64_t start = info->dlpi_addr + part->p_vaddr, end = start + part->p_filesz;
        if (search->address < start || search->address >= end) continue;
        const char *text = (const char *)(uintptr_t)search->address;
        if (memchr(text, 0, end - search->address) != NULL) search->found = text;
    }
    return 1;
}

const char *roost_crash_text_of(uint64_t file, uint64_t image) {
    text_search search = {.address = file - image + executable_base()};
    dl_iterate_phdr(find_text, &search);
    return search.found;
}
