"""The gRPC services of TensorFlow Serving, PredictionService and ModelService, with health and reflection."""

import functools
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
    model_management_pb2,
    model_service_pb2,
    prediction_service_pb2,
)

from serving.server import inference, tensors, wire
from serving.server.calls import Call, Line
from serving.server.errors import ServingError, as_serving_error, invalid_argument
from serving.server.limits import KEEP_ALIVE_MS, MAX_CONNECTIONS, MAX_QUEUED, MAX_RECEIVE_BYTES, connections
from serving.server.slow_clients import SlowClients

MAX_PENDING = 128  # requests of which Python has not heard yet
OBSERVED = {"Predict", "Classify", "Regress"}
INFERENCE = {*OBSERVED, "MultiInference"}  # the methods that stand in line for a run
SETTLING_S = 0.3
CONTROL_THREADS = 8  # for everything that is no inference
WATCH_THREADS = 2  # for health's Watch, each only until its message is there
REFUSALS = futures.ThreadPoolExecutor(2, "refusals")
HEALTH = {True: health_pb2.HealthCheckResponse.SERVING, False: health_pb2.HealthCheckResponse.NOT_SERVING}
QUICKLY_READ = 2**16  # bytes of a refused request that is read all the same, to count it by its model
PARSED_PER_BYTE = 3  # of the longest message: what its fields may take in memory
MAX_DETAILS = 1024  # longer ones are cut, like TensorFlow Serving's: they travel in a header


def parse(message_class, content, most):
    if wire.exceeds(message_class.DESCRIPTOR, content, most):
        raise ServingError(
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            f"The request's fields would take more than {most} bytes; send tensors in tensor_content, or fewer of them",
        )
    try:
        return message_class.FromString(content)
    except DecodeError as error:
        raise ServingError(grpc.StatusCode.INTERNAL, f"{error}") from None


def chosen(asked):
    """The arguments of Models.use, of a request or a task."""
    if not asked.HasField("model_spec"):
        raise invalid_argument("Missing ModelSpec")
    model_spec = asked.model_spec
    choice = model_spec.WhichOneof("version_choice")
    version = model_spec.version.value if choice == "version" else None
    label = model_spec.version_label if choice == "version_label" else None
    return model_spec.name, version, label


class Services:
    """The methods of both services, from request to response."""

    def __init__(self, models, monitoring, to_proto):
        self._models, self._monitoring = models, monitoring
        self.Predict = functools.partial(self._run, functools.partial(inference.predict, to_proto=to_proto), "Predict")
        self.Classify = functools.partial(self._run, inference.classify, "Classify")
        self.Regress = functools.partial(self._run, inference.regress, "Regress")

    def _run(self, infer, api, request, call):
        with self._models.use(*chosen(request)) as servable:
            return infer(servable, request, call, self._monitoring.timed(servable.run, servable.name, api))

    def MultiInference(self, request, call):
        if not request.tasks or not request.tasks[0].model_spec.name:
            raise invalid_argument("ModelSpec has no name specified.")
        with self._models.use(*chosen(request.tasks[0])) as servable:
            return inference.multi_inference(servable, request, call)

    def GetModelMetadata(self, request, call):
        choice = chosen(request)
        if not request.metadata_field:
            raise invalid_argument("GetModelMetadataRequest must specify at least one metadata_field")
        for field in request.metadata_field:
            if field != "signature_def":
                raise invalid_argument(f"Metadata field {field} is not supported")
        with self._models.use(*choice) as servable:
            model_spec = {"name": servable.name, "version": {"value": servable.version}}
            signatures = get_model_metadata_pb2.SignatureDefMap(signature_def=servable.signatures)
        response = get_model_metadata_pb2.GetModelMetadataResponse(model_spec=model_spec)
        response.metadata["signature_def"].Pack(signatures)
        return response

    def GetModelStatus(self, request, call):
        name, version, _ = chosen(request)
        return self._models.status(name, version)

    def HandleReloadConfigRequest(self, request, call):
        if request.config.WhichOneof("config") != "model_config_list":
            raise invalid_argument(
                "ServerModelConfig type not supported by HandleReloadConfigRequest. "
                "Only ModelConfigList is currently supported"
            )
        new = self._models.configure(request.config)
        self._models.wait(new, for_versions=False, going=lambda: not call.cancelled)
        metrics = [{"name": name} for name in request.metric_names]
        return model_management_pb2.ReloadConfigResponse(status={"error_code": 0}, metric=metrics)


