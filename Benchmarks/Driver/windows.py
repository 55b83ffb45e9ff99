"""Windows on a display of their own: opened, put to work, asked to close as a window manager asks, and watched until the process is gone."""

import json
import os
import random
import resource
import select
import subprocess
import tempfile
import time
from pathlib import Path

import process
from desktop import Desktop
from heartbeat import DONE, GO, RUNNING, Page


class Program:
    """One process with one window."""

    def __init__(self, command, desktop):
        self.desktop = desktop
        self.errors = tempfile.TemporaryFile()
        desktop.forget()
        self.child = subprocess.Popen(
            command, env=desktop.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.errors
        )
        self.descriptor = os.pidfd_open(self.child.pid)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        os.close(self.descriptor)
        self.errors.close()

    def wait_for_window(self):
        self.desktop.wait_for("came", 20)

    def close(self, timeout):
        """When the window was asked, when it was gone and when the process was, in ns."""
        asked = self.desktop.ask_to_close()
        gone = select.poll()
        gone.register(self.descriptor, select.POLLIN)
        if not gone.poll(timeout * 1000):
            raise process.Failed(f"still there {timeout} s after the close")
        ended = time.monotonic_ns()
        return asked, self.desktop.wait_for("gone", 5), ended

    def expect(self, status):
        """It ended as it should, and neither the toolkit nor the language complained."""
        ended = self.child.wait()
        self.errors.seek(0)
        words = self.errors.read().decode(errors="replace")
        if ended != status or "CRITICAL" in words or "Traceback" in words:
            raise process.Failed(f"ended with {ended}: {(words.strip().splitlines() or [''])[-1][:200]}")

    # What the kernel says.

    def memory_mb(self, key):
        with open(f"/proc/{self.child.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith(key)) / 1024

    def forget_peak(self):
        with open(f"/proc/{self.child.pid}/clear_refs", "w") as file:
            file.write("5")

    def main_thread_ns(self):
        return int(Path(f"/proc/{self.child.pid}/schedstat").read_text().split()[0])

    def threads(self):
        """(ns on a processor, switches of context) of all threads, and the process's ticks."""
        ran = switches = 0
        for task in Path(f"/proc/{self.child.pid}/task").iterdir():
            ran += int((task / "schedstat").read_text().split()[0])
            switches += sum(int(line.split()[1]) for line in (task / "status").read_text().splitlines() if "ctxt_switches" in line)
        fields = Path(f"/proc/{self.child.pid}/stat").read_text().rpartition(")")[2].split()
        return ran, switches, int(fields[11]) + int(fields[12])


class Runner:
    """Measures one row once. Holds the display and the page for a benchmark."""

    def __init__(self, paths, quick):
        self.paths, self.quick = paths, quick
        self.desktop = Desktop(paths["asker"])
        self.page = Page()
        self.random = random.Random(20260701)  # the instants of the closes, the same in every run

    def end(self):
        self.page.remove()
        self.desktop.end()

    def __call__(self, row):
        if row.command[0] == "pyqt" and not os.access(self.paths["pyqt"][0], os.X_OK):
            raise process.Failed("skipped: PyQt6 could not be installed")
        before, display = os.times(), self.desktop.cpu_seconds()
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        values = self.measure(row, row.command[1])
        after, now = os.times(), resource.getrusage(resource.RUSAGE_CHILDREN)
        values["cpu_s"] = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
        values["unmeasured_cpu_s"] = (
            after.user + after.system - before.user - before.system + self.desktop.cpu_seconds() - display
        )
        return values

    def measure(self, row, mode):
        program = self.paths[row.command[0]]
        command = [*(program if isinstance(program, list) else [program]), mode]
        quick = ["quick"] if self.quick else []
        if mode.rstrip("1") in ("await", "hop", "bridge"):
            output, _ = process.run([*command, "-", *quick], timeout=60, env=self.desktop.environment)
            return json.loads(output)
        if mode == "idle":
            with Program([*command, "-"], self.desktop) as running:
                return self.idle(running, 3 if self.quick else 5, row.ok)
        self.page.clear()
        with Program([*command, self.page.path, *quick], self.desktop) as running:
            running.wait_for_window()
            time.sleep(0.25)  # until it has been drawn
            if mode.startswith("flood"):
                return self.flood(running, 20 if self.quick else 70, row.ok)
            return self.close(running, row.ok)

    def wait_until(self, word, timeout):
        until = time.monotonic() + timeout
        while not self.page.words[word]:
            if time.monotonic() > until:
                return False
            time.sleep(0.005)
        return True

    def close(self, running, status):
        self.page.words[GO] = time.monotonic_ns()
        if not self.wait_until(RUNNING, 10):
            raise process.Failed("its workers did not begin")
        time.sleep(self.random.uniform(0.05, 0.35))
        asked, gone, ended = running.close(timeout=60)
        running.expect(status)
        return {
            "ms": (ended - asked) / 1e6, "window_ms": (gone - asked) / 1e6,
            "gap_ms": self.page.largest_gap(asked, gone), "beats": len(self.page.beats),
        }

    def flood(self, running, patience, status):
        before = running.memory_mb("VmRSS")
        running.forget_peak()
        used = running.main_thread_ns()
        begin = self.page.words[GO] = time.monotonic_ns()
        caught_up = self.wait_until(DONE, patience)
        time.sleep(0.05)  # the last of it is drawn
        end = time.monotonic_ns()
        values = {
            "caught_up": int(caught_up), "total_ms": ((self.page.words[DONE] if caught_up else end) - begin) / 1e6,
            "gap_ms": self.page.largest_gap(begin, end), "growth_mb": running.memory_mb("VmHWM") - before, "start_mb": before,
            "main_percent": 100 * (running.main_thread_ns() - used) / (end - begin),
        }
        if caught_up:  # else it is killed, since nobody knows when it would hear of a close
            running.close(timeout=60)
            running.expect(status)
        return values

    def idle(self, running, seconds, status):
        running.wait_for_window()
        time.sleep(2)
        begin, before = time.monotonic(), running.threads()
        time.sleep(seconds)
        took, after = time.monotonic() - begin, running.threads()
        running.close(timeout=10)
        running.expect(status)
        ran, switches, ticks = (now - then for then, now in zip(before, after))
        return {"cpu_us": ran / 1e3 / took, "switches": switches / took, "ticks": ticks}
