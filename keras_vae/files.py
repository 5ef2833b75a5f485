"""Files that are either whole or not there."""

import json
import os
import pathlib
import tempfile


def write_atomically(path, write):
    """Call write(binary file) and put the result at `path` in one step: a killed process leaves the old file."""
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
        os.replace(temporary, path)
    except BaseException as error:
        pathlib.Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError):  # "No space left on device" says more with the name of the file
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


def write_text(path, text):
    """Write text atomically."""
    write_atomically(path, lambda file: file.write(text.encode()))


def write_json(path, value):
    """Write JSON atomically."""
    write_text(path, json.dumps(value, indent=2) + "\n")


def read_json(path):
    """The value of a JSON file."""
    return json.loads(pathlib.Path(path).read_text())
