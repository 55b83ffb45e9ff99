#define _GNU_SOURCE
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "CRoostCrash.h"

enum { FINALIZER_BEING_WRITTEN = 1000 };

static int32_t add(uint32_t kind, int32_t group, const char *path) {
    roost_crash_page *page = roost_crash_page_now();
    size_t length = path == NULL ? 0 : strlen(path);
    if (page == NULL || length >= ROOST_CRASH_PATH) return -1;
    for (int32_t place = 0; place < ROOST_CRASH_FINALIZERS; place++) {
        roost_crash_finalizer *finalizer = &page->finalizers[place];
        uint32_t free = ROOST_FINALIZER_FREE;
        if (!__atomic_compare_exchange_n(
                &finalizer->kind, &free, FINALIZER_BEING_WRITTEN, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
            continue;
        }
        finalizer->group = group;
        if (path != NULL) memcpy(finalizer->path, path, length + 1);
        __atomic_store_n(&finalizer->kind, kind, __ATOMIC_RELEASE);
        return place;
    }
    return -1;
}

int32_t roost_crash_add_unlink(const char *path) {
    return add(ROOST_FINALIZER_UNLINK, 0, path);
}

int32_t roost_crash_add_kill_group(int32_t group) {
    // 0 and 1 would be this process's own group, and everybody.
    return group > 1 && group != getpgrp() ? add(ROOST_FINALIZER_KILL_GROUP, group, NULL) : -1;
}

void roost_crash_remove_finalizer(int32_t place) {
    roost_crash_page *page = roost_crash_page_now();
    if (page == NULL || place < 0 || place >= ROOST_CRASH_FINALIZERS) return;
    __atomic_store_n(&page->finalizers[place].kind, ROOST_FINALIZER_FREE, __ATOMIC_RELEASE);
}

void roost_crash_finalize(void) {
    roost_crash_page *page = roost_crash_page_now();
    // A process that this one forked has none of it to do.
    if (page == NULL || page->process != getpid()) return;
    // The last declared first, as the orderly end does it.
    for (int32_t place = ROOST_CRASH_FINALIZERS - 1; place >= 0; place--) {
        roost_crash_finalizer *finalizer = &page->finalizers[place];
        uint32_t kind = __atomic_load_n(&finalizer->kind, __ATOMIC_ACQUIRE);
        if (kind == ROOST_FINALIZER_UNLINK) unlink(finalizer->path);
        if (kind == ROOST_FINALIZER_KILL_GROUP && finalizer->group != getpgrp()) kill(-finalizer->group, SIGKILL);
        if (kind == ROOST_FINALIZER_UNLINK || kind == ROOST_FINALIZER_KILL_GROUP) {
            // Done: whoever comes after this process has nothing to do.
            __atomic_store_n(&finalizer->kind, ROOST_FINALIZER_FREE, __ATOMIC_RELEASE);
        }
    }
}
