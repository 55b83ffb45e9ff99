"""Compressed zeros in any number, from one compressed mebibyte: neither time nor memory grows with what they unfold to."""

import struct
import zlib

from hostile.pictures import PNG_SIGNATURE, RGB, gif_blocks, png_chunk, png_header

BLOCK = 1 << 20
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def _deflate(data, end):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush(end)


# A full flush ends on a byte and forgets what was before, so this can stand any number of times in a row.
_MEBIBYTE = _deflate(bytes(BLOCK), zlib.Z_FULL_FLUSH)


def deflated(count):
    """A zlib stream of `count` zeros, in a list of pieces."""
    blocks, rest = divmod(count, BLOCK)
    # Adler-32 of zeros: the first sum stays 1, the second counts them.
    checksum = struct.pack(">HH", count % 65521, 1)
    return [b"\x78\xda", *[_MEBIBYTE] * blocks, _deflate(bytes(rest), zlib.Z_FINISH) + checksum]


def png(width, height, depth=8, colour=RGB, interlaced=False, chunks=b""):
    """A valid PNG in black, or transparent."""
    if interlaced:
        passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
        sizes = [(-(-(width - x) // across), -(-(height - y) // down)) for x, y, across, down in passes]
    else:
        sizes = [(width, height)]
    count = sum((1 + (columns * depth * CHANNELS[colour] + 7) // 8) * rows for columns, rows in sizes if columns > 0)
    stream = deflated(count)
    # A chunk for every so many pieces: a chunk has a length of 31 bits, and a list in memory has its price.
    groups = [b"".join(stream[at : at + 512]) for at in range(0, len(stream), 512)]
    header = PNG_SIGNATURE + png_header(width, height, depth, colour, interlaced) + chunks
    return [header, *[png_chunk(b"IDAT", group) for group in groups], png_chunk(b"IEND", b"")]


def gzip(text, blocks, last):
    """A gzip file of `text`, that many MiB of blanks, and `last`."""
    blank = _deflate(b" " * BLOCK, zlib.Z_FULL_FLUSH)
    checksum = zlib.crc32(text)
    for _ in range(blocks):
        checksum = zlib.crc32(b" " * BLOCK, checksum)
    checksum = zlib.crc32(last, checksum)
    size = (len(text) + blocks * BLOCK + len(last)) & 0xFFFFFFFF
    return [
        b"\x1f\x8b\x08\0\0\0\0\0\0\x03",
        _deflate(text, zlib.Z_FULL_FLUSH),
        *[blank] * blocks,
        _deflate(last, zlib.Z_FINISH) + struct.pack("<II", checksum, size),
    ]


def _gif_codes(count):
    """LZW codes of at most 4,096 for up to `count` zeros, from an empty table, as text; and how many zeros they are."""
    clear, bits, done = 4, [], 0
    if count:
        bits.append("000")
        done, code, length = 1, clear + 2, 2
        while done + length <= count and code < 4096:
            bits.append(f"{code:0{max(3, code.bit_length())}b}")
            done, code, length = done + length, code + 1, length + 1
        width = max(3, min(12, code.bit_length()))
    else:
        width = 3
    return bits, done, width


def gif_pixels(count):
    """`count` zeros as the data of a GIF frame, eight million a time, and the smallest code size."""

    def packed(codes):
        # The first code stands in the lowest bits.
        text = "".join(reversed(codes))
        return int(text or "0", 2).to_bytes((len(text) + 7) // 8, "little")

    whole, done, _ = _gif_codes(1 << 40)
    # The table is full by then, so the code that clears it has twelve bits. Eight rounds end on a byte.
    cycle = [*whole, f"{4:012b}"]
    rounds = count // (8 * done)
    body = packed(cycle * 8) * rounds
    rest, codes = count - rounds * 8 * done, []
    while rest:
        part, taken, width = _gif_codes(rest)
        codes += [*part, f"{4:0{width}b}"]
        rest -= taken
    # The codes begin with a table that is empty.
    return b"\x02" + gif_blocks(body + packed([*codes, f"{5:03b}"]))


def gif(width, height):
    header = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x81, 0, 0) + bytes.fromhex("306090") * 4
    return [header, b"\x2c" + struct.pack("<HHHHB", 0, 0, width, height, 0), gif_pixels(width * height), b"\x3b"]
