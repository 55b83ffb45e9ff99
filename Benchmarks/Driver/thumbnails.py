"""Thumbnails of real JPEG and PNG files to 256 pixels, two at a time: Roost's example beside what is on every desktop, and what its worker
processes cost it."""

import os
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import pictures
import process
from plan import Benchmark, Row

PYTHON = "/usr/bin/python3"


def thumbnailer(home):
    """The example's release binary (ROOST_THUMBNAILER names another), built here if it can be; or why not."""
    configured = os.environ.get("ROOST_THUMBNAILER")
    if configured:
        return (configured, None) if os.access(configured, os.X_OK) else (None, f"no executable {configured}")
    package = home.parent / "Examples" / "thumbnailer"
    print("building Examples/thumbnailer", file=sys.stderr)
    build = ["swift", "build", "-c", "release", "--package-path", str(package)]
    if subprocess.run(build, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode != 0:
        return None, "Examples/thumbnailer does not build here (./demo installs what it needs)"
    folder = subprocess.run([*build, "--show-bin-path"], capture_output=True, text=True).stdout.strip()
    binary = Path(folder) / "thumbnailer"
    return (str(binary), None) if binary.exists() else (None, f"the build left no {binary.name}")


def longer_edge(path):
    with open(path, "rb") as file:
        return max(struct.unpack(">II", file.read(24)[16:]))


IN_WORKERS, IN_PROCESS = "Roost thumbnailer, worker processes", "Roost thumbnailer, --in-process"


def prepare(home, quick, name="thumbnails"):
    files = pictures.make(home / ".pictures", 300)
    if quick:
        files = files[::3]
    folder = home / ".pictures" / ("quick" if quick else "all")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for file in files:
        os.link(file, folder / file.name)
    files = sorted(folder.iterdir())
    names = "\0".join(map(str, files)) + "\0"
    (home / ".pictures" / "names").write_text(names)
    binary, missing = thumbnailer(home)
    out = home / ".pictures" / "out"
    pillow = str(home / "Peers/python/thumbnails.py")

    ours = [binary, str(folder), "--output", str(out), "--size", "large", "--jobs", "2", "--terminal"]
    # Each ends with the number of thumbnails on disk, which has to be the number of pictures.
    commands = {
        "Roost thumbnailer": ours,
        "Pillow, 2 threads": [PYTHON, pillow, str(folder), str(out), "2"],
        "vipsthumbnail": [
            "sh", "-c", 'VIPS_CONCURRENCY=1 xargs -0 -a "$1" -P2 -n25 vipsthumbnail --size 256x256 -o "$2/%s.png[compression=1]"',
            "sh", str(home / ".pictures/names"), str(out),
        ],
        "gdk-pixbuf-thumbnailer": [
            "sh", "-c",
            'xargs -0 -a "$1" -P2 -I{} sh -c \'name=${1##*/}; exec gdk-pixbuf-thumbnailer -s 256 "$1" "$2/$name.png"\' sh {} "$2"',
            "sh", str(home / ".pictures/names"), str(out),
        ],
    }
    if name == "process-thumbnails":
        commands = {IN_WORKERS: ours, IN_PROCESS: [*ours, "--in-process"]}
    levels = {"Roost thumbnailer": "1", "Pillow, 2 threads": "1", "vipsthumbnail": "1", "gdk-pixbuf-thumbnailer": "6, not settable"}
    reference = next(iter(commands))
    rows = [Row(label, [label], "", label.startswith("Roost"), label == reference) for label in commands]
    benchmark = Benchmark(
        name, f"{len(files)} JPEG and PNG of 1–4 megapixels to 256 pixels, 2 at a time", "rate",
        [("rate", "pictures/s", "{:.1f}"), ("cpu_s", "CPU s", "{:.2f}"), ("peak_mb", "peak MB of all", "{:.0f}")], rows,
        "the same pictures and the same program: each decoded in a worker process, or on its threads"
        if name == "process-thumbnails"
        else "deflate level: " + ", ".join(f"{label} {level}" for label, level in levels.items())
        + ". Roost and Pillow follow the Thumbnail Managing Standard (look-up, MD5 name, text chunks, 0600, rename); the other two only write",
        higher_is_better=True,
    )

    def run(row):
        label = row.command[0]
        if commands[label][0] is None:
            raise process.Failed(f"skipped: {missing}")
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        before = os.times()
        for file in files:  # in the page cache for everyone
            file.read_bytes()
        os.sync()
        after = os.times()
        with tempfile.TemporaryDirectory() as state:  # the report of the last end stays the user's
            environment = {**os.environ, "XDG_STATE_HOME": state}
            _, used = process.run(commands[label], timeout=600, sample=True, env=environment)
        made = [path for path in out.rglob("*.png") if "fail" not in path.parts]
        if len(made) != len(files):
            raise process.Failed(f"{len(made)} of {len(files)} thumbnails on disk")
        wrong = [path.name for path in made if longer_edge(path) != 256]
        if wrong:
            raise process.Failed(f"{len(wrong)} thumbnails are not 256 pixels, {wrong[0]} for one")
        driver = after.user + after.system - before.user - before.system
        return {"unmeasured_cpu_s": driver, "rate": len(files) / used["wall_s"], "wall_s": used["wall_s"], "cpu_s": used["cpu_s"], "peak_mb": used["peak_mb"]}

    return benchmark, run
