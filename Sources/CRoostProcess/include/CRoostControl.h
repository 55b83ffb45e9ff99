// The page that an app and one of its worker processes share: what was offered, what runs, what was asked, and what a
// crash leaves behind. Either side may die at any instruction; every field is read as if the other had.
#ifndef CROOST_CONTROL_H
#define CROOST_CONTROL_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "CRoostStacks.h"

enum {
    ROOST_CONTROL_MAGIC = 0x52735431,
    ROOST_SLOT_COUNT = 32,
    ROOST_UPDATE_SIZE = 4096,
    ROOST_RING_SIZE = 256 * 1024,
    ROOST_CONTROL_SIZE = 16 * 1024,  // then the ring to the worker, the one from it, and the stacks of a crash
};

// A task's place. The app offers, then either the worker takes it or the app takes it back: one of the two wins.
enum { ROOST_SLOT_FREE = 0, ROOST_SLOT_OFFERED, ROOST_SLOT_TAKEN, ROOST_SLOT_REVOKED };
enum { ROOST_FLAG_STOP = 1, ROOST_FLAG_PAUSE = 2 };

typedef struct {
    uint32_t state;
    uint32_t flags;       // what was asked; a futex for a task that sleeps or is paused
    int64_t began_ns;     // CLOCK_MONOTONIC when it was taken
    int64_t cpu_ns;       // the process's CPU time then
    uint32_t element;     // which element of a chunk is in progress, counted from 0
    uint32_t is_paused;   // it waits in a checkpoint
    uint64_t output_limit;  // bytes; UINT64_MAX for none
    // Of the element in progress; as above unless the tasks are timed.
    int64_t element_began_ns;
    int64_t element_cpu_ns;
    uint32_t is_timed;
    uint32_t files;       // how many files may be open meanwhile, and one; 0 for as many as otherwise
} roost_slot;

typedef struct {
    uint32_t magic;
    uint32_t takes_stacks;
    int32_t app;
    uint32_t crash_state;  // 0 none, 1 being written, 2 written, 3 with the stacks
    int32_t crash_signal;
    int32_t crash_code;
    int32_t crash_thread;
    uint32_t allocation_failed;  // it crashed under a limit of memory, with nothing left to be had
    uint64_t crash_address;
    uint64_t crash_stack;
    int64_t crash_ns;
    uint64_t crash_counter;
    int64_t crash_cpu_ns;  // the process's CPU time: what writes the backtrace is counted for it later
    // The newest update, as the worker encoded it: odd while it is written.
    uint32_t update_turn;
    uint32_t update_size;
    uint32_t update_slot;
    uint32_t has_entered;  // the program has come to the worker's entry
    // Where the last checkpoint was: odd while it is written.
    uint64_t site_packed;
    uint32_t site_turn;
    uint32_t site_line;
    char site_file[120];
    // Of the worker's own arenas, those that the app does not read: no limit of the kernel's sees memory that can be shared.
    int64_t arena_bytes;
    roost_slot slots[ROOST_SLOT_COUNT];
    unsigned char update[ROOST_UPDATE_SIZE];
} roost_control;

_Static_assert(sizeof(roost_slot) == 64, "a cache line each");
_Static_assert(sizeof(roost_control) <= ROOST_CONTROL_SIZE, "the rings come after it");

// Maps the control page and both rings, each ring twice in a row so that a frame never breaks. NULL with errno.
roost_control *_Nullable roost_control_map(int32_t descriptor);
void roost_control_unmap(roost_control *_Nonnull control);
size_t roost_control_size(void);
void roost_control_init(roost_control *_Nonnull control, int32_t app, int32_t takes_stacks);
// What a crash leaves besides its mark.
roost_stacks *_Nonnull roost_control_stacks(roost_control *_Nonnull control);

