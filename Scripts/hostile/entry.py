"""What one hostile file is, before it is written."""

from dataclasses import dataclass

# What a thumbnailer has to say about a file in the end.
PICTURE, REASON, EITHER = "picture", "reason", "either"
# Not named like a picture, or hidden, or a folder: it is passed over.
NOTHING = "nothing"


@dataclass
class Entry:
    """A regular file. `pieces` are its bytes; the file ends at `size`, with a hole, where that is more than they are."""

    name: object  # str, or bytes where it is not UTF-8
    pieces: object = b""  # bytes, or a list of them
    expect: str = EITHER
    format: str = ""
    size: int = 0

    def __iter__(self):
        return iter([self.pieces] if isinstance(self.pieces, bytes) else self.pieces)
