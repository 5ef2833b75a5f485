"""Workers of a job that share each batch: which they are, what they agree on, and one that is gone."""

import contextlib
import hashlib
import json
import os

import numpy as np
import tensorflow as tf

MOST = 2  # backups of a worker: the last and the one before


@contextlib.contextmanager
def losses_told():
    """Raise ConnectionError with what to do where TensorFlow finds another worker of the job gone."""
    try:
        yield
    except tf.errors.OpError as error:
        if cluster()[0] == 1 or not ("Collective ops is aborted" in error.message or "peer" in error.message):
            raise
        raise ConnectionError(
            "another worker of this job is gone; start the same command on all workers again: the job goes on from the "
            "newest epoch that all of them have kept"
        ) from error


def cluster():
    """(number of workers, number of this one) by TF_CONFIG; (1, 0) where it is not set. The first is the chief."""
    text = os.environ.get("TF_CONFIG") or "{}"
    try:
        found = json.loads(text)
        task = found.get("task", {})
        chiefs, others = (len(found.get("cluster", {}).get(kind, [])) for kind in ("chief", "worker"))
        first = chiefs if task.get("type") == "worker" else 0
        return max(1, chiefs + others), first + task.get("index", 0)
    except (AttributeError, TypeError, ValueError):
        expected = '{"cluster": {"worker": ["host:port", ...]}, "task": {"type": "worker", "index": 0}}'
        raise ValueError(f"TF_CONFIG is {text!r}; expected {expected}, or none") from None


def directory(workdir):
    """Return the run directory of this worker: `workdir` is the chief's, worker k keeps its own copy beside it."""
    _, index = cluster()
    return f"{os.fspath(workdir)}-worker-{index}" if index else workdir


def count():
    """Workers of the strategy in scope."""
    return cluster()[0] if tf.distribute.get_strategy().cluster_resolver else 1


def gathered(numbers):
    """Return the whole numbers of every worker, (workers, n) int64, on all of them. Each calls it with n of them."""
    numbers = np.asarray(numbers, np.int64)
    strategy = tf.distribute.get_strategy()
    if count() == 1:
        return numbers[None]
    own = strategy.run(lambda: tf.constant(numbers[None]))
    each = tf.function(lambda: strategy.gather(own, axis=0))().numpy()
    return each[:: len(each) // count()]


def all_true(value):
    """Return whether `value` is true on every worker."""
    return bool(gathered([value]).all())


def chief_says(value):
    """Return the bool `value` of the first worker."""
    return bool(gathered([value])[0, 0])


def agree(what, text):
    """Raise ValueError on all workers where `text`, which says what this one was told or has, is not that of all."""
    digest = int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big")
    found = gathered([digest])[:, 0].tolist()
    if different := [index for index, each in enumerate(found) if each != found[0]]:
        raise ValueError(
            f"the workers of this job differ in {what}: worker {', '.join(map(str, different))} from worker 0; start "
            f"the same command on all of them, with equal data. Worker {cluster()[1]} has: {text}"
        )


def wait():
    """Wait until all workers are here."""
    all_true(True)


def common(numbers):
    """Return the numbers (not negative, at most MOST on each worker) that all workers have, a set."""
    padded = [*numbers, *[-1] * (MOST - len(numbers))]
    return set.intersection(*(set(row.tolist()) for row in gathered(padded))) - {-1}
