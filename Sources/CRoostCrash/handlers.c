#define _GNU_SOURCE
#include "handlers.h"
#include "requests.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

// Everything here runs within handlers of signals, in a process that is broken: no allocation, no lock, and no wait without a bound.

struct roost_handler_state roost_handlers;

enum {
    stacks_wait_ns = 100 * 1000 * 1000,
    handler_limit_s = 10,
    // The runtime's backtracer may ask the person at the terminal, who has thirty seconds, and reads large files.
    chain_limit_s = 120,
    others_wait_s = 130,
};

enum { STEP_PLACES = 1, STEP_STACKS, STEP_COPY, STEP_FINALIZERS, STEP_HOOK, STEP_WORD, STEP_END };
static uint32_t step;

static int32_t thread_id(void) {
    return (int32_t)syscall(SYS_gettid);
}

// With 0 without an end.
static void limit(int seconds) {
    if (!roost_handlers.has_limit) return;
    struct itimerspec value = {.it_value = {.tv_sec = seconds}};
    timer_settime(roost_handlers.limit, 0, &value, NULL);
}

static void note(roost_crash_signal *signal, int number, const siginfo_t *info, const void *context) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    signal->code = info->si_code;
    signal->thread = thread_id();
    // What the kernel found has an address, what was sent a sender.
    signal->address = info->si_code > 0 ? (uint64_t)(uintptr_t)info->si_addr : 0;
    signal->sender = info->si_code <= 0 ? info->si_pid : 0;
#if defined(__x86_64__)
    const ucontext_t *state = context;
    signal->stack = (uint64_t)state->uc_mcontext.gregs[REG_RSP];
    signal->counter = (uint64_t)state->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    const ucontext_t *state = context;
    signal->stack = state->uc_mcontext.sp;
    signal->counter = state->uc_mcontext.pc;
#else
    (void)context;
#endif
    signal->time_ns = (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
    clock_gettime(CLOCK_MONOTONIC, &time);
    signal->clock_ns = (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
    __atomic_store_n(&signal->number, number, __ATOMIC_RELEASE);
}

// --- the steps -----------------------------------------------------------------------------------------------------------
// Where each worker passed its last checkpoint. The texts are the executable's own, but the addresses may be anything by now.
static void write_places(roost_crash_page *page) {
    const roost_ledger *ledger = roost_ledger_table();
    uint32_t count = 0;
    for (uint32_t row = 0; row < ROOST_LEDGER_SLOTS && count < ROOST_CRASH_PLACES; row++) {
        const roost_ledger_slot *slot = &ledger->slots[row];
        if (!__atomic_load_n(&slot->busy, __ATOMIC_ACQUIRE)) continue;
        uint32_t line = 0;
        const char *file = roost_ledger_place(roost_ledger_site(slot), &line);
        if (file == NULL) continue;
        roost_crash_place *place = &page->places[count];
        struct iovec here = {place->file, sizeof place->file - 1}, there = {(void *)(uintptr_t)file, sizeof place->file - 1};
        long got = syscall(SYS_process_vm_readv, getpid(), &here, 1UL, &there, 1UL, 0UL);
        if (got <= 0) continue;
        place->file[got] = 0;
        place->row = row;
        place->line = line;
        __atomic_store_n(&page->place_count, ++count, __ATOMIC_RELEASE);
    }
}

static int write_all(int descriptor, const void *bytes, size_t size) {
    const char *place = bytes;
    while (size > 0) {
        ssize_t written = write(descriptor, place, size);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return 0;
        place += written;
        size -= (size_t)written;
    }
    return 1;
}

void roost_crash_print(const void *text, size_t size) {
    const char *place = text;
    while (size > 0) {
        struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
        int count = poll(&ready, 1, 100);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0 || !(ready.revents & POLLOUT)) return;
        // A pipe that is ready takes this much.
        size_t part = size < 1024 ? size : 1024;
        ssize_t written = write(STDERR_FILENO, place, part);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return;
        place += written;
        size -= (size_t)written;
    }
}

// The page may lie in memory: a copy on the disk outlives the machine's end, too. Half a copy is none.
static void write_copy(const roost_crash_page *page) {
    const char *path = roost_handlers.copy_path;
    if (path == NULL) return;
    // Whatever has that name by now: opening a FIFO must not wait for its other end.
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (file < 0) return;
    static const char nothing[4096];
    int is_whole = write_all(file, page, sizeof *page);
    for (size_t rest = ROOST_CRASH_LEDGER_AT - sizeof *page; is_whole && rest > 0;) {
        size_t part = rest < sizeof nothing ? rest : sizeof nothing;
        is_whole = write_all(file, nothing, part);
        rest -= part;
    }
    is_whole = is_whole && write_all(file, roost_ledger_table(), sizeof(roost_ledger))
        && write_all(file, roost_handlers.stacks, sizeof *roost_handlers.stacks);
    if (is_whole) fdatasync(file);
    close(file);
    if (is_whole) roost_handlers.is_kept = 1;
    else unlink(path);
}

static void say_word(void) {
    const char *word = roost_handlers.is_kept ? roost_handlers.word_if_kept : roost_handlers.word;
    if (word != NULL) roost_crash_print(word, strlen(word));
}

static void reach(roost_crash_page *page, uint32_t state) {
    __atomic_store_n(&page->crash_state, state, __ATOMIC_RELEASE);
}

