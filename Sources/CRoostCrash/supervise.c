#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "CRoostSupervisor.h"
#include "relay.h"
#include "requests.h"

extern char **environ;

static struct {
    int is_set_up;
    int signals;  // a signalfd
    sigset_t mask_before;
    struct sigaction child_before;
    pid_t child;
    int is_stopped;
    int is_job_stop;  // the terminal, or somebody, asked for a stop
    int has_ended;
    int status;
    int asked;
    int passed_on;  // the last signal that the child got from here
    struct timespec passed_on_at;
} parent;

// --- set-up --------------------------------------------------------------------------------------------------------------
// The faults of this process itself are no messages.
static const int own_faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS};

static void wanted_signals(sigset_t *set) {
    sigfillset(set);
    for (size_t index = 0; index < sizeof own_faults / sizeof *own_faults; index++) sigdelset(set, own_faults[index]);
}

static int set_up(void) {
    sigset_t set;
    wanted_signals(&set);
    int signals = relay_above(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (signals < 0) return errno;
    parent.signals = signals;
    sigprocmask(SIG_BLOCK, &set, &parent.mask_before);
    // Ignored, it would take the child's status away.
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigaction(SIGCHLD, &standard, &parent.child_before);
    // What the child leaves behind comes to this process: so it is known to be the child's.
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    parent.is_set_up = 1;
    return 0;
}

static void take_back(void) {
    prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
    sigaction(SIGCHLD, &parent.child_before, NULL);
    sigprocmask(SIG_SETMASK, &parent.mask_before, NULL);
    close(parent.signals);
    parent.is_set_up = 0;
}

// The path by which this program is to be started again: the kernel names a process after it. The file that runs, whatever has its name now.
static const char *program(char *path, size_t size) {
    static const char own[] = "/proc/self/exe";
    ssize_t length = readlink(own, path, size - 1);
    if (length <= 0) return own;
    path[length] = 0;
    struct stat named, running;
    if (stat(path, &named) != 0 || stat(own, &running) != 0) return own;
    return named.st_dev == running.st_dev && named.st_ino == running.st_ino ? path : own;
}

// The environment with one more variable. NULL without memory.
static char **environment_with(char *variable) {
    static const char name[] = ROOST_SUPERVISED_VARIABLE "=";
    size_t count = 0, place = 0;
    while (environ[count] != NULL) count++;
    char **all = calloc(count + 2, sizeof *all);
    if (all == NULL) return NULL;
    for (size_t index = 0; index < count; index++) {
        if (strncmp(environ[index], name, sizeof name - 1) != 0) all[place++] = environ[index];
    }
    all[place] = variable;
    return all;
}

// In the parent's memory, until exec: system calls alone.
static void become_the_child(const char *path, char **arguments, char **all, int error, pid_t from, volatile int *failure) {
    // SIGTERM: without its parent it is to end, but in order.
    prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
    if (getppid() == from && dup2(error, STDERR_FILENO) >= 0) {
        sigaction(SIGCHLD, &parent.child_before, NULL);
        sigprocmask(SIG_SETMASK, &parent.mask_before, NULL);
        execve(path, arguments, all);
    }
    *failure = errno == 0 ? ESRCH : errno;
    _exit(127);
}

// The child; its standard error is read from `*pipe_end`. 0 or an errno.
static int start(const roost_supervise_request *request, int *pipe_end, roost_supervise_result *result) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return errno;
    ends[0] = relay_above(ends[0]);
    ends[1] = relay_above(ends[1]);
    char variable[128], path[4096];
    snprintf(
        variable, sizeof variable, ROOST_SUPERVISED_VARIABLE "=%d:%d:%d:%d", (int)getpid(), ends[0], request->mode,
        request->count);
    char **all = environment_with(variable);
    int failed = all == NULL ? ENOMEM : 0;
    volatile int failure = 0;
    if (failed == 0) {
        const char *own = program(path, sizeof path);
        // The child holds this end, too: what it prints after its parent was killed fails nowhere.
        fcntl(ends[0], F_SETFD, 0);
        pid_t self = getpid();
        struct timespec time;
        clock_gettime(CLOCK_REALTIME, &time);
        result->began_ns = (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
        errno = 0;
        pid_t child = vfork();
        if (child == 0) become_the_child(own, request->arguments, all, ends[1], self, &failure);
        failed = child < 0 ? errno : failure;
        if (child > 0 && failed != 0) waitpid(child, NULL, 0);
        parent.child = child;
    }
    free(all);
    close(ends[1]);
    if (failed != 0) {
        close(ends[0]);
        return failed;
    }
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    *pipe_end = ends[0];
    result->process = parent.child;
    return 0;
}

// Whoever reads from what the child writes to sees its end when the child closes it.
static void close_the_rest(int pipe_end) {
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing >= 0) {
        dup2(nothing, STDIN_FILENO);
        dup2(nothing, STDOUT_FILENO);
        close(nothing);
    }
    int kept[3] = {parent.signals, pipe_end, -1};
    struct pollfd wanted = relay_wants(&kept[2]);
    kept[2] = wanted.fd;
    unsigned first = 3;
    // In their order, whatever that is.
    for (;;) {
        int next = -1;
        for (int index = 0; index < 3; index++) {
            if (kept[index] >= (int)first && (next < 0 || kept[index] < next)) next = kept[index];
        }
        unsigned last = next < 0 ? ~0U : (unsigned)next - 1;
        if (first <= last) syscall(SYS_close_range, first, last, 0);
        if (next < 0) return;
        first = (unsigned)next + 1;
    }
}

