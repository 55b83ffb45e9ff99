#!/usr/bin/python3
"""Python's faulthandler at the work of Sources/bench-crash: one measurement, one line of JSON.

faults.py crash-note|crash-start [quick]; programs of its own are faults.py fault PIPE.
"""

import json
import os
import resource
import signal
import statistics
import sys
import time

QUICK = "quick" in sys.argv[2:]


def fault(pipe):
    """Tells when, and follows a bad pointer, while ten other threads wait."""
    import ctypes
    import faulthandler
    import threading

    faulthandler.enable(file=pipe, all_threads=True)
    gate = threading.Event()
    for _ in range(10):
        threading.Thread(target=gate.wait, daemon=True).start()
    follow = ctypes.string_at
    os.write(1, str(time.monotonic_ns()).encode())
    follow(8, 1)


def note():
    noted, stored = [], []
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for _ in range(5 if QUICK else 20):
        (times, tells), (dump, dumps) = os.pipe(), os.pipe()
        os.set_inheritable(dumps, True)
        child = os.posix_spawn(
            sys.executable, [sys.executable, "-I", "-S", __file__, "fault", str(dumps)], os.environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, tells, 1)],
        )
        os.close(tells)
        os.close(dumps)
        first = last = None
        text = b""
        while part := os.read(dump, 65536):
            last = time.monotonic_ns()
            first = first or last
            text += part
        _, status = os.waitpid(child, 0)
        begin = int(os.read(times, 100))
        os.close(times)
        os.close(dump)
        if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGSEGV or text.count(b"hread 0x") != 11:
            sys.exit(f"ended with {status}: {text[-300:]}")
        noted.append((first - begin) / 1e3)
        stored.append((last - begin) / 1e6)
    return {
        "noted_us": statistics.median(noted), "noted_max_us": max(noted),
        "stored_ms": statistics.median(stored), "stored_max_ms": max(stored),
    }


def took(code):
    begin = time.monotonic_ns()
    child = os.posix_spawn(sys.executable, [sys.executable, "-I", "-S", "-c", code], os.environ)
    _, status = os.waitpid(child, 0)
    if status != 0:
        sys.exit(f"{code} ended with {status}")
    return (time.monotonic_ns() - begin) / 1e6


def start():
    codes = ("pass", "import faulthandler; faulthandler.enable()")
    times = {code: [] for code in codes}
    for number in range((30 if QUICK else 100) + 3):
        for code in codes if number % 2 else reversed(codes):
            times[code].append(took(code))
    without, with_it = (times[code][3:] for code in codes)
    added = [b - a for a, b in zip(without, with_it)]
    return {"without_ms": statistics.median(without), "with_ms": statistics.median(with_it), "added_ms": statistics.median(added)}


if sys.argv[1] == "fault":
    fault(int(sys.argv[2]))
else:
    print(json.dumps({"crash-note": note, "crash-start": start}[sys.argv[1]]()))
