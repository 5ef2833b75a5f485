"""Versions of a model: directories named by whole numbers, which servers watch."""

import contextlib
import fcntl
import os
import pathlib
import shutil
import tempfile

from keras_vae.checks import seed
from keras_vae.files import as_path, write_text

DRAFT = ".tmp-"
LATEST = ".latest"  # holds the highest number that was ever given; servers look at names that are numbers


def checked_base(base, version=None):
    """Return the directory of versions; ValueError where the one that is asked for cannot be written there."""
    base = as_path(base, "export_dir")
    if version is not None:
        seed(version, "version", most=2**63 - 1)
    if base.exists() and not base.is_dir():
        raise ValueError(f"{base} is a file; --export_dir must name a directory, new or with earlier versions")
    if version is not None and (base / str(version)).exists():
        raise ValueError(f"{base / str(version)} exists; a published version is never changed, export a higher one")
    return base


@contextlib.contextmanager
def new_version(base, version=None):
    """A directory to write to, which becomes base/<version> in one step at the end: a server that watches `base` never
    sees half a version. `version` is the next whole number unless given. Yields a Draft; after the block its path is
    that of the published directory. After an error nothing is left."""
    base = checked_base(base, version)
    base.mkdir(parents=True, exist_ok=True)
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
    """The versions published in `base`, ascending."""
    return sorted(int(entry.name) for entry in pathlib.Path(base).iterdir() if entry.name.isdecimal())


def _publish(temporary, base, version):
    """Rename `temporary` to base/<version>; where another export took the next number meanwhile, to the one after.

    A number is never given twice, though its version was deleted: a server that missed the gap would keep the old one.
    """
    latest = base / LATEST
    while True:
        given = int(latest.read_text()) if latest.exists() else 0
        number = version if version is not None else max([given, *versions(base)]) + 1
        try:
            temporary.rename(base / str(number))  # fails where the directory exists, for versions are never empty
        except OSError:
            if version is not None or not (base / str(number)).exists():
                raise
        else:
            write_text(latest, f"{max(given, number)}\n")
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
