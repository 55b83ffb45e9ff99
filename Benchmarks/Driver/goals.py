"""The goals. Each is computed from one round, {benchmark: {row label: {key: value}}}; None where something was not measured."""

import statistics

import censusplan
import crashplan
import processplan
import thumbnails
import windowplan


def value(measured, benchmark, row, key):
    return measured.get(benchmark, {}).get(row, {}).get(key)


def ratio(benchmark, ours, peers, key):
    """Ours by the best of the peers."""

    def compute(measured):
        mine = value(measured, benchmark, ours, key)
        theirs = [v for v in (value(measured, benchmark, peer, key) for peer in peers) if v is not None]
        return None if mine is None or not theirs else mine / min(theirs)

    return compute


def times(benchmark, ours, peers, key):
    """Ours by the best of the peers, where more is better."""

    def compute(measured):
        mine = value(measured, benchmark, ours, key)
        theirs = [v for v in (value(measured, benchmark, peer, key) for peer in peers) if v is not None]
        return None if mine is None or not theirs else mine / max(theirs)

    return compute


def plain(benchmark, ours, key):
    return lambda measured: value(measured, benchmark, ours, key)


def over(benchmark, ours, base, key):
    def compute(measured):
        mine, theirs = value(measured, benchmark, ours, key), value(measured, benchmark, base, key)
        return None if mine is None or theirs is None else mine - theirs

    return compute


SUBMIT, DROPPED = "Roost, pool.submit", "Roost, scope.start, handle dropped"
FAST = ["textbook (C++)", "oneTBB, enqueue", "oneTBB, spawn (producer is one of the two)"]
QT_AND_SWIFT = ["QThreadPool", "Dispatch", "OperationQueue", "NIOThreadPool"]
TASKGROUP = ["TaskGroup child"]
ENTERED = "bodies entered after the stop"
BARE = "nothing"

# (benchmark, text, compute, "<=" or ">=", limit), and `max` behind it where the limit is for each round and not for their median
GOALS = []
for name in ("empty1", "empty4"):
    GOALS += [
        (name, "closure / best of Qt and the Swift peers", ratio(name, SUBMIT, QT_AND_SWIFT, "ns"), "<=", 1.0),
        (name, "closure / better of oneTBB and textbook", ratio(name, SUBMIT, FAST, "ns"), "<=", 1.5),
        (name, "worker / TaskGroup child", ratio(name, DROPPED, TASKGROUP, "ns"), "<=", 0.5),
    ]
GOALS += [
    ("latency", "closure / Dispatch, median", ratio("latency", SUBMIT, ["Dispatch"], "us"), "<=", 1.0),
    ("latency1", "closure / Dispatch, median", ratio("latency1", SUBMIT, ["Dispatch"], "us"), "<=", 1.0),
    ("efficiency", "closure, of ideal", plain("efficiency", SUBMIT, "efficiency"), ">=", 0.98),
    ("stop", "closures, µs", plain("stop", "Roost, pool.clear and a flag", "us"), "<=", 200),
    ("stop", f"closures, {ENTERED}", plain("stop", "Roost, pool.clear and a flag", "entered"), "<=", 0),
    ("stop", "workers, every ending delivered, µs", plain("stop", "Roost, scope.stop", "us"), "<=", 5000),
    ("stop", f"workers, {ENTERED}", plain("stop", "Roost, scope.stop", "entered"), "<=", 0),
    ("flag", "isStopped / bare loop", ratio("flag", "Roost, token.isStopped", [BARE], "ns"), "<=", 1.05),
    ("flag", "checkpoint over isStopped, ns", over("flag", "Roost, worker.checkpoint()", "Roost, token.isStopped", "ns"), "<=", 1.0),
    ("growth", "10 million finished workers, kB", plain("growth", "Roost, scope.start", "growth_kb"), "<=", 1024),
    ("flood", "growth, MB", plain("flood", "Roost, worker.report → onUpdate", "growth_mb"), "<=", 2),
    ("flood", "longest gap, ms", plain("flood", "Roost, worker.report → onUpdate", "gap_ms"), "<=", 16),
]

for threads, limit in ((10, 30), (210, 100)):
    for label in (censusplan.ROOST, censusplan.DEBUG):
        for key, what in (("cold_ms", "first"), ("warm_ms", "again")):
            GOALS.append((f"census-{threads}", f"{label}: {what}, ms", plain(f"census-{threads}", label, key), "<=", limit))
GOALS += [
    ("watchdog-idle", "% of a core, worst round", plain("watchdog-idle", censusplan.WATCHDOG, "percent"), "<=", 0.1, max),
    ("watchdog-idle", "hangs told, worst round", plain("watchdog-idle", censusplan.WATCHDOG, "hangs"), "<=", 0, max),
]

GOALS += [
    ("crash-note", "noted, µs", plain("crash-note", crashplan.ROOST, "noted_us"), "<=", 1000),
    ("crash-note", "noted, worst of all, µs", plain("crash-note", crashplan.ROOST, "noted_max_us"), "<=", 1000, max),
    ("crash-start", "added, ms", plain("crash-start", crashplan.ROOST, "added_ms"), "<=", 1.0),
    ("crash-running", "closures on one core, with / without", plain("crash-running", crashplan.CLOSURES, "ratio"), "<=", 1.05),
    ("crash-running", "workers on one core, with / without", plain("crash-running", crashplan.WORKERS, "ratio"), "<=", 1.05),
    ("crash-stages", "by the least that the disk takes", ratio("crash-stages", crashplan.STAGES, [crashplan.BY_HAND], "us"), "<=", 1.5),
]

