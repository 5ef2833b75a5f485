"""One kind of error, with the code that gRPC sends and REST translates."""

import grpc


class ServingError(Exception):
    """A request that failed: `code` is a grpc.StatusCode, `message` what the caller reads."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code, self.message = code, message


def invalid_argument(message):
    """The error of a request that is wrong in itself."""
    return ServingError(grpc.StatusCode.INVALID_ARGUMENT, message)


def from_tensorflow(error):
    """The ServingError of a tf.errors.OpError: the numbers of its codes are those of gRPC."""
    code = next(code for code in grpc.StatusCode if code.value[0] == error.error_code)
    return ServingError(code, error.message)


def as_serving_error(error):
    """The ServingError to report for any exception; one that nothing foresaw is UNKNOWN and names its kind."""
    if isinstance(error, ServingError):
        return error
    if isinstance(error, MemoryError):
        return ServingError(grpc.StatusCode.RESOURCE_EXHAUSTED, f"Out of memory: {error}")
    return ServingError(grpc.StatusCode.UNKNOWN, f"{type(error).__name__}: {error}")
