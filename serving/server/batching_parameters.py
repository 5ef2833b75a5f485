"""The numbers of a BatchingParameters file."""

import os

from serving.server.errors import invalid_argument


class Parameters:
    """The numbers of a BatchingParameters proto, with the defaults of what it leaves out."""

    def __init__(self, proto):
        def value(field, default):
            return getattr(proto, field).value if proto.HasField(field) else default

        self.max_batch_size = value("max_batch_size", 1000)
        self.timeout_s = value("batch_timeout_micros", 0) / 1e6
        self.max_enqueued_batches = value("max_enqueued_batches", 10)
        self.threads = value("num_batch_threads", os.cpu_count())
        self.allowed_batch_sizes = list(proto.allowed_batch_sizes)
        self.pad_variable_length_inputs = proto.pad_variable_length_inputs
        self.splitting = value("enable_large_batch_splitting", False)
        self.max_execution_batch_size = value("max_execution_batch_size", self.max_batch_size)
        if not self.splitting:
            self.max_execution_batch_size = self.max_batch_size
        self._check()

    def _check(self):
        for field, number in (
            ("num_batch_threads", self.threads),
            ("input_batch_size_limit", self.max_batch_size),
            ("max_enqueued_batches", self.max_enqueued_batches),
            ("max_execution_batch_size", self.max_execution_batch_size),
        ):
            if number <= 0:
                raise invalid_argument(f"{field} must be positive; was {number}")
        if self.timeout_s < 0:
            raise invalid_argument(f"batch_timeout_micros must be non-negative; was {round(self.timeout_s * 1e6)}")
        if self.max_execution_batch_size > self.max_batch_size:
            raise invalid_argument(
                "When enable_large_batch_splitting is true, input_batch_size_limit must be greater than or equal to "
                "max_execution_batch_size."
            )
        if self.allowed_batch_sizes and self.allowed_batch_sizes[-1] != self.max_batch_size:
            raise invalid_argument(
                "Last entry in allowed_batch_sizes must match max_batch_size; last entry was "
                f"{self.allowed_batch_sizes[-1]}; expected {self.max_batch_size}"
            )

    def padding(self, size):
        """Rows to add, up to an allowed size."""
        return next((allowed for allowed in self.allowed_batch_sizes if allowed >= size), size) - size
