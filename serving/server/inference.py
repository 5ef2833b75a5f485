"""Predict, Classify, Regress and MultiInference, from request proto to response proto.

`run` is the servable's own, or one that tells the monitoring too.
"""

import grpc
import numpy as np
import tensorflow as tf
from tensorflow.core.framework import types_pb2
from tensorflow_serving.apis import classification_pb2, inference_pb2, predict_pb2, regression_pb2

from serving.server import tensors
from serving.server.errors import ServingError, invalid_argument

DEFAULT_SIGNATURE = "serving_default"
PREDICT, CLASSIFY, REGRESS = (f"tensorflow/serving/{method}" for method in ("predict", "classify", "regress"))
CLASS_DTYPES = {"classes": types_pb2.DT_STRING, "scores": types_pb2.DT_FLOAT}


def predict(servable, request, call=None, run=None, to_proto=tensors.to_proto):
    """PredictRequest -> PredictResponse, whose tensors `to_proto` makes."""
    name = request.model_spec.signature_name or DEFAULT_SIGNATURE
    if name not in servable.signatures:
        raise ServingError(grpc.StatusCode.FAILED_PRECONDITION, f'Serving signature key "{name}" not found.')
    signature = servable.signatures[name]
    check_method_name(servable, signature)
    feeds = predict_feeds(servable, signature, request.inputs)
    aliases = list(request.output_filter) or sorted(signature.outputs)
    for position, alias in enumerate(aliases):
        if alias not in signature.outputs:
            raise invalid_argument(
                f"output tensor alias not found in signature: {alias} Outputs expected to be in the set "
                f"{_braces(signature.outputs)}."
            )
        if alias in aliases[:position]:
            raise invalid_argument(f"duplicate output tensor alias: {alias}")
    arrays = (run or servable.run)(feeds, [signature.outputs[alias].name for alias in aliases], call)
    response = predict_pb2.PredictResponse()
    answer_for(response.model_spec, request.model_spec, servable)
    for alias, array in zip(aliases, arrays):
        response.outputs[alias].CopyFrom(to_proto(array))
    return response


def predict_feeds(servable, signature, inputs):
    """{tensor name: array}, with the signature's own defaults for what the request leaves out."""
    surplus = len(inputs) - len(signature.inputs)
    if surplus > 0 or (surplus < 0 and not signature.defaults):
        sent, known = set(inputs), set(signature.inputs)
        raise invalid_argument(
            f"input size does not match signature: {len(inputs)}!={len(signature.inputs)} "
            f"len({_braces(sent)}) != len({_braces(known)}). Sent extra: {_braces(sent - known)}. "
            f"Missing but required: {_braces(known - sent)}."
        )
    feeds = {}
    for alias in sorted(signature.inputs):
        name = signature.inputs[alias].name
        if alias not in inputs and alias not in signature.defaults:
            raise invalid_argument(
                f"Signature input alias: {alias}(feed name: {name}) not found in request and no default value "
                f"provided. Inputs expected to be in the request {_braces(inputs)}, or default input alias set: "
                f"{','.join(sorted(signature.defaults))}"
            )
        proto = inputs[alias] if alias in inputs else signature.defaults[alias]
        try:
            servable.check(name, tensors.shape_of(proto))  # before a few bytes become a large array
            feeds[name] = tensors.to_array(proto)
        except ValueError:
            raise invalid_argument(f"tensor parsing error: {alias}") from None
    return feeds


def check_method_name(servable, signature):
    """Of a signature that is to predict; the others are checked where their tensors are looked up."""
    known = (PREDICT, CLASSIFY, REGRESS)
    if servable.checks_method_names and signature.method_name not in known:
        raise ServingError(
            grpc.StatusCode.INTERNAL,
            f"Expected prediction signature method_name to be one of {{{', '.join(known)}}}. "
            f"Was: {signature.method_name}",
        )


def classify(servable, request, call=None, run=None):
    """ClassificationRequest -> ClassificationResponse."""
    return _of_examples(CLASSIFY, classification_pb2.ClassificationResponse(), servable, request, call, run)


def regress(servable, request, call=None, run=None):
    """RegressionRequest -> RegressionResponse."""
    return _of_examples(REGRESS, regression_pb2.RegressionResponse(), servable, request, call, run)


def _of_examples(method, response, servable, request, call, run):
    signature = _example_signature(servable, request.model_spec)
    _infer([(method, signature, response.result)], servable, request.input, call, run)
    answer_for(response.model_spec, request.model_spec, servable)
    return response


def multi_inference(servable, request, call=None):
    """MultiInferenceRequest -> MultiInferenceResponse: all tasks in one run."""
    response = inference_pb2.MultiInferenceResponse()
    tasks, seen = [], set()
    for task in request.tasks:
        if not task.model_spec.name:
            raise invalid_argument("Found ModelSpec with an empty model name.")
        if task.model_spec.name != request.tasks[0].model_spec.name:
            raise invalid_argument("All ModelSpecs in a MultiInferenceRequest must access the same model name.")
        name = task.model_spec.signature_name or DEFAULT_SIGNATURE
        if name in seen:
            raise invalid_argument(f"Duplicate evaluation of signature: {name}")
        seen.add(name)
        if name not in servable.signatures:
            raise invalid_argument(f"Requested signature not found in model graph: {name}")
        if task.method_name not in FETCHES:
            text = f"Unsupported signature method_name: {task.method_name}"
            raise ServingError(grpc.StatusCode.UNIMPLEMENTED, text)
        result = response.results.add()
        answer_for(result.model_spec, task.model_spec, servable)
        into = result.classification_result if task.method_name == CLASSIFY else result.regression_result
        into.SetInParent()
        tasks.append((task.method_name, servable.signatures[name], into))
    _infer(tasks, servable, request.input, call)
    return response


