#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <linux/magic.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "handlers.h"

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
    if (setup->word != NULL) {
        char *word = malloc(setup->word_size);
        if (word != NULL) {
            memcpy(word, setup->word, setup->word_size);
            roost_handlers.word = word;
            roost_handlers.word_size = setup->word_size;
        }
    }
    roost_handlers.has_limit = make_timer(SIGKILL, &roost_handlers.limit) == 0;
    roost_crash_use_page(page, setup->record, setup->page_path == NULL ? NULL : strdup(setup->page_path));
    roost_stacks_prepare();
    roost_crash_protect_thread();
    on_exit(note_exit, NULL);
    for (int index = 0; index < roost_fatal_count; index++) {
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
    struct sigaction action = {.sa_handler = roost_on_quit, .sa_flags = SA_ONSTACK | SA_RESTART};
    sigemptyset(&action.sa_mask);
    struct sigaction before;
    // What was ignored when the process started stays so.
    if (sigaction(SIGQUIT, NULL, &before) == 0 && before.sa_handler == SIG_IGN) return 0;
    return sigaction(SIGQUIT, &action, NULL) == 0 ? 0 : errno;
}

void roost_crash_wait_for_quit(void) {
    while (sem_wait(&roost_handlers.quit) != 0) {}
}

void roost_crash_set_hook(void (*hook)(void)) {
    roost_handlers.hook = hook;
}

// --- threads ---------------------------------------------------------------------------------------------------------------
static const size_t altstack_size = 64 * 1024;

static void free_altstack(void *memory) {
    stack_t off = {.ss_flags = SS_DISABLE};
    sigaltstack(&off, NULL);
    munmap(memory, (size_t)sysconf(_SC_PAGESIZE) + altstack_size);
}

static pthread_key_t altstack_key;
static pthread_once_t altstack_once = PTHREAD_ONCE_INIT;
static void make_key(void) {
    pthread_key_create(&altstack_key, free_altstack);
}

void roost_crash_protect_thread(void) {
    stack_t now;
    // One that is too small for a stack to be walked on is as good as none.
    if (sigaltstack(NULL, &now) == 0 && !(now.ss_flags & SS_DISABLE) && now.ss_size >= 32 * 1024) return;
    pthread_once(&altstack_once, make_key);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    // A page below that nobody can touch: what overflows it must not write into a neighbour.
    char *memory = mmap(NULL, page + altstack_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return;
    stack_t stack = {.ss_sp = memory + page, .ss_size = altstack_size};
    if (mprotect(memory + page, altstack_size, PROT_READ | PROT_WRITE) != 0 || sigaltstack(&stack, NULL) != 0) {
        munmap(memory, page + altstack_size);
        return;
    }
    pthread_setspecific(altstack_key, memory);
}

struct start {
    void (*body)(void *);
    void *argument;
    char name[16];
};

static void *run(void *argument) {
    struct start start = *(struct start *)argument;
    free(argument);
    pthread_setname_np(pthread_self(), start.name);
    roost_crash_protect_thread();
    start.body(start.argument);
    return NULL;
}

int roost_crash_start_thread(const char *name, void (*body)(void *), void *argument) {
    struct start *start = calloc(1, sizeof *start);
    if (start == NULL) return ENOMEM;
    start->body = body;
    start->argument = argument;
    strncpy(start->name, name, sizeof start->name - 1);
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 512 * 1024);
    // Signals are the other threads' business, but for those that mean this one.
    sigset_t all, before;
    sigfillset(&all);
    for (int index = 0; index < roost_fatal_count; index++) sigdelset(&all, roost_fatal[index]);
    sigdelset(&all, SIGPROF);
    // A process whose parent had it blocked is asked all the same.
    sigdelset(&all, SIGQUIT);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failure = pthread_create(&thread, &attributes, run, start);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (failure != 0) free(start);
    return failure;
}

// --- files and the executable ------------------------------------------------------------------------------------------------
int roost_crash_is_in_memory(const char *path) {
    struct statfs status;
    return statfs(path, &status) == 0 && status.f_type == TMPFS_MAGIC;
}

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

size_t roost_crash_build_id(unsigned char *bytes, size_t size) {
    build_id id = {.bytes = bytes, .size = size};
    dl_iterate_phdr(find_build_id, &id);
    return id.found;
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
