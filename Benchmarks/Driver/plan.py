"""What is measured: benchmarks, their rows, and the goals they are held against."""

from dataclasses import dataclass


@dataclass
class Row:
    label: str
    command: list  # executable (a key of the driver's PATHS) and arguments
    group: str = ""  # rows of one group are compared with that group's Roost row
    roost: bool = False  # one of ours
    reference: bool = False  # the row the others of its group are divided by
    first_rounds: int = 0  # only in the first rounds, 0 = in all (for measurements that take long and hardly vary)
    ok: int = 0  # the exit status that is right


@dataclass
class Benchmark:
    name: str
    title: str
    unit: str  # key of the value the ratio is of
    columns: list  # (key, heading, format); the median of the rounds, or the most with ":max" behind the key
    rows: list
    note: str = ""
    higher_is_better: bool = False
    spinners: bool = False
    ratio_heading: str = "ratio to Roost"
    rounds: tuple = (7, 3)  # and with --quick


def swift(peer, name):
    return ["peers-swift", peer, name]


def pools(name):
    """The peers that take a plain closure."""
    return [
        Row("textbook (C++)", ["peer-textbook", name]),
        Row("QThreadPool", ["peer-qt", name]),
        Row("oneTBB, enqueue", ["peer-tbb", name]),
        Row("Dispatch", swift("dispatch", name)),
        Row("OperationQueue", ["peers-foundation", "operationqueue", name]),
        Row("NIOThreadPool", swift("nio", name)),
    ]


def ours(label, name, group="", reference=False, **more):
    return Row(label, ["bench-roost", "roost", name], group, True, reference, **more)


CLOSURES, WORKERS = "plain closures", "workers with a name, a handle, an ending and a scope"
PEAK = ("peak_mb", "peak MB", "{:.1f}")


def empty(producers):
    name = f"empty{producers}"
    rows = [
        ours("Roost, pool.submit", f"{name}-closure", CLOSURES, True),
        *pools(name),
    ]
    if producers == 1:
        rows.append(Row("oneTBB, spawn (producer is one of the two)", ["peer-tbb", "spawn-empty1"]))
    for row in rows:
        row.group = CLOSURES
    rows += [
        ours("Roost, scope.start, handle dropped", f"{name}-worker", WORKERS, True),
        ours("Roost, scope.start, handles kept", f"{name}-worker-kept", WORKERS),
        Row("TaskGroup child", swift("taskgroup", name), WORKERS),
    ]
    if producers == 1:
        rows.append(Row("DiscardingTaskGroup child", swift("taskgroup", "empty1-discarding"), WORKERS))
    return rows


def grouped(group, *rows):
    for row in rows:
        row.group = group
    return list(rows)


def submitted(name):
    return [
        ours("Roost, pool.submit", f"{name}-closure", reference=True),
        ours("Roost, scope.start", f"{name}-worker"),
        *pools(name),
        Row("Task.detached", swift("taskgroup", name)),
    ]


