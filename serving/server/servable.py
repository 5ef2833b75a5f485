"""One loaded version of a model: a session on its graph, fed raw, so that every check is the C++ runtime's own."""

import os

import grpc
import numpy as np
import tensorflow as tf
from tensorflow.python.client import pywrap_tf_session
from tensorflow.python.saved_model import loader_impl

from serving.server import versions
from serving.server.calls import Call
from serving.server.errors import ServingError, from_tensorflow, invalid_argument

LONGEST_TIMEOUT_S = 10**6  # a deadline farther away than days is none


class Servable:
    """A SavedModel in memory. `signatures` are the protos of its meta graph, all of them.

    `merger` runs requests together where batching is on (see batching.py). `checks_method_names`: whether a signature
    answers only the method that it was exported for. `most_rows`: of a request; 0 for any number.
    """

    def __init__(
        self, name, version, path, tags=("serve",), config=None, merger=None, checks_method_names=False, most_rows=0
    ):
        self.name, self.version, self.merger = name, version, merger
        self.checks_method_names, self.most_rows = checks_method_names, most_rows
        loader, meta_graph = read_saved_model(path, tags)
        versions.check_whole(path, meta_graph.graph_def)
        self.signatures = dict(meta_graph.signature_def)
        self._inputs = {
            info.name: (alias, info.tensor_shape.unknown_rank, [dim.size for dim in info.tensor_shape.dim])
            for signature in self.signatures.values()
            for alias, info in signature.inputs.items()
        }
        self._graph, self._outputs = tf.Graph(), {}
        self._session = tf.compat.v1.Session(graph=self._graph, config=config)
        try:
            saver, _ = loader.load_graph(self._graph, tags)
            if os.path.exists(f"{loader.variables_path}.index"):
                loader.restore_variables(self._session, saver)
            loader.run_init_ops(self._session, tags)
            self._session._extend_graph()
        except BaseException as error:
            self.close()
            if isinstance(error, tf.errors.OpError):
                raise from_tensorflow(error) from None
            raise

    def check(self, name, shape):
        """Raises where an input's shape is not the signature's: a kernel may end the process over a wrong one."""
        alias, unknown, sizes = self._inputs.get(name, (name, True, []))
        if unknown:
            return
        if len(shape) != len(sizes) or any(size not in (-1, given) for size, given in zip(sizes, shape)):
            raise invalid_argument(f"Input {alias}: expected shape {_brackets(sizes)}, got {_brackets(shape)}")
        if sizes[:1] == [-1] and 0 < self.most_rows < shape[0]:
            raise invalid_argument(f"Input {alias}: {shape[0]} rows in one request, where {self.most_rows} are allowed")

    def run(self, feeds, fetches, call=None):
        """feeds {tensor name: array (of bytes objects for strings)}, fetches [tensor name] -> [array]."""
        call = call or Call()
        for name, array in feeds.items():
            self.check(name, array.shape)
        if self.merger:
            return self.merger.run(self.run_alone, feeds, fetches, call)
        return self.run_alone(feeds, fetches, call)

    def run_alone(self, feeds, fetches, call):
        """The same, never together with other requests; nothing where nobody waits any more."""
        timeout_s, buffer = call.left_s(), None
        inputs = {self._output(name): array for name, array in feeds.items()}
        outputs = [self._output(name) for name in fetches]
        if timeout_s is not None and timeout_s <= LONGEST_TIMEOUT_S:
            options = tf.compat.v1.RunOptions(timeout_in_ms=max(1, int(timeout_s * 1000)))
            buffer = pywrap_tf_session.TF_NewBufferFromString(options.SerializeToString())
        try:
            arrays = self._session._call_tf_sessionrun(buffer, inputs, outputs, [], None)
        except tf.errors.OpError as error:
            raise from_tensorflow(error) from None
        except UnicodeDecodeError as error:  # an error whose text quotes bytes of the request; its code is lost
            raise invalid_argument(error.object.decode(errors="replace")) from None
        finally:
            if buffer is not None:
                pywrap_tf_session.TF_DeleteBuffer(buffer)
        # The session returns scalars as NumPy scalars, and scalar strings as bytes.
        return [np.asarray(each, object if isinstance(each, bytes) else None) for each in arrays]

    def _output(self, name):
        if name not in self._outputs:
            try:
                self._outputs[name] = self._graph.get_tensor_by_name(name)._as_tf_output()
            except (KeyError, ValueError):
                text = f"Tensor {name}, specified in either feed_devices or fetch_devices was not found in the Graph"
                raise invalid_argument(text) from None
        return self._outputs[name]

    def close(self):
        self._session.close()


def _brackets(sizes):
    return f"[{','.join(map(str, sizes))}]"


def read_saved_model(path, tags):
    """(SavedModelLoader, MetaGraphDef with exactly these tags) of a SavedModel."""
    if not loader_impl.contains_saved_model(path):
        text = "Specified file path does not appear to contain a SavedModel bundle (should have a file called"
        raise ServingError(grpc.StatusCode.NOT_FOUND, f"{text} `saved_model.pb`)\nSpecified file path: {path}")
    try:
        loader = loader_impl.SavedModelLoader(path)
        return loader, loader.get_meta_graph_def_from_tags(tags)
    except OSError as error:
        text = f"Can't parse {path}/saved_model.pb as binary proto: {error}"
        raise ServingError(grpc.StatusCode.DATA_LOSS, text) from None
    except RuntimeError as error:
        raise ServingError(grpc.StatusCode.NOT_FOUND, str(error)) from None
