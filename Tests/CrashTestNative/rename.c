#define _GNU_SOURCE
#include "CrashTestNative.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

// In the place of the C library's, for the whole program.
int rename(const char *from, const char *to) {
    const char *stuck = getenv("CRASH_TEST_STUCK");
    size_t length = strlen(to), size = stuck == NULL ? 0 : strlen(stuck);
    if (size > 0 && size <= length && strcmp(to + length - size, stuck) == 0) {
        for (;;) pause();
    }
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0U);
}
