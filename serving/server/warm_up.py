"""Replays recorded requests on a version just loaded, so that no client waits for what only a first run costs."""

import os
import time

import grpc
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow_serving.apis import prediction_log_pb2

from serving.server import inference
from serving.server.errors import ServingError, from_tensorflow, invalid_argument

FILE = os.path.join("assets.extra", "tf_serving_warmup_requests")
MAX_RECORDS = 1000
REPLAYS = {
    "predict_log": inference.predict,
    "classify_log": inference.classify,
    "regress_log": inference.regress,
    "multi_inference_log": inference.multi_inference,
}


def warm_up(servable, path, iterations=1):
    """Runs each record of the version's warm-up file; any error is a failed load. Seconds, or None without a file."""
    file = os.path.join(path, FILE)
    if not os.path.exists(file):
        return None
    start = time.monotonic()
    for count, record in enumerate(records(file), 1):
        try:
            log = prediction_log_pb2.PredictionLog.FromString(record)
        except DecodeError:
            text = f"Failed to parse warmup record: {record!r} from {file}"
            raise invalid_argument(text) from None
        for _ in range(iterations):
            replay(servable, log)
        if count > MAX_RECORDS:
            raise invalid_argument(f"Number of warmup records exceeds the maximum ({MAX_RECORDS}) at {file}")
    return time.monotonic() - start


def records(file):
    """The records of a TFRecord file, as bytes."""
    try:
        yield from tf.data.TFRecordDataset(file).as_numpy_iterator()
    except tf.errors.DataLossError as error:
        text = f"{error.message}. Please verify your warmup data is in TFRecord format."
        raise ServingError(grpc.StatusCode.DATA_LOSS, text) from None
    except tf.errors.OpError as error:
        raise from_tensorflow(error) from None


def replay(servable, log):
    kind = log.WhichOneof("log_type")
    if kind is None:
        return
    if kind not in REPLAYS:
        number = log.DESCRIPTOR.fields_by_name[kind].number
        raise ServingError(grpc.StatusCode.UNIMPLEMENTED, f"Unsupported log_type for warmup: {number}")
    REPLAYS[kind](servable, getattr(log, kind).request)
