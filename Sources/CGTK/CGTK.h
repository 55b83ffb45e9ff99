// The oldest GTK that is supported: what a newer one calls outdated is no warning, and what only a newer one has is one.
#define GDK_VERSION_MIN_REQUIRED GDK_VERSION_4_8
#define GDK_VERSION_MAX_ALLOWED GDK_VERSION_4_8
#include <gtk/gtk.h>
#include <glib-unix.h>
