#define _GNU_SOURCE
#include "CRoostSignals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

// --- state that handlers read ----------------------------------------------------------------------------------------
static int signal_pipe[2] = {-1, -1};
static int ending_begun;
static int first_signal;  // what began the ending, when a signal did
static int terminal = -1;
static struct termios terminal_settings;
static char farewell[64];
static size_t farewell_length;
enum { TERMINAL_OURS, TERMINAL_GIVEN_BACK, TERMINAL_LENT };  // lent: to the shell, while the stop key stops the process
static int terminal_state;
static int terminal_given_back;  // whole: its settings are what they were
static int terminal_writers;  // threads that write to it at this moment

struct last_words {
    char *path, *new_path, *file, *text;
    size_t file_length, text_length;
};
static int speakers;  // threads that write the report at this moment
static void say(const struct last_words *words);
static struct last_words *last_words;  // swapped whole; an old one is kept, since a handler may be reading it

static sem_t backstop_alarm;
static int backstop_started;
static int backstop_armed;
static int64_t backstop_limit_ns;

// Not nanosleep(2): it is not among the functions that a handler may call.
static void rest_for(int milliseconds) {
    poll(NULL, 0, milliseconds);
}

// --- the terminal ----------------------------------------------------------------------------------------------------
void roost_terminal_remember(int descriptor) {
    if (terminal >= 0 || !isatty(descriptor)) return;
    if (tcgetattr(descriptor, &terminal_settings) != 0) return;
    __atomic_store_n(&terminal, descriptor, __ATOMIC_RELEASE);
}

void roost_terminal_set_farewell(const char *text, size_t length) {
    if (length > sizeof farewell) length = sizeof farewell;
    __atomic_store_n(&farewell_length, 0, __ATOMIC_RELEASE);
    if (text == NULL) return;
    memcpy(farewell, text, length);
    __atomic_store_n(&farewell_length, length, __ATOMIC_RELEASE);
}

