#define _GNU_SOURCE
#include "CRoostControl.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "CRoostProcess.h"

static int64_t now_ns(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static const size_t stacks_size = (sizeof(roost_stacks) + 4095) / 4096 * 4096;

size_t roost_control_size(void) {
    return ROOST_CONTROL_SIZE + 2 * (4096 + (size_t)ROOST_RING_SIZE) + stacks_size;
}

// In the file: control | head of ring 1 | bytes of ring 1 | head of ring 2 | bytes of ring 2 | stacks. Mapped: the same, each ring's bytes
// twice, and before and behind each of the four a page that nobody can touch: what runs over the end of a neighbour crashes there.
static const size_t guard_size = 4096;
static const size_t mapped_control = guard_size + ROOST_CONTROL_SIZE;
static const size_t mapped_ring = guard_size + 4096 + 2 * (size_t)ROOST_RING_SIZE;
static const size_t mapped_size = mapped_control + 2 * mapped_ring + guard_size + stacks_size + guard_size;

roost_control *roost_control_map(int32_t descriptor) {
    char *base = mmap(NULL, mapped_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) return NULL;
    const int rights = PROT_READ | PROT_WRITE, how = MAP_SHARED | MAP_FIXED;
    off_t file = ROOST_CONTROL_SIZE;
    roost_control *control = (roost_control *)(base + guard_size);
    if (mmap(control, ROOST_CONTROL_SIZE, rights, how, descriptor, 0) == MAP_FAILED) goto failed;
    char *place = (char *)control + mapped_control;
    for (int ring = 0; ring < 2; ring++) {
        size_t whole = 4096 + (size_t)ROOST_RING_SIZE;
        if (mmap(place, whole, rights, how, descriptor, file) == MAP_FAILED) goto failed;
        if (mmap(place + whole, ROOST_RING_SIZE, rights, how, descriptor, file + 4096) == MAP_FAILED) goto failed;
        place += mapped_ring;
        file += (off_t)whole;
    }
    if (mmap(place, stacks_size, rights, how, descriptor, file) == MAP_FAILED) goto failed;
    return control;
failed:;
    int failure = errno;
    munmap(base, mapped_size);
    errno = failure;
    return NULL;
}

void roost_control_unmap(roost_control *control) {
    munmap((char *)control - guard_size, mapped_size);
}

roost_ring *roost_ring_to_worker(roost_control *control) {
    return (roost_ring *)((char *)control + mapped_control);
}

roost_ring *roost_ring_from_worker(roost_control *control) {
    return (roost_ring *)((char *)control + mapped_control + mapped_ring);
}

roost_stacks *roost_control_stacks(roost_control *control) {
    return (roost_stacks *)((char *)control + mapped_control + 2 * mapped_ring);
}

// The memory is new, and all zero.
void roost_control_init(roost_control *control, int32_t app, int32_t takes_stacks) {
    control->takes_stacks = (uint32_t)takes_stacks;
    control->app = app;
    __atomic_store_n(&control->magic, ROOST_CONTROL_MAGIC, __ATOMIC_RELEASE);
}

// The processor time of this process. Asking the kernel takes longer than a short task does: within a millisecond after it was asked the
// time that has passed since is counted as processor time.
static int64_t processor_time(int64_t now) {
    static int64_t asked_at, then;
    if (asked_at == 0 || now - asked_at > 1000000) {
        then = now_ns(CLOCK_PROCESS_CPUTIME_ID);
        asked_at = now;
    }
    return then + (now - asked_at);
}

void roost_slot_time_element(roost_slot *slot) {
    int64_t now = now_ns(CLOCK_MONOTONIC);
    __atomic_store_n(&slot->element_cpu_ns, processor_time(now), __ATOMIC_RELAXED);
    __atomic_store_n(&slot->element_began_ns, now, __ATOMIC_RELEASE);
}

int32_t roost_slot_take(roost_slot *slot) {
    roost_slot_time_element(slot);
    __atomic_store_n(&slot->cpu_ns, slot->element_cpu_ns, __ATOMIC_RELAXED);
    __atomic_store_n(&slot->began_ns, slot->element_began_ns, __ATOMIC_RELEASE);
    return roost_slot_swap(slot, ROOST_SLOT_OFFERED, ROOST_SLOT_TAKEN);
}

void roost_slot_ask(roost_slot *slot, uint32_t set, uint32_t clear) {
    if (set) __atomic_fetch_or(&slot->flags, set, __ATOMIC_ACQ_REL);
    if (clear) __atomic_fetch_and(&slot->flags, ~clear, __ATOMIC_ACQ_REL);
    syscall(SYS_futex, &slot->flags, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

void roost_slot_wait(const roost_slot *slot, uint32_t flags, int64_t timeout_ns) {
    struct timespec timeout = {.tv_sec = timeout_ns / 1000000000, .tv_nsec = timeout_ns % 1000000000};
    syscall(SYS_futex, &slot->flags, FUTEX_WAIT, flags, timeout_ns < 0 ? NULL : &timeout, NULL, 0);
}

// A sequence lock: the writer makes the number odd, writes, and makes it even. A reader that saw the same even number
// before and after has seen one state.
static void begin_writing(uint32_t *turn) {
    __atomic_store_n(turn, __atomic_load_n(turn, __ATOMIC_RELAXED) | 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
}

static void end_writing(uint32_t *turn) {
    __atomic_store_n(turn, (__atomic_load_n(turn, __ATOMIC_RELAXED) | 1) + 1, __ATOMIC_RELEASE);
}

void roost_control_note_site(
    roost_control *control, uint64_t packed, const char *file, uint32_t length, uint32_t line) {
    if (length >= sizeof control->site_file) length = sizeof control->site_file - 1;
    begin_writing(&control->site_turn);
    memcpy(control->site_file, file, length);
    control->site_file[length] = 0;
    control->site_line = line;
    end_writing(&control->site_turn);
    __atomic_store_n(&control->site_packed, packed, __ATOMIC_RELAXED);
}

uint32_t roost_control_site(const roost_control *control, char file[120], uint32_t *line) {
    for (int attempt = 0; attempt < 100; attempt++) {
        uint32_t before = __atomic_load_n(&control->site_turn, __ATOMIC_ACQUIRE);
        if (before == 0) return 0;
        memcpy(file, control->site_file, 120);
        *line = control->site_line;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        // A writer that died in the middle leaves it odd: the text is then as good as it gets.
        if (__atomic_load_n(&control->site_turn, __ATOMIC_RELAXED) == before && (before % 2 == 0 || attempt == 99)) break;
    }
    file[119] = 0;
    return (uint32_t)strlen(file);
}

int32_t roost_control_set_update(roost_control *control, uint32_t slot, const void *bytes, uint32_t size) {
    if (size > ROOST_UPDATE_SIZE) return 0;
    begin_writing(&control->update_turn);
    memcpy(control->update, bytes, size);
    control->update_size = size;
    control->update_slot = slot;
    end_writing(&control->update_turn);
    return 1;
}

uint32_t roost_control_update(const roost_control *control, void *bytes, uint32_t *slot, uint32_t *turn) {
    for (int attempt = 0; attempt < 100; attempt++) {
        uint32_t before = __atomic_load_n(&control->update_turn, __ATOMIC_ACQUIRE);
        if (before == 0) return 0;
        if (before % 2 != 0) continue;
        uint32_t size = __atomic_load_n(&control->update_size, __ATOMIC_RELAXED);
        if (size > ROOST_UPDATE_SIZE) return 0;
        memcpy(bytes, control->update, size);
        *slot = control->update_slot;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if (__atomic_load_n(&control->update_turn, __ATOMIC_RELAXED) == before) {
            *turn = before;
            return size;
        }
    }
    return 0;
}

void roost_control_forget_all(roost_control *control) {
    roost_control_note_site(control, 0, "", 0, 0);
    roost_control_set_update(control, 0, "", 0);
}

int32_t roost_control_crash(const roost_control *control, roost_crash_mark *mark) {
    memset(mark, 0, sizeof *mark);
    if (__atomic_load_n(&control->crash_state, __ATOMIC_ACQUIRE) < 2) return 0;
    mark->signal = control->crash_signal;
    mark->code = control->crash_code;
    mark->thread = control->crash_thread;
    mark->allocation_failed = (int32_t)control->allocation_failed;
    mark->address = control->crash_address;
    mark->stack = control->crash_stack;
    mark->counter = control->crash_counter;
    mark->ns = control->crash_ns;
    mark->cpu_ns = control->crash_cpu_ns;
    return 1;
}
