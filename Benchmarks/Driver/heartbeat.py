"""The page that a window's heartbeat is written into (Sources/CHeartbeat has its layout), as the driver sees it."""

import bisect
import mmap
import os
import tempfile

BEATS, GO, RUNNING, DONE, TIMES = 0, 1, 2, 3, 16  # words
BYTES = (TIMES + 65536) * 8


class Page:
    """Lives in memory: a beat must not wait for a disk."""

    def __init__(self):
        folder = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        descriptor, self.path = tempfile.mkstemp(".beats", "bench-", folder)
        os.ftruncate(descriptor, BYTES)
        self.map = mmap.mmap(descriptor, BYTES)
        os.close(descriptor)
        self.words = memoryview(self.map).cast("Q")

    def clear(self):
        self.words.release()
        self.map[:] = bytes(BYTES)
        self.words = memoryview(self.map).cast("Q")

    def remove(self):
        self.words.release()
        self.map.close()
        os.unlink(self.path)

    @property
    def beats(self):
        return list(self.words[TIMES : TIMES + self.words[BEATS]])

    def largest_gap(self, begin, end):
        """The longest time without a beat, in ms, from the last beat before `begin` until `end`, when nobody could see another."""
        beats = self.beats
        first = max(bisect.bisect_right(beats, begin) - 1, 0)
        seen = [*beats[first : bisect.bisect_left(beats, end)], end]
        return max((after - before for before, after in zip(seen, seen[1:])), default=0) / 1e6
