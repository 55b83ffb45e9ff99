#!/usr/bin/python3
"""The process pools of Python at the work of Sources/bench-process: one measurement, one line of JSON.

processes.py POOL[-STARTMETHOD] MEASUREMENT [quick]. Pools: executor, mp, loky, pebble; start methods: fork (the standard library's default in this
Python, and pebble's), forkserver, spawn; loky has a way of its own.
"""

import time

BEGIN = time.monotonic_ns()

import json
import os
import statistics
import sys
import zlib

import processtasks as tasks

QUICK = "quick" in sys.argv[3:]
TRIPS = 500 if QUICK else 2_000
TASKS = 5_000 if QUICK else 20_000
ITEMS = 200_000 if QUICK else 1_000_000
TRANSFERS = 5 if QUICK else 20
CRASHES = 3 if QUICK else 7
CHUNK = 256
SIZE = 100_000_000
NEVER = 2.0 if QUICK else 5.0  # seconds after which the error of a crash does not come any more
LIMIT = 10.0  # seconds for all neighbours


class Executor:
    """concurrent.futures, and what has its interface."""

    def __init__(self, method, workers):
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor

        self.pool = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context(method or None))

    def one(self, task, value, timeout=None):
        return self.pool.submit(task, value).result(timeout)

    def start(self, task, value):
        return self.pool.submit(task, value)

    def result(self, future, timeout=None):
        return future.result(timeout)

    def every(self, task, values, chunk):
        return self.pool.map(task, values, chunksize=chunk)

    def close(self):
        self.pool.shutdown()

    def restart(self):
        """A pool that works again after a crash."""
        self.__init__(self.method, self.workers)


class Loky(Executor):
    def __init__(self, method, workers):
        from loky import get_reusable_executor

        self.pool = get_reusable_executor(max_workers=workers, timeout=None)

    def close(self):
        self.pool.shutdown()


class Pool:
    """multiprocessing.Pool."""

    def __init__(self, method, workers):
        import multiprocessing

        self.pool = multiprocessing.get_context(method or None).Pool(workers)

    def one(self, task, value, timeout=None):
        return self.pool.apply_async(task, (value,)).get(timeout)

    def start(self, task, value):
        return self.pool.apply_async(task, (value,))

    def result(self, future, timeout=None):
        return future.get(timeout)

    def every(self, task, values, chunk):
        return self.pool.map(task, values, chunk)

    def unordered(self, task, values):
        return self.pool.imap_unordered(task, values, 1)

    def close(self):
        self.pool.close()
        self.pool.join()

    def restart(self):
        pass


class Pebble:
    def __init__(self, method, workers):
        import multiprocessing

        from pebble import ProcessPool

        self.pool = ProcessPool(workers, context=multiprocessing.get_context(method or None))

    def one(self, task, value, timeout=None):
        return self.pool.schedule(task, args=(value,)).result(timeout)

    def start(self, task, value):
        return self.pool.schedule(task, args=(value,))

    def result(self, future, timeout=None):
        return future.result(timeout)

    def every(self, task, values, chunk):
        return self.pool.map(task, values, chunksize=chunk).result()

    def close(self):
        self.pool.close()
        self.pool.join()

    def restart(self):
        pass


def make(name, workers=2):
    kind, _, method = name.partition("-")
    made = {"executor": Executor, "loky": Loky, "mp": Pool, "pebble": Pebble}[kind](method, workers)
    made.method, made.workers = method, workers
    return made


def check(right, what):
    if not right:
        sys.exit(f"wrong: {what}")


ADD = (tasks.add, lambda i: (i, 1), lambda i: i + 1)
DESCRIBE = (tasks.describe, lambda i: (i, 640, 480, "picture"), lambda i: f"picture {i}: 640 × 480")


