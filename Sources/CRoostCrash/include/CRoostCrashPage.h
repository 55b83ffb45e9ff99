// The page: what a process leaves behind of itself, in a file that whoever comes after it can read. Numbers and texts of fixed places; the
// reader takes them for whatever a broken process may have written.
#ifndef CROOST_CRASH_PAGE_H
#define CROOST_CRASH_PAGE_H

#include <stddef.h>
#include <stdint.h>

#include "CRoostLedger.h"
#include "CRoostStacks.h"

enum {
    ROOST_CRASH_LAYOUT = 1,
    ROOST_CRASH_TEXT = 1024,
    ROOST_CRASH_PATH = 512,
    ROOST_CRASH_LINE = 240,
    ROOST_CRASH_LINES = 32,
    ROOST_CRASH_PLACE = 120,
    ROOST_CRASH_PLACES = 64,
    ROOST_CRASH_FINALIZERS = 32,
};

// How a process ended that said so.
enum {
    ROOST_END_NONE = 0,         // it did not say
    ROOST_END_EXIT = 1,         // exit with this status
    ROOST_END_SIGNAL = 2,       // orderly, and then by this signal
    ROOST_END_PAST_BUDGET = 3,  // its budget was over: status 70
    ROOST_END_QUIT = 4,         // SIGQUIT, with its report
};

// How far a crash was written down.
enum {
    ROOST_CRASH_NONE = 0,
    ROOST_CRASH_BEGUN = 1,      // somebody writes the numbers
    ROOST_CRASH_NOTED = 2,      // they are there
    ROOST_CRASH_STACKED = 3,    // and the stacks, as far as they could be had
    ROOST_CRASH_COPIED = 4,     // and the copy on the disk, if there was room
    ROOST_CRASH_FINALIZED = 5,  // and the finalizers have run
};

// What is to be done when nothing else can be done any more.
enum {
    ROOST_FINALIZER_FREE = 0,
    ROOST_FINALIZER_UNLINK = 1,      // this path
    ROOST_FINALIZER_KILL_GROUP = 2,  // the process group with this number
};

// One signal, as its handler saw it.
typedef struct {
    int32_t number;
    int32_t code;
    int32_t thread;
    int32_t sender;    // the process that sent it, if one did
    uint64_t address;  // 0 when it was sent
    uint64_t counter;
    uint64_t stack;
    int64_t time_ns;   // since 1970
    int64_t clock_ns;  // on the monotonic clock, as the ledger counts
} roost_crash_signal;

typedef struct {
    uint32_t kind;
    int32_t group;
    char path[ROOST_CRASH_PATH];
} roost_crash_finalizer;

typedef struct {
    uint32_t sequence;  // 0 = empty; else its number, counted from 1
    uint32_t size;
    int64_t time_ns;  // since 1970
    char text[ROOST_CRASH_LINE];
} roost_crash_line;

// Where the worker of a row of the ledger passed its last checkpoint: an address means nothing to another process.
typedef struct {
    uint32_t row;
    uint32_t line;
    char file[ROOST_CRASH_PLACE];
} roost_crash_place;

typedef struct {
    char magic[8];
    uint32_t layout;
    int32_t process;
    uint64_t image;  // how far the executable lies from where its file says
    // The process
    uint32_t end_kind;
    int32_t end_number;
    uint32_t ending;  // 1 from the moment at which the end was asked for
    // The crash
    uint32_t crash_state;
    roost_crash_signal first;
    roost_crash_signal second;  // of another thread, while the first was being written; number 0 = none
    roost_crash_signal nested;  // within the handler
    uint32_t nested_count;
    uint32_t nested_step;
    uint32_t place_count;
    uint32_t message_size;
    char message[ROOST_CRASH_TEXT];  // the program's own last word
    uint32_t line_count;
    uint32_t padding;
    roost_crash_line lines[ROOST_CRASH_LINES];
    roost_crash_place places[ROOST_CRASH_PLACES];
    roost_crash_finalizer finalizers[ROOST_CRASH_FINALIZERS];
} roost_crash_page;

// The file: the page, the ledger, the stacks, each from a border of whole pages.
enum {
    ROOST_CRASH_LEDGER_AT = 64 * 1024,
    ROOST_CRASH_STACKS_AT = ROOST_CRASH_LEDGER_AT + sizeof(roost_ledger),
    ROOST_CRASH_FILE_SIZE = ROOST_CRASH_STACKS_AT + sizeof(roost_stacks),
};
_Static_assert(sizeof(roost_crash_page) <= ROOST_CRASH_LEDGER_AT, "the page fits before the ledger");
_Static_assert(ROOST_CRASH_LEDGER_AT % ROOST_LEDGER_ALIGNMENT == 0, "the ledger begins on a page");

static const char roost_crash_magic[8] = {'r', 'o', 'o', 's', 't', 'r', 'u', 'n'};

#endif
