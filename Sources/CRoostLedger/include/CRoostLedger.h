// The ledger: a fixed table that says, for every thread of Roost, which worker it runs, for which scope, and which
// checkpoint it passed last, and which stages of the start are open. It lies in static memory and is read without a lock, so a
// crash handler can read it when nothing else works. Roost writes it; whoever reads it never calls back into Roost.
#ifndef CROOST_LEDGER_H
#define CROOST_LEDGER_H

#include <stddef.h>
#include <stdint.h>

enum {
    ROOST_LEDGER_SLOTS = 512,
    ROOST_LEDGER_STAGES = 16,
    ROOST_LEDGER_NAME = 64,
    ROOST_LEDGER_OWNER = 24,
    // Of whole pages, whatever their size is here.
    ROOST_LEDGER_ALIGNMENT = 64 * 1024,
};

// What a row speaks of.
enum {
    ROOST_LEDGER_POOL_THREAD = 0,    // a thread of a pool; `owner` is the pool's name
    ROOST_LEDGER_SERIAL_THREAD = 1,  // a serial executor's own thread; `owner` is its name
    ROOST_LEDGER_NO_THREAD = 2,      // a body that owns no thread: an async one
    ROOST_LEDGER_PROCESS = 3,        // a worker process; `thread` is its process id, `owner` its pool
};

typedef struct roost_ledger_slot {
    // One writer each; relaxed stores. `sequence` is odd while the names below are being rewritten.
    uint64_t checkpoints;  // passed so far by the running worker
    uint64_t site;         // address of the NUL-terminated #fileID << 16 | line of the last one; 0 = none yet
    uint32_t sequence;
    uint32_t kind;
    int32_t thread;        // kernel thread id; 0 for a body that owns no thread, and for a row that is free
    uint32_t busy;         // 1 while a worker runs here
    int64_t began_ns;      // when it began, on the monotonic clock
    char worker[ROOST_LEDGER_NAME];
    char scope[ROOST_LEDGER_NAME];
    char owner[ROOST_LEDGER_OWNER];  // whole cache lines: two threads never write to the same one
} roost_ledger_slot;
_Static_assert(sizeof(roost_ledger_slot) % 64 == 0, "a row is a number of whole cache lines");

// A stage of the start.
typedef struct roost_ledger_stage {
    uint32_t sequence;  // as above
    uint32_t open;      // 1 while it is under way
    int64_t began_ns;   // when it began, on the monotonic clock
    char name[ROOST_LEDGER_NAME];
} roost_ledger_stage;

typedef struct roost_ledger {
    roost_ledger_slot slots[ROOST_LEDGER_SLOTS];
    roost_ledger_stage stages[ROOST_LEDGER_STAGES];
} __attribute__((aligned(ROOST_LEDGER_ALIGNMENT))) roost_ledger;

// A free slot, or a private one outside the table when all are taken (its worker then misses from crash reports only).
// Never NULL unless memory is out.
roost_ledger_slot *_Nullable roost_ledger_take(
    int32_t thread, uint32_t kind, const char *_Nonnull owner, size_t owner_length);
void roost_ledger_give_back(roost_ledger_slot *_Nonnull slot);

void roost_ledger_begin(
    roost_ledger_slot *_Nonnull slot, const char *_Nonnull worker, size_t worker_length, const char *_Nonnull scope,
    size_t scope_length);
void roost_ledger_end(roost_ledger_slot *_Nonnull slot);

// A stage begins; its row, or -1 when all are open. It stands there until it is left.
int32_t roost_ledger_enter_stage(const char *_Nonnull name, size_t length);
void roost_ledger_leave_stage(int32_t row);

// The table itself, for readers.
const roost_ledger *_Nonnull roost_ledger_table(void);
// The place of a row's last checkpoint, for a reader in this process: NULL without one. `line` may be NULL.
const char *_Nullable roost_ledger_place(uint64_t site, uint32_t *_Nullable line);

// Has the table lie in a file from here on, where whoever comes after this process finds it: maps `descriptor`, which is empty there, from
// `offset` (a whole page's; sizeof(roost_ledger) bytes) over it, with what it holds. 0 or an errno. What another thread writes in these microseconds may be lost;
// early in a process nobody does.
int roost_ledger_share(int descriptor, int64_t offset);

static inline const roost_ledger_slot *_Nonnull roost_ledger_slot_at(const roost_ledger *_Nonnull ledger, uint32_t index) {
    return &ledger->slots[index];
}
static inline const roost_ledger_stage *_Nonnull roost_ledger_stage_at(
    const roost_ledger *_Nonnull ledger, uint32_t index) {
    return &ledger->stages[index];
}
static inline const char *_Nonnull roost_ledger_worker(const roost_ledger_slot *_Nonnull slot) { return slot->worker; }
static inline const char *_Nonnull roost_ledger_scope(const roost_ledger_slot *_Nonnull slot) { return slot->scope; }
static inline const char *_Nonnull roost_ledger_owner(const roost_ledger_slot *_Nonnull slot) { return slot->owner; }
static inline const char *_Nonnull roost_ledger_stage_name(const roost_ledger_stage *_Nonnull stage) {
    return stage->name;
}

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
