"""A display of its own for windows that are measured, and somebody who asks them to close."""

import os
import select
import subprocess
import tempfile
import time

import process


class Desktop:
    """Xvfb on a free display without a window manager, and an empty home for whatever a program keeps. The same for every row:
    drawn by cairo, no D-Bus, no screen reader, no settings of the user's."""

    def __init__(self, asker):
        self.folder = tempfile.TemporaryDirectory(prefix="bench-desktop-")
        reader, writer = os.pipe()
        self.server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=[writer],
        )
        os.close(writer)
        with os.fdopen(reader) as number:
            display = number.readline().strip()
        if not display:
            raise process.Failed("Xvfb did not start")
        self.environment = {
            **os.environ, "DISPLAY": f":{display}", "GDK_BACKEND": "x11", "GSK_RENDERER": "cairo", "GTK_A11Y": "none",
            "GSETTINGS_BACKEND": "memory", "DBUS_SESSION_BUS_ADDRESS": "disabled:", "NO_AT_BRIDGE": "1", "QT_QPA_PLATFORM": "xcb",
            "XDG_STATE_HOME": self.folder.name, "XDG_RUNTIME_DIR": self.folder.name, "XDG_CONFIG_HOME": self.folder.name,
            "LC_ALL": "C.UTF-8",
        }
        for name in ("WAYLAND_DISPLAY", "XAUTHORITY", "GTK_THEME", "GTK_DEBUG", "GDK_DEBUG"):
            self.environment.pop(name, None)
        self.asker = subprocess.Popen(
            [asker], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self.environment, bufsize=0
        )
        self.unread = b""
        if self._line(10) != "ready":
            raise process.Failed("no connection to the display")

    def end(self):
        self.asker.stdin.close()
        self.asker.wait()
        self.server.terminate()
        self.server.wait()
        self.folder.cleanup()

    def cpu_seconds(self):
        """What the display and the one who asks have used so far: neither noise nor the program's."""
        total = 0
        for child in (self.server, self.asker):
            with open(f"/proc/{child.pid}/stat") as stat:
                total += sum(int(field) for field in stat.read().rpartition(")")[2].split()[11:13])
        return total / os.sysconf("SC_CLK_TCK")

    # Windows: when one came, was asked to close, and went, in ns of the monotonic clock.

    def forget(self):
        """What is said of the windows of an earlier program."""
        while self._line(0):
            pass

    def wait_for(self, event, timeout):
        until = time.monotonic() + timeout
        while True:
            line = self._line(until - time.monotonic())
            if line is None:
                raise process.Failed(f"no window '{event}' after {timeout} s")
            name, _, at = line.partition(" ")
            if name == event:
                return int(at)

    def ask_to_close(self):
        self.asker.stdin.write(b"close\n")
        return self.wait_for("asked", 5)

    def _line(self, timeout):
        until = time.monotonic() + timeout
        while b"\n" not in self.unread:
            ready, _, _ = select.select([self.asker.stdout], [], [], max(0, until - time.monotonic()))
            if not ready:
                return None
            some = os.read(self.asker.stdout.fileno(), 4096)
            if not some:
                raise process.Failed("the one who asks windows to close has ended")
            self.unread += some
        line, _, self.unread = self.unread.partition(b"\n")
        return line.decode()