// A step that faults is left out: the handler comes again, and goes on with the next one.
static void go_on(roost_crash_page *page, const void *context) {
    switch (++step) {
    case STEP_PLACES:
        write_places(page);
        // fall through
    case STEP_STACKS:
        step = STEP_STACKS;
        roost_stacks_take(roost_handlers.stacks, context, stacks_wait_ns);
        // fall through
    case STEP_COPY:
        step = STEP_COPY;
        reach(page, ROOST_CRASH_STACKED);
        write_copy(page);
        // fall through
    case STEP_FINALIZERS:
        step = STEP_FINALIZERS;
        reach(page, ROOST_CRASH_COPIED);
        roost_crash_finalize();
        // fall through
    case STEP_HOOK:
        step = STEP_HOOK;
        reach(page, ROOST_CRASH_FINALIZED);
        if (roost_handlers.hook != NULL) roost_handlers.hook();
        // fall through
    case STEP_WORD:
        step = STEP_WORD;
        say_word();
        // fall through
    default:
        step = STEP_END;
    }
}

// --- the handlers ------------------------------------------------------------------------------------------------------------
static const struct sigaction *before(int number) {
    for (int index = 0; index < ROOST_FATAL_COUNT; index++) {
        if (roost_fatal[index] == number) return &roost_handlers.before[index];
    }
    return NULL;
}

// Ends the process by this signal as soon as the handler returns: it is blocked until then.
static void end_by(int number) {
    signal(number, SIG_DFL);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    sigprocmask(SIG_BLOCK, &set, NULL);
    syscall(SYS_tgkill, getpid(), thread_id(), number);
}

// A fault comes again by itself when the handler returns, and meets whoever was there before. What was sent does not, nor do a trap whose instruction is over and a call that was refused: who was there before is called, and then the process ends by the
// signal. The Swift runtime's handler, for one, returns from such a signal as if nothing had been.
static void pass_on(int number, siginfo_t *info, void *context) {
    const struct sigaction *action = before(number);
    if (info->si_code > 0 && number != SIGTRAP && number != SIGSYS) {
        sigaction(number, action, NULL);
        return;
    }
    if (action->sa_flags & SA_SIGINFO) {
        action->sa_sigaction(number, info, context);
    } else if (action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN) {
        action->sa_handler(number);
    }
    end_by(number);
}

void roost_crash_wait_for_the_end(int seconds) {
    struct timespec begin, now;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    do {
        poll(NULL, 0, 100);
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while (now.tv_sec - begin.tv_sec < seconds);
}

// A write that fails while the crash is written down is no other end.
static void ignore(int number) {
    struct sigaction now, none = {.sa_handler = SIG_IGN};
    if (sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_DFL) sigaction(number, &none, NULL);
}

void roost_on_fatal(int number, siginfo_t *info, void *context) {
    int saved = errno;
    roost_crash_page *page = roost_crash_page_now();
    // A process that this one forked, and that became nothing else: the page is not its own.
    if (page == NULL || page->process != getpid()) {
        pass_on(number, info, context);
        return;
    }
    uint32_t none = ROOST_CRASH_NONE;
    if (__atomic_compare_exchange_n(
            &page->crash_state, &none, ROOST_CRASH_BEGUN, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        __atomic_store_n(&page->first.thread, thread_id(), __ATOMIC_RELEASE);
        note(&page->first, number, info, context);
        reach(page, ROOST_CRASH_NOTED);
        limit(handler_limit_s);
        ignore(SIGPIPE);
        ignore(SIGXFSZ);
        go_on(page, context);
    } else if (__atomic_load_n(&page->first.thread, __ATOMIC_ACQUIRE) == thread_id() && step < STEP_END) {
        // Within the handler.
        page->nested_step = step;
        note(&page->nested, number, info, context);
        if (__atomic_add_fetch(&page->nested_count, 1, __ATOMIC_ACQ_REL) < STEP_END) go_on(page, NULL);
        // The stack below belongs to the handler that failed: there is nothing to go back to. The process ends by what came first.
        int first = page->first.number;
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, first);
        signal(first, SIG_DFL);
        syscall(SYS_tgkill, getpid(), thread_id(), first);
        sigprocmask(SIG_UNBLOCK, &set, NULL);
        _exit(128 + first);
    } else if (page->first.thread != thread_id()) {
        // Another thread has crashed, and its end is everybody's.
        if (page->second.number == 0) note(&page->second, number, info, context);
        do roost_crash_wait_for_the_end(others_wait_s);
        while (roost_handlers.is_at_terminal);
    }
    limit(roost_handlers.is_at_terminal ? 0 : chain_limit_s);
    pass_on(number, info, context);
    errno = saved;
}

void roost_on_quit(int number, siginfo_t *info, void *context) {
    (void)context;
    int saved = errno;
    static uint32_t quits;
    const roost_crash_page *page = roost_crash_page_now();
    if (page != NULL && page->process != getpid()) {
        // A process that this one forked: nobody answers there.
        end_by(number);
        return;
    }
    static roost_request first;
    if (roost_request_is_copy(&first, info)) return;
    if (__atomic_add_fetch(&quits, 1, __ATOMIC_ACQ_REL) == 1 && sem_post(&roost_handlers.quit) == 0) {
        struct itimerspec value = {
            .it_value = {
                .tv_sec = roost_handlers.quit_limit_ns / 1000000000, .tv_nsec = roost_handlers.quit_limit_ns % 1000000000}};
        timer_settime(roost_handlers.quit_limit, 0, &value, NULL);
        errno = saved;
        return;
    }
    roost_crash_quit();
}

void roost_crash_quit(void) {
    roost_crash_note_end(ROOST_END_QUIT, SIGQUIT);
    roost_crash_finalize();
    if (roost_handlers.hook != NULL) roost_handlers.hook();
    signal(SIGQUIT, SIG_DFL);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGQUIT);
    syscall(SYS_tgkill, getpid(), thread_id(), SIGQUIT);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    _exit(128 + SIGQUIT);
}
