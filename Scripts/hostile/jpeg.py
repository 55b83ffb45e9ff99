"""JPEG files, baseline and progressive, written from coefficients: nobody needs the pixels.

ITU T.81. The Huffman codes are flat: a DC category takes four bits, an AC symbol eight.
"""

import struct

# Runs of up to 15 zeros before a value of up to 10 bits, ZRL, and the 15 lengths of runs of ended blocks (the first is EOB).
AC_SYMBOLS = [run << 4 for run in range(15)] + [0xF0] + [run << 4 | size for run in range(16) for size in range(1, 11)]
AC_CODES = {symbol: f"{code:08b}" for code, symbol in enumerate(AC_SYMBOLS)}
DC_CODES = [f"{code:04b}" for code in range(12)]
LONGEST_RUN = 32767

SOI, EOI = b"\xff\xd8", b"\xff\xd9"
BASELINE, PROGRESSIVE = 0xC0, 0xC2


def segment(marker, body):
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


JFIF = segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0")


def tables(step=8):
    """A quantisation by the same step everywhere, and the Huffman codes."""

    def code(number, length, symbols):
        counts = [0] * 16
        counts[length - 1] = len(symbols)
        return segment(0xC4, bytes([number]) + bytes(counts) + bytes(symbols))

    return segment(0xDB, b"\0" + bytes([step]) * 64) + code(0x00, 4, range(12)) + code(0x10, 8, AC_SYMBOLS)


def frame(kind, width, height, components=3, sampling=0x11):
    parts = b"".join(bytes([number + 1, sampling, 0]) for number in range(components))
    return segment(kind, struct.pack(">BHHB", 8, height, width, components) + parts)


def scan(components, first=0, last=63, high=0, low=0):
    """The header of a scan over `components` (numbers from 1 on) and these coefficients."""
    parts = b"".join(bytes([number, 0]) for number in components)
    return segment(0xDA, bytes([len(components)]) + parts + bytes([first, last, high << 4 | low]))


def entropy(bits):
    """A string of 0 and 1 as entropy-coded bytes."""
    bits += "1" * (-len(bits) % 8)
    return int("1" + bits, 2).to_bytes(len(bits) // 8 + 1, "big")[1:].replace(b"\xff", b"\xff\0")


def amplitude(value):
    size = abs(value).bit_length()
    return f"{value if value > 0 else value + (1 << size) - 1:0{size}b}" if size else ""


def dc_bits(difference):
    return DC_CODES[abs(difference).bit_length()] + amplitude(difference)


def ac_bits(block, first, last):
    """The AC coefficients of one block; the last code says that the rest is zero."""
    bits, run = [], 0
    for index in range(first, last + 1):
        value = block.get(index, 0)
        if value == 0:
            run += 1
            continue
        while run > 15:
            bits.append(AC_CODES[0xF0])
            run -= 16
        bits.append(AC_CODES[run << 4 | abs(value).bit_length()] + amplitude(value))
        run = 0
    if run:
        bits.append(AC_CODES[0])
    return "".join(bits)


class Coefficients:
    """Blocks of a smooth picture with a little texture: for each component and block, a few values by their index."""

    def __init__(self, rng, width=None, height=None):
        self.width = width or rng.randrange(140, 420)
        self.height = height or rng.randrange(120, 320)
        columns, rows = (self.width + 7) // 8, (self.height + 7) // 8
        self.components = []
        for _ in range(3):
            start, across, down = rng.randrange(-60, 60), rng.randrange(-60, 60), rng.randrange(-60, 60)
            self.components.append(
                [
                    {
                        0: start + across * x // columns + down * y // rows,
                        rng.randrange(1, 6): rng.randrange(-9, 10),
                        rng.randrange(6, 64): rng.randrange(-2, 3),
                    }
                    for y in range(rows)
                    for x in range(columns)
                ]
            )


def baseline(rng, before=b"", **size):
    """`before` goes between the start and the tables."""
    picture = Coefficients(rng, **size)
    bits, last = [], [0, 0, 0]
    for blocks in zip(*picture.components):
        for number, block in enumerate(blocks):
            bits.append(dc_bits(block[0] - last[number]) + ac_bits(block, 1, 63))
            last[number] = block[0]
    head = SOI + JFIF + before + tables() + frame(BASELINE, picture.width, picture.height)
    return head + scan((1, 2, 3)) + entropy("".join(bits)) + EOI


def progressive(rng, **size):
    """DC without its last bit, the AC of each component in two bands, then that bit."""
    picture = Coefficients(rng, **size)
    bits, refinement, last = [], [], [0, 0, 0]
    for blocks in zip(*picture.components):
        for number, block in enumerate(blocks):
            bits.append(dc_bits((block[0] >> 1) - last[number]))
            last[number] = block[0] >> 1
            refinement.append(str(block[0] & 1))
    body = scan((1, 2, 3), 0, 0, 0, 1) + entropy("".join(bits))
    for number, blocks in enumerate(picture.components):
        for first, end in ((1, 5), (6, 63)):
            bits = "".join(ac_bits(block, first, end) for block in blocks)
            body += scan((number + 1,), first, end) + entropy(bits)
    body += scan((1, 2, 3), 0, 0, 1, 0) + entropy("".join(refinement))
    return SOI + JFIF + tables() + frame(PROGRESSIVE, picture.width, picture.height) + body + EOI


# --- Large ones. A block of nothing is twelve zeros (no difference, end of block), so a grey picture is zero bytes.


def grey(width, height, components=3):
    blocks = ((width + 7) // 8) * ((height + 7) // 8) * components
    return [
        SOI + JFIF + tables() + frame(BASELINE, width, height, components) + scan(range(1, components + 1)),
        bytes((blocks * 12 + 7) // 8),
        EOI,
    ]


def ended_blocks(count):
    """Codes that say of `count` blocks that nothing more comes."""
    bits = ""
    while count:
        run = min(count, LONGEST_RUN)
        size = run.bit_length() - 1
        bits += AC_CODES[size << 4] + (f"{run - (1 << size):0{size}b}" if size else "")
        count -= run
    return entropy(bits)


def many_scans(width, height, scans, components=1):
    """A progressive picture whose scans say nothing: some dozen bytes each, and each goes over all blocks."""
    blocks = ((width + 7) // 8) * ((height + 7) // 8)
    start = SOI + JFIF + tables() + frame(PROGRESSIVE, width, height, components)
    first = scan(range(1, components + 1), 0, 0) + bytes((blocks * components * 4 + 7) // 8)
    empty = b"".join(scan((number + 1,), 1, 63) + ended_blocks(blocks) for number in range(components))
    return [start + first, empty * (scans // components), EOI]
