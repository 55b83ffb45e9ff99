"""Small valid pictures of every format that gdk-pixbuf reads, written without a library: the bases of all that is hostile.

Each function returns the bytes of a whole file. JPEG has a module of its own.
"""

import struct
import zlib

from hostile import jpeg

# Levels of a picture; also the colours of its palette, so that one picture fits every format.
LEVELS = 128


class Picture:
    """A diagonal gradient between two colours, as rows of palette indexes and as rows of RGB."""

    def __init__(self, rng, width=None, height=None):
        self.width = width or rng.randrange(120, 320)
        self.height = height or rng.randrange(100, 240)
        first, last = rng.randbytes(3), rng.randbytes(3)
        self.palette = [
            bytes((a * (LEVELS - 1 - level) + b * level) // (LEVELS - 1) for a, b in zip(first, last))
            for level in range(LEVELS)
        ]
        slope = rng.randrange(1, 4)
        length = self.width + self.height * slope
        line = bytes(min(level, 2 * LEVELS - 1 - level) for level in (x % (2 * LEVELS) for x in range(length)))
        coloured = b"".join(self.palette[level] for level in line)
        starts = [row * slope for row in range(self.height)]
        self.indexes = [line[start : start + self.width] for start in starts]
        self.rows = [coloured[start * 3 : (start + self.width) * 3] for start in starts]

    @property
    def reversed_rows(self):
        """Rows of BGR, as the formats of Windows have them."""
        for row in self.rows:
            swapped = bytearray(row)
            swapped[0::3], swapped[2::3] = row[2::3], row[0::3]
            yield bytes(swapped)


# --- PNG


PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB, RGBA = 0, 2, 6


def png_chunk(name, body, length=None, checksum=None):
    """A chunk; `length` and `checksum` replace the true ones."""
    stated = len(body) if length is None else length
    true = zlib.crc32(body, zlib.crc32(name))
    return struct.pack(">I", stated) + name + body + struct.pack(">I", true if checksum is None else checksum)


def png_header(width, height, depth=8, colour=RGB, interlaced=False):
    return png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced)))


def png(picture, chunks=b""):
    """`chunks` go between the header and the pixels."""
    pixels = zlib.compress(b"".join(b"\0" + row for row in picture.rows), 6)
    return (
        PNG_SIGNATURE
        + png_header(picture.width, picture.height)
        + chunks
        + png_chunk(b"IDAT", pixels)
        + png_chunk(b"IEND", b"")
    )


# --- GIF


def gif_blocks(data):
    """Data in blocks of at most 255 bytes, and the empty one that ends them."""
    return b"".join(bytes([len(data[at : at + 255])]) + data[at : at + 255] for at in range(0, len(data), 255)) + b"\0"


def gif_header(width, height, palette):
    """With a global palette of 128 colours."""
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0xF6, 0, 0) + b"".join(palette)


def gif_frame(width, height, indexes):
    """A frame whose codes are one byte each: the table is cleared before the codes would become longer."""
    codes = b"".join(b"\x80" + indexes[at : at + 120] for at in range(0, len(indexes), 120)) + b"\x81"
    return b"\x2c" + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x07" + gif_blocks(codes)


def gif(picture):
    frame = gif_frame(picture.width, picture.height, b"".join(picture.indexes))
    return gif_header(picture.width, picture.height, picture.palette) + frame + b"\x3b"


# --- BMP, ICO, TGA


def bmp_header(width, height, bits=24, compression=0, size=0, colours=0):
    offset = 54 + 4 * colours
    return (
        b"BM"
        + struct.pack("<IHHI", (offset + size) & 0xFFFFFFFF, 0, 0, offset)
        + struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, size & 0xFFFFFFFF, 2835, 2835, colours, 0)
    )


def bmp(picture):
    padding = bytes(-picture.width * 3 % 4)
    rows = list(picture.reversed_rows)
    pixels = b"".join(row + padding for row in reversed(rows))
    return bmp_header(picture.width, picture.height, size=len(pixels)) + pixels


def ico(body, side=0):
    """An icon file around one picture; a side of 0 means 256."""
    return struct.pack("<HHH", 0, 1, 1) + struct.pack("<BBBBHHII", side, side, 0, 0, 1, 32, len(body), 22) + body


