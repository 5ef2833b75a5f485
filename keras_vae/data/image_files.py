"""Image files of a directory: a listing, headers, files that cannot be used, splits by hash."""

import collections
import concurrent.futures
import contextlib
import dataclasses
import hashlib
import os
import pathlib
import stat
import zlib

import numpy as np
import PIL.Image

from keras_vae.data.read_ahead import THREADS, bounded
from keras_vae.data.store import NAMED
from keras_vae.files import read_sealed, write_sealed
from keras_vae.status import Progress

# Pillow's names of the pixel formats without colour. A palette counts as colour.
GREY = {"1", "L", "LA", "I", "I;16"}

CHUNK = 256  # files that a thread looks at before it takes others
BEYOND = 2**26  # bytes that a file may have beyond 8 for each of its pixels, for a camera's notes and the like
KEPT_FROM = 10_000  # files, from which on what their headers say is kept on the disk


@dataclasses.dataclass(frozen=True)
class Listing:
    """Files below `root`: their paths relative to it, sorted part by part, and (size, time of change in ns) of each."""

    root: pathlib.Path
    paths: list[str]
    states: np.ndarray  # (n, 2) int64

    @property
    def digest(self):
        """Words that change with every path, size and time of change."""
        digest = hashlib.sha256(self.states.tobytes())
        for path in self.paths:
            digest.update(path.encode(errors="surrogateescape") + b"\0")
        return digest.hexdigest()[:32]


def listing(root, extensions):
    """Listing of the files below `root` with one of the extensions. Links to directories are followed, but for those
    that lead back to a directory that they are in. Links that lead nowhere, pipes and sockets are files, which cannot
    be read.
    """
    found, folders, bar = [], [("", ())], Progress(desc="listing", unit="files")
    while folders:
        below, above = folders.pop()
        above = (*above, os.path.realpath(root / below))
        with os.scandir(root / below) as entries:
            for entry in entries:
                link = entry.is_symlink()
                if os.path.isdir(entry.path) if link else entry.is_dir():
                    if not link or os.path.realpath(entry.path) not in above:
                        folders.append((f"{below}{entry.name}/", above))
                elif _is_wanted(entry, extensions):
                    status = _status(entry)
                    found.append((f"{below}{entry.name}".replace("/", "\0"), status.st_size, status.st_mtime_ns))
                    bar.update()
    bar.close()
    found.sort()  # with \0 between its parts: a/b comes before a-b, as pathlib sorts
    states = np.array([state for _, *state in found], np.int64).reshape(-1, 2)
    return Listing(root, [path.replace("\0", "/") for path, *_ in found], states)


def _is_wanted(entry, extensions):
    """True for a file with one of the extensions, and for a link that leads nowhere and may have led to a folder."""
    extension = os.path.splitext(entry.name)[1].lower()
    return extension in extensions or (not extension and entry.is_symlink() and not os.path.exists(entry.path))


def check_links(root, names):
    """Refuse a link that leads nowhere in `root`, where it has one of these names, which mean something."""
    for path in (root / name for name in names):
        if path.is_symlink() and not path.exists():
            raise FileNotFoundError(f"{path} is a symbolic link that leads nowhere; mend or remove it")


def _status(entry):
    """The os.stat of what an entry is or leads to; of a link that leads nowhere, or round in a loop, its own."""
    with contextlib.suppress(OSError):
        return entry.stat()
    return entry.stat(follow_symlinks=False)


@contextlib.contextmanager
def opened(path):
    """(file, its os.stat) of a regular file, opened to read; OSError for a pipe, at which `open` alone would wait."""
    with open(path, "rb", opener=lambda path, flags: os.open(path, flags | os.O_NONBLOCK)) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"{path} is not a regular file")
        yield file, status


def named(path):
    """Return a path as a message on one line may show it: one with a newline or other control characters is quoted."""
    return path if path.isprintable() else ascii(path)


class BadFiles:
    """Files that cannot be used: an error, or with `skip` left out."""

    def __init__(self, root, skip):
        self.root, self.skip = root, skip
        self.problems, self.mixed_sizes = [], False

    def add(self, problem, another_size=False):
        """Remember "PATH problem"."""
        self.problems.append(problem)
        self.mixed_sizes |= another_size

    def refuse(self, looked_at=None):
        """Raise ValueError if there are any and they may not be skipped. looked_at: files, where not all were."""
        if self.skip or not self.problems:
            return
        count, named = len(self.problems), "; ".join(self.problems[:NAMED])
        more = f"; and {count - NAMED} more" if count > NAMED else ""
        files = f"{count} image file{'s' if count > 1 else ''} in {self.root}"
        first = f" (of the first {looked_at:,})" if looked_at else ""
        hint = "--skip_bad_files leaves such files out"
        if self.mixed_sizes:
            hint += "; --image_size=HxW brings all images to one size"
        raise ValueError(f"cannot use {files}{first}: {named}{more}. {hint}")


