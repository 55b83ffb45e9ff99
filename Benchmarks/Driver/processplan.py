"""The benchmarks with process pools and their rows; processes.py runs them."""

from plan import Benchmark, Row

NUMBERS, TEXT = "a task of two numbers", "a task of three numbers and a text, a text back"
AWAIT, BLOCKING, START = "Roost, await pool.run", "Roost, pool.start and a blocking wait", "Roost, pool.start each, await each"
SMALL = {"executor": "ProcessPoolExecutor", "mp": "multiprocessing.Pool", "loky": "loky", "pebble": "pebble"}
STARTED = {
    "executor-fork": "ProcessPoolExecutor, fork (its default)", "executor-forkserver": "ProcessPoolExecutor, forkserver",
    "executor-spawn": "ProcessPoolExecutor, spawn", "mp-fork": "multiprocessing.Pool, fork (its default)",
    "mp-forkserver": "multiprocessing.Pool, forkserver", "loky": "loky, its own way", "pebble-fork": "pebble, fork (its default)",
    "pebble-forkserver": "pebble, forkserver",
}
UNORDERED = "multiprocessing.Pool, imap_unordered"
BYTES, HERE, HERE_NEW = "Roost, Bytes", "Swift, one process, memory kept", "Swift, one process, new memory"
PYTHON_HERE, SHARED = "Python, one process", "multiprocessing.Pool, SharedMemory by hand"
STARTS, NOTHING = "Roost", "Swift, the same program without a pool"
STATIC, STATIC_NOTHING = "Roost, Swift's libraries linked in", "Swift so linked, without a pool"
CRASH = {
    "abort": "Roost, abort", "fatalError": "Roost, fatalError", "abort-backtraces": "Roost, abort, backtraces",
    "fatalError-backtraces": "Roost, fatalError, backtraces", "abort-spare": "Roost, abort, a spare worker",
    "fatalError-backtraces-spare": "Roost, fatalError, backtraces, a spare worker",
}


def of(label, kind):
    """A row's label is there once in a benchmark."""
    return label if kind == "numbers" else f"{label}, text"


def roost(mode, label, group="", reference=False):
    return Row(label, ["bench-process", "roost", mode], group, True, reference)


def swift(mode, label, group="", program="bench-process"):
    return Row(label, [program, "roost", mode], group)


def python(pool, mode, label, group="", **more):
    return Row(label, ["processes", pool, mode], group, **more)


def kinds():
    return (("numbers", NUMBERS), ("text", TEXT))


def latency_rows():
    rows = []
    for kind, group in kinds():
        mode = f"process-latency-{kind}"
        rows.append(roost(mode, of(AWAIT, kind), group, True))
        if kind == "numbers":
            rows.append(roost("process-latency-blocking", BLOCKING, group))
            rows.append(Row("C, 64 bytes over a socketpair", ["pingpong"], group))
        rows += [python(pool, mode, of(label, kind), group) for pool, label in SMALL.items()]
    return rows


def throughput_rows():
    rows = []
    for kind, group in kinds():
        mode = f"process-throughput-{kind}"
        rows.append(roost(mode, of(START, kind), group, True))
        rows += [python(pool, mode, of(label, kind), group) for pool, label in SMALL.items()]
        rows.append(python("mp", f"{mode}-unordered", of(UNORDERED, kind), group))
    return rows


def map_rows():
    rows = []
    for kind, group in kinds():
        mode = f"process-map-{kind}"
        rows.append(roost(mode, of("Roost, pool.map", kind), group, True))
        rows += [python(pool, mode, of(f"{label}.map", kind), group) for pool, label in SMALL.items()]
    return rows


LATENCY = dict(
    unit="us", columns=[("us", "median µs", "{:.1f}"), ("p95_us", "p95 µs", "{:.1f}")], rows=latency_rows(),
)
METHODS = (
    "two workers each. Python's standard pools and pebble start by fork, their default and the fastest; once started the method makes no "
    "difference. loky has only its own way"
)

