"""Slow gRPC clients: a call that is opened and says nothing holds a thread, so it is cancelled after a while."""

import contextlib
import threading
import time

import grpc

MESSAGE_TIMEOUT_S = 10.0  # for the one message of a request, or for a whole stream


class SlowClients(grpc.ServerInterceptor):
    """Cancels calls whose message has not come within `timeout_s`, and streams that last longer."""

    def __init__(self, timeout_s=MESSAGE_TIMEOUT_S):
        self._timeout_s = timeout_s
        self._awaited = {}  # context of a call -> when it is cancelled, the longest awaited first
        threading.Thread(target=self._watch, name="slow clients", daemon=True).start()

    def intercept_service(self, continuation, handler_call_details):
        handler = continuation(handler_call_details)
        method = handler and (handler.unary_unary or handler.unary_stream or handler.stream_stream)
        if not method:
            return handler

        def of_one(messages, context, *options):
            with self._awaiting(context):
                message = next(messages, None)
            if message is None:
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, "The request has no message")
            return method(message, context, *options)

        def of_stream(messages, context):
            with self._awaiting(context):
                yield from method(messages, context)

        answer = of_stream if handler.stream_stream else of_one
        make = grpc.stream_unary_rpc_method_handler if handler.unary_unary else grpc.stream_stream_rpc_method_handler
        for mark in ("experimental_thread_pool", "experimental_non_blocking"):  # of grpcio: health's Watch has both
            setattr(answer, mark, getattr(method, mark, None))
        return make(answer, handler.request_deserializer, handler.response_serializer)

    @contextlib.contextmanager
    def _awaiting(self, context):
        self._awaited[context] = time.monotonic() + self._timeout_s
        try:
            yield
        finally:
            self._awaited.pop(context, None)

    def _watch(self):
        while True:
            time.sleep(min(1.0, self._timeout_s / 4))
            for context, due in list(self._awaited.items()):
                if due < time.monotonic():
                    context.cancel()
