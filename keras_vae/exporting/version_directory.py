"""Versions of a model: directories named by whole numbers, which servers watch."""

import contextlib
import os
import pathlib
import shutil
import tempfile


@contextlib.contextmanager
def new_version(base, version=None):
    """A directory to write to, which becomes base/<version> in one step at the end: a server that watches `base` never
    sees half a version. `version` is the next whole number unless given. Yields a Draft; after the block its path is
    that of the published directory. After an error nothing is left."""
    base = pathlib.Path(base)
    if base.exists() and not base.is_dir():
        raise ValueError(f"{base} is a file; --export_dir must name a directory, new or with earlier versions")
    if version is not None and (base / str(version)).exists():
        raise ValueError(f"{base / str(version)} exists; a published version is never changed, export a higher one")
    base.mkdir(parents=True, exist_ok=True)
    draft = Draft(pathlib.Path(tempfile.mkdtemp(dir=base, prefix=".tmp-")))
    try:
        yield draft
        _synchronise(draft.path)
        draft.path.chmod(0o755)
        draft.path = _publish(draft.path, base, version)
    except BaseException:
        shutil.rmtree(draft.path, ignore_errors=True)
        raise


class Draft:
    """A version that is being written, at `path`."""

    def __init__(self, path):
        self.path = path


def versions(base):
    """The versions published in `base`, ascending."""
    return sorted(int(entry.name) for entry in pathlib.Path(base).iterdir() if entry.name.isdecimal())


def _publish(temporary, base, version):
    """Rename `temporary` to base/<version>; where another export took the next number meanwhile, to the one after."""
    while True:
        number = version if version is not None else max(versions(base), default=0) + 1
        try:
            temporary.rename(base / str(number))  # fails where the directory exists, for versions are never empty
        except OSError:
            if version is not None or not (base / str(number)).exists():
                raise
        else:
            _synchronise_directory(base)
            return base / str(number)


def _synchronise(directory):
    """Put everything below `directory` on the disk before its name appears."""
    for folder, _, files in os.walk(directory):
        for name in files:
            with open(os.path.join(folder, name), "rb") as file:
                os.fsync(file.fileno())
        _synchronise_directory(folder)


def _synchronise_directory(directory):
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
