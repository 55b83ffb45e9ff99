"""The benchmarks of crash capture: what it costs a program that does not crash, and how soon it knows of a crash."""

from plan import Benchmark, Row

ROOST, PEER = "Roost, CrashCapture.install", "Python, faulthandler.enable()"
CLOSURES, WORKERS = "closures, pool.submit, one core", "workers, scope.start, one core"
STAGES, BY_HAND = "Roost, stageBegan and stageEnded", "write and fdatasync, twice"

BENCHMARKS = [
    Benchmark(
        "crash-note", "a bad pointer in a program with eleven threads: from the fault to what is known of it", "noted_us",
        [
            ("noted_us", "noted, µs", "{:.0f}"), ("noted_max_us", "worst, µs", "{:.0f}"),
            ("stored_ms", "all on the disk, ms", "{:.2f}"), ("stored_max_ms", "worst, ms", "{:.2f}"),
        ],
        [
            Row(ROOST, ["bench-crash", "roost", "crash-note"], "", True, True),
            Row(PEER, ["faults", "crash-note"]),
        ],
        "20 crashes each, all by a fault of the kernel's. Noted: by the clock that the program reads before the faulting instruction and the handler when the "
        "signal's numbers are complete in the page (Roost), or the first bytes in a pipe, seen by its reader (Python, which has no page). All: the copy of "
        "page, ledger and stacks of all threads written and closed after fdatasync, seen by inotify; or the end of the pipe, which is in nobody's file",
        rounds=(5, 2),
    ),
    Benchmark(
        "crash-start", "what it adds to a program that does nothing, exec to exit", "added_ms",
        [("added_ms", "added, ms", "{:.2f}"), ("without_ms", "without, ms", "{:.2f}"), ("with_ms", "with, ms", "{:.2f}")],
        [
            Row(ROOST, ["bench-crash", "roost", "crash-start"], "", True, True),
            Row(PEER, ["faults", "crash-start"]),
        ],
        "the median of 100 differences; the two take turns. Roost: a record in its store and a page are made, an end is noted; Python: one import and a handler",
        rounds=(5, 2),
    ),
    Benchmark(
        "crash-running", "work in a program with capture, and in one without", "ratio",
        [("ratio", "with / without", "{:.3f}"), ("without_ns", "without, ns each", "{:.1f}"), ("with_ns", "with, ns each", "{:.1f}")],
        [
            Row(CLOSURES, ["bench-crash", "roost", "crash-running-closures-one"], "", True, True),
            Row(WORKERS, ["bench-crash", "roost", "crash-running-workers-one"], "", True),
            Row("closures, all cores", ["bench-crash", "roost", "crash-running-closures"], "", True),
            Row("workers, all cores", ["bench-crash", "roost", "crash-running-workers"], "", True),
        ],
        "100,000 closures or 30,000 workers from one producer into two threads: the best of ten times, in 15 programs of each kind that take turns. On one core "
        "the best of those programs. On all, where a program's threads are put is worth more than what is looked for: their median, which has no goal; "
        "what costs between cores alone would be seen there",
        rounds=(5, 2),
    ),
    Benchmark(
        "crash-stages", "enter and leave of a stage of the start, both on the disk", "us",
        [("us", "both, median µs", "{:.0f}"), ("max_us", "worst, µs", "{:.0f}")],
        [
            Row(STAGES, ["bench-crash", "roost", "crash-stages"], "", True, True),
            Row(BY_HAND, ["bench-crash", "roost", "crash-stages-by-hand"]),
        ],
        "200 of them; the disk is most of it", rounds=(5, 2),
    ),
]
