"""A SavedModel through TensorFlow's C API alone: no Python function and no tensorflow module, as servers in C++ run it.

    python tests/c_api.py LIBRARY SAVED_MODEL FEEDS.npz

FEEDS.npz has a JSON text `calls`: [{"inputs": {tensor name: name of an array}, "outputs": [tensor name, ...]}, ...].
Prints one JSON line a call: {"code": the status code, "message": ..., "shapes": of the outputs}.
"""

import ctypes
import json
import sys

import numpy as np

STRING = 7  # TF_STRING
TYPES = {"float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int64": 9, "bool": 10}
STRING_SIZE = 24  # sizeof(TF_TString)


class Output(ctypes.Structure):
    """TF_Output: an operation and the number of its output."""

    _fields_ = [("operation", ctypes.c_void_p), ("index", ctypes.c_int)]


class SavedModel:
    """A session of a SavedModel."""

    def __init__(self, library, path):
        self.api = ctypes.CDLL(library)
        for name in ("NewStatus", "NewGraph", "NewSessionOptions", "LoadSessionFromSavedModel", "GraphOperationByName"):
            getattr(self.api, f"TF_{name}").restype = ctypes.c_void_p
        for name in ("AllocateTensor", "TensorData"):
            getattr(self.api, f"TF_{name}").restype = ctypes.c_void_p
        self.api.TF_Message.restype = ctypes.c_char_p
        self.api.TF_Dim.restype = ctypes.c_int64
        self.graph, self.status = self._pointer("TF_NewGraph"), self._pointer("TF_NewStatus")
        tags = (ctypes.c_char_p * 1)(b"serve")
        options = self._pointer("TF_NewSessionOptions")
        self.session = ctypes.c_void_p(
            self.api.TF_LoadSessionFromSavedModel(options, None, path.encode(), tags, 1, self.graph, None, self.status)
        )
        if self.api.TF_GetCode(self.status):
            raise SystemExit(self.api.TF_Message(self.status).decode(errors="replace"))

    def _pointer(self, function):
        return ctypes.c_void_p(getattr(self.api, function)())

    def call(self, inputs, outputs):
        """Run with {tensor name: array}; returns what the module's text says."""
        feeds = (Output * len(inputs))(*map(self._output, inputs))
        fetches = (Output * len(outputs))(*map(self._output, outputs))
        values = (ctypes.c_void_p * len(inputs))(*map(self._tensor, inputs.values()))
        found = (ctypes.c_void_p * len(outputs))()
        self.api.TF_SessionRun(
            self.session, None, feeds, values, len(inputs), fetches, found, len(outputs), None, 0, None, self.status
        )
        code, message = self.api.TF_GetCode(self.status), self.api.TF_Message(self.status).decode(errors="replace")
        return {"code": code, "message": message[:200], "shapes": [] if code else [self._shape(each) for each in found]}

    def _output(self, name):
        operation, _, index = name.partition(":")
        return Output(self.api.TF_GraphOperationByName(self.graph, operation.encode()), int(index))

    def _tensor(self, array):
        dimensions = (ctypes.c_int64 * array.ndim)(*array.shape)
        is_text = array.dtype.kind == "S"
        kind, size = (STRING, STRING_SIZE * array.size) if is_text else (TYPES[array.dtype.name], array.nbytes)
        tensor = self.api.TF_AllocateTensor(kind, dimensions, array.ndim, ctypes.c_size_t(size))
        data = self.api.TF_TensorData(ctypes.c_void_p(tensor))
        if is_text:
            for number, text in enumerate(array.ravel().tolist()):
                place = ctypes.c_void_p(data + number * STRING_SIZE)
                self.api.TF_StringInit(place)
                self.api.TF_StringCopy(place, text, ctypes.c_size_t(len(text)))
        elif size:
            ctypes.memmove(data, np.ascontiguousarray(array).ctypes.data, size)
        return tensor

    def _shape(self, tensor):
        tensor = ctypes.c_void_p(tensor)
        return [self.api.TF_Dim(tensor, axis) for axis in range(self.api.TF_NumDims(tensor))]


def main(library, path, feeds):
    """Make the calls of a file."""
    model, arrays = SavedModel(library, path), np.load(feeds)
    for call in json.loads(str(arrays["calls"])):
        inputs = {name: arrays[key] for name, key in call["inputs"].items()}
        print(json.dumps(model.call(inputs, call["outputs"])), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
