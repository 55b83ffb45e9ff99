#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "CProgramDoor.h"

void door_lock_standard_output(void) {
    flockfile(stdout);
}

// A thread that does nothing but allocate is interrupted by a signal whose handler does not return. If it was inside the
// allocator at that moment, nobody can allocate any more; else it is let go and interrupted again.

static sem_t interrupted, go_on, ask, answered;

static void hold(int number) {
    (void)number;
    sem_post(&interrupted);
    while (sem_wait(&go_on) != 0) {}
}

// Larger than what a thread's own cache keeps, so that each call takes the lock.
static const size_t size = 20000;

static void *allocate(void *unused) {
    (void)unused;
    for (;;) {
        void *volatile memory = malloc(size);
        free(memory);
    }
    return NULL;
}

static void *probe(void *unused) {
    (void)unused;
    for (;;) {
        while (sem_wait(&ask) != 0) {}
        void *volatile memory = malloc(size);
        free(memory);
        sem_post(&answered);
    }
    return NULL;
}

void door_keep_allocator_lock(void) {
    mallopt(M_ARENA_MAX, 1);
    sem_init(&interrupted, 0, 0);
    sem_init(&go_on, 0, 0);
    sem_init(&ask, 0, 0);
    sem_init(&answered, 0, 0);
    struct sigaction action = {.sa_handler = hold};
    sigemptyset(&action.sa_mask);
    sigaction(SIGUSR2, &action, NULL);
    pthread_t allocator, prober;
    pthread_create(&prober, NULL, probe, NULL);
    pthread_create(&allocator, NULL, allocate, NULL);
    for (;;) {
        struct timespec moment = {0, 1000000};
        nanosleep(&moment, NULL);
        pthread_kill(allocator, SIGUSR2);
        while (sem_wait(&interrupted) != 0) {}
        sem_post(&ask);
        struct timespec limit;
        clock_gettime(CLOCK_REALTIME, &limit);
        limit.tv_nsec += 250000000;
        if (limit.tv_nsec >= 1000000000) {
            limit.tv_sec++;
            limit.tv_nsec -= 1000000000;
        }
        if (sem_timedwait(&answered, &limit) != 0) break;
        sem_post(&go_on);
    }
    if (write(1, "ready\n", 6) < 0) _exit(1);
    for (;;) sleep(1000);
}

void door_buffer_output(size_t size) {
    setvbuf(stdout, malloc(size), _IOFBF, size);
}
