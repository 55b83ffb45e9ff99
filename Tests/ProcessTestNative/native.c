#define _GNU_SOURCE
#include "ProcessTestNative.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void native_abort(void) {
    abort();
}

// Not inlined, and used after the call, so that it stays a call.
__attribute__((noinline)) static int native_deep(volatile char *above) {
    volatile char room[512];
    room[0] = (char)(above[0] + 1);
    if (getppid() < 0) return 0;  // never; no compiler knows it
    return native_deep(room) + room[0];
}

void native_write_without_asking(unsigned long size) {
    // Volatile: else a compiler may think that the call never fails.
    volatile char *volatile memory = malloc(size);
    memory[size / 2] = 1;
}

void native_use(void *memory) {
    __asm__ volatile("" : : "r"(memory) : "memory");
}

static void *overflow(void *has_alternate) {
    if (has_alternate) {
        const size_t size = 64 * 1024;
        stack_t stack = {
            .ss_sp = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), .ss_size = size};
        sigaltstack(&stack, NULL);
    }
    volatile char first = 0;
    return (void *)(long)native_deep(&first);
}

void native_overflow_on_thread(int has_alternate) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, overflow, has_alternate ? &thread : NULL) == 0) pthread_join(thread, NULL);
}

struct together {
    pthread_barrier_t barrier;
    void (*body)(void);
};

static void *wait_and_run(void *argument) {
    struct together *together = argument;
    pthread_barrier_wait(&together->barrier);
    together->body();
    return NULL;
}

void native_at_once(int count, void (*body)(void)) {
    struct together together = {.body = body};
    pthread_t threads[64];
    if (count > 64 || pthread_barrier_init(&together.barrier, NULL, (unsigned)count) != 0) return;
    for (int index = 0; index < count; index++) pthread_create(&threads[index], NULL, wait_and_run, &together);
    for (int index = 0; index < count; index++) pthread_join(threads[index], NULL);
}

static void *run_body(void *body) {
    ((void (*)(void))body)();
    return NULL;
}

void native_on_another_thread(void (*body)(void)) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, run_body, (void *)body) == 0) pthread_detach(thread);
}

int native_fork(void) { return fork(); }

void native_debugger_trap(void) {
#if defined(__x86_64__)
    __asm__ __volatile__("int3");
#elif defined(__aarch64__)
    __asm__ __volatile__("brk #0xF000");
#endif
}

void native_store_time(int64_t *place, int64_t time) {
    __atomic_store_n(place, time, __ATOMIC_RELEASE);
}

void native_store_state(uint32_t *place, uint32_t state) {
    __atomic_store_n(place, state, __ATOMIC_RELEASE);
}