THUMBNAILER, PILLOW = "Roost thumbnailer", "Pillow, 2 threads"
GOALS += [
    ("thumbnails", "pictures/s / Pillow's", ratio("thumbnails", THUMBNAILER, [PILLOW], "rate"), ">=", 1.25),
    ("thumbnails", "CPU / Pillow's", ratio("thumbnails", THUMBNAILER, [PILLOW], "cpu_s"), "<=", 0.8),
    ("thumbnails", "peak MB", plain("thumbnails", THUMBNAILER, "peak_mb"), "<=", 300),
]

GOALS.append((
    "process-thumbnails", "pictures/s / --in-process's", ratio("process-thumbnails", thumbnails.IN_WORKERS, [thumbnails.IN_PROCESS], "rate"),
    ">=", 0.9,
))

WINDOW, CONTROL = windowplan.ROOST, windowplan.CONTROL
SILENCE = "longest silence over the control's, worst round, ms"
GOALS += [
    ("window-close", "close → process gone, ms", plain("window-close", WINDOW, "ms"), "<=", 15),
    ("window-close", "close → process gone, worst, ms", plain("window-close", WINDOW, "ms"), "<=", 40, max),
    ("window-close", SILENCE, over("window-close", WINDOW, CONTROL, "gap_ms"), "<=", 16, max),
    ("window-stubborn", "process gone, worst, ms", plain("window-stubborn", WINDOW, "ms"), "<=", 2100, max),
    ("window-stubborn", "longest silence, worst round, ms", plain("window-stubborn", WINDOW, "gap_ms"), "<=", 500, max),
    ("window-stubborn", SILENCE, over("window-stubborn", WINDOW, CONTROL, "gap_ms"), "<=", 16, max),
    ("window-idle", "ticks of CPU time, worst round", plain("window-idle", WINDOW, "ticks"), "<=", 0, max),
]
for window, control, what in (
    (windowplan.MILLION_ROOST, windowplan.MILLION_CONTROL, "a million"), (windowplan.LONG_ROOST, windowplan.LONG_CONTROL, "two seconds"),
):
    GOALS += [
        ("window-flood", f"{what}: {SILENCE}", over("window-flood", window, control, "gap_ms"), "<=", 16, max),
        ("window-flood", f"{what}: growth, worst round, MB", plain("window-flood", window, "growth_mb"), "<=", 2, max),
    ]
for cores in (windowplan.TWO_CORES, windowplan.ONE_CORE):
    for label in (windowplan.AWAIT, windowplan.HOP):
        GOALS.append((
            "window-bridge", f"{cores.label(label)} / g_idle_add, median",
            ratio("window-bridge", cores.label(label), [cores.label(windowplan.IDLE_ADD)], "us"), "<=", 1.0,
        ))

PYTHON = list(processplan.SMALL.values())
for kind, _ in processplan.kinds():
    peers = [processplan.of(peer, kind) for peer in PYTHON]
    for name in ("process-latency", "process-latency-awake"):
        GOALS.append((name, f"{kind}: await / best peer, median", ratio(name, processplan.of(processplan.AWAIT, kind), peers, "us"), "<=", 0.5))
    GOALS += [
        (
            "process-throughput", f"{kind}: by the best peer's",
            times("process-throughput", processplan.of(processplan.START, kind), [*peers, processplan.of(processplan.UNORDERED, kind)], "rate"),
            ">=", 2,
        ),
        (
            "process-map", f"{kind}: by the best peer's",
            times("process-map", processplan.of("Roost, pool.map", kind), [processplan.of(f"{peer}.map", kind) for peer in PYTHON], "rate"), ">=", 4,
        ),
    ]
for way, limit in (("abort", 3), ("fatalError", 3), ("abort-backtraces", 25), ("fatalError-backtraces", 25)):
    label = processplan.CRASH[way]
    GOALS.append(("process-crash", f"{label}: error, ms", plain("process-crash", label, "error_ms"), "<=", limit))
for way in ("abort", "fatalError"):
    label = processplan.CRASH[way]
    GOALS.append(("process-crash", f"{label}: a worker again, ms", plain("process-crash", label, "next_ms"), "<=", 8))
GOALS += [
    ("process-bytes", "Bytes / the same work in one process", ratio("process-bytes", processplan.BYTES, [processplan.HERE], "ms"), "<=", 1.5),
    ("process-neighbours", "neighbours that did not finish, worst round",
     lambda measured: None if (finished := value(measured, "process-neighbours", processplan.STARTS, "finished")) is None else 97 - finished,
     "<=", 0, max),
]
for program, how in ((processplan.STARTS, ""), (processplan.STATIC, ", linked in")):
    GOALS += [
        ("process-start", f"pool → first result{how}, ms", plain("process-start", program, "inside_ms"), "<=", 8),
        ("process-start", f"close of an idle pool{how}, ms", plain("process-start", program, "close_ms"), "<=", 2),
    ]


def held(goal, each, rounds):
    """What the rounds amount to, and whether the goal is met; one for the worst of them not while a round is missing."""
    _, _, _, relation, limit, *worst = goal
    value = worst[0](each) if worst else statistics.median(each)
    met = value <= limit if relation == "<=" else value >= limit
    return value, met and (not worst or len(each) == rounds)
