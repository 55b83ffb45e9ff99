#define _GNU_SOURCE
#include "CProgramDoor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int door_spawn(const struct door_launch *launch, pid_t *process) {
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawn_file_actions_init(&actions);
    if (launch->folder != NULL) posix_spawn_file_actions_addchdir_np(&actions, launch->folder);
    // The leader of a new session that opens a terminal gets it as its controlling one.
    const char *standard = launch->terminal != NULL ? launch->terminal : "/dev/null";
    for (int stream = 0; stream < 3; stream++) {
        if (launch->streams[stream] < 0) {
            posix_spawn_file_actions_addopen(&actions, stream, standard, O_RDWR, 0);
        } else {
            posix_spawn_file_actions_adddup2(&actions, launch->streams[stream], stream);
        }
    }
    int failure = posix_spawn(process, launch->path, &actions, &attributes, launch->arguments, launch->environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return failure;
}

int door_pidfd(pid_t process) {
    return (int)syscall(SYS_pidfd_open, process, 0);
}

int door_open_terminal(char *name, size_t length) {
    int terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (terminal < 0) return -1;
    if (grantpt(terminal) != 0 || unlockpt(terminal) != 0 || ptsname_r(terminal, name, length) != 0) {
        close(terminal);
        return -1;
    }
    return terminal;
}

void door_set_columns(int terminal, int columns, int rows) {
    struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows};
    ioctl(terminal, TIOCSWINSZ, &size);
}

int door_pipe(int *reading, int *writing) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return errno;
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    *reading = ends[0];
    *writing = ends[1];
    return 0;
}

void door_shrink_pipe(int descriptor) {
    fcntl(descriptor, F_SETPIPE_SZ, 4096);
}
