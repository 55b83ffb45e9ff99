#ifndef CONTROL_H
#define CONTROL_H

#include <gtk/gtk.h>

// Round trips from a thread to the main loop and back, by g_idle_add and a semaphore, the loop on the thread's core or on
// another one; ends the loop with its line of JSON.
void bridge_measure(GMainLoop *loop, int count, int onOneCore);

#endif
