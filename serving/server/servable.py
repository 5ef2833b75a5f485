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

INIT_OP = "__saved_model_init_op"
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
        meta_graph = read_meta_graph(path, tags)
        versions.check_whole(path, meta_graph.graph_def)
        self.signatures = dict(meta_graph.signature_def)
        self._inputs = {
            info.name: (alias, info.tensor_shape)
            for signature in self.signatures.values()
            for alias, info in signature.inputs.items()
        }
        graph = tf.Graph()
        with graph.as_default():
            tf.graph_util.import_graph_def(meta_graph.graph_def, name="")
        self._graph, self._outputs = graph, {}
        self._session = tf.compat.v1.Session(graph=graph, config=config)
        try:
            self._session._extend_graph()
            self._restore(meta_graph, path)
        except BaseException:
            self.close()
            raise

    def _restore(self, meta_graph, path):
        """Variables and tables, where there are any."""
        assets = loader_impl.get_asset_tensors(path, meta_graph)
        feeds = {name: np.array(file, object) for name, file in assets.items()}
        variables = os.path.join(path, "variables", "variables")
        if os.path.exists(variables + ".index"):
            saver = meta_graph.saver_def
            checkpoint = {saver.filename_tensor_name: np.array(os.fsencode(variables), object)}
            self._call(feeds | checkpoint, [], targets=[saver.restore_op_name])
        init_op = init_op_name(meta_graph)
        if init_op:
            self._call(feeds, [], targets=[init_op])

    def check(self, name, shape):
        """Raises where an input's shape is not the signature's: a kernel may end the process over a wrong one."""
        alias, proto = self._inputs.get(name, (name, None))
        if proto is None or proto.unknown_rank:
            return
        sizes = [dim.size for dim in proto.dim]
        if len(shape) != len(sizes) or any(size not in (-1, given) for size, given in zip(sizes, shape)):
            raise invalid_argument(f"Input {alias}: expected shape {_brackets(sizes)}, got {_brackets(shape)}")
        if sizes[:1] == [-1] and 0 < self.most_rows < shape[0]:
            text = f"Input {alias}: {shape[0]} rows in one request, where {self.most_rows} are allowed"
            raise invalid_argument(text)

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
        timeout_s = call.left_s()
        if timeout_s is None or timeout_s > LONGEST_TIMEOUT_S:
            return self._call(feeds, fetches)
        options = tf.compat.v1.RunOptions(timeout_in_ms=max(1, int(timeout_s * 1000)))
        buffer = pywrap_tf_session.TF_NewBufferFromString(options.SerializeToString())
        try:
            return self._call(feeds, fetches, buffer)
        finally:
            pywrap_tf_session.TF_DeleteBuffer(buffer)

    def _call(self, feeds, fetches, options=None, targets=()):
        try:
            arrays = self._session._call_tf_sessionrun(
                options,
                {self._output(name): array for name, array in feeds.items()},
                [self._output(name) for name in fetches],
                [self._graph.get_operation_by_name(name)._c_op for name in targets],
                None,
            )
        except tf.errors.OpError as error:
            raise from_tensorflow(error) from None
        except UnicodeDecodeError as error:  # an error whose text quotes bytes of the request; its code is lost
            raise invalid_argument(error.object.decode(errors="replace")) from None
        # The session returns scalars as NumPy scalars, and scalar strings as bytes.
        return [each if isinstance(each, np.ndarray) else np.array(each, _scalar_type(each)) for each in arrays]

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


def _scalar_type(value):
    return object if isinstance(value, bytes) else None


def read_meta_graph(path, tags):
    """The MetaGraphDef with exactly these tags."""
    if not loader_impl.contains_saved_model(path):
        text = "Specified file path does not appear to contain a SavedModel bundle (should have a file called"
        raise ServingError(grpc.StatusCode.NOT_FOUND, f"{text} `saved_model.pb`)\nSpecified file path: {path}")
    try:
        saved_model = loader_impl.parse_saved_model(path)
    except OSError as error:
        text = f"Can't parse {path}/saved_model.pb as binary proto: {error}"
        raise ServingError(grpc.StatusCode.DATA_LOSS, text) from None
    for meta_graph in saved_model.meta_graphs:
        if set(meta_graph.meta_info_def.tags) == set(tags):
            return meta_graph
    text = (
        f"Could not find meta graph def matching supplied tags: {{ {' '.join(tags)} }}. To inspect available tag-sets "
        "in the SavedModel, please use the SavedModel CLI: `saved_model_cli`"
    )
    raise ServingError(grpc.StatusCode.NOT_FOUND, text)


def init_op_name(meta_graph):
    """The operation to run after restoring; the last two are how TensorFlow 1 wrote it down."""
    if INIT_OP in meta_graph.signature_def:
        return meta_graph.signature_def[INIT_OP].outputs[INIT_OP].name
    for collection in ("saved_model_main_op", "legacy_init_op"):
        if collection in meta_graph.collection_def:
            return meta_graph.collection_def[collection].node_list.value[0]
    return None
