// The control: a window with the widgets and the views of Sources/bench-window, by hand and without Roost. What its main loop
// does in these moments is what GTK and the display cost anybody.
//
// control close|flood|flood-long|stubborn PAGE [quick], control idle|bridge|bridge1 - [quick]

#include "control.h"

#include "CHeartbeat.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static GMainLoop *loop;
static GtkWindow *window;
static GtkProgressBar *bar;
static const char *mode;
static int quick;

// MARK: What is shown

static GtkWidget *box(GtkOrientation orientation, int spacing, int margin) {
    GtkWidget *box = gtk_box_new(orientation, spacing);
    gtk_widget_set_margin_top(box, margin);
    gtk_widget_set_margin_bottom(box, margin);
    gtk_widget_set_margin_start(box, margin);
    gtk_widget_set_margin_end(box, margin);
    return box;
}

static GtkWidget *buttons(const char *const *titles) {
    GtkWidget *row = box(GTK_ORIENTATION_HORIZONTAL, 6, 0);
    for (; *titles; ++titles) gtk_box_append(GTK_BOX(row), gtk_button_new_with_mnemonic(*titles));
    return row;
}

static GtkWidget *taskView(void) {
    static const char *const first[] = {"Start _Task", "Start S_everal", "_Pause", "_Stop", NULL};
    static const char *const second[] = {"Start Stu_bborn", "Start _Flood", "_New Window", NULL};
    GtkWidget *view = box(GTK_ORIENTATION_VERTICAL, 12, 18);
    bar = GTK_PROGRESS_BAR(gtk_progress_bar_new());
    gtk_widget_set_hexpand(GTK_WIDGET(bar), TRUE);
    GtkWidget *status = gtk_label_new("Press a button.");
    gtk_label_set_xalign(GTK_LABEL(status), 0);
    gtk_label_set_wrap(GTK_LABEL(status), TRUE);
    gtk_label_set_wrap_mode(GTK_LABEL(status), PANGO_WRAP_WORD_CHAR);
    gtk_box_append(GTK_BOX(view), GTK_WIDGET(bar));
    gtk_box_append(GTK_BOX(view), status);
    gtk_box_append(GTK_BOX(view), buttons(first));
    gtk_box_append(GTK_BOX(view), buttons(second));
    return view;
}

static GtkWidget *centered(const char *style, GtkWidget *view) {
    GtkWidget *label = gtk_label_new("");
    gtk_label_set_justify(GTK_LABEL(label), GTK_JUSTIFY_CENTER);
    if (style) gtk_widget_add_css_class(label, style);
    gtk_box_append(GTK_BOX(view), label);
    return label;
}

static GtkLabel *timeLeft;
static GtkLabel *waitingFor;

static void showClosingView(void) {
    GtkWidget *view = box(GTK_ORIENTATION_VERTICAL, 12, 24);
    gtk_widget_set_valign(view, GTK_ALIGN_CENTER);
    gtk_label_set_text(GTK_LABEL(centered("title-2", view)), "Shutting down…");
    waitingFor = GTK_LABEL(centered(NULL, view));
    gtk_label_set_wrap(waitingFor, TRUE);
    gtk_label_set_wrap_mode(waitingFor, PANGO_WRAP_WORD_CHAR);
    timeLeft = GTK_LABEL(centered("dim-label", view));
    GtkWidget *row = box(GTK_ORIENTATION_HORIZONTAL, 12, 0);
    gtk_widget_set_halign(row, GTK_ALIGN_CENTER);
    gtk_widget_set_margin_top(row, 12);
    gtk_box_append(GTK_BOX(row), gtk_button_new_with_mnemonic("_Keep open"));
    GtkWidget *close = gtk_button_new_with_mnemonic("_Close now");
    gtk_widget_add_css_class(close, "destructive-action");
    gtk_box_append(GTK_BOX(row), close);
    gtk_box_append(GTK_BOX(view), row);
    gtk_window_set_child(window, view);
}

// MARK: The close

