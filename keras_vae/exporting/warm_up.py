"""Requests that a server replays before it serves a version: the first run of each signature compiles its graph."""

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

FILE = "assets.extra/tf_serving_warmup_requests"
BATCHES = (1, 16, 64)  # a graph's first run at a new batch size costs too; 64 rows are the most that servers merge


def write(directory, signatures):
    """One request a signature and batch size, as TFRecords of PredictionLog, in the version `directory`."""
    path = directory / FILE
    path.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for name, signature in signatures.items():
            for batch in BATCHES:
                request = predict_pb2.PredictRequest()
                request.model_spec.signature_name = name
                for spec in signature.inputs:
                    request.inputs[spec.name].CopyFrom(tf.make_tensor_proto(_example(spec, batch)))
                log = prediction_log_pb2.PredictionLog(predict_log=prediction_log_pb2.PredictLog(request=request))
                writer.write(log.SerializeToString())


def _example(spec, batch):
    if spec.dtype == tf.string:
        return np.full(batch, tf.io.encode_png(np.zeros((16, 16, 1), np.uint8)).numpy(), object)
    return np.zeros((batch, *spec.shape[1:]), spec.dtype.as_numpy_dtype)
