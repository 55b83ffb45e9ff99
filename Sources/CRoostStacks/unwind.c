#define _GNU_SOURCE
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include <unwind.h>

#include "inside.h"

// Everything here runs within handlers: system calls alone, no allocation, no lock. The compiler's unwinder asks the
// dynamic linker, which answers without a lock since glibc 2.35, and is not asked before that; frame pointers are followed first in case it
// does not come back.

static void count(roost_stack *stack, uint32_t frames) {
    __atomic_store_n(&stack->count, frames, __ATOMIC_RELEASE);
}

// --- by frame pointers -------------------------------------------------------------------------------------------------

int roost_read_memory(uintptr_t place, void *bytes, size_t size) {
    struct iovec here = {bytes, size}, there = {(void *)place, size};
    return syscall(SYS_process_vm_readv, getpid(), &here, 1UL, &there, 1UL, 0UL) == (long)size;
}

void roost_registers(const ucontext_t *context, uintptr_t *counter, uintptr_t *frame) {
#if defined(__x86_64__)
    *counter = (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
    *frame = (uintptr_t)context->uc_mcontext.gregs[REG_RBP];
#elif defined(__aarch64__)
    *counter = context->uc_mcontext.pc;
    *frame = context->uc_mcontext.regs[29];
#else
    *counter = *frame = 0;
#endif
}

// Swift marks the frames of asynchronous functions in bit 60.
static const uintptr_t marks = (uintptr_t)0xF << 60;

static void follow(roost_stack *stack, uintptr_t counter, uintptr_t frame) {
    uint32_t frames = 0;
    if (counter != 0) stack->frames[frames++] = counter;
    while (frame != 0 && frame % sizeof(uintptr_t) == 0) {
        uintptr_t words[2];
        if (!roost_read_memory(frame, words, sizeof words) || words[1] == 0) break;
        if (frames == ROOST_STACK_FRAMES) {
            stack->is_cut = 1;
            break;
        }
        stack->frames[frames++] = words[1];
        uintptr_t next = words[0] & ~marks;
        if (next <= frame) break;
        frame = next;
    }
    count(stack, frames);
}

// --- by the tables of the compiler ---------------------------------------------------------------------------------------
typedef struct {
    uintptr_t counter;  // where the thread was: frames before it are the handler's; 0 for all
    uint32_t count, is_cut;
    uint64_t frames[ROOST_STACK_FRAMES];
} unwinding;

static _Unwind_Reason_Code one_frame(struct _Unwind_Context *context, void *argument) {
    unwinding *found = argument;
    int is_exact = 0;
    uintptr_t counter = _Unwind_GetIPInfo(context, &is_exact);
    if (counter == 0) return _URC_END_OF_STACK;
    if (found->count == 0 && found->counter != 0 && counter != found->counter) return _URC_NO_REASON;
    if (found->count == ROOST_STACK_FRAMES) {
        found->is_cut = 1;
        return _URC_END_OF_STACK;
    }
    found->frames[found->count++] = counter;
    return _URC_NO_REASON;
}

int roost_may_unwind;

// On the stack of the thread itself. Code without frame pointers (the C library) hides its caller from the first way, code that nobody knows
// (a jump to nowhere) all from the second: the longer one is right.
void roost_unwind(roost_stack *stack, const ucontext_t *context) {
    uintptr_t counter = 0, frame = (uintptr_t)__builtin_frame_address(0);
    if (context != NULL) roost_registers(context, &counter, &frame);
    follow(stack, counter, frame);
    if (!roost_may_unwind) return;
    unwinding found = {.counter = counter};
    _Unwind_Backtrace(one_frame, &found);
    if (found.count < stack->count) return;
    memcpy(stack->frames, found.frames, found.count * sizeof found.frames[0]);
    stack->is_cut = found.is_cut;
    count(stack, found.count);
}

void roost_unwind_once(void) {
    unwinding found = {.counter = 0};
    _Unwind_Backtrace(one_frame, &found);
}
