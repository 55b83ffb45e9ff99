"""A thumbnailer on a folder of hostile pictures, watched from outside: its time, the memory of all its processes, what it says of
each file, and what it leaves behind."""

import json
import os
import signal
import subprocess
import threading
import time

INTERVAL = 0.02


def descendants(root):
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        try:
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/children") as children:
                    waiting += [int(child) for child in children.read().split()]
        except OSError:
            continue
    return found


def shared_out_bytes(pid):
    """Memory of a process, pages that several share counted in parts (PSS)."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as rollup:
            for line in rollup:
                if line.startswith("Pss:"):
                    return int(line.split()[1]) << 10
    except OSError:
        pass
    return 0


class Watch(threading.Thread):
    """The most memory that a program and all that it has started had together."""

    def __init__(self, root):
        super().__init__(daemon=True)
        self.root, self.peak, self.parts, self.samples, self.over = root, 0, [], 0, threading.Event()
        self.seen = set()

    def run(self):
        while not self.over.wait(INTERVAL):
            pids = descendants(self.root)
            parts = [(shared_out_bytes(pid), pid) for pid in pids]
            self.seen.update(pids[1:])
            self.samples += 1
            if sum(size for size, _ in parts) > self.peak:
                self.peak, self.parts = sum(size for size, _ in parts), sorted(parts, reverse=True)


def marked(folder):
    """Living processes whose environment names the folder: the program's, whatever session or parent they have."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/environ", "rb") as environment:
                if os.fsencode(folder) in environment.read():
                    found.append(int(name))
        except OSError:
            continue
    return found


def manifest(path):
    with open(path, encoding="ascii") as file:
        return [json.loads(line) for line in file]


def run(program, folder, work, options, limit, vanishing=None):
    """Runs the program over the folder; returns what was seen. `vanishing` is a file of the folder that is removed while it is read.
    Thumbnails and entries of an earlier run stay."""
    out = os.path.join(work, "out")
    state = os.path.join(work, "state")
    environment = {**os.environ, "XDG_STATE_HOME": state, "LC_ALL": "C.UTF-8"}
    command = [program, "--json", "--output", out, *options, folder]
    begin = time.monotonic()
    with open(os.path.join(work, "lines"), "wb") as lines, open(os.path.join(work, "messages"), "wb") as messages:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=lines, stderr=messages, env=environment, cwd=work)
        watch = Watch(child.pid)
        watch.start()
        if vanishing:
            threading.Thread(target=remove_while_read, args=(watch, vanishing), daemon=True).start()
        try:
            status = child.wait(limit)
        except subprocess.TimeoutExpired:
            status = None
        seconds = time.monotonic() - begin
        watch.over.set()
        watch.join()
        ended = time.monotonic()
        if status is None:
            child.send_signal(signal.SIGKILL)
            child.wait()
        left = marked(state)
        while left and time.monotonic() - ended < 0.1:
            left = marked(state)
        last = left
        while last and time.monotonic() - ended < 5:
            last = marked(state)
        gone = time.monotonic() - ended
    with open(os.path.join(work, "lines"), encoding="utf-8") as lines:
        said = [json.loads(line) for line in lines if line.endswith("\n")]
    return {
        "status": status, "seconds": seconds, "peak": watch.peak, "parts": watch.parts, "samples": watch.samples,
        "processes": len(watch.seen), "left": left, "gone": gone, "said": said, "out": out,
    }


def remove_while_read(watch, path):
    """Removes a file as soon as one of the program's processes has it open."""
    while not watch.over.is_set():
        for pid in descendants(watch.root):
            try:
                for name in os.listdir(f"/proc/{pid}/fd"):
                    if os.readlink(f"/proc/{pid}/fd/{name}") == path:
                        os.unlink(path)
                        return
            except OSError:
                continue

