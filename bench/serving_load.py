"""The embedded server under load, with and without batching, beside calling the SavedModel in this process.

    python bench/serving_load.py --export_dir=E [--signature=sample_png] [--clients=32] [--seconds=10] [--rounds=2]
    python bench/serving_load.py --export_dir=E --overload

E holds an exported model. Each request has one row. Arms take turns, so that a drift of the machine's speed meets all
of them; clients and server share its cores. With --overload requests come at multiples of the rate that the
clients reached, whether or not earlier ones are answered, and the first half of the cores is the server's alone: a
client that waits for a core would count that as time of the server.
"""

import collections
import os
import pathlib
import time

import _server
import numpy as np
from absl import app, flags

from keras_vae import cli

cli.DEFINE_path("export_dir", None, "Exported model.", required=True)
flags.DEFINE_string("signature", "sample_png", "A signature that takes seeds or codes.")
flags.DEFINE_integer("clients", 32, "Clients at a time.")
flags.DEFINE_float("seconds", 10, "Of each measurement.")
flags.DEFINE_integer("rounds", 2, "Times that each arm is run.")
flags.DEFINE_bool("overload", False, "Print what becomes of requests at multiples of the sustainable rate.")

BATCHING = f"--batching_parameters_file={_server.ROOT / _server.BATCHING}"
SERVERS = {"one by one": [], "batching": ["--enable_batching", BATCHING]}
LOADS = (0.5, 1, 2, 4)


def row_of(function, rows):
    """Inputs of a signature, `rows` of them."""
    (name, spec), *_ = function.structured_input_signature[1].items()
    return {name: np.full((rows, *spec.shape[1:]), 7, spec.dtype.as_numpy_dtype)}


def in_process(function, rows, seconds):
    """Rows/s of calling the SavedModel here, `rows` at a time."""
    import tensorflow as tf

    inputs = {name: tf.constant(value) for name, value in row_of(function, rows).items()}
    function(**inputs)
    start, count = time.monotonic(), 0
    while time.monotonic() - start < seconds:
        function(**inputs)
        count += rows
    return count / (time.monotonic() - start)


def overload(base, signature, inputs, clients, seconds):
    """Load factor against accepted, refused, p50 and p99 of the accepted."""
    every = sorted(os.sched_getaffinity(0))
    cores = every[: len(every) // 2]
    for name, options in SERVERS.items():
        for way, connect in _server.WAYS.items():
            with _server.server(base, *options, cores=cores) as (_, *ports):
                port = dict(zip(_server.WAYS, ports))[way]
                found = _server.latencies(connect, port, signature, inputs, clients, seconds)
                sustained = len(found) / seconds
                print(f"{way}, {name}: {sustained:.0f} rows/s sustained by {clients} clients")
                for load in LOADS:
                    codes, times = _server.flood(way, port, signature, inputs, load * sustained, seconds)
                    accepted = times[codes == "OK"]
                    refused = collections.Counter(codes[codes != "OK"].tolist())
                    p50, p99 = 1e3 * np.percentile(accepted, [50, 99])
                    rates = f"asked {len(codes):6}   answered {len(accepted):6}   p50 {p50:7.1f} ms   p99 {p99:7.1f} ms"
                    print(f"  load x{load:<4}  {rates}   refused {dict(refused)}", flush=True)


def main(_):
    import tensorflow as tf

    args = flags.FLAGS
    base = pathlib.Path(args.export_dir).resolve()
    newest = max((path for path in base.iterdir() if path.name.isdecimal()), key=lambda path: int(path.name))
    loaded = tf.saved_model.load(newest)
    function = loaded.signatures[args.signature]
    inputs = row_of(function, 1)
    print(f"{args.signature}, {args.clients} clients, one row a request")
    if args.overload:
        overload(base, args.signature, inputs, args.clients, args.seconds)
        return
    for number in range(1, args.rounds + 1):
        for rows in (1, 32):
            rate = in_process(function, rows, args.seconds)
            print(f"round {number}  in process, {rows:2} rows a call      {rate:8.0f} rows/s", flush=True)
        for name, options in SERVERS.items():
            with _server.server(base, *options) as (_, *ports):
                for (way, connect), port in zip(_server.WAYS.items(), ports):
                    found = _server.latencies(connect, port, args.signature, inputs, args.clients, args.seconds)
                    p50, p99 = 1e3 * np.percentile(found, [50, 99])
                    rate = len(found) / args.seconds
                    text = f"{rate:8.0f} rows/s   p50 {p50:6.1f} ms   p99 {p99:6.1f} ms"
                    print(f"round {number}  {way}, {name:10}              {text}", flush=True)


if __name__ == "__main__":
    app.run(main, flags_parser=cli.parse)
