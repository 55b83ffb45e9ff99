// What the parts share. All of it may run within handlers: system calls alone, no allocation, no lock.
#ifndef ROOST_STACKS_INSIDE_H
#define ROOST_STACKS_INSIDE_H

#include <ucontext.h>

#include "CRoostStacks.h"

// --- one thread's own stack --------------------------------------------------------------------------------------------------
void roost_unwind(roost_stack *stack, const ucontext_t *context);
// Whether the compiler's unwinder may be asked within a handler.
extern int roost_may_unwind;
// Has it load what it needs.
void roost_unwind_once(void);
// Open from the start, for a process that dies because it may open no more; -1 for none.
extern int roost_spare_file;
void roost_registers(const ucontext_t *context, uintptr_t *counter, uintptr_t *frame);
// Memory that may not be there.
int roost_read_memory(uintptr_t place, void *bytes, size_t size);

// --- asking others -----------------------------------------------------------------------------------------------------------
typedef struct {
    int32_t thread;
    uint32_t state;  // ROOST_ANSWER_…, or one of the two in between
    roost_stack *stack;
} roost_question;
enum { ROOST_QUESTION_ASKED = 1, ROOST_QUESTION_WRITING = 2 };

typedef struct {
    uint32_t count;
    uint32_t unanswered;  // a futex
    roost_question *questions;
} roost_inquiry;

// A crash does not wait for a survey that is under way: each has its own place.
enum { ROOST_OF_CRASH, ROOST_OF_SURVEY, ROOST_INQUIRIES };

int64_t roost_stacks_now(void);
// Has SIGPROF handled; 0 or an errno.
int roost_inquiries_install(void);
// Until all have answered, or the time is up. Whoever comes after that finds no question.
void roost_inquire(roost_inquiry *inquiry, int place, int64_t end);
// Threads that are looking at an inquiry, or at one that is over.
uint32_t roost_inquiry_readers(void);

#endif
