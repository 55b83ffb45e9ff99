#!/usr/bin/python3
"""Thumbnails as the freedesktop Thumbnail Managing Standard has them, by Pillow as fast as Pillow does it.

thumbnails.py FOLDER OUTPUT THREADS: 256-pixel thumbnails of the pictures in FOLDER, in OUTPUT/large.
"""

import hashlib
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image, ImageOps, PngImagePlugin

EDGE = 256


def is_fresh(target, uri, mtime):
    try:
        with Image.open(target) as old:
            return old.info.get("Thumb::URI") == uri and old.info.get("Thumb::MTime") == mtime
    except OSError:
        return False


def make(path, folder):
    uri = path.as_uri()
    mtime = str(int(path.stat().st_mtime))
    target = os.path.join(folder, hashlib.md5(uri.encode()).hexdigest() + ".png")
    if is_fresh(target, uri, mtime):
        return "fresh"
    try:
        with Image.open(path) as image:
            image.draft("RGB", (EDGE * 2, EDGE * 2))  # JPEG: decoded at 1/2, 1/4 or 1/8
            image.thumbnail((EDGE, EDGE))
            image = ImageOps.exif_transpose(image)
            if image.mode not in ("L", "LA", "RGB", "RGBA"):
                image = image.convert("RGBA")
            info = PngImagePlugin.PngInfo()
            info.add_text("Thumb::URI", uri)
            info.add_text("Thumb::MTime", mtime)
            descriptor, temporary = tempfile.mkstemp(".png", ".thumb-", folder)  # mode 0600
            try:
                with os.fdopen(descriptor, "wb") as file:
                    image.save(file, "PNG", compress_level=1, pnginfo=info)
                os.rename(temporary, target)
            except BaseException:
                os.unlink(temporary)
                raise
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        print(f"{path}: {error}", file=sys.stderr)
        return "failed"
    return "made"


def main():
    source, output, threads = Path(sys.argv[1]).resolve(), Path(sys.argv[2]), int(sys.argv[3])
    folder = output / "large"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = sorted(path for path in source.iterdir() if path.is_file())
    with ThreadPoolExecutor(threads) as pool:
        results = list(pool.map(lambda path: make(path, str(folder)), files))
    print({kind: results.count(kind) for kind in ("made", "fresh", "failed")})


main()
