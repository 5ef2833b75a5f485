"""Model of bulk work: one signature of an export, from files to columns."""

import hashlib
import os
import pathlib
import re
import stat

import grpc
import numpy as np
import pyarrow

import serving._quiet  # noqa: F401  TensorFlow, without what it prints

# isort: split
from serving.client import ROWS_PER_REQUEST
from serving.server.errors import ServingError
from serving.server.servable import Servable, read_saved_model
from serving.server.versions import found

MOST_BYTES = 2**27  # of one file, so that 64 of them stay in memory; no PNG that a model decodes is larger


class Model:
    """Signature `{command}_bytes` of the exported version at `path`; outputs that are pictures are left out."""

    def __init__(self, path, command):
        self._servable = Servable("bulk", 0, path)
        signature = checked_signature(self._servable.signatures, command, path)
        self._input = signature.inputs["image_bytes"].name
        self._outputs = {alias: signature.outputs[alias] for alias in columns(signature)}
        fields = [
            (alias, pyarrow.float32() if len(info.tensor_shape.dim) == 1 else pyarrow.list_(pyarrow.float32()))
            for alias, info in self._outputs.items()
        ]
        self.schema = pyarrow.schema([("path", pyarrow.string()), *fields, ("error", pyarrow.string())])

    def table(self, paths):
        """Table of the files: path, the outputs, and in `error` why a file could not be read, null for the others.

        The readable ones run 64 at a time, in order, as the client sends them.
        """
        errors, places, answers, batch, proven = {}, [], [], [], set()

        def run():
            try:
                answers.append(self._run([content for _, content in batch]))
            except ServingError as error:
                broken = {place: found for place, content in batch if (found := proven_error(place, content))}
                if error.code != grpc.StatusCode.INVALID_ARGUMENT or not broken:
                    raise
                errors.update(broken)
                batch[:] = [each for each in batch if each[0] not in broken]  # the next files fill their places
            else:
                places.extend(place for place, _ in batch)
                batch.clear()

        def proven_error(place, content):  # the error of a batch does not say whose it is
            error = None if place in proven else self._error(content)
            proven.add(place)
            return error

        for place, path in enumerate(paths):
            content, error = read(path)
            if error:
                errors[place] = error
            else:
                batch.append((place, content))
            if len(batch) == ROWS_PER_REQUEST:
                run()
        while batch:
            run()
        return self._table(paths, places, answers, errors)

    def _table(self, paths, places, answers, errors):
        """answers: [[(n, ...) of each output] of each run], whose rows are those of `places`."""
        table = {"path": paths, "error": [errors.get(place) for place in range(len(paths))]}
        for number, alias in enumerate(self._outputs):
            values = [None] * len(paths)
            for place, row in zip(places, (row for answer in answers for row in answer[number])):
                values[place] = row
            table[alias] = values
        return pyarrow.table(table, schema=self.schema)

    def _error(self, content):
        try:
            self._run([content])
        except ServingError as error:
            if error.code != grpc.StatusCode.INVALID_ARGUMENT:
                raise
            return plain(error.message)
        return None

    def _run(self, contents):
        feeds = {self._input: np.array(contents, object)}
        return self._servable.run(feeds, [info.name for info in self._outputs.values()])


def plain(message):
    """Return an error of TensorFlow as one line without the names of its graph's nodes."""
    text = re.sub(r"\[\[.*?\]\]|\{\{.*?\}\}", "", " ".join(message.split()))
    text = re.sub(r".*?root error\(s\) found\. \(0\) [\w ]+: (.*?) \(1\) .*", r"\1", text)  # the others say the same
    return " ".join(re.sub(r"assertion failed: \[(.*?)\].*", r"\1", text).split())


def read(path):
    """Return (bytes, None) of a PNG or JPEG file, or (None, why it cannot be read)."""
    try:
        with open(path, "rb", opener=lambda path, flags: os.open(path, flags | os.O_NONBLOCK)) as file:
            # A pipe, at which open() alone would wait.
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return None, "is not a regular file"
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        return None, error.strerror
    if len(content) > MOST_BYTES:
        return None, f"has more than {MOST_BYTES:,} bytes"
    if not content.startswith((b"\x89PNG", b"\xff\xd8\xff")):
        return None, "is empty" if not content else "is neither a PNG nor a JPEG file"
    return content, None


def columns(signature):
    """Return the outputs of a signature that are numbers, as the client orders them: sorted by name."""
    return sorted(alias for alias in signature.outputs if not alias.endswith("_bytes"))


def checked_signature(signatures, command, path):
    """Return the signature of a command; ValueError where the export has none."""
    name = f"{command}_bytes"
    if name not in signatures:
        known = ", ".join(sorted(each for each in signatures if not each.startswith("_")))
        raise ValueError(f"--export_dir: {path} has no signature {name}; it has {known}")
    return signatures[name]


def newest(export_dir, command):
    """Return the path of the newest version in an export directory, after a look whether it has what is asked."""
    try:
        versions = found(export_dir)
    except OSError as error:
        raise ValueError(f"--export_dir: {export_dir}: {error.strerror}") from None
    if not versions:
        raise ValueError(f"--export_dir: {export_dir} has no versions, folders with a whole number for their name")
    path = versions[max(versions)]
    try:
        checked_signature(read_saved_model(path, ["serve"])[1].signature_def, command, path)
    except ServingError as error:
        raise ValueError(f"--export_dir: {' '.join(error.message.split())}") from None
    return path


def checksum(path):
    """SHA-256 of a version's graph and variables."""
    digest = hashlib.sha256()
    files = [path for path in pathlib.Path(path).rglob("*") if path.is_file()]
    for file in sorted(file for file in files if file.name == "saved_model.pb" or file.parent.name == "variables"):
        with open(file, "rb") as content:
            digest.update(f"{os.path.basename(file)}\0".encode())
            for block in iter(lambda content=content: content.read(2**20), b""):
                digest.update(block)
    return digest.hexdigest()
