"""Programs with process pools: each is run with all that it starts, timed from exec to exit, and what it leaves behind is ended."""

import ctypes
import json
import os
import resource
import select
import signal
import subprocess
import tempfile
import time

import process

PR_SET_CHILD_SUBREAPER = 36


class Runner:
    """Measures a row. Workers that outlive their program become this process's children: their processor time counts, and none stays."""

    def __init__(self, paths, quick):
        self.paths, self.quick = paths, quick
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def __call__(self, row):
        program = self.paths[row.command[0]]
        program = program if isinstance(program, list) else [program]
        if not os.access(program[0], os.X_OK):
            raise process.Failed(f"skipped: there is no {os.path.basename(program[0])} for it")
        command = [*program, *row.command[1:], *(["quick"] if self.quick else [])]
        others = children()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            begin = time.monotonic_ns()
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, preexec_fn=without_cores)
            try:
                status = end_of(child, 90)
                wall = time.monotonic_ns() - begin
            finally:
                left = end_all(others)
            out.seek(0)
            err.seek(0)
            if status is None:
                raise process.Failed("no end after 90 s")
            if status != row.ok:
                last = err.read().decode(errors="replace").strip().splitlines()[-1:] or [""]
                missing = "skipped: " if last[0].startswith("ModuleNotFoundError") else ""
                raise process.Failed(f"{missing}ended with {status}: {last[0][:200]}")
            values = json.loads(out.read().decode().strip().splitlines()[-1])
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        values["wall_ms"] = wall / 1e6
        if "first_at_ns" in values:
            values["first_ms"] = (values.pop("first_at_ns") - begin) / 1e6
        values["left"] = left
        values["cpu_s"] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return values


def without_cores():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash is to be measured, not the disk


def end_of(child, timeout):
    """The status, or None: no look every so often, as subprocess has it, but the kernel's word."""
    descriptor = os.pidfd_open(child.pid)
    try:
        waiting = select.poll()
        waiting.register(descriptor, select.POLLIN)
        if not waiting.poll(timeout * 1000):
            child.kill()
            child.wait()
            return None
        return child.wait()
    finally:
        os.close(descriptor)


def children():
    found = set()
    for task in os.listdir("/proc/self/task"):
        with open(f"/proc/self/task/{task}/children") as file:
            found |= set(map(int, file.read().split()))
    return found


def end_all(others):
    """Waits half a second for what a program left, ends the rest, and says how many those were."""
    ended, deadline = set(), time.monotonic() + 0.5
    while True:
        orphans = children() - others
        if not orphans:
            return len(ended)
        for pid in orphans:
            if time.monotonic() > deadline and pid not in ended:
                os.kill(pid, signal.SIGKILL)
                ended.add(pid)
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                pass
        time.sleep(0.005)
