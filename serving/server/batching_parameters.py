"""The numbers of a BatchingParameters file."""

import os

from serving.server.errors import invalid_argument


class Parameters:
    """The numbers of a BatchingParameters proto, with the defaults of what it leaves out."""

    def __init__(self, proto):
        def positive(field, default):
            number = getattr(proto, field).value if proto.HasField(field) else default
            if number <= 0:
                raise invalid_argument(f"{field} must be positive; was {number}")
            return number

        self.max_batch_size = self.max_execution_batch_size = positive("max_batch_size", 1000)
        self.max_enqueued_batches = positive("max_enqueued_batches", 10)
        self.threads = positive("num_batch_threads", os.cpu_count())
        self.allowed_batch_sizes = list(proto.allowed_batch_sizes)
        self.pad_variable_length_inputs = proto.pad_variable_length_inputs
        self.splitting = proto.enable_large_batch_splitting.value
        self.timeout_s = proto.batch_timeout_micros.value / 1e6
        if self.splitting:
            self.max_execution_batch_size = positive("max_execution_batch_size", self.max_batch_size)
        if self.timeout_s < 0:
            raise invalid_argument(f"batch_timeout_micros must be non-negative; was {proto.batch_timeout_micros.value}")
        if self.max_execution_batch_size > self.max_batch_size:
            text = f"max_execution_batch_size must be at most max_batch_size, {self.max_batch_size}"
            raise invalid_argument(f"{text}; was {self.max_execution_batch_size}")
        if self.allowed_batch_sizes and self.allowed_batch_sizes[-1] != self.max_batch_size:
            text = f"Last entry in allowed_batch_sizes must match max_batch_size, {self.max_batch_size}"
            raise invalid_argument(f"{text}; was {self.allowed_batch_sizes[-1]}")

    def padding(self, size):
        """Rows to add, up to an allowed size."""
        return next((allowed for allowed in self.allowed_batch_sizes if allowed >= size), size) - size
