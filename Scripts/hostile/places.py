"""What a folder can hold beside regular files, and what a file can be called. Works in the current folder."""

import os
import socket
import stat

from hostile import pictures
from hostile.entry import NOTHING, PICTURE, REASON, Entry

# More than this, and opening fails: the kernel follows 40 links.
CHAIN = 50
LONGEST_NAME = 255
LONGEST_PATH = 4096


def specials(make_file, say, full, random_for):
    """Makes them; yields (name, expectation) of each but the good pictures, which `make_file` writes down itself."""
    is_root = os.geteuid() == 0

    def picture(name):
        return Entry(name, pictures.png(pictures.Picture(random_for(name))), PICTURE, "png")

    # The FIFO that some SVG files name, under a name that is no picture's, and two that are named like pictures.
    for name, expect in (("../slow/pipe", NOTHING), ("fifo.png", REASON), ("fifo.svg", REASON)):
        os.mkfifo(name)
        yield name, expect
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind("socket.jpg")
    yield "socket.jpg", REASON
    for name, kind, major, minor in (
        ("device-null.png", stat.S_IFCHR, 1, 3),
        ("device-zero.png", stat.S_IFCHR, 1, 5),
        ("device-of-blocks-that-is-not-there.jpg", stat.S_IFBLK, 250, 250),
    ):
        try:
            if not is_root:
                raise PermissionError("only root may make it")
            os.mknod(name, kind | 0o644, os.makedev(major, minor))
        except OSError as error:
            say(f"left out {name}: {error}")
        else:
            yield name, REASON

    os.mkdir("folder-named-like-a-picture.png")
    yield "folder-named-like-a-picture.png", NOTHING
    make_file(picture("folder-named-like-a-picture.png/good-inside-a-folder-named-like-a-picture.png"), kind="good")
    yield from links(picture, make_file)
    yield from forbidden(picture, make_file)
    if full:
        yield from deep()


def links(picture, make_file):
    make_file(picture("good-that-links-lead-to.png"), kind="good")
    for name, target, expect in (
        ("link-to-a-good-picture.png", "good-that-links-lead-to.png", PICTURE),
        ("link-without-target.png", "no-such-file.png", REASON),
        ("link-to-itself.png", "link-to-itself.png", REASON),
        ("link-to-another-1.png", "link-to-another-2.png", REASON),
        ("link-to-another-2.png", "link-to-another-1.png", REASON),
        ("link-to-dev-zero.png", "/dev/zero", REASON),
        ("link-to-dev-null.svg", "/dev/null", REASON),
        ("link-to-a-fifo.png", "fifo.png", REASON),
        ("link-to-the-status-of-the-process.png", "/proc/self/status", REASON),
        ("link-to-the-memory-of-the-process.png", "/proc/self/mem", REASON),
        ("link-to-a-name-of-4000-bytes.png", "/".join(["x" * 199] * 20), REASON),
        ("link-to-this-folder", ".", NOTHING),
        ("link-to-this-folder.png", ".", NOTHING),
        ("link-to-the-folder-above", "..", NOTHING),
    ):
        os.symlink(target, name)
        yield name, expect
    for number in range(CHAIN):
        following = f"link-chain-{number + 1:02}.png" if number + 1 < CHAIN else "good-that-links-lead-to.png"
        os.symlink(following, f"link-chain-{number:02}.png")
        # The last forty reach it.
        yield f"link-chain-{number:02}.png", PICTURE if CHAIN - number <= 40 else REASON


def forbidden(picture, make_file):
    """For root nothing is forbidden, so each is tried."""
    make_file(picture("file-of-mode-000.png"), kind=None)
    os.chmod("file-of-mode-000.png", 0)
    yield "file-of-mode-000.png", PICTURE if may("file-of-mode-000.png", os.R_OK) else REASON
    for name, mode, needed in (("folder-of-mode-000", 0, os.R_OK | os.X_OK), ("folder-of-mode-444", 0o444, os.X_OK)):
        os.mkdir(name)
        make_file(picture(f"{name}/inside.png"), kind=None)
        os.chmod(name, mode)
        if may(name, needed):
            yield name, NOTHING
            yield f"{name}/inside.png", PICTURE
        elif mode == 0:
            yield name, REASON
        else:
            # Its names can be read, and nothing else of it.
            yield name, NOTHING
            yield f"{name}/inside.png", REASON


def may(name, how):
    return os.access(name, how, effective_ids=True)


def deep():
    """Folders in folders until the whole path is longer than the kernel takes in one call."""
    name, levels = "deep" * 50, 21
    here = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
    path = []
    try:
        for _ in range(levels):
            os.mkdir(name)
            os.chdir(name)
            path.append(name)
    finally:
        os.fchdir(here)
        os.close(here)
    # The first that is too long for one call is reported, and nobody gets to those below it.
    is_reported = False
    for level in range(1, levels + 1):
        whole = os.path.join(os.getcwd(), *path[:level])
        is_first = len(os.fsencode(whole)) >= LONGEST_PATH and not is_reported
        is_reported |= is_first
        yield "/".join(path[:level]), REASON if is_first else NOTHING


def names():
    """Names for good pictures; a name that hides a picture is followed by NOTHING."""
    return (
        (b"not-utf-8-caf\xe9.png", PICTURE),
        (b"not-utf-8-\xff\xfe\x80.jpg", PICTURE),
        (b"not-utf-8-overlong-\xc0\xaf.png", PICTURE),
        (b"n" * (LONGEST_NAME - 4) + b".png", PICTURE),
        ("ü".encode() * 125 + b"x.png", PICTURE),
        (b"new\nline.png", PICTURE),
        (b"\n.png", PICTURE),
        (b"carriage\rreturn.png", PICTURE),
        (b"tab\tand\x07bell\x08.png", PICTURE),
        (b"escape-\x1b[2J\x1b[31mred\x1b]0;title\x07.png", PICTURE),
        (b"escape-of-one-byte-\x9b2J.png", PICTURE),
        (b"-rf.png", PICTURE),
        (b"--output=elsewhere.png", PICTURE),
        ("right-to-left-\u202egpj.png".encode(), PICTURE),
        ("zero-width-\u200b\u200d\ufeff.png".encode(), PICTURE),
        (("accents-e" + "\u0301" * 60 + ".png").encode(), PICTURE),
        (b"percent-%00%2F%s%n.png", PICTURE),
        (b"quotes-'\"`$(exit 1);&|<>*?.png", PICTURE),
        (b"back\\slash.png", PICTURE),
        (b"capital.PNG", PICTURE),
        (b" .png", PICTURE),
        (b"   .png", PICTURE),
        (b"dots....png", PICTURE),
        (b"~.png", PICTURE),
        (b"...", NOTHING),
        (b"....png", NOTHING),
        (b".png", NOTHING),
        (b"   ", NOTHING),
        (b"png", NOTHING),
        (b"dot-at-the-end.png.", NOTHING),
        (b"blank-at-the-end.png ", NOTHING),
    )
