"""Runs one command and says what it and all its descendants used."""

import os
import resource
import subprocess
import tempfile
import threading
import time

PAGE_MB = os.sysconf("SC_PAGE_SIZE") / (1 << 20)


class Failed(Exception):
    pass


def tree_mb(root):
    """Resident memory of a process and its descendants, in MB; pages they share count once for each."""
    total, waiting = 0.0, [root]
    while waiting:
        pid = waiting.pop()
        try:
            with open(f"/proc/{pid}/statm") as statm:
                total += int(statm.read().split()[1]) * PAGE_MB
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/children") as children:
                    waiting += [int(child) for child in children.read().split()]
        except (OSError, IndexError):
            continue
    return total


def run(command, timeout, sample=False, ok=(0,), **more):
    """Returns (stdout, {"wall_s", "cpu_s", "peak_mb"}). `sample` watches the memory of the whole tree, 50 times a second."""
    peak = 0.0
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        begin = time.monotonic()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, **more)
        stop = threading.Event()

        def watch():
            nonlocal peak
            while not stop.wait(0.02):
                peak = max(peak, tree_mb(child.pid))

        watcher = threading.Thread(target=watch) if sample else None
        if watcher:
            watcher.start()
        try:
            status = child.wait(timeout)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            raise Failed(f"no end after {timeout} s")
        finally:
            stop.set()
            if watcher:
                watcher.join()
        wall = time.monotonic() - begin
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        out.seek(0)
        err.seek(0)
        if status not in ok:
            last = err.read().decode(errors="replace").strip().splitlines()[-1:] or [""]
            raise Failed(f"ended with {status}: {last[0][:200]}")
        cpu = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
        return out.read().decode(errors="replace"), {"wall_s": wall, "cpu_s": cpu, "peak_mb": peak}
