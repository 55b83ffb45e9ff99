// The stacks of all threads of this process, written down by the threads themselves: also within a handler of a crash.
#ifndef CROOST_STACKS_H
#define CROOST_STACKS_H

#include <stddef.h>
#include <stdint.h>

enum {
    ROOST_STACK_FRAMES = 96,
    ROOST_STACK_THREADS = 64,
    ROOST_STACK_MAPS = 64 * 1024,
};

// Frames from the innermost outwards: the first is where the thread was, the others are return addresses.
typedef struct {
    int32_t thread;
    uint32_t count;
    uint32_t is_cut;  // more frames than there is room for
    char name[20];
    uint64_t frames[ROOST_STACK_FRAMES];
} roost_stack;

typedef struct {
    // How many of `stacks` there are: the first is the caller's. Those that did not answer in time have no frames.
    uint32_t count;
    uint32_t omitted;  // threads for which there was no room
    uint32_t maps_size;
    uint32_t has_instruction;
    uint32_t instruction;  // the bytes at which the caller was
    uint32_t padding;
    roost_stack stacks[ROOST_STACK_THREADS];
    char maps[ROOST_STACK_MAPS];  // of /proc/self/maps each file's first line and its last
} roost_stacks;

static inline const roost_stack *_Nonnull roost_stacks_at(const roost_stacks *_Nonnull stacks, uint32_t index) {
    return &stacks->stacks[index];
}
static inline const char *_Nonnull roost_stacks_maps(const roost_stacks *_Nonnull stacks) {
    return stacks->maps;
}
static inline const char *_Nonnull roost_stack_name(const roost_stack *_Nonnull stack) {
    return stack->name;
}
static inline const uint64_t *_Nonnull roost_stack_frames(const roost_stack *_Nonnull stack) {
    return stack->frames;
}

// Loads what is needed, so that a handler need not. Once, at the start.
void roost_stacks_prepare(void);

// Writes down the caller's stack, and then asks every other thread for its own, for `wait_ns` at most. `context` is the `ucontext_t` that a
// handler was given, NULL outside of one. What is written counts from the moment it is there: a caller that dies meanwhile has left that.
// One at a time. Threads are interrupted by SIGPROF, whose handler stays; a SIGPROF that somebody else sends goes to the handler that was
// there before.
void roost_stacks_take(roost_stacks *_Nonnull stacks, const void *_Nullable context, int64_t wait_ns);

// --- any number of threads, asked by a healthy process ---------------------------------------------------------------------
typedef struct roost_survey roost_survey;
enum {
    ROOST_ANSWER_NOT_ASKED = 0,
    ROOST_ANSWER_GIVEN = 3,
    ROOST_ANSWER_LATE = 4,  // it was asked and did not answer in time
    ROOST_ANSWER_GONE = 5,  // there is no such thread any more
};

// Memory for the stacks of these threads; NULL when there is none to be had.
roost_survey *_Nullable roost_survey_make(const int32_t *_Nonnull threads, uint32_t count);
// Surveys take turns: a thread that writes its answer to one looks as if it could not answer another. 0, or ETIMEDOUT when `wait_ns` was not
// enough; after 0 it is this caller's turn until it says that it ends.
int roost_survey_begin(int64_t wait_ns);
void roost_survey_end(void);
// Asks them all, and waits for `wait_ns` at most and some more for those that have begun. Once for a survey, by whose turn it is. 0, or the
// errno of sigaction.
int roost_survey_take(roost_survey *_Nonnull survey, int64_t wait_ns);
// What became of the question to a thread, by its place among `threads`.
uint32_t roost_survey_answer(const roost_survey *_Nonnull survey, uint32_t index);
// Its stack; to be looked at only if it was given.
const roost_stack *_Nonnull roost_survey_stack(const roost_survey *_Nonnull survey, uint32_t index);
// Gives the memory back. Where a thread was stopped while it wrote its answer, the memory is left to it.
void roost_survey_free(roost_survey *_Nonnull survey);

// --- threads of our own ------------------------------------------------------------------------------------------------
enum { ROOST_FATAL_COUNT = 7 };
// The signals that a crash comes as.
extern const int roost_fatal[ROOST_FATAL_COUNT];

// An alternate stack for the calling thread, if it has none: an overflow of a stack can only be reported on another one. It goes with the thread.
void roost_protect_thread(void);
// Starts a detached thread with such a stack that runs `body`. Signals are other threads' business, but for those of a fault and SIGPROF. 0 or an
// errno.
int roost_service_start(
    const char *_Nonnull name, size_t stack_size, void (*_Nonnull body)(void *_Nullable), void *_Nullable argument);

// --- which build -----------------------------------------------------------------------------------------------------
enum { ROOST_BUILD_ID_SIZE = 64 };

// The GNU build id of what is loaded in this process from `start`, or of a file: its bytes, and how many; 0 without one.
size_t roost_build_id_at(uint64_t start, unsigned char *_Nonnull bytes, size_t size);
size_t roost_build_id_of_file(const char *_Nonnull path, unsigned char *_Nonnull bytes, size_t size);
// That of this process's executable, whichever file has its name by now.
size_t roost_build_id_of_executable(unsigned char *_Nonnull bytes, size_t size);

#endif
