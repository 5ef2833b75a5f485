"""Files and paths: written whole or not at all; what is damaged, and places that are wrong, are named."""

import hashlib
import json
import os
import pathlib
import stat
import struct
import tempfile
import typing
import zipfile
import zlib
from collections.abc import Callable

Path = str | os.PathLike[str]


def expanded(path: str) -> str:
    """Return a path whose ~ is written out; ValueError where there is no such user."""
    found = os.path.expanduser(path)
    if found.startswith("~"):
        raise ValueError(f"there is no user {found.partition('/')[0][1:]!r}; write ./{path} for a file of that name")
    return found


def as_path(value: object, argument: str) -> pathlib.Path:
    """Return `value` as a path, its ~ written out; ValueError where it is none."""
    if not isinstance(value, (str, os.PathLike)) or not os.fspath(value) or "\0" in str(value):
        raise ValueError(f"{argument} is {value!r}; expected a path")
    path = pathlib.Path(expanded(str(value)))
    try:
        if any(each.is_symlink() and not each.exists() for each in (path, *path.parents)):
            raise ValueError(f"{argument} is {value}, a symbolic link that leads nowhere; mend or remove it")
        below_a_file = not stat.S_ISDIR(path.parent.stat().st_mode)
    except FileNotFoundError:
        below_a_file = False  # it can be made
    except NotADirectoryError:
        below_a_file = True
    except OSError as error:  # a loop of links, a name that is too long
        raise ValueError(f"{argument} is {str(value)[:200]}: {error.strerror}") from None
    if below_a_file:
        raise ValueError(f"{argument} is {value}, which lies below a file; expected a directory, new or there")
    return path


def as_folder(value: object, argument: str) -> pathlib.Path:
    """Return `value` as the path of a directory, new or there; ValueError where it is a file, too."""
    path = as_path(value, argument)
    if path.exists() and not path.is_dir():
        raise ValueError(f"{argument} is {value}, a file; expected a directory, new or there")
    return path


def check_own(path: pathlib.Path, argument: str, what: str, own: tuple[str, ...], beside: tuple[str, ...] = ()) -> None:
    """Refuse a directory that is not empty and has nothing of ours in it, which would be lost among other things.

    own: patterns of paths that show it to be ours; beside: patterns of names that may lie in a new one.
    """
    if not path.is_dir() or any(any(path.glob(pattern)) for pattern in own):
        return
    if any(not any(entry.match(pattern) for pattern in (".*", "lost+found", *beside)) for entry in path.iterdir()):
        raise ValueError(f"{path} is not empty and holds no {what}; choose another --{argument}")


def check_writable(path: pathlib.Path, argument: str) -> None:
    """Refuse a directory that nothing can be written to, or that cannot be made, before there is work to be lost."""
    there = next(each for each in (path, *path.absolute().parents) if each.is_dir())
    if not os.access(there, os.W_OK | os.X_OK):
        raise PermissionError(f"{there} may not be written to; choose another {argument}, or have its rights changed")


# The errors of reading a file of NumPy or Keras, both zip archives with a checksum for each part, that is damaged.
UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    KeyError,
    RuntimeError,  # of a bit that says that a part is encrypted; or of a compression that is none
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
)


def write_atomically(
    path: Path, write: Callable[[typing.BinaryIO], object], previous: pathlib.Path | None = None
) -> None:
    """Call write(binary file) and put the result at `path` in one step: a killed process leaves the old file.

    previous: where the old file goes, if it is to be kept beside the new one.
    """
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        if previous is not None and path.exists():
            os.replace(path, previous)
        os.replace(temporary, path)
    except BaseException as error:
        pathlib.Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError):  # "No space left on device" says more with the name of the file
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


def write_sealed(path: Path, found: dict) -> None:
    """Write JSON atomically with a checksum of it, which read_sealed compares."""
    write_json(path, {**found, "seal": _seal(found)})


def read_sealed(path: Path, unsealed_too: bool = False) -> dict:
    """Read what write_sealed wrote; ValueError where it is something else. unsealed_too: of older versions, too."""
    found = read_json(path, names_and_values)
    seal = found.pop("seal", None)
    if seal != _seal(found) and not (unsealed_too and seal is None):
        raise ValueError(f"{pathlib.Path(path).name} is not what was written")
    return found


def _seal(found: dict) -> str:
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()[:16]


def write_text(path: Path, text: str) -> None:
    """Write text atomically."""
    write_atomically(path, lambda file: file.write(text.encode()))


def write_json(path: Path, value: object) -> None:
    """Write JSON atomically."""
    write_text(path, json.dumps(value, indent=2) + "\n")


class DamagedError(ValueError):
    """A file of ours that is not as it was written; the message names it, and says what to do."""


Taken = typing.TypeVar("Taken")


def read_json(path: Path, take: Callable[[typing.Any], Taken] = lambda value: value, advice: str = "") -> Taken:
    """Return take(the value of a JSON file); DamagedError, with the advice, where it is no JSON or nothing to take.

    take: makes of the value what is wanted of it, and fails with whatever Python raises where it has another shape.
    """
    try:
        return take(json.loads(pathlib.Path(path).read_bytes()))
    except DamagedError:  # another file, which `take` has read
        raise
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        no_json = isinstance(error, (json.JSONDecodeError, UnicodeDecodeError))
        found = f"it has no {error}" if isinstance(error, KeyError) else f"it is no JSON: {error}" if no_json else error
        raise DamagedError(f"{path} is damaged ({found})" + (f"; {advice}" if advice else "")) from error


def names_and_values(value: typing.Any) -> dict[str, typing.Any]:
    """Return a dictionary as it is; for read_json."""
    if not isinstance(value, dict):
        raise ValueError("it holds no names and values")
    return value
