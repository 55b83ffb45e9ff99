// What a crashing process does for those who come after it. The handlers are in objects of their own (handlers.c, finalizers.c, notes.c):
// Scripts/check-handlers looks that they call nothing but what a handler may call.
#ifndef CROOST_CRASH_H
#define CROOST_CRASH_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "CRoostCrashPage.h"
#include "CRoostSupervisor.h"

// --- set-up (setup.c) --------------------------------------------------------------------------------------------------
// The memory of the page: mapped from `descriptor`, which has its size, or nobody else's for -1. NULL without memory; `failure` is then an
// errno. The ledger lies in the same file from then on.
roost_crash_page *_Nullable roost_crash_map(int descriptor, int *_Nonnull failure);

typedef struct {
    int record;                          // the run's record, opened for appending; -1 for none
    const char *_Nullable page_path;     // of the page's file, which goes with an orderly end; NULL for none
    const char *_Nullable copy_path;     // where the handler writes a copy of the page; NULL for nowhere
    const char *_Nullable word;          // a line for standard error
    const char *_Nullable word_if_kept;  // the same when the page has a file, or its copy could be written
} roost_crash_setup;

// Installs the handlers of the fatal signals, once. Those that were there are called afterwards. 0 or an errno.
int roost_crash_install(roost_crash_page *_Nonnull page, const roost_crash_setup *_Nonnull setup);
int roost_crash_is_installed(void);
// 1 for a place of a file system that no disk holds.
int roost_crash_is_in_memory(const char *_Nonnull path);
// The text at `file` of a process of the same executable whose image lay at `image`; NULL if it is none of the executable's.
const char *_Nullable roost_crash_text_of(uint64_t file, uint64_t image);

// Has SIGQUIT wake whoever waits in roost_crash_wait_for_quit, and the second one, or one that nobody answers within `limit_ns`, end the process
// at once. 0 or an errno.
int roost_crash_handle_quit(int64_t limit_ns);
// Blocks until SIGQUIT came.
void roost_crash_wait_for_quit(void);
// Writes to standard error; gives up when the other side takes nothing for 100 ms.
void roost_crash_print(const void *_Nonnull text, size_t size);
// Ends the process by SIGQUIT as the system does.
_Noreturn void roost_crash_quit(void);

// A program's C function that is called after the declared finalizers: it calls only what a handler may call.
void roost_crash_set_hook(void (*_Nullable hook)(void));

// --- what is noted (notes.c); callable in handlers --------------------------------------------------------------------------
// Whether a SIGINT is one that came before, passed on by the supervisor once more: see roost_signals_doubt_interrupts.
int roost_crash_interrupt_is_copy(const siginfo_t *_Nonnull info);

// How the process is about to end; the first that is said stays.
void roost_crash_note_end(uint32_t kind, int32_t number);
void roost_crash_note_ending(void);
// The same in the form of roost_at_end. Of a status 70, that of a budget which is over, the last step runs the finalizers, and so does an end in a hurry.
void roost_crash_note_end_by(int way, int number);
// One of the last lines; a long one is cut.
void roost_crash_note_line(const void *_Nonnull text, size_t size);
// The program's last word: of an error that nobody caught.
void roost_crash_note_message(const void *_Nonnull text, size_t size);

// --- finalizers (finalizers.c); callable in handlers ---------------------------------------------------------------------------
// The place of a new one, or -1: there is no room, or the path is too long.
int32_t roost_crash_add_unlink(const char *_Nonnull path);
int32_t roost_crash_add_kill_group(int32_t group);
void roost_crash_remove_finalizer(int32_t place);
void roost_crash_finalize(void);

// --- for the handlers' own parts -------------------------------------------------------------------------------------------------
roost_crash_page *_Nullable roost_crash_page_now(void);
void roost_crash_use_page(roost_crash_page *_Nonnull page, int record, const char *_Nullable path);

// Of arrays in C, which Swift sees as tuples.
static inline const roost_crash_line *_Nonnull roost_crash_line_at(const roost_crash_page *_Nonnull page, uint32_t index) {
    return &page->lines[index];
}
static inline const char *_Nonnull roost_crash_line_text(const roost_crash_line *_Nonnull line) { return line->text; }
static inline const roost_crash_place *_Nonnull roost_crash_place_at(
    const roost_crash_page *_Nonnull page, uint32_t index) {
    return &page->places[index];
}
static inline const char *_Nonnull roost_crash_place_file(const roost_crash_place *_Nonnull place) { return place->file; }
static inline const roost_crash_finalizer *_Nonnull roost_crash_finalizer_at(
    const roost_crash_page *_Nonnull page, uint32_t index) {
    return &page->finalizers[index];
}
static inline const char *_Nonnull roost_crash_finalizer_path(const roost_crash_finalizer *_Nonnull finalizer) {
    return finalizer->path;
}
static inline const char *_Nonnull roost_crash_message(const roost_crash_page *_Nonnull page) { return page->message; }
static inline int roost_crash_is_page(const roost_crash_page *_Nonnull page) {
    for (int index = 0; index < 8; index++) {
        if (page->magic[index] != roost_crash_magic[index]) return 0;
    }
    return page->layout == ROOST_CRASH_LAYOUT;
}
static inline const roost_ledger *_Nonnull roost_crash_ledger(const roost_crash_page *_Nonnull page) {
    return (const roost_ledger *)((const char *)page + ROOST_CRASH_LEDGER_AT);
}
static inline const roost_stacks *_Nonnull roost_crash_stacks(const roost_crash_page *_Nonnull page) {
    return (const roost_stacks *)((const char *)page + ROOST_CRASH_STACKS_AT);
}

#endif
