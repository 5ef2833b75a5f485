"""The gRPC services of TensorFlow Serving, PredictionService and ModelService, with health and reflection."""

import threading
import time
from concurrent import futures

import grpc
from absl import logging
from google.protobuf import message_factory
from google.protobuf.message import DecodeError
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_management_pb2,
    model_pb2,
    model_service_pb2,
    prediction_service_pb2,
)

from serving.server import inference, tensors
from serving.server.calls import Call, Line
from serving.server.errors import ServingError, as_serving_error, invalid_argument

MAX_RECEIVE_BYTES = 100 * 2**20
MAX_QUEUED = 128
INFERENCE = {"Predict", "Classify", "Regress", "MultiInference"}  # the methods that stand in line for a run
SETTLING_S = 0.3
CONTROL_THREADS = 8  # for everything that is no inference
REFUSALS = futures.ThreadPoolExecutor(2, "refusals")
HEALTH = {True: health_pb2.HealthCheckResponse.SERVING, False: health_pb2.HealthCheckResponse.NOT_SERVING}
MAX_DETAILS = 1024  # longer ones are cut, like TensorFlow Serving's: they travel in a header


class Handler(grpc.GenericRpcHandler):
    """The gRPC handler of a servicer's methods, each of which returns a response or raises a ServingError.

    Inference stands in `line`, and is refused where that is full. Whatever else is asked has threads of its own: a
    server under load still says how it does.
    """

    def __init__(self, servicer, service, line, answers_go):
        self._line, self._methods = line, {}
        for method in service.methods:
            request_class = message_factory.GetMessageClass(method.input_type)
            answer = answering(getattr(servicer, method.name), request_class, answers_go)
            if method.name in INFERENCE:
                answer.experimental_thread_pool = line
            handler = grpc.unary_unary_rpc_method_handler(answer)
            self._methods[f"/{service.full_name}/{method.name}"] = handler

    def service(self, handler_call_details):
        handler = self._methods.get(handler_call_details.method)
        if handler and handler_call_details.method.rpartition("/")[2] in INFERENCE:
            try:
                self._line.check()
            except ServingError as error:
                return refusing(error)
        return handler


def refusing(error):
    """A handler that reads the message, or the client might hear of a broken stream instead, and answers the error."""

    def refuse(content, context):
        context.abort(error.code, error.message)

    refuse.experimental_thread_pool = REFUSALS
    return grpc.unary_unary_rpc_method_handler(refuse)


def answering(method, request_class, answers_go):
    """From bytes to bytes, when the event `answers_go` is set.

    grpcio would parse, too, but never frees a call whose bytes are no message.
    """

    def answer(content, context):
        try:
            response = method(parse(request_class, content), context).SerializeToString()
            answers_go.wait()
            return response
        except Exception as error:  # one bad request must never be more than one error
            problem = as_serving_error(error)
            if problem is not error:
                logging.exception("%s failed", method.__name__)
            details = problem.message
            context.abort(problem.code, details[:MAX_DETAILS] + "...TRUNCATED" * (len(details) > MAX_DETAILS))

    return answer


def parse(message_class, content):
    try:
        return message_class.FromString(content)
    except DecodeError as error:
        raise ServingError(grpc.StatusCode.INTERNAL, f"{error}") from None


def observed(method):
    """Tells the monitoring what became of a request, and how long it took."""

    def observe(self, request, context):
        start, code = time.monotonic(), grpc.StatusCode.OK
        try:
            return method(self, request, context)
        except Exception as error:
            code = as_serving_error(error).code
            raise
        finally:
            name, seconds = request.model_spec.name, time.monotonic() - start
            self._monitoring.observe(name, method.__name__, "GRPC", code, seconds)

    return observe


def require_model_spec(request):
    if not request.HasField("model_spec"):
        raise invalid_argument("Missing ModelSpec")


def chosen(model_spec):
    """The arguments of Models.use."""
    choice = model_spec.WhichOneof("version_choice")
    version = model_spec.version.value if choice == "version" else None
    label = model_spec.version_label if choice == "version_label" else None
    return model_spec.name, version, label


def call_of(context):
    """The Call of a request; a client that hangs up cancels it."""
    call = Call(context.time_remaining())
    ended = context.add_callback(lambda: setattr(call, "cancelled", True))
    call.cancelled = call.cancelled or not ended
    return call


class PredictionService:
    def __init__(self, models, monitoring, to_proto):
        self._models, self._monitoring, self._to_proto = models, monitoring, to_proto

    def _run(self, infer, api, request, context, **options):
        require_model_spec(request)
        with self._models.use(*chosen(request.model_spec)) as servable:
            run = self._monitoring.timed(servable.run, servable.name, api)
            return infer(servable, request, call_of(context), run, **options)

    @observed
    def Predict(self, request, context):
        return self._run(inference.predict, "Predict", request, context, to_proto=self._to_proto)

    @observed
    def Classify(self, request, context):
        return self._run(inference.classify, "Classify", request, context)

    @observed
    def Regress(self, request, context):
        return self._run(inference.regress, "Regress", request, context)

    def MultiInference(self, request, context):
        model_spec = request.tasks[0].model_spec if request.tasks else model_pb2.ModelSpec()
        with self._models.use(*chosen(model_spec)) as servable:
            return inference.multi_inference(servable, request, call_of(context))

    def GetModelMetadata(self, request, context):
        require_model_spec(request)
        if not request.metadata_field:
            raise invalid_argument("GetModelMetadataRequest must specify at least one metadata_field")
        for field in request.metadata_field:
            if field != "signature_def":
                raise invalid_argument(f"Metadata field {field} is not supported")
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        signatures = get_model_metadata_pb2.SignatureDefMap()
        with self._models.use(*chosen(request.model_spec)) as servable:
            response.model_spec.name = servable.name
            response.model_spec.version.value = servable.version
            for name, signature in servable.signatures.items():
                signatures.signature_def[name].CopyFrom(signature)
        response.metadata["signature_def"].Pack(signatures)
        return response


