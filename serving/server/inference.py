"""Predict, Classify, Regress and MultiInference, from request proto to response proto.

`run` is the servable's own, or one that tells the monitoring too.
"""

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import classification_pb2, inference_pb2, predict_pb2, regression_pb2

from serving.server import tensors
from serving.server.errors import ServingError, invalid_argument

DEFAULT_SIGNATURE = "serving_default"
PREDICT, CLASSIFY, REGRESS = (f"tensorflow/serving/{method}" for method in ("predict", "classify", "regress"))
KINDS = {CLASSIFY: "classification", REGRESS: "regression"}
OUTPUTS = {CLASSIFY: {"classes": tf.string, "scores": tf.float32}, REGRESS: {"outputs": tf.float32}}


def predict(servable, request, call=None, run=None, to_proto=tensors.to_proto):
    """PredictRequest -> PredictResponse, whose tensors `to_proto` makes."""
    missing = 'Serving signature key "{}" not found.', grpc.StatusCode.FAILED_PRECONDITION
    signature = signature_of(servable, request.model_spec.signature_name, *missing)
    check_method_name(servable, signature)
    feeds = predict_feeds(servable, signature, request.inputs)
    aliases = list(request.output_filter) or sorted(signature.outputs)
    for place, alias in enumerate(aliases):
        if alias not in signature.outputs:
            text = f"output tensor alias not found in signature: {alias}"
            raise invalid_argument(f"{text} Outputs expected to be in the set {_braces(signature.outputs)}.")
        if alias in aliases[:place]:
            raise invalid_argument(f"duplicate output tensor alias: {alias}")
    arrays = (run or servable.run)(feeds, [signature.outputs[alias].name for alias in aliases], call)
    response = predict_pb2.PredictResponse()
    answer_for(response.model_spec, request.model_spec, servable)
    for alias, array in zip(aliases, arrays):
        response.outputs[alias].CopyFrom(to_proto(array))
    return response


def signature_of(servable, name, missing, code=grpc.StatusCode.INVALID_ARGUMENT):
    """The signature of a name, "" for the default one; `missing` is the error's text, with {} for the name."""
    name = name or DEFAULT_SIGNATURE
    if name not in servable.signatures:
        raise ServingError(code, missing.format(name))
    return servable.signatures[name]


def predict_feeds(servable, signature, inputs):
    """{tensor name: array}, with the signature's own defaults for what the request leaves out."""
    sent, known = set(inputs), set(signature.inputs)
    if len(sent) > len(known) or (len(sent) < len(known) and not signature.defaults):
        raise invalid_argument(
            f"input size does not match signature: {len(sent)}!={len(known)} len({_braces(sent)}) != "
            f"len({_braces(known)}). Sent extra: {_braces(sent - known)}. "
            f"Missing but required: {_braces(known - sent)}."
        )
    feeds = {}
    for alias in sorted(known):
        name = signature.inputs[alias].name
        if alias not in sent and alias not in signature.defaults:
            raise invalid_argument(
                f"Signature input alias: {alias}(feed name: {name}) not found in request and no default value "
                f"provided. Inputs expected to be in the request {_braces(sent)}, or default input alias set: "
                f"{','.join(sorted(signature.defaults))}"
            )
        proto = inputs[alias] if alias in inputs else signature.defaults[alias]
        try:
            servable.check(name, tensors.shape_of(proto))  # before a few bytes become a large array
            feeds[name] = tensors.to_array(proto)
        except (ValueError, IndexError):
            raise invalid_argument(f"tensor parsing error: {alias}") from None
    return feeds


def check_method_name(servable, signature, known=(PREDICT, CLASSIFY, REGRESS), code=grpc.StatusCode.INTERNAL):
    """Raises where the signature is for none of the `known` methods, and the server checks that."""
    if servable.checks_method_names and signature.method_name not in known:
        raise ServingError(code, f"Expected method_name {' or '.join(known)}. Was: {signature.method_name}")


def classify(servable, request, call=None, run=None):
    """ClassificationRequest -> ClassificationResponse."""
    return _of_examples(CLASSIFY, classification_pb2.ClassificationResponse(), servable, request, call, run)


def regress(servable, request, call=None, run=None):
    """RegressionRequest -> RegressionResponse."""
    return _of_examples(REGRESS, regression_pb2.RegressionResponse(), servable, request, call, run)


def _of_examples(method, response, servable, request, call, run):
    missing = "No signature was found with the name: {}"
    signature = signature_of(servable, request.model_spec.signature_name, missing)
    _infer([(method, signature, response.result)], servable, request.input, call, run)
    answer_for(response.model_spec, request.model_spec, servable)
    return response


