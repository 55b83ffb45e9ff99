#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "CRoostProcess.h"

// --- what this process was started as --------------------------------------------------------------------------------
static const char worker_variable[] = "ROOST_WORKER";
static const char guardian_variable[] = "ROOST_GUARDIAN";
static roost_role role;
static const char *const displays[2] = {"DISPLAY", "WAYLAND_DISPLAY"};
// What they are while they are hidden. Without the variable Wayland's library tries "wayland-0"; a path it takes as it is, and there is
// never a file below another one.
static const char *const nowhere[2] = {NULL, "/dev/null/hidden-from-a-worker"};
static char *hidden[2];
static int is_hiding;

static const char victim_variable[] = "ROOST_VICTIM";
static const char sleeper_variable[] = "ROOST_SLEEPER";
static int32_t victim_channel = -1;

_Noreturn void roost_guard(int32_t pipe, int32_t table);

const char *roost_role_variable(void) {
    return worker_variable;
}

const char *roost_guardian_variable(void) {
    return guardian_variable;
}

const char *roost_victim_variable(void) {
    return victim_variable;
}

int32_t roost_victim_channel(void) {
    return victim_channel;
}

const char *roost_sleeper_variable(void) {
    return sleeper_variable;
}

roost_role roost_process_role(void) {
    return role;
}

static void hide_displays(void) {
    is_hiding = 1;
    for (int index = 0; index < 2; index++) {
        const char *display = getenv(displays[index]);
        if (display != NULL) hidden[index] = strdup(display);
        if (nowhere[index] != NULL) {
            setenv(displays[index], nowhere[index], 1);
        } else {
            unsetenv(displays[index]);
        }
    }
    // The number of a connection that was open in the app; it is not open here.
    unsetenv("WAYLAND_SOCKET");
}

// Before main, and before anything that a program does: it may have no main of ours. The variables are taken out, so that
// nothing that this process starts takes them for its own.
__attribute__((constructor)) static void read_role(void) {
    const char *text = getenv(guardian_variable);
    if (text != NULL) {
        int pipe = -1, table = -1;
        if (sscanf(text, "%d,%d", &pipe, &table) == 2) roost_guard(pipe, table);
        unsetenv(guardian_variable);
    }
    if (getenv(sleeper_variable) != NULL) {
        while (1) pause();
    }
    text = getenv(victim_variable);
    if (text != NULL) {
        sscanf(text, "%d", &victim_channel);
        unsetenv(victim_variable);
        hide_displays();
    }
    text = getenv(worker_variable);
    if (text == NULL) return;
    roost_role read = {.is_worker = 1};
    int is_whole = sscanf(text, "%d,%d,%d", &read.control, &read.channel, &read.parent) == 3;
    unsetenv(worker_variable);
    // Set by hand, or left over: not a worker of anybody.
    if (!is_whole || roost_memory_size(read.control) != (int64_t)roost_control_size()) return;
    role = read;
    // Until the program has asked what it is it opens no window.
    hide_displays();
}

void roost_role_show_displays(void) {
    for (int index = 0; is_hiding && index < 2; index++) {
        // What the program has set itself since then stays.
        const char *now = getenv(displays[index]);
        if (now != NULL && (nowhere[index] == NULL || strcmp(now, nowhere[index]) != 0)) continue;
        if (hidden[index] != NULL) {
            setenv(displays[index], hidden[index], 1);
        } else {
            unsetenv(displays[index]);
        }
    }
    is_hiding = 0;
}
