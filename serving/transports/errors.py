"""Errors on the way to a server and back."""

UNAVAILABLE = "UNAVAILABLE"
DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"


class RequestError(Exception):
    """A request that failed: `code` is the name of a gRPC status code, `message` what the server said."""

    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
