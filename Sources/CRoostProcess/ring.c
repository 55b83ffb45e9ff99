#define _GNU_SOURCE
#include "CRoostRing.h"

#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// Positions count bytes since the beginning and never go back: `tail` is the writer's, `head` the reader's, each on a cache line of
// its own. Whoever is about to sleep says so first and looks again; whoever publishes looks for a sleeper after it.
struct roost_ring {
    _Alignas(128) uint64_t tail;
    _Alignas(128) uint64_t head;
    _Alignas(128) uint32_t reader_sleeps;  // a futex
    _Alignas(128) uint32_t writer_sleeps;  // a futex
    uint32_t is_closed;
    _Alignas(4096) unsigned char bytes[];
};

static uint64_t rounded(uint32_t size) {
    return ((uint64_t)sizeof(roost_frame) + size + 7) & ~(uint64_t)7;
}

static void pause_briefly(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("isb");
#endif
}

static int futex_wait(uint32_t *word, uint32_t expected, int64_t timeout_ns) {
    struct timespec timeout = {.tv_sec = timeout_ns / 1000000000, .tv_nsec = timeout_ns % 1000000000};
    if (syscall(SYS_futex, word, FUTEX_WAIT, expected, timeout_ns < 0 ? NULL : &timeout, NULL, 0) == 0) return 0;
    return errno == ETIMEDOUT ? ETIMEDOUT : 0;
}

