"""What the measurements ran on, and how much of it somebody else used meanwhile."""

import os
import platform
import subprocess
import time


def describe(pyqt):
    def output(*command):
        try:
            return subprocess.run(command, capture_output=True, text=True, timeout=30).stdout.strip().splitlines()[0]
        except (OSError, IndexError, subprocess.TimeoutExpired):
            return "?"

    model = "?"
    with open("/proc/cpuinfo") as info:
        for line in info:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    system = "?"
    with open("/etc/os-release") as release:
        for line in release:
            if line.startswith("PRETTY_NAME="):
                system = line.split("=", 1)[1].strip().strip('"')
    with open("/proc/meminfo") as info:
        memory = int(info.readline().split()[1]) // 1024
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "cores_used": len(os.sched_getaffinity(0)),
        "memory_mb": memory,
        "kernel": platform.release(),
        "system": system,
        "swift": output("swift", "--version"),
        "cxx": output("g++", "--version"),
        "qt": output("pkg-config", "--modversion", "Qt6Core"),
        "tbb": output("pkg-config", "--modversion", "tbb"),
        "gtk": output("pkg-config", "--modversion", "gtk4"),
        "python": output(pyqt, "-c", "import platform; print(platform.python_version())"),
        **{name.lower(): output(pyqt, "-c", f"from importlib.metadata import version; print(version('{name}'))") for name in ("loky", "Pebble")},
        "pyqt": output(pyqt, "-c", "from PyQt6.QtCore import PYQT_VERSION_STR as version; print(version)"),
    }


def busy_seconds():
    """Seconds of processor time all processes have used, without those at a low priority (our spinners), and what the host took."""
    with open("/proc/stat") as stat:
        user, _nice, system, _idle, _iowait, irq, softirq, steal = (int(field) for field in stat.readline().split()[1:9])
    return (user + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


class Quiet:
    """Waits, as long as its patience lasts, for a moment in which nobody else works."""

    LIMIT = 5.0  # percent of the cores

    def __init__(self, patience):
        self.left = patience

    def wait(self):
        until = time.monotonic() + min(5.0, self.left)
        begin = time.monotonic()
        while time.monotonic() < until:
            start, busy = time.monotonic(), busy_seconds()
            time.sleep(0.2)
            if share(busy_seconds() - busy, time.monotonic() - start) < self.LIMIT:
                break
        self.left -= time.monotonic() - begin


def share(seconds, wall):
    """Processor seconds in a time, as percent of the cores."""
    return max(0.0, 100 * seconds / wall / os.cpu_count())
