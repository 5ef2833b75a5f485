"""Plan of bulk work: the files of a lake in an order that stays, cut into parts, and what is asked of which model."""

import contextlib
import glob
import itertools
import json
import os
import pathlib
import tempfile

import pyarrow
from pyarrow import parquet

FILE = "_files.parquet"  # readers of a folder of Parquet files pass over names that begin with _ or .
FILES_PER_PART = 1024  # of 64 a run: what a killed worker does again, at most
EXTENSIONS = (".png", ".jpg", ".jpeg")
UNFINISHED = ".unfinished-"
SCHEMA = pyarrow.schema([("path", pyarrow.string())])


class Plan:
    """Plan that lies in the folder `out`: `request`, a dict of strings; `parts`, their number; `files`, their number.

    One row group of the file lists the files of one part, so that a worker reads no more than that.
    """

    def __init__(self, out):
        self.out = pathlib.Path(out)
        try:
            self._listing = parquet.ParquetFile(self.out / FILE)
            schema = self._listing.schema_arrow
            self.request = json.loads(schema.metadata[b"request"])
            wrong = {"command", "export_dir", "images", "model"} - self.request.keys() or schema.names != ["path"]
        except (pyarrow.ArrowException, AttributeError, KeyError, OSError, TypeError, ValueError):
            wrong = True
        if wrong:
            raise ValueError(f"--out: {self.out / FILE} is damaged, or not of this command; choose another folder")
        self.parts, self.files = self._listing.num_row_groups, self._listing.metadata.num_rows

    def paths(self, part):
        """Return the files of a part, in order."""
        return self._listing.read_row_group(part)["path"].to_pylist()

    def size(self, part):
        """Return the number of files of a part."""
        return self._listing.metadata.row_group(part).num_rows

    def file(self, part):
        """Return the path of a part's Parquet file."""
        return self.out / f"part-{part:06d}.parquet"

    def missing(self):
        """Return the parts that are still to do."""
        return [part for part in range(self.parts) if not self.file(part).exists()]


def write(out, request, paths, files_per_part=FILES_PER_PART):
    """List `paths`, an iterable of strings, with the request in the folder `out`; returns the Plan."""
    schema, rows = SCHEMA.with_metadata({"request": json.dumps(request)}), []
    with whole_file(pathlib.Path(out) / FILE) as file, parquet.ParquetWriter(file, schema) as writer:
        for path in paths:
            rows.append(_checked_name(path))
            if len(rows) == files_per_part:
                writer.write_table(pyarrow.table([rows], schema=schema))
                rows = []
        if rows:
            writer.write_table(pyarrow.table([rows], schema=schema))
    return Plan(out)


def find(images):
    """Yield the absolute paths of the PNG and JPEG files below a folder, or of the files that a glob matches.

    In no order and never all in memory: what is written down is the order. Links to folders are followed, but for those
    that lead back to a folder that they are in. What cannot be read, a link to nowhere say, is a file with an error.
    """
    images = os.path.abspath(os.path.expanduser(images))
    if os.path.isdir(images):
        yield from _below(images)
    else:
        yield from itertools.filterfalse(os.path.isdir, glob.iglob(images, recursive=True))


def _below(folder, above=()):
    above = (*above, os.path.realpath(folder))
    with os.scandir(folder) as entries:
        for entry in entries:
            link = entry.is_symlink()
            if os.path.isdir(entry.path) if link else entry.is_dir():
                if not link or os.path.realpath(entry.path) not in above:
                    yield from _below(entry.path, above)
            elif entry.name.lower().endswith(EXTENSIONS):
                yield entry.path


def _checked_name(path):
    try:
        path.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{ascii(path)}: the name is not UTF-8, which Parquet needs; rename the file") from None
    return path


@contextlib.contextmanager
def whole_file(path):
    """A binary file that appears at `path` in one step after the block; after an error, or a kill, there is none."""
    handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix=UNFINISHED)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(unfinished, 0o644)
        os.replace(unfinished, path)
    except BaseException:
        pathlib.Path(unfinished).unlink(missing_ok=True)
        raise


def remove_unfinished(out):
    """Remove what killed workers left; only where no other command works in the folder."""
    for path in pathlib.Path(out).glob(f"{UNFINISHED}*"):
        path.unlink(missing_ok=True)
