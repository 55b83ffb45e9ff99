"""Pictures that are broken: cut off, with bits flipped, with contents that lie, or not pictures at all."""

import struct

from hostile import jpeg, pictures
from hostile.entry import EITHER, PICTURE, REASON, Entry
from hostile.pictures import PNG_SIGNATURE, Picture, png_chunk, png_header


def entries(random_for, full):
    """`random_for(NAME)` is a generator of random numbers of that name's own."""
    for format, (ending, make) in pictures.FORMATS.items():
        yield from cut(format, ending, make, random_for, 4 if full else 1)
        yield from flipped(format, ending, make, random_for, 8 if full else 2)
        yield Entry(f"empty-{format}.{ending}", b"", REASON, format)
        yield Entry(f"one-byte-{format}.{ending}", make(random_for(f"one-byte {format}"))[:1], REASON, format)
    yield from broken_png(random_for)
    yield from broken_jpeg(random_for, full)
    yield from broken_gif(random_for)
    yield from broken_others(random_for)


def cut(format, ending, make, random_for, count):
    for number in range(1, count + 1):
        rng = random_for(f"cut {format} {number}")
        whole = make(rng)
        yield Entry(f"cut-in-the-header-{format}-{number}.{ending}", whole[: rng.randrange(2, 14)], REASON, format)
        yield Entry(f"cut-in-the-middle-{format}-{number}.{ending}", whole[: len(whole) * rng.randrange(25, 80) // 100],
                    EITHER, format)
        yield Entry(f"cut-near-the-end-{format}-{number}.{ending}", whole[: -rng.randrange(1, 20)], EITHER, format)


def flipped(format, ending, make, random_for, count):
    for number in range(1, count + 1):
        rng = random_for(f"flipped {format} {number}")
        content = bytearray(make(rng))
        # Half of them in the header, where a bit means most.
        limit = min(120, len(content)) if number % 2 else len(content)
        for _ in range(rng.choice((1, 2, 8, 30))):
            content[rng.randrange(limit)] ^= 1 << rng.randrange(8)
        place = "header" if number % 2 else "body"
        yield Entry(f"flipped-bits-{place}-{format}-{number}.{ending}", bytes(content), EITHER, format)


def broken_png(random_for):
    def picture(name, **options):
        return pictures.png(Picture(random_for(name)), **options)

    def entry(name, content, expect=EITHER):
        return Entry(f"png-{name}.png", content, expect, "png")

    whole = picture("png")
    pixels = whole.index(b"IDAT") - 4
    length = struct.unpack_from(">I", whole, pixels)[0]
    header, body, end = whole[:pixels], whole[pixels : pixels + 12 + length], whole[pixels + 12 + length :]
    yield entry("wrong-crc-header", whole[:29] + b"\0\0\0\0" + whole[33:])
    yield entry("wrong-crc-pixels", header + body[:-4] + b"\1\2\3\4" + end)
    yield entry("wrong-crc-end", whole[:-4] + b"\0\0\0\0")
    yield entry("wrong-crc-text", picture("png crc", chunks=png_chunk(b"tEXt", b"Comment\0x", checksum=7)))
    yield entry("chunk-of-2-gib", header + png_chunk(b"tEXt", b"Comment\0x", length=0x7FFFFFFF) + body + end)
    yield entry("chunk-of-4-gib", header + png_chunk(b"teSt", b"", length=0xFFFFFFFF) + body + end)
    yield entry("pixels-of-2-gib", header + png_chunk(b"IDAT", body[8:-4], length=0x7FFFFFFF))
    yield entry("without-pixels", header + end, REASON)
    yield entry("without-header", PNG_SIGNATURE + body + end, REASON)
    yield entry("two-headers", header + header[8:] + body + end)
    yield entry("no-zlib", header + png_chunk(b"IDAT", random_for("no zlib").randbytes(5000)) + end, REASON)
    yield entry("size-zero", PNG_SIGNATURE + png_header(0, 0) + body + end, REASON)
    yield entry("size-negative", PNG_SIGNATURE + png_header(0xFFFFFFFF, 0xFFFFFFFF) + body + end, REASON)
    yield entry("depth-of-255", PNG_SIGNATURE + png_header(10, 10, 255) + body + end, REASON)
    yield entry("palette-missing", PNG_SIGNATURE + png_header(10, 10, 8, 3) + body + end, REASON)
    yield entry("ends-after-signature", PNG_SIGNATURE, REASON)
    tiny = b"".join(png_chunk(b"IDAT", body[8 + at : 9 + at]) for at in range(length))
    yield entry("pixels-in-chunks-of-one-byte", header + tiny + end, PICTURE)
    yield entry("100000-empty-pixel-chunks", header + png_chunk(b"IDAT", b"") * 100_000 + body + end)
    texts = b"".join(png_chunk(b"tEXt", f"key {number}\0value".encode()) for number in range(20_000))
    yield entry("20000-texts", picture("png texts", chunks=texts))


def broken_jpeg(random_for, full):
    def entry(name, content, expect=EITHER):
        return Entry(f"jpeg-{name}.jpg", content, expect, "jpeg")

    def whole(name, **options):
        return jpeg.baseline(random_for(name), **options)

    def exif(body):
        return jpeg.segment(0xE1, b"Exif\0\0" + body)

    garbage = random_for("exif").randbytes
    yield entry("exif-garbage", whole("exif 1", before=exif(garbage(65_000))), PICTURE)
    directory = struct.pack("<2sHIH", b"II", 42, 8, 1) + struct.pack("<HHII", 0x0112, 3, 1, 6)
    yield entry("exif-directory-loop", whole("exif 2", before=exif(directory + struct.pack("<I", 8))), PICTURE)
    many = struct.pack("<2sHIH", b"II", 42, 8, 65_535) + struct.pack("<HHII", 0x0112, 3, 0xFFFFFFFF, 0xFFFFFFFF) * 4000
    yield entry("exif-counts-of-4-gib", whole("exif 3", before=exif(many)), PICTURE)
    yield entry("exif-orientation-99", whole("exif 4", before=exif(directory[:-4] + struct.pack("<II", 99, 0))), PICTURE)
    count = 150 if full else 50
    large = jpeg.segment(0xE5, bytes(65_533)) * count
    yield entry(f"{count}-large-app-segments", whole("app", before=large), PICTURE)
    profile = b"".join(jpeg.segment(0xE2, b"ICC_PROFILE\0\1\xff" + garbage(60_000)) for _ in range(20))
    yield entry("icc-parts-that-do-not-fit", whole("icc", before=profile))
    yield entry("200000-empty-comments", whole("comments", before=jpeg.segment(0xFE, b"") * 200_000))
    good = whole("parts")
    start = good.index(b"\xff\xc0")
    scan = good.index(b"\xff\xda")
    yield entry("height-zero", good[: start + 5] + b"\0\0" + good[start + 7 :], REASON)
    yield entry("width-zero", good[: start + 7] + b"\0\0" + good[start + 9 :], REASON)
    yield entry("12-bits", good[: start + 4] + b"\x0c" + good[start + 5 :], REASON)
    yield entry("sampling-of-15", good[: start + 11] + b"\xff" + good[start + 12 :], REASON)
    yield entry("without-tables", good[:20] + good[start:], REASON)
    yield entry("without-end", good[:-2])
    yield entry("noise-for-pixels", good[: scan + 14] + garbage(200_000).replace(b"\xff", b"\0") + jpeg.EOI)
    yield entry("restarts-for-pixels", good[: scan + 14] + b"\xff\xd0\xff\xd1" * 50_000 + jpeg.EOI)
    yield entry("only-starts", jpeg.SOI * 100_000, REASON)
    yield entry("1-mib-of-fill-bytes", jpeg.SOI + b"\xff" * (1 << 20) + good[2:])


def broken_gif(random_for):
    picture = Picture(random_for("gif"))
    header = pictures.gif_header(picture.width, picture.height, picture.palette)
    frame = pictures.gif_frame(picture.width, picture.height, b"".join(picture.indexes))

    def entry(name, content, expect=EITHER):
        return Entry(f"gif-{name}.gif", content, expect, "gif")

    yield entry("without-frame", header + b"\x3b", REASON)
    yield entry("code-size-of-255", header + frame[:10] + b"\xff" + frame[11:] + b"\x3b")
    yield entry("frame-outside", header + b"\x2c" + struct.pack("<HHHH", 65000, 65000, 500, 500) + frame[9:] + b"\x3b")
    yield entry("size-zero", pictures.gif_header(0, 0, picture.palette) + frame + b"\x3b")
    yield entry("100000-comments", header + b"\x21\xfe\x01x\0" * 100_000 + frame + b"\x3b")
    yield entry("comment-of-3-mib", header + b"\x21\xfe" + pictures.gif_blocks(bytes(3 << 20)) + frame + b"\x3b")


def broken_others(random_for):
    bmp = bytearray(pictures.bmp(Picture(random_for("bmp"))))
    for name, offset, value in (
        ("pixels-outside", 10, 0xFFFFFFF0),
        ("header-of-4-gib", 14, 0xFFFFFFFF),
        ("planes-65535", 26, 0x0018FFFF),
        ("compression-99", 30, 99),
        ("colours-4-gib", 46, 0xFFFFFFFF),
    ):
        content = bmp[:offset] + struct.pack("<I", value) + bmp[offset + 4 :]
        yield Entry(f"bmp-{name}.bmp", bytes(content), EITHER, "bmp")

    tiff = pictures.tiff(Picture(random_for("tiff")))
    at = struct.unpack_from("<I", tiff, 4)[0]
    following = at + 2 + 12 * 9
    yield Entry("tiff-directory-loop.tiff", tiff[:following] + struct.pack("<I", at) + tiff[following + 4 :], EITHER, "tiff")
    yield Entry("tiff-directory-outside.tiff", struct.pack("<2sHI", b"II", 42, 0xFFFFFFF0) + tiff[8:], REASON, "tiff")
    yield Entry("tiff-65535-entries.tiff", tiff[:at] + b"\xff\xff" + tiff[at + 2 :], EITHER, "tiff")
    yield Entry("tiff-strip-outside.tiff", tiff.replace(struct.pack("<HHII", 273, 4, 1, 8),
                struct.pack("<HHII", 273, 4, 1, 0xFFFFFF00)), EITHER, "tiff")
    yield Entry("tiff-2-gib-strips.tiff", tiff.replace(struct.pack("<HHII", 273, 4, 1, 8),
                struct.pack("<HHII", 273, 4, 0x7FFFFFFF, 8)), EITHER, "tiff")

    webp = pictures.webp(Picture(random_for("webp")))
    yield Entry("webp-says-4-gib.webp", webp[:4] + b"\xfe\xff\xff\xff" + webp[8:], REASON, "webp")
    yield Entry("webp-says-nothing.webp", webp[:4] + bytes(4) + webp[8:], EITHER, "webp")
    yield Entry("webp-header-of-lossy.webp", pictures.riff(b"WEBP", pictures.webp_chunk(
        b"VP8 ", b"\x10\0\0\x9d\x01\x2a" + struct.pack("<HH", 300, 200))), REASON, "webp")

    for name, text in (
        ("not-closed", "<svg xmlns='http://www.w3.org/2000/svg' width='100' height='100'><g><g>"),
        ("not-xml", "<svg xmlns='http://www.w3.org/2000/svg' width='100' height='100'><<<&&&</svg>"),
        ("other-namespace", "<svg xmlns='urn:x' width='100' height='100'><rect width='9' height='9'/></svg>"),
        ("only-a-doctype", "<!DOCTYPE svg>" + " " * 5000),
    ):
        yield Entry(f"svg-{name}.svg", text.encode(), EITHER if name == "other-namespace" else REASON, "svg")
    yield Entry("svg-zero-bytes-inside.svg", pictures.svg(Picture(random_for("svg"))).replace(b"<circle", b"\0" * 9), REASON,
                "svg")

    yield Entry("icns-length-of-4-gib.icns", b"icns" + b"\xff\xff\xff\xff" + b"il32" + b"\xff" * 200, REASON, "icns")
    yield Entry("qtif-length-zero.qif", b"\0\0\0\0idat" + bytes(5000), REASON, "qtif")
    yield Entry("ico-65535-pictures.ico", struct.pack("<HHH", 0, 1, 65535) + bytes(16) * 3000, REASON, "ico")
    yield Entry("xpm-a-million-colours.xpm", b'/* XPM */\nstatic char *x[] = {\n"10 10 1000000 4",\n"aaaa c #fff"};', REASON,
                "xpm")
    yield Entry("pnm-negative.ppm", b"P6\n-5 -5\n255\n" + bytes(500), REASON, "pnm")
    yield Entry("pnm-depth-zero.ppm", b"P6\n10 10\n0\n" + bytes(500), REASON, "pnm")


def impostors(random_for):
    """Contents that are not what the name says."""
    formats = pictures.FORMATS
    for format, ending in (("png", "jpg"), ("jpeg", "png"), ("gif", "webp"), ("webp", "gif"), ("bmp", "tiff"), ("svg", "png"),
                           ("tiff", "bmp")):
        content = formats[format][1](random_for(f"impostor {format}"))
        yield Entry(f"{format}-named-{ending}.{ending}", content, PICTURE, format)
    elf = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0x401000, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    yield Entry("elf-named-gif.gif", elf + random_for("elf").randbytes(20_000), REASON)
    yield Entry("text-named-png.png", b"this is no picture\n" * 300, REASON)
    yield Entry("script-named-jpg.jpg", b"#!/bin/sh\nexit 1\n", REASON)
    yield Entry("zip-named-bmp.bmp", b"PK\x03\x04" + bytes(3000), REASON)
    yield Entry("pdf-named-tiff.tiff", b"%PDF-1.7\n" + b"0 0 obj\n" * 100, REASON)
    yield Entry("html-named-svg.svg", b"<!DOCTYPE html><html><body>no picture</body></html>\n" * 20, REASON)
    yield Entry("zeros-named-webp.webp", bytes(100_000), REASON)
    yield Entry("noise-named-jpg.jpg", random_for("noise").randbytes(300_000), REASON)
    ani = pictures.webp_chunk(b"anih", struct.pack("<9I", 36, 0x7FFFFFFF, 0x7FFFFFFF, 65535, 65535, 32, 1, 1, 1))
    yield Entry("cursor-of-2-billion-frames-named-png.png", pictures.riff(b"ACON", ani + bytes(600)), REASON)
