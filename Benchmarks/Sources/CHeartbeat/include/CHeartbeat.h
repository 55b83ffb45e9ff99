#ifndef CHEARTBEAT_H
#define CHEARTBEAT_H

// The heartbeat of a window's main loop, the same code for Roost's windows and the control's: a GLib timer of 4 ms at the
// default priority that writes the time of each beat into a page it shares with the driver. What the driver needs is there
// whenever the program ends, so nothing is done at the end that would be measured with it.

// Begins to beat in the default main context. `path` is a file that the driver made and cleared; `go` is called, once and
// from a beat, when the driver says so.
void heartbeat_start(const char *path, void (*go)(void));

// Says that the work which was begun by `go` is under way; from the main thread.
void heartbeat_mark_running(void);

// Says that the work is over and the last of it is shown; from the main thread.
void heartbeat_mark_done(void);

#endif