// --- while it lives ------------------------------------------------------------------------------------------------------------
static void look_at_children(void) {
    int status;
    pid_t which;
    // Others are what the child left behind: nobody else would take them away.
    while ((which = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED)) > 0) {
        if (which != parent.child) continue;
        if (WIFCONTINUED(status)) {
            parent.is_stopped = 0;
        } else if (WIFSTOPPED(status)) {
            parent.is_stopped = 1;
            // A stop that no job control asked for is the child's alone: whoever sends SIGCONT to it does not mean this process.
            if (WSTOPSIG(status) != SIGSTOP) parent.is_job_stop = 1;
        } else {
            parent.status = status;
            parent.has_ended = 1;
        }
    }
}

// What the kernel sends goes to the whole foreground group, the child included; what the child itself sends is not for it. That its terminal is gone
// the kernel tells the session's leader alone.
static int is_for_the_child(const struct signalfd_siginfo *signal) {
    if (signal->ssi_signo == SIGHUP && signal->ssi_code == SI_KERNEL) return getsid(0) == getpid();
    return signal->ssi_code <= 0 && signal->ssi_pid != (uint32_t)getpid() && signal->ssi_pid != (uint32_t)parent.child;
}

static void note_asked(int number) {
    if (number == SIGTERM || number == SIGINT || number == SIGHUP || number == SIGQUIT) parent.asked = number;
}

static void take_signals(void) {
    struct signalfd_siginfo signal;
    // A child that is dead hears nothing: what comes after it is for this process. The queue has SIGCHLD behind most others.
    look_at_children();
    while (read(parent.signals, &signal, sizeof signal) == sizeof signal) {
        int number = (int)signal.ssi_signo;
        switch (number) {
        case SIGCHLD: break;
        case SIGCONT:
            parent.is_job_stop = 0;
            look_at_children();
            // Of a group's SIGCONT it has got its own.
            if (parent.is_stopped && !parent.has_ended) kill(parent.child, SIGCONT);
            break;
        case SIGTSTP:
        case SIGTTIN:
        case SIGTTOU: parent.is_job_stop = 1;
        // fall through
        default:
            if (parent.has_ended) {
                note_asked(number);
            } else if (is_for_the_child(&signal)) {
                kill(parent.child, number);
                parent.passed_on = number;
                clock_gettime(CLOCK_MONOTONIC, &parent.passed_on_at);
            }
        }
    }
    look_at_children();
    if (parent.is_stopped && parent.is_job_stop && !parent.has_ended) {
        // The shell sees a stopped job. Whoever goes on with it goes on with both.
        parent.is_job_stop = 0;
        raise(SIGSTOP);
    }
}

// It may have been dying already when it was asked to end, or have died of that: another one is not wanted. What else these signals mean to a program
// (reload, leave the prompt) is over after a second.
static void note_passed_on(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (parent.passed_on == SIGTERM || now.tv_sec - parent.passed_on_at.tv_sec <= 1) note_asked(parent.passed_on);
}

