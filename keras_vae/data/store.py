"""Store: the examples of a split, or their codes, as one array on disk, memory-mapped; small ones stay in memory.

NAME/rows.raw        all rows, one behind the other
NAME/header.json     type and shape of a row, their number, the key, the CRC-32 of each block of bytes; written last
NAME.part/           a store that is being written, locked by the process that does, with cursor.json, from which
                     another goes on if it is killed

A store is never changed: it appears in one step, under a name made of all that its rows depend on (its key). What is
opened is checked, and made again where it is damaged. Stores may be deleted at any time.
"""

import contextlib
import dataclasses
import errno
import fcntl
import hashlib
import json
import math
import os
import pathlib
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator

import numpy as np

from keras_vae.data import checksums
from keras_vae.data.mapped import Mapped
from keras_vae.files import names_and_values, read_sealed, write_sealed
from keras_vae.status import Progress, print_status

AT_ONCE = 1024  # rows that are generated at once: a multiple of those of a call of a graph (models/stack.py)
GENERATED_IN_MEMORY = 128 * 2**20  # bytes, of one of several sets of generated images
IN_MEMORY = 512 * 2**20  # bytes: what has no more is kept in memory, not in a store
CACHE = "~/.cache/keras_vae/stores"  # where the data lie on no disk, or on one that cannot be written
FORMAT = 1
LOCK = "lock"
EVERY = 5.0  # seconds between two cursors
NAMED = 5  # files left out that are named

Blocks = Callable[[int], Iterator[tuple[np.ndarray, list[str]]]]


@dataclasses.dataclass(frozen=True)
class Plan:
    """Examples that are read block by block.

    count    of examples that will be asked for.
    blocks   blocks(start) yields, of the examples from number `start` on, pairs: rows (k, *shape), and what is left
             out behind them, a phrase each ("a.png cannot be read"). Both together count the examples that were asked.
    title    of the progress bar.
    left_out what is known before to be left out, of those that are not asked for.
    """

    count: int
    shape: tuple[int, ...]
    blocks: Blocks
    title: str
    dtype: str = "uint8"
    left_out: tuple[str, ...] = ()

    @property
    def bytes(self) -> int:
        return self.count * self.row

    @property
    def row(self) -> int:
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize


@dataclasses.dataclass(frozen=True)
class Examples:
    """Examples of a split, not read yet: what load() of a data set returns if they may not fit in memory.

    plan     plan(folder) -> Plan; it may keep in `folder`, where stores lie, what was expensive to find out.
    files    stands for the files: changes with every path, size and time of change (image_files.Listing.digest).
    home     directory of the data, None where there is none.
    """

    plan: Callable[[pathlib.Path], Plan]
    files: str = ""
    home: pathlib.Path | None = None


def load(examples: Examples, name: str, key: dict, cache_dir: str | None = None) -> np.ndarray:
    """Return the rows of Examples as one array: in memory if small, else mapped from a store, made where it is missing.

    name, key: of the store; the key (JSON) is all that the rows depend on, beside examples.files.
    """
    key = json.loads(json.dumps({**key, "files": examples.files}))  # as it is read again: tuples are lists
    found = [folder / f"{name}-{_digest(key)}" for folder in _folders(examples.home, cache_dir)]
    existing = next((path for path in found if path.exists()), None)
    path = existing or next((path for path in found if _writable(path.parent)), found[0])
    plan = None if existing else examples.plan(path.parent)
    if plan is not None and plan.bytes <= IN_MEMORY:
        rows, left_out = _in_memory(plan)
    else:
        rows, left_out = stored(path, key, lambda: plan or examples.plan(path.parent))
    if left_out:
        more = f"; and {len(left_out) - NAMED} more" if len(left_out) > NAMED else ""
        count = f"{len(left_out)} image file{'s' if len(left_out) > 1 else ''}"
        warnings.warn(f"skipped {count} in {examples.home}: {'; '.join(left_out[:NAMED])}{more}", stacklevel=4)
    if not len(rows):
        raise ValueError(f"no readable image is left for {key['split']} in {examples.home}")
    return rows


def _folders(home, cache_dir):
    """Folders that may hold stores, the first choice first."""
    if cache_dir is not None:
        return [pathlib.Path(cache_dir).expanduser()]
    beside = [home / ".keras_vae"] if home else []
    return [*beside, pathlib.Path(CACHE).expanduser()]


def _writable(folder):
    """True where `folder` can be made and written to, by its owner's will: root may write to what is read-only."""
    while not folder.exists():
        folder = folder.parent
    return os.access(folder, os.W_OK) and bool(folder.stat().st_mode & 0o222)


def _digest(key):
    return hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:16]


def _in_memory(plan):
    rows, left_out, done = np.empty((plan.count, *plan.shape), plan.dtype), list(plan.left_out), 0
    for part, others in _with_progress(plan, 0):
        rows[done : done + len(part)] = part
        done += len(part)
        left_out += others
    return rows[:done], left_out


def _with_progress(plan, start, left_out=0):
    with Progress(desc=plan.title, total=plan.count, unit="examples", initial=start) as bar:
        for part, others in plan.blocks(start):
            left_out += len(others)
            if left_out:
                bar.set_postfix_str(f"{left_out} left out" + (f", last: {others[-1]}" if others else ""))
            bar.update(len(part) + len(others))
            yield part, others


