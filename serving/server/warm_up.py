"""Replays recorded requests on a version just loaded, so that no client waits for what only a first run costs."""

import os
import time

import grpc
import numpy as np
import tensorflow as tf
from absl import logging
from google.protobuf.message import DecodeError
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from serving.server import tensors
from serving.server.errors import ServingError, from_tensorflow, invalid_argument
from serving.server.inference import classify, multi_inference, predict, regress

FILE = os.path.join("assets.extra", "tf_serving_warmup_requests")
MAX_RECORDS = 1000
REPLAYS = {f"{replay.__name__}_log": replay for replay in (predict, classify, regress, multi_inference)}


def warm_up(servable, path, iterations=1):
    """Runs each record of the version's warm-up file; any error is a failed load. Seconds, or None without a file."""
    file = os.path.join(path, FILE)
    if not os.path.exists(file):
        return None
    start, grown = time.monotonic(), set()
    for count, log in enumerate(logs(file), 1):
        kind = log.WhichOneof("log_type")
        if kind and kind not in REPLAYS:
            raise ServingError(grpc.StatusCode.UNIMPLEMENTED, f"Unsupported log_type for warmup: {kind}")
        for _ in range(iterations if kind else 0):
            REPLAYS[kind](servable, getattr(log, kind).request)
        request = log.predict_log.request
        key = request.model_spec.signature_name, *request.output_filter
        if servable.merger and kind == "predict_log" and key not in grown:
            grown.add(key)
            replay_grown(servable, request)
        if count > MAX_RECORDS:
            raise invalid_argument(f"Number of warmup records exceeds the maximum ({MAX_RECORDS}) at {file}")
    return time.monotonic() - start


def replay_grown(servable, request):
    """The request with as many rows as a merged batch may have: a new size costs a first run of its own."""
    rows = servable.merger.parameters.max_execution_batch_size
    rows = min(rows, servable.most_rows or rows)
    arrays = {alias: tensors.to_array(proto) for alias, proto in request.inputs.items()}
    if not arrays or any(not array.size or not array.ndim or len(array) >= rows for array in arrays.values()):
        return
    grown = predict_pb2.PredictRequest(model_spec=request.model_spec, output_filter=request.output_filter)
    for alias, array in arrays.items():
        grown.inputs[alias].CopyFrom(tensors.to_proto(np.repeat(array[:1], rows, axis=0)))
    try:
        predict(servable, grown)
    except ServingError as error:  # nobody recorded it, so it proves nothing against the version
        logging.warning("Warming up with %d rows failed: %s", rows, error.message)


def logs(file):
    """The PredictionLogs of a TFRecord file."""
    try:
        for record in tf.data.TFRecordDataset(file).as_numpy_iterator():
            yield prediction_log_pb2.PredictionLog.FromString(record)
    except DecodeError:
        raise invalid_argument(f"Failed to parse warmup record: {record!r} from {file}") from None
    except tf.errors.OpError as error:
        problem = from_tensorflow(error)
        raise ServingError(problem.code, f"{file} cannot be read as TFRecords: {problem.message}") from None
