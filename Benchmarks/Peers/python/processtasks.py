"""The tasks of the process pools: those of Sources/bench-process/Tasks.swift. A module of its own, so that every pool sends them by name."""

import os
import time
import zlib
from multiprocessing import shared_memory

INVERSE = bytes(value ^ 0xA5 for value in range(256))


def add(task):
    left, right = task
    return left + right


def describe(task):
    number, width, height, name = task
    return f"{name} {number}: {width} × {height}"


def increment(number):
    return number + 1


def invert(data):
    return data.translate(INVERSE)


def invert_and_check(data):
    """The first time with the checksums of what was read and written; these take their time, so only then."""
    inverted = data.translate(INVERSE)
    return inverted, zlib.crc32(data), zlib.crc32(inverted)


def invert_shared(task):
    """The same within shared memory that both sides keep: as fast as the standard library allows, by hand."""
    source, target, size = task
    attached(target).buf[:size] = bytes(attached(source).buf[:size]).translate(INVERSE)


_attached = {}


def attached(name):
    if name not in _attached:
        _attached[name] = shared_memory.SharedMemory(name)
    return _attached[name]


def die(_):
    os.abort()


def where_am_i(_):
    return os.getpid()


def neighbour(task):
    number, dies = task
    if dies:
        os.abort()
    end = time.perf_counter_ns() + 1_000_000
    while time.perf_counter_ns() < end:
        pass
    return number
