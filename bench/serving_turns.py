"""Servers of several checkouts or settings, all up at once, whose clients load them in short turns.

    python bench/serving_turns.py --server=CHECKOUT,EXPORT_DIR --server=CHECKOUT,EXPORT_DIR[,FLAG...] [--way=REST]

Each request has one row of `sample_png`. The speed of shared cores drifts by a third within minutes: turns of a second
and a half, in an order that goes round, meet the same drift. Prints medians over the turns: rows/s and how many times
as many as the first server's, p50 and p99 in ms, and ms of the server's processor time a row.
"""

import contextlib
import multiprocessing
import pathlib

import _server
import numpy as np
from absl import app, flags

from keras_vae import cli

PROCESSES, TURN_S = 2, 1.5
ROW = {"seed": np.full((1,), 7, np.int64)}

flags.DEFINE_multi_string("server", None, "CHECKOUT,EXPORT_DIR[,FLAG...] of a server.", required=True)
flags.DEFINE_enum("way", "gRPC", list(_server.WAYS), "Protocol of the clients.")
flags.DEFINE_integer("clients", 32, "Clients at a time.")
flags.DEFINE_integer("rounds", 10, "Turns of each server.")


def clients(pipe, connect, ports, count):
    """A process of `count` clients of every server; for each (server, seconds) it receives, it sends their times."""
    sends = [[connect(port, "sample_png", ROW) for _ in range(count)] for port in ports]
    for send in sum(sends, []):
        send()
    pipe.send("ready")
    while True:
        server, seconds = pipe.recv()
        pipe.send(_server.asked(sends[server], seconds))


def processor_s(process):
    """Seconds of all cores that a process has used."""
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def turn(process, pipes, server):
    """(rows/s, p50, p99, processor time a row), times in ms."""
    before = processor_s(process)
    for pipe in pipes:
        pipe.send((server, TURN_S))
    times = sum((pipe.recv() for pipe in pipes), [])
    used = processor_s(process) - before
    return len(times) / TURN_S, *(1e3 * np.percentile(times, [50, 99])), 1e3 * used / len(times)


def main(_):
    args, context = flags.FLAGS, multiprocessing.get_context("spawn")
    with contextlib.ExitStack() as stack:
        processes, ports = [], []
        for each in args.server:
            checkout, export_dir, *options = each.split(",")
            export_dir, checkout = pathlib.Path(export_dir).resolve(), pathlib.Path(checkout).resolve()
            batching = f"--batching_parameters_file={checkout / _server.BATCHING}"
            up = _server.server(export_dir, "--enable_batching", batching, *options, root=checkout)
            process, *both = stack.enter_context(up)
            processes.append(process)
            ports.append(dict(zip(_server.WAYS, both))[args.way])
        pipes = []
        for _ in range(PROCESSES):
            pipe, other = context.Pipe()
            count = args.clients // PROCESSES
            context.Process(target=clients, args=(other, _server.WAYS[args.way], ports, count), daemon=True).start()
            pipes.append(pipe)
        for pipe in pipes:
            pipe.recv()
        places = range(len(processes))
        for server in places:
            turn(processes[server], pipes, server)  # warm
        found = np.zeros((len(processes), args.rounds, 4))
        for number in range(args.rounds):
            for server in np.roll(places, -number):
                found[server, number] = turn(processes[server], pipes, server)
        for server, each in enumerate(args.server):
            rate, p50, p99, used = np.median(found[server], axis=0)
            times = np.median(found[server, :, 0] / found[0, :, 0])
            text = f"{rate:6.0f} rows/s, {times:.2f} times   p50 {p50:.1f} ms   p99 {p99:.1f} ms"
            print(f"{args.way}  {text}   processor {used:.2f} ms   {each}", flush=True)


if __name__ == "__main__":
    app.run(main, flags_parser=cli.parse)
