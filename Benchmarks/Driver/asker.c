// Asks windows to close as a window manager does, and says when they came and went. One connection for many programs: its
// times (CLOCK_MONOTONIC, ns) are those of the event, not of a tool that had to be started first.
//
// In:  "close\n" asks the window that came last.
// Out: "came NS", "asked NS", "gone NS", a line each.

#include <X11/Xatom.h>
#include <X11/Xlib.h>
#include <X11/Xutil.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static Atom protocols, deleteWindow;

static void say(const char *what) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    printf("%s %lld\n", what, now.tv_sec * 1000000000LL + now.tv_nsec);
    fflush(stdout);
}

// A window that can be asked: not a menu, not a helper window of a toolkit.
static int takesRequests(Display *display, Window window) {
    Atom *all = NULL;
    int count = 0, found = 0;
    if (!XGetWMProtocols(display, window, &all, &count)) return 0;
    for (int i = 0; i < count; ++i) found |= all[i] == deleteWindow;
    XFree(all);
    return found;
}

static void ask(Display *display, Window window) {
    XEvent event;
    memset(&event, 0, sizeof event);
    event.xclient.type = ClientMessage;
    event.xclient.window = window;
    event.xclient.message_type = protocols;
    event.xclient.format = 32;
    event.xclient.data.l[0] = (long)deleteWindow;
    event.xclient.data.l[1] = CurrentTime;
    say("asked");
    XSendEvent(display, window, False, NoEventMask, &event);
    XFlush(display);
}

// A window may be gone by the time it is asked about: no reason to end.
static int ignore(Display *display, XErrorEvent *error) {
    (void)display;
    (void)error;
    return 0;
}

int main(void) {
    Display *display = XOpenDisplay(NULL);
    if (!display) {
        fprintf(stderr, "asker: no display\n");
        return 1;
    }
    XSetErrorHandler(ignore);
    protocols = XInternAtom(display, "WM_PROTOCOLS", False);
    deleteWindow = XInternAtom(display, "WM_DELETE_WINDOW", False);
    XSelectInput(display, DefaultRootWindow(display), SubstructureNotifyMask);
    XSync(display, False);
    puts("ready");
    fflush(stdout);

    Window last = None;
    for (;;) {
        while (XPending(display)) {
            XEvent event;
            XNextEvent(display, &event);
            if (event.type == MapNotify && !event.xmap.override_redirect && takesRequests(display, event.xmap.window)) {
                last = event.xmap.window;
                say("came");
            } else if (last != None && ((event.type == UnmapNotify && event.xunmap.window == last)
                                        || (event.type == DestroyNotify && event.xdestroywindow.window == last))) {
                last = None;
                say("gone");
            }
        }
        struct pollfd sources[] = {{ConnectionNumber(display), POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
        poll(sources, 2, -1);
        if (sources[1].revents) {
            char line[64];
            ssize_t length = read(STDIN_FILENO, line, sizeof line);
            if (length <= 0) return 0;
            if (last != None) ask(display, last);
        }
    }
}
