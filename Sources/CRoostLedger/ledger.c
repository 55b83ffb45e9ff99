#define _GNU_SOURCE
#include "CRoostLedger.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

// In table.c.
extern roost_ledger roost_ledger_memory;
// Which rows have an owner. Not in the table, which may be moved into a file while others take rows.
static uint32_t taken[ROOST_LEDGER_SLOTS];
static uint32_t stages_taken[ROOST_LEDGER_STAGES];
static uint32_t hint;

static int64_t now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

// Rows beyond the table. Never freed: a context that outlives its worker may still be about to write to one.
struct spare {
    roost_ledger_slot slot;  // first, so that its address is that of the whole
    struct spare *next;
};
static struct spare *spares;
static pthread_mutex_t spares_lock = PTHREAD_MUTEX_INITIALIZER;

static struct spare *take_spare(void) {
    pthread_mutex_lock(&spares_lock);
    struct spare *first = spares;
    if (first != NULL) spares = first->next;
    pthread_mutex_unlock(&spares_lock);
    return first;
}

static void give_spare(struct spare *spare) {
    pthread_mutex_lock(&spares_lock);
    spare->next = spares;
    spares = spare;
    pthread_mutex_unlock(&spares_lock);
}

static int in_table(const roost_ledger_slot *slot) {
    return slot >= roost_ledger_memory.slots && slot < roost_ledger_memory.slots + ROOST_LEDGER_SLOTS;
}

// Cuts at a UTF-8 border so that a reader never sees half a character.
static void copy_text(char *to, size_t room, const char *from, size_t length) {
    if (length > room - 1) {
        length = room - 1;
        while (length > 0 && ((unsigned char)from[length] & 0xC0) == 0x80) length--;
    }
    memcpy(to, from, length);
    to[length] = 0;
}

static int take_flag(uint32_t *flag) {
    uint32_t expected = 0;
    return __atomic_load_n(flag, __ATOMIC_RELAXED) == 0
        && __atomic_compare_exchange_n(flag, &expected, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static void prepare(
    roost_ledger_slot *slot, int32_t thread, uint32_t kind, const char *owner, size_t owner_length) {
    __atomic_store_n(&slot->checkpoints, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&slot->site, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&slot->busy, 0, __ATOMIC_RELAXED);
    slot->kind = kind;
    copy_text(slot->owner, sizeof slot->owner, owner, owner_length);
    __atomic_store_n(&slot->thread, thread, __ATOMIC_RELEASE);
}

roost_ledger_slot *roost_ledger_take(int32_t thread, uint32_t kind, const char *owner, size_t owner_length) {
    uint32_t start = __atomic_fetch_add(&hint, 1, __ATOMIC_RELAXED);
    for (uint32_t i = 0; i < ROOST_LEDGER_SLOTS; i++) {
        uint32_t index = (start + i) % ROOST_LEDGER_SLOTS;
        if (!take_flag(&taken[index])) continue;
        prepare(&roost_ledger_memory.slots[index], thread, kind, owner, owner_length);
        return &roost_ledger_memory.slots[index];
    }
    struct spare *own = take_spare();
    if (own == NULL) own = calloc(1, sizeof *own);
    if (own == NULL) return NULL;
    prepare(&own->slot, thread, kind, owner, owner_length);
    return &own->slot;
}

void roost_ledger_give_back(roost_ledger_slot *slot) {
    if (!in_table(slot)) {
        give_spare((struct spare *)slot);
        return;
    }
    __atomic_store_n(&slot->busy, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&slot->thread, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&taken[slot - roost_ledger_memory.slots], 0, __ATOMIC_RELEASE);
}

// What is written between these two is whole only if the number was the same, and even, before and after.
static uint32_t begin_writing(uint32_t *sequence) {
    uint32_t before = __atomic_load_n(sequence, __ATOMIC_RELAXED);
    __atomic_store_n(sequence, before + 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    return before;
}

static void end_writing(uint32_t *sequence, uint32_t before) {
    __atomic_store_n(sequence, before + 2, __ATOMIC_RELEASE);
}

void roost_ledger_begin(
    roost_ledger_slot *slot, const char *worker, size_t worker_length, const char *scope, size_t scope_length) {
    uint32_t before = begin_writing(&slot->sequence);
    copy_text(slot->worker, sizeof slot->worker, worker, worker_length);
    copy_text(slot->scope, sizeof slot->scope, scope, scope_length);
    __atomic_store_n(&slot->checkpoints, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&slot->site, 0, __ATOMIC_RELAXED);
    // To some milliseconds, at a fifth of the price.
    __atomic_store_n(&slot->began_ns, now(CLOCK_MONOTONIC_COARSE), __ATOMIC_RELAXED);
    end_writing(&slot->sequence, before);
    __atomic_store_n(&slot->busy, 1, __ATOMIC_RELEASE);
}

void roost_ledger_end(roost_ledger_slot *slot) {
    __atomic_store_n(&slot->busy, 0, __ATOMIC_RELEASE);
}

int32_t roost_ledger_enter_stage(const char *name, size_t length) {
    for (int32_t row = 0; row < ROOST_LEDGER_STAGES; row++) {
        if (!take_flag(&stages_taken[row])) continue;
        roost_ledger_stage *stage = &roost_ledger_memory.stages[row];
        uint32_t before = begin_writing(&stage->sequence);
        copy_text(stage->name, sizeof stage->name, name, length);
        stage->began_ns = now(CLOCK_MONOTONIC);
        end_writing(&stage->sequence, before);
        __atomic_store_n(&stage->open, 1, __ATOMIC_RELEASE);
        return row;
    }
    return -1;
}

void roost_ledger_leave_stage(int32_t row) {
    if (row < 0 || row >= ROOST_LEDGER_STAGES) return;
    __atomic_store_n(&roost_ledger_memory.stages[row].open, 0, __ATOMIC_RELEASE);
    __atomic_store_n(&stages_taken[row], 0, __ATOMIC_RELEASE);
}

int roost_ledger_share(int descriptor, int64_t offset) {
    enum { piece = 4096 };
    static const char nothing[piece];
    const char *from = (const char *)&roost_ledger_memory;
    for (size_t done = 0; done < sizeof roost_ledger_memory; done += piece) {
        // Most of it is empty, as the file is.
        if (memcmp(from + done, nothing, piece) == 0) continue;
        ssize_t written;
        do written = pwrite(descriptor, from + done, piece, offset + (int64_t)done);
        while (written < 0 && errno == EINTR);
        if (written != piece) return written < 0 ? errno : EIO;
    }
    void *place = mmap(
        &roost_ledger_memory, sizeof roost_ledger_memory, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, descriptor, offset);
    return place == MAP_FAILED ? errno : 0;
}