def multi_inference(servable, request, call=None):
    """MultiInferenceRequest -> MultiInferenceResponse: all tasks in one run."""
    response = inference_pb2.MultiInferenceResponse()
    tasks, seen = [], set()
    for task in request.tasks:
        if not task.model_spec.name or task.model_spec.name != request.tasks[0].model_spec.name:
            raise invalid_argument("All ModelSpecs in a MultiInferenceRequest must access the same model name.")
        name = task.model_spec.signature_name or DEFAULT_SIGNATURE
        if name in seen:
            raise invalid_argument(f"Duplicate evaluation of signature: {name}")
        seen.add(name)
        signature = signature_of(servable, name, "Requested signature not found in model graph: {}")
        if task.method_name not in OUTPUTS:
            text = f"Unsupported signature method_name: {task.method_name}"
            raise ServingError(grpc.StatusCode.UNIMPLEMENTED, text)
        result = response.results.add()
        answer_for(result.model_spec, task.model_spec, servable)
        into = result.classification_result if task.method_name == CLASSIFY else result.regression_result
        tasks.append((task.method_name, signature, into))
    _infer(tasks, servable, request.input, call)
    return response


def answer_for(model_spec, asked, servable):
    """The name asked for, the signature that was used and the version that answered."""
    model_spec.name = asked.name
    model_spec.signature_name = asked.signature_name or DEFAULT_SIGNATURE
    model_spec.version.value = servable.version


def _infer(tasks, servable, examples, call, run=None):
    """Runs [(method, signature, result to fill)] on the same tensorflow.serving.Input."""
    for method, signature, _ in tasks:
        check_method_name(servable, signature, (method,), grpc.StatusCode.INVALID_ARGUMENT)
    fetches = sorted({name for method, signature, _ in tasks for name in outputs_of(method, signature).values()})
    context = examples.example_list_with_context.context.SerializeToString()  # merged into each of its examples
    listed = examples.example_list_with_context.examples or examples.example_list.examples
    if not listed:
        raise invalid_argument("Input is empty.")
    rows = np.array([context + example.SerializeToString() for example in listed], object)
    feeds = {signature.inputs["inputs"].name: rows for _, signature, _ in tasks}
    arrays = dict(zip(fetches, (run or servable.run)(feeds, fetches, call)))
    for method, signature, result in tasks:
        found = {alias: arrays[name] for alias, name in outputs_of(method, signature).items()}
        fill = fill_classes if method == CLASSIFY else fill_regressions
        fill(result, found, len(rows))


def outputs_of(method, signature):
    """{alias: name} of the tensors to fetch; raises for a signature that is not for the method."""
    kind, wanted = KINDS[method], OUTPUTS[method]
    names = {alias: signature.outputs[alias].name for alias in wanted if alias in signature.outputs}
    if len(signature.inputs) != 1:
        raise invalid_argument("Expected one input Tensor.")
    if not 1 <= len(signature.outputs) <= len(wanted):
        many = "one output Tensor" if len(wanted) == 1 else "one or two output Tensors"
        raise invalid_argument(f"Expected {many}.")
    if "inputs" not in signature.inputs:
        raise invalid_argument(f"No {kind} inputs found in SignatureDef: {signature}")
    if not names:
        text = f"Expected {kind} signature outputs to contain at least one of"
        raise invalid_argument(f"{text} {' or '.join(wanted)}. Signature was: {signature}")
    return names


def fill_classes(result, arrays, count):
    """{"classes": labels, "scores": numbers}, both or one of them, [count, K] -> ClassificationResult."""
    shape = next(iter(arrays.values())).shape
    for alias, array in arrays.items():
        fits = len(shape) == 2 and array.shape == (count, shape[1])
        _expect(alias, array, OUTPUTS[CLASSIFY], f"[{count}, K], one K for all", fits)
    labels = arrays.get("classes", np.full(shape, b"", object)).tolist()
    scores = arrays.get("scores", np.zeros(shape)).tolist()
    for row in zip(labels, scores):
        classes = result.classifications.add().classes
        for label, score in zip(*row):
            classes.add(label=label.decode(errors="replace"), score=score)


def fill_regressions(result, arrays, count):
    """{"outputs": values}, [count] or [count, 1] -> RegressionResult."""
    array = arrays["outputs"]
    _expect("outputs", array, OUTPUTS[REGRESS], f"[{count}] or [{count}, 1]", array.shape in ((count,), (count, 1)))
    for value in array.reshape(-1).tolist():
        result.regressions.add(value=value)


def _expect(alias, array, dtypes, shape, fits):
    dtype = tf.as_dtype(array.dtype)
    if not fits or dtype != dtypes[alias]:
        text = f"Expected output {alias} to be {dtypes[alias].name} {shape}, got {dtype.name} {list(array.shape)}"
        raise invalid_argument(text)


def _braces(names):
    return "{" + ",".join(sorted(names)) + "}"
