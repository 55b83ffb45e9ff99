// A library that leaves the process in disorder: at the exit it waits for a thread of its own that never ends.
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_t endless;
static int joins_in_destructor;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;

static void *sleep_for_ever(void *nothing) {
    pthread_setname_np(pthread_self(), "never-ends");
    for (;;) pause();  // here: sleeps
    return nothing;
}

static void start(void) { pthread_create(&endless, NULL, sleep_for_ever, NULL); }

static void join_the_endless(void) {
    pthread_join(endless, NULL);  // here: joins
}

static void wait_for_nobody(void) {
    pthread_mutex_lock(&lock);
    for (;;) pthread_cond_wait(&never, &lock);  // here: waits
}

// Which way the environment says.
__attribute__((constructor)) static void begin(void) {
    const char *way = getenv("LIBRARY_WAITS");
    if (way == NULL) return;
    start();
    if (strcmp(way, "join in a destructor") == 0) joins_in_destructor = 1;
    if (strcmp(way, "join at the exit") == 0) atexit(join_the_endless);
    if (strcmp(way, "wait at the exit") == 0) atexit(wait_for_nobody);
}

__attribute__((destructor)) static void leave(void) {
    if (joins_in_destructor) join_the_endless();
}
