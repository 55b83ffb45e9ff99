"""A fixed set of pictures: 210 photo-like JPEG (quality 85), 45 photo-like and 45 screenshot-like PNG, 1 to 4 megapixels each."""

import random
import shutil
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

VERSION = "1"  # another number throws the cached ones away


def photo(rng, width, height):
    """Clouds of four sizes and the grain of a sensor, in Pillow's own operations."""
    from PIL import Image, ImageChops

    image = None
    for cells, weight in ((4, 0.0), (16, 0.4), (64, 0.25), (256, 0.12)):
        small = Image.frombytes("RGB", (cells, cells), rng.randbytes(cells * cells * 3))
        layer = small.resize((width, height), Image.BICUBIC)
        image = layer if image is None else Image.blend(image, layer, weight)
    tile = Image.frombytes("L", (512, 512), rng.randbytes(512 * 512)).point(lambda value: value // 24)
    grain = Image.new("L", (width, height))
    for x in range(0, width, 512):
        for y in range(0, height, 512):
            grain.paste(tile, (x, y))
    return ImageChops.add(image, Image.merge("RGB", (grain, grain, grain)))


def screenshot(rng, width, height):
    """Windows, lines of something like text, flat colours."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (width, height), (rng.randrange(256), rng.randrange(256), rng.randrange(256)))
    draw = ImageDraw.Draw(image)
    for _ in range(6):
        left, top = rng.randrange(width - 300), rng.randrange(height - 200)
        right, bottom = min(width, left + rng.randrange(300, 1200)), min(height, top + rng.randrange(200, 900))
        draw.rectangle((left, top, right, bottom), (250, 250, 250), (90, 90, 90))
        for y in range(top + 20, bottom - 12, 14):
            x = left + 12
            while x < right - 40:
                word = rng.randrange(6, 50)
                for stroke in range(x, min(x + word, right - 10), 4):
                    draw.line((stroke, y, stroke + rng.randrange(3), y + rng.randrange(4, 9)), (30, 30, 40))
                x += word + 6
    return image


def one(task):
    folder, number, kind = task
    rng = random.Random(f"roost {VERSION} {number}")
    pixels = rng.uniform(1.0, 4.0) * 1e6
    shape = rng.choice((4 / 3, 3 / 2, 16 / 9, 3 / 4))
    width, height = int((pixels * shape) ** 0.5), int((pixels / shape) ** 0.5)
    image = screenshot(rng, width, height) if kind == "screen" else photo(rng, width, height)
    if kind == "jpeg":
        image.save(Path(folder) / f"{number:03}.jpg", quality=85)
    else:
        image.save(Path(folder) / f"{number:03}.png", compress_level=6 if kind == "screen" else 2)


def make(cache, count):
    """The files, made once and kept in `cache`."""
    folder, stamp = cache / "originals", cache / "originals" / ".complete"
    if not stamp.exists() or stamp.read_text() != VERSION:
        print(f"making {count} pictures, once", file=sys.stderr)
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        kinds = ["jpeg" if i % 10 < 7 else "photo" if i % 20 < 10 else "screen" for i in range(count)]
        with ProcessPoolExecutor(2) as pool:
            list(pool.map(one, [(str(folder), i, kind) for i, kind in enumerate(kinds)]))
        stamp.write_text(VERSION)
    return sorted(path for path in folder.iterdir() if path.suffix in (".jpg", ".png"))