BENCHMARKS = [
    Benchmark("process-latency", "submit → result of a small task, one at a time", note=METHODS, **LATENCY),
    Benchmark(
        "process-latency-awake", "the same with the cores kept awake", spinners=True,
        note="a SCHED_IDLE spinner on each core: without the time that waking a halted core takes", **LATENCY,
    ),
    Benchmark(
        "process-throughput", "20,000 small tasks submitted at once, not batched", "rate", [("rate", "tasks/s", "{:,.0f}")],
        throughput_rows(), "two workers; from the first submit until every result is there", higher_is_better=True,
    ),
    Benchmark(
        "process-map", "1,000,000 small tasks in chunks of 256", "rate", [("rate", "items/s", "{:,.0f}")], map_rows(),
        "two workers; from the call until the last result is there", higher_is_better=True,
    ),
    Benchmark(
        "process-bytes", "100 MB in and out, every byte read and another one written", "ms",
        [("ms", "median ms", "{:.1f}"), ("worst_ms", "worst", "{:.1f}"), ("first_ms", "first", "{:.1f}"), ("peak_mb", "peak MB", "{:.0f}")],
        [
            roost("process-bytes", BYTES, reference=True),
            swift("process-bytes-here", HERE), swift("process-bytes-here-new", HERE_NEW),
            python("here", "process-bytes", PYTHON_HERE),
            *(python(pool, "process-bytes", label) for pool, label in SMALL.items()),
            python("mp", "process-bytes-shared", SHARED),
        ],
        "another input each time; 20 times, the first not in the median; Python by bytes.translate. Checked on both sides: Swift sums all that is "
        "read and written in the same pass, within the time; Python compares what came back, outside of it. Peak of the caller, without its worker",
        rounds=(3, 2),
    ),
    Benchmark(
        "process-crash", "submit → the error of a task that ends its worker at once; → a result of a new worker", "error_ms",
        [("error_ms", "error, ms", "{:.2f}"), ("next_ms", "then a result, ms", "{:.2f}"), ("worst_ms", "worst error", "{:.2f}")],
        [
            *(roost(f"process-crash-{mode}", label, reference=mode == "abort") for mode, label in CRASH.items()),
            *(python(pool, "process-crash", label, **({"first_rounds": 2} if pool[:2] == "mp" else {})) for pool, label in STARTED.items()),
        ],
        "one worker; abort in Python; -1: never, given up after 5 s. ProcessPoolExecutor and loky are made anew after it: the pool is broken",
        rounds=(7, 2),
    ),
    Benchmark(
        "process-neighbours", "100 tasks of 1 ms, three of which abort: what becomes of the other 97", "ms",
        [
            ("ms", "all known after ms", "{:.0f}"), ("finished", "finished", "{:.0f}"), ("failed", "failed", "{:.0f}"),
            ("missing", "never ended", "{:.0f}"), ("reported", "aborts reported", "{:.0f}"), ("left", "processes left", "{:.0f}"),
        ],
        [
            roost("process-neighbours", STARTS, reference=True),
            *(python(pool, "process-neighbours", label, **({"first_rounds": 1} if pool[:2] == "mp" else {})) for pool, label in SMALL.items()),
        ],
        "two workers; given up after 10 s",
        rounds=(5, 2),
    ),
    Benchmark(
        "process-start", "a program's start, its pool's first result, and its end", "first_ms",
        [
            ("first_ms", "exec → result, ms", "{:.1f}"), ("inside_ms", "pool → result", "{:.1f}"), ("close_ms", "close, ms", "{:.2f}"),
            ("close_ms:max", "worst close", "{:.2f}"), ("wall_ms", "exec → exit", "{:.0f}"),
        ],
        [
            roost("process-start", STARTS, reference=True), swift("process-start-nothing", NOTHING),
            Row(STATIC, ["bench-process-static", "roost", "process-start"], "", True),
            swift("process-start-nothing", STATIC_NOTHING, program="bench-process-static"),
            python("none", "process-start-nothing", "Python, the same without a pool"),
            *(python(pool, "process-start", label) for pool, label in STARTED.items()),
        ],
        "two workers, a fresh program each round; the pool is left alone for 50 ms before its close, which exec → exit includes",
        rounds=(40, 5),
    ),
]
