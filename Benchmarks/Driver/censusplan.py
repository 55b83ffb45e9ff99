"""The benchmarks of the thread census and the hang watchdog, and their rows."""

from plan import Benchmark, Row

ROOST, DEBUG = "Roost, in the program itself", "Roost, a debug build"
PEERS = {"eu-stack": "eu-stack -p", "eu-stack-lines": "eu-stack -i -s -p, with lines", "gdb": "gdb -batch, thread apply all bt"}
WATCHDOG = "Roost, default settings"


def census(threads):
    name = f"census-{threads}"
    return Benchmark(
        name, f"every thread's stack with names, {threads} threads", "cold_ms",
        [("cold_ms", "first, ms", "{:.1f}"), ("warm_ms", "again, median ms", "{:.2f}")],
        [
            Row(ROOST, ["bench-census", "roost", name], "", True, True),
            Row(DEBUG, ["bench-census-debug", "roost", name], "", True),
            *(Row(label, ["bench-census", peer, name]) for peer, label in PEERS.items()),
        ],
        "the first one in a process that has looked up no name before, and 20 more (3 of the others' own processes). Checked: each thread is there, with "
        "its function. The others stop the whole process; a census interrupts each thread for some microseconds",
        rounds=(7, 3),
    )


BENCHMARKS = [
    census(10), census(210),
    Benchmark(
        "watchdog-idle", "processor time of the watch over a main thread that waits, ten seconds", "percent",
        [("percent", "% of a core", "{:.4f}"), ("hangs", "hangs told", "{:.0f}")],
        [Row(WATCHDOG, ["bench-census", "roost", "watchdog-idle"], "", True, True)],
        "both the watch's thread and what its beats cost the main thread", rounds=(5, 2),
    ),
]