def ico_of(rng):
    side = 48
    picture = Picture(rng, side, side)
    rows = [b"".join(row[x : x + 3] + b"\xff" for x in range(0, side * 3, 3)) for row in picture.reversed_rows]
    mask = bytes(side * 8)
    header = struct.pack("<IiiHHIIiiII", 40, side, side * 2, 1, 32, 0, 0, 0, 0, 0, 0)
    return ico(header + b"".join(reversed(rows)) + mask, side)


def tga_header(width, height, kind=2, bits=24):
    return struct.pack("<BBBHHBHHHHBB", 0, 0, kind, 0, 0, 0, 0, 0, width, height, bits, 0x20)


def tga(picture):
    return tga_header(picture.width, picture.height) + b"".join(picture.reversed_rows)


# --- TIFF


def tiff_directory(entries, at, following=0):
    """A directory that stands at offset `at`: entries of (tag, type, count, value or bytes), and what they point to."""
    extra = b""
    extra_at = at + 2 + 12 * len(entries) + 4
    body = struct.pack("<H", len(entries))
    for tag, kind, count, value in entries:
        if isinstance(value, bytes):
            body += struct.pack("<HHII", tag, kind, count, extra_at + len(extra))
            extra += value + bytes(len(value) % 2)
        else:
            body += struct.pack("<HHII", tag, kind, count, value)
    return body + struct.pack("<I", following) + extra


SHORT, LONG = 3, 4


def tiff_entries(width, height, strip_at, strip_size, compression=1, samples=3, rows=None):
    return [
        (256, LONG, 1, width),
        (257, LONG, 1, height),
        (258, SHORT, samples, struct.pack("<3H", 8, 8, 8) if samples == 3 else 8),
        (259, SHORT, 1, compression),
        (262, SHORT, 1, 2 if samples == 3 else 1),
        (273, LONG, 1, strip_at),
        (277, SHORT, 1, samples),
        (278, LONG, 1, rows or height),
        (279, LONG, 1, strip_size),
    ]


def tiff(picture):
    pixels = b"".join(picture.rows)
    pixels += bytes(len(pixels) % 2)
    entries = tiff_entries(picture.width, picture.height, 8, picture.width * picture.height * 3)
    return struct.pack("<2sHI", b"II", 42, 8 + len(pixels)) + pixels + tiff_directory(entries, 8 + len(pixels))


# --- WebP (lossless)


def riff(kind, body):
    body = kind + body + bytes(len(body) % 2)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp_chunk(name, body):
    return name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