BENCHMARKS = [
    Benchmark(
        "empty1", "1,000,000 tasks that do nothing, one producer", "ns", [("ns", "ns each", "{:.0f}"), PEAK], empty(1),
        "from the first submit until all have run, on 2 threads",
    ),
    Benchmark(
        "empty4", "1,000,000 tasks that do nothing, four producers", "ns", [("ns", "ns each", "{:.0f}"), PEAK], empty(4),
        "4 × 250,000, from the first submit until all have run, on 2 threads",
    ),
    Benchmark(
        "latency", "submit → result, the pool on another core than the submitter, cores kept awake", "us",
        [("us", "median µs", "{:.2f}"), ("p99_us", "p99 µs", "{:.1f}")],
        grouped(
            "a plain closure posts a semaphore that a thread outside the pool waits on",
            *submitted("latency"),
        ) + grouped(
            "`await` of a value from a task on Swift's own pool, nothing pinned",
            ours("Roost, await handle.value", "await-worker", reference=True),
            Row("await Task.detached.value", swift("taskgroup", "await")),
            Row("await NIOThreadPool.runIfActive", swift("nio", "await")),
        ),
        "one at a time; a SCHED_IDLE spinner on each core, so that waking a halted core is not what is measured. "
        "Under 2 µs: the pool's thread still spins when the next task comes, nobody sleeps and nobody is woken",
        spinners=True,
    ),
    Benchmark(
        "latency1", "submit → result, the pool and the submitter on one core", "us",
        [("us", "median µs", "{:.2f}"), ("p99_us", "p99 µs", "{:.1f}")],
        grouped("a plain closure posts a semaphore that a thread outside the pool waits on", *submitted("latency1")),
        "two switches of context and what the pool does",
        spinners=True,
    ),
    Benchmark(
        "efficiency", "200,000 tasks of 10 µs on 2 threads: ideal / actual", "efficiency",
        [("efficiency", "of ideal", "{:.3f}"), PEAK],
        grouped(
            "",
            ours("Roost, pool.submit", "efficiency-closure", reference=True),
            ours("Roost, scope.start", "efficiency-worker"),
            *pools("efficiency"),
            Row("oneTBB, spawn (producer is one of the two)", ["peer-tbb", "spawn-efficiency"]),
            Row("TaskGroup child", swift("taskgroup", "efficiency")),
        ),
        "the ideal is what the same tasks take inline, halved; a task ends by the clock",
        higher_is_better=True,
    ),
    Benchmark(
        "stop", "stop with 10,000 queued and 2 running", "us",
        [("us", "µs", "{:.0f}"), ("entered", "entered after stop", "{:.0f}")],
        grouped(
            "plain closures: until both running have ended and the queue is gone",
            ours("Roost, pool.clear and a flag", "stop-closure", reference=True),
            Row("textbook (C++)", ["peer-textbook", "stop"]),
            Row("QThreadPool, clear", ["peer-qt", "stop"]),
            Row("oneTBB, cancel of the group", ["peer-tbb", "stop"]),
            Row("Dispatch, cancel of each item", swift("dispatch", "stop")),
            Row("OperationQueue, cancelAllOperations", ["peers-foundation", "operationqueue", "stop"]),
            Row("NIOThreadPool, shutdown (pool is gone)", swift("nio", "stop")),
        ) + grouped(
            "workers: until all 10,002 endings have been delivered",
            ours("Roost, scope.stop", "stop-worker", reference=True),
            Row("TaskGroup, cancel", swift("taskgroup", "stop")),
        ),
    ),
    Benchmark(
        "flag", "one look at a stop flag, on a loop of about 1 ns", "ns", [("ns", "ns a turn", "{:.2f}")],
        grouped(
            "",
            Row("nothing", swift("check", "flag-nothing"), reference=True),
            Row("Atomic<Bool>, relaxed", swift("check", "flag-atomic")),
            ours("Roost, token.isStopped", "flag-token"),
            ours("Roost, worker.isStopped", "flag-worker"),
            ours("Roost, worker.checkpoint()", "flag-checkpoint"),
            Row("Task.isCancelled", swift("check", "flag-task")),
            Row("Mutex.withLock", swift("check", "flag-mutex")),
            Row("nothing (C++)", ["peer-textbook", "flag-nothing"]),
            Row("std::atomic<bool>, relaxed (C++)", ["peer-textbook", "flag-atomic"]),
            Row("std::stop_token (C++)", ["peer-textbook", "flag-stop-token"]),
            Row("QThread::isInterruptionRequested", ["peer-qt", "flag-qthread"]),
        ),
        ratio_heading="ratio to nothing",
    ),
    Benchmark(
        "memory", "memory of a queued task", "bytes", [("bytes", "bytes each", "{:.0f}"), PEAK],
        grouped(
            "1,000,000 plain closures",
            ours("Roost, pool.submit", "queued-closure", reference=True),
            *pools("queued"),
        ) + grouped(
            "100,000 workers",
            ours("Roost, scope.start, handle dropped", "queued-worker", reference=True),
            Row("TaskGroup child", swift("taskgroup", "queued")),
        ),
        "growth of the resident set while the pool's two threads are held",
    ),
    Benchmark(
        "growth", "memory left behind by 10 million finished tasks", "growth_kb", [("growth_kb", "kB in all", "{:.0f}"), PEAK],
        grouped(
            "",
            ours("Roost, pool.submit", "growth-closure", first_rounds=1),
            ours("Roost, scope.start", "growth-worker", reference=True, first_rounds=1),
            Row("textbook (C++)", ["peer-textbook", "growth"], first_rounds=1),
            Row("QThreadPool", ["peer-qt", "growth"], first_rounds=1),
            Row("Dispatch", swift("dispatch", "growth"), first_rounds=1),
            Row("NIOThreadPool", swift("nio", "growth"), first_rounds=1),
            Row("TaskGroup child", swift("taskgroup", "growth"), first_rounds=1),
        ),
        "in batches of 10,000, after a warm-up of 200,000; growth of the largest resident set from the first tenth to the last; one round",
    ),
    Benchmark(
        "flood", "1,000,000 updates to a receiver on the main thread", "ns",
        [
            ("ns", "ns a report", "{:.0f}"), ("total_ms", "all shown, ms", "{:.0f}"), ("gap_ms", "longest gap, ms", "{:.1f}"),
            ("growth_mb", "growth MB", "{:.1f}"), ("received", "received", "{:.0f}"),
        ],
        grouped(
            "",
            ours("Roost, worker.report → onUpdate", "flood", reference=True),
            Row("Task { @MainActor } each", swift("main", "flood-task")),
            Row("DispatchQueue.main.async each", swift("main", "flood-dispatch")),
            Row("AsyncStream, bufferingNewest(1)", swift("main", "flood-stream")),
            Row("conflated by hand, one Int", swift("main", "flood-hand")),
            Row("Qt queued call each", ["peer-qt", "flood"]),
        ),
        "the main thread is a loop that turns at least every millisecond; showing a value takes it 2 µs; the gap is its longest turn",
    ),
]
