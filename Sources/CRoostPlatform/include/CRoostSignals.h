// Signals, the terminal and the very last steps of a process: everything here that can run in a signal handler or past
// the budget calls only async-signal-safe functions.
#ifndef CROOST_SIGNALS_H
#define CROOST_SIGNALS_H

#include <signal.h>
#include <stddef.h>
#include <sys/types.h>
#include <stdint.h>

// Puts something that fails on each of the descriptors 0, 1 and 2 that is closed, so that no file of the process gets its
// number, and with it what is printed.
void roost_fill_standard_descriptors(void);

// Installs handlers for the given signals, except those that were ignored when the process started (nohup), and turns
// SIGPIPE and SIGXFSZ into an error of the write that caused it (a handler, not SIG_IGN: an ignored signal would be inherited).
// Returns 0, or an errno. Calling it twice replaces nothing and adds what is new.
int roost_signals_install(const int32_t *_Nonnull signals, size_t count);
// Also handles SIGTSTP: the terminal is restored before the process stops.
void roost_signals_handle_stop_key(void);
// Blocks until one of the signals arrived and returns it; SIGCONT after a stop by the stop key, 0 after roost_signals_wake.
int32_t roost_signals_wait(void);
void roost_signals_wake(void);
// The signal that began the end, from the moment its handler ran; 0 when none did.
int32_t roost_signals_first(void);
// From now on a SIGINT ends the process at once.
void roost_signals_ending_begun(void);

// Whoever makes a file, or memory that has a descriptor, larger than the limit of file sizes (RLIMIT_FSIZE) is refused, and by default killed
// (SIGXFSZ). Between these two this thread is only refused: held back is the signal, and taken away if the call `was_refused`, unless there
// was one before. Callable in handlers: they have an object of their own (size_limit.c).
typedef struct {
    sigset_t mask;
    int was_pending;
} roost_size_signal;
void roost_size_signal_hold(roost_size_signal *_Nonnull held);
void roost_size_signal_restore(const roost_size_signal *_Nonnull held, int was_refused);

// Remembers the terminal's settings as they are now, to be restored at every end. Without effect when the descriptor is
// not a terminal.
void roost_terminal_remember(int descriptor);
// What to write to the terminal when it is restored (at most 64 bytes), for example to show the cursor again.
void roost_terminal_set_farewell(const char *_Nullable text, size_t length);
// Writes all of it to a file, a pipe or a terminal; gives up when the other side takes nothing for 50 ms. 1 when all was written.
int roost_write_bounded(int descriptor, const void *_Nonnull bytes, size_t count);
// Writes as write(2) does, until the terminal was given back: from then on EPIPE. Waits while the stop key has the process
// stopped.
ssize_t roost_terminal_write(int descriptor, const void *_Nonnull bytes, size_t count);
// At the end of the process: from here on nobody writes by roost_terminal_write, and the terminal is as it was before.
void roost_terminal_give_back(void);

// The report that is written if the process has to be ended without Swift's help. Replaces the one before.
// `path` may be NULL: then only `text` is written, to standard error.
void roost_last_words(
    const char *_Nullable path, const char *_Nullable file, size_t file_length, const char *_Nullable text,
    size_t text_length);

// Writes the report now, once.
void roost_say_last_words(void);

// Starts the thread that ends the process past its budget when nothing else does. Returns 0 or an errno.
int roost_backstop_start(int64_t budget_ns, int64_t slack_ns);
// The budget's clock starts now (also done by the handler itself). Only the first call counts. Async-signal-safe.
void roost_backstop_arm(void);

// Whoever wants to know how the process ends: called by the two below, with nothing but what a handler may call; at the end of its time once more
// when nothing else is left to do (ROOST_ENDS_NOW), and before an end in a hurry, which comes to nothing else (ROOST_ENDS_HURRIED).
enum { ROOST_ENDS_BY_STATUS, ROOST_ENDS_BY_SIGNAL, ROOST_ENDS_NOW, ROOST_ENDS_HURRIED };
void roost_at_end(void (*_Nullable note)(int kind, int number));

// Asked in the handler about every SIGINT: 1 for one that is none, being the same request once more.
void roost_signals_doubt_interrupts(int (*_Nullable doubt)(const siginfo_t *_Nonnull info));

// Restores the terminal, writes the last words, and ends the process with this status; never runs exit handlers.
_Noreturn void roost_end_now(int status);
// Restores the terminal, restores the signal's default action, and sends it to this process.
_Noreturn void roost_end_by_signal(int signal);

#endif
