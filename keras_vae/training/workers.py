"""Workers of a job that share each batch: what they agree on, and several of them on this machine."""

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import sys
import time

import numpy as np
import tensorflow as tf

from keras_vae.status import print_status


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
    found = json.loads(os.environ.get("TF_CONFIG") or "{}")
    task = found.get("task", {})
    chiefs, others = (len(found.get("cluster", {}).get(kind, [])) for kind in ("chief", "worker"))
    first = chiefs if task.get("type") == "worker" else 0
    return max(1, chiefs + others), first + task.get("index", 0)


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


def wait():
    """Wait until all workers are here."""
    all_true(True)


def common(numbers, most=2):
    """Return the numbers (not negative, at most `most` on each worker) that all workers have, a set."""
    padded = [*numbers, *[-1] * (most - len(numbers))]
    return set.intersection(*(set(row.tolist()) for row in gathered(padded))) - {-1}


def start_local(number, command, workdir):
    """Run `command` as `number` workers on this machine and wait for them. Returns the exit status.

    The first has the terminal, the others write to WORKDIR-worker-1.log, ... When one fails, the others are stopped.
    """
    addresses = [f"127.0.0.1:{port}" for port in _free_ports(number)]
    processes = []
    with contextlib.ExitStack() as stack:
        for index in range(number):
            cluster = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
            output = {}
            if index:
                path = pathlib.Path(f"{workdir}-worker-{index}.log")
                path.parent.mkdir(parents=True, exist_ok=True)
                log = stack.enter_context(open(path, "ab"))
                output = {"stdout": log, "stderr": log}
                print_status(f"worker {index} writes to {path}")
            environment = {**os.environ, "TF_CONFIG": json.dumps(cluster)}
            processes.append(subprocess.Popen([sys.executable, *command], env=environment, **output))
        try:
            return _first_failure(processes, workdir)
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait()


def _first_failure(processes, workdir):
    """Wait until all have ended; return the status of the first that failed, at once, else 0."""
    while True:
        statuses = [process.poll() for process in processes]
        if any(statuses) or None not in statuses:
            break
        time.sleep(0.2)
    for index, status in enumerate(statuses):
        if status:
            name = f"signal {-status}" if status < 0 else f"status {status}"
            where = f"its messages are in {workdir}-worker-{index}.log" if index else "its messages are above"
            print(f"error: worker {index} ended with {name}; {where}", file=sys.stderr)
            return 1 if status < 0 else status
    return 0


def _free_ports(number):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
