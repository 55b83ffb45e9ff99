"""The benchmarks with windows and their rows; windows.py runs them."""

from dataclasses import dataclass

from plan import Benchmark, Row

ROOST, CONTROL, PYQT = "Roost", "control window, GTK by hand", "PyQt6, flag and closeEvent"
PYQT_EVENT = "PyQt6, the same with an interruptible step"
AWAIT, HOP, IDLE_ADD = "Roost, await MainActor.run", "Roost, Task { @MainActor } and a semaphore", "g_idle_add and a semaphore"
MILLION, LONG = "1,000,000 reports", "reports without a pause for two seconds"
MILLION_ROOST, MILLION_CONTROL = "Roost, worker.report → onUpdate", CONTROL
LONG_ROOST, LONG_CONTROL = "Roost, for two seconds", "control window, for two seconds"
SILENCE = [("gap_ms", "silence ms", "{:.1f}"), ("gap_ms:max", "longest", "{:.1f}")]


@dataclass
class Cores:
    """Where the two sides of a round trip run."""

    group: str
    suffix: str

    def mode(self, name):
        return name + self.suffix

    def label(self, name):  # a row's label is there once in a benchmark
        return f"{name}, one core" if self.suffix else name


TWO_CORES = Cores("the main loop on one core, the other side on another", "")
ONE_CORE = Cores("both on one core", "1")


def roost(mode, label=ROOST, group="", ok=0, **more):
    return Row(label, ["bench-window", mode], group, True, ok=ok, **more)


def control(mode, label=CONTROL, group="", **more):
    return Row(label, ["control", mode], group, **more)


def pyqt(mode, label=PYQT, group="", **more):
    return Row(label, ["pyqt", mode], group, **more)


BENCHMARKS = [
    Benchmark(
        "window-close", "a window with five workers in steps of 100 ms is closed", "ms",
        [("ms", "process gone, ms", "{:.1f}"), ("window_ms", "window gone, ms", "{:.1f}"), *SILENCE],
        [
            roost("close", reference=True), control("close"), pyqt("close", first_rounds=40),
            pyqt("close-event", PYQT_EVENT, first_rounds=40),
        ],
        "from the request at a varied instant; silence: the longest time without a beat until the window is gone",
        rounds=(100, 10),
    ),
    Benchmark(
        "window-stubborn", "a window with a worker that ignores its token for 30 s is closed, budget 2 s", "ms",
        [
            ("ms", "process gone, ms", "{:.0f}"), ("ms:max", "at most", "{:.0f}"), ("window_ms", "window gone, ms", "{:.0f}"),
            *SILENCE,
        ],
        [roost("stubborn", ok=70, reference=True), control("stubborn"), pyqt("stubborn", first_rounds=1)],
        "the control shows the same view of the closing without any worker; PyQt6 waits for two seconds in closeEvent; one round of it",
        rounds=(20, 3),
    ),
    Benchmark(
        "window-flood", "a worker reports, the window shows it in a progress bar", "total_ms",
        [
            ("total_ms", "last shown, ms", "{:.0f}"), *SILENCE, ("growth_mb", "growth MB", "{:.1f}"),
            ("growth_mb:max", "at most", "{:.1f}"), ("main_percent", "main thread, % CPU", "{:.0f}"), ("caught_up", "caught up", "{:.0f}"),
        ],
        [
            roost("flood", MILLION_ROOST, MILLION, reference=True), control("flood", MILLION_CONTROL, MILLION),
            pyqt("flood", "PyQt6, a signal each", MILLION, first_rounds=1),
            roost("flood-long", LONG_ROOST, LONG, reference=True), control("flood-long", LONG_CONTROL, LONG),
        ],
        "the control's thread stores the values without Roost, and the bar takes the newest every 16 ms; "
        "PyQt6 is given up after 70 s (quick: 20); one round of it",
        rounds=(20, 3),
    ),
    Benchmark(
        "window-bridge", "thread → main loop → thread under GTK's loop, cores kept awake", "us",
        [("us", "median µs", "{:.2f}"), ("p99_us", "p99 µs", "{:.1f}")],
        [
            row
            for cores in (TWO_CORES, ONE_CORE)
            for row in (
                control(cores.mode("bridge"), cores.label(IDLE_ADD), cores.group, reference=True),
                roost(cores.mode("await"), cores.label(AWAIT), cores.group),
                roost(cores.mode("hop"), cores.label(HOP), cores.group),
                pyqt(cores.mode("bridge"), cores.label("PyQt6, queued signal and a semaphore"), cores.group),
            )
        ],
        "one at a time, a window open; a SCHED_IDLE spinner on each core. On two cores it is mostly the time that an interrupt takes from one "
        "to the other, twice; on one it is two switches of context and the bridge",
        spinners=True, ratio_heading="ratio to g_idle_add",
    ),
    Benchmark(
        "window-idle", "an open window that does nothing, a second of it", "cpu_us",
        [("cpu_us", "CPU µs/s", "{:.1f}"), ("ticks:max", "ticks in all", "{:.0f}"), ("switches", "switches/s", "{:.1f}")],
        [roost("idle", reference=True), control("idle"), pyqt("idle")],
        "all threads of the process, over five seconds (quick: three) after it has settled for two; a tick is 10 ms of utime and stime; "
        "no heartbeat",
        rounds=(5, 2),
    ),
]
