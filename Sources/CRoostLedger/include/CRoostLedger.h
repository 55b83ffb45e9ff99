// The ledger: a fixed table that says, for every thread of Roost, which worker it runs, for which scope, and which
// checkpoint it passed last. It lives in static memory and is read without a lock, so a crash handler can read it when
// nothing else works. Roost writes it; whoever reads it never calls back into Roost.
#ifndef CROOST_LEDGER_H
#define CROOST_LEDGER_H

#include <stdint.h>
#include <stddef.h>

#define ROOST_LEDGER_SLOTS 512
#define ROOST_LEDGER_NAME 64

typedef struct roost_ledger_slot {
    // One writer each; relaxed stores. `sequence` is odd while the names below are being rewritten.
    uint64_t checkpoints;  // passed so far by the running worker
    uint64_t site;         // address of the NUL-terminated #fileID << 16 | line of the last one; 0 = none yet
    uint32_t sequence;
    uint32_t taken;
    int32_t thread;        // kernel thread id; 0 for a body that owns no thread
    uint32_t busy;         // 1 while a worker runs here
    char worker[ROOST_LEDGER_NAME];
    char scope[ROOST_LEDGER_NAME];
    char padding[32];  // whole cache lines: two threads never write to the same one
} roost_ledger_slot;
_Static_assert(sizeof(roost_ledger_slot) % 64 == 0, "a row is a number of whole cache lines");

// A free slot, or a private one outside the table when all are taken (its worker then misses from crash reports only).
// Never NULL unless memory is out.
roost_ledger_slot *_Nullable roost_ledger_take(int32_t thread);
void roost_ledger_give_back(roost_ledger_slot *_Nonnull slot);

void roost_ledger_begin(
    roost_ledger_slot *_Nonnull slot, const char *_Nonnull worker, size_t worker_length, const char *_Nonnull scope,
    size_t scope_length);
void roost_ledger_end(roost_ledger_slot *_Nonnull slot);

// The table itself, for readers.
const roost_ledger_slot *_Nonnull roost_ledger_table(void);

static inline void roost_ledger_checkpoint(roost_ledger_slot *_Nonnull slot, uint64_t site) {
    __atomic_store_n(&slot->site, site, __ATOMIC_RELAXED);
    __atomic_store_n(&slot->checkpoints, __atomic_load_n(&slot->checkpoints, __ATOMIC_RELAXED) + 1, __ATOMIC_RELAXED);
}

static inline uint64_t roost_ledger_count(const roost_ledger_slot *_Nonnull slot) {
    return __atomic_load_n(&slot->checkpoints, __ATOMIC_RELAXED);
}

static inline uint64_t roost_ledger_site(const roost_ledger_slot *_Nonnull slot) {
    return __atomic_load_n(&slot->site, __ATOMIC_RELAXED);
}

#endif