def answer_for(model_spec, asked, servable):
    """The name asked for, the signature that was used and the version that answered."""
    model_spec.name = asked.name
    model_spec.signature_name = asked.signature_name or DEFAULT_SIGNATURE
    model_spec.version.value = servable.version


def _example_signature(servable, model_spec):
    name = model_spec.signature_name or DEFAULT_SIGNATURE
    if name not in servable.signatures:
        raise invalid_argument(f"No signature was found with the name: {name}")
    return servable.signatures[name]


def _infer(tasks, servable, examples, call, run=None):
    """Runs [(method, signature, result to fill)] on the same examples."""
    for method, signature, _ in tasks:
        if servable.checks_method_names and signature.method_name != method:
            text = f"Expected {KINDS[method]} signature method_name to be {method}. Was: {signature.method_name}"
            raise invalid_argument(text)
    fetches = sorted({name for method, signature, _ in tasks for name in FETCHES[method](signature)})
    rows = serialized_examples(examples)
    feeds = {signature.inputs["inputs"].name: rows for _, signature, _ in tasks}
    arrays = dict(zip(fetches, (run or servable.run)(feeds, fetches, call)))
    for method, signature, result in tasks:
        FILLS[method](result, signature, len(rows), arrays)


def serialized_examples(examples):
    """tensorflow.serving.Input -> array of serialized Examples; a context is merged into each of them."""
    context = examples.example_list_with_context.context.SerializeToString()
    listed = examples.example_list_with_context.examples or examples.example_list.examples
    if not listed:
        raise invalid_argument("Input is empty.")
    return np.array([context + example.SerializeToString() for example in listed], object)


def classify_fetches(signature):
    """The tensors to fetch; raises for a signature that cannot classify."""
    if len(signature.inputs) != 1:
        raise invalid_argument("Expected one input Tensor.")
    if len(signature.outputs) not in (1, 2):
        raise invalid_argument(f"Expected one or two output Tensors, found {len(signature.outputs)}")
    if "inputs" not in signature.inputs:
        raise invalid_argument(f"No classification inputs found in SignatureDef: {signature}")
    names = [signature.outputs[alias].name for alias in CLASS_DTYPES if alias in signature.outputs]
    if not names:
        raise invalid_argument(
            'Expected classification signature outputs to contain at least one of "classes" or "scores". '
            f"Signature was: {signature}"
        )
    return names


def regress_fetches(signature):
    """The tensor to fetch; raises for a signature that cannot regress."""
    if len(signature.inputs) != 1:
        raise invalid_argument("Expected one input Tensor.")
    if len(signature.outputs) != 1:
        raise invalid_argument("Expected one output Tensor.")
    if "inputs" not in signature.inputs:
        raise invalid_argument(f"No regression inputs found in SignatureDef: {signature}")
    if "outputs" not in signature.outputs:
        raise invalid_argument(f"No regression outputs found in SignatureDef: {signature}")
    return [signature.outputs["outputs"].name]


def fill_classes(result, signature, count, arrays):
    """Labels and scores [count, K] -> ClassificationResult."""
    found = {alias: arrays[info.name] for alias, info in sorted(signature.outputs.items()) if alias in CLASS_DTYPES}
    for alias, array in found.items():
        if array.ndim != 2:
            raise invalid_argument(f"Expected Tensor shape: [batch_size num_classes] but got {_shape(array)}")
        _expect_dtype(f"Expected {alias} Tensor of", array, CLASS_DTYPES[alias])
        if len(array) != count:
            raise invalid_argument(f"Expected {alias} output batch size of {count}. Got: {len(array)}")
    widths = [array.shape[1] for array in found.values()]
    if len(set(widths)) > 1:
        raise invalid_argument(f"Tensors class and score should match in dim_size(1). Got {widths[0]} vs. {widths[1]}")
    labels = found.get("classes", np.full((count, widths[0]), b"", object)).tolist()
    scores = found.get("scores", np.zeros((count, widths[0]))).tolist()
    for row in zip(labels, scores):
        classes = result.classifications.add().classes
        for label, score in zip(*row):
            classes.add(label=label.decode(errors="replace"), score=score)


def fill_regressions(result, signature, count, arrays):
    """Values [count] or [count, 1] -> RegressionResult."""
    array = arrays[signature.outputs["outputs"].name]
    if array.ndim != 1 and (array.ndim != 2 or array.shape[1] != 1):
        text = "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got"
        raise invalid_argument(f"{text} {_shape(array)}")
    if len(array) != count:
        raise invalid_argument(f"Input batch size did not match output batch size: {count} vs. {len(array)}")
    _expect_dtype("Expected output Tensor of", array, types_pb2.DT_FLOAT, gap="  ")
    for value in array.reshape(-1).tolist():
        result.regressions.add(value=value)


FETCHES = {CLASSIFY: classify_fetches, REGRESS: regress_fetches}
FILLS = {CLASSIFY: fill_classes, REGRESS: fill_regressions}
KINDS = {CLASSIFY: "classification", REGRESS: "regression"}


def _expect_dtype(text, array, expected, gap=" "):
    found = tf.as_dtype(array.dtype).as_datatype_enum
    if found != expected:
        raise invalid_argument(f"{text} {types_pb2.DataType.Name(expected)}.{gap}Got: {types_pb2.DataType.Name(found)}")


def _shape(array):
    return "[" + ",".join(str(size) for size in array.shape) + "]"


def _braces(names):
    return "{" + ",".join(sorted(names)) + "}"
