#!/usr/bin/python3
"""Measures Roost and its peers in one run: every row once a round, in turn, each in a fresh process; medians over the rounds."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import censusplan
import crashplan
import goals
import machine
import plan
import process
import processes
import processplan
import table
import thumbnails
import windowplan
import windows

HOME = Path(__file__).resolve().parent.parent


def arguments():
    names = [b.name for b in plan.BENCHMARKS + censusplan.BENCHMARKS + crashplan.BENCHMARKS + processplan.BENCHMARKS + windowplan.BENCHMARKS] + ["thumbnails", "process-thumbnails"]
    parser = argparse.ArgumentParser(prog="Benchmarks/run", description=__doc__, allow_abbrev=False)
    parser.add_argument("--quick", action="store_true", help="3 rounds and smaller counts")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the JSON goes (default: Benchmarks/.results/…)")
    parser.add_argument("--only", action="append", choices=names, metavar="NAME", help=f"one of {', '.join(names)}; may be repeated")
    parser.add_argument("--rounds", type=int, help="default 7, with --quick 3; more for most of the windows")
    parser.add_argument("--swift-bin", type=Path, required=True, help=argparse.SUPPRESS)
    return parser.parse_args()


def spinners(paths):
    """One process of the lowest priority for each core, so that no core halts."""
    return [subprocess.Popen([paths["peer-textbook"], "spin"]) for _ in os.sched_getaffinity(0)]


def one(row, paths, quick):
    output, used = process.run([paths[row.command[0]], *row.command[1:], *(["quick"] if quick else [])], timeout=180)
    values = json.loads(output)
    values["cpu_s"] = used["cpu_s"]
    return values


def undisturbed(row, runner, quiet):
    """One measurement; repeated, at most twice, if others worked meanwhile, and the least disturbed one kept."""
    best = None
    for _ in range(3):
        quiet.wait()
        begin, busy = time.monotonic(), machine.busy_seconds()
        values = runner(row)
        others = machine.busy_seconds() - busy - values["cpu_s"] - values.pop("unmeasured_cpu_s", 0)
        values["others_percent"] = machine.share(others, time.monotonic() - begin)
        if best is None or values["others_percent"] < best["others_percent"]:
            best = values
        if best["others_percent"] < 2 * quiet.LIMIT or quiet.left <= 0:
            break
    return best


def measure(benchmark, rounds, runner, quiet, probe):
    """{label: {key: [value of each round]}}, {label: why it failed}, the share of the cores that others used, core to core in ns."""
    found, failures, shares, hops = {}, {}, [], []
    for number in range(rounds):
        if number % (rounds // 7 or 1) == 0:
            hops.append(json.loads(process.run([probe, "core-to-core"], timeout=60)[0])["ns"])
        for row in benchmark.rows:
            if row.label in failures or (row.first_rounds and number >= row.first_rounds):
                continue
            if sys.stderr.isatty():
                print(f"\r\033[K{benchmark.name} {number + 1}/{rounds} {row.label}", end="", file=sys.stderr, flush=True)
            try:
                values = undisturbed(row, runner, quiet)
            except (process.Failed, OSError, ValueError) as error:
                failures[row.label] = str(error) if str(error).startswith("skipped") else f"did not measure: {error}"
                continue
            shares.append(values["others_percent"])
            for key, value in values.items():
                found.setdefault(row.label, {}).setdefault(key, []).append(value)
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)
    return found, failures, shares, hops


def verdicts(name, found, rounds):
    """Each goal computed round by round, and the median of that held against the limit."""
    for goal in goals.GOALS:
        benchmark, text, compute, relation, limit, *_ = goal
        if benchmark != name:
            continue
        each = []
        for number in range(rounds):
            values = {label: {k: v[number] for k, v in keys.items() if number < len(v)} for label, keys in found.items()}
            each.append(compute({name: values}))
        each = [value for value in each if value is not None]
        if not each:
            continue
        value, met = goals.held(goal, each, rounds)
        yield {
            "benchmark": name, "goal": text, "value": value, "min": min(each), "max": max(each), "relation": relation, "limit": limit,
            "met": met, "rounds": len(each),
        }


def planned(options, paths):
    """Each benchmark that is wanted with what measures a row of it; what one needs is there only while it is its turn."""

    def wanted(benchmarks):
        return [b for b in benchmarks if not options.only or b.name in options.only]

    for benchmark in wanted(plan.BENCHMARKS + censusplan.BENCHMARKS + crashplan.BENCHMARKS):
        yield benchmark, lambda row: one(row, paths, options.quick)
    with_processes = wanted(processplan.BENCHMARKS)
    if with_processes:
        runner = processes.Runner(paths, options.quick)
        for benchmark in with_processes:
            yield benchmark, runner
    with_windows = wanted(windowplan.BENCHMARKS)
    if with_windows:
        runner = windows.Runner(paths, options.quick)
        try:
            for benchmark in with_windows:
                yield benchmark, runner
        finally:
            runner.end()
    for name in ("thumbnails", "process-thumbnails"):
        if not options.only or name in options.only:
            yield thumbnails.prepare(HOME, options.quick, name)


def main():
    options = arguments()
    swift = ("peers-swift", "peers-foundation", "bench-roost", "bench-window", "bench-process", "bench-process-static", "bench-census", "bench-census-debug", "bench-crash")
    paths = {name: str(options.swift_bin / name) for name in swift}
    paths |= {name: str(HOME / "Peers/cpp/build" / name) for name in ("peer-textbook", "peer-tbb", "peer-qt")}
    paths |= {name: str(HOME / "Peers/gtk/build" / name) for name in ("control", "asker")}
    paths["pingpong"] = str(HOME / "Peers/c/build/pingpong")
    python = str(HOME / ".venv/bin/python")
    paths["faults"] = str(HOME / "Peers/python/faults.py")
    paths["processes"] = [python, str(HOME / "Peers/python/processes.py")]
    # Not there when PyPI did not give it: the rows are skipped.
    paths["pyqt"] = [python if list((HOME / ".venv/lib").glob("python*/site-packages/PyQt6")) else "/no/PyQt6", str(HOME / "Peers/python/window.py")]

    described = machine.describe(python)
    print(f"{described['cpu']}, {described['cores_used']} of {described['cores']} cores, {described['memory_mb']} MB; "
          f"{described['system']}, kernel {described['kernel']}")
    print(f"{described['swift']}; {described['cxx']}; Qt {described['qt']}; oneTBB {described['tbb']}; "
          f"GTK {described['gtk']}; PyQt6 {described['pyqt']}; Python {described['python']}, loky {described['loky']}, pebble {described['pebble']}")
    print(f"every row once a round and each time in a fresh process; medians"
          f"{'; quick: smaller counts than the titles say' if options.quick else ''}")

    quiet = machine.Quiet(60 if options.quick else 300)
    result = {"machine": described, "quick": options.quick, "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "benchmarks": {}}
    all_goals, broken = [], False
    for benchmark, runner in planned(options, paths):
        rounds = options.rounds or benchmark.rounds[options.quick]
        idlers = spinners(paths) if benchmark.spinners else []
        try:
            found, failures, shares, hops = measure(benchmark, rounds, runner, quiet, paths["peer-textbook"])
        finally:
            for idler in idlers:
                idler.kill()
                idler.wait()
        print(f"\n{benchmark.name}: {benchmark.title}; {rounds} {'round' if rounds == 1 else 'rounds'}")
        if benchmark.note:
            print(f"({benchmark.note})")
        for line in table.lines(benchmark, found, failures):
            print(line)
        noise = statistics.median(shares) if shares else 0.0
        print(f"noise: others used {noise:.0f} % of the cores (median of the measurements; at most {max(shares, default=0):.0f} %); "
              f"a cache line from core to core and back {min(hops):.0f} – {max(hops):.0f} ns")
        for verdict in verdicts(benchmark.name, found, rounds):
            print(f"goal {'met' if verdict['met'] else 'MISSED'}: {verdict['goal']} {verdict['value']:.3g}, {verdict['min']:.3g} – {verdict['max']:.3g} ({verdict['relation']} {verdict['limit']:g})")
            all_goals.append(verdict)
        sys.stdout.flush()
        broken = broken or any(not why.startswith("skipped") for why in failures.values())
        result["benchmarks"][benchmark.name] = {
            "title": benchmark.title,
            "unit": benchmark.unit,
            "rounds": rounds,
            "others_percent": {"median": noise, "max": max(shares, default=0.0)},
            "core_to_core_ns": hops,
            "rows": {
                row.label: {
                    "group": row.group,
                    "roost": row.roost,
                    "failed": failures.get(row.label),
                    "values": {
                        key: {"median": statistics.median(v), "min": min(v), "max": max(v), "rounds": v}
                        for key, v in found.get(row.label, {}).items()
                    },
                }
                for row in benchmark.rows
            },
        }
    result["goals"] = all_goals
    file = options.json or HOME / ".results" / time.strftime("%Y%m%d-%H%M%S.json")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    missed = [g for g in all_goals if not g["met"]]
    print(f"\n{len(all_goals) - len(missed)} of {len(all_goals)} goals met; JSON in {os.path.relpath(file)}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
