"""Versions that change under load: new ones, a corrupt one, SIGTERM, and a start after kill -9. No request may fail.

    python bench/serving_updates.py --export_dir=E [--clients=32] [--random_steps=20]

With --random_steps so many rollouts, rollbacks and half copies, drawn by a seed, come first.

Half of the clients speak gRPC and half REST. E is not changed: its newest version is copied.
"""

import collections
import http.client
import pathlib
import random
import shutil
import signal
import tempfile
import threading
import time

import _server
import grpc
import numpy as np
from absl import app, flags

from keras_vae import cli

cli.DEFINE_path("export_dir", None, "Exported model.", required=True)
flags.DEFINE_integer("clients", 32, "Clients at a time.")
flags.DEFINE_integer("random_steps", 0, "Rollouts, rollbacks and half copies in a random order.")
flags.DEFINE_integer("seed", 0, "Of that order.")
flags.DEFINE_bool("warm_up", True, "Versions are warmed up before they serve, which takes long under such a load.")


class Load:
    """Clients that ask until `stop` is called, and what became of their requests."""

    def __init__(self, ports, clients):
        self.answers, self._going = collections.Counter(), True
        ways = (_server.over_grpc, _server.over_rest)
        self._threads = [
            threading.Thread(target=self._ask, args=(ways[number % 2](ports[number % 2], "sample_png", SEED),))
            for number in range(clients)
        ]
        for thread in self._threads:
            thread.start()

    def _ask(self, send):
        while self._going:
            try:
                send()
                self.answers["answered"] += 1
            except Exception as error:  # a server that has ended refuses; anything else was lost
                refused = isinstance(error, (ConnectionRefusedError, http.client.CannotSendRequest)) or (
                    isinstance(error, grpc.RpcError) and error.code() == grpc.StatusCode.UNAVAILABLE
                )
                self.answers["refused" if refused else f"lost: {error!r:.200}"] += 1
                if refused:
                    return

    def stop(self):
        self._going = False
        for thread in self._threads:
            thread.join()
        return dict(self.answers)


SEED = {"seed": np.array([7])}


def publish(newest, base, number, spoil=False):
    """Put a copy of the exported version there as export.py would."""
    shutil.copytree(newest, base / f".tmp-{number}")
    if spoil:
        (base / f".tmp-{number}" / "saved_model.pb").write_bytes(b"no model")
    (base / f".tmp-{number}").rename(base / str(number))


def random_steps(newest, base, port, load, count, seed):
    """Changes the versions `count` times, and waits each time until the one wanted serves. Returns the highest."""
    chance, highest = random.Random(seed), 1
    for step in range(count):
        there = sorted(int(path.name) for path in base.iterdir() if path.name.isdecimal())
        kind = chance.choice(["rollout", "half copy", "rollback"][: 2 + (len(there) > 1)])
        if kind == "rollback":
            (base / str(there[-1])).rename(base / f".withdrawn-{there[-1]}-{step}")
            wanted = there[-2]
        else:
            wanted = highest = highest + 1
        if kind == "rollout":
            publish(newest, base, wanted)
        elif kind == "half copy":
            (base / str(wanted)).mkdir()
            shutil.copy(newest / "saved_model.pb", base / str(wanted))
            time.sleep(chance.uniform(0, 3))
            shutil.copytree(newest, base / str(wanted), dirs_exist_ok=True)
        while _server.newest_available(port) != wanted:
            time.sleep(0.1)
        print(f"step {step + 1}, {kind}: version {wanted} serves; so far: {dict(load.answers)}", flush=True)
    return highest


def main(_):
    args = flags.FLAGS
    exported = pathlib.Path(args.export_dir)
    newest = max((path for path in exported.iterdir() if path.name.isdecimal()), key=lambda path: int(path.name))
    options = "--file_system_poll_wait_seconds=0.5", "--max_num_load_retries=0", f"--enable_model_warmup={args.warm_up}"
    with tempfile.TemporaryDirectory() as folder:
        base = pathlib.Path(folder)
        publish(newest, base, 1)
        with _server.server(base, *options) as (process, *ports):
            load = Load(ports, args.clients)
            first = random_steps(newest, base, ports[1], load, args.random_steps, args.seed)
            for number in range(first + 1, first + 5):
                time.sleep(3)
                publish(newest, base, number, spoil=number == first + 3)
                wanted = number - (number == first + 3)
                while _server.newest_available(ports[1]) != wanted:
                    time.sleep(0.1)
                said = "is corrupt" if wanted < number else "serves"
                print(f"version {number} {said}; so far: {dict(load.answers)}", flush=True)
            print(f"rolling updates: {load.stop()}", flush=True)
            load = Load(ports, args.clients)
            time.sleep(3)
            process.send_signal(signal.SIGTERM)
            code = process.wait(60)
            print(f"SIGTERM, exit code {code}: {load.stop()}", flush=True)
        with _server.server(base, *options) as (process, *ports):
            process.kill()
            process.wait()
        with _server.server(base, *options) as (process, *ports):
            _server.over_grpc(ports[0], "sample_png", SEED)()
            print(f"after kill -9: version {_server.newest_available(ports[1])} serves")


if __name__ == "__main__":
    app.run(main, flags_parser=cli.parse)
