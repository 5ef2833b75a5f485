"""Worker of bulk work: the parts of a plan, each from picture files to one Parquet file."""

import os

import pyarrow
from pyarrow import parquet

from serving.bulk.model import Model
from serving.bulk.plan import Plan, whole_file


class Worker:
    """Worker on the plan in the folder `out`, for Ray Data: made once in each process, where it keeps the model."""

    def __init__(self, out):
        self._plan = Plan(out)
        self._model = Model(self._plan.request["model"], self._plan.request["command"])

    def __call__(self, batch):
        """batch: {"part": one number} -> the same, with its `files`, its `errors` and the process's number.

        A part that is there already, since a worker died before it could tell, is counted and left.
        """
        (part,) = (int(each) for each in batch["part"])
        path = self._plan.file(part)
        if not path.exists():
            self._write(part, path)
        errors = unreadable(path)
        return {"part": [part], "files": [self._plan.size(part)], "errors": [errors], "process": [os.getpid()]}

    def _write(self, part, path):
        table = self._model.table(self._plan.paths(part))
        with whole_file(path) as file:
            parquet.write_table(table, file)


def unreadable(path):
    """Number of files of a part that could not be read."""
    try:
        errors = parquet.read_table(path, columns=["error"], partitioning=None)["error"]
    except (pyarrow.ArrowException, KeyError, OSError):
        raise ValueError(f"--out: {path} is damaged; delete it: the same command makes it again") from None
    return len(errors) - errors.null_count