static inline roost_slot *_Nonnull roost_control_slot(roost_control *_Nonnull control, int32_t slot) {
    return &control->slots[slot];
}
static inline void roost_slot_offer(
    roost_slot *_Nonnull slot, uint32_t flags, uint64_t output_limit, uint32_t is_timed, uint32_t files) {
    slot->output_limit = output_limit;
    slot->is_timed = is_timed;
    slot->files = files;
    __atomic_store_n(&slot->flags, flags, __ATOMIC_RELAXED);
    __atomic_store_n(&slot->element, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&slot->began_ns, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&slot->is_paused, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&slot->state, ROOST_SLOT_OFFERED, __ATOMIC_RELEASE);
}
static inline uint32_t roost_slot_files(const roost_slot *_Nonnull slot) {
    return slot->files;
}
static inline uint32_t roost_slot_state(const roost_slot *_Nonnull slot) {
    return __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE);
}
static inline int32_t roost_slot_swap(roost_slot *_Nonnull slot, uint32_t expected, uint32_t desired) {
    return __atomic_compare_exchange_n(&slot->state, &expected, desired, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}
// The worker takes what was offered; 0 when it was taken back.
int32_t roost_slot_take(roost_slot *_Nonnull slot);
static inline int32_t roost_slot_revoke(roost_slot *_Nonnull slot) {
    return roost_slot_swap(slot, ROOST_SLOT_OFFERED, ROOST_SLOT_REVOKED);
}
static inline void roost_slot_clear(roost_slot *_Nonnull slot) {
    __atomic_store_n(&slot->state, ROOST_SLOT_FREE, __ATOMIC_RELEASE);
}
static inline uint32_t roost_slot_flags(const roost_slot *_Nonnull slot) {
    return __atomic_load_n(&slot->flags, __ATOMIC_RELAXED);
}
// Sets and clears flags, and wakes a task that waits for a change.
void roost_slot_ask(roost_slot *_Nonnull slot, uint32_t set, uint32_t clear);
// Waits while the flags are these; timeout_ns < 0 for ever.
void roost_slot_wait(const roost_slot *_Nonnull slot, uint32_t flags, int64_t timeout_ns);
void roost_slot_time_element(roost_slot *_Nonnull slot);
// The worker begins with an element of a chunk.
static inline void roost_slot_set_element(roost_slot *_Nonnull slot, uint32_t element) {
    if (slot->is_timed && element > 0) roost_slot_time_element(slot);
    __atomic_store_n(&slot->element, element, __ATOMIC_RELEASE);
}
static inline uint32_t roost_slot_element(const roost_slot *_Nonnull slot) {
    return __atomic_load_n(&slot->element, __ATOMIC_ACQUIRE);
}
static inline int64_t roost_slot_began(const roost_slot *_Nonnull slot) {
    return __atomic_load_n(&slot->began_ns, __ATOMIC_ACQUIRE);
}
static inline int64_t roost_slot_element_began(const roost_slot *_Nonnull slot) {
    return __atomic_load_n(&slot->element_began_ns, __ATOMIC_ACQUIRE);
}
static inline int64_t roost_slot_element_cpu(const roost_slot *_Nonnull slot) {
    return __atomic_load_n(&slot->element_cpu_ns, __ATOMIC_RELAXED);
}
static inline int64_t roost_slot_cpu(const roost_slot *_Nonnull slot) {
    return __atomic_load_n(&slot->cpu_ns, __ATOMIC_RELAXED);
}
static inline void roost_slot_set_paused(roost_slot *_Nonnull slot, uint32_t paused) {
    __atomic_store_n(&slot->is_paused, paused, __ATOMIC_RELEASE);
}
static inline uint32_t roost_slot_paused(const roost_slot *_Nonnull slot) {
    return __atomic_load_n(&slot->is_paused, __ATOMIC_ACQUIRE);
}
void roost_control_note_site(
    roost_control *_Nonnull control, uint64_t packed, const char *_Nonnull file, uint32_t length, uint32_t line);
// A checkpoint of the worker: a load and a comparison while it is the one before. `packed` is the worker's own number for a place.
static inline void roost_control_checkpoint(
    roost_control *_Nonnull control, uint64_t packed, const char *_Nonnull file, uint32_t length, uint32_t line) {
    if (__atomic_load_n(&control->site_packed, __ATOMIC_RELAXED) != packed) {
        roost_control_note_site(control, packed, file, length, line);
    }
}
// The last checkpoint; the file's length, 0 for none.
uint32_t roost_control_site(
    const roost_control *_Nonnull control, char file[_Nonnull 120], uint32_t *_Nonnull line);

// The newest update, cut off at ROOST_UPDATE_SIZE (then it is kept out: 0 is returned).
int32_t roost_control_set_update(
    roost_control *_Nonnull control, uint32_t slot, const void *_Nonnull bytes, uint32_t size);
// Copies it; its size, 0 for none or when it changes all the time. `turn` tells two updates apart.
uint32_t roost_control_update(
    const roost_control *_Nonnull control, void *_Nonnull bytes, uint32_t *_Nonnull slot, uint32_t *_Nonnull turn);

// A task begins: what the one before it left is not its own, nor is an allocation that failed then. Nothing is written to the page
// when nothing was left there.
void roost_control_forget_all(roost_control *_Nonnull control);
static inline void roost_control_forget(roost_control *_Nonnull control) {
    errno = 0;
    if (__atomic_load_n(&control->site_packed, __ATOMIC_RELAXED) != 0 || control->update_size != 0) {
        roost_control_forget_all(control);
    }
}

static inline int64_t roost_control_arena_bytes(const roost_control *_Nonnull control) {
    return __atomic_load_n(&control->arena_bytes, __ATOMIC_RELAXED);
}

typedef struct {
    int32_t signal, code, thread, allocation_failed;
    uint64_t address, stack, counter;
    int64_t ns, cpu_ns;
} roost_crash_mark;
// What a crashing worker wrote; 0 when there is nothing (yet).
int32_t roost_control_crash(const roost_control *_Nonnull control, roost_crash_mark *_Nonnull mark);

#endif
