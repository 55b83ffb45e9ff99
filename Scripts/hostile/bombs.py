"""Pictures that are small on the disk and large in memory, and pictures that take for ever.

What is below the thumbnailer's own limit of 128 Mi pixels is the worst of all: the header passes, and the rest is the
decoder's.
"""

import base64
import struct
import zlib

from hostile import jpeg, pictures, vectors, zeros
from hostile.entry import EITHER, REASON, Entry
from hostile.pictures import RGB, RGBA, GREY, Picture, png_chunk

# The longest side of a square of no more than 128 Mi pixels.
SIDE = 11_585


def sizes(random_for, full):
    """Too many pixels: said by a header alone, or really there."""
    yield from claimed()
    yield from above_the_limit(full)
    yield from below_the_limit(full)
    yield from wrapped(random_for)
    yield from sparse()


def claimed():
    """A header and next to nothing else."""

    def entry(name, ending, content, format):
        return Entry(f"claimed-{name}.{ending}", content, REASON, format)

    some = zlib.compress(bytes(100_000))
    for width, height, depth, colour in (
        (60_000, 60_000, 8, RGB),
        (1_000_000, 1_000_000, 16, RGBA),
        (1 << 30, 3, 1, GREY),
    ):
        header = pictures.PNG_SIGNATURE + pictures.png_header(width, height, depth, colour)
        yield entry(f"{width}x{height}", "png", header + png_chunk(b"IDAT", some), "png")
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 60_000, 60_000, 0) + b"\x02\x02\x44\x01\0\x3b"
    screen = b"GIF89a" + struct.pack("<HHBBB", 60_000, 60_000, 0xF0, 0, 0) + bytes(6)
    yield entry("60000x60000", "gif", screen + frame, "gif")
    small = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\0\x3b"
    yield entry("65535x65535-around-1x1", "gif",
                b"GIF89a" + struct.pack("<HHBBB", 65_535, 65_535, 0xF0, 0, 0) + bytes(6) + small, "gif")
    for width, height in ((0x7FFFFFFF, 0x7FFFFFFF), (60_000, -60_000), (0x7FFFFFFF, 1), (1, -0x80000000)):
        yield entry(f"{width}x{height}", "bmp", pictures.bmp_header(width, height) + bytes(5000), "bmp")
    head = jpeg.SOI + jpeg.JFIF + jpeg.tables()
    # libjpeg reads 65,500 at most.
    for side in (65_500, 65_535):
        for kind, name, last in ((jpeg.BASELINE, "baseline", 63), (jpeg.PROGRESSIVE, "progressive", 0)):
            body = jpeg.frame(kind, side, side) + jpeg.scan((1, 2, 3), 0, last) + bytes(5000)
            yield entry(f"{side}x{side}-{name}", "jpg", head + body, "jpeg")
    for side in (60_000, 0x7FFFFFFF, 0xFFFFFFFF):
        entries = pictures.tiff_entries(side, side, 8, 4000)
        yield entry(f"{side}x{side}", "tiff", struct.pack("<2sHI", b"II", 42, 4008) + bytes(4000)
                    + pictures.tiff_directory(entries, 4008), "tiff")
    many = pictures.tiff_entries(60_000, 60_000, 8, 4000, rows=1)
    many = [(tag, kind, 60_000 if tag in (273, 279) else count, value) for tag, kind, count, value in many]
    yield entry("60000x60000-in-60000-strips", "tiff", struct.pack("<2sHI", b"II", 42, 4008) + bytes(4000)
                + pictures.tiff_directory(many, 4008), "tiff")
    yield entry("65535x65535", "tga", pictures.tga_header(65_535, 65_535, 10, 32) + b"\xff" * 3000, "tga")
    yield entry("60000x60000", "ppm", b"P6\n60000 60000\n255\n" + bytes(3000), "pnm")
    yield entry("4294967295x4294967295", "ppm", b"P6\n4294967295 4294967295\n255\n" + bytes(3000), "pnm")
    yield entry("60000x60000-as-text", "ppm", b"P3\n60000 60000\n255\n" + b"0 " * 3000, "pnm")
    yield entry("60000x60000", "xpm", b'/* XPM */\nstatic char *x[] = {\n"60000 60000 1 1",\n"a c #fff",\n"aaa"};\n', "xpm")
    bitmap = b"#define x_width 60000\n#define x_height 60000\nstatic char x_bits[] = { 0x00 };\n"
    yield entry("60000x60000", "xbm", bitmap, "xbm")


def above_the_limit(full):
    """Really that many pixels. 60,000 × 60,000 in black and white are 450 KB, and nothing about them is invalid."""
    yield Entry("real-60000x60000-black-and-white.png", zeros.png(60_000, 60_000, 1, GREY), REASON, "png")
    yield Entry("real-600-megapixels.png", zeros.png(30_000, 20_000), REASON, "png")
    yield Entry("real-268-megapixels.webp", webp_of(16_383, 16_383), REASON, "webp")
    yield Entry("real-60000x60000.gif", zeros.gif(60_000, 60_000), REASON, "gif")
    if full:
        yield Entry("real-600-megapixels-rgba-16.png", zeros.png(30_000, 20_000, 16, RGBA), REASON, "png")
        yield Entry("real-600-megapixels-interlaced.png", zeros.png(30_000, 20_000, interlaced=True), REASON, "png")
        yield Entry("real-400-megapixels.jpg", jpeg.grey(20_000, 20_000, 1), REASON, "jpeg")