// The same terminal with a description of its own, one that does not block: `poll` says that there is room for something,
// which may be less than what is written. The one we were given is shared with the shell and has to stay as it is.
static int without_blocking(int descriptor) {
    struct termios settings;
    if (descriptor < 0 || descriptor > 999 || tcgetattr(descriptor, &settings) != 0) return -1;
    char path[] = "/proc/self/fd/000";
    char *digits = path + sizeof "/proc/self/fd/" - 1;
    int length = descriptor > 99 ? 3 : descriptor > 9 ? 2 : 1;
    digits[length] = 0;
    for (int rest = descriptor; length > 0; rest /= 10) digits[--length] = (char)('0' + rest % 10);
    return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

// Gives up when the other side takes nothing for 50 ms: a terminal held by Ctrl-S or a pipe nobody reads must not keep a
// process that is ending. Returns 1 when all was written.
static int write_all(int descriptor, const char *bytes, size_t length) {
    int own = without_blocking(descriptor), refusals = 0;
    if (own >= 0) descriptor = own;
    while (length > 0 && refusals < 10) {
        struct pollfd ready = {.fd = descriptor, .events = POLLOUT};
        int count = poll(&ready, 1, 50);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        // A pipe that is ready takes this much. In a file that may not grow it is refused.
        roost_size_signal held;
        roost_size_signal_hold(&held);
        ssize_t written = write(descriptor, bytes, length < 1024 ? length : 1024);
        int failure = errno;
        roost_size_signal_restore(&held, written < 0 && failure == EFBIG);
        if (written < 0 && failure == EAGAIN) {
            // Room, but not enough for a line break with its carriage return.
            rest_for(5);
            refusals++;
        } else if (written >= 0) {
            bytes += written;
            length -= (size_t)written;
            refusals = 0;
        } else if (failure != EINTR) {
            break;
        }
    }
    if (own >= 0) close(own);
    return length == 0;
}

static void restore_terminal(void) {
    int descriptor = __atomic_load_n(&terminal, __ATOMIC_ACQUIRE);
    if (descriptor < 0) return;
    // In the background the terminal is somebody else's, who may have set it as it needs it.
    pid_t foreground = tcgetpgrp(descriptor);
    if (foreground >= 0 && foreground != getpgrp()) return;
    // A background process that sets the terminal is stopped by SIGTTOU; blocked, the call goes through.
    sigset_t block, before;
    sigemptyset(&block);
    sigaddset(&block, SIGTTOU);
    pthread_sigmask(SIG_BLOCK, &block, &before);
    size_t length = __atomic_load_n(&farewell_length, __ATOMIC_ACQUIRE);
    if (length > 0) write_all(descriptor, farewell, length);
    tcsetattr(descriptor, TCSANOW, &terminal_settings);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

int roost_write_bounded(int descriptor, const void *bytes, size_t count) {
    return write_all(descriptor, bytes, count);
}

ssize_t roost_terminal_write(int descriptor, const void *bytes, size_t count) {
    for (;;) {
        // Counted first and looked at second: whoever gives the terminal back and then sees zero knows that nothing follows.
        __atomic_add_fetch(&terminal_writers, 1, __ATOMIC_SEQ_CST);
        int state = __atomic_load_n(&terminal_state, __ATOMIC_SEQ_CST);
        ssize_t written = state == TERMINAL_OURS ? write(descriptor, bytes, count) : -1;
        int failure = state == TERMINAL_OURS ? errno : EPIPE;
        __atomic_sub_fetch(&terminal_writers, 1, __ATOMIC_SEQ_CST);
        errno = failure;
        if (state != TERMINAL_LENT) return written;
        rest_for(1);
    }
}

// After the state says that it is not ours. Waits for a writer at most 20 ms: the terminal may be held by Ctrl-S, and the
// writer may be the very thread that was interrupted to come here.
static void hand_over_terminal(void) {
    for (int i = 0; i < 20 && __atomic_load_n(&terminal_writers, __ATOMIC_SEQ_CST) > 0; i++) rest_for(1);
    restore_terminal();
}

void roost_terminal_give_back(void) {
    __atomic_store_n(&terminal_state, TERMINAL_GIVEN_BACK, __ATOMIC_SEQ_CST);
    // Once only; a handler that interrupts somebody in the middle of it does it again.
    if (__atomic_load_n(&terminal_given_back, __ATOMIC_ACQUIRE)) return;
    hand_over_terminal();
    __atomic_store_n(&terminal_given_back, 1, __ATOMIC_RELEASE);
}

// --- the end ---------------------------------------------------------------------------------------------------------
static char *copy(const char *bytes, size_t length) {
    char *to = malloc(length + 1);
    if (to == NULL) return NULL;
    memcpy(to, bytes, length);
    to[length] = 0;
    return to;
}

void roost_last_words(const char *path, const char *file, size_t file_length, const char *text, size_t text_length) {
    struct last_words *next = calloc(1, sizeof *next);
    if (next == NULL) return;
    if (path != NULL) {
        size_t length = strlen(path);
        next->path = copy(path, length);
        next->new_path = malloc(length + 5);
        if (next->new_path != NULL) {
            memcpy(next->new_path, path, length);
            memcpy(next->new_path + length, ".new", 5);
        }
    }
    if (file != NULL) next->file = copy(file, file_length);
    if (text != NULL) next->text = copy(text, text_length);
    next->file_length = next->file == NULL ? 0 : file_length;
    next->text_length = next->text == NULL ? 0 : text_length;
    __atomic_store_n(&last_words, next, __ATOMIC_RELEASE);
}

void roost_say_last_words(void) {
    // Otherwise they would be appended to a line that is being drawn.
    roost_terminal_give_back();
    __atomic_add_fetch(&speakers, 1, __ATOMIC_ACQ_REL);
    struct last_words *words = __atomic_exchange_n(&last_words, NULL, __ATOMIC_ACQ_REL);
    if (words != NULL) say(words);
    __atomic_sub_fetch(&speakers, 1, __ATOMIC_ACQ_REL);
}

static void say(const struct last_words *words) {
    if (words->path != NULL && words->new_path != NULL && words->file_length > 0) {
        // Beside the place first: whoever reads the report finds a whole one, the new or the one before.
        // Whatever has that name by now: opening a FIFO must not wait for its other end.
        int descriptor = open(words->new_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
        if (descriptor >= 0) {
            int is_whole = write_all(descriptor, words->file, words->file_length);
            close(descriptor);
            if (!is_whole || rename(words->new_path, words->path) != 0) unlink(words->new_path);
        }
    }
    if (words->text_length > 0) write_all(STDERR_FILENO, words->text, words->text_length);
}

static void (*noted_end)(int kind, int number);

void roost_at_end(void (*note)(int kind, int number)) {
    __atomic_store_n(&noted_end, note, __ATOMIC_RELEASE);
}

static void note_end(int kind, int number) {
    void (*note)(int, int) = __atomic_load_n(&noted_end, __ATOMIC_ACQUIRE);
    if (note != NULL) note(kind, number);
}

_Noreturn void roost_end_now(int status) {
    note_end(ROOST_ENDS_BY_STATUS, status);
    roost_say_last_words();
    // Another thread may be at it: a moment, so that the report is whole.
    for (int i = 0; i < 50 && __atomic_load_n(&speakers, __ATOMIC_ACQUIRE) > 0; i++) rest_for(1);
    note_end(ROOST_ENDS_NOW, status);
    _exit(status);
}

_Noreturn void roost_end_by_signal(int number) {
    note_end(ROOST_ENDS_BY_SIGNAL, number);
    roost_terminal_give_back();
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigaction(number, &action, NULL);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    kill(getpid(), number);
    // The signal may be delivered to another thread: give it a moment. If its default is not to end, end all the same.
    rest_for(1000);
    _exit(128 + number);
}

// --- the backstop ----------------------------------------------------------------------------------------------------
static int64_t monotonic_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void *backstop(void *unused) {
    (void)unused;
    pthread_setname_np(pthread_self(), "roost-backstop");
    while (sem_wait(&backstop_alarm) != 0) {}
    // Counted in ticks, each worth at most 100 ms: while the process is stopped (SIGSTOP) the budget stands still.
    const int64_t tick = 10000000, most = 100000000;
    int64_t spent = 0, last = monotonic_ns();
    int64_t limit = backstop_limit_ns;
    while (spent < limit) {
        int64_t wait = limit - spent < tick ? limit - spent : tick;
        struct timespec pause = {wait / 1000000000, wait % 1000000000};
        nanosleep(&pause, NULL);
        int64_t now = monotonic_ns();
        spent += now - last < most ? now - last : most;
        last = now;
    }
    roost_end_now(70);
}

int roost_backstop_start(int64_t budget_ns, int64_t slack_ns) {
    if (__atomic_load_n(&backstop_started, __ATOMIC_ACQUIRE)) return 0;
    // A budget without an end stays one.
    if (__builtin_add_overflow(budget_ns, slack_ns, &backstop_limit_ns)) backstop_limit_ns = INT64_MAX;
    if (sem_init(&backstop_alarm, 0, 0) != 0) return errno;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 128 * 1024);
    pthread_t thread;
    int failure = pthread_create(&thread, &attributes, backstop, NULL);
    pthread_attr_destroy(&attributes);
    if (failure == 0) __atomic_store_n(&backstop_started, 1, __ATOMIC_RELEASE);
    return failure;
}

void roost_backstop_arm(void) {
    if (!__atomic_load_n(&backstop_started, __ATOMIC_ACQUIRE)) return;
    if (__atomic_exchange_n(&backstop_armed, 1, __ATOMIC_ACQ_REL)) return;
    sem_post(&backstop_alarm);
}

// --- signals ---------------------------------------------------------------------------------------------------------
void roost_signals_ending_begun(void) {
    __atomic_store_n(&ending_begun, 1, __ATOMIC_RELEASE);
}

static void tell(int number) {
    unsigned char byte = (unsigned char)number;
    while (write(signal_pipe[1], &byte, 1) < 0 && errno == EINTR) {}
}

static int (*is_copy)(const siginfo_t *info);

void roost_signals_doubt_interrupts(int (*doubt)(const siginfo_t *info)) {
    __atomic_store_n(&is_copy, doubt, __ATOMIC_RELEASE);
}

static void on_end_signal(int number, siginfo_t *info, void *context) {
    (void)context;
    int saved = errno;
    int (*doubt)(const siginfo_t *) = __atomic_load_n(&is_copy, __ATOMIC_ACQUIRE);
    if (number == SIGINT && doubt != NULL && doubt(info)) return;
    int was_begun = __atomic_exchange_n(&ending_begun, 1, __ATOMIC_ACQ_REL);
    if (was_begun && number == SIGINT) {
        note_end(ROOST_ENDS_HURRIED, SIGINT);
        roost_end_by_signal(SIGINT);
    }
    if (!was_begun) {
        __atomic_store_n(&first_signal, number, __ATOMIC_RELEASE);
        roost_backstop_arm();
        tell(number);
    }
    errno = saved;
}

int32_t roost_signals_first(void) {
    return __atomic_load_n(&first_signal, __ATOMIC_ACQUIRE);
}

// For signals whose call then fails with an errno that says the same.
static void on_failed_write(int number, siginfo_t *info, void *context) {
    (void)number;
    (void)info;
    (void)context;
}

static void on_stop_key(int number, siginfo_t *info, void *context) {
    (void)info;
    (void)context;
    int saved = errno;
    // One that was given back stays so.
    int state = TERMINAL_OURS;
    if (__atomic_compare_exchange_n(
            &terminal_state, &state, TERMINAL_LENT, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        hand_over_terminal();
    struct sigaction ours, standard = {.sa_handler = SIG_DFL};
    sigaction(number, &standard, &ours);
    sigset_t set, before;
    sigemptyset(&set);
    sigaddset(&set, number);
    raise(number);
    pthread_sigmask(SIG_UNBLOCK, &set, &before);  // stops here, goes on after SIGCONT
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    sigaction(number, &ours, NULL);
    int lent = TERMINAL_LENT;
    __atomic_compare_exchange_n(&terminal_state, &lent, TERMINAL_OURS, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    if (signal_pipe[1] >= 0) tell(SIGCONT);
    errno = saved;
}

static int was_ignored(int number) {
    struct sigaction now;
    return sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

static void handle(int number, void (*handler)(int, siginfo_t *, void *)) {
    if (was_ignored(number)) return;
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

void roost_fill_standard_descriptors(void) {
    for (int descriptor = 0; descriptor < 3; descriptor++) {
        if (fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF) continue;
        // Opened the wrong way round, so that reading and writing fail as they did before. The lowest free number is this one.
        int made = open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY);
        if (made >= 0 && made != descriptor) close(made);
    }
}

static int handled[64];

int roost_signals_install(const int32_t *signals, size_t count) {
    if (signal_pipe[0] < 0) {
        int made[2];
        if (pipe2(made, O_CLOEXEC) != 0) return errno;
        // The writing end never blocks a handler; the reading end blocks its thread.
        fcntl(made[1], F_SETFL, O_NONBLOCK);
        signal_pipe[0] = made[0];
        signal_pipe[1] = made[1];
    }
    const int of_writes[] = {SIGPIPE, SIGXFSZ};
    for (size_t i = 0; i < 2; i++) {
        struct sigaction now;
        if (sigaction(of_writes[i], NULL, &now) == 0 && now.sa_handler == SIG_DFL) handle(of_writes[i], on_failed_write);
    }
    for (size_t i = 0; i < count && i < sizeof handled / sizeof handled[0]; i++) {
        handle(signals[i], on_end_signal);
        handled[i] = signals[i];
    }
    return 0;
}

void roost_signals_handle_stop_key(void) {
    handle(SIGTSTP, on_stop_key);
}

void roost_signals_wake(void) {
    tell(0);
}

int32_t roost_signals_wait(void) {
    // A process whose parent had them blocked hears them all the same, on this thread.
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof handled / sizeof handled[0]; i++) {
        if (handled[i] != 0) sigaddset(&set, handled[i]);
    }
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    for (;;) {
        unsigned char byte;
        ssize_t got = read(signal_pipe[0], &byte, 1);
        if (got == 1) return byte;
        if (got < 0 && errno != EINTR) {
            // Cannot happen while the pipe is ours; never spin if it does.
            rest_for(1000);
        }
    }
}