@dataclasses.dataclass(frozen=True)
class Survey:
    """Findings in the headers of all files: size (height, width) of images, channels, and problems {path: phrase}."""

    size: tuple[int, int]
    channels: int
    problems: dict[str, str]


def survey(files, image_size, bad, folder):
    """Survey of the headers of a Listing, kept in `folder` where there are many. Problems go to `bad`, which may
    raise: of an unreadable file as soon as its chunk was looked at.

    Without an `image_size` all files must have the most frequent size.
    """
    kept = folder / f"headers-{files.digest}{'' if image_size is None else '-of-any-size'}.json"
    if len(files.paths) >= KEPT_FROM and (found := _kept(kept)):
        size, channels, problems = tuple(found["size"] or image_size), found["channels"], found["problems"]
        for path, phrase in problems.items():
            bad.add(f"{named(path)} {phrase}", another_size=phrase.startswith("is "))
        bad.refuse()
        return Survey(image_size or size, channels, problems)
    heights_widths, grey, problems = _headers(files, bad)
    size = image_size
    if image_size is None:
        size = _most_frequent(heights_widths)
        for number in np.flatnonzero((heights_widths[:, 0] > 0) & (heights_widths != size).any(axis=1)):
            height, width = heights_widths[number]
            problems[files.paths[number]] = f"is {height}x{width}, not {size[0]}x{size[1]} as most"
            bad.add(f"{named(files.paths[number])} {problems[files.paths[number]]}", another_size=True)
    bad.refuse()
    usable = [number for number, path in enumerate(files.paths) if path not in problems]
    channels = 1 if grey[usable].all() else 3
    if len(files.paths) >= KEPT_FROM:
        found = {"size": None if image_size else size, "channels": channels, "problems": problems}
        with contextlib.suppress(OSError):  # it saves time, no more
            write_sealed(kept, found)
    return Survey(size, channels, problems)


def _kept(path):
    """Findings of an earlier survey, or None: they are not there, or not what was written."""
    with contextlib.suppress(OSError, ValueError):
        return read_sealed(path)
    return None


def _headers(files, bad):
    """Heights and widths (n, 2) of the files, 0 where a header cannot be read; which are grey; and problems."""
    count = len(files.paths)
    sizes, grey, problems = np.zeros((count, 2), np.int64), np.zeros(count, bool), {}
    chunks = [range(start, min(start + CHUNK, count)) for start in range(0, count, CHUNK)]
    bar = Progress(desc="reading headers", total=count, unit="files")
    with bar, concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        found = bounded(pool, lambda chunk: [_header(files.root / files.paths[number]) for number in chunk], chunks)
        for chunk, headers in zip(chunks, found):
            for number, header in zip(chunk, headers):
                if header is None:
                    problems[files.paths[number]] = "cannot be read"
                    bad.add(f"{named(files.paths[number])} cannot be read")
                else:
                    sizes[number], grey[number] = header
            if chunk.stop < count:
                bad.refuse(looked_at=chunk.stop)
            bar.update(len(chunk))
    return sizes, grey, problems


def _header(path):
    """((height, width), grey?) of an image file; None where it cannot be read, or is far larger than its image."""
    try:
        with opened(path) as (file, status), PIL.Image.open(file, formats=("PNG", "JPEG")) as image:
            if status.st_size > BEYOND + 8 * image.height * image.width:
                return None
            return (image.height, image.width), image.mode in GREY
    except (OSError, SyntaxError, ValueError, PIL.Image.DecompressionBombError):
        return None


def _most_frequent(sizes):
    counted = collections.Counter(map(tuple, sizes[sizes[:, 0] > 0].tolist()))
    return counted.most_common(1)[0][0] if counted else None


def members(paths, root, split):
    """Numbers of those of `paths`, relative to `root`, that fall into `split`: 90 % train, 5 % validation, 5 % test,
    none of them empty.

    The hash is of the path relative to `root`, so moving the whole directory changes nothing.
    """
    if len(paths) < 3:
        raise ValueError(f"{root} holds too few usable images ({len(paths)}): train, validation and test need one each")
    hashed = np.array([zlib.crc32(path.encode(errors="surrogateescape")) for path in paths], np.int64)
    hundredth = hashed % 100
    splits = {
        "train": np.flatnonzero(hundredth < 90),
        "validation": np.flatnonzero((hundredth >= 90) & (hundredth < 95)),
        "test": np.flatnonzero(hundredth >= 95),
    }
    # In a small directory chance may leave a split empty: it gets the file with the largest hash of the largest split.
    for empty in [name for name, inside in splits.items() if not len(inside)]:
        largest = max(splits, key=lambda name: len(splits[name]))
        moved = splits[largest][np.argmax(hashed[splits[largest]])]
        splits[empty] = np.array([moved])
        splits[largest] = splits[largest][splits[largest] != moved]
    return splits[split]
