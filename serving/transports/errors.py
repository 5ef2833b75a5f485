"""Errors on the way to a server and back."""


class RequestError(Exception):
    """A request that failed: `code` is the name of a gRPC status code, `message` what the server said."""

    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