def latency(name, kind):
    task, value, _ = kind
    pool = make(name)
    micros = []
    for i in range(-500, TRIPS):
        begin = time.perf_counter_ns()
        pool.one(task, value(i))
        if i >= 0:
            micros.append((time.perf_counter_ns() - begin) / 1e3)
    pool.close()
    micros.sort()
    return {"us": micros[len(micros) // 2], "p95_us": micros[len(micros) * 95 // 100]}


def throughput(name, kind, unordered=False):
    task, value, right = kind
    pool = make(name)
    for i in range(500):
        pool.one(task, value(i))
    begin = time.perf_counter_ns()
    if unordered:
        results = list(pool.unordered(task, (value(i) for i in range(TASKS))))
        took = time.perf_counter_ns() - begin
        check(sorted(results) == sorted(map(right, range(TASKS))), "the results")
    else:
        futures = [pool.start(task, value(i)) for i in range(TASKS)]
        results = [pool.result(future) for future in futures]
        took = time.perf_counter_ns() - begin
        check(results == [right(i) for i in range(TASKS)], "the results")
    pool.close()
    return {"rate": TASKS / took * 1e9}


def chunked(name, kind):
    task, value, right = kind
    pool = make(name)
    for i in range(500):
        pool.one(task, value(i))
    values = [value(i) for i in range(ITEMS)]
    begin = time.perf_counter_ns()
    results = list(pool.every(task, values, CHUNK))
    took = time.perf_counter_ns() - begin
    check(results == [right(i) for i in range(ITEMS)], "the results")
    pool.close()
    return {"rate": ITEMS / took * 1e9}


def inputs():
    """100 MB, other ones each time."""
    base = os.urandom(1_000_000) * (SIZE // 1_000_000)
    for number in range(TRANSFERS):
        yield base.translate(bytes((value + number) % 256 for value in range(256)))


def spread(millis):
    return {"first_ms": millis[0], "ms": statistics.median(millis[1:]), "worst_ms": max(millis[1:])}


def transfer(name):
    pool = None if name == "here" else make(name, 1)
    if pool:
        pool.one(tasks.add, (1, 2))
    millis = []
    for number, data in enumerate(inputs()):
        begin = time.perf_counter_ns()
        inverted = pool.one(tasks.invert, data) if pool else tasks.invert(data)
        millis.append((time.perf_counter_ns() - begin) / 1e6)
        check(inverted == data.translate(tasks.INVERSE), "what came back is not the inverse")
        if number == 0 and pool:
            again, read, written = pool.one(tasks.invert_and_check, data)
            check((read, written) == (zlib.crc32(data), zlib.crc32(again)), "the sums of the worker are not those of what came back")
    if pool:
        pool.close()
    return spread(millis)


def transfer_shared(name):
    from multiprocessing import shared_memory

    # Before the pool: a worker that was forked earlier has a resource tracker of its own, which removes the blocks.
    source, target = (shared_memory.SharedMemory(create=True, size=SIZE) for _ in range(2))
    pool = make(name, 1)
    pool.one(tasks.add, (1, 2))
    millis = []
    for data in inputs():
        source.buf[:SIZE] = data
        begin = time.perf_counter_ns()
        pool.one(tasks.invert_shared, (source.name, target.name, SIZE))
        millis.append((time.perf_counter_ns() - begin) / 1e6)
        check(target.buf[:SIZE] == data.translate(tasks.INVERSE), "what came back is not the inverse")
    pool.close()
    for memory in (source, target):
        memory.close()
        memory.unlink()
    return spread(millis)


def crash(name):
    """Until the caller has the error, and from there until a new worker has given a result; -1 for never."""
    pool = make(name, 1)
    errors, nexts = [], []
    for _ in range(CRASHES):
        before = pool.one(tasks.where_am_i, None)
        time.sleep(0.1)
        begin = time.perf_counter_ns()
        never = False
        try:
            pool.one(tasks.die, None, NEVER)
            check(False, "it did not die")
        except Exception as error:
            never = "imeout" in type(error).__name__
        failed = time.perf_counter_ns()
        if never:
            errors.append(-1)
        else:
            errors.append((failed - begin) / 1e6)
            pool.restart()
        try:
            check(pool.one(tasks.where_am_i, None, NEVER) != before, "the dead worker has worked")
            nexts.append(-1 if never else (time.perf_counter_ns() - failed) / 1e6)
        except Exception:
            nexts.append(-1)
        if never:
            break
    print_and_leave({"error_ms": statistics.median(errors), "next_ms": statistics.median(nexts), "worst_ms": max(errors)}, pool, not never)


def neighbours(name):
    pool = make(name)
    pool.one(tasks.add, (1, 2))
    dying = {10, 50, 90}
    counts = {"finished": 0, "failed": 0, "missing": 0, "reported": 0}
    begin = time.perf_counter()
    futures = []
    for number in range(100):
        try:
            futures.append(pool.start(tasks.neighbour, (number, number in dying)))
        except Exception:  # the pool is broken by now
            futures.append(None)
    for number, future in enumerate(futures):
        try:
            if future is None:
                raise RuntimeError("not taken")
            pool.result(future, max(0.01, LIMIT - (time.perf_counter() - begin)))
            what = "finished"
        except Exception as error:
            what = "missing" if "imeout" in type(error).__name__ else "failed"
        if number not in dying:
            counts[what] += 1
        elif what == "failed":
            counts["reported"] += 1
    took = (time.perf_counter() - begin) * 1e3
    print_and_leave({"ms": took, **counts}, pool, False)


def start(name):
    begin = time.perf_counter_ns()
    pool = make(name)
    check(pool.one(tasks.add, (1, 2)) == 3, "the sum")
    first, first_at = time.perf_counter_ns(), time.monotonic_ns()
    time.sleep(0.05)
    idle = time.perf_counter_ns()
    pool.close()
    closed = time.perf_counter_ns()
    return {"first_at_ns": first_at, "inside_ms": (first - begin) / 1e6, "close_ms": (closed - idle) / 1e6, "settled_ms": (idle - first) / 1e6}


def print_and_leave(values, pool, orderly):
    """A broken pool may not come to an end: the driver ends what is left of it."""
    if orderly:
        pool.close()
    print(json.dumps(values), flush=True)
    os._exit(0)


def main():
    name, what = sys.argv[1], sys.argv[2]
    measured = {
        "process-latency-numbers": lambda: latency(name, ADD),
        "process-latency-text": lambda: latency(name, DESCRIBE),
        "process-throughput-numbers": lambda: throughput(name, ADD),
        "process-throughput-text": lambda: throughput(name, DESCRIBE),
        "process-throughput-numbers-unordered": lambda: throughput(name, ADD, True),
        "process-throughput-text-unordered": lambda: throughput(name, DESCRIBE, True),
        "process-map-numbers": lambda: chunked(name, ADD),
        "process-map-text": lambda: chunked(name, DESCRIBE),
        "process-bytes": lambda: transfer(name),
        "process-bytes-shared": lambda: transfer_shared(name),
        "process-crash": lambda: crash(name),
        "process-neighbours": lambda: neighbours(name),
        "process-start": lambda: start(name),
        "process-start-nothing": lambda: {"first_at_ns": BEGIN},
    }[what]()
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