class LowBits:
    """Bits from the lowest on, as VP8L has them."""

    def __init__(self):
        self.value = 0
        self.count = 0

    def put(self, value, count):
        self.value |= value << self.count
        self.count += count

    def bytes(self):
        return self.value.to_bytes((self.count + 7) // 8, "little")


def vp8l_start(width, height):
    """Signature, size, and no transform, colour cache or second set of codes."""
    bits = LowBits()
    bits.put(0x2F, 8)
    bits.put(width - 1, 14)
    bits.put(height - 1, 14)
    bits.put(0, 1 + 3)  # no alpha is used, version 0
    bits.put(0, 1 + 1 + 1)
    return bits


def vp8l_one_symbol(bits, symbol):
    """A code of one symbol, which then takes no bits."""
    bits.put(1, 1)
    bits.put(0, 1)
    bits.put(1, 1)
    bits.put(symbol, 8)


def vp8l_flat_code(bits):
    """A code of 256 symbols of eight bits each: all lengths are 8, so the code of the lengths has one symbol."""
    bits.put(0, 1)
    # Lengths of the code of lengths, in the order 17 18 0 1 2 3 4 5 16 6 7 8: eleven zeros and a one.
    bits.put(12 - 4, 4)
    for length in (0,) * 11 + (1,):
        bits.put(length, 3)
    # How many lengths follow: 256, in eight bits.
    bits.put(1, 1)
    bits.put(3, 3)
    bits.put(256 - 2, 8)


REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def vp8l(picture):
    bits = vp8l_start(picture.width, picture.height)
    for _ in "green", "red", "blue":
        vp8l_flat_code(bits)
    vp8l_one_symbol(bits, 255)  # alpha
    vp8l_one_symbol(bits, 0)  # distances
    pixels = bytearray(b"".join(picture.rows))
    pixels[0::3], pixels[1::3] = pixels[1::3], pixels[0::3]
    pixels = bytes(pixels).translate(REVERSED)
    bits.put(int.from_bytes(pixels, "little"), len(pixels) * 8)
    return bits.bytes()


def vp8l_one_colour(width, height):
    """Any number of pixels in 25 bytes: every code has one symbol, so a pixel takes no bit."""
    bits = vp8l_start(width, height)
    for symbol in (90, 140, 200, 255, 0):
        vp8l_one_symbol(bits, symbol)
    return bits.bytes() + bytes(4)


def webp(picture):
    return riff(b"WEBP", webp_chunk(b"VP8L", vp8l(picture)))


# --- Text, and what else there is


def svg(picture):
    stops = picture.palette[0].hex(), picture.palette[-1].hex()
    width, height = picture.width, picture.height
    shapes = "".join(
        f'<circle cx="{x * width // 5}" cy="{height // 2}" r="{height // 6}" fill="#{stops[x % 2]}"/>' for x in range(1, 5)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">'
        f'<rect width="{width}" height="{height}" fill="#{stops[0]}" opacity="0.5"/>{shapes}</svg>\n'
    ).encode()


def pnm(picture):
    return f"P6\n# a gradient\n{picture.width} {picture.height}\n255\n".encode() + b"".join(picture.rows)


def xpm(picture):
    names = [f"{level:02x}" for level in range(LEVELS)]
    colours = "".join(f'"{name} c #{colour.hex()}",\n' for name, colour in zip(names, picture.palette))
    rows = ",\n".join('"' + "".join(names[level] for level in row) + '"' for row in picture.indexes)
    text = f'/* XPM */\nstatic char *x[] = {{\n"{picture.width} {picture.height} {LEVELS} 2",\n{colours}{rows}\n}};\n'
    return text.encode()


def icns(picture):
    """The icon format of macOS around a PNG is newer than its reader here, so: 32 × 32 pixels, uncompressed, and a mask."""
    rows = Picture.__new__(Picture)
    rows.palette = picture.palette
    channels = [bytes(picture.palette[(x + y) * 2][channel] for y in range(32) for x in range(32)) for channel in range(3)]
    # Each channel in runs of up to 128 bytes as they are.
    packed = b"".join(b"\x7f" + channel[at : at + 128] for channel in channels for at in range(0, 1024, 128))
    blocks = b"il32" + struct.pack(">I", 8 + len(packed)) + packed + b"l8mk" + struct.pack(">I", 8 + 1024) + b"\xff" * 1024
    return b"icns" + struct.pack(">I", 8 + len(blocks)) + blocks


def qtif(body):
    """A QuickTime picture: an atom around a file of another format."""
    return struct.pack(">I4s", 8 + len(body), b"idat") + body


# Name, ending, maker. The formats the thumbnailer must read, then others that come with gdk-pixbuf (its XBM reader does not
# recognise XBM).
FORMATS = {
    "jpeg": ("jpg", lambda rng: jpeg.baseline(rng)),
    "jpeg-progressive": ("jpg", lambda rng: jpeg.progressive(rng)),
    "png": ("png", lambda rng: png(Picture(rng))),
    "gif": ("gif", lambda rng: gif(Picture(rng))),
    "bmp": ("bmp", lambda rng: bmp(Picture(rng))),
    "tiff": ("tiff", lambda rng: tiff(Picture(rng))),
    "webp": ("webp", lambda rng: webp(Picture(rng))),
    "svg": ("svg", lambda rng: svg(Picture(rng))),
    "pnm": ("ppm", lambda rng: pnm(Picture(rng))),
    "tga": ("tga", lambda rng: tga(Picture(rng))),
    "ico": ("ico", ico_of),
    "xpm": ("xpm", lambda rng: xpm(Picture(rng))),
    "icns": ("icns", lambda rng: icns(Picture(rng))),
    "qtif": ("qif", lambda rng: qtif(jpeg.baseline(rng))),
}
