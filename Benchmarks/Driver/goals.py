"""The goals. Each is computed from one round, {benchmark: {row label: {key: value}}}; None where something was not measured."""


def value(measured, benchmark, row, key):
    return measured.get(benchmark, {}).get(row, {}).get(key)


def ratio(benchmark, ours, peers, key):
    """Ours by the best of the peers."""

    def compute(measured):
        mine = value(measured, benchmark, ours, key)
        theirs = [v for v in (value(measured, benchmark, peer, key) for peer in peers) if v is not None]
        return None if mine is None or not theirs else mine / min(theirs)

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

# (benchmark, text, compute, "<=" or ">=", limit)
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

THUMBNAILER, PILLOW = "Roost thumbnailer", "Pillow, 2 threads"
GOALS += [
    ("thumbnails", "pictures/s / Pillow's", ratio("thumbnails", THUMBNAILER, [PILLOW], "rate"), ">=", 1.25),
    ("thumbnails", "CPU / Pillow's", ratio("thumbnails", THUMBNAILER, [PILLOW], "cpu_s"), "<=", 0.8),
    ("thumbnails", "peak MB", plain("thumbnails", THUMBNAILER, "peak_mb"), "<=", 300),
]