def webp_of(width, height):
    return pictures.riff(b"WEBP", pictures.webp_chunk(b"VP8L", pictures.vp8l_one_colour(width, height)))


def below_the_limit(full):
    """Valid, and no header says too much: a machine with the memory and the time can make them."""

    def entry(name, content, format, **options):
        return Entry(f"below-the-limit-{name}", content, EITHER, format, **options)

    yield entry("rgb.png", zeros.png(SIDE, SIDE), "png")
    yield entry("rgba-16-interlaced.png", zeros.png(SIDE, SIDE, 16, RGBA, interlaced=True), "png")
    # libpng reads a million at most.
    yield entry("wide.png", zeros.png(1_000_000, 134), "png")
    yield entry("high.png", zeros.png(134, 1_000_000), "png")
    yield entry("square.gif", zeros.gif(SIDE, SIDE), "gif")
    yield entry("square.webp", webp_of(16_383, 8_192), "webp")
    yield entry("baseline.jpg", jpeg.grey(SIDE, SIDE, 3), "jpeg")
    yield entry("progressive.jpg", jpeg.many_scans(SIDE, SIDE, 6, 3), "jpeg")
    # Runs of 255 pixels in two bytes each, and the end of the picture.
    row = b"\xff\0" * (SIDE // 255) + bytes([SIDE % 255, 0]) + b"\0\0"
    header = pictures.bmp_header(SIDE, SIDE, 8, 1, len(row) * SIDE, 256)
    yield entry("runs.bmp", [header, bytes(1024), row * SIDE, b"\0\1"], "bmp")
    # Packets of 128 equal pixels in four bytes each.
    runs = b"\xff\x90\x60\x30" * (SIDE * SIDE // 128 + 1)
    yield entry("runs.tga", [pictures.tga_header(SIDE, SIDE, 10, 24), runs], "tga")
    packed = b"".join(zeros.deflated(SIDE * SIDE * 3))
    packed += bytes(len(packed) % 2)
    directory = pictures.tiff_directory(pictures.tiff_entries(SIDE, SIDE, 8, len(packed), compression=8), 8 + len(packed))
    yield entry("deflated.tiff", struct.pack("<2sHI", b"II", 42, 8 + len(packed)) + packed + directory, "tiff")
    if full:
        yield entry("rgba-16.png", zeros.png(SIDE, SIDE, 16, RGBA), "png")
        yield entry("rgb-interlaced.png", zeros.png(SIDE, SIDE, interlaced=True), "png")


def wrapped(random_for):
    """A large picture inside another file, whose header says something small, or nothing."""
    large = b"".join(zeros.png(30_000, 20_000))
    yield Entry("600-megapixels-inside.ico", pictures.ico(large), EITHER, "ico")
    yield Entry("600-megapixels-inside.qif", pictures.qtif(large), EITHER, "qtif")
    icon = b"icns" + struct.pack(">I", 16 + len(large)) + b"ic08" + struct.pack(">I", 8 + len(large)) + large
    yield Entry("600-megapixels-inside.icns", icon, EITHER, "icns")
    for name, content in (("600-megapixels", large), ("134-megapixels", b"".join(zeros.png(SIDE, SIDE)))):
        data = base64.b64encode(content).decode()
        image = f'<image width="200" height="200" xlink:href="data:image/png;base64,{data}"/>'
        yield Entry(f"{name}-inside.svg", vectors.document(image), EITHER, "svg")
    # Two gigabytes of zeros in texts, and in a colour profile.
    small = Picture(random_for("wrapped"), 300, 200)
    text = png_chunk(b"zTXt", b"Comment\0\0" + b"".join(zeros.deflated(2 << 30)))
    yield Entry("2-gib-text.png", pictures.png(small, text), EITHER, "png")
    profile = png_chunk(b"iCCP", b"profile\0\0" + b"".join(zeros.deflated(2 << 30)))
    yield Entry("2-gib-colour-profile.png", pictures.png(small, profile), EITHER, "png")
    texts = b"".join(
        png_chunk(b"zTXt", f"Key {number}\0\0".encode() + b"".join(zeros.deflated(7 << 20))) for number in range(400))
    yield Entry("400-texts-of-7-mib.png", pictures.png(small, texts), EITHER, "png")
    yield Entry("2-gib-of-blanks.svgz", zeros.gzip(
        b'<svg xmlns="http://www.w3.org/2000/svg" width="200" height="200">', 256, b"</svg>"), EITHER, "svg")


def sparse():
    """Files with a valid header and a hole: they take no room on the disk, and all of it in a reader's memory."""
    jpeg_head = jpeg.SOI + jpeg.JFIF + jpeg.tables() + jpeg.frame(jpeg.BASELINE, 3000, 2000) + jpeg.scan((1, 2, 3))
    yield Entry("hole-of-20-gb.jpg", jpeg_head, REASON, "jpeg", size=20 * 10**9)
    yield Entry("hole-of-20-gb.png", pictures.PNG_SIGNATURE + pictures.png_header(3000, 2000), REASON, "png", size=20 * 10**9)
    size = 500 << 20
    yield Entry("hole-of-500-mib.jpg", jpeg_head, EITHER, "jpeg", size=size)
    yield Entry("hole-of-500-mib.webp", b"RIFF" + struct.pack("<I", size - 8) + b"WEBPVP8L" + struct.pack("<I", size - 20)
                + pictures.vp8l_one_colour(300, 200), EITHER, "webp", size=size)
    yield Entry("hole-of-500-mib-at-the-front.tiff", struct.pack("<2sHI", b"II", 42, size - 2), REASON, "tiff", size=size)
    yield Entry("hole-of-500-mib.ico", pictures.ico(b""), EITHER, "ico", size=size)
    yield Entry("hole-of-500-mib.svg", b'<svg xmlns="http://www.w3.org/2000/svg">', REASON, "svg", size=size)
    # Valid black pictures that are nothing but a hole.
    bytes_a_row = (SIDE * 3 + 3) // 4 * 4
    yield Entry("black-hole.bmp", pictures.bmp_header(SIDE, SIDE, 24, 0, bytes_a_row * SIDE), EITHER, "bmp",
                size=54 + bytes_a_row * SIDE)
    header = f"P6\n{SIDE} {SIDE}\n255\n".encode()
    yield Entry("black-hole.ppm", header, EITHER, "pnm", size=len(header) + SIDE * SIDE * 3)
    yield Entry("black-hole.tga", pictures.tga_header(SIDE, SIDE), EITHER, "tga", size=18 + SIDE * SIDE * 3)
    # The directory stands before the pixels here, so that the rest can be the hole.
    directory = pictures.tiff_directory(pictures.tiff_entries(SIDE, SIDE, 4096, SIDE * SIDE * 3), 8)
    yield Entry("black-hole.tiff", struct.pack("<2sHI", b"II", 42, 8) + directory, EITHER, "tiff",
                size=4096 + SIDE * SIDE * 3)


def slow(random_for, full):
    """Small pictures that take long. Those of SVG are in a module of their own."""
    for side, scans in ((2000, 3000), (6000, 20_000)) if full else ((3000, 10_000),):
        yield Entry(f"{scans}-scans-{side}x{side}.jpg", jpeg.many_scans(side, side, scans), EITHER, "jpeg")
    yield Entry("1000-scans-below-the-limit.jpg", jpeg.many_scans(SIDE, SIDE, 1000), EITHER, "jpeg")

    picture = Picture(random_for("frames"), 16, 16)
    frame = b"\x21\xf9\x04\x09\x05\0\0\0" + pictures.gif_frame(16, 16, b"".join(picture.indexes))
    frames = 60_000 if full else 20_000
    header = pictures.gif_header(16, 16, picture.palette)
    yield Entry(f"{frames}-frames.gif", [header, frame * frames, b"\x3b"], EITHER, "gif")
    dot = b"\x21\xf9\x04\x09\x05\0\0\0" + pictures.gif_frame(1, 1, b"\1")
    yield Entry(f"{frames}-frames-on-5000x5000.gif",
                [pictures.gif_header(5000, 5000, picture.palette), dot * frames, b"\x3b"], EITHER, "gif")
    # Frames as large as the picture: each unfolds to 25 megapixels.
    whole = b"\x21\xf9\x04\x09\x05\0\0\0\x2c" + struct.pack("<HHHHB", 0, 0, 5000, 5000, 0) + zeros.gif_pixels(5000 * 5000)
    count = 400 if full else 100
    yield Entry(f"{count}-frames-of-5000x5000.gif",
                [pictures.gif_header(5000, 5000, picture.palette), whole * count, b"\x3b"], EITHER, "gif")
    yield Entry("animation-of-8000-frames.webp", animated_webp(8000, 16, 16), EITHER, "webp")
    yield Entry("animation-of-300-frames-of-8000x8000.webp", animated_webp(300, 8000, 8000), EITHER, "webp")
    blanks = b"P3\n" + (b"#" + b" " * 1022 + b"\n") * (20_000 if full else 4_000)
    yield Entry("megabytes-of-comments.ppm", blanks + b"4 4\n255\n" + b"1 2 3 " * 16, EITHER, "pnm")


def animated_webp(count, width, height):
    body = pictures.webp_chunk(b"VP8L", pictures.vp8l_one_colour(width, height))
    frame = struct.pack("<IHI", 0, 0, 0)[:6]  # where it stands: twice 24 bits
    size = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    frames = pictures.webp_chunk(b"ANMF", frame + size + b"\x64\0\0" + b"\0" + body) * count
    head = pictures.webp_chunk(b"VP8X", b"\x02\0\0\0" + size) + pictures.webp_chunk(b"ANIM", bytes(6))
    return pictures.riff(b"WEBP", head + frames)
