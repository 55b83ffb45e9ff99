"""A window with workers as the PyQt tutorials have it: QThreadPool, workers with a flag, closeEvent sets the flags and waits.

window.py close|close-event|flood|stubborn PAGE [quick], window.py idle|bridge|bridge1 - [quick]

close-event is close with a step that a threading.Event interrupts, where the tutorials sleep. The heartbeat and its page are
those of Sources/CHeartbeat, by a precise QTimer of 4 ms.
"""

import json
import mmap
import os
import sys
import threading
import time

from PyQt6.QtCore import QObject, QRunnable, Qt, QThreadPool, QTimer, pyqtSignal, pyqtSlot
from PyQt6.QtWidgets import QApplication, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

BUDGET_MS = 2000
BEATS, GO, RUNNING, DONE, TIMES = 0, 1, 2, 3, 16  # words of the page


class Heartbeat(QObject):
    def __init__(self, path, go):
        super().__init__()
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 0)
        self.page = memoryview(self.map).cast("Q")
        self.go = go
        self.timer = QTimer(self)
        self.timer.setTimerType(Qt.TimerType.PreciseTimer)
        self.timer.timeout.connect(self.beat)
        self.timer.start(4)

    def beat(self):
        count = self.page[BEATS]
        if TIMES + count < len(self.page):
            self.page[TIMES + count] = time.monotonic_ns()
            self.page[BEATS] = count + 1
        if self.go and self.page[GO]:
            go, self.go = self.go, None
            go()

    def mark(self, word):
        self.page[word] = time.monotonic_ns()


class Signals(QObject):
    progress = pyqtSignal(str, int)


class Worker(QRunnable):
    """Holds a flag; its subclasses look at it between two steps, except for the stubborn one."""

    def __init__(self, name):
        super().__init__()
        self.name = name
        self.signals = Signals()
        self.is_stopped = False

    def stop(self):
        self.is_stopped = True

    def pause(self):
        time.sleep(0.1)


class Steps(Worker):
    @pyqtSlot()
    def run(self):
        for n in range(100):
            if self.is_stopped:
                return
            self.signals.progress.emit(self.name, n + 1)
            self.pause()


class InterruptibleSteps(Steps):
    def __init__(self, name):
        super().__init__(name)
        self.event = threading.Event()

    def stop(self):
        super().stop()
        self.event.set()

    def pause(self):
        self.event.wait(0.1)


class Flood(Worker):
    count = 1_000_000

    @pyqtSlot()
    def run(self):
        for n in range(1, self.count + 1):
            if self.is_stopped:
                return
            self.signals.progress.emit(self.name, n)


class Stubborn(Worker):
    @pyqtSlot()
    def run(self):
        self.signals.progress.emit(self.name, 0)
        end = time.monotonic() + 30
        while time.monotonic() < end:
            time.sleep(0.01)


class RoundTrips(QObject):
    """From a thread to the main loop by a queued signal and back by a semaphore, on two cores or on one."""

    there = pyqtSignal()
    over = pyqtSignal()

    def __init__(self, count, cores):
        super().__init__()
        self.count = count
        self.back = threading.Semaphore(0)
        self.there.connect(self.answer, Qt.ConnectionType.QueuedConnection)
        self.over.connect(QApplication.quit, Qt.ConnectionType.QueuedConnection)
        self.cores = sorted(os.sched_getaffinity(0))
        threading.Thread(target=self.run, daemon=True).start()
        os.sched_setaffinity(0, {self.cores[cores - 1]})

    @pyqtSlot()
    def answer(self):
        self.back.release()

    def run(self):
        os.sched_setaffinity(0, {self.cores[0]})
        time.sleep(0.7)
        each = []
        for n in range(-self.count // 10, self.count):
            begin = time.monotonic_ns()
            self.there.emit()
            self.back.acquire()
            if n >= 0:
                each.append((time.monotonic_ns() - begin) / 1e3)
        each.sort()
        print(json.dumps({"us": each[len(each) // 2], "p99_us": each[len(each) * 99 // 100]}), flush=True)
        self.over.emit()


class Window(QWidget):
    def __init__(self):
        super().__init__()
        self.setWindowTitle("Task Window")
        self.pool = QThreadPool()
        self.pool.setMaxThreadCount(2)
        self.workers = []
        self.reporting = set()
        self.heartbeat = None
        self.bar = QProgressBar()
        self.status = QLabel("Press a button.")
        layout = QVBoxLayout(self)
        layout.addWidget(self.bar)
        layout.addWidget(self.status)
        for titles in (["Start &Task", "Start S&everal", "&Pause", "&Stop"], ["Start Stu&bborn", "Start &Flood", "&New Window"]):
            row = QHBoxLayout()
            for title in titles:
                row.addWidget(QPushButton(title))
            layout.addLayout(row)
        self.resize(420, 260)

    def start(self, worker):
        worker.signals.progress.connect(self.show_progress)
        self.workers.append(worker)
        self.pool.start(worker)

    def show_progress(self, name, value):
        self.bar.setValue(value)
        if self.heartbeat and name not in self.reporting:
            self.reporting.add(name)
            if len(self.reporting) == min(2, len(self.workers)):
                self.heartbeat.mark(RUNNING)
        if value == self.bar.maximum() and name == "flood":
            self.heartbeat.mark(DONE)

    def closeEvent(self, event):
        for worker in self.workers:
            worker.stop()
        self.pool.waitForDone(BUDGET_MS)
        event.accept()


def main():
    mode, page, quick = sys.argv[1], sys.argv[2], len(sys.argv) > 3
    app = QApplication(sys.argv[:1])
    window = Window()
    window.show()

    def go():
        if mode == "flood":
            Flood.count = 100_000 if quick else 1_000_000
            window.bar.setRange(0, Flood.count)
            window.start(Flood("flood"))
        elif mode == "stubborn":
            window.start(Stubborn("stubborn"))
        else:
            for n in range(5):
                window.start((InterruptibleSteps if mode == "close-event" else Steps)(f"task {n + 1}"))

    if page != "-":
        window.heartbeat = Heartbeat(page, go)
    trips = RoundTrips(2000 if quick else 10_000, 1 if mode == "bridge1" else 2) if mode.startswith("bridge") else None
    status = app.exec()
    del trips
    return status


sys.exit(main())