def stored(path: pathlib.Path, key: dict, plan: Callable[[], Plan]) -> tuple[np.ndarray, list[str]]:
    """Return the rows of the store `path`, mapped, and what was left out of it; written by plan() if it is not there.

    Of several processes that want the same store one writes it, and the others wait.
    """
    for _ in range(5):  # others may have it in hand; what a killed writer had left may be damaged; or the disk fails
        if (found := _opened(path, key)) is not None:
            return found
        with _full_disk(path), _locked(_part(path)) as mine:
            if mine and _opened(path, key, quiet=True) is None:  # another process may have written it meanwhile
                shutil.rmtree(path, ignore_errors=True)  # whoever has it open keeps it
                _write(path, key, plan())
            elif mine:
                shutil.rmtree(_part(path), ignore_errors=True)
    raise OSError(errno.EIO, "the store differs from what was just written: the disk is failing", str(path))


def key_of(path: pathlib.Path) -> dict | None:
    """Return the key of the store `path`, None where there is none, or none that can be read."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        return names_and_values(read_sealed(path / "header.json", unsealed_too=True)["key"])
    return None


def _part(path):
    return path.with_name(f"{path.name}.part")


@contextlib.contextmanager
def _full_disk(path):
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM):
            raise
        advice = "another --cache_dir takes it elsewhere; what is written there is gone on with, or may be deleted"
        raise OSError(error.errno, f"{error.strerror}; {advice}", str(path)) from None


@contextlib.contextmanager
def _locked(part):
    """Hold the lock of a store that is being written; yields False where it was finished while this process waited."""
    part.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        try:
            lock = stack.enter_context(open(part / LOCK, "w"))  # a file: NFS locks no directories
        except FileNotFoundError:  # renamed just now
            lock = None
        if lock is not None:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print_status(f"another process writes {part}; waiting for it")
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock is not None and os.fstat(lock.fileno()).st_nlink > 0  # whoever finishes a store removes its lock


def temporary(count: int, shape: tuple, dtype: str, make: Callable[[slice], np.ndarray], folder) -> np.ndarray:
    """Return the rows (count, *shape) that make(slice) gives: in memory if small, else in a file of `folder` that has
    no name and is gone with the process. For what is generated and used several times.
    """
    starts = Progress(range(0, count, AT_ONCE), "making images", unit=f"blocks of {AT_ONCE:,}")
    parts = (np.ascontiguousarray(make(slice(start, min(start + AT_ONCE, count))), dtype) for start in starts)
    if count * math.prod(shape) * np.dtype(dtype).itemsize <= GENERATED_IN_MEMORY:
        return np.concatenate(list(parts))
    with tempfile.TemporaryFile(dir=folder) as file, _full_disk(folder):
        for part in parts:
            file.write(part.data.cast("B"))
        file.flush()
        return np.memmap(file, dtype, "r", shape=(count, *shape))


# Writing.


def _write(path, key, plan):
    """Write a whole store; from its cursor on, where an earlier writer was killed."""
    part = _part(path)
    cursor = _cursor(part, key) or {"key": key, "rows": 0, "asked": 0, "left_out": [*plan.left_out], "sums": [[], 0, 0]}
    free = shutil.disk_usage(part).free
    if (needed := plan.bytes - cursor["rows"] * plan.row) > free:
        raise OSError(errno.ENOSPC, f"{needed / 1e9:,.1f} GB are needed and {free / 1e9:,.1f} GB free", str(path))
    print_status(f"writing {path} ({plan.bytes / 1e9:,.2f} GB)" + (", going on" if cursor["rows"] else ""))
    sums, saved_at = checksums.Checksums(cursor["sums"]), time.monotonic()
    with open(part / "rows.raw", "r+b" if cursor["rows"] else "wb") as file:
        file.truncate(cursor["rows"] * plan.row)
        file.seek(0, os.SEEK_END)
        for rows, left_out in _with_progress(plan, cursor["asked"], len(cursor["left_out"])):
            content = np.ascontiguousarray(rows, plan.dtype).data.cast("B") if len(rows) else b""
            file.write(content)
            sums.add(content)
            cursor["rows"] += len(rows)
            cursor["asked"] += len(rows) + len(left_out)
            cursor["left_out"] += left_out
            if time.monotonic() - saved_at > EVERY:
                _synchronise(file)
                write_sealed(part / "cursor.json", {**cursor, "sums": sums.state})
                saved_at = time.monotonic()
        _synchronise(file)
    header = {"format": FORMAT, "dtype": plan.dtype, "shape": list(plan.shape), "rows": cursor["rows"], "key": key}
    header |= {"left_out": cursor["left_out"], "block": checksums.BLOCK, "crc32": sums.all}
    write_sealed(part / "header.json", header)
    (part / "cursor.json").unlink(missing_ok=True)
    os.replace(part, path)
    (path / LOCK).unlink()  # after it: until then nobody else may believe that the part is theirs


def _cursor(part, key):
    """Place at which a killed writer of the same store stopped, None where there was none."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        cursor = read_sealed(part / "cursor.json")
        if cursor["key"] == key and (part / "rows.raw").exists():
            return cursor
    return None


def _synchronise(file):
    file.flush()
    os.fsync(file.fileno())


# Reading.


def _opened(path, key, quiet=False):
    """The rows of a store and what was left out; None where there is none, or a damaged one, with a warning."""
    if not path.exists():
        return None
    try:
        header = read_sealed(path / "header.json", unsealed_too=True)
        if header["key"] != key:
            raise ValueError("it holds other rows")
        checksums.check(path / "rows.raw", header)
        shape, dtype, left_out = (header["rows"], *header["shape"]), header["dtype"], [*header["left_out"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        if not quiet:
            warnings.warn(f"{path} is damaged and made again: {error}", stacklevel=5)
        return None
    if not shape[0]:  # nothing cannot be mapped
        return np.empty(shape, dtype), left_out
    return Mapped(path / "rows.raw", dtype, "r", shape=shape), left_out
