#include "control.h"

#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static GMainLoop *loop;
static int count;
static sem_t back;

static double microseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static gboolean answer(gpointer unused) {
    (void)unused;
    sem_post(&back);
    return G_SOURCE_REMOVE;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void *rounds(void *unused) {
    (void)unused;
    usleep(700000);  // until the window has been drawn
    double *each = calloc((size_t)count, sizeof *each);
    for (int i = -count / 10; i < count; ++i) {
        double begin = microseconds();
        g_idle_add(answer, NULL);
        while (sem_wait(&back) != 0) {}
        if (i >= 0) each[i] = microseconds() - begin;
    }
    qsort(each, (size_t)count, sizeof *each, ascending);
    printf("{\"us\": %f, \"p99_us\": %f}\n", each[count / 2], each[count * 99 / 100]);
    fflush(stdout);
    free(each);
    g_main_loop_quit(loop);
    return NULL;
}

static void pin(int index) {
    cpu_set_t allowed, one;
    sched_getaffinity(0, sizeof allowed, &allowed);
    CPU_ZERO(&one);
    for (int core = 0; core < CPU_SETSIZE; ++core) {
        if (!CPU_ISSET(core, &allowed) || index-- > 0) continue;
        CPU_SET(core, &one);
        sched_setaffinity(0, sizeof one, &one);
        return;
    }
}

static void *pinnedRounds(void *argument) {
    pin(0);
    return rounds(argument);
}

// Left alone, the scheduler chooses by chance.
void bridge_measure(GMainLoop *mainLoop, int rounds, int onOneCore) {
    loop = mainLoop;
    count = rounds;
    sem_init(&back, 0, 0);
    GThread *thread = g_thread_new("rounds", pinnedRounds, NULL);
    g_thread_unref(thread);
    pin(onOneCore ? 0 : 1);
}
