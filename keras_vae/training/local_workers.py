"""Local workers: several workers of a job on this machine, each a process."""

import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

from keras_vae.status import print_status

ENDING_S = 5.0


def start(number, command, workdir):
    """Run `command` as `number` workers on this machine and wait for them. Returns the exit status.

    The first has the terminal, the others write to WORKDIR-worker-1.log, ... When one fails, the others are stopped.
    """
    addresses = [f"127.0.0.1:{port}" for port in free_ports(number)]
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
        before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # the workers end, too
        try:
            return _first_failure(processes, workdir)
        finally:
            signal.signal(signal.SIGTERM, before)
            for process in processes:
                process.terminate()
            for process in processes:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(ENDING_S)
                process.kill()  # TensorFlow takes SIGTERM for a notice that it passes on
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


def free_ports(number):
    """Ports of this machine that nobody listens on."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
