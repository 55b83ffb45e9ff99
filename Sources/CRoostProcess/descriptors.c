#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "CRoostProcess.h"

int32_t roost_memory(const char *name, size_t size) {
    int memory = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (memory < 0) return -1;
    if (ftruncate(memory, (off_t)size) != 0 || fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
        int failure = errno;
        close(memory);
        errno = failure;
        return -1;
    }
    return memory;
}

int64_t roost_memory_size(int32_t descriptor) {
    const int wanted = F_SEAL_SHRINK | F_SEAL_GROW;
    int seals = fcntl(descriptor, F_GET_SEALS);
    struct stat status;
    if (seals < 0 || (seals & wanted) != wanted || fstat(descriptor, &status) != 0) return -1;
    return status.st_size;
}

int32_t roost_is_delegated(const char *folder) {
    static const char *const marks[] = {"user.delegate", "trusted.delegate"};
    for (int index = 0; index < 2; index++) {
        char value = 0;
        if (getxattr(folder, marks[index], &value, 1) == 1 && value == '1') return 1;
    }
    return 0;
}

int32_t roost_channel(int32_t ends[2]) {
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0 ? 0 : errno;
}

int32_t roost_pipe(int32_t ends[2], int32_t nonblocking_reader) {
    if (pipe2(ends, O_CLOEXEC) != 0) return errno;
    if (nonblocking_reader) fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return 0;
}

int32_t roost_send_descriptors(int32_t channel, const int32_t *descriptors, const uint64_t *numbers, int32_t count) {
    if (count < 1 || count > ROOST_DESCRIPTORS_AT_ONCE) return EINVAL;
    struct iovec part = {.iov_base = (void *)numbers, .iov_len = (size_t)count * sizeof *numbers};
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(ROOST_DESCRIPTORS_AT_ONCE * sizeof(int))];
    memset(control, 0, sizeof control);
    const size_t size = (size_t)count * sizeof(int);
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(size)};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(header), descriptors, size);
    while (sendmsg(channel, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
        if (errno != EINTR) return errno;
    }
    return 0;
}

int32_t roost_receive_descriptors(
    int32_t channel, int32_t *descriptors, uint64_t *numbers, int32_t *lost, int32_t timeout_ms) {
    *lost = 0;
    struct pollfd wait = {.fd = channel, .events = POLLIN};
    int ready;
    while ((ready = poll(&wait, 1, timeout_ms)) < 0 && errno == EINTR) {}
    if (ready <= 0) {
        if (ready == 0) errno = ETIMEDOUT;
        return -1;
    }
    struct iovec part = {.iov_base = numbers, .iov_len = ROOST_DESCRIPTORS_AT_ONCE * sizeof *numbers};
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(ROOST_DESCRIPTORS_AT_ONCE * sizeof(int))];
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t size = recvmsg(channel, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (size < 0) return -1;
    // The kernel gives what fits into this process's table, and says by MSG_CTRUNC that there was more.
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    int32_t count = 0;
    if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
        count = (int32_t)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(descriptors, CMSG_DATA(header), (size_t)count * sizeof(int));
    }
    const int32_t sent = (int32_t)(size / (ssize_t)sizeof *numbers);
    const int is_whole = size % (ssize_t)sizeof *numbers == 0 && !(message.msg_flags & MSG_TRUNC);
    if (size > 0 && is_whole && (count == sent || (count < sent && message.msg_flags & MSG_CTRUNC))) {
        *lost = sent - count;
        return count;
    }
    for (int32_t index = 0; index < count; index++) close(descriptors[index]);
    errno = size == 0 ? EPIPE : EPROTO;
    return -1;
}

int32_t roost_wait_for_hangup(int32_t channel, int32_t timeout_ms) {
    while (1) {
        struct pollfd wait = {.fd = channel, .events = 0};
        int ready = poll(&wait, 1, timeout_ms);
        if (ready > 0) return wait.revents & POLLNVAL ? EBADF : 0;
        if (ready == 0) return ETIMEDOUT;
        if (errno != EINTR) return errno;
    }
}

int32_t roost_poll_new(void) {
    return epoll_create1(EPOLL_CLOEXEC);
}

int32_t roost_poll_add(int32_t poll, int32_t descriptor, uint64_t tag) {
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = tag};
    return epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event) == 0 ? 0 : errno;
}

int32_t roost_poll_remove(int32_t poll, int32_t descriptor) {
    struct epoll_event event = {.events = 0};
    return epoll_ctl(poll, EPOLL_CTL_DEL, descriptor, &event) == 0 ? 0 : errno;
}

int32_t roost_poll_wait(int32_t poll, roost_poll_event *events, int32_t count, int64_t timeout_ns) {
    struct epoll_event found[64];
    if (count > 64) count = 64;
    struct timespec timeout = {.tv_sec = timeout_ns / 1000000000, .tv_nsec = timeout_ns % 1000000000};
    int number = epoll_pwait2(poll, found, count, timeout_ns < 0 ? NULL : &timeout, NULL);
    if (number < 0 && errno == ENOSYS) {
        number = epoll_wait(poll, found, count, timeout_ns < 0 ? -1 : (int)((timeout_ns + 999999) / 1000000));
    }
    for (int index = 0; index < number; index++) {
        events[index] = (roost_poll_event){.tag = found[index].data.u64, .events = found[index].events};
    }
    return number < 0 ? 0 : number;
}
