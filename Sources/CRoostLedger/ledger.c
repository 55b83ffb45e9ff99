#include "CRoostLedger.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static roost_ledger_slot table[ROOST_LEDGER_SLOTS] __attribute__((aligned(64)));
static uint32_t hint;

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
    return slot >= table && slot < table + ROOST_LEDGER_SLOTS;
}

roost_ledger_slot *roost_ledger_take(int32_t thread) {
    uint32_t start = __atomic_fetch_add(&hint, 1, __ATOMIC_RELAXED);
    for (uint32_t i = 0; i < ROOST_LEDGER_SLOTS; i++) {
        roost_ledger_slot *slot = &table[(start + i) % ROOST_LEDGER_SLOTS];
        uint32_t expected = 0;
        if (__atomic_load_n(&slot->taken, __ATOMIC_RELAXED) != 0) continue;
        if (__atomic_compare_exchange_n(&slot->taken, &expected, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
            __atomic_store_n(&slot->checkpoints, 0, __ATOMIC_RELAXED);
            __atomic_store_n(&slot->site, 0, __ATOMIC_RELAXED);
            __atomic_store_n(&slot->thread, thread, __ATOMIC_RELEASE);
            return slot;
        }
    }
    struct spare *own = take_spare();
    if (own == NULL) own = malloc(sizeof *own);
    if (own == NULL) return NULL;
    memset(own, 0, sizeof *own);
    own->slot.taken = 1;
    own->slot.thread = thread;
    return &own->slot;
}

void roost_ledger_give_back(roost_ledger_slot *slot) {
    if (!in_table(slot)) {
        give_spare((struct spare *)slot);
        return;
    }
    __atomic_store_n(&slot->busy, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&slot->thread, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&slot->taken, 0, __ATOMIC_RELEASE);
}

// Cuts at a UTF-8 border so that a reader never sees half a character.
static void copy_name(char *to, const char *from, size_t length) {
    if (length > ROOST_LEDGER_NAME - 1) {
        length = ROOST_LEDGER_NAME - 1;
        while (length > 0 && ((unsigned char)from[length] & 0xC0) == 0x80) length--;
    }
    memcpy(to, from, length);
    to[length] = 0;
}

void roost_ledger_begin(
    roost_ledger_slot *slot, const char *worker, size_t worker_length, const char *scope, size_t scope_length) {
    uint32_t sequence = __atomic_load_n(&slot->sequence, __ATOMIC_RELAXED);
    __atomic_store_n(&slot->sequence, sequence + 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    copy_name(slot->worker, worker, worker_length);
    copy_name(slot->scope, scope, scope_length);
    __atomic_store_n(&slot->checkpoints, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&slot->site, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&slot->sequence, sequence + 2, __ATOMIC_RELEASE);
    __atomic_store_n(&slot->busy, 1, __ATOMIC_RELEASE);
}

void roost_ledger_end(roost_ledger_slot *slot) {
    __atomic_store_n(&slot->busy, 0, __ATOMIC_RELEASE);
}

const roost_ledger_slot *roost_ledger_table(void) {
    return table;
}
