"""Versions of a model: directories named by whole numbers, which servers watch."""

import contextlib
import fcntl
import os
import pathlib
import re
import shutil
import tempfile

from keras_vae.checks import seed
from keras_vae.files import as_path, check_own, check_writable, write_text

DRAFT = ".tmp-"
LATEST = ".latest"  # holds the highest number that was ever given; servers look at names that are numbers
LARGEST = 2**63 - 1  # that a server reads
CONFIGURATIONS = ("*.config", "*.pbtxt")  # of a server, which may be there before the first version


def checked_base(base, version=None):
    """Return the directory of versions; ValueError where the one that is asked for cannot be written there."""
    base = as_path(base, "export_dir")
    if version is not None:
        seed(version, "version", most=LARGEST)
    if base.exists() and not base.is_dir():
        raise ValueError(f"{base} is a file; --export_dir must name a directory, new or with earlier versions")
    check_writable(base, "export_dir")
    if base.is_dir():
        check_own(base, "export_dir", "versions of a model", (LATEST, "*/saved_model.pb"), beside=CONFIGURATIONS)
        _number(base, version)
    return base


@contextlib.contextmanager
def new_version(base, version=None):
    """A directory to write to, which becomes base/<version> in one step at the end: a server that watches `base` never
    sees half a version. `version` is the next whole number unless given. Yields a Draft; after the block its path is
    that of the published directory. After an error nothing is left."""
    base = checked_base(base, version)
    _make_readable(base)
    _remove_abandoned(base)
    draft = Draft(pathlib.Path(tempfile.mkdtemp(dir=base, prefix=DRAFT)))
    with _locked(draft.path):
        try:
            yield draft
            _synchronise(draft.path)
            draft.path = _publish(draft.path, base, version)
        except BaseException:
            shutil.rmtree(draft.path, ignore_errors=True)
            raise


def _make_readable(base):
    """Make the directory and those above it, where they are missing, open to all: a server is another user."""
    for folder in [each for each in (*reversed(base.parents), base) if not each.exists()]:
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)


class Draft:
    """A version that is being written, at `path`."""

    def __init__(self, path):
        self.path = path


@contextlib.contextmanager
def _locked(directory):
    """Hold a lock on a draft as long as this process lives; yields whether it was to be had."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield True
        except BlockingIOError:
            yield False
    finally:
        os.close(handle)


def _remove_abandoned(base):
    """Remove the drafts of exports that were killed: nobody holds their lock."""
    for draft in base.glob(f"{DRAFT}*"):
        with contextlib.suppress(OSError), _locked(draft) as mine:  # another export may be publishing it just now
            if mine:
                shutil.rmtree(draft, ignore_errors=True)


def versions(base):
    """The versions published in `base`, ascending: the names that servers read as numbers."""
    numbers = [int(entry.name) for entry in pathlib.Path(base).iterdir() if re.fullmatch("[0-9]+", entry.name)]
    return sorted(number for number in numbers if number <= LARGEST)


def _number(base, version=None):
    """The number to publish as: `version`, or the one after all that were ever given; ValueError where it cannot be.

    A number is never given twice, though its version was deleted: a server that missed the gap would keep the old one.
    """
    given, published = _latest(base), versions(base)
    if version is None:
        version = max([given, *published]) + 1
        if version > LARGEST:
            raise ValueError(f"{base} has version {LARGEST}, the largest that a server reads; export to another one")
    elif (base / str(version)).exists():
        raise ValueError(f"{base / str(version)} exists; a published version is never changed, export a higher one")
    elif version <= given:
        raise ValueError(
            f"version {version} of {base}: {given} was given before, and servers may still have what is deleted; "
            "export a higher one"
        )
    return version


def _latest(base):
    """The highest number that was ever given in `base`, 0 where it is not known."""
    try:
        return int((base / LATEST).read_text())
    except (FileNotFoundError, ValueError):  # an earlier export, or a file that a power cut emptied
        return 0


def _publish(temporary, base, version):
    """Rename `temporary` to base/<version>; where another export took the next number meanwhile, to the one after."""
    while True:
        number = _number(base, version)
        try:
            temporary.rename(base / str(number))  # fails where the directory exists, for versions are never empty
        except OSError:
            if version is not None or not (base / str(number)).exists():
                raise
        else:
            write_text(base / LATEST, f"{max(_latest(base), number)}\n")
            _synchronise_directory(base)
            return base / str(number)


def _synchronise(directory):
    """Put everything below `directory` on the disk before its name appears, readable to all: a server is another user,
    whatever the umask of the one who exports."""
    for folder, _, files in os.walk(directory):
        for name in files:
            with open(os.path.join(folder, name), "rb") as file:
                os.fchmod(file.fileno(), 0o644)
                os.fsync(file.fileno())
        os.chmod(folder, 0o755)
        _synchronise_directory(folder)


def _synchronise_directory(directory):
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