class GrpcServer(grpc.GenericRpcHandler):
    """Both services on one port, and perhaps on a Unix socket; health and reflection only where asked for.

    `threads` inferences run at a time, `most_queued` more stand in line, and where that is full they are refused.
    Whatever else is asked has threads of its own: a server under load still says how it does. `credentials` make both
    ports secure. `to_proto` makes the tensors of Predict's answers.
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
        access_log=None,
        slow_clients=None,
    ):
        options = [
            *arguments,  # the first of a name counts
            ("grpc.server.max_pending_requests", MAX_PENDING),  # before Python hears of them; the rest is CANCELLED
            ("grpc.server.max_pending_requests_hard_limit", MAX_PENDING),
            ("grpc.max_send_message_length", -1),
            ("grpc.max_receive_message_length", max_receive_bytes),  # unzipped too
            ("grpc.max_allowed_incoming_connections", connections(MAX_CONNECTIONS, divisor=4)),
            ("grpc.max_connection_idle_ms", KEEP_ALIVE_MS),  # silent ones would keep others out; a client comes again
            ("grpc.so_reuseport", 0),  # a second server on the port is an error, not a silent rival
        ]
        self._monitoring, self._log, self._most_parsed = monitoring, access_log, PARSED_PER_BYTE * max_receive_bytes
        self._line = Line(threads, most_queued, "grpc")
        monitoring.gauge("requests_waiting", ("entrypoint", "GRPC"), lambda: self._line.waiting)
        monitoring.gauge("requests_inside", ("entrypoint", "GRPC"), lambda: self._line.inside)
        control = futures.ThreadPoolExecutor(CONTROL_THREADS, "control")
        self._server = grpc.server(control, [self], [slow_clients or SlowClients()], options)
        self._answers_go = threading.Event()
        self._answers_go.set()
        methods, modules = Services(models, monitoring, to_proto), (prediction_service_pb2, model_service_pb2)
        services = [service for module in modules for service in module.DESCRIPTOR.services_by_name.values()]
        self._methods = {}  # path -> (name, method, class of its requests)
        for service in services:
            for each in service.methods:
                method = each.name, getattr(methods, each.name), message_factory.GetMessageClass(each.input_type)
                self._methods[f"/{service.full_name}/{each.name}"] = method
        watches = futures.ThreadPoolExecutor(WATCH_THREADS, "watches")
        self._health, self._watched = health.HealthServicer(experimental_thread_pool=watches), set()
        if with_health:
            health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
            models.listen(self._tell_health)
        if with_reflection:
            names = [*(service.full_name for service in services), *[health.SERVICE_NAME] * with_health]
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

    def service(self, handler_call_details):
        """The handler of a request, from bytes to bytes: grpcio would never free a call whose bytes it cannot parse."""
        path = handler_call_details.method
        if path not in self._methods:
            return None
        metadata, refusal, pool = dict(handler_call_details.invocation_metadata or ()), None, None
        if self._methods[path][0] in INFERENCE:
            refusal = self._line.refusal()  # its message is read first, or the client might hear of a broken stream
            pool = REFUSALS if refusal else self._line
        answer = functools.partial(self._answer, path, Call(asked_id=metadata.get("x-request-id", "")), refusal)
        answer.experimental_thread_pool = pool  # of grpcio
        return grpc.unary_unary_rpc_method_handler(answer)

    def _answer(self, path, call, refusal, content, context):
        name, method, request_class = self._methods[path]
        code, response = grpc.StatusCode.OK, b""
        call.bytes, call.queued_s = len(content), time.monotonic() - call.arrival
        left_s = context.time_remaining()
        call.deadline = None if left_s is None else time.monotonic() + left_s
        call.cancelled = not context.add_callback(lambda: setattr(call, "cancelled", True))  # its client hung up
        context.set_trailing_metadata((("x-request-id", call.id),))
        try:
            if refusal and len(content) > QUICKLY_READ:
                raise refusal
            request = parse(request_class, content, self._most_parsed)
            asked = request.tasks[0] if getattr(request, "tasks", ()) else request
            if spec := getattr(asked, "model_spec", None):
                call.model, call.signature = spec.name, spec.signature_name
            if refusal:
                raise refusal
            response = method(request, call).SerializeToString()
            self._answers_go.wait()
            return response
        except Exception as error:  # one bad request must never be more than one error
            problem = as_serving_error(error)
            if problem is not error:
                logging.exception("%s failed", path)
            code, details = problem.code, problem.message
            context.abort(code, details[:MAX_DETAILS] + "...TRUNCATED" * (len(details) > MAX_DETAILS))
        finally:
            if name in OBSERVED:
                self._monitoring.observe(call.model, name, "GRPC", code, time.monotonic() - call.arrival)
            if self._log:
                self._log.tell(call, context.peer(), "GRPC", path, code.name, len(response))

    def _tell_health(self, serving):
        """`serving` is {model name: whether a version is available}; the services need all, each model has its own."""
        for service in ("", "PredictionService", "ModelService"):
            self._health.set(service, HEALTH[bool(serving) and all(serving.values())])
        for name in self._watched - serving.keys():
            self._health.set(name, health_pb2.HealthCheckResponse.SERVICE_UNKNOWN)
        for name, ready in serving.items():
            self._health.set(name, HEALTH[ready])
        self._watched |= serving.keys()

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