static void wait_for_the_end(int pipe_end) {
    int is_open = 1;
    while (!parent.has_ended) {
        int timeout;
        struct pollfd all[3] = {{.fd = parent.signals, .events = POLLIN}, {.fd = -1, .events = POLLIN}, relay_wants(&timeout)};
        if (is_open && relay_has_room()) all[1].fd = pipe_end;
        if (all[2].events == 0) all[2].fd = -1;
        if (poll(all, 3, timeout) < 0 && errno != EINTR) {
            // Without the memory for that all are looked at from time to time: none of them blocks.
            struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
            nanosleep(&pause, NULL);
            if (is_open && relay_has_room()) relay_read(pipe_end);
            relay_write();
            take_signals();
            continue;
        }
        if (all[1].revents != 0) {
            // Nobody writes there any more, and the child goes on without.
            if (!relay_read(pipe_end) && (all[1].revents & (POLLHUP | POLLERR))) is_open = 0;
        }
        relay_write();
        if (all[0].revents != 0) take_signals();
    }
}

int roost_supervise(const roost_supervise_request *request, roost_supervise_result *result) {
    int is_first = !parent.is_set_up;
    int failure = is_first ? set_up() : 0;
    if (failure != 0) return failure;
    parent.is_stopped = parent.is_job_stop = parent.has_ended = parent.passed_on = 0;
    int pipe_end = -1;
    failure = start(request, &pipe_end, result);
    if (failure != 0) {
        if (is_first) take_back();
        return failure;
    }
    if (is_first) {
        // Whoever ends programs by their names means the program.
        prctl(PR_SET_NAME, "roost-parent", 0, 0, 0);
        relay_open();
        if (!request->keeps_descriptors) close_the_rest(pipe_end);
    }
    relay_begin();
    wait_for_the_end(pipe_end);
    note_passed_on();
    relay_finish(pipe_end);
    close(pipe_end);
    result->status = parent.status;
    return 0;
}

uint64_t roost_supervised_output(char *bytes, size_t size, size_t *count) {
    return relay_kept(bytes, size, count);
}

// --- after its end ---------------------------------------------------------------------------------------------------------
int roost_supervisor_asked(void) {
    struct signalfd_siginfo signal;
    while (read(parent.signals, &signal, sizeof signal) == sizeof signal) note_asked((int)signal.ssi_signo);
    return parent.asked;
}

int32_t roost_supervisor_copy(void) {
    pid_t self = getpid(), copy = fork();
    if (copy == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        if (getppid() != self) _exit(127);
    }
    return copy;
}

int roost_supervisor_wait_for_copy(int32_t copy, int limit_ms) {
    struct timespec began, now;
    clock_gettime(CLOCK_MONOTONIC, &began);
    int status = 0;
    // SIGCHLD is blocked, and left for the next child's wait; so the end is looked for.
    for (int is_killed = 0; waitpid(copy, &status, WNOHANG) != copy;) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        int64_t took = (now.tv_sec - began.tv_sec) * 1000 + (now.tv_nsec - began.tv_nsec) / 1000000;
        if (took >= limit_ms && !is_killed) is_killed = kill(copy, SIGKILL) == 0;
        poll(NULL, 0, took < 100 ? 1 : 20);
    }
    return status;
}

void roost_supervisor_end(int status) {
    if (!WIFSIGNALED(status)) _exit(WEXITSTATUS(status));
    int number = WTERMSIG(status);
    // A core of this process says nothing of the child's crash.
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    signal(number, SIG_DFL);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    // Pending signals of others must not come first.
    kill(getpid(), number);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    _exit(128 + number);
}

// --- in the child ----------------------------------------------------------------------------------------------------------
int roost_supervised(int32_t *mode, int32_t *count) {
    const char *text = getenv(ROOST_SUPERVISED_VARIABLE);
    if (text == NULL) return 0;
    int from = 0, descriptor = -1;
    int found = sscanf(text, "%d:%d:%d:%d", &from, &descriptor, mode, count);
    // No program that this one starts is to find it.
    unsetenv(ROOST_SUPERVISED_VARIABLE);
    if (found != 4 || from != (int)getppid()) return 0;
    if (descriptor > STDERR_FILENO) fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    roost_requests_come_from(from);
    return 1;
}

int roost_supervisor_threads(void) {
    DIR *folder = opendir("/proc/self/task");
    if (folder == NULL) return 1;
    int count = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}
