// 64 bytes to another process and back over a socketpair, one at a time: what the kernel alone takes. One line of JSON.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

enum { SIZE = 64, WARM_UP = 500 };

static double now_us(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static int compare(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

int main(int count, char **arguments) {
    int trips = count > 1 && strcmp(arguments[count - 1], "quick") == 0 ? 500 : 2000;
    int ends[2];
    char bytes[SIZE] = {0};
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return 1;
    pid_t child = fork();
    if (child < 0) return 1;
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(ends[0]);
        while (read(ends[1], bytes, SIZE) == SIZE) {
            bytes[0]++;
            if (write(ends[1], bytes, SIZE) != SIZE) break;
        }
        _exit(0);
    }
    close(ends[1]);
    double *micros = calloc((size_t)trips, sizeof *micros);
    if (!micros) return 1;
    for (int trip = -WARM_UP; trip < trips; trip++) {
        double begin = now_us();
        if (write(ends[0], bytes, SIZE) != SIZE || read(ends[0], bytes, SIZE) != SIZE) return 1;
        if (trip >= 0) micros[trip] = now_us() - begin;
    }
    close(ends[0]);
    waitpid(child, NULL, 0);
    qsort(micros, (size_t)trips, sizeof *micros, compare);
    printf("{\"us\": %f, \"p95_us\": %f}\n", micros[trips / 2], micros[trips * 95 / 100]);
    free(micros);
    return 0;
}