class ModelService:
    def __init__(self, models):
        self._models = models

    def GetModelStatus(self, request, context):
        require_model_spec(request)
        name, version, _ = chosen(request.model_spec)
        response = get_model_status_pb2.GetModelStatusResponse()
        for status in self._models.status(name, version):
            row = response.model_version_status.add(version=status.version, state=status.state)
            row.status.error_code = grpc.StatusCode[status.code].value[0]
            row.status.error_message = status.message
        return response

    def HandleReloadConfigRequest(self, request, context):
        if request.config.WhichOneof("config") != "model_config_list":
            raise invalid_argument(
                "ServerModelConfig type not supported by HandleReloadConfigRequest. "
                "Only ModelConfigList is currently supported"
            )
        new = self._models.configure(request.config)
        self._models.wait(new, for_versions=False, going=context.is_active)
        response = model_management_pb2.ReloadConfigResponse()
        response.status.error_code = 0
        response.metric.extend(model_management_pb2.Metric(name=name) for name in request.metric_names)
        return response


class GrpcServer:
    """Both services on one port, and perhaps on a Unix socket; health and reflection only where asked for.

    `threads` requests run at a time, `most_queued` more wait for one of the threads. `credentials` make both ports
    secure. `to_proto` makes the tensors of Predict's answers.
    """

    def __init__(
        self,
        models,
        monitoring,
        host,
        port,
        *,
        threads,
        most_queued=MAX_QUEUED,
        max_receive_bytes=MAX_RECEIVE_BYTES,
        socket_path=None,
        arguments=(),
        with_health=False,
        with_reflection=False,
        credentials=None,
        to_proto=tensors.to_proto,
    ):
        options = [
            ("grpc.max_send_message_length", -1),
            ("grpc.max_receive_message_length", max_receive_bytes),  # unzipped too
            ("grpc.so_reuseport", 0),  # a second server on the port is an error, not a silent rival
            *arguments,
        ]
        self._line = Line(threads, most_queued, "grpc")
        monitoring.gauge("requests_waiting", ("entrypoint", "GRPC"), lambda: self._line.waiting)
        monitoring.gauge("requests_inside", ("entrypoint", "GRPC"), lambda: self._line.inside)
        self._server = grpc.server(futures.ThreadPoolExecutor(CONTROL_THREADS, "control"), options=options)
        self._answers_go = threading.Event()
        self._answers_go.set()
        services = {
            prediction_service_pb2: PredictionService(models, monitoring, to_proto),
            model_service_pb2: ModelService(models),
        }
        for module, servicer in services.items():
            service = module.DESCRIPTOR.services_by_name[type(servicer).__name__]
            self._server.add_generic_rpc_handlers((Handler(servicer, service, self._line, self._answers_go),))
        self._health = health.HealthServicer()
        if with_health:
            health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
            models.listen(self._tell_health)
        if with_reflection:
            names = [f"tensorflow.serving.{type(servicer).__name__}" for servicer in services.values()]
            names += [health.SERVICE_NAME] * with_health
            reflection.enable_server_reflection([*names, reflection.SERVICE_NAME], self._server)
        self.port = self._listen(f"[{host}]:{port}" if ":" in host else f"{host}:{port}", credentials)
        if socket_path:
            self._listen(f"unix:{socket_path}", credentials)

    def _listen(self, address, credentials):
        try:
            if credentials:
                return self._server.add_secure_port(address, credentials)
            return self._server.add_insecure_port(address)
        except RuntimeError:
            raise ServingError(grpc.StatusCode.UNAVAILABLE, f"Cannot listen on {address}; is it in use?") from None

    def _tell_health(self, serving):
        """`serving` is {model name: whether a version is available}; the services need all, each model has its own."""
        for service in ("", "PredictionService", "ModelService"):
            self._health.set(service, HEALTH[all(serving.values())])
        for name, ready in serving.items():
            self._health.set(name, HEALTH[ready])

    def start(self):
        self._server.start()

    def stop(self, grace_s):
        """Stops accepting; returns when what was accepted is answered, or after the grace period.

        grpcio cancels requests that have arrived and not yet reached Python. Answers are held back a moment, so that
        clients who wait for theirs send no more and all that has arrived comes through first.
        """
        self._health.enter_graceful_shutdown()
        self._answers_go.clear()
        time.sleep(SETTLING_S)
        stopped = self._server.stop(grace_s)
        self._answers_go.set()
        stopped.wait()