static void wake(uint32_t *sleeps) {
    if (__atomic_load_n(sleeps, __ATOMIC_RELAXED) == 0) return;
    if (__atomic_exchange_n(sleeps, 0, __ATOMIC_ACQ_REL) != 0) syscall(SYS_futex, sleeps, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static int has_room(const roost_ring *ring, uint64_t need) {
    uint64_t used = ring->tail - __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
    return used <= ROOST_RING_SIZE && ROOST_RING_SIZE - used >= need;
}

void *roost_ring_room(roost_ring *ring, const roost_frame *header) {
    if (header->size > ROOST_FRAME_LIMIT || !has_room(ring, rounded(header->size))) return NULL;
    unsigned char *place = ring->bytes + ring->tail % ROOST_RING_SIZE;
    memcpy(place, header, sizeof *header);
    return place + sizeof *header;
}

void roost_ring_add(roost_ring *ring, uint32_t size) {
    __atomic_store_n(&ring->tail, ring->tail + rounded(size), __ATOMIC_RELEASE);
}

void roost_ring_wake_reader(roost_ring *ring) {
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    wake(&ring->reader_sleeps);
}

int32_t roost_ring_wait_for_room(roost_ring *ring, uint32_t size, int64_t timeout_ns) {
    uint64_t need = rounded(size);
    while (!has_room(ring, need)) {
        if (__atomic_load_n(&ring->is_closed, __ATOMIC_ACQUIRE)) return EPIPE;
        __atomic_store_n(&ring->writer_sleeps, 1, __ATOMIC_RELAXED);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        if (has_room(ring, need) || __atomic_load_n(&ring->is_closed, __ATOMIC_ACQUIRE)) continue;
        if (futex_wait(&ring->writer_sleeps, 1, timeout_ns) == ETIMEDOUT) return ETIMEDOUT;
    }
    __atomic_store_n(&ring->writer_sleeps, 0, __ATOMIC_RELAXED);
    return 0;
}

const void *roost_ring_peek(roost_ring *ring, roost_frame *header, int32_t *failure) {
    *failure = 0;
    uint64_t head = __atomic_load_n(&ring->head, __ATOMIC_RELAXED), tail = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
    if (head == tail) return NULL;
    uint64_t available = tail - head;
    if (available > ROOST_RING_SIZE || available < sizeof(roost_frame) || available % 8 != 0 || head % 8 != 0) {
        *failure = EPROTO;
        return NULL;
    }
    const roost_frame *frame = (const roost_frame *)(ring->bytes + head % ROOST_RING_SIZE);
    // Each field once: whoever writes at the same time changes no decision.
    *header = (roost_frame){
        .size = __atomic_load_n(&frame->size, __ATOMIC_RELAXED),
        .kind = __atomic_load_n(&frame->kind, __ATOMIC_RELAXED),
        .flags = __atomic_load_n(&frame->flags, __ATOMIC_RELAXED),
        .slot = __atomic_load_n(&frame->slot, __ATOMIC_RELAXED),
        .element = __atomic_load_n(&frame->element, __ATOMIC_RELAXED),
        .extra = __atomic_load_n(&frame->extra, __ATOMIC_RELAXED),
        .number = __atomic_load_n(&frame->number, __ATOMIC_RELAXED),
    };
    if (header->size > ROOST_FRAME_LIMIT || rounded(header->size) > available) {
        *failure = EPROTO;
        return NULL;
    }
    return frame + 1;
}

void roost_ring_consume(roost_ring *ring, uint32_t size) {
    __atomic_store_n(&ring->head, ring->head + rounded(size), __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    wake(&ring->writer_sleeps);
}

static int is_empty(const roost_ring *ring) {
    return __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE) == ring->head;
}

// Looking costs less than a sleep and a wake while what is waited for comes soon: as often as it lately paid.
static void learn(roost_patience *patience, int came_soon) {
    if (came_soon) {
        patience->looks = patience->looks * 2 > patience->most ? patience->most : patience->looks * 2 + 1;
    } else {
        patience->looks /= 2;
        // Now and then it is tried again.
        if (++patience->slept % 16 == 0) patience->looks = patience->most / 2;
    }
}

int32_t roost_ring_wait_for_frame(roost_ring *ring, roost_patience *patience, int64_t timeout_ns) {
    if (!is_empty(ring)) return 0;
    for (int32_t look = patience->looks; look > 0; look--) {
        pause_briefly();
        if (is_empty(ring)) continue;
        learn(patience, 1);
        return 0;
    }
    learn(patience, 0);
    while (is_empty(ring)) {
        if (__atomic_load_n(&ring->is_closed, __ATOMIC_ACQUIRE)) return is_empty(ring) ? EPIPE : 0;
        __atomic_store_n(&ring->reader_sleeps, 1, __ATOMIC_RELAXED);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        if (!is_empty(ring) || __atomic_load_n(&ring->is_closed, __ATOMIC_ACQUIRE)) continue;
        if (futex_wait(&ring->reader_sleeps, 1, timeout_ns) == ETIMEDOUT && is_empty(ring)) return ETIMEDOUT;
    }
    __atomic_store_n(&ring->reader_sleeps, 0, __ATOMIC_RELAXED);
    return 0;
}

void roost_run_close(roost_ring *ring, roost_run *run, uint32_t state) {
    __atomic_store_n(&run->state, state, __ATOMIC_RELEASE);
    roost_ring_wake_reader(ring);
}

uint32_t roost_ring_wait_for_run(roost_ring *ring, const roost_run *run) {
    for (int is_late = 0;; is_late = 1) {
        // Before the state: what was written before the ring was closed counts.
        uint32_t is_closed = __atomic_load_n(&ring->is_closed, __ATOMIC_ACQUIRE);
        uint32_t state = __atomic_load_n(&run->state, __ATOMIC_ACQUIRE);
        if (state != ROOST_RUN_OPEN || is_closed) {
            __atomic_store_n(&ring->reader_sleeps, 0, __ATOMIC_RELAXED);
            return state;
        }
        if (is_late) return ROOST_RUN_LATE;
        __atomic_store_n(&ring->reader_sleeps, 1, __ATOMIC_RELAXED);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        if (__atomic_load_n(&run->state, __ATOMIC_ACQUIRE) == ROOST_RUN_OPEN
            && !__atomic_load_n(&ring->is_closed, __ATOMIC_ACQUIRE)) {
            futex_wait(&ring->reader_sleeps, 1, -1);
        }
    }
}

void roost_ring_close(roost_ring *ring) {
    __atomic_store_n(&ring->is_closed, 1, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    __atomic_store_n(&ring->reader_sleeps, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&ring->writer_sleeps, 0, __ATOMIC_RELAXED);
    syscall(SYS_futex, &ring->reader_sleeps, FUTEX_WAKE, 64, NULL, NULL, 0);
    syscall(SYS_futex, &ring->writer_sleeps, FUTEX_WAKE, 64, NULL, NULL, 0);
}
