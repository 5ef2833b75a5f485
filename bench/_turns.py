"""Turns of functions in one process, so that a drift of the machine's speed meets all."""

import statistics
import time


def timed(sides, rounds, warm=0):
    """([(seconds of each round)], [last value]) of functions that take turns; the first `warm` rounds do not count."""
    seconds, values = [[] for _ in sides], [None for _ in sides]
    for number in range(warm + rounds):
        for place, side in enumerate(sides):
            began = time.perf_counter()
            values[place] = side()
            if number >= warm:
                seconds[place].append(time.perf_counter() - began)
    return seconds, values


def row(name, seconds, over, *words):
    """Print a row of a table: median seconds of both sides, and side `over` as a multiple of the other one."""
    under = 1 - over
    ratios = ", ".join(f"{each[over] / each[under]:.2f}" for each in zip(*seconds))
    first, second = map(statistics.median, seconds)
    print("| " + " | ".join((name, f"{first:.3g}", f"{second:.3g}", ratios, *words)) + " |", flush=True)
