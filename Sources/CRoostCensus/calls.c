#define _GNU_SOURCE
#include <sys/syscall.h>

#include "CRoostCensus.h"

#define CALL(name) [SYS_##name] = #name

// Those in which a thread can be for a while.
static const char *const names[] = {
    CALL(read), CALL(write), CALL(readv), CALL(writev), CALL(pread64), CALL(pwrite64), CALL(preadv), CALL(pwritev),
    CALL(openat), CALL(close), CALL(fsync), CALL(fdatasync), CALL(sync), CALL(syncfs), CALL(msync),
    CALL(sync_file_range), CALL(fallocate), CALL(truncate), CALL(ftruncate), CALL(unlinkat), CALL(renameat2),
    CALL(mkdirat), CALL(linkat), CALL(getdents64), CALL(statx), CALL(newfstatat), CALL(statfs), CALL(readlinkat),
    CALL(copy_file_range), CALL(sendfile), CALL(splice), CALL(tee), CALL(vmsplice), CALL(ioctl), CALL(fcntl), CALL(flock),
    CALL(accept), CALL(accept4), CALL(connect), CALL(recvfrom), CALL(recvmsg), CALL(recvmmsg), CALL(sendto),
    CALL(sendmsg), CALL(sendmmsg), CALL(shutdown), CALL(ppoll), CALL(pselect6), CALL(epoll_pwait),
    CALL(nanosleep), CALL(clock_nanosleep), CALL(restart_syscall), CALL(futex), CALL(wait4), CALL(waitid),
    CALL(rt_sigsuspend), CALL(rt_sigtimedwait), CALL(msgrcv), CALL(msgsnd), CALL(semop), CALL(semtimedop),
    CALL(mq_timedreceive), CALL(mq_timedsend), CALL(io_getevents), CALL(io_uring_enter), CALL(getrandom), CALL(mmap),
    CALL(munmap), CALL(mremap), CALL(madvise), CALL(mprotect), CALL(brk), CALL(clone), CALL(execve),
    CALL(exit), CALL(exit_group), CALL(kill), CALL(tgkill), CALL(ptrace), CALL(membarrier), CALL(sched_yield),
    CALL(process_vm_readv), CALL(mount), CALL(umount2), CALL(getsockopt), CALL(perf_event_open), CALL(bpf),
// Younger than the oldest headers that this is built with.
#ifdef SYS_openat2
    CALL(openat2),
#endif
#ifdef SYS_clone3
    CALL(clone3),
#endif
#ifdef SYS_epoll_pwait2
    CALL(epoll_pwait2),
#endif
#ifdef SYS_futex_waitv
    CALL(futex_waitv),
#endif
#ifdef SYS_open
    CALL(open), CALL(poll), CALL(select), CALL(epoll_wait), CALL(pause), CALL(vfork), CALL(fork), CALL(stat), CALL(lstat),
    CALL(access), CALL(rename), CALL(unlink), CALL(mkdir), CALL(rmdir), CALL(readlink),
#endif
};

const char *roost_call_name(int32_t number) {
    if (number < 0 || (unsigned long)number >= sizeof names / sizeof names[0]) return NULL;
    return names[number];
}