static gint64 asked;
static guint nextLook, nextStep;

static gboolean takeDown(gpointer unused) {
    (void)unused;
    if (nextLook) g_source_remove(nextLook);
    if (nextStep) g_source_remove(nextStep);
    gtk_window_destroy(window);
    g_main_loop_quit(loop);
    return G_SOURCE_REMOVE;
}

// The view as Roost has it for a stubborn worker: after 80 ms, looked at every 100 ms, gone after two seconds.
static gboolean look(gpointer unused) {
    (void)unused;
    if (!timeLeft) showClosingView();
    gint64 left = 2000000 - (g_get_monotonic_time() - asked);
    char text[64];
    snprintf(text, sizeof text, "This takes at most %s more.", left > 1000000 ? "2 seconds" : "1 second");
    gtk_label_set_text(waitingFor, "Waiting for 'stubborn'.");
    gtk_label_set_text(timeLeft, text);
    nextLook = g_timeout_add(100, look, NULL);
    return G_SOURCE_REMOVE;
}

static gboolean closeRequest(GtkWindow *window, gpointer unused) {
    (void)window;
    (void)unused;
    if (strcmp(mode, "stubborn") == 0) {
        asked = g_get_monotonic_time();
        nextLook = g_timeout_add(80, look, NULL);
        g_timeout_add(2000, takeDown, NULL);
    } else {
        takeDown(NULL);
    }
    return TRUE;
}

// MARK: The work

static _Atomic int newest;
static int last;

// The same count of values, without Roost, to something that is looked at once a frame.
static void *produce(void *unused) {
    (void)unused;
    if (strcmp(mode, "flood-long") == 0) {
        gint64 end = g_get_monotonic_time() + 2000000;
        for (int i = 0; g_get_monotonic_time() < end; i = (i + 1) % last) atomic_store(&newest, i);
    } else {
        for (int i = 0; i < last; ++i) atomic_store(&newest, i);
    }
    atomic_store(&newest, last);
    return NULL;
}

static gboolean showNewest(gpointer unused) {
    (void)unused;
    int value = atomic_load(&newest);
    gtk_progress_bar_set_fraction(bar, (double)value / last);
    if (value != last) return G_SOURCE_CONTINUE;
    heartbeat_mark_done();
    return G_SOURCE_REMOVE;
}

// What five workers with a step of 100 ms report, two of them at a time.
static gboolean showStep(gpointer unused) {
    (void)unused;
    static int step;
    ++step;
    gtk_progress_bar_set_fraction(bar, step % 100 / 100.0);
    return G_SOURCE_CONTINUE;
}

static void go(void) {
    heartbeat_mark_running();
    if (strncmp(mode, "flood", 5) == 0) {
        last = quick ? 300000 : 1000000;
        g_timeout_add(16, showNewest, NULL);
        g_thread_unref(g_thread_new("produce", produce, NULL));
    } else if (strcmp(mode, "close") == 0) {
        nextStep = g_timeout_add(50, showStep, NULL);
    }
}

int main(int count, char **arguments) {
    if (count < 3) {
        fprintf(stderr, "usage: control close|flood|flood-long|stubborn|idle|bridge|bridge1 PAGE|- [quick]\n");
        return 2;
    }
    mode = arguments[1];
    quick = count > 3;
    gtk_init();
    loop = g_main_loop_new(NULL, FALSE);
    window = GTK_WINDOW(gtk_window_new());
    gtk_window_set_title(window, "Task Window");
    gtk_window_set_default_size(window, 420, 260);
    g_signal_connect(window, "close-request", G_CALLBACK(closeRequest), NULL);
    gtk_window_set_child(window, taskView());
    gtk_window_present(window);
    if (strcmp(arguments[2], "-") != 0) heartbeat_start(arguments[2], go);
    if (strncmp(mode, "bridge", 6) == 0) bridge_measure(loop, quick ? 5000 : 20000, strcmp(mode, "bridge1") == 0);
    g_main_loop_run(loop);
    return 0;
}
