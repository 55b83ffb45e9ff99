#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>

#include "inside.h"

void roost_stacks_prepare(void) {
    // The dynamic linker's answer without a lock, since glibc 2.35; before that the unwinder waits for whoever loads a library.
    if (!roost_may_unwind && dlsym(RTLD_DEFAULT, "_dl_find_object") != NULL) {
        // Its first call loads a library in some builds.
        roost_unwind_once();
        roost_may_unwind = 1;
    }
    if (roost_spare_file < 0) roost_spare_file = open("/dev/null", O_RDONLY | O_CLOEXEC);
}
